//! A picture in a few numbers that do not need the network.

use crate::{
    config::{ImageConfig, ResizeKind},
    error::Result,
    image::Geometry,
    raster::Raster,
};

/// Side of the square that everything here is computed from, pixels.
pub const VIEW: usize = 64;
/// Side of the grey layout, pixels.
const GRID: usize = 16;
/// Cells a side of the edge histograms.
const CELLS: usize = 4;
/// Directions of edges between 0 and 180 degrees.
const DIRECTIONS: usize = 8;
/// A part of the input smaller than this a side is not believed to be the film.
const MIN_SIDE: usize = 8;

/// The film's part of the network's input, without what fills it up to a square, as a square of
/// [`VIEW`] pixels.
///
/// # Errors
/// When the picture has no pixels.
pub fn view(input: &Raster, geometry: &Geometry) -> Result<Raster> {
    let [x, y, w, h] = geometry.crop().map(|v| v as f64);
    let (x0, y0) = geometry.to_input(x, y);
    let (x1, y1) = geometry.to_input(x + w, y + h);
    let within = |v: f64, side: usize| v.round().clamp(0.0, side as f64) as usize;
    let (left, right) = (within(x0, input.width), within(x1, input.width));
    let (top, bottom) = (within(y0, input.height), within(y1, input.height));
    let part = if right >= left + MIN_SIDE && bottom >= top + MIN_SIDE {
        let rows = (top..bottom).flat_map(|y| {
            input.data[y * input.width + left..y * input.width + right].iter().copied()
        });
        Raster { width: right - left, height: bottom - top, data: rows.collect() }
    } else {
        input.clone()
    };
    let config = ImageConfig {
        crop_tolerance: None,
        resize: ResizeKind::Squash,
        resize_to: VIEW,
        input_size: VIEW,
        ..ImageConfig::default()
    };
    Ok(Geometry::plan(&part, &config)?.apply(&part))
}

/// What a view is described by; each part has the length that stands in its name's constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// Grey layout, 16 x 16, mean 0 and length 1.
    pub layout: Vec<f32>,
    /// Share of the edges in each of 4 x 4 cells and 8 directions, square roots.
    pub edges: Vec<f32>,
    /// Level, contrast, symmetry, share of black and of white, fine detail, flow of the edges.
    pub whole: Vec<f32>,
}

