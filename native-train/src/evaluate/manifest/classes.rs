//! `g2d eval zero-shot`: is a class there, by the image's cosines with prompts?

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::Result;
use g2d_core::{
    Error,
    metrics::{Goal, Groups},
    session::Session,
};

use super::{
    class_scores::{BASELINES_TOLD, ClassResult, MODES, Scored, class_rows, fill},
    films::{self, dot, unit},
    group_of,
    labels::Labels,
    nothing_usable,
    prompts::{ClassPrompts, Combine, PromptSet, is_no_finding},
    report::{Report, Tally, ThresholdReport},
    rows::Row,
};
use crate::wait::block_on;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The manifest.
    pub manifest: PathBuf,
    /// The split to score.
    pub split: Option<String>,
    /// The prompts.
    pub prompts: PromptSet,
    /// The two cosines are divided by it before the softmax.
    pub temperature: f64,
    /// Images that go through the network together.
    pub batch: usize,
}

/// One row before its image is read.
struct Wanted {
    line: u64,
    image: PathBuf,
    group: String,
    labels: Vec<Option<bool>>,
}

/// The vectors of a class's prompts, of unit length.
struct ClassVectors {
    positive: Vec<Vec<f32>>,
    negative: Vec<Vec<f32>>,
}

/// The prompts' vectors; with [`Combine::Mean`] one a side.
fn class_vectors(session: &Session, set: &PromptSet) -> Result<Vec<ClassVectors>> {
    let side = |prompts: &[String]| -> Result<Vec<Vec<f32>>> {
        let texts: Vec<&str> = prompts.iter().map(String::as_str).collect();
        let vectors = block_on(session.text_vectors(&texts))?;
        let vectors: Vec<Vec<f32>> = vectors.iter().map(|v| unit(v)).collect();
        Ok(match (set.combine, vectors.first()) {
            (Combine::Mean, Some(first)) => {
                let mut sum = vec![0.0; first.len()];
                for vector in &vectors {
                    sum.iter_mut().zip(vector).for_each(|(s, v)| *s += v);
                }
                vec![unit(&sum)]
            }
            _ => vectors,
        })
    };
    let class = |class: &ClassPrompts| {
        Ok(ClassVectors { positive: side(&class.positive)?, negative: side(&class.negative)? })
    };
    set.classes.iter().map(class).collect()
}

/// The softmax of the two cosines before it is squeezed into [0, 1], so that far-off scores stay
/// apart in f32; or the cosine alone where there is no negation.
fn class_score(image: &[f32], class: &ClassVectors, temperature: f64) -> f32 {
    let best =
        |side: &[Vec<f32>]| side.iter().map(|v| dot(image, v)).fold(f64::NEG_INFINITY, f64::max);
    let positive = best(&class.positive);
    if class.negative.is_empty() {
        return positive as f32;
    }
    ((positive - best(&class.negative)) / temperature) as f32
}

/// A threshold as the softmax would give it; cosines are shown as they are.
fn shown(paired: bool, threshold: f32) -> f64 {
    let threshold = f64::from(threshold);
    if paired { 1.0 / (1.0 + (-threshold).exp()) } else { threshold }
}

/// The labels of a row by class of the set; names without prompts go to `others`.
fn labels_of(
    row: &Row,
    set: &PromptSet,
    others: &mut BTreeSet<String>,
) -> Result<Option<Vec<Option<bool>>>, Error> {
    let class = |name: &str| set.find(name).is_some() || is_no_finding(name);
    let mut labels = vec![None; set.classes.len()];
    match row.labels(class)? {
        None => return Ok(None),
        Some(Labels::Each(each)) => {
            for (name, label) in each {
                match set.find(&name) {
                    Some(i) => labels[i] = label,
                    None => _ = others.insert(name),
                }
            }
        }
        Some(Labels::Positive(names)) => {
            labels.fill(Some(false));
            for name in names {
                match set.find(&name) {
                    Some(i) => labels[i] = Some(true),
                    None => _ = others.insert(name),
                }
            }
        }
    }
    Ok(labels.iter().any(Option::is_some).then_some(labels))
}

fn measure(
    session: &Session,
    rows: &[Row],
    plan: &Plan,
    vectors: &[ClassVectors],
    others: &mut BTreeSet<String>,
    tally: &mut Tally,
) -> Result<Vec<Scored>> {
    let mut wanted = Vec::new();
    for row in rows {
        let read = |others: &mut BTreeSet<String>| -> Result<_, Error> {
            Ok((row.image()?, group_of(row)?, labels_of(row, &plan.prompts, others)?))
        };
        match read(others) {
            Ok((image, group, Some(labels))) => {
                wanted.push(Wanted { line: row.line, image, group, labels });
            }
            Ok(_) => tally.leave_out("no label of a class that has prompts", row.line),
            Err(error) => tally.fail(row.line, &error.into()),
        }
    }
    let paths: Vec<&Path> = wanted.iter().map(|w| w.image.as_path()).collect();
    let failed = |i: usize, error: &anyhow::Error| {
        let line = wanted[i].line;
        tally.fail(line, &anyhow::anyhow!("Line {line}: {error:#}"));
    };
    let embedded = films::image_vectors(session, &paths, plan.batch, failed)?;
    Ok(embedded
        .into_iter()
        .map(|image| {
            let vector = unit(&image.vector);
            let score = |class| class_score(&vector, class, plan.temperature);
            Scored {
                group: wanted[image.index].group.clone(),
                labels: wanted[image.index].labels.clone(),
                scores: vectors.iter().map(score).collect(),
                grey: image.grey as f32,
            }
        })
        .collect())
}

