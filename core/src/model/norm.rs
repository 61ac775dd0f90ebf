//! Batch normalisation, with and without scale and shift.
//!
//! Burn's own takes its statistics from the part of a batch that one device sees, always records
//! them, and always has a scale and a shift. Training needs more: statistics over all parts of a
//! batch that several devices share, a pass that leaves the record alone (the first of two when a
//! batch is cut to fit a device), and the projectors of the reference code have nothing to learn
//! (torch's `affine=False`).

use std::{cell::RefCell, sync::Arc};

use burn::{
    module::{Flag, Module, Param, RunningState},
    tensor::{Device, FloatDType, Tensor, module::batch_norm_train},
};

/// Added to the variance, torch's default.
const EPSILON: f64 = 1e-5;
/// Weight of the new batch in the running statistics, torch's default.
const MOMENTUM: f64 = 0.1;

/// How the parts of one batch tell each other their statistics.
pub trait StatisticsExchange: Send + Sync {
    /// Gives a part's tensor to all parts and gets back every part's, in the same order
    /// everywhere, on this part's device and with their gradients.
    fn gather(&self, own: Tensor<2>) -> Vec<Tensor<2>>;
}

/// What training passes on this thread do with statistics.
#[derive(Clone)]
pub struct NormMode {
    /// Whether the running statistics take in this pass.
    pub track: bool,
    /// The other parts of the batch, when it has several.
    pub exchange: Option<Arc<dyn StatisticsExchange>>,
}

impl Default for NormMode {
    fn default() -> Self {
        Self { track: true, exchange: None }
    }
}

// A pass runs on one thread, and a value there reaches every norm of a model without a word about
// it in the signature of each layer.
thread_local! {
    static MODE: RefCell<NormMode> = RefCell::default();
}

/// Runs training passes with a mode; the old one is back afterwards.
pub fn with_norm_mode<T>(mode: NormMode, run: impl FnOnce() -> T) -> T {
    struct Restore(NormMode);
    impl Drop for Restore {
        fn drop(&mut self) {
            MODE.with(|mode| mode.swap(&RefCell::new(std::mem::take(&mut self.0))));
        }
    }
    let _restore = Restore(MODE.with(|now| now.replace(mode)));
    run()
}

fn mode() -> NormMode {
    MODE.with(|mode| mode.borrow().clone())
}

/// Mean, biased variance and number of values of a batch, the first two `[1, channels]`, the last
/// `[1, 1]`; over all parts where there are several.
///
/// Parts are put together by the rule of Chan, Golub and LeVeque (1979), since a difference of
/// squares would lose digits.
struct Statistics {
    mean: Tensor<2>,
    variance: Tensor<2>,
    count: Tensor<2>,
}

impl Statistics {
    fn over_parts(self, exchange: Option<&dyn StatisticsExchange>) -> Self {
        let Some(exchange) = exchange else {
            return self;
        };
        let channels = self.mean.dims()[1];
        let own = Tensor::cat(vec![self.mean, self.variance, self.count.repeat(&[1, channels])], 0);
        let parts: Vec<[Tensor<2>; 3]> = exchange
            .gather(own)
            .into_iter()
            .map(|part| [0, 1, 2].map(|row| part.clone().narrow(0, row, 1)))
            .collect();
        let total = |of: &dyn Fn(&[Tensor<2>; 3]) -> Tensor<2>| {
            let mut sums = parts.iter().map(of);
            sums.next().map(|first| sums.fold(first, |sum, next| sum + next)).unwrap_or_else(|| {
                // A gather always holds at least its own part.
                Tensor::zeros([1, channels], &Device::default())
            })
        };
        let count = total(&|[_, _, n]| n.clone()).clamp_min(1.0);
        let mean = total(&|[m, _, n]| m.clone() * n.clone()) / count.clone();
        let squares =
            total(&|[m, v, n]| (v.clone() + (m.clone() - mean.clone()).square()) * n.clone());
        Self { variance: squares / count.clone(), mean, count: count.narrow(1, 0, 1) }
    }

    /// The variance as torch records it: divided by one less than the number of values.
    fn unbiased(&self) -> Tensor<2> {
        let n = self.count.clone();
        self.variance.clone() * (n.clone() / (n - 1.0).clamp_min(1.0))
    }
}

fn track(
    running_mean: &RunningState<Tensor<1>>,
    running_var: &RunningState<Tensor<1>>,
    statistics: &Statistics,
) {
    let blend = |state: &RunningState<Tensor<1>>, new: Tensor<2>| {
        let channels = new.dims()[1];
        let new = new.detach().reshape([channels]);
        let old = state.value_sync().to_device(&new.device());
        state.update((old * (1.0 - MOMENTUM) + new * MOMENTUM).detach());
    };
    blend(running_mean, statistics.mean.clone());
    blend(running_var, statistics.unbiased());
}

