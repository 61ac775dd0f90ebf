//! Which sets are measured, and the one pass over each.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use burn::{module::Module as _, tensor::Device};
use g2d_core::{
    model::G2d,
    outcome::{DeviceInfo, ModelInfo},
    phantom::{Institution, PhantomConfig},
    session::Session,
    text::ReportTokenizer,
    weights::Bundle,
};

use super::{
    assertions,
    card::{Card, CardModel, CardSet, Subject},
    cases::Source,
    classes::{Films, Prompts},
    encoded::Words,
    grounding::{self, Chosen, Sink},
    pictures::{Picker, Picture},
    search::{self, Gallery},
    tally::Tally,
};
use crate::{output, wait::block_on};

/// Phantoms that thresholds and priors are chosen on.
const VALIDATION_SEED: u64 = 7_500_000;
/// Phantoms of the first institution. No other command looks at them, so nothing is tuned on them.
const TEST_SEED: u64 = 9_100_000;
/// Phantoms of the second institution.
const TRANSFER_SEED: u64 = 9_200_000;
/// More phantoms of either, for the areas under the curves alone: a finding is in one study of ten
/// or twenty, and the mean is to be over the same findings on both sets.
const MORE_SEED: u64 = 50_000;
/// How many more, for each study of the first institution.
const MORE: usize = 3;
/// Seed of the untrained weights.
const UNTRAINED_SEED: u64 = 11;
/// Set that the threshold and the scores of an untrained model are read from.
const FIRST: &str = "phantoms";
/// Name of the untrained model among the baselines.
const UNTRAINED: &str = "untrained";

/// What to measure on.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Phantoms of the first institution; the other sets follow from it.
    pub studies: usize,
    /// More case folders with their names.
    pub cases: Vec<(PathBuf, String)>,
    /// What `g2d films --use eval` wrote.
    pub films: Option<PathBuf>,
    /// What `g2d data ct` wrote.
    pub ct: Option<PathBuf>,
    /// Folders of pictures that a gate should refuse, one a kind.
    pub others: Option<PathBuf>,
    /// Whether examples are to be drawn.
    pub pictures: bool,
}

/// What was found.
pub struct Found {
    /// The scores.
    pub card: Card,
    /// Examples, where asked for.
    pub pictures: Vec<Picture>,
}

/// A set and what is asked of it.
struct Set {
    name: String,
    about: String,
    source: Source,
    /// Films for the areas under the curves alone.
    more: Option<Source>,
}

/// Folders that hold a manifest or pictures: the folder itself or those inside it, with the names
/// of those.
fn folders(root: &Path) -> Result<Vec<(PathBuf, Option<String>)>> {
    if root.join("manifest.jsonl").is_file() {
        return Ok(vec![(root.to_path_buf(), None)]);
    }
    let inner = root.join("eval");
    let root = if inner.is_dir() { inner.as_path() } else { root };
    let entries = fs::read_dir(root).with_context(|| root.display().to_string())?;
    let mut found: Vec<(PathBuf, Option<String>)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((path, Some(name)))
        })
        .collect();
    found.sort();
    Ok(found)
}

fn sets(plan: &Plan, size: usize) -> Result<Vec<Set>> {
    let half = (plan.studies / 2).max(1);
    let config = PhantomConfig { size, ..PhantomConfig::default() };
    config.validate()?;
    let second = PhantomConfig { institution: Institution::Second, ..config.clone() };
    let set = |name: &str, about: &str, source| Set {
        name: name.into(),
        about: about.into(),
        source,
        more: None,
    };
    let more = |seed, config: &PhantomConfig| {
        Some(Source::phantoms(seed + MORE_SEED, MORE * plan.studies, config.clone()))
    };
    let (more_first, more_second) = (more(TEST_SEED, &config), more(TRANSFER_SEED, &second));
    let mut sets = vec![
        set(
            FIRST,
            "synthetic films of the institution that models are trained on, other patients",
            Source::phantoms(TEST_SEED, plan.studies, config),
        ),
        set(
            "second",
            "synthetic films of another institution: other detector, markers and phrasing",
            Source::phantoms(TRANSFER_SEED, half, second),
        ),
    ];
    sets[0].more = more_first;
    sets[1].more = more_second;
    if let Some(folder) = &plan.ct {
        let about = "projections of a real chest CT with inserted findings (LIDC-IDRI-0001)";
        sets.push(set("ct", about, Source::folder(folder, half)?));
    }
    // Real films are few and matter most; pictures to refuse come in many kinds.
    let few = (plan.studies / 4).max(1);
    for (root, prefix, about, most) in [
        // Real films are few and matter most: all of them.
        (&plan.films, "films", "real films whose patients no weights were trained on", usize::MAX),
        (&plan.others, "other", "pictures that are no frontal chest film, or one gone wrong", few),
    ] {
        let Some(root) = root else { continue };
        for (folder, name) in folders(root)? {
            if let Some(kinds) = Source::gate_set(&folder, most)? {
                for (kind, source) in kinds {
                    let about = format!("films and pictures that are: {kind}");
                    sets.push(set(&format!("{prefix}/{kind}"), &about, source));
                }
                continue;
            }
            let name = name.map_or(prefix.to_owned(), |name| format!("{prefix}/{name}"));
            sets.push(set(&name, about, Source::folder(&folder, most)?));
        }
    }
    for (folder, name) in &plan.cases {
        sets.push(set(name, "a case folder of the user's", Source::folder(folder, plan.studies)?));
    }
    sets.retain(|set| !set.source.is_empty());
    Ok(sets)
}

