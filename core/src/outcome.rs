//! The one result format: the CLI's JSON, the page's export and the test fixtures.
//!
//! Version 1. Fields are only ever added within a version; a change of meaning is a new version.
//! [`json_schema`] publishes it as a JSON schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the format, the `schema_version` field.
pub const SCHEMA_VERSION: u32 = 1;

/// Stands wherever a result stands.
pub const NOTICE: &str = "Research software. Not for clinical use: not a medical device, not \
                          validated on patients, may be wrong in every sentence.";

/// Where each sentence of one report points on one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Version of this format.
    pub schema_version: u32,
    /// The not-for-clinical-use notice.
    pub notice: String,
    /// Whether the sentences were looked for; `refused` when the film is none that the model reads.
    #[serde(default)]
    pub status: Status,
    /// What the reader must know before the result; empty when there is nothing.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Which weights gave the result.
    pub model: ModelInfo,
    /// What computed it.
    pub device: DeviceInfo,
    /// The image in its own pixels.
    pub image: ImageInfo,
    /// The sentences of the report in reading order.
    pub sentences: Vec<SentenceOutcome>,
    /// Regions the network attends to, independent of the report, in original pixels.
    pub pseudo_mask: Rle,
    /// What the decoder predicts the pseudo mask to be; it never reads the report.
    pub decoder_mask: Rle,
    /// Milliseconds for each stage: `decode`, `image`, `text`, `ground`.
    pub timings_ms: BTreeMap<String, f64>,
}

/// Whether the sentences of a report were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// They were.
    #[default]
    Done,
    /// They were not, for the reason in `warnings`; no sentence has a score or a mask.
    Refused,
}

/// What the reader must know before the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// A stable code, for example `G2D-Q01`.
    pub code: String,
    /// What is the matter and what to do, in full sentences.
    pub message: String,
}

/// Which weights gave a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelInfo {
    /// The bundle's name.
    pub name: String,
    /// Preset of the architecture, for example `tiny`.
    pub preset: String,
    /// SHA-256 of the bundle's weights, lower-case hexadecimal.
    pub sha256: String,
}

/// What computed a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceInfo {
    /// `cpu`, `wgpu`, `webgpu` or `cuda`.
    pub backend: String,
    /// The adapter's name as the driver gives it.
    pub name: String,
    /// Why this device was chosen.
    pub reason: String,
}

/// The image in its own pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageInfo {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Does the sentence say that something is there?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SentenceOutcome {
    /// The sentence as written.
    pub text: String,
    /// First byte of the sentence in the report (UTF-8).
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Heading it stands under, upper case, for example `FINDINGS`; none when there is none.
    pub section: Option<String>,
    /// Whether it says that something is there.
    pub assertion: Assertion,
    /// Cosine of the best place with the sentence, in [-1, 1]; none when it was not grounded.
    pub score: Option<f32>,
    /// Its mask in original pixels; null for a negated sentence and for one that points nowhere.
    pub mask: Option<Rle>,
    /// The connected parts of the mask, largest first.
    pub regions: Vec<Region>,
}

/// One connected part of a mask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Region {
    /// `[x, y, width, height]` in original pixels, top-left origin.
    #[serde(rename = "box")]
    pub bbox: [u32; 4],
    /// Share of the image that the region covers, in [0, 1].
    pub area_fraction: f64,
    /// Where it lies, in the patient's sides, for example `right lower zone`.
    pub zone: String,
}

/// A binary mask as COCO's compressed run-length encoding (column-major, starts with zeros).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rle {
    /// `[height, width]`, as COCO has it.
    pub size: [u32; 2],
    /// COCO's compressed counts string, as `pycocotools` writes it.
    pub counts: String,
}

/// The JSON schema of [`Outcome`], pretty-printed.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Outcome);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_this_one() {
        let published = include_str!("../../docs/outcome-v1.schema.json");
        assert_eq!(published.trim(), json_schema().trim(), "run `g2d schema` and store its output");
    }

    #[test]
    fn fields_have_the_published_names() {
        let region = Region { bbox: [1, 2, 3, 4], area_fraction: 0.5, zone: "x".into() };
        let json = serde_json::to_value(&region).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"box": [1, 2, 3, 4], "area_fraction": 0.5, "zone": "x"})
        );
        assert_eq!(serde_json::to_value(Assertion::Uncertain).unwrap(), "uncertain");
    }
}
