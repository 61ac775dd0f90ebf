//! The fitted gate: what `gate.json` holds, and what it says of a picture.

use serde::{Deserialize, Serialize};

use super::{FilmKind, Likeness, view::nearest};
use crate::error::{Error, Result};

/// Version of `gate.json`.
pub const GATE_VERSION: u32 = 1;
/// Standard scores are cut here, so that one odd number does not decide alone.
const CUT: f32 = 6.0;
/// Squared standard scores are cut here in the distances.
const FAR: f32 = 25.0;

/// What a gate was fitted on and how it did on what it was not fitted on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FittedOn {
    /// One entry a source and kind.
    pub sets: Vec<FittedSet>,
    /// Seed of everything that was drawn.
    pub seed: u64,
}

/// One source of pictures of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FittedSet {
    /// Where the pictures are from.
    pub source: String,
    /// Their kind.
    pub kind: String,
    /// Pictures that were fitted on.
    pub fitted: usize,
    /// Pictures that were kept aside.
    pub held_out: usize,
    /// How many of these pass.
    pub passed: usize,
    /// How many of these were given their right kind, by the likeliest.
    pub right_kind: usize,
}

/// How the numbers of a picture lie in one row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Means of the frontal films' numbers before likeness and distances are added.
    pub frontal_mean: Vec<f32>,
    /// Their standard deviations, above 0.
    pub frontal_std: Vec<f32>,
    /// Ends of the groups in that row: grey layout, edges, whole, encoder.
    pub ends: Vec<usize>,
    /// Grey layouts that stand for many frontal films.
    pub templates: Vec<Vec<f32>>,
}

impl Layout {
    /// The numbers of a picture before likeness and distances are added, and the ends of groups.
    pub fn raw(likeness: &Likeness, encoder: &[f32]) -> (Vec<f32>, Vec<usize>) {
        let parts = [&likeness.layout[..], &likeness.edges, &likeness.whole, encoder];
        let ends = parts.iter().scan(0, |end, part| {
            *end += part.len();
            Some(*end)
        });
        (parts.concat(), ends.collect())
    }

    /// The whole row: the numbers, how like the picture is to the templates (as it is, inverted,
    /// turned), and how far each group is from the frontal films.
    pub fn row(&self, raw: &[f32]) -> Vec<f32> {
        let mut row = raw.to_vec();
        let grey = &raw[..self.ends.first().copied().unwrap_or(0).min(raw.len())];
        row.extend(nearest(grey, &self.templates));
        let mut start = 0;
        for &end in &self.ends {
            let squares = (start..end.min(raw.len()))
                .map(|i| ((raw[i] - self.frontal_mean[i]) / self.frontal_std[i]).powi(2).min(FAR));
            let mean = squares.sum::<f32>() / (end - start).max(1) as f32;
            row.push((mean + 1e-3).ln());
            start = end;
        }
        row
    }
}

/// A linear layer over a picture's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Version of this format.
    pub schema_version: u32,
    /// `weights_sha256` of the bundle whose encoder it reads.
    pub weights_sha256: String,
    /// The not-for-clinical-use notice.
    pub notice: String,
    /// The rows' kinds, [`FilmKind::ALL`].
    pub kinds: Vec<FilmKind>,
    /// How the numbers lie.
    pub layout: Layout,
    /// Means of the numbers.
    pub mean: Vec<f32>,
    /// Their standard deviations, above 0.
    pub std: Vec<f32>,
    /// One row of weights a kind.
    pub weights: Vec<Vec<f32>>,
    /// One number a kind.
    pub bias: Vec<f32>,
    /// A picture passes when its margin, the frontal kind's logit less the log-sum-exp of the
    /// others, is at least this.
    pub threshold: f32,
    /// What it was fitted on.
    pub fitted_on: FittedOn,
}

/// What the gate says of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What it is taken for: frontal when it passes, else the likeliest kind.
    pub kind: FilmKind,
    /// Whether it is refused.
    pub refused: bool,
    /// The margin that is compared with the threshold.
    pub margin: f32,
    /// A probability for each of [`FilmKind::ALL`].
    pub probabilities: [f32; 7],
}

impl Gate {
    /// Reads and checks `gate.json`.
    ///
    /// # Errors
    /// `G2D-W60` when it cannot be read or its parts do not fit, `G2D-W61` when it belongs to other
    /// weights.
    pub fn from_bytes(bytes: &[u8], weights_sha256: &str) -> Result<Self> {
        let remedy = "Fit it again with `g2d gate fit`";
        let odd = |what: &str| Error::weights("G2D-W60", what, remedy);
        let gate: Self = serde_json::from_slice(bytes)
            .map_err(|e| odd(&format!("The bundle's gate.json cannot be read ({e})")))?;
        if gate.schema_version != GATE_VERSION {
            return Err(odd("The bundle's gate.json is of another version"));
        }
        if gate.weights_sha256 != weights_sha256 {
            let what = "The bundle's gate.json was fitted to other weights";
            return Err(Error::weights("G2D-W61", what, remedy));
        }
        if !gate.fits() {
            return Err(odd("The parts of the bundle's gate.json do not fit each other"));
        }
        Ok(gate)
    }

