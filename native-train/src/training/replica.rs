//! The model as one device sees it in one pass, and how devices tell each other their statistics.

use std::sync::{
    Arc, Condvar, Mutex, PoisonError,
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

/// Lets one thread at a time record operations.
///
/// The devices compute at the same time all the same: recording only hands them their work. But
/// Burn 0.22 may lose nodes of a graph to which several threads add at once ("graph tape has
/// already been consumed" in the backward pass, now and then). Whoever waits for another thread or
/// for a device lets the others go on.
#[derive(Debug, Default)]
pub(super) struct Turn {
    taken: Mutex<bool>,
    free: Condvar,
}

/// A turn that ends when this is dropped.
pub(super) struct Held<'a>(&'a Turn);

impl Turn {
    fn take(&self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            taken = self.free.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken = true;
    }

    fn give(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.free.notify_one();
    }

    /// Waits for the turn and takes it.
    pub(super) fn hold(&self) -> Held<'_> {
        self.take();
        Held(self)
    }

    /// Gives the turn away while something is waited for that records nothing.
    pub(super) fn pause<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.give();
        let result = wait();
        self.take();
        result
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// One device's end of the lines to all others.
struct Lines {
    rank: usize,
    turn: Arc<Turn>,
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
                && let Ok(part) = self.turn.pause(|| line.recv())
            {
                all.push(part.to_device(&self.device));
            }
        }
        all
    }
}

/// Lines between all devices, one end for each.
pub(super) fn exchanges(devices: &[Device], turn: &Arc<Turn>) -> Vec<Arc<dyn StatisticsExchange>> {
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
        let (turn, device) = (turn.clone(), device.clone());
        Arc::new(Lines { rank, turn, device, to, from }) as Arc<dyn StatisticsExchange>
    })
    .collect()
}