/// Bytes, number of weights, and what the bundle's card says about their making.
fn describe(session: &Session, bundle: &Bundle, card: &str, parameters: usize) -> CardModel {
    let info = session.model_info();
    let section = |name: &str| {
        let lines = card.lines().skip_while(|line| line.trim() != format!("## {name}")).skip(1);
        lines.take_while(|line| !line.starts_with("## ")).collect::<Vec<_>>().join("\n")
    };
    let training = ["What the weights saw", "How they were made"].map(section).join("\n");
    CardModel {
        name: info.name.clone(),
        sha256: info.sha256.clone(),
        bytes: bundle.manifest.total_bytes(),
        parameters: parameters as u64,
        input: session.config().image.input_size as u32,
        training: training.trim().to_owned(),
    }
}

/// Measures a bundle. `card` is its model card's text; `gate` says whether it has a gate.
///
/// # Errors
/// When the bundle, a set or the device cannot be used.
pub fn quality(
    bundle: &Bundle,
    card: &str,
    (device, info): (Device, DeviceInfo),
    plan: &Plan,
    gate: bool,
) -> Result<Found> {
    let mut session = Session::load(bundle, device.clone(), info.clone())?;
    // What the gate refuses is counted, and grounded all the same: a refusal is no better map.
    session.overrule_gate();
    let (untrained, parameters) = untrained(&session, bundle, device, info)?;
    let mut found = Found {
        card: Card::new(describe(&session, bundle, card, parameters)),
        pictures: Vec::new(),
    };
    let size = session.config().image.resize_to;
    let mut bench = Bench {
        prompts: None,
        words: Words::default(),
        chosen: Chosen::default(),
        session: &session,
        picker: plan.pictures.then(Picker::default),
        gate,
    };
    let validation = PhantomConfig { size, ..PhantomConfig::default() };
    let validation = Source::phantoms(VALIDATION_SEED, (plan.studies / 3).max(1), validation);
    output::say(format_args!("{} phantoms to choose thresholds on", validation.len()));
    bench.choose(&validation)?;
    let mut sets = sets(plan, size)?;
    // Nothing is asked of those but whether they are refused.
    sets.retain(|set| gate || !set.name.starts_with("other"));
    for set in &sets {
        output::say(format_args!("{}: {} films", set.name, set.source.len()));
        bench.measure(set, &mut found.card)?;
    }
    let metrics = search::paraphrases(&session, &mut bench.words, FIRST)?;
    metrics.into_iter().for_each(|m| found.card.push(m));
    found.pictures = bench.picker.take().map_or(Ok(Vec::new()), Picker::finish)?;
    let trained = [FIRST, "second", "ct"];
    for set in sets.iter().filter(|s| trained.contains(&&*s.name) || s.name.starts_with("films/")) {
        output::say(format_args!("{}: untrained weights", set.name));
        without_training(&untrained, &set.name, &set.source, &mut found.card)?;
    }
    Ok(found)
}

/// The same network with weights as training finds them.
fn untrained(
    session: &Session,
    bundle: &Bundle,
    device: Device,
    info: DeviceInfo,
) -> Result<(Session, usize)> {
    device.seed(UNTRAINED_SEED);
    let model = G2d::new(session.config(), &device)?;
    let parameters = model.num_params();
    let tokenizer = ReportTokenizer::from_bytes(bundle.tokenizer()?)?;
    let about = ModelInfo { name: UNTRAINED.into(), preset: String::new(), sha256: String::new() };
    let mut config = session.config().clone();
    // The lowest score was chosen for the trained weights.
    config.grounding.min_score = -1.0;
    Ok((Session::from_parts(model, config, tokenizer, device, info, about)?, parameters))
}

