//! `g2d ablate`: sets of runs that differ in one switch, compared seed by seed.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::{
    ablate::{Set, compare, report, run_all},
    args::Usage,
    device, files, output,
    training::Interrupted,
};

/// Options of `g2d ablate`.
#[derive(Debug, Args)]
pub struct AblateArgs {
    /// A shipped set (families, thresholds, heads, refinement, losses, projector) or a TOML file;
    /// each of several gets a folder of its name in --out
    #[arg(long, value_name = "NAME|FILE", required = true, num_args = 1..)]
    pub config: Vec<String>,

    /// How many seeds, or a list of them with commas (`7,` is the seed 7 alone)
    #[arg(long, value_name = "N|SEED,…", default_value = "3")]
    pub seeds: String,

    /// Folder of the set; what it holds of this set is not run again
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Override one value of the configuration for all variants, for example --set steps=100; may
    /// be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,

    /// auto, cpu, wgpu, cuda[:i] or remote:ws://HOST:PORT; several with commas share each batch
    #[arg(long, value_name = "DEVICE[,DEVICE…]", default_value = "auto")]
    pub device: String,
}

/// Runs what is not yet done and prints the comparison as Markdown.
///
/// # Errors
/// When a set cannot run, the folder holds another one, or a run fails.
pub fn run(args: &AblateArgs) -> Result<()> {
    let sets: Vec<Set> =
        args.config.iter().map(|name| Set::read(name, &args.overrides)).collect::<Result<_>>()?;
    // Everything that can be wrong with one of them is told before the first is run for hours.
    let mut planned = Vec::new();
    for set in sets {
        let out = if args.config.len() > 1 { args.out.join(&set.name) } else { args.out.clone() };
        if planned.iter().any(|(_, other, _)| *other == out) {
            return Err(Usage(format!("--config names two sets {:?}", set.name)).into());
        }
        let seeds = seeds(&args.seeds, set.variants.first().map_or(0, |v| v.config.seed))?;
        planned.push((set, out, seeds));
    }
    for (set, out, _) in &planned {
        set.claim(out)?;
    }
    let opened = device::open_all(&args.device)?;
    let devices: Vec<_> = opened.iter().map(|(device, _)| device.clone()).collect();
    for (_, info) in &opened {
        output::say(format_args!("running on {} ({}; {})", info.backend, info.name, info.reason));
    }
    for (set, out, seeds) in &planned {
        let results = run_all(set, seeds, out, &devices).inspect_err(|error| {
            if error.is::<Interrupted>() {
                output::say("the set goes on from here when the same command is given again");
            }
        })?;
        write(set, seeds, out, &results)?;
    }
    Ok(())
}

fn write(
    set: &Set,
    seeds: &[u64],
    out: &Path,
    results: &crate::ablate::runs::Results,
) -> Result<()> {
    let found = compare(set, seeds, results);
    let text = report::markdown(&found);
    files::write_atomic(&out.join("ablation.json"), &serde_json::to_vec_pretty(&found)?)?;
    files::write_atomic(&out.join("ablation.md"), text.as_bytes())?;
    Ok(output::line(text)?)
}

/// `3` is the configuration's seed and the two after it, `3,5` are 3 and 5.
fn seeds(text: &str, first: u64) -> Result<Vec<u64>> {
    let wrong = || Usage(format!("--seeds {text} is neither a number above 0 nor a list of seeds"));
    if !text.contains(',') {
        let count: u64 = text.trim().parse().map_err(|_| wrong())?;
        return if count == 0 { Err(wrong().into()) } else { Ok((first..first + count).collect()) };
    }
    let mut list = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let seed = part.parse().map_err(|_| wrong())?;
        if list.contains(&seed) {
            return Err(Usage(format!("--seeds names {seed} twice")).into());
        }
        list.push(seed);
    }
    if list.is_empty() { Err(wrong().into()) } else { Ok(list) }
}

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn a_number_counts_and_a_list_names() {
        assert_eq!(seeds("3", 10).unwrap(), [10, 11, 12]);
        assert_eq!(seeds("3,5", 10).unwrap(), [3, 5]);
        assert_eq!(seeds("7,", 0).unwrap(), [7]);
        for wrong in ["0", "", ",", "x", "1,1", "-1"] {
            assert!(seeds(wrong, 0).is_err(), "{wrong}");
        }
    }
}
