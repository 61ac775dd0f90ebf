//! Cardiomegaly.

use g2d_core::phantom::{FindingKind, Side, Zone};

use super::{change::Change, chest::Chest, lesion::Lesion};

/// The heart, grown into the lungs beside it; the whole of it is the finding.
pub(crate) fn heart(chest: &Chest, now: &[f32], severity: f64) -> Lesion {
    let grid = &chest.grid;
    let places: Vec<usize> = (0..chest.heart.len()).filter(|&i| chest.heart[i]).collect();
    let mut centre = [0.0; 3];
    for &i in &places {
        let p = grid.centre(grid.voxel(i));
        (0..3).for_each(|a| centre[a] += p[a] / places.len() as f64);
    }
    let top = places.iter().map(|&i| grid.centre(grid.voxel(i))[2]).fold(f64::MIN, f64::max);
    let wide = 0.22 + 0.4 * severity;
    let mut change = Change::default();
    places.iter().for_each(|&i| change.push(i, now[i], 1.0));
    for &i in chest.lungs.iter().flat_map(|l| &l.places) {
        let p = grid.centre(grid.voxel(i));
        // Wider from the great vessels down, so that the upper border keeps its slope.
        let share = ((top - p[2]) / 60.0).clamp(0.0, 1.0);
        let grown = [1.0 + wide * share, 1.0 + 0.4 * wide * share];
        let flat = [0, 1].map(|a| centre[a] + (p[a] - centre[a]) / grown[a]);
        let q = [flat[0], flat[1], p[2]];
        if !chest.heart[i] && grid.nearest(q).is_some_and(|j| chest.heart[j]) {
            change.fill(i, now[i], 1.0, 1.0);
        }
    }
    Lesion {
        kind: FindingKind::Cardiomegaly,
        side: Side::Midline,
        zone: Zone::Cardiac,
        severity,
        size_mm: None,
        change,
    }
}
