//! `test`: every test there is, and one line that says how many passed.

use crate::process::{command, result, run as run_command, say, step, watch};
use crate::project::{Project, cargo};
use crate::summary::{self, Summary};
use crate::{page, server, setup, system, tools};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Longer than the slowest machine needs, shorter than a night.
const LIMIT: Duration = Duration::from_secs(50 * 60);

#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Leave out the page and its tests in the browser
    #[arg(long)]
    skip_browser: bool,
}

/// The parts so far: what each took and how its tests ended.
#[derive(Default)]
struct Report {
    sum: Summary,
    times: Vec<(&'static str, Duration)>,
}

impl Report {
    /// Does one part. A part that cannot be done counts as one failure and does not stop the others.
    fn part<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Summary) -> Result<T>,
    ) -> Option<T> {
        let start = Instant::now();
        let done = work(&mut self.sum);
        self.times.push((name, start.elapsed()));
        done.map_err(|error| {
            say(&format!("error: {name}: {error:#}"));
            self.sum.failed += 1;
        })
        .ok()
    }

    fn close(self) -> Result<ExitCode> {
        step("Times");
        for (name, time) in &self.times {
            say(&format!("    {:>5} s  {name}", time.as_secs()));
        }
        result(&self.sum.to_string())?;
        let good = self.sum.failed == 0 && self.sum.passed > 0;
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

pub(crate) fn run(project: &Project, args: &TestArgs) -> Result<ExitCode> {
    let mut report = Report::default();
    // What has to be installed comes first: whoever lacks the right to do it is told before the long builds.
    let browser = report.part("install what the tests need", |_| {
        if let Err(error) = system::vulkan() {
            // Another Vulkan driver may do; if none does, the tests say so.
            say(&format!("warning: {error:#}"));
        }
        if args.skip_browser {
            return Ok(None);
        }
        let chromium = setup::for_browser(project)?;
        tools::ensure(project)?;
        Ok(Some(chromium))
    });
    let Some(browser) = browser else {
        return report.close();
    };

    let built = report.part("build everything native", |_| {
        step("Building everything native (many minutes the first time)");
        run_command(native(project, "build").args(["--bins", "--tests", "--examples"]), "see above")
    });
    if built.is_some() {
        report.part("native tests", |sum| {
            step("Running the native tests");
            cargo_tests(sum, native(project, "test").arg("--no-fail-fast"))
        });
    }
    report.part("tests of xtask", |sum| {
        step("Running the tests of xtask");
        let mut cargo = command(cargo());
        cargo_tests(sum, cargo.args(["test", "--locked", "-p", "xtask"]).current_dir(&project.root))
    });
    if let Some(chromium) = browser {
        let folder = page::folder(project);
        let page = report.part("build the page", |_| page::build(project, &folder, false));
        if page.is_some() {
            report.part("browser tests", |sum| browser_tests(project, sum, chromium));
        }
    }
    report.close()
}

/// Cargo on all packages but this one. Building, testing and linting name the same packages and the same
/// profile; another selection would be another set of features, and Burn would be compiled once more.
fn native(project: &Project, verb: &str) -> Command {
    let mut cargo = command(cargo());
    cargo
        .args([verb, "--locked", "--release", "--workspace", "--exclude", "xtask"])
        .current_dir(&project.root)
        .env("G2D_BIN", project.g2d());
    if std::env::var_os("CUBECL_WGPU_DEFAULT_DEVICE").is_none() {
        // The software driver: the same on every machine, whatever its graphics card.
        cargo.env("CUBECL_WGPU_DEFAULT_DEVICE", "Cpu");
    }
    cargo
}

fn cargo_tests(sum: &mut Summary, command: &mut Command) -> Result<()> {
    let watched = watch(command, LIMIT)?;
    let found = summary::of_cargo(&watched.lines);
    *sum += found;
    ended_well(watched.status, found)
}

fn browser_tests(project: &Project, sum: &mut Summary, chromium: PathBuf) -> Result<()> {
    let serving = page::serve(&page::folder(project), server::listen(0)?)?;
    let tests = project.browser_tests();
    step("Running the tests of the page in headless Chromium");
    let watched = watch(
        command("node")
            .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
            .args(test_files(project)?)
            .env("G2D_URL", serving.url())
            .env("G2D_CHROMIUM", chromium)
            .env("G2D_BIN", project.g2d())
            .current_dir(tests),
        LIMIT,
    )?;
    let found = summary::of_node(&watched.lines);
    *sum += found;
    ended_well(watched.status, found)
}

/// `page.mjs` and whatever else is named as a test; the other scripts there are helpers.
fn test_files(project: &Project) -> Result<Vec<PathBuf>> {
    let folder = project.browser_tests();
    let entries = std::fs::read_dir(&folder).context("tests/browser could not be read")?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == "page.mjs" || name.ends_with(".test.mjs")
    });
    files.sort();
    if files.is_empty() {
        bail!("tests/browser has neither page.mjs nor a file that ends in .test.mjs");
    }
    Ok(files)
}

/// A runner that fails without naming a failed test (it did not compile, it crashed, it took too long) must
/// not pass for a good one; neither must one that ran nothing.
fn ended_well(status: Option<std::process::ExitStatus>, found: Summary) -> Result<()> {
    match status {
        None => bail!("the tests took longer than {} minutes", LIMIT.as_secs() / 60),
        Some(status) if !status.success() && found.failed == 0 => {
            bail!("the runner failed ({status}) without naming a test; see above")
        }
        Some(_) if found == Summary::default() => bail!("no test was run"),
        Some(_) => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    #[test]
    fn a_crash_a_time_out_and_an_empty_run_are_failures() {
        let one = Summary { passed: 1, ..Summary::default() };
        let bad = Summary { failed: 1, ..Summary::default() };
        let status = |code: i32| Some(ExitStatus::from_raw(code << 8));
        assert!(ended_well(status(0), one).is_ok());
        assert!(ended_well(status(0), Summary::default()).is_err());
        assert!(ended_well(status(101), one).is_err());
        assert!(ended_well(None, one).is_err());
        // Already counted by name: not a second time.
        assert!(ended_well(status(101), bad).is_ok());
    }

    #[test]
    fn a_part_that_fails_is_counted_and_the_next_one_runs() {
        let mut report = Report::default();
        assert!(report.part("first", |_| -> Result<()> { bail!("broken") }).is_none());
        assert!(
            report
                .part("second", |sum| {
                    sum.passed += 2;
                    Ok(())
                })
                .is_some()
        );
        assert_eq!(report.sum, Summary { passed: 2, failed: 1, skipped: 0 });
        assert_eq!(report.times.len(), 2);
    }
}
