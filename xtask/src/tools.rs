//! The tools that build the page: the wasm target, Trunk, and wasm-bindgen at the lock file's version.
//! A right version that is already there is used; otherwise it is compiled into `.tools/`.

use crate::process::{command, first_line, on_path, program_in, run, say, step};
use crate::project::{Project, cargo};
use crate::versions;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the page's tools are.
pub(crate) struct PageTools {
    /// Trunk.
    pub(crate) trunk: PathBuf,
    /// wasm-bindgen at the version of `Cargo.lock`.
    pub(crate) wasm_bindgen: PathBuf,
}

impl PageTools {
    /// PATH with the right wasm-bindgen first, since that is where Trunk looks for it.
    pub(crate) fn path(&self) -> Result<OsString> {
        let first = self.wasm_bindgen.parent().map(Path::to_path_buf);
        let rest = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(first.into_iter().chain(std::env::split_paths(&rest)))
            .context("PATH cannot be extended")
    }
}

/// Makes sure that the page can be built.
pub(crate) fn ensure(project: &Project) -> Result<PageTools> {
    wasm_target(project)?;
    let trunk = Recipe {
        program: "trunk",
        package: "trunk",
        version: versions::TRUNK.to_owned(),
        // Its own lock file is known to build with the pinned compiler; its default features are downloads.
        arguments: &["--locked", "--no-default-features"],
        // It copies files and starts the others.
        opt_level: "0",
    };
    let wasm_bindgen = Recipe {
        program: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version: project.locked_version("wasm-bindgen")?,
        // Not `--locked`: its lock file asks for crate versions that may have been withdrawn.
        arguments: &[],
        // It rewrites tens of megabytes of wasm; without any optimisation that would be felt.
        opt_level: "1",
    };
    let trunk = tool(project, &trunk)?;
    let wasm_bindgen = tool(project, &wasm_bindgen)?;
    let _ = std::fs::remove_dir_all(scratch(project));
    Ok(PageTools { trunk, wasm_bindgen })
}

/// How a tool is compiled. These run for seconds, so quick to compile matters more than quick to run.
struct Recipe {
    program: &'static str,
    package: &'static str,
    version: String,
    arguments: &'static [&'static str],
    opt_level: &'static str,
}

/// One folder for both, so that an installation that was interrupted goes on where it was.
fn scratch(project: &Project) -> PathBuf {
    project.target.join("tools")
}

/// Adds the compiler's wasm target if it is not there.
pub(crate) fn wasm_target(project: &Project) -> Result<()> {
    let target = versions::WASM_TARGET;
    // The compiler is asked inside the repository: rust-toolchain.toml decides which one answers.
    let output = command("rustc")
        .args(["--print", "sysroot"])
        .current_dir(&project.root)
        .output()
        .context("rustc could not be started; install Rust with rustup")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if sysroot.join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    step(&format!("Adding the compiler's {target} target"));
    run(
        command("rustup").args(["target", "add", target]).current_dir(&project.root),
        "without rustup, install your system's package for this target, for the compiler named in \
         rust-toolchain.toml",
    )
}

/// Adds rustfmt and clippy if they are not there: a minimal toolchain lacks them.
pub(crate) fn linters(project: &Project) -> Result<()> {
    let there = |name: &str| first_line(cargo(), &[name, "--version"]).is_some();
    if there("fmt") && there("clippy") {
        return Ok(());
    }
    step("Adding rustfmt and clippy");
    run(
        command("rustup")
            .args(["component", "add", "rustfmt", "clippy"])
            .current_dir(&project.root),
        "without rustup, install them by your system's means",
    )
}

fn tool(project: &Project, recipe: &Recipe) -> Result<PathBuf> {
    let Recipe { program, package, version, .. } = recipe;
    let root = project.tools();
    let own = program_in(&root.join("bin"), program);
    let candidates = [Some(own.clone()), on_path(program), cargo_home_tool(program)];
    for candidate in candidates.iter().flatten() {
        if version_of(candidate).as_ref() == Some(version) {
            return Ok(candidate.clone());
        }
    }
    step(&format!("Installing {package} {version} into .tools/ (compiled once, some minutes)"));
    if let Some(found) = on_path(program).and_then(|path| version_of(&path)) {
        say(&format!("    (the one on PATH is {found})"));
    }
    run(
        command(cargo())
            .args(["install", package, "--version", version, "--force"])
            .args(recipe.arguments)
            .arg("--root")
            .arg(&root)
            .current_dir(&project.root)
            .env("CARGO_TARGET_DIR", scratch(project))
            .env_remove("RUSTFLAGS")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", recipe.opt_level),
        "check that crates.io can be reached, or install that version yourself and put it on PATH",
    )?;
    match version_of(&own) {
        Some(found) if found == *version => Ok(own),
        found => bail!(
            "{package} was installed but answers {} instead of {version}; delete .tools/ and try again",
            found.as_deref().unwrap_or("nothing")
        ),
    }
}

fn cargo_home_tool(name: &str) -> Option<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cargo"),
    };
    Some(program_in(&home.join("bin"), name)).filter(|path| path.is_file())
}

fn version_of(program: &Path) -> Option<String> {
    second_word(&first_line(program, &["--version"])?)
}

/// `trunk 0.21.14` and `wasm-bindgen 0.2.130 (abcdef)` alike.
fn second_word(line: &str) -> Option<String> {
    line.split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_off_what_tools_print() {
        assert_eq!(second_word("trunk 0.21.14").as_deref(), Some("0.21.14"));
        assert_eq!(second_word("wasm-bindgen 0.2.130 (1a2b)").as_deref(), Some("0.2.130"));
        assert_eq!(second_word("trunk"), None);
    }

    #[test]
    fn a_program_that_is_not_there_has_no_version() {
        assert_eq!(version_of(Path::new("/no/such/program")), None);
    }
}
