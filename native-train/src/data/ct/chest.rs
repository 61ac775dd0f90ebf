//! The patient: cleaned, segmented, with ends that films can run over.
//!
//! What is done to the CT, in this order:
//! - what does not belong to the largest body of tissue (table, mattress, blankets) becomes air;
//! - blood with contrast agent, which no film shows, becomes plain blood;
//! - the patient's own lesion (left lung) becomes lung, taken from 45 mm further up, since a
//!   report that calls the lungs clear must be right; nothing is inserted near it;
//! - the scanner's circle cuts the shoulders: tissue that touches it goes on outwards; above the
//!   neck and below the kidneys the last slice goes on. Both only fill the corners of a film.

use g2d_core::Error;

use super::{
    extend::{grown, moved, padded},
    grid::Grid,
};

/// Attenuation of water, 1/mm, at about 70 keV.
pub const WATER: f32 = 0.02;
/// Hounsfield units of what is inserted or repaired as blood, fluid and solid tissue.
pub const SOFT_HU: f32 = 40.0;
/// Mean of the lung around the patient's own lesion.
pub const LUNG_HU: f32 = -880.0;
/// Above this there is no bone at this resolution, but undiluted contrast agent.
const BOLUS_HU: f32 = 850.0;
/// Centre of the patient's own lesion (mm) and the distance within which it is repaired.
pub const LESION: ([f64; 3], f64) = ([57.5, 87.0, -115.0], 19.0);
/// From its centre to the pleura behind it, mm.
const PLEURA_MM: f64 = 15.5;

/// A chest to insert findings into.
#[derive(Debug, Clone)]
pub struct Chest {
    /// The voxels.
    pub grid: Grid,
    /// Attenuation, 1/mm.
    pub attenuation: Vec<f32>,
    /// The patient's right and left lung, vessels included.
    pub lungs: [Lung; 2],
    /// The heart and what leaves it.
    pub heart: Vec<bool>,
    /// Middle of the windpipe from top to bottom, mm.
    pub trachea: Vec<[f64; 3]>,
}

/// One lung.
#[derive(Debug, Clone)]
pub struct Lung {
    /// Its voxels.
    pub mask: Vec<bool>,
    /// Where they are in a buffer.
    pub places: Vec<usize>,
    /// Lowest voxel, top of the diaphragm, apex: mm along z.
    pub heights: [f64; 3],
    /// Mean of its voxels, mm.
    pub centre: [f64; 3],
}

/// Attenuation of a number of Hounsfield, 1/mm.
///
/// Bone holds calcium, which absorbs more at the energies of films than at those of the CT: above
/// 100 the excess counts 1.8 times, which also stands for what detectors' software does to bone.
pub fn attenuation(hu: f32) -> f32 {
    WATER * (1.0 + (hu + 0.8 * (hu - 100.0).max(0.0)) / 1000.0).max(0.0)
}

fn refuse(what: &str) -> Error {
    Error::input("G2D-F72", what, "Use the wheel that the help text names, unchanged")
}

impl Chest {
    /// Cleans and segments a CT.
    ///
    /// # Errors
    /// When there is no body in it, or not two lungs.
    pub fn new(grid: Grid, mut hu: Vec<f32>) -> Result<Self, Error> {
        let body = body(&grid, &hu)?;
        hu.iter_mut().zip(&body).for_each(|(v, b)| *v = if *b { *v } else { -1000.0 });
        let gas: Vec<bool> = hu.iter().zip(&body).map(|(v, b)| *b && *v < -500.0).collect();
        let (tube, trachea) = windpipe(&grid, &hu, &gas);
        let air: Vec<bool> = gas.iter().zip(&tube).map(|(g, t)| *g && !t).collect();
        let [right, left] = halves(&grid, &air)?;
        let blood = blood(&grid, &hu);
        let fork =
            trachea.last().copied().ok_or_else(|| refuse("There is no windpipe in this CT"))?;
        let heart = heart(&grid, &hu, &blood, &[&right, &left], fork);
        plain_blood(&grid, &mut hu, &blood);
        let mut left = left;
        let lesion = repair(&grid, &mut hu);
        left.iter_mut().zip(&lesion).for_each(|(l, r)| *l |= r);
        let lungs = [right, left].map(|mask| close(&grid, &mask));
        let wide = padded(&grid);
        let attenuation = grown(&grid, &wide, &hu).into_iter().map(attenuation).collect();
        let lungs = lungs.map(|mask| Lung::new(&wide, moved(&grid, &wide, &mask)));
        let heart = moved(&grid, &wide, &heart);
        Ok(Self { grid: wide, attenuation, lungs, heart, trachea })
    }