struct Bench<'a> {
    session: &'a Session,
    prompts: Option<Prompts>,
    words: Words,
    chosen: Chosen,
    picker: Option<Picker>,
    gate: bool,
}

impl Bench<'_> {
    fn choose(&mut self, validation: &Source) -> Result<()> {
        validation.for_each(|_, case| {
            let image = block_on(self.session.encode_image(&case.film))?;
            self.chosen.learn(self.session, &mut self.words, &image, &case)
        })?;
        Ok(())
    }

    fn measure(&mut self, set: &Set, card: &mut Card) -> Result<()> {
        let session = self.session;
        if self.prompts.is_none() {
            self.prompts = Some(Prompts::new(session, &mut self.words)?);
        }
        let prompts = self.prompts.as_ref();
        let words = &mut self.words;
        let (mut tally, mut films, mut gallery) =
            (Tally::default(), Films::default(), Gallery::default());
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let synthetic = set.source.seed().is_some();
        let count = set.source.for_each(|index, case| {
            let image = block_on(session.encode_image(&case.film))?;
            let study = tally.study(&case.group);
            let pointed = grounding::pointed(session, words, &image, &case)?;
            let mut sink = Sink { set: &set.name, study, baseline: None, tally: &mut tally };
            grounding::own(session, words, &image, &pointed, &mut sink)?;
            grounding::rivals(session, words, &image, &pointed, &self.chosen, &mut sink)?;
            if synthetic {
                grounding::paraphrased(session, words, &image, &pointed, &mut sink)?;
            }
            let grounded = assertions::ground(session, &image, &case)?;
            assertions::count(session, words, &image, &case, &grounded, &mut sink)?;
            if self.gate {
                let refused = image.verdict().is_some_and(|verdict| verdict.refused);
                tally.hit(Subject::model(&set.name, "refused"), study, refused);
                for warning in &grounded.outcome.warnings {
                    *reasons.entry(warning.code.to_string()).or_default() += 1;
                }
            }
            if let Some(prompts) = prompts {
                films.add(session, prompts, &image, &case, study)?;
            }
            if (synthetic || set.name == "ct") && gallery.has_room() {
                gallery.add(session, &image, &case, study)?;
            }
            if let Some(picker) = &mut self.picker {
                picker.consider(&set.name, &image, &pointed)?;
            }
            if (index + 1) % 50 == 0 {
                output::say(format_args!("{}: {} of {}", set.name, index + 1, set.source.len()));
            }
            Ok(())
        })?;
        if let (Some(more), Some(prompts)) = (&set.more, prompts) {
            more.for_each(|_, case| {
                let image = block_on(session.encode_image(&case.film))?;
                let study = tally.study(&case.group);
                films.add(session, prompts, &image, &case, study)
            })?;
        }
        tally.metrics().into_iter().for_each(|m| card.push(m));
        for (code, films) in reasons {
            let subject = Subject::model(&set.name, "flagged").group(format!("code={code}"));
            card.push(subject.exact(count, films as f64 / count.max(1) as f64));
        }
        films.metrics(&set.name, None).into_iter().for_each(|m| card.push(m));
        let metrics = gallery.metrics(session, words, &set.name, None)?;
        metrics.into_iter().for_each(|m| card.push(m));
        card.sets.push(CardSet {
            name: set.name.clone(),
            count,
            seed: set.source.seed(),
            about: set.about.clone(),
        });
        Ok(())
    }
}

/// Pointing, overlap, zero-shot and retrieval of weights that have learnt nothing.
fn without_training(session: &Session, set: &str, source: &Source, card: &mut Card) -> Result<()> {
    let mut words = Words::default();
    let prompts = Prompts::new(session, &mut words)?;
    let (mut tally, mut films, mut gallery) =
        (Tally::default(), Films::default(), Gallery::default());
    source.for_each(|_, case| {
        let image = block_on(session.encode_image(&case.film))?;
        let study = tally.study(&case.group);
        let pointed = grounding::pointed(session, &mut words, &image, &case)?;
        let mut sink = Sink { set, study, baseline: Some(UNTRAINED), tally: &mut tally };
        grounding::own(session, &mut words, &image, &pointed, &mut sink)?;
        films.add(session, &prompts, &image, &case, study)?;
        if source.seed().is_some() && gallery.has_room() {
            gallery.add(session, &image, &case, study)?;
        }
        Ok(())
    })?;
    tally.metrics().into_iter().for_each(|m| card.push(m));
    films.metrics(set, Some(UNTRAINED)).into_iter().for_each(|m| card.push(m));
    let metrics = gallery.metrics(session, &mut words, set, Some(UNTRAINED))?;
    metrics.into_iter().for_each(|m| card.push(m));
    Ok(())
}
