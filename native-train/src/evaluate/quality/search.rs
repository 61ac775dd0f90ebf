//! Which report belongs to which film, and which prompt to a paraphrase?

use std::collections::HashMap;

use anyhow::Result;
use g2d_core::{
    metrics::{Groups, best_ranks, chance_recall, weighted_mean},
    phantom::{FindingKind, Side},
    session::{EncodedImage, Session},
    text::training_text,
};

use super::{
    card::{Metric, Subject},
    cases::Case,
    encoded::Words,
    words,
};
use crate::{
    evaluate::manifest::films::{dot, unit},
    wait::block_on,
};

const AT: [usize; 3] = [1, 5, 10];
const IMAGE_TO_TEXT: [&str; 3] = ["image_to_text_r1", "image_to_text_r5", "image_to_text_r10"];
const TEXT_TO_IMAGE: [&str; 3] = ["text_to_image_r1", "text_to_image_r5", "text_to_image_r10"];

/// Films and their reports.
#[derive(Default)]
pub struct Gallery {
    images: Vec<Vec<f32>>,
    studies: Vec<usize>,
    texts: Vec<String>,
}

/// Films of a gallery at most: recalls of galleries of different size do not compare.
const GALLERY: usize = 75;

impl Gallery {
    /// Whether another film may join.
    pub fn has_room(&self) -> bool {
        self.images.len() < GALLERY
    }

    /// Adds a film with its report; one without a report takes no part.
    ///
    /// # Errors
    /// When the device fails.
    pub fn add(
        &mut self,
        session: &Session,
        image: &EncodedImage,
        case: &Case,
        study: usize,
    ) -> Result<()> {
        let text = training_text(None, None, Some(&case.report));
        if text.is_empty() {
            return Ok(());
        }
        let vectors = block_on(session.image_vectors(image.features()))?;
        self.images.extend(vectors.first().map(|v| unit(v)));
        self.studies.push(study);
        self.texts.push(text);
        Ok(())
    }

    /// Recalls both ways with what chance gives; nothing for fewer than two films.
    ///
    /// # Errors
    /// When the device fails.
    pub fn metrics(
        &self,
        session: &Session,
        words: &mut Words,
        set: &str,
        baseline: Option<&str>,
    ) -> Result<Vec<Metric>> {
        let n = self.images.len();
        if n < 2 {
            return Ok(Vec::new());
        }
        let mut place: HashMap<&str, usize> = HashMap::new();
        let mut different: Vec<&str> = Vec::new();
        let mut text_of = Vec::with_capacity(n);
        for text in &self.texts {
            let at = *place.entry(text).or_insert_with(|| {
                different.push(text);
                different.len() - 1
            });
            text_of.push(at);
        }
        let texts = words.vectors(session, &different)?;
        let mut metrics = Vec::new();
        let similar = |a: &[Vec<f32>], b: &[Vec<f32>]| -> Vec<f32> {
            a.iter().flat_map(|a| b.iter().map(|b| dot(a, b) as f32).collect::<Vec<_>>()).collect()
        };
        let forward = similar(&self.images, &texts);
        let ranks = best_ranks(&forward, texts.len(), |image, text| text_of[image] == text);
        let groups = Groups::new(self.studies.iter().copied());
        let chance = |k| chance_recall(texts.len(), 1, k);
        push(&mut metrics, set, baseline, IMAGE_TO_TEXT, &ranks, &groups, chance);
        let back = similar(&texts, &self.images);
        let ranks = best_ranks(&back, n, |text, image| text_of[image] == text);
        let right = |text: usize| text_of.iter().filter(|t| **t == text).count();
        let chance = |k| {
            let each = (0..texts.len()).map(|text| chance_recall(n, right(text), k));
            each.sum::<f64>() / texts.len() as f64
        };
        let groups = Groups::new(0..texts.len());
        push(&mut metrics, set, baseline, TEXT_TO_IMAGE, &ranks, &groups, chance);
        Ok(metrics)
    }
}

fn push(
    metrics: &mut Vec<Metric>,
    set: &str,
    baseline: Option<&str>,
    names: [&'static str; 3],
    ranks: &[Option<usize>],
    groups: &Groups,
    chance: impl Fn(usize) -> f64,
) {
    for (name, k) in names.into_iter().zip(AT) {
        let hit = |r: &Option<usize>| Some(f64::from(u8::from(r.is_some_and(|r| r <= k))));
        let hits: Vec<Option<f64>> = ranks.iter().map(hit).collect();
        let subject = Subject::model(set, name);
        let score = subject.clone().by(baseline);
        metrics.extend(score.score(hits.len(), groups, |w| weighted_mean(&hits, w)));
        if baseline.is_none() {
            metrics.push(subject.by(Some("chance")).exact(hits.len(), chance(k)));
        }
    }
}

/// Whether paraphrases lie nearest to the right finding's and side's prompt.
///
/// # Errors
/// When the device fails.
pub fn paraphrases(session: &Session, words: &mut Words, set: &str) -> Result<Vec<Metric>> {
    let sides = [None, Some(Side::Right), Some(Side::Left)];
    let mut prompts: Vec<(FindingKind, Option<Side>, String)> = Vec::new();
    for kind in FindingKind::ALL {
        prompts.extend(sides.map(|side| (kind, side, words::sided(kind, side))));
    }
    let texts: Vec<&str> = prompts.iter().map(|(_, _, text)| text.as_str()).collect();
    let candidates = words.vectors(session, &texts)?;
    let all = words::paraphrases();
    let texts: Vec<&str> = all.iter().map(|p| p.text).collect();
    let queries = words.vectors(session, &texts)?;
    let (mut kinds, mut right_sides) = (Vec::new(), Vec::new());
    for (query, said) in queries.iter().zip(&all) {
        let nearest = |wanted: &dyn Fn(usize) -> bool| {
            (0..prompts.len())
                .filter(|i| wanted(*i))
                .max_by(|a, b| dot(query, &candidates[*a]).total_cmp(&dot(query, &candidates[*b])))
        };
        let hit = |found: bool| Some(f64::from(u8::from(found)));
        kinds.push(hit(nearest(&|_| true).is_some_and(|i| prompts[i].0 == said.kind)));
        if let Some(side) = said.side.filter(|s| *s != Side::Midline) {
            let own = |i: usize| prompts[i].0 == said.kind && prompts[i].1.is_some();
            right_sides.push(hit(nearest(&own).is_some_and(|i| prompts[i].1 == Some(side))));
        }
    }
    let mut metrics = Vec::new();
    let chances = [1.0 / FindingKind::ALL.len() as f64, 0.5];
    let parts = [("paraphrase_kind", kinds), ("paraphrase_side", right_sides)];
    for ((name, hits), chance) in parts.into_iter().zip(chances) {
        let groups = Groups::new(0..hits.len());
        let subject = Subject::model(set, name);
        metrics.extend(subject.clone().score(hits.len(), &groups, |w| weighted_mean(&hits, w)));
        metrics.push(subject.by(Some("chance")).exact(hits.len(), chance));
    }
    Ok(metrics)
}
