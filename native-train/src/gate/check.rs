//! What a gate says of images.

use std::path::{Path, PathBuf};

use g2d_core::{
    Error,
    gate::{FilmKind, Verdict},
    image::{Limits, decode, stretch},
    session::Session,
};
use serde::Serialize;

use super::describe::describe;
use crate::files;

/// How many images passed, and what the others were taken for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Images that were judged.
    pub images: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that were refused.
    pub refused: usize,
    /// Those that could not be read.
    pub unreadable: usize,
    /// What the refused ones were taken for.
    pub taken_for: std::collections::BTreeMap<&'static str, usize>,
}

impl Counts {
    /// Counts one image.
    pub fn add(&mut self, verdict: Option<&Verdict>) {
        let Some(verdict) = verdict else {
            self.unreadable += 1;
            return;
        };
        self.images += 1;
        if verdict.refused {
            self.refused += 1;
            *self.taken_for.entry(name(verdict)).or_default() += 1;
        } else {
            self.passed += 1;
        }
    }

    /// The refused share in percent, and its 95% interval (Wilson).
    pub fn refused_percent(&self) -> [f64; 3] {
        let n = self.images.max(1) as f64;
        let p = self.refused as f64 / n;
        let z = 1.959_963_984_540_054_f64;
        let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        [p, (middle - half).max(0.0), (middle + half).min(1.0)].map(|v| v * 100.0)
    }
}

fn name(verdict: &Verdict) -> &'static str {
    match verdict.kind {
        // Refused although frontal is the likeliest: too little like the known ones.
        FilmKind::Frontal => "unsure",
        kind => kind.name(),
    }
}

/// The gate's verdict on each file; none for a file that is no readable image.
///
/// # Errors
/// When the model has no gate or the device fails.
pub fn judge_files(session: &Session, paths: &[PathBuf]) -> anyhow::Result<Vec<Option<Verdict>>> {
    let gate = session.gate().ok_or_else(|| {
        Error::weights(
            "G2D-W62",
            "This bundle has no gate.json",
            "Make one with `g2d gate fit --model DIR`",
        )
    })?;
    let limits = Limits::default();
    let make = |i: usize| {
        let bytes = files::read_at_most(&paths[i], limits.max_bytes as u64)?;
        let film = decode(&bytes, &limits)?;
        Ok(if film.bits > 8 { stretch(&film.pixels) } else { film.pixels })
    };
    let found = describe(session, paths.len(), make, |_| {})?;
    let judge = |found: anyhow::Result<super::describe::Described>| match found {
        Ok(one) => Ok(Some(gate.judge(&one.likeness, &one.encoder)?)),
        Err(_) => Ok(None),
    };
    found.into_iter().map(judge).collect()
}

/// Counts what the gate says of every PNG and JPEG below a folder.
///
/// # Errors
/// When the folder cannot be listed, and as [`judge_files`].
pub fn check(session: &Session, folder: &Path) -> anyhow::Result<Counts> {
    let paths = super::set::images(folder)?;
    let mut counts = Counts::default();
    for verdict in judge_files(session, &paths)? {
        counts.add(verdict.as_ref());
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_intervals() {
        let counts = Counts { images: 100, refused: 1, ..Counts::default() };
        let [p, low, high] = counts.refused_percent();
        // Wilson's interval for 1 of 100: 0.2% to 5.4%.
        assert!((p - 1.0).abs() < 1e-9 && (low - 0.18).abs() < 0.02 && (high - 5.45).abs() < 0.02);
        assert_eq!(Counts::default().refused_percent()[0], 0.0);
    }
}
