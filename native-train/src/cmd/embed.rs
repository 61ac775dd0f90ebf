//! `g2d embed`: stub.

use clap::Args;

/// Options of `g2d embed`.
#[derive(Debug, Args)]
pub struct EmbedArgs {}

/// Does it.
///
/// # Errors
/// Not made yet.
pub fn run(_args: &EmbedArgs) -> anyhow::Result<()> {
    anyhow::bail!("not made yet")
}
