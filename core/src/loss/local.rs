//! The sentence-level contrast of the local alignment head, beyond the paper.
//!
//! Each sentence that says something is there must find a place in its own image that fits it
//! better than any place in the other images. The score of a sentence with an image is a soft
//! maximum over places, so the gradient goes to the places that fit: nothing but the pairing of
//! images and reports teaches where.

use burn::tensor::{Int, Tensor, TensorData, activation::log_softmax};

use super::MASKED;
use crate::model::l2_normalise;

/// Which sentence belongs to which image of the batch.
#[derive(Debug, Clone, Default)]
pub struct SentencePairs {
    /// Row of the sentence embeddings, for each pair.
    pub sentence: Vec<usize>,
    /// Image of the batch, for each pair.
    pub image: Vec<usize>,
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

/// Mean over the pairs of the cross entropy, over the images of the batch, of
/// `log sum over places exp(cosine / temperature)`.
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
    let device = dense.device();
    let [b, d, h, w] = dense.dims();
    let n = sentences.dims()[0];
    // Every sentence with every place of every image, [n, b, places].
    let places = dense.permute([1, 0, 2, 3]).reshape([d, b * h * w]);
    let cosine = l2_normalise(sentences, 1).matmul(places).reshape([n, b, h * w]);
    let logits = cosine.div_scalar(temperature);
    let peak = logits.clone().max_dim(2).detach();
    let scores = (logits - peak.clone()).exp().sum_dim(2).log() + peak;
    let scores = scores.reshape([n, b]);

    let count = pairs.len();
    let mut owned = vec![false; n * b];
    for (&s, &i) in pairs.sentence.iter().zip(&pairs.image) {
        owned[s * b + i] = true;
    }
    let (mut bias, mut target) = (vec![0f32; count * b], vec![0f32; count * b]);
    for (row, (&s, &own)) in pairs.sentence.iter().zip(&pairs.image).enumerate() {
        target[row * b + own] = 1.0;
        for i in (0..b).filter(|&i| i != own && owned[s * b + i]) {
            bias[row * b + i] = MASKED as f32;
        }
    }
    let index: Vec<i32> = pairs.sentence.iter().map(|&s| s as i32).collect();
    let index = Tensor::<1, Int>::from_data(TensorData::new(index, [count]), &device);
    let bias = Tensor::<2>::from_data(TensorData::new(bias, [count, b]), &device);
    let target = Tensor::<2>::from_data(TensorData::new(target, [count, b]), &device);
    let logits = scores.select(0, index) + bias;
    (log_softmax(logits, 1) * target).sum().div_scalar(-(count.max(1) as f64))
}
