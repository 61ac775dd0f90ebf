//! The card: every score of a model in one file, `card.json`, schema `g2d-card-v1`.
//!
//! `docs/card-v1.schema.json` describes it; a test holds the two together.

use g2d_core::{
    metrics::{Groups, bootstrap},
    outcome::NOTICE,
};
use serde::{Deserialize, Serialize};

/// Name and version of the format.
pub const SCHEMA: &str = "g2d-card-v1";
/// Draws of the bootstrap.
pub const RESAMPLES: usize = 1000;
/// Seed of the bootstrap.
const SEED: u64 = 97;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// [`SCHEMA`].
    pub schema: String,
    /// The not-for-clinical-use notice.
    pub notice: String,
    /// Whose scores these are.
    pub model: CardModel,
    /// On what it was measured.
    pub sets: Vec<CardSet>,
    /// What it scores.
    pub metrics: Vec<Metric>,
    /// What trivial answers and an untrained model score on the same cases.
    pub baselines: Vec<Metric>,
}

/// Which weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardModel {
    /// The bundle's name.
    pub name: String,
    /// SHA-256 of the weights.
    pub sha256: String,
    /// Bytes of the whole bundle.
    pub bytes: u64,
    /// Number of weights.
    pub parameters: u64,
    /// Side of the network's input, pixels.
    pub input: u32,
    /// What the model card says on how the weights were made.
    pub training: String,
}

/// A set of cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSet {
    /// The name that metrics use.
    pub name: String,
    /// Studies (films) that were scored.
    pub count: usize,
    /// Seed, where the set is drawn.
    pub seed: Option<u64>,
    /// What it is.
    pub about: String,
}

/// One score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What was measured, for example `pointing`.
    pub name: String,
    /// On which set.
    pub set: String,
    /// For a part of the cases or another map: `kind=nodule`, `size=<1%`, `map=value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whose answer it is, for baselines: `random point`, `untrained`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The score.
    pub value: f64,
    /// Lower end of its 95% interval over studies; none where it is exact or cannot be had.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Number of cases (sentences, films, queries).
    pub n: usize,
    /// What exactly the number is.
    pub definition: String,
}

impl Card {
    /// An empty card.
    pub fn new(model: CardModel) -> Self {
        Self {
            schema: SCHEMA.into(),
            notice: NOTICE.into(),
            model,
            sets: Vec::new(),
            metrics: Vec::new(),
            baselines: Vec::new(),
        }
    }

    /// The model's score of that name, set and group.
    pub fn metric(&self, name: &str, set: &str, group: Option<&str>) -> Option<&Metric> {
        let same = |m: &&Metric| m.name == name && m.set == set && m.group.as_deref() == group;
        self.metrics.iter().find(same)
    }

    /// The baseline's score of that name on that set.
    pub fn baseline(&self, name: &str, set: &str, baseline: &str) -> Option<&Metric> {
        let same = |m: &&Metric| {
            m.name == name
                && m.set == set
                && m.group.is_none()
                && m.baseline.as_deref() == Some(baseline)
        };
        self.baselines.iter().find(same)
    }

    /// Adds a score to the metrics, or to the baselines when it is one's.
    pub fn push(&mut self, metric: Metric) {
        let list = if metric.baseline.is_some() { &mut self.baselines } else { &mut self.metrics };
        list.push(metric);
    }
}

/// Four digits are more than any interval here supports; they keep the file small.
pub fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// What a score is about, without its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// As [`Metric::set`].
    pub set: String,
    /// As [`Metric::baseline`].
    pub baseline: Option<String>,
    /// As [`Metric::name`].
    pub name: &'static str,
    /// As [`Metric::group`].
    pub group: Option<String>,
}

impl Subject {
    /// A score of the model on a whole set.
    pub fn model(set: &str, name: &'static str) -> Self {
        Self { set: set.into(), baseline: None, name, group: None }
    }

    /// The same of a baseline, or of the model for none.
    pub fn by(self, baseline: Option<&str>) -> Self {
        Self { baseline: baseline.map(str::to_owned), ..self }
    }

    /// The same for a group.
    pub fn group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// The score with its interval over studies; none when it has no value.
    ///
    /// `statistic` is given how often each row was drawn, `None` meaning once.
    pub fn score(
        self,
        n: usize,
        groups: &Groups,
        statistic: impl Fn(Option<&[u32]>) -> Option<f64>,
    ) -> Option<Metric> {
        let value = statistic(None).filter(|v| v.is_finite())?;
        let interval = bootstrap(groups, RESAMPLES, SEED, |weights| statistic(Some(weights)));
        Some(Metric {
            low: interval.map(|i| rounded(i.low)),
            high: interval.map(|i| rounded(i.high)),
            ..self.exact(n, value)
        })
    }

    /// The score without an interval.
    pub fn exact(self, n: usize, value: f64) -> Metric {
        Metric {
            definition: super::definitions::of(self.name).into(),
            name: self.name.into(),
            set: self.set,
            group: self.group,
            baseline: self.baseline,
            value: rounded(value),
            low: None,
            high: None,
            n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const PUBLISHED: &str = include_str!("../../../../docs/card-v1.schema.json");

    /// Follows the schema beside the JSON: every field is described, every required one is there.
    fn check(value: &Value, schema: &Value, at: &str) {
        let root: Value = serde_json::from_str(PUBLISHED).unwrap();
        let elsewhere = schema["$ref"].as_str().map(|path| path.trim_start_matches('#'));
        let schema = elsewhere.map_or(schema, |path| root.pointer(path).unwrap());
        match value {
            Value::Object(fields) => {
                let known = schema["properties"].as_object().unwrap();
                for (name, field) in fields {
                    let described = known.get(name).unwrap_or_else(|| panic!("{at}.{name}"));
                    check(field, described, &format!("{at}.{name}"));
                }
                for name in schema["required"].as_array().unwrap() {
                    assert!(fields.contains_key(name.as_str().unwrap()), "{at} lacks {name}");
                }
            }
            Value::Array(items) => items.iter().for_each(|v| check(v, &schema["items"], at)),
            _ => assert!(schema["description"].is_string(), "{at} is not described"),
        }
    }

    #[test]
    fn the_published_schema_describes_the_card() {
        let model = CardModel {
            name: "m".into(),
            sha256: "0".into(),
            bytes: 1,
            parameters: 1,
            input: 128,
            training: String::new(),
        };
        let mut card = Card::new(model);
        let about = String::from("drawn");
        card.sets.push(CardSet { name: "phantoms".into(), count: 3, seed: Some(1), about });
        let groups = Groups::new(["a", "b", "c"]);
        let subject = Subject::model("phantoms", "pointing").group("kind=nodule");
        card.push(subject.clone().score(3, &groups, |_| Some(0.12345)).unwrap());
        card.push(subject.by(Some("random point")).exact(3, 0.5));
        assert_eq!((card.metrics.len(), card.baselines.len()), (1, 1));
        assert_eq!(card.metrics[0].value, 0.1235);
        let schema: Value = serde_json::from_str(PUBLISHED).unwrap();
        let json = serde_json::to_value(&card).unwrap();
        check(&json, &schema, "card");
        assert_eq!(serde_json::from_value::<Card>(json).unwrap(), card);
    }

    #[test]
    fn a_score_without_a_value_is_no_score() {
        let groups = Groups::new(["a", "b"]);
        let subject = Subject::model("s", "pointing");
        assert_eq!(subject.clone().score(2, &groups, |_| None), None);
        assert_eq!(subject.score(2, &groups, |_| Some(f64::NAN)), None);
    }
}
