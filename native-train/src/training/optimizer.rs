//! AdamW whose state is kept by parameter name.
//!
//! Burn's own optimiser keys its state by random parameter ids, restores it on the default device
//! (a GPU, even for a run on the CPU) and clips each tensor by itself. A run here must resume from
//! plain safetensors, exactly, on the device it was given, and clip by the norm of all gradients,
//! so these few lines stand in for it. Loshchilov and Hutter, "Decoupled Weight Decay
//! Regularization" (2019), with torch's order of operations.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use g2d_core::model::G2d;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::config::OptimConfig;

/// Added to the root of the second moment, torch's default.
const EPSILON: f64 = 1e-8;

/// First and second moment of one parameter, flattened.
#[derive(Debug, Clone)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

/// The optimiser.
#[derive(Debug, Clone)]
pub struct AdamW {
    config: OptimConfig,
    moments: BTreeMap<String, Moments>,
    updates: usize,
}

struct SquareSum<'a> {
    grads: &'a GradientsParams,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for SquareSum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.parts.push(grad.square().sum());
        }
    }
}

/// The norm of all gradients together.
pub(super) fn gradient_norm(model: &G2d, grads: &GradientsParams) -> f64 {
    let mut sum = SquareSum { grads, parts: Vec::new() };
    model.visit(&mut sum);
    if sum.parts.is_empty() {
        return 0.0;
    }
    f64::from(Tensor::cat(sum.parts, 0).sum().into_scalar::<f32>()).sqrt()
}

struct Update<'a> {
    optimizer: &'a mut AdamW,
    grads: GradientsParams,
    path: Vec<String>,
    lr: f64,
    /// What gradients are multiplied with so that their norm is within bounds.
    clip: f64,
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(grad) = self.grads.remove::<D>(param.id) else {
            return param;
        };
        let name = self.path.join(".");
        let Rule { lr, decay } = self.optimizer.rule(&name, D, self.lr);
        // A group with a rate of 0 stays as it is, moments included.
        if lr == 0.0 {
            return param;
        }
        let (id, value, mapper) = param.consume();
        let shape = value.dims();
        let flat = value.inner().flatten::<1>(0, D - 1);
        let grad = grad.mul_scalar(self.clip).flatten::<1>(0, D - 1);
        let step = self.optimizer.direction(name, grad);
        let flat = flat.mul_scalar(1.0 - lr * decay) - step.mul_scalar(lr);
        let value = Tensor::from_inner(flat.reshape(shape)).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

/// What holds for one parameter.
struct Rule {
    lr: f64,
    decay: f64,
}

impl AdamW {
    /// Learning rate and weight decay of a parameter of `rank` dimensions. Norms and biases are
    /// vectors; only matrices and kernels decay, unless a group says otherwise.
    fn rule(&self, name: &str, rank: usize, lr: f64) -> Rule {
        let group = self.config.groups.iter().find(|group| name.starts_with(&group.prefix));
        let decays = rank > 1 || group.is_some_and(|group| group.decay_vectors);
        let decay = group.and_then(|g| g.weight_decay).unwrap_or(self.config.weight_decay);
        Rule {
            lr: lr * group.map_or(1.0, |group| group.lr_scale),
            decay: if decays { decay } else { 0.0 },
        }
    }

    /// An optimiser that has seen nothing.
    pub fn new(config: &OptimConfig) -> Self {
        Self { config: config.clone(), moments: BTreeMap::new(), updates: 0 }
    }

    /// One update; gives back the model and the norm of the gradients before clipping.
    pub fn step(&mut self, lr: f64, model: G2d, grads: GradientsParams) -> (G2d, f64) {
        let norm = gradient_norm(&model, &grads);
        let limit = self.config.clip_norm;
        let clip = if limit > 0.0 && norm > limit { limit / norm } else { 1.0 };
        self.updates += 1;
        let mut update = Update { optimizer: self, grads, path: Vec::new(), lr, clip };
        (model.map(&mut update), norm)
    }

