//! Findings in the volume: what they cover, and what the voxels become.

use g2d_core::phantom::{FindingKind, Side, Zone};

use super::{
    change::Change,
    chest::{Chest, LESION, LUNG_HU, Lung, SOFT_HU, attenuation},
    heart::heart,
    noise::Field,
    rng::Rng,
};

/// A finding before it is seen.
#[derive(Debug, Clone)]
pub(crate) struct Lesion {
    pub(crate) kind: FindingKind,
    pub(crate) side: Side,
    pub(crate) zone: Zone,
    /// From 0 (slight) to 1 (severe).
    pub(crate) severity: f64,
    /// Diameter of nodules and masses, mm.
    pub(crate) size_mm: Option<u32>,
    pub(crate) change: Change,
}

/// Draws finding `kind` in lung `lung` (0 the patient's right, 1 the left) into a volume whose
/// attenuation is `now`; none where it finds no place.
pub(crate) fn draw(
    rng: &mut Rng,
    chest: &Chest,
    now: &[f32],
    kind: FindingKind,
    lung: usize,
) -> Option<Lesion> {
    let severity = rng.unit();
    let at = Place { chest, now, lung: &chest.lungs[lung], side: lung };
    match kind {
        FindingKind::Nodule => at.round(rng, kind, severity, 9.0 + 20.0 * severity),
        FindingKind::Mass => at.round(rng, kind, severity, 32.0 + 30.0 * severity),
        FindingKind::Consolidation | FindingKind::Pneumonia | FindingKind::Infiltration => {
            at.airspace(rng, kind, severity)
        }
        FindingKind::Atelectasis => at.band(rng, severity),
        FindingKind::Effusion => Some(at.fluid(rng, severity)),
        FindingKind::Pneumothorax => Some(at.air(rng, severity)),
        FindingKind::PleuralThickening => Some(at.pleura(rng, severity)),
        FindingKind::Cardiomegaly => Some(heart(chest, now, severity)),
        _ => None,
    }
}

/// A lung to draw into.
struct Place<'a> {
    chest: &'a Chest,
    now: &'a [f32],
    lung: &'a Lung,
    side: usize,
}

