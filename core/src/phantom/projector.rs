//! Casts the rays of a film through a scene.

use super::camera::Camera;
use super::scene::{Candidates, MAX_FINDINGS, Scene, Tracer};
use super::solid::Capsule;
use super::volume::{Role, Shape};
use crate::raster::Mask;

/// A pixel belongs to a finding's mask when its central ray runs at least this far, millimetres,
/// through the finding's solid. In large pictures a pixel whose four neighbours agree goes with them.
pub const MIN_PATH_MM: f64 = 2.0;

/// Side of a tile in pixels; a tile's rays share their list of candidates.
const TILE: usize = 4;

/// The line integrals of a film and the shadows of its findings.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// Attenuation of each pixel's central ray, row by row; 0 outside the window.
    pub(crate) attenuation: Vec<f64>,
    /// One mask for each finding, in the findings' order.
    pub(crate) masks: Vec<Mask>,
    /// Attenuation without the changes that the findings made.
    pub(crate) clean: Vec<f64>,
    /// Mean change that each finding made under its mask.
    pub(crate) changes: Vec<f64>,
}

/// Casts the rays of the pixels in `window` (`[x0, y0, x1, y1]`, ends excluded), which the
/// collimator lets through.
///
/// Of a picture with [`FINE`] pixels a side or more, every second pixel (as the black fields of a
/// chess board) is traced, and only every second one of these where nothing thin is near; another
/// one takes the mean of its four neighbours where these lie on a plane and agree about every
/// finding, and is traced elsewhere. What is a pixel wide meets traced pixels in every row that it
/// crosses, so it is not overlooked.
pub(crate) fn project(
    scene: &Scene,
    findings: usize,
    camera: &Camera,
    window: [usize; 4],
) -> Projection {
    let size = camera.size();
    let mut film = Film {
        scene,
        camera,
        size,
        tracer: Tracer::default(),
        shadows: Projection {
            attenuation: vec![0.0; size * size],
            masks: vec![Mask::filled(size, size, 0); findings.min(MAX_FINDINGS)],
            clean: vec![0.0; size * size],
            changes: vec![0.0; findings.min(MAX_FINDINGS)],
        },
        traced: [0.0; MAX_FINDINGS],
    };
    let tiles = size.div_ceil(TILE);
    let lists = candidates(scene, camera, tiles);
    let fine = size >= FINE;
    for pass in [Pass::Grid, Pass::Diagonal, Pass::Straight] {
        for (t, (near, thin)) in lists.iter().enumerate() {
            let (x0, y0) = (t % tiles * TILE, t / tiles * TILE);
            let [x1, y1] = [(x0 + TILE).min(window[2]), (y0 + TILE).min(window[3])];
            for y in y0.max(window[1])..y1 {
                let Some(odd) = pass.first(y) else { continue };
                let from = x0.max(window[0]);
                for x in (from + ((from & 1) ^ odd)..x1).step_by(2) {
                    let inner =
                        x > window[0] && y > window[1] && x + 1 < window[2] && y + 1 < window[3];
                    let guess = fine && inner && (pass == Pass::Straight || !thin);
                    if pass == Pass::Grid || !guess || !film.between(x, y, pass) {
                        film.trace(x, y, near);
                    }
                }
            }
        }
    }
    for (change, traced) in film.shadows.changes.iter_mut().zip(film.traced) {
        *change /= f64::max(traced, 1.0);
    }
    film.shadows
}

/// Pictures with fewer pixels a side are traced pixel by pixel.
const FINE: usize = 160;
/// How far the neighbours' means across and down may lie apart, in units of attenuation. The
/// error is at most half of it, about the quantum noise of a pixel behind the lung.
const FLAT: f64 = 0.03;
/// How far opposite neighbours may lie apart.
const STEEP: f64 = 0.25;

/// When a pixel's turn is; each pass looks at neighbours of the passes before.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pass {
    /// Even column, even row.
    Grid,
    /// Odd column, odd row: the neighbours on the diagonals are known.
    Diagonal,
    /// The others: the neighbours beside, above and below are known.
    Straight,
}