    /// Box of both lungs, mm: lowest and highest corner.
    pub fn extent(&self) -> [[f64; 3]; 2] {
        let mut ends = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for &i in self.lungs.iter().flat_map(|l| &l.places) {
            let p = self.grid.centre(self.grid.voxel(i));
            for a in 0..3 {
                ends[0][a] = ends[0][a].min(p[a]);
                ends[1][a] = ends[1][a].max(p[a]);
            }
        }
        ends
    }
}

impl Lung {
    pub(crate) fn new(grid: &Grid, mask: Vec<bool>) -> Self {
        let places: Vec<usize> = (0..mask.len()).filter(|&i| mask[i]).collect();
        let mut centre = [0.0; 3];
        let mut heights: Vec<f64> = Vec::new();
        let mut lowest = vec![f64::INFINITY; grid.n[0] * grid.n[1]];
        for &i in &places {
            let voxel = grid.voxel(i);
            let p = grid.centre(voxel);
            (0..3).for_each(|a| centre[a] += p[a] / places.len() as f64);
            heights.push(p[2]);
            let column = &mut lowest[voxel[1] * grid.n[0] + voxel[0]];
            *column = column.min(p[2]);
        }
        heights.sort_by(f64::total_cmp);
        let ends = [heights.first(), heights.last()].map(|v| v.copied().unwrap_or_default());
        // The dome: columns in the middle of the lung stand highest; the upper quartile of the
        // columns' lower ends below the lung's middle is a steady measure of it.
        let mut floors: Vec<f64> = lowest.into_iter().filter(|z| *z < centre[2]).collect();
        floors.sort_by(f64::total_cmp);
        let dome = floors.get(floors.len() * 3 / 4).copied().unwrap_or(ends[0]);
        Self { mask, places, heights: [ends[0], dome, ends[1]], centre }
    }

    /// From 0 at the top of the diaphragm to 1 at the apex.
    pub fn height(&self, z: f64) -> f64 {
        (z - self.heights[1]) / (self.heights[2] - self.heights[1]).max(1.0)
    }
}

/// The largest connected tissue and everything that it encloses within a slice.
fn body(grid: &Grid, hu: &[f32]) -> Result<Vec<bool>, Error> {
    let tissue: Vec<bool> = hu.iter().map(|v| *v > -300.0).collect();
    // Opened first: clothes and lines touch the skin.
    let thick = grid.eroded(&tissue, 2.9);
    let Some(core) = grid.components(&thick).into_iter().next() else {
        return Err(refuse("There is no body in this CT"));
    };
    let mut body = vec![false; hu.len()];
    core.iter().for_each(|&i| body[i] = true);
    let mut body = grid.dilated(&body, 4.3);
    body.iter_mut().zip(&tissue).for_each(|(b, t)| *b &= t);
    // What air reaches from a slice's border lies outside.
    let [nx, ny, nz] = grid.n;
    let mut outside = vec![false; hu.len()];
    for z in 0..nz {
        let mut queue: Vec<usize> = (0..nx)
            .flat_map(|x| [grid.at(x, 0, z), grid.at(x, ny - 1, z)])
            .chain((0..ny).flat_map(|y| [grid.at(0, y, z), grid.at(nx - 1, y, z)]))
            .filter(|&i| !body[i])
            .collect();
        queue.iter().for_each(|&i| outside[i] = true);
        while let Some(i) = queue.pop() {
            for j in grid.neighbours(i) {
                if grid.voxel(j)[2] == z && !body[j] && !outside[j] {
                    outside[j] = true;
                    queue.push(j);
                }
            }
        }
    }
    Ok(outside.into_iter().map(|o| !o).collect())
}

