//! The published outcome, read as any other program would read it: the fields that the page shows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Where each sentence of one report points on one image.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Outcome {
    /// Version of the format.
    pub schema_version: u32,
    /// The not-for-clinical-use notice.
    pub notice: String,
    /// Whether the sentences were looked for.
    #[serde(default)]
    pub status: Status,
    /// What must be known before the result.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// The image in its own pixels.
    pub image: ImageInfo,
    /// The sentences of the report in reading order.
    pub sentences: Vec<Sentence>,
    /// Milliseconds for each stage.
    pub timings_ms: BTreeMap<String, f64>,
}

/// Whether the sentences were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// They were.
    #[default]
    Done,
    /// The film is none that the model reads.
    Refused,
}

/// What must be known before a result.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Warning {
    /// A stable code.
    pub code: String,
    /// Full sentences.
    pub message: String,
}

/// The image in its own pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ImageInfo {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Does the sentence say that something is there?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assertion {
    /// "There is a right pleural effusion."
    Present,
    /// "No pneumothorax."
    Absent,
    /// "Possible left basal opacity."
    Uncertain,
}

/// One sentence and where it points.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sentence {
    /// The sentence as written.
    pub text: String,
    /// Whether it says that something is there.
    pub assertion: Assertion,
    /// Cosine of the best place; none when it was not looked for.
    pub score: Option<f32>,
    /// Whether it has a mask; the mask itself is drawn from the worker's picture of it.
    pub mask: Option<IgnoredAny>,
    /// The connected parts of the mask, largest first.
    pub regions: Vec<Region>,
}

/// One connected part of a mask.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Region {
    /// Share of the image, in [0, 1].
    pub area_fraction: f64,
    /// Where it lies, in the patient's sides.
    pub zone: String,
}

/// The version of the format that this page reads.
const SCHEMA_VERSION: u32 = 1;

impl Outcome {
    /// Reads the JSON of an outcome; none when it is not one, or of another version.
    pub fn read(json: &str) -> Option<Self> {
        let outcome: Self = serde_json::from_str(json).ok()?;
        (outcome.schema_version == SCHEMA_VERSION).then_some(outcome)
    }
}

#[cfg(test)]
mod tests {
    use g2d_core::outcome as core;

    use super::*;

    #[test]
    fn what_the_core_writes_is_read() {
        let rle = core::Rle { size: [2, 2], counts: "04".into() };
        let sentence = core::SentenceOutcome {
            text: "Possible effusion.".into(),
            start: 0,
            end: 18,
            section: None,
            assertion: core::Assertion::Uncertain,
            score: Some(0.5),
            mask: Some(rle.clone()),
            regions: vec![core::Region {
                bbox: [0, 0, 1, 1],
                area_fraction: 0.25,
                zone: "left lower zone".into(),
            }],
        };
        let mut outcome = core::Outcome {
            schema_version: core::SCHEMA_VERSION,
            notice: core::NOTICE.into(),
            status: core::Status::Done,
            warnings: Vec::new(),
            model: core::ModelInfo { name: "m".into(), preset: "p".into(), sha256: "0".into() },
            device: core::DeviceInfo {
                backend: "cpu".into(),
                name: "n".into(),
                reason: "r".into(),
            },
            image: core::ImageInfo { width: 2, height: 2 },
            sentences: vec![sentence],
            pseudo_mask: rle.clone(),
            decoder_mask: rle,
            timings_ms: BTreeMap::from([("image".into(), 1.5)]),
        };
        let read = Outcome::read(&serde_json::to_string_pretty(&outcome).unwrap()).unwrap();
        assert_eq!(read.notice, core::NOTICE);
        assert_eq!(read.sentences[0].assertion, Assertion::Uncertain);
        assert!(read.sentences[0].mask.is_some());
        assert_eq!(read.sentences[0].regions[0].zone, "left lower zone");
        assert_eq!((read.status, read.warnings.len()), (Status::Done, 0));
        outcome.status = core::Status::Refused;
        outcome.warnings = vec![core::Warning { code: "G2D-Q02".into(), message: "No.".into() }];
        let refused = Outcome::read(&serde_json::to_string(&outcome).unwrap()).unwrap();
        assert_eq!(refused.status, Status::Refused);
        assert_eq!(refused.warnings[0].message, "No.");
        outcome.schema_version += 1;
        assert_eq!(Outcome::read(&serde_json::to_string(&outcome).unwrap()), None);
    }
}