/// Normalises every channel, then scales and shifts it (Ioffe and Szegedy, 2015).
///
/// The fields carry the names of Burn's own, so that stored weights fit both.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale of each channel.
    pub gamma: Param<Tensor<1>>,
    /// Shift of each channel.
    pub beta: Param<Tensor<1>>,
    /// Off after [`Module::valid`]: running statistics are used.
    pub training: Param<Flag>,
    /// Mean of each channel.
    pub running_mean: RunningState<Tensor<1>>,
    /// Unbiased variance of each channel.
    pub running_var: RunningState<Tensor<1>>,
}

impl BatchNorm {
    /// Scale 1, shift 0, fresh statistics.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            gamma: Param::from_tensor(Tensor::ones([channels], device)),
            beta: Param::from_tensor(Tensor::zeros([channels], device)),
            training: Param::from_bool(true),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// # Shapes
    /// - `x`: `[batch, channels, h, w]`; output: the same
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let device = x.device();
        if !(device.is_autodiff() && self.training.is_enabled()) {
            return burn::tensor::module::batch_norm(
                x,
                self.gamma.val(),
                self.beta.val(),
                self.running_mean.value().to_device(&device),
                self.running_var.value().to_device(&device),
                EPSILON,
            );
        }
        // Sums of many values need more digits than bf16 has.
        let dtype: FloatDType = x.dtype().into();
        let (x, gamma, beta) = match dtype {
            FloatDType::F32 => (x, self.gamma.val(), self.beta.val()),
            _ => (
                x.cast(FloatDType::F32),
                self.gamma.val().cast(FloatDType::F32),
                self.beta.val().cast(FloatDType::F32),
            ),
        };
        let [batch, channels, h, w] = x.dims();
        let mode = mode();
        let count = Tensor::full([1, 1], (batch * h * w) as f64, &device);
        let (y, statistics) = match mode.exchange.as_deref() {
            None => {
                let out = batch_norm_train(x, gamma, beta, EPSILON);
                let row = |t: Tensor<1>| t.reshape([1, channels]);
                let (mean, variance) = (row(out.mean), row(out.variance));
                (out.output, Statistics { mean, variance, count })
            }
            exchange => {
                let mean = x.clone().mean_dims(&[0, 2, 3]);
                let variance = (x.clone() - mean.clone()).square().mean_dims(&[0, 2, 3]);
                let row = |t: Tensor<4>| t.reshape([1, channels]);
                let statistics = Statistics { mean: row(mean), variance: row(variance), count }
                    .over_parts(exchange);
                let scale =
                    gamma.reshape([1, channels]) / (statistics.variance.clone() + EPSILON).sqrt();
                let shift = beta.reshape([1, channels]) - statistics.mean.clone() * scale.clone();
                let per_channel = |t: Tensor<2>| t.reshape([1, channels, 1, 1]);
                (x * per_channel(scale) + per_channel(shift), statistics)
            }
        };
        if mode.track {
            track(&self.running_mean, &self.running_var, &statistics);
        }
        if dtype == FloatDType::F32 { y } else { y.cast(dtype) }
    }
}

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
        if !(device.is_autodiff() && self.training.is_enabled()) {
            let row = |state: &RunningState<Tensor<1>>| {
                state.value().to_device(&device).unsqueeze::<2>().cast(x.dtype())
            };
            let (mean, variance) = (row(&self.running_mean), row(&self.running_var));
            return (x - mean) / (variance + EPSILON).sqrt();
        }
        let dtype: FloatDType = x.dtype().into();
        let x = if dtype == FloatDType::F32 { x } else { x.cast(FloatDType::F32) };
        let [rows, _] = x.dims();
        let weights = weights.unwrap_or_else(|| Tensor::ones([rows, 1], &device));
        let own = weights.clone().sum_dim(0);
        let divisor = own.clone().clamp_min(1.0);
        let mean = (x.clone() * weights.clone()).sum_dim(0) / divisor.clone();
        let centred = (x.clone() - mean.clone()) * weights;
        let variance = centred.square().sum_dim(0) / divisor;
        let mode = mode();
        let statistics =
            Statistics { mean, variance, count: own }.over_parts(mode.exchange.as_deref());
        if mode.track {
            track(&self.running_mean, &self.running_var, &statistics);
        }
        let y = (x - statistics.mean) / (statistics.variance + EPSILON).sqrt();
        if dtype == FloatDType::F32 { y } else { y.cast(dtype) }
    }
}
