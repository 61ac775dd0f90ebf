//! The sentence-level contrast of the local alignment head, beyond the paper.
//!
//! Each sentence that says something is there must find a place in its own image that fits it
//! better than any place in the other images; and the image must fit it better than sentences that
//! the report does not hold. The score of a sentence with an image is a soft maximum over places,
//! so the gradient goes to the places that fit: nothing but the pairing of images and reports
//! teaches where.

use burn::tensor::{Int, Tensor, TensorData, activation::log_softmax};
use serde::{Deserialize, Serialize};

use super::MASKED;
use crate::error::{Error, Result};
use crate::model::l2_normalise;

/// Which sentence belongs to which image of the batch.
#[derive(Debug, Clone, Default)]
pub struct SentencePairs {
    /// Row of the sentence embeddings, for each pair.
    pub sentence: Vec<usize>,
    /// Image of the batch, for each pair.
    pub image: Vec<usize>,
    /// Row of a sentence that the pair's image contradicts (the other side, another zone), where
    /// there is one; empty when none is known for any pair.
    pub contradicted: Vec<Option<usize>>,
}

impl SentencePairs {
    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.sentence.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.sentence.is_empty()
    }
}

/// How the cosines of a sentence with the places of an image become one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacePooling {
    /// `temperature * log sum exp(cosine / temperature)`: a soft maximum.
    LogSumExp,
    /// The mean of the best places, a fixed share of all.
    TopShare,
}

/// How sentences and places are contrasted. The default is the trial's: the paper's temperature,
/// each sentence against the images of the batch and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalContrast {
    /// Over the scores, in the softmax; none takes the model's.
    pub temperature: Option<f64>,
    /// How places are pooled.
    pub pooling: PlacePooling,
    /// Of the soft maximum; none takes the one over the scores.
    pub pooling_temperature: Option<f64>,
    /// Share of the places with [`PlacePooling::TopShare`].
    pub top_share: f64,
    /// Weight of the other direction: an image must fit its sentence better than the batch's other
    /// sentences, those of its own report left out.
    pub to_sentence: f64,
    /// Weight of the contrast within an image: where a sentence looks, it must fit better than the
    /// report's other sentences. Two sentences about one finding contradict it.
    pub within_image: f64,
    /// Whether sentences with their side or zone exchanged are negatives of their own image in
    /// `to_sentence`.
    pub contradictions: bool,
}

impl Default for LocalContrast {
    fn default() -> Self {
        Self {
            temperature: None,
            pooling: PlacePooling::LogSumExp,
            pooling_temperature: None,
            top_share: 0.02,
            to_sentence: 0.0,
            within_image: 0.0,
            contradictions: false,
        }
    }
}

impl LocalContrast {
    /// # Errors
    /// When a value is outside its range.
    pub fn validate(&self) -> Result<()> {
        let temperatures = [self.temperature, self.pooling_temperature];
        let warm = temperatures.iter().flatten().all(|t| *t > 0.0 && t.is_finite());
        let share = self.top_share > 0.0 && self.top_share <= 1.0;
        let weights = [self.to_sentence, self.within_image];
        if warm && share && weights.iter().all(|w| *w >= 0.0 && w.is_finite()) {
            return Ok(());
        }
        Err(Error::config(
            "G2D-C05",
            "A value of loss.local_contrast is out of range",
            "Use temperatures above 0, a top_share above 0 and at most 1, weights of 0 or more",
        ))
    }
}

/// The contrast of [`LocalContrast::default`] at one temperature: the mean over the pairs of the
/// cross entropy, over the images of the batch, of `log sum over places exp(cosine / temperature)`.
///
/// Sentences of the same wording share a row of `sentences`; other images that own the row too are
/// left out of the negatives.
///
/// # Shapes
/// - `dense`: `[batch, d, h, w]` of unit vectors; `sentences`: `[n, d]`, any length
pub fn local_alignment(
    dense: Tensor<4>,
    sentences: Tensor<2>,
    pairs: &SentencePairs,
    temperature: f64,
) -> Tensor<1> {
    let contrast = Contrast::new(dense, sentences, pairs);
    contrast.to_image(&contrast.scores(&LocalContrast::default(), temperature), temperature)
}

