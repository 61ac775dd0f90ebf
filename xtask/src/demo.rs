//! `demo`: from a fresh clone to the page in a browser.

use crate::process::{command, on_path, result, say, step, watch};
use crate::project::Project;
use crate::{page, server, setup};
use anyhow::Result;
use std::io::IsTerminal;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// Port on 127.0.0.1; 0 takes any free one [default: 8080, with --check any free one]
    #[arg(long)]
    port: Option<u16>,
    /// Load the page once in headless Chromium, ground a sample, and exit
    #[arg(long)]
    check: bool,
    /// Run the wasm optimiser over the page (installs npm's binaryen; takes minutes)
    #[arg(long)]
    optimise: bool,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

pub(crate) fn run(project: &Project, args: &DemoArgs) -> Result<ExitCode> {
    let port = args.port.unwrap_or(if args.check { 0 } else { 8080 });
    // Asked before the build, so that a taken port is known at once, and let go, so that nobody who knocks
    // early is left waiting.
    drop(server::listen(port)?);
    let chromium = if args.check { Some(setup::for_browser(project)?) } else { None };
    let folder = page::folder(project);
    page::build(project, &folder, args.optimise)?;
    let serving = page::serve(&folder, server::listen(port)?)?;
    let url = serving.url();
    let Some(chromium) = chromium else {
        step("Serving the page; stop with Ctrl-C");
        result(&url)?;
        if !args.no_open {
            open(&url);
        }
        return serving.forever().map(|()| ExitCode::SUCCESS);
    };
    result(&url)?;
    step("Loading the page in headless Chromium and grounding a sample");
    let watched = watch(
        command("node")
            .arg(project.browser_tests().join("check.mjs"))
            .arg(&url)
            .env("G2D_CHROMIUM", chromium)
            .current_dir(project.browser_tests()),
        Duration::from_secs(10 * 60),
    )?;
    if watched.status.is_some_and(|status| status.success()) {
        say("the page works");
        return Ok(ExitCode::SUCCESS);
    }
    say("error: the page did not ground the sample; what it said is above");
    Ok(ExitCode::FAILURE)
}

/// Opens a browser when somebody sits before the screen. Not being able to is no error: the address is printed.
fn open(url: &str) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|v| std::env::var_os(v).is_some());
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if std::io::stdout().is_terminal()
        && (screen || cfg!(target_os = "macos"))
        && let Some(opener) = on_path(opener)
    {
        let _ = command(opener).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
}
