//! `g2d export`: from a training checkpoint to a bundle.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use g2d_core::{
    Error,
    config::G2dConfig,
    model::G2d,
    outcome::NOTICE,
    weights::{Dtype, load_tensors, save_branches},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    bundle_dir::{self, Parts, Shard},
    device,
    export_check::{self, Differences, Side},
    files, output,
};

/// Options of `g2d export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run's folder (its newest checkpoint is taken) or one checkpoint's
    #[arg(long, value_name = "DIR")]
    pub checkpoint: PathBuf,

    /// Folder of the bundle
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Number format of the weights
    #[arg(long, value_enum, default_value_t = DtypeArg::F16)]
    pub dtype: DtypeArg,

    /// Largest size of one weight file in MiB; more become several
    #[arg(
        long,
        value_name = "MB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=4096)
    )]
    pub shard_mb: u32,

    /// The bundle's name; the folder's name when not given
    #[arg(long)]
    pub name: Option<String>,

    /// Replace the bundle that is in the folder already
    #[arg(long)]
    pub force: bool,
}

/// The words for `--dtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DtypeArg {
    /// Two bytes a number
    F16,
    /// Four bytes a number
    F32,
    /// One byte a number, with a scale for each output channel
    Int8,
}

impl From<DtypeArg> for Dtype {
    fn from(word: DtypeArg) -> Self {
        match word {
            DtypeArg::F16 => Self::F16,
            DtypeArg::F32 => Self::F32,
            DtypeArg::Int8 => Self::Int8,
        }
    }
}

/// What was exported, on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    bundle: &'a Path,
    name: &'a str,
    dtype: Dtype,
    sha256: &'a str,
    bytes: u64,
    files: usize,
    largest_difference: Differences,
}

/// Exports, loads the result again from the disk, compares, and only then puts it into place.
///
/// # Errors
/// When the checkpoint cannot be read, the target is taken, or the bundle does not compute what
/// the checkpoint computes.
pub fn run(args: &ExportArgs) -> anyhow::Result<()> {
    bundle_dir::check_target(&args.out, args.force)?;
    let checkpoint = Checkpoint::find(&args.checkpoint)?;
    let (device, info) = device::open(if cfg!(feature = "flex") { "cpu" } else { "auto" })?;
    let mut model = G2d::new(&checkpoint.config, &device)?;
    load_tensors(&mut model, &[&checkpoint.weights])
        .with_context(|| checkpoint.folder.display().to_string())?;

    let dtype = Dtype::from(args.dtype);
    let parts = Parts {
        name: args.name.clone().unwrap_or_else(|| name_of(&args.out)),
        preset: checkpoint.config.preset.clone(),
        dtype,
        config: serde_json::to_vec_pretty(&checkpoint.config)?,
        tokenizer: checkpoint.tokenizer.clone(),
        weights: save_branches(&model, dtype, (args.shard_mb as usize) << 20)?
            .into_iter()
            .map(|(branch, bytes)| Shard { branch: Some(branch), bytes })
            .collect(),
        card: card(&checkpoint)?,
    };
    let staged = files::staging(&args.out)?;
    let manifest = bundle_dir::write(staged.path(), &parts)?;
    drop(parts);

    output::say("loading the bundle again and comparing it with the checkpoint");
    let original =
        Side::original(model, &checkpoint.config, &checkpoint.tokenizer, &device, &info)?;
    let again = Side::bundle(&bundle_dir::read(staged.path())?, &device, &info)?;
    let differences = export_check::compare(&original, &again)?;
    differences.check(dtype)?;
    drop((original, again));

    let bytes = bundle_dir::size_on_disk(staged.path(), &manifest)?;
    files::move_into_place(staged, &args.out)?;
    output::say(format_args!("{:.1} MiB exported", bytes as f64 / f64::from(1 << 20)));
    output::json_line(&Summary {
        bundle: &args.out,
        name: &manifest.name,
        dtype,
        sha256: &manifest.weights_sha256,
        bytes,
        files: manifest.files.len() + 1,
        largest_difference: differences,
    })
}

fn name_of(folder: &Path) -> String {
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "model".into())
}

/// What an export needs of a checkpoint.
struct Checkpoint {
    folder: PathBuf,
    config: G2dConfig,
    tokenizer: Vec<u8>,
    weights: Vec<u8>,
    step: Option<u64>,
    card: Option<String>,
}

impl Checkpoint {
    /// Reads the checkpoint in a folder, or the newest of the run in that folder.
    fn find(folder: &Path) -> anyhow::Result<Self> {
        let latest = folder.join("checkpoints/latest");
        let folder = if folder.join("model.safetensors").is_file() {
            folder.to_owned()
        } else if latest.is_file() {
            let name = std::fs::read_to_string(&latest)
                .with_context(|| format!("{}: cannot be read", latest.display()))?;
            folder.join("checkpoints").join(name.trim())
        } else {
            return Err(Error::input(
                "G2D-F08",
                "There is neither a checkpoint nor a run with one in this folder",
                "Give --checkpoint the folder that `g2d train` wrote",
            ))
            .with_context(|| folder.display().to_string());
        };
        Self::read(&folder).with_context(|| folder.display().to_string())
    }

    fn read(folder: &Path) -> anyhow::Result<Self> {
        let file = |name: &str| -> anyhow::Result<Vec<u8>> {
            std::fs::read(folder.join(name))
                .map_err(|e| files::reason(&e))
                .with_context(|| name.to_owned())
        };
        let config: G2dConfig = serde_json::from_slice(&file("config.json")?).map_err(|e| {
            Error::weights(
                "G2D-F09",
                format!("The checkpoint's config.json cannot be read ({e})"),
                "Export with the version of the program that trained it",
            )
        })?;
        config.validate()?;
        let state: Option<Value> =
            file("state.json").ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // <run>/checkpoints/step-000100: the card is the run's.
        let run = folder.parent().and_then(Path::parent);
        let card = run.and_then(|run| std::fs::read_to_string(run.join("model-card.md")).ok());
        Ok(Self {
            config,
            tokenizer: file("tokenizer.json")?,
            weights: file("model.safetensors")?,
            step: state.and_then(|s| s.get("step").and_then(Value::as_u64)),
            card,
            folder: folder.to_owned(),
        })
    }
}

/// The run's own model card, or one that says what is known and what is not.
fn card(checkpoint: &Checkpoint) -> anyhow::Result<String> {
    if let Some(card) = &checkpoint.card {
        // The notice stands wherever a result of the model may come from.
        let missing = !card.to_lowercase().contains("not for clinical use");
        return Ok(if missing { format!("{card}\n{NOTICE}\n") } else { card.clone() });
    }
    output::warn("the run has no model-card.md: a card with the known facts is written");
    let config = &checkpoint.config;
    let step = checkpoint.step.map_or_else(|| "unknown".to_owned(), |step| step.to_string());
    let hash = g2d_core::weights::hex_sha256(&serde_json::to_vec(config)?);
    Ok(format!(
        "# Model card\n\n{NOTICE}\n\n\
         | fact | value |\n|---|---|\n\
         | preset | {} |\n\
         | image encoder | ResNet-{}, stem of {} channels |\n\
         | text encoder | BERT, {} layers of width {} |\n\
         | input | {} px |\n\
         | training steps | {step} |\n\
         | SHA-256 of the configuration | {hash} |\n\
         | what the weights saw | not recorded |\n\
         | what they score | not measured |\n",
        config.preset,
        config.encoder.depth,
        config.encoder.width,
        config.text.num_hidden_layers,
        config.text.hidden_size,
        config.image.input_size,
    ))
}
