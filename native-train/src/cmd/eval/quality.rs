//! `g2d eval quality`: the whole bench on one bundle.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    bundle_dir, device,
    evaluate::quality::{self, Plan},
    files, output,
};

/// Options of `g2d eval quality`.
#[derive(Debug, Args)]
#[command(after_help = "A case folder is what `g2d data synth` writes. Rows of the splits train \
    and val take no part. The tables go to standard output.")]
pub struct QualityArgs {
    /// Folder of the bundle
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// Phantoms of the first institution; half as many of the second and of the CT, as many
    /// real films of each set, a third as many to choose thresholds on, a quarter of each other kind
    #[arg(long, value_name = "N", default_value_t = 150, value_parser = clap::value_parser!(u16).range(2..=20_000))]
    pub studies: u16,

    /// A case folder of your own and its name in the tables
    #[arg(long, value_name = "DIR=NAME", value_parser = named)]
    pub cases: Vec<(PathBuf, String)>,

    /// Real films: what `g2d films` wrote
    #[arg(long, value_name = "DIR")]
    pub films: Option<PathBuf>,

    /// Projections of a CT: what `g2d data ct` wrote
    #[arg(long, value_name = "DIR")]
    pub ct: Option<PathBuf>,

    /// Pictures that should be refused: what `g2d gate set` wrote, or a folder of folders of images
    #[arg(long, value_name = "DIR")]
    pub others: Option<PathBuf>,

    /// Write the card as JSON (docs/card-v1.schema.json)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write six examples as PNG
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,

    /// Put card.json and the tables of model-card.md into the bundle
    #[arg(long)]
    pub update: bool,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,
}

fn named(text: &str) -> Result<(PathBuf, String), String> {
    match text.rsplit_once('=') {
        Some((folder, name)) if !folder.is_empty() && !name.is_empty() => {
            Ok((folder.into(), name.into()))
        }
        _ => Err("write it like folder=name".into()),
    }
}

/// Measures, prints the tables, writes what was asked for.
///
/// # Errors
/// When the bundle or a set cannot be used, or the device fails.
pub fn run(args: &QualityArgs) -> Result<()> {
    let bundle = bundle_dir::read(&args.model)?;
    let card = args.model.join("model-card.md");
    let card = fs::read_to_string(&card).with_context(|| card.display().to_string())?;
    let (device, info) = device::open(&args.device)?;
    output::say(format_args!("computing on {} {} ({})", info.backend, info.name, info.reason));
    let plan = Plan {
        studies: usize::from(args.studies),
        cases: args.cases.clone(),
        films: args.films.clone(),
        ct: args.ct.clone(),
        others: args.others.clone(),
        pictures: args.pictures.is_some(),
    };
    let gate = bundle.gate().is_some();
    if !gate {
        output::say("this bundle has no gate: refusals are not counted");
    }
    let found = quality::quality(&bundle, &card, (device, info), &plan, gate)
        .with_context(|| args.model.display().to_string())?;
    if let Some(path) = &args.json {
        let mut json = serde_json::to_vec_pretty(&found.card)?;
        json.push(b'\n');
        files::write_atomic(path, &json)?;
    }
    if let Some(folder) = &args.pictures {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for picture in &found.pictures {
            files::write_atomic(&folder.join(&picture.name), &picture.png)?;
        }
    }
    if args.update {
        quality::install(&args.model, &found.card)?;
    }
    Ok(output::line(quality::markdown(&found.card))?)
}
