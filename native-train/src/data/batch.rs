//! Batches: which studies a step sees, with their random changes and tokens.
//!
//! Everything follows from the seed and the step, so a resumed run sees what it would have seen.

use std::collections::BTreeMap;

use anyhow::Result;
use g2d_core::{
    config::G2dConfig,
    loss::SentencePairs,
    raster::{Mask, Raster},
    text::{ReportTokenizer, TokenBatch, contradicted},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use rayon::prelude::*;

use super::{
    augment::augment,
    source::{Source, Study},
};
use crate::config::{CropKind, TrainConfig};

/// The input of one step, on the CPU.
pub struct Batch {
    /// Studies.
    pub size: usize,
    /// Their names in the data.
    pub ids: Vec<String>,
    /// `[size, side, side]`, grey in [0, 1]; the device makes the three normalised channels.
    pub grey: Vec<f32>,
    /// Where the body is in each image.
    pub bodies: Vec<Mask>,
    /// The different reports of the batch.
    pub reports: TokenBatch,
    /// Row of `reports` of each study.
    pub report_of: Vec<usize>,
    /// The different sentences of the batch that say something is there; none in a batch of normal
    /// studies.
    pub sentences: Option<TokenBatch>,
    /// Which sentence belongs to which image.
    pub pairs: SentencePairs,
}

/// Mixes numbers into a seed that differs for each of them (splitmix64's finaliser).
pub fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9E37_79B9_7F4A_7C15, |h, &p| {
        let mut z = (h ^ p).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// The studies of a step: a new order each epoch, the last incomplete batch of an epoch left out.
pub fn order(seed: u64, step: usize, studies: usize, batch: usize) -> Vec<usize> {
    if studies < batch {
        // Fewer studies than a batch holds: all of them, again and again.
        return (0..batch).map(|i| (step * batch + i) % studies).collect();
    }
    let per_epoch = studies / batch;
    let (epoch, at) = (step / per_epoch, step % per_epoch);
    let mut rng = ChaCha8Rng::seed_from_u64(mix(&[seed, epoch as u64, 1]));
    let mut all: Vec<usize> = (0..studies).collect();
    for i in (1..studies).rev() {
        all.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize);
    }
    all[at * batch..(at + 1) * batch].to_vec()
}

/// Studies of the main data in a batch.
pub fn own_share(source: &Source, train: &TrainConfig) -> usize {
    if source.beside().is_none() {
        return train.batch_size;
    }
    let share = (train.data.beside_share * train.batch_size as f64).round() as usize;
    train.batch_size - share.clamp(1, train.batch_size.saturating_sub(1).max(1))
}

/// The studies of a step, those beside the main data last.
fn chosen(source: &Source, train: &TrainConfig, step: usize) -> Vec<usize> {
    let own = own_share(source, train);
    let mut chosen = order(train.seed, step, source.len(), own);
    let Some(beside) = source.beside() else { return chosen };
    let others = order(mix(&[train.seed, 6]), step, beside, train.batch_size - own);
    chosen.extend(others.into_iter().map(|index| source.len() + index));
    chosen
}

/// Makes the batch of a step.
///
/// # Errors
/// When a study cannot be used.
pub fn make_batch(
    source: &Source,
    tokenizer: &ReportTokenizer,
    train: &TrainConfig,
    model: &G2dConfig,
    step: usize,
) -> Result<Batch> {
    let chosen = chosen(source, train, step);
    let changed = |slot: usize, study: Study| {
        let seed = mix(&[train.seed, step as u64, slot as u64, 2]);
        let (image, body) = if train.augment.is_still() {
            (study.image, study.body)
        } else {
            augment(&study.image, &study.body, &train.augment, seed)
        };
        let at = match train.augment.crop {
            CropKind::Center => None,
            CropKind::Random => Some(mix(&[seed, 5])),
        };
        cut(image, body, model.image.input_size, at)
    };
    assemble(source, tokenizer, model, &chosen, train.loss.local_contrast.contradictions, changed)
}

/// Makes a batch of given studies as they are: nothing random.
///
/// # Errors
/// When a study cannot be used.
pub fn plain_batch(
    source: &Source,
    tokenizer: &ReportTokenizer,
    model: &G2dConfig,
    chosen: &[usize],
) -> Result<Batch> {
    let side = model.image.input_size;
    assemble(source, tokenizer, model, chosen, false, |_, s| cut(s.image, s.body, side, None))
}

/// Cuts a square out: at a place that follows from a random number, or from the middle.
fn cut(image: Raster, body: Mask, side: usize, random: Option<u64>) -> (Raster, Mask) {
    let room = image.width.saturating_sub(side);
    if room == 0 {
        return (image, body);
    }
    let (x, y) = match random {
        None => (room / 2, room / 2),
        Some(r) => {
            let n = room as u64 + 1;
            ((r % n) as usize, ((r >> 32) % n) as usize)
        }
    };
    let rows = || (y..y + side).map(|row| row * image.width + x);
    let mut data = Vec::with_capacity(side * side);
    rows().for_each(|at| data.extend_from_slice(&image.data[at..at + side]));
    let mut inside = Vec::with_capacity(side * side);
    rows().for_each(|at| inside.extend_from_slice(&body.data[at..at + side]));
    (Raster { width: side, height: side, data }, Mask { width: side, height: side, data: inside })
}

fn assemble(
    source: &Source,
    tokenizer: &ReportTokenizer,
    model: &G2dConfig,
    chosen: &[usize],
    contradictions: bool,
    change: impl Fn(usize, Study) -> (Raster, Mask) + Sync,
) -> Result<Batch> {
    let pixels = model.image.input_size * model.image.input_size;
    let mut grey = vec![0f32; chosen.len() * pixels];
    let studies = chosen
        .par_iter()
        .zip(grey.par_chunks_mut(pixels))
        .enumerate()
        .map(|(slot, (&index, place))| {
            let mut study = source.get(index)?;
            let (id, words) = (std::mem::take(&mut study.id), study.words.clone());
            let (image, body) = change(slot, study);
            place.copy_from_slice(&image.data);
            Ok((id, words, body))
        })
        .collect::<Result<Vec<_>>>()?;

    let (mut reports, mut sentences) = (Texts::default(), Texts::default());
    let mut report_of = Vec::with_capacity(studies.len());
    let mut pairs = SentencePairs::default();
    for (image, (_, words, _)) in studies.iter().enumerate() {
        report_of.push(reports.index(&words.report));
        let mut own: Vec<(usize, &String)> =
            words.sentences.iter().map(|s| (sentences.index(s), s)).collect();
        own.sort_unstable();
        own.dedup();
        for (sentence, text) in own {
            pairs.sentence.push(sentence);
            pairs.image.push(image);
            if contradictions {
                // What the report doubts may be there, too.
                let said = [&words.sentences[..], &words.hedged].concat();
                let other = contradicted(text, &said);
                pairs.contradicted.push(other.map(|other| sentences.index(&other)));
            }
        }
    }
    let max = model.text.max_tokens;
    let tokens = |texts: &Texts| {
        let texts: Vec<&str> = texts.list.iter().map(String::as_str).collect();
        tokenizer.encode_batch(&texts, max)
    };
    let reports = tokens(&reports)?;
    let sentences = if pairs.is_empty() { None } else { Some(tokens(&sentences)?) };
    let (mut ids, mut bodies) = (Vec::new(), Vec::new());
    for (id, _, body) in studies {
        ids.push(id);
        bodies.push(body);
    }
    Ok(Batch { size: chosen.len(), ids, grey, bodies, reports, report_of, sentences, pairs })
}

/// Different texts in the order of their first appearance.
#[derive(Default)]
struct Texts {
    list: Vec<String>,
    rows: BTreeMap<String, usize>,
}

impl Texts {
    fn index(&mut self, text: &str) -> usize {
        if let Some(&row) = self.rows.get(text) {
            return row;
        }
        self.list.push(text.to_owned());
        self.rows.insert(text.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_each_study_once() {
        let mut seen: Vec<usize> = (0..4).flat_map(|step| order(7, step, 32, 8)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..32).collect::<Vec<_>>());
        assert_ne!(order(7, 0, 32, 8), order(7, 4, 32, 8), "a new order each epoch");
        assert_eq!(order(7, 2, 32, 8), order(7, 2, 32, 8));
        assert_eq!(order(7, 1, 3, 4), [1, 2, 0, 1]);
    }
}
