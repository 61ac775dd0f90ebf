//! The pairs manifest: which image belongs to which report.
//!
//! JSONL (one object a line) or CSV (a header, then one row a pair), told apart by the file's
//! name or first character. Columns:
//!
//! | column | holds |
//! |---|---|
//! | `image` | path of the image, relative to the manifest |
//! | `text` | the report; or `findings` and `impression`, which are joined |
//! | `group` | optional: whose image it is; one group never lies in two splits |
//! | `split` | optional: `train`, `val`, `test` |
//! | `mask` | optional: path or list of paths (in CSV with `;` between) of truth masks |
//! | `boxes` | optional: list of `[x, y, width, height]`, or of objects with `box` (in CSV as JSON) |
//! | `sentences` | optional: list of `start`, `end`, `assertion`, `findings` (indices into `mask`) |
//!
//! Other columns are let be. Errors name the line and the column, never what stands in it.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::{Error, outcome::Assertion, text};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::files;

/// An image and its report.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The image file.
    pub image: PathBuf,
    /// The report: `text` as it stands, or findings and impression joined.
    pub text: String,
    /// Whose image it is.
    pub group: Option<String>,
    /// `train`, `val`, `test`, or a name of the maker's own.
    pub split: Option<String>,
    /// Truth masks, one for each finding.
    pub mask: Vec<PathBuf>,
    /// Truth boxes.
    pub boxes: Vec<PairBox>,
    /// What the report's sentences say, where that is known; byte ranges refer to `text`.
    pub sentences: Vec<PairSentence>,
}

/// A truth box in pixels of the image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PairBox {
    /// What is in it, for example `effusion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The patient's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// The height in the lung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The phrase that points here, for data sets that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `[x, y, width, height]`, top-left origin.
    #[serde(rename = "box")]
    pub bbox: [f64; 4],
}

/// What one sentence of the report says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairSentence {
    /// First byte in the report.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether it says that something is there.
    pub assertion: Assertion,
    /// The findings it speaks of, as indices into `mask` and `boxes`.
    #[serde(default)]
    pub findings: Vec<usize>,
}

/// Reads a manifest; every image and mask that it names must be there.
///
/// # Errors
/// At the first line that cannot be used, with its number; when there is no line; when one group
/// lies in two splits.
pub fn read(path: &Path) -> anyhow::Result<Vec<Pair>> {
    read_pairs(path).with_context(|| path.display().to_string())
}

/// A line's number, and its pair or what is wrong with it.
pub type Line = (u64, Result<Pair, Error>);

/// Reads a manifest line by line: a line that cannot be used stands beside those that can.
///
/// # Errors
/// When the file itself cannot be read or a table has no header.
pub fn read_lines(path: &Path) -> anyhow::Result<Vec<Line>> {
    lines(path).with_context(|| path.display().to_string())
}

fn lines(path: &Path) -> anyhow::Result<Vec<Line>> {
    let file = File::open(path).map_err(|e| files::reason(&e))?;
    let mut reader = BufReader::new(file);
    skip_byte_order_mark(&mut reader)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    match Format::of(path, &mut reader)? {
        Format::Jsonl => jsonl(reader, folder),
        Format::Csv(delimiter) => csv(reader, delimiter, folder),
    }
}

fn read_pairs(path: &Path) -> anyhow::Result<Vec<Pair>> {
    let pairs = lines(path)?
        .into_iter()
        .map(|(line, pair)| Ok((line, pair?)))
        .collect::<Result<Vec<Numbered>, Error>>()?;
    if pairs.is_empty() {
        return Err(Error::input(
            "G2D-M01",
            "The manifest has no pairs",
            "Give one line for each image, with at least `image` and `text`",
        )
        .into());
    }
    check_groups(&pairs)?;
    Ok(pairs.into_iter().map(|(_, pair)| pair).collect())
}

enum Format {
    Jsonl,
    Csv(u8),
}

