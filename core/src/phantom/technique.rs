//! How a film is taken: where, from which side and in which posture.

use super::config::{Institution, PhantomConfig, View};
use super::rng::Rng;

/// What the radiographer decides before the patient is placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Technique {
    /// Frontal or lateral.
    pub(crate) view: View,
    /// The beam runs from front to back, as it does at the bedside.
    pub(crate) ap: bool,
    /// A mobile unit: lines, leads and a patient who breathes badly.
    pub(crate) portable: bool,
    /// 0 = upright, 1 = lying.
    pub(crate) supine: f64,
    /// Another detector with other habits.
    pub(crate) second: bool,
}

impl Technique {
    /// Draws the technique of one study.
    pub(crate) fn draw(rng: &mut Rng, config: &PhantomConfig) -> Self {
        let second = config.institution == Institution::Second;
        let (kind, posture, mobile) = (rng.unit(), rng.unit(), rng.unit());
        let frontal = config.view == View::Frontal;
        let ap = frontal && kind < if second { 0.58 } else { 0.36 };
        let supine = if ap { posture } else { 0.0 };
        Self { view: config.view, ap, portable: ap && mobile < 0.8, supine, second }
    }
}
