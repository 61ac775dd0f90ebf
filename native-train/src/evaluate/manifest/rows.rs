//! Rows of a manifest for evaluation, read one by one: a bad row is told and the others go on.
//!
//! The files are those of [`crate::data::manifest`] (JSONL or CSV, the same columns), with three
//! differences. A row needs only what its task asks for. Boxes are shares of the image unless said
//! otherwise. And there are `labels`, see [`super::labels`]. The folder of a pack counts as a
//! manifest with images, texts, groups and splits.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::{Error, outcome::Assertion, text};
use serde_json::{Map, Value};

use super::films;
use crate::{data::pack::Pack, files};

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    /// The line it starts on, from 1.
    pub line: u64,
    pub(super) columns: Map<String, Value>,
    folder: PathBuf,
    csv: bool,
    /// The number of a film in a pack.
    packed: Option<usize>,
}

/// All rows, and what is wrong with the lines that are none.
#[derive(Debug, Default)]
pub struct Rows {
    /// In the order of the file.
    pub rows: Vec<Row>,
    /// Lines that could not be read at all.
    pub broken: Vec<(u64, Error)>,
}

/// A truth box, with the phrase that points at it where the data set has one.
#[derive(Debug, Clone, PartialEq)]
pub struct RowBox {
    /// `[x, y, width, height]` as written, top-left origin.
    pub bbox: [f64; 4],
    /// What is in it.
    pub kind: Option<String>,
    /// The phrase that points here.
    pub text: Option<String>,
}

/// A sentence that says something is there, and the numbers of the findings it speaks of.
pub type Said = (String, Vec<usize>);

fn at_line(line: u64, what: impl std::fmt::Display, remedy: &str) -> Error {
    Error::input("G2D-M40", format!("Line {line}: {what}"), remedy)
}

/// Reads a manifest.
///
/// # Errors
/// When the file cannot be read, or is a CSV whose header cannot.
pub fn read(path: &Path) -> anyhow::Result<Rows> {
    let shown = || path.display().to_string();
    if path.is_dir() {
        return pack(path);
    }
    let file = File::open(path).map_err(|e| files::reason(&e)).with_context(shown)?;
    let mut reader = BufReader::new(file);
    if reader.fill_buf().with_context(shown)?.starts_with(&[0xEF, 0xBB, 0xBF]) {
        reader.consume(3);
    }
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    match extension.as_deref() {
        Some("jsonl" | "ndjson") => jsonl(reader, &folder),
        Some("csv") => csv(reader, b',', &folder),
        Some("tsv") => csv(reader, b'\t', &folder),
        _ => {
            let start = reader.fill_buf().with_context(shown)?;
            match start.iter().find(|b| !b.is_ascii_whitespace()) {
                Some(b'{') => jsonl(reader, &folder),
                _ => csv(reader, b',', &folder),
            }
        }
    }
    .with_context(shown)
}

/// The rows of a pack: image, text, group and split.
fn pack(folder: &Path) -> anyhow::Result<Rows> {
    let pack = Pack::open(folder)?;
    let rows = pack.rows().iter().enumerate().map(|(index, row)| {
        let columns = [
            ("id", Value::from(row.id.as_str())),
            ("text", Value::from(row.text.as_str())),
            ("group", row.group.as_deref().map_or(Value::Null, Value::from)),
            ("split", Value::from(row.split.as_str())),
        ];
        Row {
            line: index as u64 + 1,
            columns: columns.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            folder: folder.to_owned(),
            csv: false,
            packed: Some(index),
        }
    });
    Ok(Rows { rows: rows.collect(), broken: Vec::new() })
}

fn jsonl(mut reader: BufReader<File>, folder: &Path) -> anyhow::Result<Rows> {
    let mut found = Rows::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&bytes) {
            Ok(columns) => {
                found.rows.push(Row {
                    line,
                    columns,
                    folder: folder.to_owned(),
                    csv: false,
                    packed: None,
                });
            }
            // serde_json's own message may quote the line; its position may be told.
            Err(e) => {
                let what = format!("this is not a JSON object (at character {})", e.column());
                let error = at_line(line, what, "Write one JSON object on each line, in UTF-8");
                found.broken.push((line, error));
            }
        }
    }
    Ok(found)
}

