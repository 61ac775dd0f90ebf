//! L_VLA: image and report of one study attract, those of different studies repel.

use burn::tensor::{Tensor, TensorData, activation::log_softmax};

use serde::{Deserialize, Serialize};

use super::MASKED;
use crate::model::l2_normalise;

/// Which of the two must find the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directions {
    /// The mean of both; the reference code has their sum, which is twice that.
    #[default]
    Both,
    /// Each image its report, as the paper writes it (Eq. 1).
    ImageToText,
}

/// Mean over the batch, and over the directions, of the cross entropy of cosine / `temperature`.
///
/// Pairs of different studies whose `groups` are equal (identical reports) are left out of the
/// negatives: they are not wrong matches.
///
/// # Shapes
/// - `images`, `texts`: `[batch, d]`, any length; `groups`: one number a study
pub fn contrastive(
    images: Tensor<2>,
    texts: Tensor<2>,
    temperature: f64,
    groups: Option<&[usize]>,
    directions: Directions,
) -> Tensor<1> {
    let device = images.device();
    let n = images.dims()[0];
    let logits =
        l2_normalise(images, 1).matmul(l2_normalise(texts, 1).transpose()).div_scalar(temperature);
    let logits = match groups {
        Some(groups) => {
            let mut bias = vec![0f32; n * n];
            for (i, a) in groups.iter().enumerate().take(n) {
                for (j, b) in groups.iter().enumerate().take(n) {
                    if i != j && a == b {
                        bias[i * n + j] = MASKED as f32;
                    }
                }
            }
            logits + Tensor::from_data(TensorData::new(bias, [n, n]), &device)
        }
        None => logits,
    };
    let eye = Tensor::<2>::eye(n, &device);
    let of_images = (log_softmax(logits.clone(), 1) * eye.clone()).sum();
    match directions {
        Directions::ImageToText => of_images.div_scalar(-(n as f64)),
        Directions::Both => {
            let of_texts = (log_softmax(logits, 0) * eye).sum();
            (of_images + of_texts).div_scalar(-2.0 * n as f64)
        }
    }
}
