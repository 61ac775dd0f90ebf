//! Measures a model on anyone's data: rows of a plain manifest in, scores with definitions,
//! intervals and trivial baselines out.
//!
//! | module | does |
//! |---|---|
//! | [`rows`], [`labels`], [`splits`] | reads the manifest row by row |
//! | [`films`] | images to the network's input, texts to vectors |
//! | [`truth`], [`cut`], [`place_scores`], [`places`] | grounding: where is it |
//! | [`prompts`], [`class_scores`], [`classes`] | zero-shot classification: is it there |
//! | [`pairs`] | retrieval: which text belongs to which image |
//! | [`arrays`] | vectors as safetensors or npy |
//! | [`report`] | the result |

pub mod arrays;
pub mod class_scores;
pub mod classes;
pub mod cut;
pub mod films;
pub mod labels;
pub mod pairs;
pub mod place_scores;
pub mod places;
pub mod prompts;
pub mod report;
pub mod rows;
pub mod splits;
pub mod truth;

use anyhow::Result;
use g2d_core::Error;

use rows::{Row, Rows};
use splits::Chosen;

/// Reads a manifest and parts its rows; lines that are no rows are told and counted.
///
/// # Errors
/// When the file cannot be read, or no row of the split is there.
pub fn open(
    path: &std::path::Path,
    split: Option<&str>,
    tally: &mut report::Tally,
) -> Result<(Chosen, usize)> {
    let Rows { rows, broken } = rows::read(path)?;
    let all = rows.len() + broken.len();
    for (line, error) in broken {
        tally.fail(line, &error.into());
    }
    if rows.is_empty() {
        return Err(nothing_usable(all));
    }
    let mut chosen = splits::choose(rows, split)?;
    for (line, error) in std::mem::take(&mut chosen.broken) {
        tally.fail(line, &error.into());
    }
    tally.leave_out_many("of another split", chosen.other);
    Ok((chosen, all))
}

/// The error of a manifest in which no row can be used.
pub fn nothing_usable(rows: usize) -> anyhow::Error {
    let what = match rows {
        0 => "The manifest has no rows".to_owned(),
        1 => "The only row of the manifest cannot be used".to_owned(),
        n => format!("None of the manifest's {n} rows can be used"),
    };
    Error::input("G2D-M41", what, "See the messages above, and the columns that the task needs")
        .into()
}

/// Whose row it is; without a group every image stands alone.
fn group_of(row: &Row) -> Result<String, Error> {
    match row.group()? {
        Some(group) => Ok(format!("group {group}")),
        None => Ok(format!("image {}", row.image()?.display())),
    }
}
