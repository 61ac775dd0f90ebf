//! How many numbers a model has learnt, part by part.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};
use g2d_core::model::G2d;
use serde::Serialize;

/// Learnt numbers of each part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// The ResNet.
    pub image_encoder: usize,
    /// The U-Net's decoder with its head.
    pub decoder: usize,
    /// Both projectors and the attention pool.
    pub projectors_and_pool: usize,
    /// BERT.
    pub text_encoder: usize,
    /// The head that ties sentences to places.
    pub local_head: usize,
    /// All of them.
    pub total: usize,
}

impl Parameters {
    /// Counts.
    pub fn of(model: &G2d) -> Self {
        Self {
            image_encoder: count(&model.image_encoder),
            decoder: count(&model.decoder) + count(&model.segmentation_head),
            projectors_and_pool: count(&model.image_projector)
                + count(&model.attention_pool)
                + count(&model.text_projector),
            text_encoder: count(&model.text_encoder),
            local_head: count(&model.local_head),
            total: count(model),
        }
    }
}

fn count<M: Module>(module: &M) -> usize {
    let mut counter = Counter::default();
    module.visit(&mut counter);
    counter.numbers
}

/// Burn's own count takes the running statistics of batch norms for parameters; published figures
/// do not.
#[derive(Default)]
struct Counter {
    numbers: usize,
    inside_statistics: usize,
}

fn is_statistics(field: &str) -> bool {
    matches!(field, "running_mean" | "running_var")
}

impl ModuleVisitor for Counter {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.inside_statistics == 0 {
            // The shape is known before the weights are made, and making them takes time.
            self.numbers += param.lazy_shape().num_elements();
        }
    }

    fn enter_module(&mut self, name: &str, _container: &str) {
        self.inside_statistics += usize::from(is_statistics(name));
    }

    fn exit_module(&mut self, name: &str, _container: &str) {
        self.inside_statistics -= usize::from(is_statistics(name));
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::{nn::BatchNormConfig, tensor::Device};

    use super::*;

    #[test]
    fn a_batch_norm_learns_scale_and_shift_only() {
        assert_eq!(count(&BatchNormConfig::new(10).init(&Device::flex())), 20);
    }
}
