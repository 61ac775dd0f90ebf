//! A set of variants: its file, and what it resolves to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, Result};
use g2d_core::Error;
use serde::{Deserialize, Serialize};

use super::names;
use crate::{config::TrainConfig, files};

/// Where a variant is expected to lie, said before it has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Above the reference.
    Above,
    /// Below the reference.
    Below,
    /// Too close to the reference to be told from it.
    Same,
}

/// One direction for the first measure of the set, or one for each measure that is named.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Expectation {
    First(Direction),
    Each(BTreeMap<String, Direction>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantFile {
    name: String,
    #[serde(default)]
    set: Vec<String>,
    expect: Option<Expectation>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile {
    #[serde(default)]
    about: String,
    base: String,
    #[serde(default)]
    set: Vec<String>,
    start: Option<Vec<String>>,
    reference: String,
    #[serde(default)]
    metrics: Vec<String>,
    #[serde(default)]
    probe: ProbeConfig,
    variant: Vec<VariantFile>,
}

/// How frozen features are probed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeConfig {
    /// Numbers of labelled phantoms that the probe learns from, each a measure of its own.
    pub labels: Vec<usize>,
    /// Phantoms that it is tested on.
    pub test: usize,
    /// Pixels taken of each labelled phantom.
    pub pixels: usize,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self { labels: vec![8, 64], test: 64, pixels: 1024 }
    }
}

/// One way of training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Its name in tables.
    pub name: String,
    /// Its name as a folder.
    pub folder: String,
    /// What it changes of the base, as `key=value`.
    pub set: Vec<String>,
    /// The direction that is expected of each measure, where one was said.
    pub expect: BTreeMap<String, Direction>,
    /// The whole configuration, with the first seed.
    pub config: TrainConfig,
}

/// Variants to compare.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Set {
    /// The file's name without its ending, or the name of a shipped set.
    pub name: String,
    /// What it asks.
    pub about: String,
    /// A run of each seed from whose weights all its variants start, where the set has one: what
    /// variants have in common is then trained once, as a long warm-up before they part.
    pub start: Option<TrainConfig>,
    /// Index of the variant that the others are compared with.
    pub reference: usize,
    /// What is compared, most important first.
    pub metrics: Vec<String>,
    /// How frozen features are probed.
    pub probe: ProbeConfig,
    /// The variants.
    pub variants: Vec<Variant>,
}

/// The sets that ship with the program.
const SHIPPED: [(&str, &str); 6] = [
    ("families", include_str!("../../ablations/families.toml")),
    ("thresholds", include_str!("../../ablations/thresholds.toml")),
    ("heads", include_str!("../../ablations/heads.toml")),
    ("refinement", include_str!("../../ablations/refinement.toml")),
    ("losses", include_str!("../../ablations/losses.toml")),
    ("projector", include_str!("../../ablations/projector.toml")),
];

/// Folder of the runs from which the variants start.
pub const START: &str = "start";

fn wrong(what: String, remedy: &str) -> anyhow::Error {
    Error::config("G2D-C50", what, remedy).into()
}

impl Set {
    /// Reads a shipped set or a file; `overrides` change the base of all variants.
    ///
    /// # Errors
    /// When there is no such set, a key is unknown, the reference is not among the variants, or a
    /// variant cannot run.
    pub fn read(name_or_path: &str, overrides: &[String]) -> Result<Self> {
        let shipped = SHIPPED.iter().find(|(name, _)| *name == name_or_path);
        let (name, text) = match shipped {
            Some((name, text)) => ((*name).to_owned(), (*text).to_owned()),
            None => {
                let path = Path::new(name_or_path);
                let text = std::fs::read_to_string(path).map_err(|e| files::reason(&e));
                let names: Vec<_> = SHIPPED.iter().map(|(name, _)| *name).collect();
                let text = text.with_context(|| {
                    let names = names.join(", ");
                    format!("{name_or_path:?} is none of the sets {names}, nor a file")
                })?;
                let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
                (stem.unwrap_or_else(|| "set".into()), text)
            }
        };
        Self::parse(&name, &text, overrides).with_context(|| format!("The set {name_or_path}"))
    }

