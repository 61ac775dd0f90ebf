//! Held-out phantoms as cases: an encoded image, a sentence, and where it truly points.

use anyhow::Result;
use g2d_core::{
    image::Film,
    outcome::Assertion,
    phantom::{self, FindingKind, PhantomConfig},
    raster::Mask,
    session::{EncodedImage, Session},
};

use crate::wait::block_on;

/// A series of phantoms.
#[derive(Debug, Clone)]
pub struct PhantomSet {
    /// Seed of the series; training must use another.
    pub seed: u64,
    /// Number of studies.
    pub studies: usize,
    /// How they are drawn.
    pub config: PhantomConfig,
}

/// A sentence that says something is there, and where that is.
#[derive(Debug, Clone)]
pub struct Case {
    /// The sentence.
    pub text: String,
    /// What it speaks of.
    pub kind: FindingKind,
    /// Union of its findings, in the network's pixels.
    pub truth: Mask,
}

impl PhantomSet {
    /// Draws each study, sends it through the model and hands it over with its cases.
    ///
    /// A wording that a report repeats counts once; a finding that is wholly cut away does not
    /// count.
    ///
    /// # Errors
    /// When the model fails.
    pub fn for_each(
        &self,
        session: &Session,
        mut use_study: impl FnMut(usize, &EncodedImage, &[Case]) -> Result<()>,
    ) -> Result<()> {
        for index in 0..self.studies {
            let study = phantom::generate(self.seed, index as u64, &self.config);
            let film = Film { pixels: study.image, bits: 8, format: "phantom" };
            let image = block_on(session.encode_image(&film))?;
            let mut cases: Vec<Case> = Vec::new();
            for sentence in &study.sentences {
                let text = &study.report[sentence.start..sentence.end];
                let known = cases.iter().any(|case| case.text == text);
                let Some(&first) = sentence.findings.first() else { continue };
                if sentence.assertion != Assertion::Present || known {
                    continue;
                }
                let mut truth = Mask::filled(film.pixels.width, film.pixels.height, 0);
                for &finding in &sentence.findings {
                    let mask = &study.findings[finding].mask;
                    truth.data.iter_mut().zip(&mask.data).for_each(|(t, m)| *t |= m);
                }
                let truth = image.geometry.mask_forward(&truth);
                if truth.area() > 0 {
                    let kind = study.findings[first].kind;
                    cases.push(Case { text: text.to_owned(), kind, truth });
                }
            }
            use_study(index, &image, &cases)?;
        }
        Ok(())
    }
}
