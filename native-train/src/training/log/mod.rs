//! What a run tells while it goes: to files, to TensorBoard, to whoever watches.

mod dashboard;
mod journal;
mod tensorboard;
mod watch;

pub(super) use journal::Journal;
pub(super) use watch::{Progress, Watch};