    pub(super) fn parse(name: &str, text: &str, overrides: &[String]) -> Result<Self> {
        let file: SetFile = toml::from_str(text)?;
        let known = names::known(&file.probe.labels);
        let metrics = if file.metrics.is_empty() {
            known.iter().map(|(name, _)| name.clone()).collect()
        } else {
            file.metrics.clone()
        };
        let is_known = |metric: &String| -> Result<()> {
            if known.iter().any(|(name, _)| name == metric) {
                return Ok(());
            }
            let names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
            Err(wrong(
                format!("There is no measure {metric:?}"),
                &format!("Use some of {}", names.join(", ")),
            ))
        };
        metrics.iter().try_for_each(is_known)?;
        let probe = &file.probe;
        if probe.test == 0 || probe.pixels == 0 || probe.labels.iter().any(|&n| n < 2) {
            return Err(wrong(
                "The probe has no test phantom, no pixel or fewer than 2 labelled phantoms".into(),
                "Set probe.test and probe.pixels above 0 and each of probe.labels above 1",
            ));
        }
        let mut variants = Vec::new();
        let mut folders = BTreeSet::new();
        for variant in &file.variant {
            let mut set = file.set.clone();
            set.extend_from_slice(overrides);
            set.extend_from_slice(&variant.set);
            let shown = || format!("The variant {:?}", variant.name);
            let config = TrainConfig::resolve(&file.base, &set).with_context(shown)?;
            let folder = folder_name(&variant.name);
            if folder.is_empty() || folder == START || !folders.insert(folder.clone()) {
                return Err(wrong(
                    format!("The name {:?} is empty or taken", variant.name),
                    "Give each variant a name with letters or digits of its own",
                ));
            }
            let expect = match (&variant.expect, metrics.first()) {
                (None, _) | (_, None) => BTreeMap::new(),
                (Some(Expectation::First(way)), Some(first)) => {
                    BTreeMap::from([(first.clone(), *way)])
                }
                (Some(Expectation::Each(ways)), _) => ways.clone(),
            };
            expect.keys().try_for_each(is_known).with_context(shown)?;
            variants.push(Variant {
                name: variant.name.clone(),
                folder,
                set: variant.set.clone(),
                expect,
                config,
            });
        }
        let start = |own: &Vec<String>| {
            let set = [&file.set[..], overrides, own].concat();
            TrainConfig::resolve(&file.base, &set).context("The start")
        };
        let start = file.start.as_ref().map(start).transpose()?;
        let Some(reference) = variants.iter().position(|v| v.name == file.reference) else {
            let names: Vec<_> = variants.iter().map(|v| format!("{:?}", v.name)).collect();
            return Err(wrong(
                format!("The reference {:?} is not among the variants", file.reference),
                &format!("Use one of {}", names.join(", ")),
            ));
        };
        let mut configs = variants.iter().map(|v| &v.config).chain(&start);
        let first = &variants[reference].config;
        if configs.any(|c| c.seed != first.seed || c.on_phantoms() != first.on_phantoms()) {
            return Err(wrong(
                "The variants differ in their seed, or some train on phantoms and some do not"
                    .into(),
                "Set data and seed for all variants; --seeds chooses the seeds",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            about: file.about,
            start,
            reference,
            metrics,
            probe: file.probe,
            variants,
        })
    }

    /// Whether it is phantoms that are trained on.
    pub fn on_phantoms(&self) -> bool {
        self.variants.first().is_none_or(|v| v.config.on_phantoms())
    }
}

/// Lower case letters and digits, everything else as single dashes.
fn folder_name(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::DecoderTask;

    pub(in crate::ablate) const TWO: &str = r#"
        base = "smoke"
        set = ["steps=5"]
        reference = "G2D"
        metrics = ["probe_encoder_8"]
        [[variant]]
        name = "G2D"
        [[variant]]
        name = "No decoder!"
        set = ["loss.decoder_task=none"]
        expect = "below"
    "#;

    #[test]
    fn every_shipped_set_resolves_and_says_what_it_expects() {
        for (name, _) in SHIPPED {
            let set = Set::read(name, &[]).unwrap_or_else(|e| panic!("{name}: {e:#}"));
            assert!(set.variants.len() > 1 && !set.about.is_empty(), "{name}");
            for (i, variant) in set.variants.iter().enumerate() {
                assert_eq!(
                    variant.expect.is_empty(),
                    i == set.reference,
                    "{name} {}",
                    variant.name
                );
            }
        }
    }

    #[test]
    fn variants_change_the_base_and_overrides_change_all() {
        let set = Set::parse("two", TWO, &["batch_size=4".into()]).unwrap();
        let [g2d, none] = &set.variants[..] else { panic!("{set:?}") };
        assert_eq!((g2d.config.steps, none.config.steps), (5, 5));
        assert_eq!((g2d.config.batch_size, none.config.batch_size), (4, 4));
        assert_eq!(none.config.loss.decoder_task, DecoderTask::None);
        assert_eq!(none.folder, "no-decoder");
        assert_eq!(none.expect["probe_encoder_8"], Direction::Below);
        assert_eq!(set.reference, 0);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |from: &str, to: &str| {
            let error = Set::parse("two", &TWO.replace(from, to), &[]).unwrap_err();
            format!("{error:#}")
        };
        assert!(error("expect", "expected").contains("unknown field `expected`"));
        assert!(error("\"G2D\"\n        metrics", "\"G3D\"\n        metrics").contains("\"G3D\""));
        assert!(error("encoder_8", "encoder_9").contains("probe_encoder_64"));
        assert!(error("decoder_task=none", "decoder_task=nun").contains("\"No decoder!\""));
        assert!(error("No decoder!", "g2d?").contains("taken"));
        assert!(error("loss.decoder_task=none", "seed=3").contains("--seeds"));
    }
}
