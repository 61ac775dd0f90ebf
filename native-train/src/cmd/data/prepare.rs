//! `g2d data prepare`: from a data set as it lies on the disk to a pack.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use g2d_core::config::{BodyRule, ResizeKind};

use crate::{
    args::Usage,
    data::{
        prepare::{
            FilmRules, Listing, Options, Order, PerStudy, Sections, TextRules, into_pack,
            may_begin,
            mimic::{self, Mimic},
            openi, pairs,
        },
        synth::Splits,
    },
    output,
};

/// Which data set.
#[derive(Debug, Subcommand)]
pub enum PrepareCommand {
    /// MIMIC-CXR-JPG 2.0.0 or 2.1.0 with the reports of MIMIC-CXR
    Mimic(MimicArgs),
    /// Open-I: XML reports and PNG films of Indiana University
    Openi(OpeniArgs),
    /// Any pairs in a JSONL or CSV manifest
    Manifest(ManifestArgs),
}

/// Options of `g2d data prepare mimic`.
#[derive(Debug, Args)]
pub struct MimicArgs {
    /// Folder of the images: the one with `files`, `files` itself, or one `pNN`
    #[arg(long, value_name = "DIR")]
    pub images: PathBuf,

    /// Folder of the reports' tree; the images' folder where both are merged
    #[arg(long, value_name = "DIR")]
    pub reports: Option<PathBuf>,

    /// Folder of the metadata and split tables; else looked for beside the trees
    #[arg(long, value_name = "DIR")]
    pub tables: Option<PathBuf>,

    /// Wanted views (ViewPosition), or `all`
    #[arg(long, value_name = "VIEWS", value_delimiter = ',', default_value = "AP,PA")]
    pub views: Vec<String>,

    /// Rules for reports.
    #[command(flatten)]
    pub sections: SectionArgs,

    /// Rules for films, and the rest.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Options of `g2d data prepare openi`.
#[derive(Debug, Args)]
pub struct OpeniArgs {
    /// Folder of the films (NLMCXR_png)
    #[arg(long, value_name = "DIR")]
    pub images: PathBuf,

    /// Folder of the XML reports (NLMCXR_reports)
    #[arg(long, value_name = "DIR")]
    pub reports: PathBuf,

    /// Rules for reports.
    #[command(flatten)]
    pub sections: SectionArgs,

    /// How splits are drawn.
    #[command(flatten)]
    pub split: SplitArgs,

    /// Rules for films, and the rest.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Options of `g2d data prepare manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// The manifest: `image`, `text` (or `findings`, `impression`), `group`, `split`
    #[arg(value_name = "FILE")]
    pub manifest: PathBuf,

    /// How splits are drawn.
    #[command(flatten)]
    pub split: SplitArgs,

    /// Rules for films, and the rest.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// How splits are drawn where the data set gives none.
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// Names of the splits and their shares of the patients
    #[arg(long, value_name = "SPLITS", default_value = "train=0.8,val=0.1,test=0.1")]
    pub split: Splits,

    /// Seed of the draw
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
}

/// Which sections of a report are used.
#[derive(Debug, Args)]
pub struct SectionArgs {
    /// Which sections are used
    #[arg(long, value_enum, default_value_t = SectionsArg::Any)]
    pub sections: SectionsArg,

    /// In which order they are written
    #[arg(long, value_enum, default_value_t = OrderArg::ImpressionFindings)]
    pub order: OrderArg,

    /// Take the last paragraphs where there is neither an impression nor findings
    #[arg(long)]
    pub last_paragraph: bool,

    /// Which films of a study are taken
    #[arg(long, value_enum, default_value_t = PerStudyArg::All)]
    pub per_study: PerStudyArg,
}

/// What all data sets share.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Fewest words of a report
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub min_words: usize,

    /// Grey level (of 255) up to which a border counts as empty and is cut off, or `none`
    #[arg(long, value_name = "LEVEL", default_value = "5", value_parser = tolerance)]
    pub crop_tolerance: Tolerance,

    /// How a film becomes a square
    #[arg(long, value_enum, default_value_t = ResizeArg::Squash)]
    pub resize: ResizeArg,

    /// Side of the square in pixels
    #[arg(
        long,
        value_name = "PX",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(32..=4096)
    )]
    pub resize_to: u32,

    /// How the body is told from the background
    #[arg(long, value_enum, default_value_t = BodyArg::Auto)]
    pub body: BodyArg,

    /// Stop at the first row with a fault
    #[arg(long, conflicts_with = "keep_going")]
    pub strict: bool,

    /// Count and name rows with faults, and go on (the default)
    #[arg(long)]
    pub keep_going: bool,

    /// Replace the pack that is in the folder already
    #[arg(long)]
    pub force: bool,

    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,

    /// Rows between two entries of the journal: at most so many are made again after a kill
    #[arg(
        long,
        value_name = "N",
        default_value_t = 128,
        value_parser = clap::value_parser!(u32).range(1..=65_536)
    )]
    pub chunk: u32,
}

/// A grey level, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance(pub Option<u8>);

