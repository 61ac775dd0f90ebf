//! Where studies come from: phantoms drawn on the fly, or the pairs of a manifest.

use std::{collections::BTreeMap, path::Path, sync::OnceLock};

use anyhow::{Context, Result, bail};
use g2d_core::{
    config::{BodyRule, ImageConfig},
    image::{Geometry, Limits, decode},
    outcome::Assertion,
    phantom::{self, PhantomConfig},
    pseudo_mask::body_mask,
    raster::{Mask, Raster},
    text::{parse_report, training_text, wordpiece_json},
};

use super::manifest::{self, Pair};
use crate::config::DataConfig;

/// Words of a manifest's texts that get a token of their own, most frequent first.
const MAX_WORDS: usize = 8_000;

/// One study as the network sees it, before random changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// In [0, 1], input-sized.
    pub image: Raster,
    /// Where the body is.
    pub body: Mask,
    /// The cleaned report.
    pub report: String,
    /// The sentences that say something is there.
    pub sentences: Vec<String>,
}

/// A study in memory: 8 bits a pixel.
struct Kept {
    image: Vec<u8>,
    body: Mask,
    report: String,
    sentences: Vec<String>,
}

enum Origin {
    Phantoms { seed: u64, count: usize, config: PhantomConfig },
    Pairs(Vec<Pair>),
}

/// All studies of a run; each is made once and kept.
pub struct Source {
    origin: Origin,
    image: ImageConfig,
    body: BodyRule,
    kept: Vec<OnceLock<Kept>>,
}

impl Source {
    /// The source that a configuration names.
    ///
    /// # Errors
    /// When the manifest cannot be read or its split is empty.
    pub fn new(data: &DataConfig, seed: u64, image: &ImageConfig, body: BodyRule) -> Result<Self> {
        let origin = match &data.manifest {
            Some(path) => Origin::Pairs(read_split(path, &data.split)?),
            None => Origin::Phantoms { seed, count: data.phantoms, config: data.phantom.clone() },
        };
        let count = match &origin {
            Origin::Phantoms { count, .. } => *count,
            Origin::Pairs(pairs) => pairs.len(),
        };
        let kept = (0..count).map(|_| OnceLock::new()).collect();
        Ok(Self { origin, image: image.clone(), body, kept })
    }

    /// Number of studies.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// One study.
    ///
    /// # Errors
    /// When its image or report cannot be used; the row and the reason are named.
    pub fn get(&self, index: usize) -> Result<Study> {
        let slot = &self.kept[index % self.kept.len()];
        let kept = match slot.get() {
            Some(kept) => kept,
            None => {
                let made = self.make(index)?;
                slot.get_or_init(|| made)
            }
        };
        let side = self.image.input_size;
        let data = kept.image.iter().map(|&v| f32::from(v) / 255.0).collect();
        Ok(Study {
            image: Raster { width: side, height: side, data },
            body: kept.body.clone(),
            report: kept.report.clone(),
            sentences: kept.sentences.clone(),
        })
    }

    fn make(&self, index: usize) -> Result<Kept> {
        let (pixels, report) = match &self.origin {
            Origin::Phantoms { seed, config, .. } => {
                let study = phantom::generate(*seed, index as u64, config);
                (study.image, study.report)
            }
            Origin::Pairs(pairs) => {
                let pair = &pairs[index];
                let context =
                    || format!("Study {} of the manifest: {}", index + 1, pair.image.display());
                let bytes = std::fs::read(&pair.image).with_context(context)?;
                let film = decode(&bytes, &Limits::default()).with_context(context)?;
                (film.levels().into_owned(), pair.text.clone())
            }
        };
        let image = Geometry::plan(&pixels, &self.image)?.apply(&pixels);
        let sentences = match parse_report(&report) {
            Ok(parsed) => parsed
                .sentences
                .into_iter()
                .filter(|s| s.visual && s.assertion == Assertion::Present)
                .map(|s| s.text)
                .collect(),
            // A report without a sentence about the film still has its text for the global loss.
            Err(_) => Vec::new(),
        };
        Ok(Kept {
            body: body_mask(&image, self.body),
            image: image.data.iter().map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8).collect(),
            report: training_text(None, None, Some(&report)),
            sentences,
        })
    }

    /// A tokenizer for these studies' texts: the phantoms' whole grammar, or the most frequent
    /// words of the manifest; other words fall into letters.
    ///
    /// # Errors
    /// When the vocabulary cannot be built.
    pub fn tokenizer(&self) -> Result<Vec<u8>> {
        let words = match &self.origin {
            Origin::Phantoms { .. } => phantom::vocabulary(),
            Origin::Pairs(pairs) => frequent_words(pairs.iter().map(|p| p.text.as_str())),
        };
        Ok(wordpiece_json(&words, true)?)
    }
}

fn read_split(path: &Path, split: &str) -> Result<Vec<Pair>> {
    let pairs = manifest::read(path)?;
    let all = pairs.len();
    let pairs: Vec<Pair> =
        pairs.into_iter().filter(|p| p.split.as_deref().unwrap_or("train") == split).collect();
    if pairs.is_empty() {
        bail!("The manifest has {all} rows, none in the split {split:?}; set data.split");
    }
    Ok(pairs)
}

fn frequent_words<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let mut words: Vec<(String, usize)> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(MAX_WORDS);
    words.into_iter().map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_most_frequent_first() {
        let words = frequent_words(["No effusion.", "Right effusion, no nodule"].into_iter());
        assert_eq!(words, ["effusion", "no", "nodule", "right"]);
    }

    #[test]
    fn a_phantom_study_has_text_and_sentences() {
        let data = DataConfig {
            phantoms: 12,
            phantom: PhantomConfig { size: 64, ..Default::default() },
            ..Default::default()
        };
        let image = ImageConfig { resize_to: 64, input_size: 64, ..Default::default() };
        let source = Source::new(&data, 3, &image, BodyRule::Auto).unwrap();
        let studies: Vec<Study> = (0..source.len()).map(|i| source.get(i).unwrap()).collect();
        assert!(studies.iter().all(|s| s.image.data.len() == 64 * 64 && !s.report.is_empty()));
        assert!(studies.iter().any(|s| !s.sentences.is_empty()));
        assert_eq!(source.get(3).unwrap(), studies[3]);
    }
}