fn csv(reader: BufReader<File>, delimiter: u8, folder: &Path) -> anyhow::Result<Rows> {
    // Flexible, so that a row of another length is one bad row and not the end.
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(reader);
    let remedy = "Put texts with commas or line breaks in double quotes, in UTF-8";
    let header = reader
        .headers()
        .map_err(|_| at_line(1, "the header cannot be read as CSV", remedy))?
        .clone();
    let mut found = Rows::default();
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(e) => {
                let line = e.position().map_or(0, csv::Position::line);
                found.broken.push((line, at_line(line, "this cannot be read as CSV", remedy)));
                break;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let (there, wanted) = (record.len(), header.len());
        let what = match csv::StringRecord::from_byte_record(record.clone()) {
            Ok(record) if there == wanted => {
                let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.trim().is_empty());
                let columns = cells.map(|(k, v)| (k.trim().into(), Value::from(v))).collect();
                found.rows.push(Row {
                    line,
                    columns,
                    folder: folder.to_owned(),
                    csv: true,
                    packed: None,
                });
                continue;
            }
            Ok(_) => format!("there are {there} columns, the header has {wanted}"),
            Err(_) => "this is not UTF-8".to_owned(),
        };
        found.broken.push((line, at_line(line, what, remedy)));
    }
    Ok(found)
}

impl Row {
    pub(super) fn value(&self, column: &str) -> Option<&Value> {
        self.columns.get(column).filter(|v| !v.is_null())
    }

    pub(super) fn wrong(&self, column: &str, expected: &str) -> Error {
        let what = format!("`{column}` is not {expected}");
        at_line(self.line, what, "Correct this line, or leave the column out if it is optional")
    }

    /// An error of this row.
    pub fn error(&self, what: impl std::fmt::Display, remedy: &str) -> Error {
        at_line(self.line, what, remedy)
    }

    /// Whether the row has something in a column.
    pub fn has(&self, column: &str) -> bool {
        self.value(column).is_some()
    }

