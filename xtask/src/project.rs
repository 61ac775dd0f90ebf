//! Where things are: the repository, its target folder, its own tools; and what its lock file says.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The paths every command needs.
pub(crate) struct Project {
    /// The repository's root folder.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, `CARGO_TARGET_DIR` or a user's cargo configuration respected.
    pub(crate) target: PathBuf,
}

impl Project {
    /// Finds the repository this program was built from.
    pub(crate) fn find() -> Result<Self> {
        // Cargo sets the variable when it runs a program; the constant is for a program run by hand.
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here
            .parent()
            .filter(|root| root.join("Cargo.lock").is_file())
            .with_context(|| "the repository was not found; run this as `cargo xtask` inside it")?
            .to_path_buf();
        let target = target_folder(&root)?;
        Ok(Self { root, target })
    }

    /// The tools that only this repository uses (ignored by git).
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join(".tools")
    }

    /// The browser tests.
    pub(crate) fn browser_tests(&self) -> PathBuf {
        self.root.join("tests").join("browser")
    }

    /// The command-line program of the release profile.
    pub(crate) fn g2d(&self) -> PathBuf {
        self.target.join("release").join(format!("g2d{}", std::env::consts::EXE_SUFFIX))
    }

    /// The version of `package` in `Cargo.lock`.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let text = std::fs::read_to_string(&path).context("Cargo.lock could not be read")?;
        version_in_lock(&text, package)
    }
}

fn target_folder(root: &Path) -> Result<PathBuf> {
    let output = Command::new(cargo())
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("`cargo metadata` did not print JSON")?;
    let folder = metadata["target_directory"].as_str();
    Ok(PathBuf::from(folder.context("`cargo metadata` named no target folder")?))
}

/// The cargo that runs this program, or the one on PATH.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The version of `package` in the text of a `Cargo.lock`. Two versions of one package are an error:
/// the tool could match only one of them.
pub(crate) fn version_in_lock(text: &str, package: &str) -> Result<String> {
    let lock: toml::Table = toml::from_str(text).context("Cargo.lock is not valid TOML")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let mut versions = packages
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .filter_map(|entry| entry.get("version").and_then(toml::Value::as_str));
    let Some(version) = versions.next() else {
        bail!("Cargo.lock does not name {package}; run `cargo generate-lockfile`");
    };
    if let Some(other) = versions.next() {
        bail!("Cargo.lock names {package} twice ({version} and {other}); keep one");
    }
    Ok(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\
        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n\
        [[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.2.131\"\n\
        [[package]]\nname = \"twice\"\nversion = \"1.0.0\"\n\
        [[package]]\nname = \"twice\"\nversion = \"2.0.0\"\n";

    #[test]
    fn reads_the_version_of_the_very_package() {
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen").unwrap(), "0.2.130");
    }

    #[test]
    fn a_missing_a_doubled_and_a_broken_entry_are_errors() {
        assert!(version_in_lock(LOCK, "bindgen").unwrap_err().to_string().contains("not name"));
        let twice = version_in_lock(LOCK, "twice").unwrap_err().to_string();
        assert!(twice.contains("1.0.0 and 2.0.0"), "{twice}");
        assert!(version_in_lock("[[package", "twice").is_err());
    }

    #[test]
    fn this_repository_locks_wasm_bindgen() {
        let version = Project::find().unwrap().locked_version("wasm-bindgen").unwrap();
        assert_eq!(version.split('.').count(), 3, "{version}");
    }
}