/// The parts of the sentence-level contrast by name, each with its weight in the whole.
///
/// # Shapes
/// - as [`local_alignment`]
pub fn local_contrast(
    dense: Tensor<4>,
    sentences: Tensor<2>,
    pairs: &SentencePairs,
    config: &LocalContrast,
    temperature: f64,
) -> Vec<(&'static str, f64, Tensor<1>)> {
    let temperature = config.temperature.unwrap_or(temperature);
    let contrast = Contrast::new(dense, sentences, pairs);
    let scores = contrast.scores(config, temperature);
    let mut losses = vec![("local", 1.0, contrast.to_image(&scores, temperature))];
    if config.to_sentence > 0.0 {
        let value = contrast.to_sentence(&scores, temperature, config.contradictions);
        losses.push(("local_sentence", config.to_sentence, value));
    }
    if config.within_image > 0.0
        && let Some(value) = contrast.within_image(temperature)
    {
        losses.push(("local_within", config.within_image, value));
    }
    losses
}

/// What the parts share.
struct Contrast<'a> {
    pairs: &'a SentencePairs,
    /// `[n, d]` of unit vectors.
    sentences: Tensor<2>,
    /// `[d, batch * places]` of unit vectors.
    places: Tensor<2>,
    /// `[n, batch, places]`.
    cosine: Tensor<3>,
    /// `owned[s * batch + i]`: image `i` has sentence `s`.
    owned: Vec<bool>,
}

impl<'a> Contrast<'a> {
    fn new(dense: Tensor<4>, sentences: Tensor<2>, pairs: &'a SentencePairs) -> Self {
        let [b, d, h, w] = dense.dims();
        let n = sentences.dims()[0];
        let sentences = l2_normalise(sentences, 1);
        let places = dense.permute([1, 0, 2, 3]).reshape([d, b * h * w]);
        // Every sentence with every place of every image.
        let cosine = sentences.clone().matmul(places.clone()).reshape([n, b, h * w]);
        let mut owned = vec![false; n * b];
        for (&s, &i) in pairs.sentence.iter().zip(&pairs.image) {
            owned[s * b + i] = true;
        }
        Self { pairs, sentences, places, cosine, owned }
    }

    /// `[n, batch]`, in units of cosines.
    fn scores(&self, config: &LocalContrast, temperature: f64) -> Tensor<2> {
        let [n, b, places] = self.cosine.dims();
        let scores = match config.pooling {
            PlacePooling::LogSumExp => {
                let t = config.pooling_temperature.unwrap_or(temperature);
                let logits = self.cosine.clone().div_scalar(t);
                let peak = logits.clone().max_dim(2).detach();
                let sum = (logits - peak.clone()).exp().sum_dim(2).log() + peak;
                sum.mul_scalar(t)
            }
            PlacePooling::TopShare => {
                let k = ((config.top_share * places as f64).round() as usize).clamp(1, places);
                self.cosine.clone().topk(k, 2).mean_dim(2)
            }
        };
        scores.reshape([n, b])
    }

    /// Each pair's sentence must find its image among the batch's.
    fn to_image(&self, scores: &Tensor<2>, temperature: f64) -> Tensor<1> {
        let b = scores.dims()[1];
        let choices = |pair: usize, i: usize| {
            let (s, own) = (self.pairs.sentence[pair], self.pairs.image[pair]);
            Choice::of(i == own, self.owned[s * b + i])
        };
        let rows = self.rows(scores, &self.pairs.sentence).div_scalar(temperature);
        self.cross_entropy(rows, choices)
    }