impl Pass {
    /// Whether this pass has the odd columns (1) or the even ones (0) of row `y`; none if neither.
    fn first(self, y: usize) -> Option<usize> {
        match (self, y & 1) {
            (Self::Grid, 0) => Some(0),
            (Self::Diagonal, 1) => Some(1),
            (Self::Straight, odd) => Some(1 - odd),
            _ => None,
        }
    }
}

/// A film while it is exposed.
struct Film<'a> {
    scene: &'a Scene,
    camera: &'a Camera,
    size: usize,
    tracer: Tracer,
    shadows: Projection,
    /// How many pixels of each mask were traced.
    traced: [f64; MAX_FINDINGS],
}

impl Film<'_> {
    fn trace(&mut self, x: usize, y: usize, near: &Candidates) {
        let pixel = y * self.size + x;
        let attenuation = self.tracer.trace(self.scene, near, &self.camera.ray(x, y));
        self.shadows.attenuation[pixel] = attenuation;
        self.shadows.clean[pixel] = attenuation;
        for (f, mask) in self.shadows.masks.iter_mut().enumerate() {
            self.shadows.clean[pixel] -= self.tracer.changes[f];
            if self.tracer.findings[f] >= MIN_PATH_MM {
                mask.data[pixel] = 1;
                self.shadows.changes[f] += self.tracer.changes[f];
                self.traced[f] += 1.0;
            }
        }
    }

    /// Takes the pixel from its neighbours if they allow it.
    fn between(&mut self, x: usize, y: usize, pass: Pass) -> bool {
        let (size, pixel) = (self.size, y * self.size + x);
        let around = if pass == Pass::Diagonal {
            [pixel - size - 1, pixel + size + 1, pixel - size + 1, pixel + size - 1]
        } else {
            [pixel - 1, pixel + 1, pixel - size, pixel + size]
        };
        let [left, right, up, down] = around.map(|i| self.shadows.attenuation[i]);
        let (across, upright) = (0.5 * (left + right), 0.5 * (up + down));
        let flat = (across - upright).abs() < FLAT
            && (left - right).abs() < STEEP
            && (up - down).abs() < STEEP;
        let agree = |mask: &Mask| around[1..].iter().all(|&i| mask.data[i] == mask.data[around[0]]);
        if !flat || !self.shadows.masks.iter().all(agree) {
            return false;
        }
        self.shadows.attenuation[pixel] = 0.5 * (across + upright);
        let clean: f64 = around.iter().map(|&i| self.shadows.clean[i]).sum();
        self.shadows.clean[pixel] = 0.25 * clean;
        for mask in &mut self.shadows.masks {
            mask.data[pixel] = mask.data[around[0]];
        }
        true
    }
}

/// For each tile, what its rays may meet, and whether something thin is among it.
fn candidates(scene: &Scene, camera: &Camera, tiles: usize) -> Vec<(Candidates, bool)> {
    const ALL: [f64; 4] = [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY];
    let mut lists = vec![(Candidates::default(), false); tiles * tiles];
    let mut visit = |shape: &Shape, limit: [f64; 4], thin: bool, add: &dyn Fn(&mut Candidates)| {
        let thin = thin || is_thin(shape);
        rows(shape, camera, |y, from, to| {
            let (from, to) = (from.max(limit[0]), to.min(limit[2]));
            if (y as f64) < limit[1] - 2.0 || y as f64 > limit[3] + 1.0 || from > to {
                return;
            }
            // `as usize` stops at 0; a pixel of margin on each side covers rounding.
            let tile = |v: f64| (v.max(0.0) as usize) / TILE;
            for x in tile(from - 1.0)..=tile(to + 1.0).min(tiles - 1) {
                let (near, any_thin) = &mut lists[y / TILE * tiles + x];
                add(near);
                *any_thin |= thin;
            }
        });
    };
    // A tile is visited once for each of its rows.
    let once = |list: &mut Vec<u16>, i: usize| {
        if list.last() != Some(&(i as u16)) {
            list.push(i as u16);
        }
    };
    for (i, part) in scene.parts.iter().enumerate() {
        visit(&part.shape, ALL, false, &|near| once(&mut near.parts, i));
    }
    for (side, lung) in scene.lungs.iter().enumerate() {
        visit(&Shape::Ellipsoid(lung.whole.clone()), ALL, false, &|near| near.lungs[side] = true);
    }
    for (i, additive) in scene.additives.iter().enumerate() {
        visit(&additive.shape, ALL, false, &|near| once(&mut near.additives[additive.side], i));
    }
    for (i, lesion) in scene.lesions.iter().enumerate() {
        let limit = camera.shadow(&lesion.form.bounds());
        let hollow = lesion.form.is_hollow();
        visit(&lesion.form.hull(), limit, hollow, &|near| once(&mut near.lesions, i));
    }
    // A tile that no skin reaches needs nothing else.
    for (near, _) in &mut lists {
        if !near.parts.iter().any(|&i| scene.parts[usize::from(i)].role == Role::Skin) {
            *near = Candidates::default();
        }
    }
    lists
}