    fn fits(&self) -> bool {
        let raw = self.layout.frontal_mean.len();
        let width = raw + 5 + self.layout.ends.len();
        let rows = self.kinds.len();
        let rising = self.layout.ends.windows(2).all(|w| w[0] <= w[1]);
        let finite = |values: &[f32]| values.iter().all(|v| v.is_finite());
        let positive = |values: &[f32]| finite(values) && values.iter().all(|v| *v > 0.0);
        self.kinds == FilmKind::ALL
            && rising
            && self.layout.ends.last() == Some(&raw)
            && self.layout.frontal_std.len() == raw
            && self.layout.templates.iter().all(|t| Some(&t.len()) == self.layout.ends.first())
            && [self.mean.len(), self.std.len()] == [width; 2]
            && (self.weights.len(), self.bias.len()) == (rows, rows)
            && self.weights.iter().all(|row| row.len() == width)
            && self.weights.iter().chain(&self.layout.templates).all(|row| finite(row))
            && [&self.mean, &self.bias, &self.layout.frontal_mean].into_iter().all(|v| finite(v))
            && self.threshold.is_finite()
            && positive(&self.std)
            && positive(&self.layout.frontal_std)
    }

    /// A row of numbers as standard scores.
    pub fn scores(mean: &[f32], std: &[f32], row: &[f32]) -> Vec<f32> {
        let one = |((v, m), s): ((&f32, &f32), &f32)| ((v - m) / s).clamp(-CUT, CUT);
        row.iter().zip(mean).zip(std).map(one).collect()
    }

    /// Judges a picture by its description and the means of the encoder's stages.
    ///
    /// # Errors
    /// `G2D-W60` when the encoder gives another number of means than the gate was fitted to.
    pub fn judge(&self, likeness: &Likeness, encoder: &[f32]) -> Result<Verdict> {
        let (raw, ends) = Layout::raw(likeness, encoder);
        if ends != self.layout.ends {
            return Err(Error::weights(
                "G2D-W60",
                "The bundle's gate.json expects another encoder",
                "Fit it again with `g2d gate fit`",
            ));
        }
        let row = Self::scores(&self.mean, &self.std, &self.layout.row(&raw));
        let logits = self.weights.iter().zip(&self.bias).map(|(weights, bias)| {
            bias + weights.iter().zip(&row).map(|(w, x)| w * x).sum::<f32>()
        });
        Ok(self.verdict(&logits.collect::<Vec<_>>()))
    }

    /// What logits, one a kind, mean.
    pub fn verdict(&self, logits: &[f32]) -> Verdict {
        let margin = margin(logits);
        let refused = margin.is_nan() || margin < self.threshold;
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = logits.iter().map(|z| (z - top).exp()).sum();
        let mut probabilities = [0.0; 7];
        for (p, z) in probabilities.iter_mut().zip(logits) {
            *p = (z - top).exp() / sum;
        }
        let best = (0..probabilities.len())
            .fold(0, |best, i| if probabilities[i] > probabilities[best] { i } else { best });
        let kind = if refused { FilmKind::ALL[best] } else { FilmKind::Frontal };
        Verdict { kind, refused, margin, probabilities }
    }
}

/// The first logit less the log-sum-exp of the others.
pub fn margin(logits: &[f32]) -> f32 {
    let Some((first, others)) = logits.split_first() else { return f32::NAN };
    let top = others.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    first - top - others.iter().map(|z| (z - top).exp()).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::NOTICE;

    fn gate() -> Gate {
        // Four raw numbers: two of grey, one of edges, none of the whole, one of the encoder.
        let layout = Layout {
            frontal_mean: vec![0.0; 4],
            frontal_std: vec![1.0; 4],
            ends: vec![2, 3, 3, 4],
            templates: Vec::new(),
        };
        let width = 4 + 5 + 4;
        let mut weights = vec![vec![0.0; width]; 7];
        weights[0][3] = 2.0;
        weights[1][3] = -2.0;
        Gate {
            schema_version: GATE_VERSION,
            weights_sha256: "abc".into(),
            notice: NOTICE.into(),
            kinds: FilmKind::ALL.to_vec(),
            layout,
            mean: vec![0.0; width],
            std: vec![1.0; width],
            weights,
            bias: vec![0.0; 7],
            threshold: 0.0,
            fitted_on: FittedOn::default(),
        }
    }

    #[test]
    fn the_margin_decides_and_the_likeliest_kind_is_the_reason() {
        let gate = gate();
        let passed = gate.verdict(&[4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(!passed.refused && passed.kind == FilmKind::Frontal);
        assert!((passed.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let refused = gate.verdict(&[0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(refused.refused && refused.kind == FilmKind::Inverted);
        assert!((margin(&[1.0, 1.0]) - 0.0).abs() < 1e-6);
        assert!(gate.verdict(&[f32::NAN; 7]).refused, "what cannot be judged does not pass");
    }

    #[test]
    fn a_gate_of_other_weights_or_shape_is_refused() {
        let bytes = |gate: &Gate| serde_json::to_vec(gate).unwrap();
        let good = gate();
        assert_eq!(Gate::from_bytes(&bytes(&good), "abc").unwrap(), good);
        let code = |bytes: &[u8], hash| Gate::from_bytes(bytes, hash).unwrap_err().code();
        assert_eq!(code(&bytes(&good), "def"), "G2D-W61");
        assert_eq!(code(b"{}", "abc"), "G2D-W60");
        let mut short = good.clone();
        short.weights[2].pop();
        assert_eq!(code(&bytes(&short), "abc"), "G2D-W60");
        let mut zero = good;
        zero.std[0] = 0.0;
        assert_eq!(code(&bytes(&zero), "abc"), "G2D-W60");
    }
}
