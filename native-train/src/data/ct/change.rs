//! What a finding does to voxels.

use super::chest::{SOFT_HU, attenuation};

/// What happens to voxels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    /// Places in the volume, each once.
    pub(crate) places: Vec<usize>,
    /// Their new attenuation, 1/mm.
    pub(crate) fresh: Vec<f32>,
    /// Share of the voxel that belongs to the finding.
    pub(crate) cover: Vec<f32>,
}

impl Change {
    /// Adds a voxel: its place, its new attenuation, its share.
    pub(crate) fn push(&mut self, place: usize, fresh: f32, cover: f32) {
        self.places.push(place);
        self.fresh.push(fresh);
        self.cover.push(cover);
    }

    /// Mixes solid tissue into a voxel, never making it thinner.
    ///
    /// A voxel counts as covered by how much its air is replaced, in full from `amount` on: a
    /// faint shadow is as large as a dense one.
    pub(crate) fn fill(&mut self, place: usize, old: f32, cover: f64, amount: f64) {
        let solid = attenuation(SOFT_HU);
        if cover > 0.02 {
            let fresh = old + (cover * amount) as f32 * (solid - old).max(0.0);
            self.push(place, fresh, cover as f32);
        }
    }
}