    /// The bias-corrected direction of one parameter.
    fn direction(&mut self, name: String, grad: Tensor<1>) -> Tensor<1> {
        let (b1, b2) = (self.config.beta1, self.config.beta2);
        let moments = match self.moments.remove(&name) {
            Some(old) => Moments {
                first: old.first.mul_scalar(b1) + grad.clone().mul_scalar(1.0 - b1),
                second: old.second.mul_scalar(b2) + grad.square().mul_scalar(1.0 - b2),
            },
            None => Moments {
                first: grad.clone().mul_scalar(1.0 - b1),
                second: grad.square().mul_scalar(1.0 - b2),
            },
        };
        let n = self.updates as i32;
        let first = moments.first.clone().div_scalar(1.0 - b1.powi(n));
        let second = moments.second.clone().div_scalar(1.0 - b2.powi(n));
        self.moments.insert(name, moments);
        first / second.sqrt().add_scalar(EPSILON)
    }

    /// Updates made so far.
    pub fn updates(&self) -> usize {
        self.updates
    }

    /// The state as safetensors bytes.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut parts: Vec<(String, Vec<u8>)> = Vec::with_capacity(self.moments.len() * 2);
        for (name, moments) in &self.moments {
            for (kind, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let values = tensor
                    .try_to_vec_as::<f32>()
                    .map_err(|e| anyhow::anyhow!("The optimiser's state cannot be read: {e:?}"))?;
                let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                parts.push((format!("{kind}.{name}"), bytes));
            }
        }
        let views = parts
            .iter()
            .map(|(name, data)| {
                Ok((name.as_str(), TensorView::new(Dtype::F32, vec![data.len() / 4], data)?))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(safetensors::serialize(views, None)?)
    }

    /// Restores the state on a device, after `updates` updates.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    pub fn from_bytes(
        config: &OptimConfig,
        bytes: &[u8],
        updates: usize,
        device: &Device,
    ) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).context("The optimiser's state is damaged")?;
        let device = device.clone().inner();
        let load = |name: &str| -> Result<Tensor<1>> {
            let view = file.tensor(name).context("The optimiser's state is incomplete")?;
            let values: Vec<f32> = view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            let count = values.len();
            Ok(Tensor::from_data(TensorData::new(values, [count]), &device))
        };
        let mut moments = BTreeMap::new();
        for name in file.names() {
            if let Some(parameter) = name.strip_prefix("first.") {
                let second = load(&format!("second.{parameter}"))?;
                let first = load(name)?;
                moments.insert(parameter.to_owned(), Moments { first, second });
            } else if !name.starts_with("second.") {
                bail!("The optimiser's state holds something else");
            }
        }
        Ok(Self { config: config.clone(), moments, updates })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ParameterGroup;

    #[test]
    fn the_first_group_that_fits_holds() {
        let group = |prefix: &str, lr_scale, weight_decay, decay_vectors| ParameterGroup {
            prefix: prefix.into(),
            lr_scale,
            weight_decay,
            decay_vectors,
        };
        let optimizer = AdamW::new(&OptimConfig {
            weight_decay: 0.1,
            groups: vec![
                group("text_encoder.embeddings", 0.0, None, false),
                group("text_encoder", 0.5, Some(0.2), true),
            ],
            ..OptimConfig::default()
        });
        let rule = |name, rank| {
            let Rule { lr, decay } = optimizer.rule(name, rank, 1.0);
            (lr, decay)
        };
        assert_eq!(rule("image_encoder.conv1.weight", 4), (1.0, 0.1));
        assert_eq!(rule("image_encoder.bn1.gamma", 1), (1.0, 0.0));
        assert_eq!(rule("text_encoder.encoder.layer.0.output.layer_norm.beta", 1), (0.5, 0.2));
        assert_eq!(rule("text_encoder.embeddings.word_embeddings.weight", 2), (0.0, 0.1));
    }
}
