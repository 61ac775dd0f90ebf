//! What a user sees when the program itself is at fault.

use std::{
    any::Any,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use g2d_core::Error;

static SILENT: AtomicBool = AtomicBool::new(false);

/// Replaces Rust's message by a short one that can be reported.
///
/// The panic's own text is left out: it may quote what was being read, and that belongs to a
/// patient. The place in the source is enough to find the fault. A panic on the main thread
/// still ends the process with Rust's exit code 101.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        if SILENT.load(Ordering::Relaxed) {
            return;
        }
        let place = info.location().map(|l| format!(" ({}:{})", short(l.file()), l.line()));
        let _ = writeln!(
            std::io::stderr().lock(),
            "error: This is a fault of the program. Please report it with this code{}. [G2D-B99]",
            place.unwrap_or_default()
        );
    }));
}

/// The end of a source path: the folders above it are the builder's own.
fn short(path: &str) -> &str {
    let from = path.match_indices(['/', '\\']).rev().nth(2).map_or(0, |(i, _)| i + 1);
    &path[from..]
}

/// Runs one piece of work so that its panic does not take the other pieces with it.
///
/// # Errors
/// The work's own, or `G2D-B98` when it panicked (the hook has told where).
pub fn contained<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::bug("G2D-B98", "The program failed inside on this input").into())
    })
}

/// Asks a driver something that it may answer with a panic, and says nothing about that.
///
/// # Errors
/// What the panic said. A driver's text holds no user data, so it may be shown.
pub fn probe<T>(question: impl FnOnce() -> T) -> Result<T, String> {
    let before = SILENT.swap(true, Ordering::Relaxed);
    let answer = catch_unwind(AssertUnwindSafe(question));
    SILENT.store(before, Ordering::Relaxed);
    answer.map_err(|payload| text(payload.as_ref()))
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = contained(|| -> anyhow::Result<()> { panic!("secret") }).unwrap_err();
        assert!(format!("{error:#}").contains("G2D-B98"));
        assert!(!format!("{error:#}").contains("secret"));
        assert_eq!(contained(|| Ok(3)).unwrap(), 3);
    }

    #[test]
    fn a_probe_tells_the_reason() {
        assert_eq!(probe(|| -> u8 { panic!("no driver {}", 1) }), Err("no driver 1".into()));
    }

    #[test]
    fn only_the_end_of_a_source_path_is_shown() {
        assert_eq!(short("/home/someone/crate-1.0/src/lib.rs"), "crate-1.0/src/lib.rs");
        assert_eq!(short("src/lib.rs"), "src/lib.rs");
    }
}