fn length(v: [f64; 3]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn third(height: f64) -> Zone {
    match height {
        h if h < 1.0 / 3.0 => Zone::Lower,
        h if h < 2.0 / 3.0 => Zone::Mid,
        _ => Zone::Upper,
    }
}

impl Place<'_> {
    fn lesion(
        &self,
        kind: FindingKind,
        zone: Zone,
        severity: f64,
        size_mm: Option<u32>,
        change: Change,
    ) -> Lesion {
        let side = if self.side == 0 { Side::Right } else { Side::Left };
        Lesion { kind, side, zone, severity, size_mm, change }
    }

    /// The lung's voxels with their centres.
    fn voxels(&self) -> impl Iterator<Item = (usize, [f64; 3])> + '_ {
        let grid = &self.chest.grid;
        self.lung.places.iter().map(|&i| (i, grid.centre(grid.voxel(i))))
    }

    /// A point in the lung, clear of the repaired lesion by `radius` and within these heights.
    fn point(&self, rng: &mut Rng, radius: f64, heights: [f64; 2]) -> Option<[f64; 3]> {
        let grid = &self.chest.grid;
        (0..200).find_map(|_| {
            let i = self.lung.places[rng.below(self.lung.places.len())];
            let p = grid.centre(grid.voxel(i));
            let h = self.lung.height(p[2]);
            let away = length([0, 1, 2].map(|a| p[a] - LESION.0[a])) > LESION.1 + radius;
            // Half of a round lesion at most may lie outside the lung.
            let deep = [-1.0, 1.0].iter().all(|s| {
                let q = [p[0] + s * 0.7 * radius, p[1], p[2]];
                grid.nearest(q).is_some_and(|j| self.lung.mask[j])
            });
            (away && deep && (heights[0]..=heights[1]).contains(&h)).then_some(p)
        })
    }

    fn round(
        &self,
        rng: &mut Rng,
        kind: FindingKind,
        severity: f64,
        diameter: f64,
    ) -> Option<Lesion> {
        let radius = diameter / 2.0;
        let centre = self.point(rng, radius, [0.04, 0.93])?;
        let lobes = Field { seed: rng.bits(), scale: radius.max(6.0) };
        let depth = if kind == FindingKind::Mass { 0.35 } else { 0.18 };
        let mut change = Change::default();
        for (i, p) in self.voxels() {
            let r = length([0, 1, 2].map(|a| p[a] - centre[a]));
            if r < 1.4 * radius + 3.0 {
                let edge = radius * (1.0 + depth * (2.0 * lobes.at(p) - 1.0));
                let cover = ((edge - r) / 1.8 + 0.5).clamp(0.0, 1.0);
                change.fill(i, self.now[i], cover, 1.0);
            }
        }
        let zone = third(self.lung.height(centre[2]));
        Some(self.lesion(kind, zone, severity, Some(diameter.round() as u32), change))
    }

    /// Consolidation (one dense area), pneumonia (several patches), infiltration (faint patches).
    fn airspace(&self, rng: &mut Rng, kind: FindingKind, severity: f64) -> Option<Lesion> {
        let (size, patches, amount, holes) = match kind {
            FindingKind::Consolidation => (rng.range(28.0, 55.0), 1, 0.55 + 0.4 * severity, 0.0),
            FindingKind::Pneumonia => (rng.range(18.0, 32.0), 4, 0.4 + 0.35 * severity, 0.30),
            _ => (rng.range(20.0, 36.0), 4, 0.14 + 0.2 * severity, 0.36),
        };
        let first = self.point(rng, 0.5 * size, [0.05, 0.9])?;
        let mut centres = vec![first];
        while centres.len() < patches {
            let near = [0.9, 0.9, 0.7].map(|k| k * size * rng.range(-1.0, 1.0));
            centres.push([0, 1, 2].map(|a| first[a] + near[a]));
        }
        let flat = [rng.range(0.8, 1.2), rng.range(0.9, 1.3), rng.range(0.7, 1.1)];
        let coarse = Field { seed: rng.bits(), scale: 0.5 * size };
        let fine = Field { seed: rng.bits(), scale: 7.0 };
        let mut change = Change::default();
        let mut heights = [f64::INFINITY, f64::NEG_INFINITY];
        for (i, p) in self.voxels() {
            let one = |c: &[f64; 3]| length([0, 1, 2].map(|a| (p[a] - c[a]) / (size * flat[a])));
            let r = centres.iter().map(one).fold(f64::INFINITY, f64::min);
            if r > 1.6 {
                continue;
            }
            let edge = 0.75 + 0.5 * coarse.at(p);
            let patchy = ((fine.at(p) - holes) * 5.0).clamp(0.0, 1.0);
            let cover = ((edge - r) / 0.32 + 0.5).clamp(0.0, 1.0) * patchy;
            change.fill(i, self.now[i], cover, amount);
            if cover > 0.5 {
                let h = self.lung.height(p[2]);
                heights = [heights[0].min(h), heights[1].max(h)];
            }
        }
        // A third counts where a tenth of the lung's height of it is taken.
        let takes = |k: f64| heights[0] < (k + 1.0) / 3.0 - 0.1 && heights[1] > k / 3.0 + 0.1;
        let zone = match [takes(0.0), takes(1.0), takes(2.0)] {
            [true, true, true] => Zone::Diffuse,
            [true, true, false] => Zone::MidLower,
            [false, true, true] => Zone::UpperMid,
            _ => third(self.lung.height(first[2])),
        };
        Some(self.lesion(kind, zone, severity, None, change))
    }

    /// A plate of collapsed lung, 4 to 11 mm thick, nearly level.
    fn band(&self, rng: &mut Rng, severity: f64) -> Option<Lesion> {
        let centre = self.point(rng, 10.0, [0.05, 0.5])?;
        let thick = 4.0 + 7.0 * severity;
        let half = [rng.range(28.0, 50.0), rng.range(25.0, 45.0)];
        let slope = [rng.range(-0.45, 0.45), rng.range(-0.25, 0.25)];
        let wave = Field { seed: rng.bits(), scale: 30.0 };
        let mut change = Change::default();
        for (i, p) in self.voxels() {
            let [x, y, z] = [0, 1, 2].map(|a| p[a] - centre[a]);
            let round = (x / half[0]).powi(2) + (y / half[1]).powi(2);
            let off = (z - slope[0] * x - slope[1] * y - 6.0 * (wave.at(p) - 0.5)).abs();
            let taper = (1.0 - round).max(0.0).sqrt();
            let cover = ((0.5 * thick * taper - off) / 2.0 + 0.5).clamp(0.0, 1.0);
            if round < 1.0 {
                change.fill(i, self.now[i], cover, 0.9);
            }
        }
        let zone = third(self.lung.height(centre[2]));
        Some(self.lesion(FindingKind::Atelectasis, zone, severity, None, change))
    }

    /// The outermost voxel of every row along x, by (y, z), mm.
    fn wall(&self) -> Vec<f64> {
        let grid = &self.chest.grid;
        let outward = if self.side == 0 { -1.0 } else { 1.0 };
        let mut wall = vec![f64::NEG_INFINITY; grid.n[1] * grid.n[2]];
        for (i, p) in self.voxels() {
            let [_, y, z] = grid.voxel(i);
            let row = &mut wall[y * grid.n[2] + z];
            *row = row.max(outward * p[0]);
        }
        wall
    }

    /// Millimetres from a voxel to the outermost place of its slice, and half as many again for
    /// rows at the front and back whose own wall lies further in.
    fn aside(&self, wall: &[f64], i: usize, p: [f64; 3]) -> f64 {
        let grid = &self.chest.grid;
        let [_, y, z] = grid.voxel(i);
        let outward = if self.side == 0 { -1.0 } else { 1.0 };
        let own = wall[y * grid.n[2] + z];
        let most =
            (0..grid.n[1]).map(|y| wall[y * grid.n[2] + z]).fold(f64::NEG_INFINITY, f64::max);
        own - outward * p[0] + 0.5 * (most - own)
    }

    /// Fluid that lies where it falls to in a standing patient, with a meniscus at the side.
    fn fluid(&self, rng: &mut Rng, severity: f64) -> Lesion {
        let wall = self.wall();
        let [bottom, dome, _] = self.lung.heights;
        let level = bottom + 0.5 * (dome - bottom) + 80.0 * severity;
        let (rise, reach) = (rng.range(18.0, 38.0), rng.range(14.0, 28.0));
        let mut change = Change::default();
        for (i, p) in self.voxels() {
            let surface = level + rise * (-self.aside(&wall, i, p) / reach).exp();
            let cover = ((surface - p[2]) / 2.5 + 0.5).clamp(0.0, 1.0);
            change.fill(i, self.now[i], cover, 0.97);
        }
        self.lesion(FindingKind::Effusion, Zone::Base, severity, None, change)
    }

    /// Front and back end of the lung in every column along y, by (x, z), mm.
    fn depths(&self) -> Vec<[f64; 2]> {
        let grid = &self.chest.grid;
        let mut depths = vec![[f64::INFINITY, f64::NEG_INFINITY]; grid.n[0] * grid.n[2]];
        for (i, p) in self.voxels() {
            let [x, _, z] = grid.voxel(i);
            let ends = &mut depths[z * grid.n[0] + x];
            *ends = [ends[0].min(p[1]), ends[1].max(p[1])];
        }
        depths
    }

    /// Air around a lung that drew back from the apex and the side.
    ///
    /// The lung is shrunk towards its root, its density grows with what it lost, and what it left
    /// is air without vessels. From front to back it still fills its space, so that the air lies
    /// beside it and above it.
    fn air(&self, rng: &mut Rng, severity: f64) -> Lesion {
        let grid = &self.chest.grid;
        let lateral = rng.chance(0.6);
        let [_, dome, apex] = self.lung.heights;
        let down = 0.05 + 0.17 * severity;
        let inward = if lateral { 0.05 + 0.25 * severity } else { 0.02 + 0.06 * severity };
        let root = self.lung.centre[0] + if self.side == 0 { 25.0 } else { -25.0 };
        let foot = dome - 10.0;
        let empty = attenuation(-1000.0);
        let depths = self.depths();
        let column = |x: f64, z: f64| {
            let i = grid.nearest([x, grid.origin[1], z])?;
            let [x, _, z] = grid.voxel(i);
            let ends = depths[z * grid.n[0] + x];
            (ends[0] <= ends[1]).then_some(ends)
        };
        let mut change = Change::default();
        for (i, p) in self.voxels().filter(|(_, p)| p[2] > foot) {
            let h = (p[2] - foot) / (apex - foot);
            // Nothing happens at the foot, all of it from half of the height on.
            let share = (h / 0.5).min(1.0);
            let (across, along) = (1.0 - inward * share, 1.0 - down);
            let outside = if self.side == 0 { p[0] < root } else { p[0] > root };
            let x = if outside { root + (p[0] - root) / across } else { p[0] };
            let z = foot + (p[2] - foot) / along;
            match (column(x, z), column(p[0], p[2])) {
                (Some(to), Some(from)) => {
                    let v = (p[1] - from[0]) / (from[1] - from[0]).max(1.0);
                    let q = [x, to[0] + v * (to[1] - to[0]), z];
                    // Near its surface a sample would hold some of the chest wall, and a column
                    // can have the heart in its middle.
                    let held = |q: [f64; 3]| grid.nearest(q).is_some_and(|j| self.lung.mask[j]);
                    let inner = held(q);
                    let deep = (q[1] - to[0]).min(to[1] - q[1]) > 6.0
                        && [[4.0, 0.0], [-4.0, 0.0], [0.0, 5.0], [0.0, -5.0]]
                            .iter()
                            .all(|[dx, dz]| held([q[0] + dx, q[1], q[2] + dz]));
                    let was = match (inner, deep) {
                        (true, true) => grid.sample(self.now, q),
                        (true, false) => attenuation(LUNG_HU),
                        _ => self.now[i],
                    };
                    let dense = was / (across * along) as f32;
                    change.push(i, dense.min(attenuation(SOFT_HU)), 0.0);
                }
                _ => change.push(i, empty, 1.0),
            }
        }
        self.one_pocket(&mut change);
        let zone = if lateral { Zone::ApexLateral } else { Zone::Apex };
        self.lesion(FindingKind::Pneumothorax, zone, severity, None, change)
    }

    /// Keeps the largest connected part of what a change covers; the rest stays as it was.
    fn one_pocket(&self, change: &mut Change) {
        let mut covered = vec![false; self.now.len()];
        for (&i, _) in change.places.iter().zip(&change.cover).filter(|(_, c)| **c > 0.0) {
            covered[i] = true;
        }
        let parts = self.chest.grid.components(&covered);
        parts.iter().skip(1).flatten().for_each(|&i| covered[i] = false);
        for (k, &i) in change.places.iter().enumerate() {
            if change.cover[k] > 0.0 && !covered[i] {
                (change.fresh[k], change.cover[k]) = (self.now[i], 0.0);
            }
        }
    }

    /// A cap on the apex, or a band along the wall.
    fn pleura(&self, rng: &mut Rng, severity: f64) -> Lesion {
        let wall = self.wall();
        let cap = rng.chance(0.35);
        let thick = 5.0 + 8.0 * severity;
        let bumps = Field { seed: rng.bits(), scale: 18.0 };
        let middle = rng.range(0.1, 0.75);
        let apex = self.lung.heights[2];
        let mut change = Change::default();
        for (i, p) in self.voxels() {
            let local = thick * (0.6 + 0.8 * bumps.at(p));
            let cover = if cap {
                // The apex is round: the cap follows it as a lens.
                let off = [0, 1].map(|a| (p[a] - self.lung.centre[a]) / 60.0);
                let round = (off[0] * off[0] + off[1] * off[1]).min(1.0);
                (local + 9.0 - 6.0 * round - (apex - p[2])) / 2.5
            } else {
                let h = self.lung.height(p[2]) - middle;
                let depth = local * (1.0 - (h / 0.24).powi(2)).max(0.0).sqrt();
                if depth < 0.5 { -1.0 } else { (depth - self.aside(&wall, i, p)) / 2.0 }
            };
            change.fill(i, self.now[i], (cover + 0.5).clamp(0.0, 1.0), 0.95);
        }
        let zone = if cap { Zone::Upper } else { third(middle) };
        self.lesion(FindingKind::PleuralThickening, zone, severity, None, change)
    }
}