/// Gas of the windpipe, and its middle from the top down, ending where it divides.
fn windpipe(grid: &Grid, hu: &[f32], gas: &[bool]) -> (Vec<bool>, Vec<[f64; 3]>) {
    let [nx, ny, nz] = grid.n;
    let mut tube = vec![false; gas.len()];
    let mut line: Vec<[f64; 3]> = Vec::new();
    let middle = grid.origin[0] + grid.step[0] * (nx - 1) as f64 / 2.0;
    let mut last: Option<[f64; 3]> = None;
    for z in (0..nz).rev() {
        let mut slice = vec![false; gas.len()];
        for y in 0..ny {
            for x in 0..nx {
                let i = grid.at(x, y, z);
                slice[i] = gas[i] && hu[i] < -880.0;
            }
        }
        let mut best: Option<(f64, [f64; 3], Vec<usize>)> = None;
        for part in grid.components(&slice) {
            let area = part.len() as f64 * grid.step[0] * grid.step[1];
            if !(40.0..=500.0).contains(&area) {
                continue;
            }
            let mut c = [0.0; 3];
            for &i in &part {
                let p = grid.centre(grid.voxel(i));
                (0..3).for_each(|a| c[a] += p[a] / part.len() as f64);
            }
            let from = last.unwrap_or([middle, c[1], c[2]]);
            let far = ((c[0] - from[0]).powi(2) + (c[1] - from[1]).powi(2)).sqrt();
            let limit = if last.is_some() { 8.0 } else { 35.0 };
            if far < limit && best.as_ref().is_none_or(|b| far < b.0) {
                best = Some((far, c, part));
            }
        }
        match best {
            Some((_, c, part)) => {
                last = Some(c);
                line.push(c);
                part.iter().for_each(|&i| tube[i] = true);
            }
            None if line.len() > 5 => break,
            None => {}
        }
    }
    let wide = grid.dilated(&tube, 1.5);
    (wide.iter().zip(gas).map(|(t, g)| *t && *g).collect(), line)
}

/// Parts the gas of the lungs into the patient's right and left one.
fn halves(grid: &Grid, air: &[bool]) -> Result<[Vec<bool>; 2], Error> {
    let large = (4.0e5 / grid.voxel_mm3()) as usize;
    for depth in [0.0, 1.5, 2.9, 4.3, 5.7] {
        let cores = grid.components(&grid.eroded(air, depth));
        let [Some(a), Some(b)] = [cores.first(), cores.get(1)] else { continue };
        if b.len() < large || b.len() * 3 < a.len() {
            continue;
        }
        // The cores grow back into the gas, one layer after the other.
        let mut owner = vec![0_u8; air.len()];
        let mut queue: Vec<usize> = Vec::with_capacity(a.len() + b.len());
        for (name, core) in [(1, a), (2, b)] {
            core.iter().for_each(|&i| owner[i] = name);
            queue.extend(core);
        }
        let mut next = 0;
        while let Some(&i) = queue.get(next) {
            next += 1;
            for j in grid.neighbours(i) {
                if air[j] && owner[j] == 0 {
                    owner[j] = owner[i];
                    queue.push(j);
                }
            }
        }
        let mean = |core: &[usize]| {
            core.iter().map(|&i| grid.voxel(i)[0]).sum::<usize>() / core.len().max(1)
        };
        // x grows to the patient's left.
        let names = if mean(a) < mean(b) { [1, 2] } else { [2, 1] };
        return Ok(names.map(|name| owner.iter().map(|o| *o == name).collect()));
    }
    Err(refuse("There are not two lungs in this CT"))
}

