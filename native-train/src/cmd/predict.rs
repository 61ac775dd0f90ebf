//! `g2d predict`: grounds reports on images.

use std::{
    collections::BTreeSet,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use g2d_core::{
    Error,
    config::MapSource,
    image::{self, Limits},
    outcome::Status,
    session::{Grounded, Session},
    text,
};
use serde::Serialize;

use crate::{args::Usage, bundle_dir, device, files, output, panics, result_dir, wait::block_on};

/// Reports are read up to here; the core's own limit is far below and has its own words.
const REPORT_READ_LIMIT: u64 = 4 << 20;

/// Options of `g2d predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Chest X-rays, PNG or JPEG
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,

    /// The report, a text file in UTF-8 or - for standard input; once for all images, or once
    /// for each in their order
    #[arg(long = "report", required = true, value_name = "FILE")]
    pub reports: Vec<PathBuf>,

    /// The model, a folder that `g2d export` wrote
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// Folder for the results; each image gets a folder of its name in it
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// What computes: auto, cpu, wgpu, wgpu:cpu, cuda, cuda:1 …
    #[arg(long, default_value = "auto")]
    pub device: String,

    /// Which map a sentence is read from; the model's own choice when not given
    #[arg(long, value_enum)]
    pub map: Option<MapArg>,

    /// Write the maps too, as little-endian f32
    #[arg(long)]
    pub maps: bool,

    /// Ground also what does not look like an upright frontal chest film; the warning stays
    #[arg(long)]
    pub force: bool,

    /// Opacity of the masks in the overlay, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.35, value_parser = share)]
    pub opacity: f32,
}

/// The words for `--map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MapArg {
    /// The local alignment head
    Local,
    /// Each place through the pool's value and output projections
    Value,
    /// The projected patch itself
    Proj,
    /// The attention; the same for every sentence
    Attention,
}

impl From<MapArg> for MapSource {
    fn from(word: MapArg) -> Self {
        match word {
            MapArg::Local => Self::Local,
            MapArg::Value => Self::Value,
            MapArg::Proj => Self::Proj,
            MapArg::Attention => Self::Attention,
        }
    }
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("it must be a number from 0 to 1".into()),
    }
}

/// One line on standard output.
#[derive(Serialize)]
struct Done<'a> {
    image: &'a Path,
    outcome: &'a Path,
}

/// Grounds every image; one that fails is told and does not stop the others.
///
/// # Errors
/// When the model or the device cannot be used, or when any image failed.
pub fn run(args: &PredictArgs) -> anyhow::Result<()> {
    check_usage(args)?;
    let reports: Vec<anyhow::Result<String>> = args.reports.iter().map(|p| report(p)).collect();
    if let [Err(error)] = reports.as_slice() {
        // Every image would fail for the same reason: say it once, before anything is computed.
        anyhow::bail!("{error:#}");
    }
    let bundle = bundle_dir::read(&args.model)?;
    let (device, info) = device::open(&args.device)?;
    output::say(format_args!("computing on {} {} ({})", info.backend, info.name, info.reason));
    let mut session =
        Session::load(&bundle, device, info).with_context(|| args.model.display().to_string())?;
    drop(bundle);
    if args.force {
        session.overrule_gate();
    }

    let mut taken = BTreeSet::new();
    let mut failed = 0;
    for (i, image) in args.images.iter().enumerate() {
        // Named before the image is read, so that a failure does not move its neighbours.
        let stem = image.file_stem().map(|s| s.to_string_lossy().into_owned());
        let folder = args.out.join(files::distinct(&stem.unwrap_or_default(), &mut taken));
        let report = if reports.len() == 1 { &reports[0] } else { &reports[i] };
        let result = match report {
            Ok(report) => panics::contained(|| one(args, &session, image, report, &folder))
                .with_context(|| image.display().to_string()),
            Err(error) => Err(anyhow::anyhow!("{}: {error:#}", image.display())),
        };
        match result {
            Ok(outcome) => output::json_line(&Done { image, outcome: &outcome })?,
            Err(error) => {
                failed += 1;
                output::error(&error);
            }
        }
    }
    if failed > 0 {
        anyhow::bail!("{failed} of {} images failed", args.images.len());
    }
    Ok(())
}

fn check_usage(args: &PredictArgs) -> Result<(), Usage> {
    let (images, reports) = (args.images.len(), args.reports.len());
    if reports != 1 && reports != images {
        return Err(Usage(format!(
            "there are {images} images and {reports} reports; give --report once for all images, \
             or once for each"
        )));
    }
    if args.reports.iter().filter(|p| p.as_os_str() == "-").count() > 1 {
        return Err(Usage("standard input can be read once only; give one --report -".into()));
    }
    Ok(())
}

/// Reads a report and checks that it can be used.
fn report(path: &Path) -> anyhow::Result<String> {
    let read = || -> anyhow::Result<String> {
        let bytes = if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            io::stdin().lock().take(REPORT_READ_LIMIT).read_to_end(&mut bytes)?;
            bytes
        } else {
            files::read_at_most(path, REPORT_READ_LIMIT)?
        };
        let report = String::from_utf8(bytes).map_err(|_| {
            Error::input(
                "G2D-F07",
                "The report is not UTF-8 text",
                "Save it as plain text in UTF-8; a PDF or a Word file is not plain text",
            )
        })?;
        // Editors of one well-known system put an invisible mark in front.
        let report = report.strip_prefix('\u{feff}').unwrap_or(&report).to_owned();
        text::parse_report(&report)?;
        Ok(report)
    };
    read().with_context(|| match path.as_os_str() == "-" {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    })
}

/// Grounds one report on one image and writes the result; gives the path of its outcome.
fn one(
    args: &PredictArgs,
    session: &Session,
    image: &Path,
    report: &str,
    folder: &Path,
) -> anyhow::Result<PathBuf> {
    let limits = Limits::default();
    let started = Instant::now();
    let bytes = files::read_at_most(image, limits.max_bytes as u64)?;
    let film = image::decode(&bytes, &limits)?;
    drop(bytes);
    let decoded = started.elapsed();

    let source = args.map.map_or(session.config().grounding.source, MapSource::from);
    let mut grounded: Grounded = block_on(async {
        let encoded = session.encode_image(&film).await?;
        session.ground_with(&encoded, report, source).await
    })?;
    grounded.outcome.timings_ms.insert("decode".into(), decoded.as_secs_f64() * 1000.0);
    for warning in &grounded.outcome.warnings {
        let shown = image.display();
        output::warn(format_args!("{shown}: {} [{}]", warning.message, warning.code));
    }
    if grounded.outcome.status == Status::Refused {
        output::warn(format_args!("{}: no mask is shown; --force shows them", image.display()));
    }
    // Films of 10 to 14 bits stored in 16 would be almost black to the eye.
    let shown = if film.bits > 8 { image::stretch(&film.pixels) } else { film.pixels };
    result_dir::write(folder, &shown, &grounded, args.opacity, args.maps)?;
    Ok(folder.join("outcome.json"))
}
