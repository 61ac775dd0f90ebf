//! Node.js and the npm packages of the browser tests, at the versions of their lock file.

use crate::process::{command, run, step};
use crate::project::Project;
use crate::{system, versions};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// Makes sure of Node.js, and runs `npm ci` when what is installed is not what the lock file says.
pub(crate) fn ensure(project: &Project) -> Result<()> {
    let folder = project.browser_tests();
    let lock = std::fs::read_to_string(folder.join("package-lock.json"))
        .context("tests/browser/package-lock.json could not be read")?;
    let lock: Value = serde_json::from_str(&lock).context("package-lock.json is not valid JSON")?;
    system::node(oldest_node(&lock).max(versions::NODE_MAJOR))?;
    if wanted(&lock)?.iter().all(|(path, version)| installed(&folder.join(path), version)) {
        return Ok(());
    }
    step("Installing the npm packages of the browser tests");
    run(
        command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder),
        "check that the npm registry can be reached",
    )
}

/// Folder and version of every package in a `package-lock.json`.
fn wanted(lock: &Value) -> Result<Vec<(String, String)>> {
    let Some(packages) = lock["packages"].as_object() else {
        bail!("package-lock.json has no `packages`; write it again with a current npm");
    };
    Ok(packages
        .iter()
        .filter(|(path, entry)| !path.is_empty() && entry["optional"] != Value::Bool(true))
        .filter_map(|(path, entry)| Some((path.clone(), entry["version"].as_str()?.to_owned())))
        .collect())
}

/// The newest major version of Node.js that a package asks for as its oldest (`"engines": {"node": ">=20"}`).
fn oldest_node(lock: &Value) -> u32 {
    let packages = lock["packages"].as_object().into_iter().flatten();
    let asked = packages.filter_map(|(_, entry)| {
        let text = entry["engines"]["node"].as_str()?.strip_prefix(">=")?.trim_start();
        text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    asked.max().unwrap_or(0)
}

/// Whether the package in this folder has this version.
pub(crate) fn installed(folder: &Path, version: &str) -> bool {
    let read = std::fs::read_to_string(folder.join("package.json"));
    let package = read.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    package.is_some_and(|package| package["version"].as_str() == Some(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_must_be_installed() {
        let lock = serde_json::json!({"packages": {
            "": {"name": "tests"},
            "node_modules/playwright-core": {"version": "1.64.1", "engines": {"node": ">=20.1"}},
            "node_modules/other": {"version": "1.0.0", "engines": {"node": ">= 18"}},
            "node_modules/fsevents": {"version": "2.3.2", "optional": true},
        }});
        let wanted = wanted(&lock).unwrap();
        assert_eq!(wanted.len(), 2);
        assert!(wanted.contains(&("node_modules/playwright-core".into(), "1.64.1".into())));
        assert_eq!(oldest_node(&lock), 20);
    }

    #[test]
    fn an_empty_lock_file_and_an_empty_folder_are_seen() {
        assert!(wanted(&serde_json::json!({})).is_err());
        assert_eq!(oldest_node(&serde_json::json!({})), 0);
        assert!(!installed(Path::new("/no/such/folder"), "1.64.1"));
    }
}
