//! Casts the rays of a film through a scene.

use super::camera::Camera;
use super::scene::{Candidates, MAX_FINDINGS, Scene, Tracer};
use super::volume::Role;
use crate::raster::Mask;

/// A pixel belongs to a finding's mask when its central ray runs at least this far, millimetres,
/// through the finding's solid.
pub const MIN_PATH_MM: f64 = 2.0;

/// Side of a tile in pixels; a tile's rays share their list of candidates.
const TILE: usize = 8;

/// The line integrals of a film and the shadows of its findings.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// Attenuation of each pixel's central ray, row by row; 0 outside the window.
    pub(crate) attenuation: Vec<f64>,
    /// One mask for each finding, in the findings' order.
    pub(crate) masks: Vec<Mask>,
    /// Attenuation without the changes that the findings made.
    pub(crate) clean: Vec<f64>,
    /// Sum over its mask of the change that each finding made.
    pub(crate) changes: Vec<f64>,
}

/// Casts the rays of the pixels in `window` (`[x0, y0, x1, y1]`, ends excluded), which the
/// collimator lets through.
pub(crate) fn project(
    scene: &Scene,
    findings: usize,
    camera: &Camera,
    window: [usize; 4],
) -> Projection {
    let size = camera.size();
    let mut attenuation = vec![0.0; size * size];
    let mut masks = vec![Mask::filled(size, size, 0); findings.min(MAX_FINDINGS)];
    let mut clean = vec![0.0; size * size];
    let mut changes = vec![0.0; masks.len()];
    let tiles = size.div_ceil(TILE);
    let lists = candidates(scene, camera, tiles);
    let mut tracer = Tracer::default();
    for (t, near) in lists.iter().enumerate() {
        let (x0, y0) = (t % tiles * TILE, t / tiles * TILE);
        for y in y0.max(window[1])..(y0 + TILE).min(window[3]) {
            for x in x0.max(window[0])..(x0 + TILE).min(window[2]) {
                let pixel = y * size + x;
                attenuation[pixel] = tracer.trace(scene, near, &camera.ray(x, y));
                clean[pixel] = attenuation[pixel];
                for (f, mask) in masks.iter_mut().enumerate() {
                    clean[pixel] -= tracer.changes[f];
                    if tracer.findings[f] >= MIN_PATH_MM {
                        mask.data[pixel] = 1;
                        changes[f] += tracer.changes[f];
                    }
                }
            }
        }
    }
    Projection { attenuation, masks, clean, changes }
}

/// For each tile, what its rays may meet.
fn candidates(scene: &Scene, camera: &Camera, tiles: usize) -> Vec<Candidates> {
    let mut lists = vec![Candidates::default(); tiles * tiles];
    let mut visit = |shadow: [f64; 4], add: &dyn Fn(&mut Candidates)| {
        // `as usize` stops at 0; a pixel of margin on each side covers rounding.
        let tile = |v: f64| (v.max(0.0) as usize) / TILE;
        if shadow[2] < -1.0 || shadow[3] < -1.0 {
            return;
        }
        let (x0, x1) = (tile(shadow[0] - 1.0), tile(shadow[2] + 1.0));
        let (y0, y1) = (tile(shadow[1] - 1.0), tile(shadow[3] + 1.0));
        for y in y0..=y1.min(tiles - 1) {
            for x in x0..=x1.min(tiles - 1) {
                add(&mut lists[y * tiles + x]);
            }
        }
    };
    for (i, part) in scene.parts.iter().enumerate() {
        visit(camera.shadow(&part.shape.bounds()), &|near| {
            near.parts.push(i as u16);
        });
    }
    for (side, lung) in scene.lungs.iter().enumerate() {
        visit(camera.shadow(&lung.whole.bounds()), &|near| {
            near.lungs[side] = true;
        });
    }
    for (i, additive) in scene.additives.iter().enumerate() {
        visit(camera.shadow(&additive.shape.bounds()), &|near| {
            near.additives[additive.side].push(i as u16);
        });
    }
    for (i, lesion) in scene.lesions.iter().enumerate() {
        visit(camera.shadow(&lesion.form.bounds()), &|near| {
            near.lesions.push(i as u16);
        });
    }
    // A tile that no skin reaches needs nothing else.
    for near in &mut lists {
        if !near.parts.iter().any(|&i| scene.parts[usize::from(i)].role == Role::Skin) {
            *near = Candidates::default();
        }
    }
    lists
}
