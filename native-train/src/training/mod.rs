//! The training loop: step-exact, resumable, three losses over one pass.

mod checkpoint;
mod frozen_text;
mod interrupt;
mod joint;
mod log;
mod optimizer;
mod part;
mod pictures;
mod replica;
mod run;
mod run_dir;
mod schedule;
mod setup;
mod step;
mod targets;
mod validate;

pub use checkpoint::{Checkpoint, CheckpointState};
pub use interrupt::{EXIT_CODE, Interrupted};
pub use optimizer::AdamW;
pub use run::{Report, checkpoint_config, train};
pub use run_dir::RunDir;
pub use schedule::learning_rate;
pub use step::{Engine, Losses, Stepped};
