//! What a task hands out: every score with its definition, interval and baselines, as JSON and as
//! a Markdown table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use g2d_core::{
    metrics::{Groups, bootstrap},
    outcome::{ModelInfo, NOTICE},
};
use serde::{Serialize, Serializer};

use crate::{files, output};

/// Draws of the bootstrap: the 1,000 that CheXzero (Tiu and others, 2022) publishes with.
pub const RESAMPLES: usize = 1000;
/// Seed of the bootstrap; the interval of a result is part of the result.
pub const SEED: u64 = 97;
/// Lines named for each reason to leave rows out.
const LINES_SHOWN: usize = 20;

/// One score. Numbers that do not exist are null and `reason` says why.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Score {
    /// The score.
    pub value: Option<f64>,
    /// Lower end of its 95% interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Cases it was made of.
    pub n: usize,
    /// What it is, conventions included.
    pub definition: String,
    /// Why a number is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Score {
    /// A score of groups of cases; `statistic` is given how often each case counts.
    pub fn of(
        definition: impl Into<String>,
        n: usize,
        groups: &Groups,
        missing: &str,
        statistic: impl Fn(Option<&[u32]>) -> Option<f64>,
    ) -> Self {
        let value = statistic(None).filter(|v| v.is_finite());
        let interval = value
            .and_then(|_| bootstrap(groups, RESAMPLES, SEED, |weights| statistic(Some(weights))));
        let reason = match (value, interval) {
            (None, _) => Some(missing.to_owned()),
            (_, None) => Some("too few groups for an interval".to_owned()),
            _ => None,
        };
        Self {
            value,
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            n,
            definition: definition.into(),
            reason,
        }
    }

    /// A number that follows from the data without chance, and so has no interval.
    pub fn exact(definition: impl Into<String>, n: usize, value: Option<f64>) -> Self {
        let value = value.filter(|v| v.is_finite());
        let reason = value.is_none().then(|| "not defined here".to_owned());
        Self { value, n, definition: definition.into(), reason, ..Self::default() }
    }

    /// A number that cannot be given.
    pub fn missing(definition: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { definition: definition.into(), reason: Some(reason.into()), ..Self::default() }
    }
}

/// Named things in the order of the table; a map in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    /// Adds one at the end.
    pub fn push(&mut self, name: impl Into<String>, value: T) {
        self.0.push((name.into(), value));
    }

    /// The one of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Rows that took no part, for one reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Excluded {
    /// Why.
    pub reason: String,
    /// How many.
    pub rows: usize,
    /// Their lines, the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u64>,
}

/// What was measured on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DataReport {
    /// Which rows, in words.
    pub split: String,
    /// Rows of the manifest.
    pub rows: usize,
    /// Rows that were scored.
    pub used: usize,
    /// Rows that a threshold was chosen on.
    pub validation: usize,
    /// Scored cases: sentences, phrases, queries.
    pub cases: usize,
    /// Groups (patients) among the scored rows; intervals draw these.
    pub groups: usize,
    /// Everything else.
    pub excluded: Vec<Excluded>,
}

/// How a score was cut.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ThresholdReport {
    /// The mode's name.
    pub mode: String,
    /// The level, where there is one for all cases.
    pub value: Option<f64>,
    /// What it was chosen on.
    pub chosen_on: String,
    /// Levels by mode and class, where there are several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, f64>>,
}

/// A task's result.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `grounding`, `zero-shot` or `retrieval`.
    pub task: &'static str,
    /// Which weights.
    pub model: ModelName,
    /// What was measured on.
    pub data: DataReport,
    /// The scores.
    pub metrics: Named<Score>,
    /// What answers without any knowledge score.
    pub baselines: Named<Named<Score>>,
    /// How a score was cut; none where nothing was.
    pub threshold: Option<ThresholdReport>,
    /// Choices of the task: the map's source, the prompts …
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Scores that stand in the JSON only.
    #[serde(skip)]
    pub details: BTreeSet<String>,
    /// The not-for-clinical-use notice.
    pub notice: &'static str,
}

/// Which weights gave a result.
#[derive(Debug, Clone, Serialize)]
pub struct ModelName {
    /// The bundle's name.
    pub name: String,
    /// SHA-256 of its weights.
    pub sha256: String,
}

impl Report {
    /// An empty one.
    pub fn new(task: &'static str, model: &ModelInfo) -> Self {
        Self {
            task,
            model: ModelName { name: model.name.clone(), sha256: model.sha256.clone() },
            data: DataReport::default(),
            metrics: Named::default(),
            baselines: Named::default(),
            threshold: None,
            settings: BTreeMap::new(),
            details: BTreeSet::new(),
            notice: NOTICE,
        }
    }

