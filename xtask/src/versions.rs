//! Every version that is pinned outside a manifest. The rest has its own home: the compiler in
//! `rust-toolchain.toml`, wasm-bindgen in `Cargo.lock`, playwright-core in `tests/browser/package-lock.json`.

/// Trunk builds the page. 0.22 needs a newer compiler than `rust-toolchain.toml` names.
pub(crate) const TRUNK: &str = "0.21.14";

/// The npm package with `wasm-opt`, used only with `--optimise`.
pub(crate) const BINARYEN: &str = "132.0.0";

/// The target of the page.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The oldest Node.js with the test-runner options in use here. The lock file of the browser tests may ask for
/// more.
pub(crate) const NODE_MAJOR: u32 = 18;

/// Debian packages of the browser. A recommended package it cannot do without is the fonts.
pub(crate) const APT_CHROMIUM: &[&str] = &["chromium", "chromium-driver", "fonts-liberation"];

/// Debian packages of the software Vulkan driver (lavapipe) that the wgpu tests run on.
pub(crate) const APT_VULKAN: &[&str] = &["libvulkan1", "mesa-vulkan-drivers"];

/// Debian packages of Node.js, each with the program it brings.
pub(crate) const APT_NODE: &[(&str, &str)] = &[("node", "nodejs"), ("npm", "npm")];

/// Names under which Chromium or a relative of it is installed.
pub(crate) const CHROMIUM_NAMES: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
