//! Running other programs: said before it is done, stdout kept for results, a failure explained.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Talk: one line on stderr. A closed stderr is no reason to stop.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says what is about to be done.
pub(crate) fn step(text: &str) {
    if std::io::stderr().is_terminal() {
        say(&format!("\x1b[1m==> {text}\x1b[0m"));
    } else {
        say(&format!("==> {text}"));
    }
}

/// A result: one line on stdout, at once.
pub(crate) fn result(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("the result could not be written to stdout")
}

/// A command that does not inherit what cargo told this program about itself. Otherwise build scripts
/// see other variables than in a build started by hand, and compile again.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let own = ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_BIN_NAME"].contains(&text)
            || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&text)
            || text.starts_with("CARGO_PKG_");
        if own {
            command.env_remove(text);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains([' ', '"', '$', '*']) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command with its output on stderr. `remedy` says what to do when it fails.
pub(crate) fn run(command: &mut Command, remedy: &str) -> Result<()> {
    let line = line_of(command);
    say(&format!("    $ {line}"));
    let status = command
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .with_context(|| format!("`{line}` could not be started; {remedy}"))?;
    if status.success() { Ok(()) } else { bail!("`{line}` failed ({status}); {remedy}") }
}

/// What a command printed first on stdout, or `None` when it is not there or failed.
pub(crate) fn first_line(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = command(program).args(args).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(|line| line.trim().to_owned())
}

/// What `watch` saw.
pub(crate) struct Watched {
    /// How the command ended; `None` when it was stopped for taking too long.
    pub(crate) status: Option<ExitStatus>,
    /// Its stdout, line by line.
    pub(crate) lines: Vec<String>,
}

/// Runs a command and shows its stdout line by line while keeping it; stops it at `limit`, so that a
/// browser that hangs is a failure and not a lost hour.
pub(crate) fn watch(command: &mut Command, limit: Duration) -> Result<Watched> {
    let line = line_of(command);
    say(&format!("    $ {line}"));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{line}` could not be started"))?;
    let stdout = child.stdout.take().context("a child without stdout")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut bytes) {
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
    let deadline = Instant::now() + limit;
    let mut lines = Vec::new();
    loop {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                result(&text)?;
                lines.push(text);
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().with_context(|| format!("`{line}` was lost"))?;
                return Ok(Watched { status: Some(status), lines });
            }
            Err(RecvTimeoutError::Timeout) => {
                say(&format!("`{line}` was stopped after {} minutes", limit.as_secs() / 60));
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Watched { status: None, lines });
            }
        }
    }
}

/// The first file of this name on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| program_in(&folder, name)).find(|file| file.is_file())
}

/// `folder/name`, with this system's ending.
pub(crate) fn program_in(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_names_itself_and_the_remedy() {
        let error = run(command("cargo").arg("--no-such-flag"), "do this").unwrap_err().to_string();
        assert!(error.contains("cargo --no-such-flag") && error.contains("do this"), "{error}");
        let error = run(&mut command("g2d-no-such-program"), "install it").unwrap_err().to_string();
        assert!(error.contains("could not be started; install it"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn watch_keeps_the_lines_and_the_status() {
        let mut shell = command("sh");
        shell.args(["-c", "echo one; printf two; exit 3"]);
        let watched = watch(&mut shell, Duration::from_secs(60)).unwrap();
        assert_eq!(watched.lines, ["one", "two"]);
        assert_eq!(watched.status.unwrap().code(), Some(3));
    }

    #[cfg(unix)]
    #[test]
    fn watch_stops_what_takes_too_long() {
        let start = Instant::now();
        let watched = watch(command("sleep").arg("60"), Duration::from_millis(200)).unwrap();
        assert!(watched.status.is_none());
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn finds_programs_on_path() {
        assert!(on_path("cargo").is_some());
        assert!(on_path("g2d-no-such-program").is_none());
    }
}
