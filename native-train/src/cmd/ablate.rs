//! `g2d ablate`: stub.

use clap::Args;

/// Options of `g2d ablate`.
#[derive(Debug, Args)]
pub struct AblateArgs {}

/// Does it.
///
/// # Errors
/// Not made yet.
pub fn run(_args: &AblateArgs) -> anyhow::Result<()> {
    anyhow::bail!("not made yet")
}
