//! `g2d bench`: speed and memory.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    args::Usage,
    bench::{
        self, Float, Plan,
        clock::Clock,
        machine::{Machine, Memory},
        pseudo_mask::Sizes,
        report::{Report, Row},
        step::Feed,
    },
    device, output,
};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum What {
    /// Studies to batches
    Data,
    /// The decoder's targets of a batch
    PseudoMask,
    /// Encoders and decoder without gradients
    Forward,
    /// Whole training steps
    Step,
    /// Convolution gradients against the CPU's
    Conv,
    /// Each convolution of the model alone; only when asked for by name
    Layers,
    /// All of them but the layers
    All,
}

/// Options of `g2d bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure
    #[arg(value_enum, default_value = "all", value_name = "WHAT")]
    pub what: Vec<What>,

    /// A shipped configuration, a TOML file, or a preset: base, small, tiny
    #[arg(long, value_name = "NAME|FILE", default_value = "small")]
    pub config: String,

    /// Override one value of the configuration; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,

    /// Images in a batch; the configuration's own, and 64 for pseudo-mask
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,

    /// Side of the pseudo mask in pixels
    #[arg(long, value_name = "PX", default_value_t = 256)]
    pub mask_size: usize,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,

    /// Numbers of the network
    #[arg(long, value_enum, default_value = "f32")]
    pub float: Float,

    /// Repeats that count, at least
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub repeats: usize,

    /// Repeats before that, which do not count
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub warmup: usize,

    /// Go on with each measurement until this much time has passed
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    pub seconds: f64,

    /// Different batches, taken in turn
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub batches: usize,

    /// Write everything as JSON, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Measure nothing; print the shapes of the training step as JSON
    #[arg(long, conflicts_with = "json")]
    pub describe: bool,
}

/// Measures.
///
/// # Errors
/// When the configuration, the data or the device cannot be used.
pub fn run(args: &BenchArgs) -> Result<()> {
    if args.repeats == 0 || args.batches == 0 || args.mask_size == 0 || args.batch == Some(0) {
        let what = "--repeats, --batches, --batch and --mask-size are at least 1";
        return Err(Usage(what.into()).into());
    }
    let at_least = Duration::try_from_secs_f64(args.seconds)
        .map_err(|_| Usage("--seconds is a number of seconds, 0 or more".into()))?;
    let config = bench::config(&args.config, args.batch, &args.overrides)?;
    let (mut device, info) = device::open(&args.device)?;
    args.float.configure(&mut device)?;
    let clock = Clock { warmup: args.warmup, repeats: args.repeats, at_least };
    let plan = Plan { config, batches: args.batches, clock, device };
    if args.describe {
        return output::json_line(&bench::describe::describe(&plan, &Feed::new(&plan)?)?);
    }

    let wants = |what: What| args.what.contains(&what) || args.what.contains(&What::All);
    let mut rows: Vec<Row> = Vec::new();
    if wants(What::PseudoMask) {
        output::say("measuring the pseudo mask");
        let mask = plan.config.model_config(1)?;
        let sizes = Sizes {
            batch: args.batch.unwrap_or(64),
            heads: mask.attention.heads,
            grid: (args.mask_size / 32).max(1),
            side: args.mask_size,
        };
        rows.extend(bench::pseudo_mask::measure(&plan.clock, &sizes, &mask.pseudo_mask)?);
    }
    if wants(What::Conv) {
        output::say("comparing convolution gradients with the CPU's");
        rows.extend(bench::conv::measure(&plan, args.float == Float::Bf16)?);
    }
    if args.what.contains(&What::Layers) {
        output::say("measuring layer by layer");
        rows.extend(bench::layers::measure(&plan)?);
    }
    let needs_data = [What::Data, What::Forward, What::Step].into_iter().any(wants);
    if needs_data {
        output::say("making the studies");
        let feed = Feed::new(&plan)?;
        if wants(What::Data) {
            output::say("measuring the data pipeline");
            rows.extend(bench::data::measure(&plan.clock, &feed)?);
        }
        if wants(What::Forward) {
            output::say("measuring the forward pass");
            rows.extend(bench::forward::measure(&plan, &feed)?);
        }
        if wants(What::Step) {
            output::say("measuring training steps");
            rows.extend(bench::step::measure(&plan, &feed)?);
        }
    }
    let model = plan.config.model_config(1)?;
    let report = Report {
        schema: Report::SCHEMA,
        machine: Machine::here(&info, args.float.name()),
        config: args.config.clone(),
        preset: plan.config.preset.clone(),
        input_size: model.image.input_size,
        batch: plan.config.batch_size,
        rows,
        memory: Memory::now(&plan.device),
        notice: Report::NOTICE,
    };
    report.publish(args.json.as_deref())
}
