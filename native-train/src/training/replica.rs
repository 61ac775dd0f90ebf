//! The model as one device sees it in one pass, and how devices tell each other their statistics.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, Sender, channel},
};

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Device, FloatDType, Tensor},
};
use g2d_core::model::{G2d, StatisticsExchange};

struct ToReplica<'a> {
    device: &'a Device,
    dtype: FloatDType,
    /// Whether gradients find their way back to the model's own parameters.
    gradients: bool,
    path: Vec<String>,
}

impl ModuleMapper for ToReplica<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Running statistics are shared with the model, not copied: moving them here would move
        // them there.
        if self.path.last().is_some_and(|name| name.starts_with("running_")) {
            return param;
        }
        let (id, value, mapper) = param.consume();
        let value = if self.gradients { value } else { value.detach() };
        // Both steps are recorded, so a gradient comes back to the model's own device in f32.
        let value = value.to_device(self.device);
        let value = if self.dtype == FloatDType::F32 { value } else { value.cast(self.dtype) };
        Param::from_mapped_value(id, value, mapper)
    }
}

/// The model on another device, or in another number format, or without gradients.
pub(super) fn replica(model: &G2d, device: &Device, dtype: FloatDType, gradients: bool) -> G2d {
    model.clone().map(&mut ToReplica { device, dtype, gradients, path: Vec::new() })
}

/// One device's end of the lines to all others.
struct Lines {
    rank: usize,
    device: Device,
    to: Vec<Option<Sender<Tensor<2>>>>,
    // A receiver may not be shared between threads; the lock is never contended.
    from: Vec<Option<Mutex<Receiver<Tensor<2>>>>>,
}

impl StatisticsExchange for Lines {
    fn gather(&self, own: Tensor<2>) -> Vec<Tensor<2>> {
        // A line is dead when the other device has failed. That ends the step, so what is computed
        // from fewer parts until then is never used.
        for line in self.to.iter().flatten() {
            let _ = line.send(own.clone());
        }
        let mut all = Vec::with_capacity(self.from.len());
        for (rank, line) in self.from.iter().enumerate() {
            if rank == self.rank {
                all.push(own.clone());
            } else if let Some(Ok(line)) = line.as_ref().map(Mutex::lock)
                && let Ok(part) = line.recv()
            {
                all.push(part.to_device(&self.device));
            }
        }
        all
    }
}

/// Lines between all devices, one end for each.
pub(super) fn exchanges(devices: &[Device]) -> Vec<Arc<dyn StatisticsExchange>> {
    let n = devices.len();
    let mut to: Vec<Vec<_>> = (0..n).map(|_| (0..n).map(|_| None).collect()).collect();
    let mut from: Vec<Vec<_>> = (0..n).map(|_| (0..n).map(|_| None).collect()).collect();
    for a in 0..n {
        for b in (0..n).filter(|&b| b != a) {
            let (sender, receiver) = channel();
            to[a][b] = Some(sender);
            from[b][a] = Some(Mutex::new(receiver));
        }
    }
    let ends = to.into_iter().zip(from).zip(devices).enumerate();
    ends.map(|(rank, ((to, from), device))| {
        Arc::new(Lines { rank, device: device.clone(), to, from }) as Arc<dyn StatisticsExchange>
    })
    .collect()
}