    /// Each pair's image must find its sentence among the batch's.
    fn to_sentence(&self, scores: &Tensor<2>, temperature: f64, contradictions: bool) -> Tensor<1> {
        let [n, b] = scores.dims();
        // Sentences that no image has are there to contradict one: its own.
        let real: Vec<bool> = (0..n).map(|s| (0..b).any(|i| self.owned[s * b + i])).collect();
        let choices = |pair: usize, s: usize| {
            let (target, image) = (self.pairs.sentence[pair], self.pairs.image[pair]);
            let contradicted =
                contradictions && self.pairs.contradicted.get(pair).is_some_and(|c| *c == Some(s));
            let left_out = self.owned[s * b + image] || !(real[s] || contradicted);
            Choice::of(s == target, left_out)
        };
        let columns = scores.clone().swap_dims(0, 1);
        let rows = self.rows(&columns, &self.pairs.image).div_scalar(temperature);
        self.cross_entropy(rows, choices)
    }

    /// Where a sentence looks, it must fit better than the other sentences of its report; none when
    /// no report has two.
    fn within_image(&self, temperature: f64) -> Option<Tensor<1>> {
        let [n, b, places] = self.cosine.dims();
        let d = self.sentences.dims()[1];
        let alone = |pair: usize| {
            let image = self.pairs.image[pair];
            self.pairs.image.iter().filter(|&&i| i == image).count() < 2
        };
        let pairs: Vec<usize> = (0..self.pairs.len()).filter(|&p| !alone(p)).collect();
        if pairs.is_empty() {
            return None;
        }
        let looks: Vec<Tensor<2>> = pairs
            .iter()
            .map(|&p| {
                let (s, i) = (self.pairs.sentence[p], self.pairs.image[p]);
                let cosine = self.cosine.clone().slice([s..s + 1, i..i + 1, 0..places]);
                let logits = cosine.reshape([1, places]).div_scalar(temperature);
                let weights = log_softmax(logits, 1).exp();
                let dense = self.places.clone().slice([0..d, i * places..(i + 1) * places]);
                weights.matmul(dense.transpose())
            })
            .collect();
        let seen = l2_normalise(Tensor::cat(looks, 0), 1);
        let rows = seen.matmul(self.sentences.clone().transpose()).div_scalar(temperature);
        let mut bias = vec![MASKED as f32; pairs.len() * n];
        let mut target = vec![0f32; pairs.len() * n];
        for (row, &p) in pairs.iter().enumerate() {
            let (s, i) = (self.pairs.sentence[p], self.pairs.image[p]);
            target[row * n + s] = 1.0;
            for other in (0..n).filter(|other| self.owned[other * b + i]) {
                bias[row * n + other] = 0.0;
            }
        }
        Some(cross_entropy(rows, bias, target))
    }

    fn rows(&self, scores: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
        let index: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
        let index = TensorData::new(index, [rows.len()]);
        scores.clone().select(0, Tensor::<1, Int>::from_data(index, &scores.device()))
    }

    fn cross_entropy(&self, rows: Tensor<2>, of: impl Fn(usize, usize) -> Choice) -> Tensor<1> {
        let [count, width] = rows.dims();
        let (mut bias, mut target) = (vec![0f32; count * width], vec![0f32; count * width]);
        for row in 0..count {
            for column in 0..width {
                match of(row, column) {
                    Choice::Right => target[row * width + column] = 1.0,
                    Choice::LeftOut => bias[row * width + column] = MASKED as f32,
                    Choice::Wrong => {}
                }
            }
        }
        cross_entropy(rows, bias, target)
    }
}

/// What a column is to a row.
enum Choice {
    Right,
    Wrong,
    LeftOut,
}

impl Choice {
    fn of(right: bool, left_out: bool) -> Self {
        match (right, left_out) {
            (true, _) => Self::Right,
            (false, true) => Self::LeftOut,
            (false, false) => Self::Wrong,
        }
    }
}

/// Mean over the rows; `bias` and `target` are row by row.
fn cross_entropy(logits: Tensor<2>, bias: Vec<f32>, target: Vec<f32>) -> Tensor<1> {
    let ([count, width], device) = (logits.dims(), logits.device());
    let bias = Tensor::<2>::from_data(TensorData::new(bias, [count, width]), &device);
    let target = Tensor::<2>::from_data(TensorData::new(target, [count, width]), &device);
    (log_softmax(logits + bias, 1) * target).sum().div_scalar(-(count.max(1) as f64))
}