impl Format {
    fn of(path: &Path, reader: &mut BufReader<File>) -> anyhow::Result<Self> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        Ok(match extension.as_deref() {
            Some("jsonl" | "ndjson") => Self::Jsonl,
            Some("csv") => Self::Csv(b','),
            Some("tsv") => Self::Csv(b'\t'),
            _ => {
                let start = reader.fill_buf()?;
                match start.iter().find(|b| !b.is_ascii_whitespace()) {
                    Some(b'{') => Self::Jsonl,
                    _ => Self::Csv(b','),
                }
            }
        })
    }
}

/// Spreadsheets put the three bytes EF BB BF in front, which would become part of a column's name.
fn skip_byte_order_mark(reader: &mut BufReader<File>) -> anyhow::Result<()> {
    if reader.fill_buf()?.starts_with(&[0xEF, 0xBB, 0xBF]) {
        reader.consume(3);
    }
    Ok(())
}

/// A pair with the line it stands on.
type Numbered = (u64, Pair);

fn at_line(line: u64, what: impl std::fmt::Display, remedy: &str) -> Error {
    Error::input("G2D-M02", format!("Line {line}: {what}"), remedy)
}

fn jsonl(mut reader: impl std::io::BufRead, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let mut pairs = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        // serde_json's own message may quote the line; its position may be told.
        let row = serde_json::from_slice::<Map<String, Value>>(&bytes).map_err(|e| {
            let what = format!("this is not a JSON object (at character {})", e.column());
            at_line(line, what, "Write one JSON object on each line, in UTF-8")
        });
        pairs.push((line, row.and_then(|row| Row { line, row, folder, csv: false }.pair())));
    }
    Ok(pairs)
}

fn csv(reader: impl Read, delimiter: u8, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(reader);
    let broken = |e: &csv::Error| {
        let line = e.position().map_or(1, csv::Position::line);
        let what = match e.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("there are {len} columns, the header has {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "this is not UTF-8".to_owned(),
            _ => "this cannot be read as CSV".to_owned(),
        };
        at_line(line, what, "Put texts with commas or line breaks in double quotes, in UTF-8")
    };
    let header = reader.headers().map_err(|e| broken(&e))?.clone();
    let mut pairs = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                pairs.push((line, Err(broken(&error))));
                // A reader that cannot go on would give the same error for ever.
                if matches!(error.kind(), csv::ErrorKind::Io(_)) {
                    break;
                }
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let filled = header.iter().zip(&record).filter(|(_, cell)| !cell.trim().is_empty());
        let row = filled.map(|(name, cell)| (name.trim().into(), Value::from(cell))).collect();
        pairs.push((line, Row { line, row, folder, csv: true }.pair()));
    }
    Ok(pairs)
}

/// One line, whichever format it came from.
struct Row<'a> {
    line: u64,
    row: Map<String, Value>,
    folder: &'a Path,
    csv: bool,
}

