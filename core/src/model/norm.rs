//! Batch normalisation without scale and shift.
//!
//! Burn's `BatchNorm` always has both; torch's `affine=False`, which the projectors of the
//! reference code use, has neither.

use burn::{
    module::{Flag, Module, Param, RunningState},
    tensor::{Device, Tensor},
};

/// Added to the variance, torch's default.
const EPSILON: f64 = 1e-5;
/// Weight of the new batch in the running statistics, torch's default.
const MOMENTUM: f64 = 0.1;

/// Zero mean and unit variance for each channel, nothing to learn.
#[derive(Module, Debug)]
pub struct PlainNorm {
    /// Off after [`Module::valid`]: running statistics are used.
    pub training: Param<Flag>,
    /// Mean of each channel.
    pub running_mean: RunningState<Tensor<1>>,
    /// Unbiased variance of each channel.
    pub running_var: RunningState<Tensor<1>>,
}

impl PlainNorm {
    /// Fresh statistics: mean 0, variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            training: Param::from_bool(true),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// Normalises the rows of a matrix, one column a channel.
    ///
    /// With `weights` (one per row, 0 or 1) the statistics of a training batch are taken over the
    /// rows of weight 1 only; the other rows are normalised with them too.
    ///
    /// # Shapes
    /// - `x`: `[rows, channels]`, `weights`: `[rows, 1]`; output: `[rows, channels]`
    pub fn forward(&self, x: Tensor<2>, weights: Option<Tensor<2>>) -> Tensor<2> {
        let device = x.device();
        let (mean, var) = if device.is_autodiff() && self.training.is_enabled() {
            let [rows, channels] = x.dims();
            let weights = weights.unwrap_or_else(|| Tensor::ones([rows, 1], &device));
            let count = weights.clone().sum().clamp_min(1.0).unsqueeze::<2>();
            let mean = (x.clone() * weights.clone()).sum_dim(0) / count.clone();
            let centred = (x.clone() - mean.clone()) * weights;
            let var = centred.square().sum_dim(0) / count.clone();
            // Running variance is unbiased, as torch's.
            let unbias = count.clone() / (count - 1.0).clamp_min(1.0);
            self.track(
                mean.clone().detach().reshape([channels]),
                (var.clone() * unbias).detach().reshape([channels]),
            );
            (mean, var)
        } else {
            (
                self.running_mean.value().to_device(&device).unsqueeze(),
                self.running_var.value().to_device(&device).unsqueeze(),
            )
        };
        (x - mean) / (var + EPSILON).sqrt()
    }

    fn track(&self, mean: Tensor<1>, var: Tensor<1>) {
        let blend = |old: Tensor<1>, new: Tensor<1>| {
            let old = old.to_device(&new.device());
            (old * (1.0 - MOMENTUM) + new * MOMENTUM).detach()
        };
        self.running_mean.update(blend(self.running_mean.value_sync(), mean));
        self.running_var.update(blend(self.running_var.value_sync(), var));
    }
}