/// Describes a view.
pub fn describe(view: &Raster) -> Likeness {
    let layout = unit(blocks(view));
    let (edges, flow) = edges(view);
    let n = view.data.len().max(1) as f32;
    let mean = view.data.iter().sum::<f32>() / n;
    let spread = (view.data.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
    let share =
        |wanted: &dyn Fn(f32) -> bool| view.data.iter().filter(|v| wanted(**v)).count() as f32 / n;
    let mirror = turned(&layout, |x, y| (GRID - 1 - x, y));
    let flip = turned(&layout, |x, y| (x, GRID - 1 - y));
    let fine = fine(view, spread);
    let whole = vec![
        mean,
        spread,
        dot(&layout, &mirror),
        dot(&layout, &flip),
        share(&|v| v < 0.03),
        share(&|v| v > 0.97),
        fine,
        flow,
    ];
    Likeness { layout, edges, whole }
}

/// How much a layout is like the nearest of some templates: as it is, inverted, and turned by 90,
/// 270 and 180 degrees. Cosines in [-1, 1].
pub(super) fn nearest(layout: &[f32], templates: &[Vec<f32>]) -> [f32; 5] {
    let last = GRID - 1;
    let turns = [
        layout.to_vec(),
        layout.iter().map(|v| -v).collect(),
        turned(layout, |x, y| (y, last - x)),
        turned(layout, |x, y| (last - y, x)),
        turned(layout, |x, y| (last - x, last - y)),
    ];
    turns.map(|turn| templates.iter().map(|t| dot(&turn, t)).fold(-1.0, f32::max))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn turned(layout: &[f32], source: impl Fn(usize, usize) -> (usize, usize)) -> Vec<f32> {
    (0..GRID * GRID)
        .map(|i| {
            let (x, y) = source(i % GRID, i / GRID);
            layout[y * GRID + x]
        })
        .collect()
}

/// Means of blocks, [`GRID`] a side.
fn blocks(view: &Raster) -> Vec<f32> {
    let side = VIEW / GRID;
    let mut means = vec![0.0; GRID * GRID];
    for (i, v) in view.data.iter().enumerate() {
        let (x, y) = (i % VIEW / side, i / VIEW / side);
        means[y * GRID + x] += v / (side * side) as f32;
    }
    means
}

/// Mean 0, length 1; zeros for a picture of one grey.
fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    values.iter_mut().for_each(|v| *v -= mean);
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 1e-4 {
        values.iter_mut().for_each(|v| *v /= length);
    } else {
        values.iter_mut().for_each(|v| *v = 0.0);
    }
    values
}

/// Histograms of the edges' directions, and how much more upright than level they are.
fn edges(view: &Raster) -> (Vec<f32>, f32) {
    let mut bins = vec![0.0_f32; CELLS * CELLS * DIRECTIONS];
    let (mut across, mut down) = (0.0_f32, 0.0_f32);
    let cell = VIEW / CELLS;
    for y in 1..VIEW - 1 {
        for x in 1..VIEW - 1 {
            let dx = view.at(x + 1, y) - view.at(x - 1, y);
            let dy = view.at(x, y + 1) - view.at(x, y - 1);
            let strength = (dx * dx + dy * dy).sqrt();
            (across, down) = (across + dx.abs(), down + dy.abs());
            if strength > 0.0 {
                let turn = dy.atan2(dx).rem_euclid(std::f32::consts::PI) / std::f32::consts::PI;
                let bin = ((turn * DIRECTIONS as f32) as usize).min(DIRECTIONS - 1);
                bins[((y / cell) * CELLS + x / cell) * DIRECTIONS + bin] += strength;
            }
        }
    }
    let sum = bins.iter().sum::<f32>().max(1e-6);
    bins.iter_mut().for_each(|v| *v = (*v / sum).sqrt());
    (bins, (across - down) / (across + down).max(1e-6))
}

/// Share of the contrast that lies in detail of a pixel or two.
fn fine(view: &Raster, spread: f32) -> f32 {
    let mut sum = 0.0;
    for y in 1..VIEW - 1 {
        for x in 1..VIEW - 1 {
            let around =
                view.at(x - 1, y) + view.at(x + 1, y) + view.at(x, y - 1) + view.at(x, y + 1);
            sum += (view.at(x, y) - around / 4.0).abs();
        }
    }
    sum / ((VIEW - 2) * (VIEW - 2)) as f32 / spread.max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(f: impl Fn(f32, f32) -> f32) -> Raster {
        let at = |i: usize| f((i % VIEW) as f32 / 63.0, (i / VIEW) as f32 / 63.0);
        Raster { width: VIEW, height: VIEW, data: (0..VIEW * VIEW).map(at).collect() }
    }

    #[test]
    fn turns_and_inversion_are_told_apart() {
        // Brighter below: `down`; its turns are ramps in the other directions.
        let down = describe(&ramp(|_, y| y));
        let likeness = |f: fn(f32, f32) -> f32| {
            nearest(&describe(&ramp(f)).layout, std::slice::from_ref(&down.layout))
        };
        let best = |values: [f32; 5]| (0..5).filter(|&i| values[i] > 0.99).collect::<Vec<_>>();
        assert_eq!(best(likeness(|_, y| y)), [0]);
        // A ramp cannot tell upside down from inverted.
        assert_eq!(best(likeness(|_, y| 1.0 - y)), [1, 4]);
        // Turned clockwise, what was below is on the left: turned back it fits.
        let left = best(likeness(|x, _| 1.0 - x));
        let right = best(likeness(|x, _| x));
        assert_eq!((left.len(), right.len()), (1, 1));
        assert_ne!(left, right);
    }

    #[test]
    fn symmetry_and_flow_are_seen() {
        let sides = describe(&ramp(|x, _| (x - 0.5).abs()));
        assert!(sides.whole[2] > 0.99, "left and right are equal");
        assert!(sides.whole[7] > 0.99, "grey changes across only");
        assert!(describe(&ramp(|x, _| x)).whole[2] < -0.99);
        let flat = describe(&ramp(|_, _| 0.5));
        assert!(flat.layout.iter().chain(&flat.edges).chain(&flat.whole).all(|v| v.is_finite()));
    }

    #[test]
    fn what_fills_the_square_is_left_out() {
        let film = Raster { width: 200, height: 100, data: vec![0.7; 20_000] };
        let config = ImageConfig {
            resize: ResizeKind::Pad,
            resize_to: 128,
            input_size: 128,
            ..ImageConfig::default()
        };
        let geometry = Geometry::plan(&film, &config).unwrap();
        let view = view(&geometry.apply(&film), &geometry).unwrap();
        assert_eq!((view.width, view.height), (VIEW, VIEW));
        assert!(view.data.iter().all(|v| (v - 0.7).abs() < 1e-3));
    }
}
