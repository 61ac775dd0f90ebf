//! `g2d bench`: stub.

use clap::Args;

/// Options of `g2d bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {}

/// Does it.
///
/// # Errors
/// Not made yet.
pub fn run(_args: &BenchArgs) -> anyhow::Result<()> {
    anyhow::bail!("not made yet")
}
