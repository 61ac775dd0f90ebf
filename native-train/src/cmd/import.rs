//! `g2d import`: starting weights from the files of other libraries.

use clap::Args;

/// Options of `g2d import`.
#[derive(Debug, Args)]
pub struct ImportArgs {}

/// Does it.
///
/// # Errors
/// Not made yet.
pub fn run(_args: &ImportArgs) -> anyhow::Result<()> {
    anyhow::bail!("not made yet")
}