    fn string(&self, column: &str) -> Result<Option<&str>, Error> {
        match self.value(column) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(column, "a text")),
        }
    }

    /// A name that may also be written as a number, as patients' are.
    pub(super) fn name(&self, column: &str) -> Result<Option<String>, Error> {
        match self.value(column) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.trim().to_owned()).filter(|s| !s.is_empty())),
            Some(Value::Number(n)) => Ok(Some(n.to_string())),
            Some(_) => Err(self.wrong(column, "a name")),
        }
    }

    fn file(&self, column: &str, name: &str) -> Result<PathBuf, Error> {
        let path = self.folder.join(name.trim());
        if path.is_file() {
            return Ok(path);
        }
        let what = format!("the file of `{column}` is not there");
        Err(self.error(what, "Write paths relative to the manifest's own folder"))
    }

    /// The image's file.
    ///
    /// # Errors
    /// When there is none.
    pub fn image(&self) -> Result<PathBuf, Error> {
        if let Some(index) = self.packed {
            return Ok(films::in_pack(&self.folder, index));
        }
        match self.string("image")? {
            Some(name) => self.file("image", name),
            None => Err(self.error("there is no `image`", "Give each line the path of its image")),
        }
    }

    /// The name of the image as written, or of the row: what a result calls it.
    ///
    /// # Errors
    /// When `id` or `image` is no name.
    pub fn id(&self) -> Result<String, Error> {
        let id = self.name("id")?;
        let image = if id.is_none() { self.name("image")? } else { id };
        Ok(image.unwrap_or_else(|| format!("line {}", self.line)))
    }

    /// The report or phrase: `text` as it stands, or findings and impression joined.
    ///
    /// # Errors
    /// When there is none.
    pub fn text(&self) -> Result<String, Error> {
        let written = match self.string("text")? {
            Some(text) => text.trim().to_owned(),
            None => text::training_text(self.string("findings")?, self.string("impression")?, None),
        };
        if written.is_empty() {
            let remedy = "Give each line a `text`, or `findings` or `impression`";
            return Err(self.error("there is no text", remedy));
        }
        Ok(written)
    }

    /// Whose image it is.
    ///
    /// # Errors
    /// When it is no name.
    pub fn group(&self) -> Result<Option<String>, Error> {
        self.name("group")
    }

    /// `train`, `val`, `test` in any usual spelling, or another name.
    ///
    /// # Errors
    /// When it is no name.
    pub fn split(&self) -> Result<Option<String>, Error> {
        Ok(self.name("split")?.map(|name| match name.to_lowercase().as_str() {
            "train" | "training" => "train".into(),
            "val" | "valid" | "validate" | "validation" | "dev" => "val".into(),
            "test" | "testing" => "test".into(),
            _ => name,
        }))
    }

    /// Truth masks; their union is the truth.
    ///
    /// # Errors
    /// When a file is not there.
    pub fn masks(&self) -> Result<Vec<PathBuf>, Error> {
        let expected = "a path or a list of paths";
        let names: Vec<&str> = match self.value("mask") {
            None => Vec::new(),
            Some(Value::String(s)) if self.csv => s.split(';').collect(),
            Some(Value::String(s)) => vec![s],
            Some(Value::Array(list)) => {
                let names: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
                names.ok_or_else(|| self.wrong("mask", expected))?
            }
            Some(_) => return Err(self.wrong("mask", expected)),
        };
        names.into_iter().map(|name| self.file("mask", name)).collect()
    }

    /// A list: JSON as it stands, or JSON in a CSV cell.
    fn list(&self, column: &str, expected: &str) -> Result<Option<Vec<Value>>, Error> {
        match self.value(column) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list.clone())),
            Some(Value::String(s)) if self.csv => {
                serde_json::from_str(s).map(Some).map_err(|_| self.wrong(column, expected))
            }
            Some(_) => Err(self.wrong(column, expected)),
        }
    }

    /// Truth boxes as written; none when the row does not speak of boxes at all.
    ///
    /// # Errors
    /// When they are no boxes.
    pub fn boxes(&self) -> Result<Option<Vec<RowBox>>, Error> {
        let expected = "a list of [x, y, width, height] or of objects with `box`";
        let Some(list) = self.list("boxes", expected)? else { return Ok(None) };
        let numbers = |value: &Value| -> Option<[f64; 4]> {
            let list = value.as_array().filter(|list| list.len() == 4)?;
            let mut bbox = [0.0; 4];
            for (number, value) in bbox.iter_mut().zip(list) {
                *number = value.as_f64().filter(|v| v.is_finite())?;
            }
            (bbox[2] > 0.0 && bbox[3] > 0.0).then_some(bbox)
        };
        let one = |value: &Value| -> Option<RowBox> {
            let named = value.as_object();
            let word = |key| named.and_then(|n| n.get(key)).and_then(Value::as_str);
            let bbox = numbers(named.map_or(Some(value), |n| n.get("box"))?)?;
            Some(RowBox {
                bbox,
                kind: word("kind").map(str::to_owned),
                text: word("text").map(str::to_owned),
            })
        };
        let boxes: Option<Vec<RowBox>> = list.iter().map(one).collect();
        boxes.map(Some).ok_or_else(|| self.wrong("boxes", expected))
    }

    /// The sentences that say something is there, with the numbers of the findings (places in
    /// `mask` and `boxes`) that they speak of; none when the row does not tell its sentences.
    ///
    /// # Errors
    /// When a sentence lies outside the text.
    pub fn sentences(&self) -> Result<Option<Vec<Said>>, Error> {
        let expected = "a list of objects with start, end, assertion and findings";
        let list = self.list("sentences", expected)?.filter(|list| !list.is_empty());
        let Some(list) = list else { return Ok(None) };
        let report = self.string("text")?.unwrap_or_default();
        let mut present = Vec::new();
        for value in list {
            let sentence: crate::data::manifest::PairSentence =
                serde_json::from_value(value).map_err(|_| self.wrong("sentences", expected))?;
            let text = report.get(sentence.start..sentence.end);
            let text = text.ok_or_else(|| self.wrong("sentences", "made of ranges of `text`"))?;
            if sentence.assertion == Assertion::Present && !sentence.findings.is_empty() {
                present.push((text.to_owned(), sentence.findings));
            }
        }
        Ok(Some(present))
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
