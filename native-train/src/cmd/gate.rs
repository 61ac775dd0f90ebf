//! `g2d gate`: what refuses pictures that are no upright frontal chest films.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use g2d_core::{outcome::NOTICE, session::Session};
use serde::Serialize;

use super::films::DEFAULT_ROOT;
use crate::{
    args::Usage,
    bundle_dir, device, files,
    gate::{Counts, FitPlan, SamplePlan, SetPlan, check, check_set, fit, write_set},
    output,
    public_films::Library,
};

/// What to do with the gate.
#[derive(Debug, Subcommand)]
pub enum GateCommand {
    /// Fit a gate to a bundle's encoder and put it into the bundle
    Fit(FitArgs),
    /// Count what a bundle's gate says of images
    Check(CheckArgs),
    /// Write pictures that should be refused, and films that should not
    Set(SetArgs),
}

/// Options of `g2d gate fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// The model, a folder that `g2d export` wrote; gets a gate.json
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// Real films as `g2d films` reads them; those for training are used
    #[arg(long, value_name = "DIR")]
    pub films: Option<PathBuf>,

    /// Phantoms of each institution
    #[arg(long, value_name = "N", default_value_t = 480)]
    pub phantoms: usize,

    /// Drawings of each of eight subjects
    #[arg(long, value_name = "N", default_value_t = 120)]
    pub drawings: usize,

    /// Strength of the penalty on squared weights; the best of some on held-out pictures when not
    /// given
    #[arg(long, value_name = "X")]
    pub penalty: Option<f32>,

    /// Share of the held-out frontal films, real ones and phantoms each, that may be refused
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    pub refused: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 41)]
    pub seed: u64,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// Options of `g2d gate check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The model with a gate
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// A folder of images
    #[arg(long, value_name = "DIR", required_unless_present = "set")]
    pub images: Option<PathBuf>,

    /// What the images are
    #[arg(long, value_enum, default_value_t = Expect::Frontal)]
    pub expect: Expect,

    /// A set that `g2d gate set` wrote, instead of --images: a table by source and kind
    #[arg(long, value_name = "DIR", conflicts_with = "images")]
    pub set: Option<PathBuf>,

    /// Write the counts as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// The words for `--expect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Frontal chest films, which should pass
    Frontal,
    /// Anything else, which should be refused
    Other,
}

/// Options of `g2d gate set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Real films as `g2d films` reads them; left out where the folder is absent
    #[arg(long, value_name = "DIR", default_value = DEFAULT_ROOT)]
    pub root: PathBuf,

    /// A folder of photographs and radiographs of other parts, one subfolder a source
    #[arg(long, value_name = "DIR")]
    pub other: Option<PathBuf>,

    /// Real frontal films that are inverted and turned
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub turned: usize,

    /// Phantoms of each institution and view
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub phantoms: usize,

    /// Drawings of each of eight subjects
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub drawings: usize,

    /// Seed; not the one of `g2d gate fit`
    #[arg(long, default_value_t = 8_000_041)]
    pub seed: u64,

    /// Replace the set that is in the folder already
    #[arg(long)]
    pub force: bool,
}

/// Side of the phantoms in a set, pixels.
const SET_SIZE: usize = 256;

/// Fewer phantoms leave none to choose the threshold on.
const FEWEST: usize = 10;

/// Does it.
///
/// # Errors
/// The subcommand's own.
pub fn run(command: &GateCommand) -> anyhow::Result<()> {
    match command {
        GateCommand::Fit(args) => run_fit(args),
        GateCommand::Check(args) => run_check(args),
        GateCommand::Set(args) => run_set(args),
    }
}

fn open(model: &Path, wanted: &str) -> anyhow::Result<Session> {
    let bundle = bundle_dir::read(model)?;
    let (device, info) = device::open(wanted)?;
    Session::load(&bundle, device, info).with_context(|| model.display().to_string())
}

