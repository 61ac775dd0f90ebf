//! The training loop: step-exact, resumable, three losses over one pass.

mod checkpoint;
mod optimizer;
mod run;
mod run_dir;
mod schedule;
mod step;

pub use checkpoint::{Checkpoint, CheckpointState};
pub use optimizer::AdamW;
pub use run::{Report, checkpoint_config, train};
pub use run_dir::RunDir;
pub use schedule::learning_rate;
pub use step::{Losses, forward};
