//! One case: a patient's film from a drawn side, with findings that can be seen on it.

use g2d_core::{
    phantom::{Finding, FindingKind, MIN_PATH_MM},
    raster::{Mask, Raster},
};

use super::{
    chest::Chest,
    device,
    film::{Exposure, blurred},
    lesion,
    project::{Beam, Pose},
    rng::{Purpose, Rng},
    support,
};

/// Devices are thinner than [`MIN_PATH_MM`]: a pixel is theirs when one of its sub-rays runs
/// through this much of them, mm.
pub const DEVICE_PATH_MM: f32 = 1.0;
/// Least mean change of the line integral under the mask that a finding leaves on the film beside
/// the scatter.
pub const MIN_CONTRAST: f64 = 0.05;
/// Least conspicuity (see [`Finding::conspicuity`]): Rose's criterion asks for 3 to 5.
pub const MIN_CONSPICUITY: f64 = 4.0;
/// Least pixels of a mask in a picture of 256 pixels a side.
const MIN_AREA: f64 = 10.0;
/// Share of the mask that the collimator must let through.
const MIN_SHOWN: f64 = 0.5;

/// A film with its truth.
#[derive(Debug, Clone)]
pub struct Case {
    /// Grey values in [0, 1].
    pub image: Raster,
    /// What it shows.
    pub findings: Vec<Finding>,
    /// How it was taken.
    pub pose: Pose,
}

/// Kinds inside a lung and how often each is tried.
const IN_LUNG: [(FindingKind, f64); 9] = [
    (FindingKind::Nodule, 1.3),
    (FindingKind::Mass, 1.0),
    (FindingKind::Consolidation, 1.3),
    (FindingKind::Pneumonia, 1.1),
    (FindingKind::Infiltration, 1.1),
    (FindingKind::Effusion, 1.6),
    (FindingKind::Pneumothorax, 1.6),
    (FindingKind::Atelectasis, 1.2),
    (FindingKind::PleuralThickening, 1.0),
];
/// Devices, one as often as the other.
const DEVICES: [FindingKind; 5] = [
    FindingKind::EndotrachealTube,
    FindingKind::GastricTube,
    FindingKind::CentralLine,
    FindingKind::Pacemaker,
    FindingKind::ForeignObject,
];

/// What is tried: kinds with the lung they are in.
fn plan(rng: &mut Rng) -> Vec<(FindingKind, usize)> {
    let mut wanted = Vec::new();
    if rng.chance(0.3) {
        return wanted;
    }
    if rng.chance(0.15) {
        wanted.push((FindingKind::Cardiomegaly, 0));
    }
    let sum: f64 = IN_LUNG.iter().map(|(_, w)| w).sum();
    let first = rng.below(2);
    // One finding a lung: what lies over another cannot be told from it.
    for lung in [first, 1 - first].into_iter().take(if rng.chance(0.35) { 2 } else { 1 }) {
        let mut rest = rng.range(0.0, sum);
        let kind = IN_LUNG.iter().find(|(_, w)| {
            rest -= w;
            rest < 0.0
        });
        wanted.extend(kind.map(|(kind, _)| (*kind, lung)));
    }
    if rng.chance(0.3) {
        wanted.push((DEVICES[rng.below(DEVICES.len())], 0));
    }
    wanted
}

/// A value from -1 to 1 that is more often near 0.
fn bell(rng: &mut Rng) -> f64 {
    rng.unit() + rng.unit() - 1.0
}

/// Draws how the film is taken: yaw within 12, tilt within 8, roll within 4 degrees.
fn pose(rng: &mut Rng, chest: &Chest, size: usize) -> (Pose, bool) {
    let [low, high] = chest.extent();
    let portable = rng.chance(0.4);
    let field = rng.range(285.0, 345.0);
    let above = rng.range(12.0, 42.0);
    let centre = [
        (low[0] + high[0]) / 2.0 + 14.0 * bell(rng),
        (low[1] + high[1]) / 2.0,
        high[2] + above - field / 2.0,
    ];
    let pose = Pose {
        centre,
        from_behind: !portable,
        turns: [12.0 * bell(rng), 8.0 * bell(rng), 4.0 * bell(rng)],
        source_mm: if portable { rng.range(1000.0, 1300.0) } else { rng.range(1750.0, 1850.0) },
        detector_mm: rng.range(140.0, 180.0),
        field_mm: field,
        size,
    };
    (pose, portable)
}

/// Draws case `index` of the series `seed`, `size` pixels a side.
pub fn draw(chest: &Chest, seed: u64, index: u64, size: usize) -> Case {
    let mut rng = Rng::new(seed, index, Purpose::Findings);
    let (pose, portable) = pose(&mut Rng::new(seed, index, Purpose::Beam), chest, size);
    let exposure = Exposure::draw(&mut Rng::new(seed, index, Purpose::Film), size, portable);
    let beam = Beam::new(&pose);
    let mut studio = Studio {
        chest,
        beam,
        pixel_mm: pose.field_mm / size as f64,
        exposure,
        now: chest.attenuation.clone(),
        film: vec![0.0; size * size],
        buffer: Vec::new(),
    };
    studio.beam.integrate(&chest.grid, &studio.now, 0..chest.grid.n[1], &mut studio.film);
    let mut findings = Vec::new();
    for (kind, lung) in plan(&mut rng) {
        let seen = match support::draw(&mut rng, chest, kind) {
            Some(device) => studio.place(&device),
            None => lesion::draw(&mut rng, chest, &studio.now, kind, lung)
                .and_then(|lesion| studio.insert(&lesion)),
        };
        findings.extend(seen);
    }
    let mut quanta = Rng::new(seed, index, Purpose::Noise);
    let data = studio.exposure.develop(&studio.film, size, &mut quanta);
    Case { image: Raster { width: size, height: size, data }, findings, pose }
}