fn tolerance(text: &str) -> Result<Tolerance, String> {
    match text {
        "none" | "off" => Ok(Tolerance(None)),
        number => number
            .parse()
            .map(|level| Tolerance(Some(level)))
            .map_err(|_| "write a level from 0 to 255, or none".to_owned()),
    }
}

/// The words for `--sections`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SectionsArg {
    /// Whichever there is of impression and findings
    Any,
    /// Both, and both must be there
    Both,
    /// The findings alone
    Findings,
    /// The impression alone
    Impression,
}

/// The words for `--order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    /// As MGCA and the G2D paper join them
    ImpressionFindings,
    /// As reports are written
    FindingsImpression,
}

/// The words for `--per-study`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PerStudyArg {
    /// All of them
    All,
    /// The first one that can be had
    First,
}

/// The words for `--resize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResizeArg {
    /// Scale both sides on their own (the paper's code)
    Squash,
    /// Scale the long side and fill with black (MGCA)
    Pad,
}

/// The words for `--body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BodyArg {
    /// The fixed cut where the air is black, else Otsu's
    Auto,
    /// Otsu's threshold
    Otsu,
    /// A cut at 10 of 255
    Fixed,
    /// The triangle rule
    Triangle,
    /// The whole film counts
    None,
}

/// Does it.
///
/// # Errors
/// When the data set cannot be read, nothing of it is left, or the pack cannot be written.
pub fn run(command: &PrepareCommand) -> anyhow::Result<()> {
    let options = match command {
        PrepareCommand::Mimic(args) => options(&args.common, Some(&args.sections), None),
        PrepareCommand::Openi(args) => {
            options(&args.common, Some(&args.sections), Some(&args.split))
        }
        PrepareCommand::Manifest(args) => options(&args.common, None, Some(&args.split)),
    }?;
    let work = || {
        may_begin(&options)?;
        output::say("Reading the tables and reports");
        into_pack(list(command, &options)?, &options)
    };
    let summary = match options.threads {
        None => work(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .context("the threads cannot be started")?
            .install(work),
    }?;
    output::say(format_args!("{} films packed", summary.films));
    if summary.whole_bodies > 0 {
        let whole = summary.whole_bodies;
        output::say(format_args!("{whole} of them show no believable body: all of them counts"));
    }
    output::json_line(&summary)
}

fn list(command: &PrepareCommand, options: &Options) -> anyhow::Result<Listing> {
    match command {
        PrepareCommand::Mimic(args) => {
            let views: Vec<String> = args.views.iter().map(|v| v.trim().to_uppercase()).collect();
            let all = views.iter().any(|v| v == "ALL");
            let mimic = Mimic {
                images: args.images.clone(),
                reports: args.reports.clone().unwrap_or_else(|| args.images.clone()),
                tables: args.tables.clone(),
                views: (!all).then_some(views),
            };
            mimic::list(&mimic, options)
        }
        PrepareCommand::Openi(args) => openi::list(&args.images, &args.reports, options),
        PrepareCommand::Manifest(args) => pairs::list(&args.manifest, options),
    }
}

fn options(
    common: &CommonArgs,
    sections: Option<&SectionArgs>,
    split: Option<&SplitArgs>,
) -> anyhow::Result<Options> {
    let resize = match common.resize {
        ResizeArg::Squash => ResizeKind::Squash,
        ResizeArg::Pad => ResizeKind::Pad,
    };
    let body = match common.body {
        BodyArg::Auto => BodyRule::Auto,
        BodyArg::Otsu => BodyRule::Otsu,
        BodyArg::Fixed => BodyRule::Fixed,
        BodyArg::Triangle => BodyRule::Triangle,
        BodyArg::None => BodyRule::None,
    };
    // Films of a data set without a split all belong to training, unless shares are given.
    let default: Splits = "train=1".parse().map_err(Usage)?;
    Ok(Options {
        out: common.out.clone(),
        film: FilmRules {
            crop_tolerance: common.crop_tolerance.0,
            resize,
            resize_to: common.resize_to as usize,
            body,
        },
        text: text_rules(common, sections),
        per_study: match sections.map(|s| s.per_study) {
            Some(PerStudyArg::First) => PerStudy::First,
            _ => PerStudy::All,
        },
        splits: split.map_or(default, |s| s.split.clone()),
        seed: split.map_or(0, |s| s.seed),
        strict: common.strict,
        force: common.force,
        threads: common.threads.map(|n| n as usize),
        chunk: common.chunk as usize,
    })
}

fn text_rules(common: &CommonArgs, sections: Option<&SectionArgs>) -> TextRules {
    TextRules {
        sections: match sections.map(|s| s.sections) {
            None | Some(SectionsArg::Any) => Sections::Any,
            Some(SectionsArg::Both) => Sections::Both,
            Some(SectionsArg::Findings) => Sections::Findings,
            Some(SectionsArg::Impression) => Sections::Impression,
        },
        order: match sections.map(|s| s.order) {
            None | Some(OrderArg::ImpressionFindings) => Order::ImpressionFindings,
            Some(OrderArg::FindingsImpression) => Order::FindingsImpression,
        },
        last_paragraph: sections.is_some_and(|s| s.last_paragraph),
        min_words: common.min_words,
    }
}