impl Row<'_> {
    fn pair(&self) -> Result<Pair, Error> {
        let image = self.string("image")?.ok_or_else(|| {
            at_line(self.line, "there is no `image`", "Give each line the path of its image")
        })?;
        Ok(Pair {
            image: self.file("image", image)?,
            text: self.text()?,
            group: self.name("group")?,
            split: self.name("split")?.map(|s| canonical_split(&s)),
            mask: self.masks()?,
            boxes: self.boxes()?,
            sentences: self.list("sentences", "a list of objects with start, end, assertion")?,
        })
    }

    fn value(&self, column: &str) -> Option<&Value> {
        self.row.get(column).filter(|v| !v.is_null())
    }

    fn wrong(&self, column: &str, expected: &str) -> Error {
        let what = format!("`{column}` is not {expected}");
        at_line(self.line, what, "Correct this line, or leave the column out if it is optional")
    }

    fn string(&self, column: &str) -> Result<Option<&str>, Error> {
        self.value(column)
            .map(|v| v.as_str().ok_or_else(|| self.wrong(column, "a text")))
            .transpose()
    }

    /// A name that may also be written as a number, as patients' are.
    fn name(&self, column: &str) -> Result<Option<String>, Error> {
        match self.value(column) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.trim().to_owned()).filter(|s| !s.is_empty())),
            Some(Value::Number(n)) => Ok(Some(n.to_string())),
            Some(_) => Err(self.wrong(column, "a name")),
        }
    }

    fn text(&self) -> Result<String, Error> {
        let report = match self.string("text")? {
            Some(text) => text.to_owned(),
            None => text::training_text(self.string("findings")?, self.string("impression")?, None),
        };
        if report.trim().is_empty() {
            return Err(at_line(
                self.line,
                "there is no report",
                "Give each line a `text`, or `findings` or `impression`",
            ));
        }
        Ok(report)
    }

    fn file(&self, column: &str, name: &str) -> Result<PathBuf, Error> {
        let path = self.folder.join(name.trim());
        if path.is_file() {
            return Ok(path);
        }
        let what = format!("the file of `{column}` is not there");
        Err(at_line(self.line, what, "Write paths relative to the manifest's own folder"))
    }

    fn masks(&self) -> Result<Vec<PathBuf>, Error> {
        let expected = "a path or a list of paths";
        let names: Vec<&str> = match self.value("mask") {
            None => Vec::new(),
            Some(Value::String(s)) if self.csv => s.split(';').collect(),
            Some(Value::String(s)) => vec![s],
            Some(Value::Array(list)) => list
                .iter()
                .map(|v| v.as_str().ok_or_else(|| self.wrong("mask", expected)))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(self.wrong("mask", expected)),
        };
        names.into_iter().map(|name| self.file("mask", name)).collect()
    }

    fn boxes(&self) -> Result<Vec<PairBox>, Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Plain([f64; 4]),
            Named(PairBox),
        }
        let expected = "a list of [x, y, width, height] or of objects with `box`";
        let boxes: Vec<PairBox> = self
            .list("boxes", expected)?
            .into_iter()
            .map(|either| match either {
                Either::Plain(bbox) => PairBox { bbox, ..PairBox::default() },
                Either::Named(named) => named,
            })
            .collect();
        let sound = |b: &PairBox| {
            let [x, y, width, height] = b.bbox;
            x.is_finite() && y.is_finite() && width > 0.0 && height > 0.0
        };
        if boxes.iter().all(sound) {
            Ok(boxes)
        } else {
            Err(self.wrong("boxes", "made of finite boxes with a width and a height"))
        }
    }

    fn list<T: DeserializeOwned>(&self, column: &str, expected: &str) -> Result<Vec<T>, Error> {
        let Some(value) = self.value(column) else {
            return Ok(Vec::new());
        };
        // In a CSV cell a list stands as JSON text.
        let parsed = match value {
            Value::String(s) if self.csv => serde_json::from_str(s),
            value => serde_json::from_value(value.clone()),
        };
        parsed.map_err(|_| self.wrong(column, expected))
    }
}

/// The spellings that data sets use for the three usual splits.
pub(super) fn canonical_split(name: &str) -> String {
    match name.to_lowercase().as_str() {
        "train" | "training" => "train".into(),
        "val" | "valid" | "validate" | "validation" | "dev" => "val".into(),
        "test" | "testing" => "test".into(),
        _ => name.to_owned(),
    }
}

/// A patient in two splits would let the model be tested on what it has learnt by heart.
fn check_groups(pairs: &[Numbered]) -> Result<(), Error> {
    let mut seen: HashMap<&str, (u64, Option<&str>)> = HashMap::new();
    for (line, pair) in pairs {
        let Some(group) = &pair.group else { continue };
        let split = pair.split.as_deref();
        let (first, before) = *seen.entry(group).or_insert((*line, split));
        if before != split {
            return Err(Error::input(
                "G2D-M03",
                format!("Lines {first} and {line} are of one group but in different splits"),
                "Put all images of one patient (`group`) into the same split",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