/// A film in the making.
struct Studio<'a> {
    chest: &'a Chest,
    beam: Beam,
    /// Millimetres of a pixel at the patient's depth.
    pixel_mm: f64,
    exposure: Exposure,
    /// Attenuation of the volume with the findings so far.
    now: Vec<f32>,
    /// Its line integrals, devices included.
    film: Vec<f32>,
    /// Zeros, as large as the volume, once needed.
    buffer: Vec<f32>,
}

impl Studio<'_> {
    /// Line integrals of values at some places; projection is linear.
    fn project(&mut self, places: &[usize], value: impl Fn(usize) -> f32) -> Vec<f32> {
        let grid = &self.chest.grid;
        self.buffer.resize(grid.len(), 0.0);
        let mut rows = [grid.n[1], 0];
        for (k, &i) in places.iter().enumerate() {
            let v = value(k);
            if v != 0.0 {
                self.buffer[i] = v;
                let y = grid.voxel(i)[1];
                rows = [rows[0].min(y), rows[1].max(y + 1)];
            }
        }
        let mut sum = vec![0.0; self.film.len()];
        self.beam.integrate(grid, &self.buffer, rows[0]..rows[1].max(rows[0]), &mut sum);
        places.iter().for_each(|&i| self.buffer[i] = 0.0);
        sum
    }

    /// Puts a finding into the volume and the film if it can be seen there.
    fn insert(&mut self, lesion: &lesion::Lesion) -> Option<Finding> {
        let change = &lesion.change;
        let path = self.project(&change.places, |k| change.cover[k]);
        let old: Vec<f32> = change.places.iter().map(|&i| self.now[i]).collect();
        let shift = self.project(&change.places, |k| change.fresh[k] - old[k]);
        let mask = self.mask(&path, MIN_PATH_MM as f32);
        let (bbox, conspicuity) = self.visible(&mask, &shift)?;
        change.places.iter().zip(&change.fresh).for_each(|(&i, v)| self.now[i] = *v);
        self.film.iter_mut().zip(&shift).for_each(|(f, s)| *f += s);
        Some(Finding {
            kind: lesion.kind,
            side: lesion.side,
            zone: lesion.zone,
            severity: lesion.severity as f32,
            size_mm: lesion.size_mm,
            conspicuity,
            mask,
            bbox,
        })
    }

    fn place(&mut self, device: &support::Device) -> Option<Finding> {
        let shadow = device::cast(&self.beam, &device.parts, self.pixel_mm);
        let mask = self.mask(&shadow.path, DEVICE_PATH_MM);
        let (bbox, conspicuity) = self.visible(&mask, &shadow.integral)?;
        self.film.iter_mut().zip(&shadow.integral).for_each(|(f, s)| *f += s);
        let (kind, side, zone) = (device.kind, device.side, device.zone);
        Some(Finding { kind, side, zone, severity: 0.5, size_mm: None, conspicuity, mask, bbox })
    }

    fn mask(&self, path: &[f32], least: f32) -> Mask {
        let size = self.beam.size;
        let one = |(i, v): (usize, &f32)| {
            u8::from(*v >= least && self.exposure.shows(i % size, i / size))
        };
        // A mask that the collimator cuts too much is dropped: what is left could not be named.
        let all = path.iter().filter(|v| **v >= least).count() as f64;
        let data: Vec<u8> = path.iter().enumerate().map(one).collect();
        let mask = Mask { width: size, height: size, data };
        if (mask.area() as f64) < MIN_SHOWN * all { Mask::filled(size, size, 0) } else { mask }
    }

    /// Box and conspicuity of a finding that changes the film by `shift`; none if it cannot be seen.
    fn visible(&self, mask: &Mask, shift: &[f32]) -> Option<([u32; 4], f32)> {
        let size = self.beam.size;
        let bbox = mask.bounding_box()?;
        let area = mask.area() as f64;
        let scale = size as f64 / 256.0;
        let under = |i: &usize| mask.data[*i] != 0;
        let mean = |values: &dyn Fn(usize) -> f64| {
            (0..mask.data.len()).filter(under).map(values).sum::<f64>() / area
        };
        let contrast = mean(&|i| f64::from(shift[i].abs())) * self.exposure.primary_share();
        // Clutter: what differs from its surroundings over 8 pixels of 256, in and near the box.
        let film: Vec<f64> = self.film.iter().map(|v| f64::from(*v)).collect();
        let coarse = blurred(&film, size, (3.0 * scale).round().max(1.0) as usize);
        let near = (8.0 * scale) as usize;
        let [x, y, w, h] = bbox;
        let (mut square, mut count) = (0.0, 0.0);
        for row in y.saturating_sub(near)..(y + h + near).min(size) {
            for column in x.saturating_sub(near)..(x + w + near).min(size) {
                let i = row * size + column;
                square += (film[i] - coarse[i]).powi(2);
                count += 1.0;
            }
        }
        let share = self.exposure.primary_share();
        let quanta = self.exposure.noise(mean(&|i| film[i]));
        let noise = (square / count * share * share + quanta * quanta).sqrt();
        let conspicuity = contrast / noise * (area / (scale * scale)).sqrt();
        let seen = contrast >= MIN_CONTRAST
            && conspicuity >= MIN_CONSPICUITY
            && area >= MIN_AREA * scale * scale;
        seen.then(|| (bbox.map(|v| v as u32), conspicuity as f32))
    }
}
