//! `g2d schema`: the JSON schema of the results.

use g2d_core::outcome;

use crate::output;

/// Prints the schema.
///
/// # Errors
/// When standard output cannot be written.
pub fn run() -> anyhow::Result<()> {
    Ok(output::line(outcome::json_schema())?)
}