/// Measures the model on a manifest.
///
/// # Errors
/// When the manifest has no row to use, no class has both positives and negatives, or the device
/// fails.
pub fn zero_shot(session: &Session, plan: &Plan, tally: &mut Tally) -> Result<(Report, usize)> {
    let (chosen, all) = super::open(&plan.manifest, plan.split.as_deref(), tally)?;
    let vectors = class_vectors(session, &plan.prompts)?;
    let mut others = BTreeSet::new();
    let test = measure(session, &chosen.test, plan, &vectors, &mut others, tally)?;
    if test.is_empty() {
        return Err(nothing_usable(all));
    }
    let val = measure(session, &chosen.val, plan, &vectors, &mut others, tally)?;

    let mut left_out: BTreeMap<String, String> = BTreeMap::new();
    for name in others {
        let reason = match is_no_finding(&name) {
            true => {
                "the templates' \"no\" would turn it into its opposite; give it prompts of its own"
            }
            false => "no prompts",
        };
        left_out.insert(name, reason.into());
    }
    let mut classes = Vec::new();
    for (i, prompts) in plan.prompts.classes.iter().enumerate() {
        let data = class_rows(&test, i);
        if !data.both() {
            let reason = if data.positives == 0 { "no positive row" } else { "no negative row" };
            // A class that no label speaks of was never asked for.
            if !data.rows.is_empty() {
                left_out.insert(prompts.name.clone(), reason.into());
            }
            continue;
        }
        let best = |goal| data.ranking.best_threshold(goal).map(|(threshold, _)| threshold);
        let chosen = class_rows(&val, i);
        let chosen = chosen.both().then(|| chosen.ranking.best_threshold(Goal::F1)).flatten();
        // Equal cosines: 0 before the softmax, 0.5 after it.
        let fixed = (!prompts.negative.is_empty()).then_some(0.0);
        let thresholds = [fixed, chosen.map(|(t, _)| t), best(Goal::F1), best(Goal::Mcc)];
        let paired = !prompts.negative.is_empty();
        classes.push(ClassResult { name: &prompts.name, data, thresholds, paired });
    }
    if classes.is_empty() {
        let told: Vec<String> = left_out.iter().map(|(c, why)| format!("{c}: {why}")).collect();
        return Err(Error::input(
            "G2D-M45",
            format!("No class has both positive and negative rows ({})", told.join("; ")),
            "Give rows of both kinds, and labels that the prompts know",
        )
        .into());
    }

    let groups = Groups::new(test.iter().map(|s| s.group.as_str()));
    let mut report = Report::new("zero-shot", session.model_info());
    report.data.split = chosen.name;
    report.data.rows = all;
    report.data.used = test.len();
    report.data.validation = val.len();
    report.data.cases = classes.iter().map(|c| c.data.rows.len()).sum();
    report.data.groups = groups.count();
    report.data.excluded = tally.excluded();
    fill(&mut report, &classes, &groups, test.len());
    let mut values: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (mode, (name, _)) in MODES.iter().enumerate() {
        for class in &classes {
            if let Some(threshold) = class.thresholds[mode] {
                let of = values.entry((*name).to_owned()).or_default();
                of.insert(class.name.to_owned(), shown(class.paired, threshold));
            }
        }
    }
    report.threshold = Some(ThresholdReport {
        mode: "fixed, val, oracle_f1 and oracle_mcc, each named in its score".into(),
        value: None,
        chosen_on: format!("val: {} rows; oracle: the scored rows, optimistic", val.len()),
        values,
    });
    let counts = classes.iter().map(|c| {
        let negatives = c.data.rows.len() - c.data.positives;
        (c.name.to_owned(), serde_json::json!([c.data.positives, negatives]))
    });
    let settings = &mut report.settings;
    settings.insert("positives and negatives".into(), counts.collect());
    settings.insert("excluded classes".into(), serde_json::to_value(left_out)?);
    settings.insert("prompts".into(), plan.prompts.name.clone().into());
    settings.insert("about the prompts".into(), plan.prompts.about.clone().into());
    settings.insert("temperature".into(), plan.temperature.into());
    settings.insert("baselines".into(), BASELINES_TOLD.into());
    Ok((report, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_softmax_of_two_cosines() {
        let class = ClassVectors {
            positive: vec![vec![1.0, 0.0]],
            negative: vec![vec![0.0, 1.0], vec![-1.0, 0.0]],
        };
        let image = unit(&[3.0, 4.0]);
        let score = |temperature| shown(true, class_score(&image, &class, temperature));
        let expected = 0.6_f64.exp() / (0.6_f64.exp() + 0.8_f64.exp());
        assert!((score(1.0) - expected).abs() < 1e-6);
        assert!((score(0.1) - 6_f64.exp() / (6_f64.exp() + 8_f64.exp())).abs() < 1e-6);
        let alone = ClassVectors { negative: Vec::new(), ..class };
        assert!((class_score(&image, &alone, 0.1) - 0.6).abs() < 1e-6);
    }
}