/// Whether a pixel's width could be wider than the shape.
fn is_thin(shape: &Shape) -> bool {
    /// Half of twice the diagonal of a pixel of 1.5 mm, about.
    const THIN_MM: f64 = 4.0;
    match shape {
        Shape::Vertebrae(_) => true,
        Shape::Capsule(rod) => rod.axis().2 < THIN_MM,
        Shape::Ribs(_) => false,
        _ => {
            let bounds = shape.bounds();
            (0..3).any(|k| bounds.high[k] - bounds.low[k] < 2.0 * THIN_MM)
        }
    }
}

/// Calls `visit(y, from, to)` for every row of pixels that the shape's shadow touches, with the
/// shadow's ends in pixels.
fn rows(shape: &Shape, camera: &Camera, mut visit: impl FnMut(usize, f64, f64)) {
    let size = camera.size();
    let shadow = camera.shadow(&shape.bounds());
    let (top, bottom) = (shadow[1] - 1.0, shadow[3] + 1.0);
    if bottom < 0.0 || top >= size as f64 || shadow[2] < -1.0 {
        return;
    }
    let rod = match shape {
        Shape::Capsule(rod) => Some(Rod::of(rod, camera)),
        _ => None,
    };
    for y in top.max(0.0) as usize..=(bottom as usize).min(size - 1) {
        let [origin, start, step] = camera.row(y);
        let span = match (shape, &rod) {
            (Shape::Ellipsoid(s), _) => s.row(origin, start, step),
            (Shape::Column(s), _) => s.row(origin, start, step),
            (Shape::Ribs(s), _) => s.outer.row(origin, start, step),
            (Shape::Vertebrae(s), _) => s.column.row(origin, start, step),
            (_, Some(rod)) => rod.row(y as f64 + 0.5),
            _ => Some((f64::NEG_INFINITY, f64::INFINITY)),
        };
        if let Some(span) = span {
            let (from, to) = (span.0.max(shadow[0]), span.1.min(shadow[2]));
            if from <= to {
                visit(y, from, to);
            }
        }
    }
}

/// A rod's shadow in pixels: all points within `reach` of a segment.
struct Rod {
    from: [f64; 2],
    to: [f64; 2],
    reach: f64,
}

impl Rod {
    fn of(rod: &Capsule, camera: &Camera) -> Self {
        let (from, to, radius) = rod.axis();
        let reach = radius * camera.enlarged(from).max(camera.enlarged(to)) + 0.5;
        let [a, b] = [from, to].map(|p| camera.project(p));
        let (from, to) = if a[1] <= b[1] { (a, b) } else { (b, a) };
        Self { from, to, reach }
    }

    /// Ends on the row at height `y`: the part of the segment that is near, made wider.
    fn row(&self, y: f64) -> Option<(f64, f64)> {
        let fall = self.to[1] - self.from[1];
        let at = |y: f64| {
            let share = if fall > 0.0 { ((y - self.from[1]) / fall).clamp(0.0, 1.0) } else { 0.0 };
            self.from[0] + share * (self.to[0] - self.from[0])
        };
        if y < self.from[1] - self.reach || y > self.to[1] + self.reach {
            return None;
        }
        let (a, b) = if fall > 0.0 {
            (at(y - self.reach), at(y + self.reach))
        } else {
            (self.from[0], self.to[0])
        };
        Some((a.min(b) - self.reach, a.max(b) + self.reach))
    }
}
