//! Ctrl-C and the system's request to end: finish the step, write a checkpoint, then go.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;

// A signal reaches the process, not a run, so there is one count for all runs of the process.
static REQUESTS: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: OnceLock<bool> = OnceLock::new();

/// Exit code of a run that was asked to end: 128 and the number of SIGINT, as shells count.
pub const EXIT_CODE: u8 = 130;

/// The run ended because it was asked to, with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// Steps made.
    pub step: usize,
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stopped after step {} with a checkpoint; go on with --resume latest", self.step)
    }
}

impl std::error::Error for Interrupted {}

/// Listens from now on; a second request ends the process at once.
pub(super) fn listen() -> Result<()> {
    let ready = INSTALLED.get_or_init(|| {
        ctrlc::set_handler(|| {
            if REQUESTS.fetch_add(1, Ordering::SeqCst) > 0 {
                std::process::exit(i32::from(EXIT_CODE));
            }
        })
        .is_ok()
    });
    if !ready {
        crate::output::warn(
            "Ctrl-C cannot be caught here: it will end the run without a checkpoint",
        );
    }
    Ok(())
}

/// Whether the process was asked to end.
pub(super) fn requested() -> bool {
    REQUESTS.load(Ordering::SeqCst) > 0
}
