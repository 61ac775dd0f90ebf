//! `g2d films`: real films of public collections, for training and for evaluation.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    output,
    public_films::{Funnel, Library, Target, write_eval, write_train},
};

/// Where the folder lies beside a checkout of this project.
pub const DEFAULT_ROOT: &str = "../shared/data/cxr";

/// Options of `g2d films`.
#[derive(Debug, Args)]
#[command(
    after_help = "Freely licensed frontal films of 85% of the patients train (5% of them as \
    val); the other patients, all with a finding box, and all films that may not be given on are \
    evaluated on only. `train` is a pairs manifest; `eval` are folders of cases: lung, findings, \
    labels. Where the folder is absent the command says so and does nothing."
)]
pub struct FilmsArgs {
    /// The folder of the collections: manifest.jsonl, images/, boxes_*.jsonl
    #[arg(long, value_name = "DIR", default_value = DEFAULT_ROOT)]
    pub root: PathBuf,

    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Which sets
    #[arg(long = "use", value_enum, default_value_t = Use::All)]
    pub uses: Use,

    /// Longest side of the written films in pixels; as they are when not given
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(32..=4096))]
    pub side: Option<u32>,

    /// Replace sets that are in the folder already
    #[arg(long)]
    pub force: bool,
}

/// The words for `--use`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Use {
    /// Pairs for training
    Train,
    /// Cases for evaluation
    Eval,
    /// Both
    All,
}

/// One set, on standard output.
#[derive(Serialize)]
struct Done<'a> {
    manifest: &'a PathBuf,
    films: usize,
    funnel: &'a Funnel,
}

/// Writes the sets.
///
/// # Errors
/// When the folder is damaged, a patient would be on both sides, or the target cannot be written.
pub fn run(args: &FilmsArgs) -> anyhow::Result<()> {
    let Some(library) = Library::open(&args.root)? else {
        output::warn(format_args!(
            "skipped: there are no public films at {} (no manifest.jsonl); give their folder with \
             --root",
            args.root.display()
        ));
        return Ok(());
    };
    let side = args.side.map(|side| side as usize);
    let target = Target { folder: args.out.clone(), side, force: args.force };
    let mut done = Vec::new();
    if args.uses != Use::Eval {
        done.push(write_train(&library, &target)?);
    }
    if args.uses != Use::Train {
        done.extend(write_eval(&library, &target)?);
    }
    for (manifest, funnel) in &done {
        for line in funnel.lines() {
            output::say(line);
        }
        output::json_line(&Done { manifest, films: funnel.left(), funnel })?;
    }
    Ok(())
}