/// Fills vessels and small holes of a lung.
fn close(grid: &Grid, mask: &[bool]) -> Vec<bool> {
    grid.eroded(&grid.dilated(mask, 7.2), 7.2)
}

/// Blood with contrast agent: bright and thick, unlike ribs; the spine is left out by its place.
fn blood(grid: &Grid, hu: &[f32]) -> Vec<bool> {
    let bright: Vec<bool> = hu.iter().map(|v| *v > 130.0).collect();
    let parts = grid.components(&grid.eroded(&bright, 2.9));
    let mut blood = vec![false; hu.len()];
    if let Some(part) = parts.first() {
        part.iter().for_each(|&i| blood[i] = true);
    }
    let wide = grid.dilated(&blood, 4.3);
    // The vein that the agent came through is thin, but brighter than any bone.
    let vein: Vec<bool> = hu.iter().map(|v| *v > BOLUS_HU).collect();
    let vein = grid.dilated(&vein, 5.7);
    (0..hu.len()).map(|i| (wide[i] || vein[i]) && bright[i]).collect()
}

fn plain_blood(grid: &Grid, hu: &mut [f32], blood: &[bool]) {
    for (i, near) in grid.dilated(blood, 2.9).into_iter().enumerate() {
        // The blurred border of bright blood is brighter than the wall, too.
        if near && hu[i] > SOFT_HU {
            hu[i] = SOFT_HU;
        }
    }
}

/// The heart: tissue around the blood, between the lungs, in front of the aorta, from 15 to 115 mm
/// below the division of the windpipe.
fn heart(
    grid: &Grid,
    hu: &[f32],
    blood: &[bool],
    [right, left]: &[&Vec<bool>; 2],
    fork: [f64; 3],
) -> Vec<bool> {
    let wide = grid.dilated(blood, 14.0);
    let mut heart = vec![false; hu.len()];
    for z in grid.within(2, fork[2] - 115.0, fork[2] - 15.0) {
        for y in grid.within(1, f64::NEG_INFINITY, fork[1] + 16.0) {
            let row = |x: usize| grid.at(x, y, z);
            let from = (0..grid.n[0]).rev().find(|&x| right[row(x)]);
            let to = (0..grid.n[0]).find(|&x| left[row(x)]);
            let (Some(from), Some(to)) = (from, to) else { continue };
            for i in (from + 1..to).map(row) {
                heart[i] = wide[i] && hu[i] > -200.0 && (hu[i] < 300.0 || blood[i]);
            }
        }
    }
    // Opened and in one piece: vessels of the lung's root and specks fall off.
    let core = grid.eroded(&heart, 2.9);
    let mut one = vec![false; hu.len()];
    grid.components(&core).first().into_iter().flatten().for_each(|&i| one[i] = true);
    let wide = grid.dilated(&one, 2.9);
    heart.iter_mut().zip(&wide).for_each(|(h, w)| *h &= w);
    heart
}

/// Replaces the patient's own lesion by lung from further up; returns what was replaced.
fn repair(grid: &Grid, hu: &mut [f32]) -> Vec<bool> {
    let (centre, radius) = LESION;
    let distance = |i: usize| {
        let p = grid.centre(grid.voxel(i));
        (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f64>().sqrt()
    };
    // The pleura is nearer than the ball's rim on one side only, and there it is spared.
    let lesion: Vec<bool> = (0..hu.len())
        .map(|i| distance(i) < radius && grid.centre(grid.voxel(i))[1] < centre[1] + PLEURA_MM)
        .collect();
    let up = (45.0 / grid.step[2]) as usize;
    let before = hu.to_vec();
    for (i, v) in hu.iter_mut().enumerate().filter(|(i, _)| lesion[*i]) {
        let [x, y, z] = grid.voxel(i);
        let other = before[grid.at(x, y, (z + up).min(grid.n[2] - 1))];
        // Where there is no lung further up, its mean stands in.
        *v = if other < -500.0 { other } else { LUNG_HU }.min(*v);
    }
    lesion
}