fn run_fit(args: &FitArgs) -> anyhow::Result<()> {
    if args.phantoms < FEWEST || !(0.0..1.0).contains(&args.refused) {
        return Err(Usage(format!(
            "--phantoms must be at least {FEWEST} and --refused at least 0 and below 1"
        ))
        .into());
    }
    if args.penalty.is_some_and(|penalty| !(penalty > 0.0 && penalty.is_finite())) {
        return Err(Usage("--penalty must be above 0".into()).into());
    }
    let bundle = bundle_dir::read(&args.model)?;
    let (device, info) = device::open(&args.device)?;
    let session = Session::load_ungated(&bundle, device, info)
        .with_context(|| args.model.display().to_string())?;
    let library = match &args.films {
        Some(root) => Library::open(root)?,
        None => None,
    };
    if library.is_none() {
        output::warn(
            "fitted without real films: what it does with those is only known from `gate check`",
        );
    }
    let samples = SamplePlan {
        phantoms: args.phantoms,
        drawings: args.drawings,
        size: session.config().image.resize_to,
        seed: args.seed,
    };
    let plan = FitPlan { samples, penalty: args.penalty, refused: args.refused };
    let gate = fit(&session, &plan, library.as_ref())?;
    bundle_dir::put_gate(&args.model, &serde_json::to_vec(&gate)?)?;
    output::line(format_args!("threshold {:.3}\n", gate.threshold))?;
    output::line(
        "| source | kind | fitted | held out | passed | right kind |\n|---|---|---|---|---|---|",
    )?;
    for s in &gate.fitted_on.sets {
        output::line(format_args!(
            "| {} | {} | {} | {} | {} | {} |",
            s.source, s.kind, s.fitted, s.held_out, s.passed, s.right_kind
        ))?;
    }
    // Penalty and threshold were chosen on these, so the frontal films pass as asked.
    output::line(format_args!(
        "\nHeld out of the fit, not of the choice of its threshold. {NOTICE}"
    ))?;
    Ok(())
}

fn run_check(args: &CheckArgs) -> anyhow::Result<()> {
    let session = open(&args.model, &args.device)?;
    if let Some(set) = &args.set {
        let rows = check_set(&session, set)?;
        if let Some(path) = &args.json {
            files::write_atomic(path, &serde_json::to_vec_pretty(&rows)?)?;
        }
        output::line(
            "| kind | source | images | should | refused, % (95% interval) | taken for |\n\
             |---|---|---|---|---|---|",
        )?;
        for row in &rows {
            let words = if row.expect == "pass" { "pass" } else { "be refused" };
            let shown = table(&row.counts);
            output::line(format_args!(
                "| {} | {} | {} | {words} | {shown} |",
                row.kind, row.source, row.counts.images
            ))?;
        }
        output::line(format_args!("\n{NOTICE}"))?;
        return Ok(());
    }
    let folder = args.images.as_deref().unwrap_or(Path::new("."));
    let counts = check(&session, folder)?;
    if let Some(path) = &args.json {
        files::write_atomic(path, &serde_json::to_vec_pretty(&counts)?)?;
    }
    let right = match args.expect {
        Expect::Frontal => counts.passed,
        Expect::Other => counts.refused,
    };
    output::json_line(&serde_json::json!({
        "expect": args.expect, "right": right, "counts": counts,
    }))
}

fn table(counts: &Counts) -> String {
    let [p, low, high] = counts.refused_percent();
    let taken: Vec<String> =
        counts.taken_for.iter().map(|(name, n)| format!("{name} {n}")).collect();
    format!("{p:.1} ({low:.1}–{high:.1}) | {}", taken.join(", "))
}

fn run_set(args: &SetArgs) -> anyhow::Result<()> {
    let library = Library::open(&args.root)?;
    if library.is_none() {
        output::warn(format_args!(
            "real films are left out: there are none at {} (no manifest.jsonl)",
            args.root.display()
        ));
    }
    let plan = SetPlan {
        folder: args.out.clone(),
        other: args.other.clone(),
        turned: args.turned,
        phantoms: args.phantoms,
        drawings: args.drawings,
        size: SET_SIZE,
        seed: args.seed,
        force: args.force,
    };
    let counts = write_set(&plan, library.as_ref())?;
    output::json_line(&counts)
}
