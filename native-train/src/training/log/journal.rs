//! The files of a run: rows of metrics, rows of validation, TensorBoard's events, the log.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::tensorboard::EventFile;
use crate::{files, training::RunDir};

/// The open files of a run.
pub(in crate::training) struct Journal {
    metrics: File,
    validation: File,
    log: File,
    events: Option<EventFile>,
}

impl Journal {
    /// Opens them to go on at a step: rows of that step and later are dropped, since a run that
    /// was killed after its last checkpoint has written rows that will be written again. A row
    /// that was cut off in the middle goes, too.
    pub(in crate::training) fn open(run: &RunDir, step: usize, tensorboard: bool) -> Result<Self> {
        let events = tensorboard.then(|| EventFile::create(&run.root().join("tensorboard"), step));
        Ok(Self {
            metrics: open_rows(&run.metrics_path(), |row| row < step)?,
            // A validation after step n belongs to the checkpoint of step n.
            validation: open_rows(&run.root().join("validation.jsonl"), |row| row <= step)?,
            log: append(&run.root().join("train.log"))?,
            events: events.transpose()?,
        })
    }

    /// A row of `metrics.jsonl`.
    pub(in crate::training) fn step(&mut self, step: usize, row: &Value) -> Result<()> {
        writeln!(self.metrics, "{row}").context("metrics.jsonl cannot be written")?;
        self.scalars(step, "train", row)
    }

    /// A row of `validation.jsonl`.
    pub(in crate::training) fn validation(
        &mut self,
        step: usize,
        values: &[(String, f64)],
    ) -> Result<()> {
        let mut row = json!({ "step": step });
        for (name, value) in values {
            row[name] = json!(value);
        }
        writeln!(self.validation, "{row}").context("validation.jsonl cannot be written")?;
        self.scalars(step, "validation", &row)
    }

    fn scalars(&mut self, step: usize, kind: &str, row: &Value) -> Result<()> {
        let (Some(events), Some(row)) = (&mut self.events, row.as_object()) else {
            return Ok(());
        };
        let tags: Vec<(String, f64)> = row
            .iter()
            .filter(|(name, _)| *name != "step")
            .filter_map(|(name, value)| Some((format!("{kind}/{name}"), value.as_f64()?)))
            .collect();
        events.scalars(step, tags.iter().map(|(tag, value)| (tag.as_str(), *value)))
    }

    /// A picture for TensorBoard.
    pub(in crate::training) fn picture(
        &mut self,
        step: usize,
        tag: &str,
        size: (usize, usize),
        png: &[u8],
    ) -> Result<()> {
        self.events.as_mut().map_or(Ok(()), |events| events.picture(step, tag, size, png))
    }

    /// A line of `train.log`, with the time.
    pub(in crate::training) fn log(&mut self, line: impl std::fmt::Display) -> Result<()> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        writeln!(self.log, "{seconds} {line}").context("train.log cannot be written")
    }

    /// Makes sure that what was written is on the disk.
    pub(in crate::training) fn sync(&mut self) -> Result<()> {
        if let Some(events) = &mut self.events {
            events.flush()?;
        }
        self.metrics.sync_data()?;
        Ok(self.validation.sync_data()?)
    }
}

fn append(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.with_context(|| format!("{} cannot be written", path.display()))
}

fn open_rows(path: &Path, keep: impl Fn(usize) -> bool) -> Result<File> {
    if path.exists() {
        let mut kept = Vec::new();
        for line in BufReader::new(File::open(path)?).lines() {
            // What cannot be read as text was cut off, too.
            let Ok(line) = line else { break };
            let row: Option<Value> = serde_json::from_str(&line).ok();
            let at = row.and_then(|r| r.get("step").and_then(Value::as_u64));
            if at.is_some_and(|at| keep(at as usize)) {
                writeln!(kept, "{line}")?;
            }
        }
        files::write_atomic(path, &kept)?;
    }
    append(path)
}
