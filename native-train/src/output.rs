//! Results on standard output, talk on standard error.
//!
//! A script reads the first and a person the second, so nothing but results may go to standard
//! output, and `--quiet` silences everything but errors and warnings.

use std::{
    fmt::Display,
    io::{self, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

// One switch for the process: it is set once, before any work, and read from every thread.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Silences [`say`] and the progress bars.
pub fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Whether talk is silenced.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// One line of talk on standard error.
pub fn say(line: impl Display) {
    if !is_quiet() {
        stderr_line(line);
    }
}

/// A warning on standard error, quiet or not.
pub fn warn(line: impl Display) {
    stderr_line(format_args!("warning: {line}"));
}

/// An error with everything that led to it, on one line of standard error.
pub fn error(error: &anyhow::Error) {
    stderr_line(format_args!("error: {error:#}"));
}

/// Where nobody listens on standard error there is nobody to tell, so that failure is let go;
/// `eprintln!` would panic.
fn stderr_line(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// One line of result on standard output.
///
/// # Errors
/// When standard output cannot be written; see [`is_broken_pipe`].
pub fn line(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    // Rust keeps standard output line-buffered at best; a reader of a pipe wants each result now.
    out.flush()
}

/// One result as a line of JSON on standard output.
///
/// # Errors
/// When standard output cannot be written.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string(value)?)?)
}

/// Did the reader of our standard output close it?
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken))
}

/// A progress bar on standard error; hidden when that is no terminal, or when quiet.
pub fn progress(length: u64, what: &'static str) -> ProgressBar {
    if is_quiet() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_message(what);
    let template = "{msg} {bar:30} {pos}/{len} {per_sec} {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_broken_pipe_is_found_under_context() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = Err::<(), _>(pipe).context("printing").unwrap_err();
        assert!(is_broken_pipe(&error));
        let other = io::Error::from(io::ErrorKind::NotFound);
        assert!(!is_broken_pipe(&Err::<(), _>(other).context("reading").unwrap_err()));
    }
}