    /// Writes the JSON where asked for, then prints the table.
    ///
    /// # Errors
    /// When either cannot be written.
    pub fn hand_out(&self, json: Option<&Path>) -> anyhow::Result<()> {
        if let Some(path) = json {
            let mut bytes = serde_json::to_vec_pretty(self)?;
            bytes.push(b'\n');
            files::write_atomic(path, &bytes)?;
        }
        Ok(output::line(self.markdown())?)
    }

    /// The scores beside the baselines, then what they are.
    pub fn markdown(&self) -> String {
        let mut out = format!("| {} | model (95% interval) | n |", self.task);
        for (name, _) in &self.baselines.0 {
            let _ = write!(out, " {name} |");
        }
        out.push_str("\n|---|---|---|");
        out.push_str(&"---|".repeat(self.baselines.0.len()));
        out.push('\n');
        let shown = || self.metrics.0.iter().filter(|(name, _)| !self.details.contains(name));
        for (name, score) in shown() {
            let _ = write!(out, "| {name} | {} | {} |", with_interval(score), score.n);
            for (_, baseline) in &self.baselines.0 {
                let _ = write!(out, " {} |", number(baseline.get(name).and_then(|s| s.value)));
            }
            out.push('\n');
        }
        out.push('\n');
        let mut told: Vec<&str> = Vec::new();
        for (name, score) in shown() {
            if !told.iter().any(|t| t.ends_with(&score.definition)) {
                let _ = writeln!(out, "- `{name}`: {}", score.definition);
                told.push(&score.definition);
            }
            if let (None, Some(reason)) = (score.value, &score.reason) {
                let _ = writeln!(out, "- `{name}` is missing: {reason}");
            }
        }
        if let Some(threshold) = &self.threshold {
            let value = threshold.value.map(|v| format!(" at {v:.4}")).unwrap_or_default();
            let _ =
                writeln!(out, "- Threshold: {}{value}; {}", threshold.mode, threshold.chosen_on);
        }
        let data = &self.data;
        let _ = writeln!(
            out,
            "- Data: {}; {} of {} rows, {} cases, {} groups",
            data.split, data.used, data.rows, data.cases, data.groups
        );
        for excluded in &data.excluded {
            let _ = writeln!(out, "- Not scored: {} rows, {}", excluded.rows, excluded.reason);
        }
        for (name, value) in &self.settings {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = writeln!(out, "- {name}: {shown}");
        }
        let _ = write!(out, "- Weights: {} ({})\n\n{NOTICE}", self.model.name, self.model.sha256);
        out
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.3}"))
}

fn with_interval(score: &Score) -> String {
    match (score.value, score.low, score.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
        (value, ..) => number(value),
    }
}

/// Rows left out on the way, by reason, and how many of them are failures.
#[derive(Debug, Default)]
pub struct Tally {
    reasons: Vec<Excluded>,
    failed: BTreeSet<u64>,
}

impl Tally {
    /// Counts a row that is left out by rule.
    pub fn leave_out(&mut self, reason: &str, line: u64) {
        let known = self.reasons.iter().position(|e| e.reason == reason);
        let at = known.unwrap_or_else(|| {
            self.reasons.push(Excluded { reason: reason.to_owned(), ..Excluded::default() });
            self.reasons.len() - 1
        });
        let excluded = &mut self.reasons[at];
        excluded.rows += 1;
        if excluded.lines.len() < LINES_SHOWN {
            excluded.lines.push(line);
        }
    }

    /// Counts many rows without naming their lines.
    pub fn leave_out_many(&mut self, reason: &str, rows: usize) {
        if rows > 0 {
            self.reasons.push(Excluded { reason: reason.to_owned(), rows, lines: Vec::new() });
        }
    }

    /// Tells of a row that cannot be used, and counts it once however often it is told.
    pub fn fail(&mut self, line: u64, error: &anyhow::Error) {
        output::error(error);
        if self.failed.insert(line) {
            self.leave_out("failed, see the messages", line);
        }
    }

    /// What is to be reported.
    pub fn excluded(&self) -> Vec<Excluded> {
        self.reasons.clone()
    }

    /// The end of a verb: a failure when any row failed.
    ///
    /// # Errors
    /// When any row failed.
    pub fn finish(&self, rows: usize) -> anyhow::Result<()> {
        match self.failed.len() {
            0 => Ok(()),
            failed => anyhow::bail!("{failed} of {rows} rows failed; the scores are of the others"),
        }
    }
}
