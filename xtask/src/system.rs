//! What the tests need from the system: a browser, and a software Vulkan driver for the wgpu tests.
//! Installed where the system's package manager can; elsewhere a message says what to do.

use crate::process::{command, first_line, on_path, run, say, step};
use crate::versions;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Chromium, found or installed.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("G2D_CHROMIUM").map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        bail!(
            "G2D_CHROMIUM does not name a file; set it to the path of a Chromium or Chrome program"
        );
    }
    if let Some(path) = find_chromium() {
        return Ok(path);
    }
    install(versions::APT_CHROMIUM, "the browser tests need Chromium")?;
    match find_chromium() {
        Some(path) => Ok(path),
        None => bail!(
            "Chromium was installed but is not on PATH; set G2D_CHROMIUM to the path of its program"
        ),
    }
}

fn find_chromium() -> Option<PathBuf> {
    let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    let named = versions::CHROMIUM_NAMES.iter().find_map(|name| on_path(name));
    named.or_else(|| mac.is_file().then(|| mac.to_path_buf()))
}

/// Node.js of at least this major version and npm, found or installed.
pub(crate) fn node(oldest: u32) -> Result<()> {
    let missing = versions::APT_NODE.iter().filter(|(program, _)| on_path(program).is_none());
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if !packages.is_empty() {
        install(&packages, "Node.js and npm are needed")?;
    }
    match first_line("node", &["--version"]).as_deref().and_then(node_major) {
        Some(major) if major >= oldest => Ok(()),
        Some(major) => bail!(
            "Node.js {major} is too old and this system's packages have no newer one; install Node.js \
             {oldest} or newer and put it on PATH"
        ),
        None => bail!("`node --version` gave no version; install Node.js {oldest} or newer"),
    }
}

fn node_major(line: &str) -> Option<u32> {
    line.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// A software Vulkan driver. On other systems than Linux the system's own GPU interface is used.
pub(crate) fn vulkan() -> Result<()> {
    let chosen =
        ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"].iter().any(|v| std::env::var_os(v).is_some());
    if !cfg!(target_os = "linux") || chosen || lavapipe() {
        return Ok(());
    }
    install(versions::APT_VULKAN, "the wgpu tests need a software Vulkan driver (lavapipe)")
}

fn lavapipe() -> bool {
    ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("lvp_icd"))
}

/// How packages can be installed here.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Right {
    Root,
    Sudo,
    None,
}

fn right() -> Right {
    if on_path("apt-get").is_none() {
        return Right::None;
    }
    if first_line("id", &["-u"]).as_deref() == Some("0") {
        return Right::Root;
    }
    let sudo = command("sudo").args(["-n", "true"]).output();
    if sudo.is_ok_and(|output| output.status.success()) { Right::Sudo } else { Right::None }
}

fn install(packages: &[&str], why: &str) -> Result<()> {
    let list = packages.join(" ");
    let right = right();
    if right == Right::None {
        bail!("{}", by_hand(why, &list));
    }
    step(&format!("Installing {list} ({why})"));
    let remedy = format!("install {list} by hand and try again");
    if !package_lists() {
        run(&mut apt(right, &["update"]), "check the package sources of this system")?;
    }
    let arguments = [&["install", "--yes", "--no-install-recommends"][..], packages].concat();
    if run(&mut apt(right, &arguments), &remedy).is_ok() {
        return Ok(());
    }
    say("    (once more, with new package lists)");
    run(&mut apt(right, &["update"]), "check the package sources of this system")?;
    run(&mut apt(right, &arguments), &remedy)
}

fn by_hand(why: &str, list: &str) -> String {
    format!(
        "{why}, and packages cannot be installed from here (no apt-get, or neither root nor \
         passwordless sudo). On Debian or Ubuntu: `sudo apt-get install {list}`; elsewhere install the same by \
         your system's means. Another browser: set G2D_CHROMIUM to its program. Without the browser: \
         `cargo xtask test --skip-browser`"
    )
}

fn apt(right: Right, arguments: &[&str]) -> Command {
    let mut command = match right {
        Right::Sudo => {
            let mut sudo = command("sudo");
            sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            sudo
        }
        Right::Root | Right::None => command("apt-get"),
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet").args(arguments);
    command
}

/// A fresh image has no lists: every package would be unknown.
fn package_lists() -> bool {
    let Ok(entries) = std::fs::read_dir("/var/lib/apt/lists") else {
        return false;
    };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_of_node() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("20.20.2"), None);
        assert_eq!(node_major("v"), None);
    }

    #[test]
    fn who_cannot_install_is_told_the_packages_and_the_ways_round() {
        let text = by_hand("the browser tests need Chromium", "chromium fonts-liberation");
        for part in ["chromium fonts-liberation", "G2D_CHROMIUM", "--skip-browser"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn sudo_is_never_asked_for_a_password() {
        let command = apt(Right::Sudo, &["update"]);
        assert_eq!(command.get_program(), "sudo");
        assert_eq!(command.get_args().next().and_then(|a| a.to_str()), Some("-n"));
    }
}
