//! The table for people and the JSON for programs.

use std::path::Path;

use anyhow::Result;
use g2d_core::outcome::NOTICE;
use serde::Serialize;
use serde_json::{Map, Value};

use super::clock::Spread;
use super::machine::{Machine, Memory};
use crate::{files, output};

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Group and name, `step/whole`.
    pub name: String,
    /// Images that one repeat handles.
    pub images: usize,
    /// Time of one repeat.
    pub milliseconds: Spread,
    /// Images in a second.
    pub images_per_second: Spread,
    /// Anything else that belongs to it.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Row {
    /// A measurement of `images` images a repeat.
    pub fn new(name: impl Into<String>, images: usize, milliseconds: Spread) -> Self {
        let images_per_second = milliseconds.per_second(images);
        Self { name: name.into(), images, milliseconds, images_per_second, more: Map::new() }
    }

    /// Adds the seconds that processors worked for one repeat, where they are known.
    #[must_use]
    pub fn worked(self, seconds: Option<f64>) -> Self {
        match seconds {
            Some(seconds) => self.with("processor_seconds", seconds),
            None => self,
        }
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }
}

/// Everything that one call measured.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of this layout.
    pub schema: &'static str,
    /// On what.
    pub machine: Machine,
    /// The configuration's name.
    pub config: String,
    /// Preset of the model.
    pub preset: String,
    /// Side of the network's input in pixels.
    pub input_size: usize,
    /// Images in a batch.
    pub batch: usize,
    /// The measurements.
    pub rows: Vec<Row>,
    /// Memory at the end.
    pub memory: Memory,
    /// Not for clinical use.
    pub notice: &'static str,
}

impl Report {
    /// Schema of this version.
    pub const SCHEMA: &'static str = "g2d-bench-v1";
    /// What stands under every result of a model.
    pub const NOTICE: &'static str = NOTICE;

    /// Prints the table, and writes the JSON where a file was named.
    ///
    /// # Errors
    /// When standard output or the file cannot be written.
    pub fn publish(&self, json: Option<&Path>) -> Result<()> {
        for line in self.table() {
            output::line(line)?;
        }
        if let Some(path) = json {
            files::write_atomic(path, &serde_json::to_vec_pretty(self)?)?;
        }
        Ok(())
    }

    fn table(&self) -> Vec<String> {
        let m = &self.machine;
        let cpu = m.cpu.as_deref().unwrap_or("processor not named by the system");
        let extra = match m.compiled_for.as_slice() {
            [] => "no vector extensions beyond the plainest".to_owned(),
            features => format!("with {}", features.join(", ")),
        };
        let mut lines = vec![
            format!("g2d {} on Burn {}, {}, compiled {extra}", m.g2d, m.burn, m.platform),
            format!("{cpu}, {} threads; device: {} ({})", m.threads, m.back_end, m.device),
            format!(
                "configuration {} (preset {}), {} px, batch {}, {}",
                self.config, self.preset, self.input_size, self.batch, m.float
            ),
            format!(
                "{:<36} {:>6} {:>11} {:>22} {:>11}",
                "what", "images", "median ms", "quartiles ms", "images/s"
            ),
        ];
        for row in &self.rows {
            let t = &row.milliseconds;
            let quartiles = format!("{:.2} .. {:.2}", t.q1, t.q3);
            lines.push(format!(
                "{:<36} {:>6} {:>11.2} {:>22} {:>11.1}{}",
                row.name,
                row.images,
                t.median,
                quartiles,
                row.images_per_second.median,
                told(&row.more)
            ));
        }
        let mib = |bytes: Option<u64>| match bytes {
            Some(bytes) => format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)),
            None => "not measured here".to_owned(),
        };
        let device = self.memory.device_reserved.map_or_else(String::new, |reserved| {
            format!("; taken on the device {}", mib(Some(reserved)))
        });
        let peak = mib(self.memory.peak_resident);
        lines.push(format!("peak memory of the process {peak}{device}"));
        lines.push(self.notice.to_owned());
        lines
    }
}

/// Numbers and words that fit on the row's line.
fn told(more: &Map<String, Value>) -> String {
    let show = |(name, value): (&String, &Value)| match value {
        Value::Number(n) if n.is_f64() => {
            let value = n.as_f64().unwrap_or(0.0);
            // Very small numbers are differences, and differences want their exponent.
            let small = value != 0.0 && value.abs() < 1e-3;
            Some(if small {
                format!("  {name} {value:.1e}")
            } else {
                format!("  {name} {value:.3}")
            })
        }
        Value::Number(_) | Value::Bool(_) => Some(format!("  {name} {value}")),
        Value::String(text) => Some(format!("  {name} {text}")),
        _ => None,
    };
    more.iter().filter_map(show).collect()
}
