//! `g2d info`: about this program, its devices and a model.

use std::path::PathBuf;

use clap::Args;
use g2d_core::{config::G2dConfig, model::G2d, outcome::NOTICE, weights::Dtype};
use serde::Serialize;

use crate::{
    bundle_dir,
    device::{self, Listed},
    output,
    parameters::Parameters,
};

/// Options of `g2d info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// A bundle's folder
    #[arg(long, value_name = "DIR", conflicts_with = "preset")]
    pub model: Option<PathBuf>,

    /// A preset's size without any weights: base, small or tiny
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,

    /// List the devices that this build can use
    #[arg(long)]
    pub devices: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report {
    version: &'static str,
    back_ends: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<Vec<Listed>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<ModelReport>,
    notice: &'static str,
}

#[derive(Serialize)]
struct ModelReport {
    preset: String,
    input_size: usize,
    parameters: Parameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<BundleReport>,
}

#[derive(Serialize)]
struct BundleReport {
    name: String,
    dtype: Dtype,
    sha256: String,
    bytes: u64,
    weight_bytes: u64,
    files: usize,
}

/// Tells.
///
/// # Errors
/// When the bundle cannot be read.
pub fn run(args: &InfoArgs) -> anyhow::Result<()> {
    let model = model(args)?;
    // Asked for nothing in particular, the devices are what a new user needs.
    let devices = (args.devices || model.is_none()).then(device::list);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        back_ends: device::BUILT_WITH,
        devices,
        model,
        notice: NOTICE,
    };
    if args.json { output::json_line(&report) } else { print(&report) }
}

fn model(args: &InfoArgs) -> anyhow::Result<Option<ModelReport>> {
    if let Some(folder) = &args.model {
        let bundle = bundle_dir::read(folder)?;
        let manifest = &bundle.manifest;
        let told = BundleReport {
            name: manifest.name.clone(),
            dtype: manifest.dtype,
            sha256: manifest.weights_sha256.clone(),
            bytes: bundle_dir::size_on_disk(folder, manifest)?,
            weight_bytes: bundle.weights().iter().map(|w| w.len() as u64).sum(),
            files: manifest.files.len() + 1,
        };
        return Ok(Some(describe(&bundle.config()?, Some(told))?));
    }
    let Some(name) = &args.preset else {
        return Ok(None);
    };
    let mut config = G2dConfig::preset(name)?;
    if config.text.vocab_size == 0 {
        // The smaller presets take the vocabulary of whatever tokenizer they are trained with.
        config.text.vocab_size = g2d_core::phantom::vocabulary().len();
    }
    Ok(Some(describe(&config, None)?))
}

fn describe(config: &G2dConfig, bundle: Option<BundleReport>) -> anyhow::Result<ModelReport> {
    let (device, _) = device::open(device::BUILT_WITH.first().copied().unwrap_or("auto"))?;
    let model = G2d::new(config, &device)?;
    Ok(ModelReport {
        preset: config.preset.clone(),
        input_size: config.image.input_size,
        parameters: Parameters::of(&model),
        bundle,
    })
}

fn print(report: &Report) -> anyhow::Result<()> {
    output::line(format_args!(
        "g2d {}, built with {}",
        report.version,
        report.back_ends.join(", ")
    ))?;
    for device in report.devices.iter().flatten() {
        output::line(format_args!("device      {device}"))?;
    }
    if let Some(model) = &report.model {
        print_model(model)?;
    }
    Ok(output::line(report.notice)?)
}

fn print_model(model: &ModelReport) -> anyhow::Result<()> {
    if let Some(bundle) = &model.bundle {
        output::line(format_args!("model       {}", bundle.name))?;
        output::line(format_args!("sha256      {}", bundle.sha256))?;
        output::line(format_args!(
            "size        {:.1} MiB in {} files, weights as {:?}",
            bundle.bytes as f64 / f64::from(1 << 20),
            bundle.files,
            bundle.dtype
        ))?;
    }
    output::line(format_args!("preset      {}, input {} px", model.preset, model.input_size))?;
    let p = &model.parameters;
    let rows = [
        ("image encoder", p.image_encoder),
        ("decoder", p.decoder),
        ("projectors and pool", p.projectors_and_pool),
        ("text encoder", p.text_encoder),
        ("local head", p.local_head),
        ("total", p.total),
    ];
    for (part, count) in rows {
        output::line(format_args!("parameters  {part:<20} {count:>12}"))?;
    }
    Ok(())
}
