//! L_VLA: image and report of one study attract, those of different studies repel.

use burn::tensor::{Tensor, TensorData, activation::log_softmax};

use super::MASKED;
use crate::model::l2_normalise;

/// Mean over both directions of the cross entropy of cosine / `temperature`.
///
/// The paper writes one direction (Eq. 1), its code sums both; the mean keeps the scale of one.
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
    let forward = (log_softmax(logits.clone(), 1) * eye.clone()).sum();
    let backward = (log_softmax(logits, 0) * eye).sum();
    (forward + backward).div_scalar(-2.0 * n as f64)
}
