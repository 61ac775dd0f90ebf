//! The way from a film to the network's input and back.
//!
//! Three steps, all of them affine along each axis, so that one [`Geometry`] holds them exactly:
//! empty borders are cut off, the rest becomes a square (squashed, or padded with black), and the
//! centre of the square enters the network. Positions are continuous: pixel `i` covers
//! `[i, i + 1]` and its centre is `i + 0.5`.

use serde::{Deserialize, Serialize};

use super::limits::empty_picture;
use super::resample::{Axis, resample, split};
use crate::config::{ImageConfig, ResizeKind};
use crate::error::{Error, Result};
use crate::raster::{Mask, Raster};

/// Share of a row or column that must be brighter than the tolerance for it to count as film.
/// A few bright pixels of JPEG noise or dust then do not keep an empty border.
const MIN_BRIGHT_SHARE: f64 = 0.01;
/// A box smaller than this, in pixels a side, is taken for a misread film.
const MIN_CROP_SIDE: usize = 32;
/// A box smaller than this share of the film is taken for a misread film.
const MIN_CROP_SHARE: f64 = 0.1;

/// The exact map between the pixels of a film and those of the network's input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Plan", into = "Plan")]
pub struct Geometry(Plan);

/// The numbers of a [`Geometry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    x: AxisPlan,
    y: AxisPlan,
    /// Side of the network's input.
    input: usize,
}

/// One axis: `film` pixels, of which `crop` from `crop_start` on become `placed` pixels of the
/// input that start at `place_start` (which is negative when the centre crop cuts them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisPlan {
    film: usize,
    crop_start: usize,
    crop: usize,
    placed: usize,
    place_start: i64,
}

impl From<Geometry> for Plan {
    fn from(geometry: Geometry) -> Self {
        geometry.0
    }
}

impl TryFrom<Plan> for Geometry {
    type Error = Error;

    fn try_from(plan: Plan) -> Result<Self> {
        let fits = |a: &AxisPlan| {
            a.crop > 0
                && a.placed > 0
                && a.placed <= 1 << 24
                && a.place_start.unsigned_abs() <= 1 << 24
                && a.film <= 1 << 24
                && a.crop_start.checked_add(a.crop).is_some_and(|end| end <= a.film)
        };
        if fits(&plan.x) && fits(&plan.y) && (1..=1 << 16).contains(&plan.input) {
            return Ok(Self(plan));
        }
        Err(Error::input(
            "G2D-I08",
            "The geometry contradicts itself",
            "Use a geometry that this program wrote",
        ))
    }
}

impl AxisPlan {
    fn to_input(self, v: f64) -> f64 {
        (v - self.crop_start as f64) * self.placed as f64 / self.crop as f64
            + self.place_start as f64
    }

    fn to_film(self, v: f64) -> f64 {
        (v - self.place_start as f64) * self.crop as f64 / self.placed as f64
            + self.crop_start as f64
    }

    /// Where the centre of film pixel `i` falls in the input; none when it was cut away.
    fn centre_in_input(self, i: usize, input: usize) -> Option<f64> {
        let v = self.to_input(i as f64 + 0.5);
        let kept = (self.crop_start..self.crop_start + self.crop).contains(&i);
        (kept && v >= 0.0 && v < input as f64).then_some(v)
    }

    /// The film pixel under the centre of input pixel `j`; none where there is no film.
    fn nearest_in_film(self, j: usize) -> Option<usize> {
        let v = self.to_film(j as f64 + 0.5);
        let (start, end) = (self.crop_start as f64, (self.crop_start + self.crop) as f64);
        (v >= start && v < end).then_some(v as usize)
    }

    /// The input pixels that show film.
    fn shown(self, input: usize) -> std::ops::Range<usize> {
        let end = self.place_start.saturating_add(self.placed as i64).clamp(0, input as i64);
        let start = self.place_start.clamp(0, end);
        start as usize..end as usize
    }

    fn axis(self, shown: &std::ops::Range<usize>) -> Axis {
        let first = (shown.start as i64 - self.place_start).max(0) as usize;
        Axis {
            offset: self.crop_start,
            from: self.crop,
            to: self.placed,
            wanted: first..first + shown.len(),
        }
    }
}

impl Geometry {
    /// Decides how a film becomes the network's input.
    ///
    /// With a crop tolerance `t` the film is cut to the smallest box that holds every row and
    /// column of which at least 1% is brighter than `t / 255` (the reference code of the paper
    /// cuts at 0, which JPEG noise defeats). A box below 32 px a side or below a tenth of the film
    /// is not believed, and the whole film stays.
    ///
    /// # Errors
    /// `G2D-I05` for a film without pixels, `G2D-C05` for a configuration that cannot run.
    pub fn plan(film: &Raster, config: &ImageConfig) -> Result<Self> {
        if film.data.is_empty() || film.data.len() != film.width * film.height {
            return Err(empty_picture());
        }
        let (square, input) = (config.resize_to, config.input_size);
        if input == 0 || square < input || square > 1 << 15 {
            return Err(Error::config(
                "G2D-C05",
                format!("A film of {square} px cannot be cropped to {input} px"),
                "Set image.resize_to to at least image.input_size and at most 32768",
            ));
        }
        let [x0, y0, width, height] = crop_box(film, config.crop_tolerance);
        let (placed_w, placed_h) = match config.resize {
            ResizeKind::Squash => (square, square),
            ResizeKind::Pad => (pad_side(width, height, square), pad_side(height, width, square)),
        };
        let cut = ((square - input) / 2) as i64;
        let axis = |film, crop_start, crop, placed: usize| AxisPlan {
            film,
            crop_start,
            crop,
            placed,
            place_start: ((square - placed) / 2) as i64 - cut,
        };
        Ok(Self(Plan {
            x: axis(film.width, x0, width, placed_w),
            y: axis(film.height, y0, height, placed_h),
            input,
        }))
    }

    /// Side of the network's input.
    pub fn input_size(&self) -> usize {
        self.0.input
    }

    /// `[width, height]` of the film.
    pub fn film_size(&self) -> [usize; 2] {
        [self.0.x.film, self.0.y.film]
    }

    /// `[x, y, width, height]` of the part of the film that was kept, in film pixels, before the
    /// centre crop.
    pub fn crop(&self) -> [usize; 4] {
        [self.0.x.crop_start, self.0.y.crop_start, self.0.x.crop, self.0.y.crop]
    }

    /// A position on the film, in the input's pixels. Positions outside the input are fine.
    pub fn to_input(&self, x: f64, y: f64) -> (f64, f64) {
        (self.0.x.to_input(x), self.0.y.to_input(y))
    }

    /// A position in the input, in the film's pixels; the exact inverse of [`Self::to_input`].
    pub fn to_original(&self, x: f64, y: f64) -> (f64, f64) {
        (self.0.x.to_film(x), self.0.y.to_film(y))
    }

    /// Makes the network's input, `input_size` square, from a film with values in [0, 1]; black
    /// where there is no film. Each axis is averaged over areas when it shrinks and interpolated
    /// when it grows.
    ///
    /// # Panics
    /// When the film does not have the size this geometry was planned for.
    pub fn apply(&self, film: &Raster) -> Raster {
        self.assert_film(film.width, film.height);
        let Plan { x, y, input } = self.0;
        let (columns, rows) = (x.shown(input), y.shown(input));
        let part = resample(film, &x.axis(&columns), &y.axis(&rows));
        let mut out = Raster::filled(input, input, 0.0);
        let lines = out.data.chunks_exact_mut(input).skip(rows.start);
        for (line, values) in lines.zip(part.data.chunks_exact(part.width.max(1))) {
            for (pixel, &v) in line.iter_mut().skip(columns.start).zip(values) {
                *pixel = v;
            }
        }
        out
    }

    /// Samples an input-sized map at the centre of every film pixel, bilinear between the map's
    /// centres and held at its edges; `outside` where the film was cut away.
    ///
    /// # Panics
    /// When the map is not `input_size` square.
    pub fn map_back(&self, map: &Raster, outside: f32) -> Raster {
        self.assert_input(map.width, map.height);
        let Plan { x, y, input } = self.0;
        let position =
            |axis: AxisPlan, i| Some(split(axis.centre_in_input(i, input)? - 0.5, input));
        let columns: Vec<_> = (0..x.film).map(|i| position(x, i)).collect();
        let last = input - 1;
        let mut data = Vec::with_capacity(x.film * y.film);
        for row in (0..y.film).map(|i| position(y, i)) {
            let Some((top, fy)) = row else {
                data.extend(std::iter::repeat_n(outside, x.film));
                continue;
            };
            let bottom = (top + 1).min(last);
            data.extend(columns.iter().map(|column| {
                let Some((left, fx)) = *column else {
                    return outside;
                };
                let right = (left + 1).min(last);
                let mix = |a: f32, b: f32, f: f64| f64::from(a) * (1.0 - f) + f64::from(b) * f;
                let upper = mix(map.at(left, top), map.at(right, top), fx);
                let lower = mix(map.at(left, bottom), map.at(right, bottom), fx);
                (upper * (1.0 - fy) + lower * fy) as f32
            }));
        }
        Raster { width: x.film, height: y.film, data }
    }

    /// The mask in the network's input: the film pixel under each input pixel's centre.
    ///
    /// # Panics
    /// When the mask does not have the film's size.
    pub fn mask_forward(&self, mask: &Mask) -> Mask {
        self.assert_film(mask.width, mask.height);
        let Plan { x, y, input } = self.0;
        pick(mask, input, input, |i| x.nearest_in_film(i), |j| y.nearest_in_film(j))
    }

    /// The mask on the film: the input pixel under each film pixel's centre, 0 where the film was
    /// cut away.
    ///
    /// # Panics
    /// When the mask is not `input_size` square.
    pub fn mask_back(&self, mask: &Mask) -> Mask {
        self.assert_input(mask.width, mask.height);
        let Plan { x, y, input } = self.0;
        let nearest = |axis: AxisPlan, i| axis.centre_in_input(i, input).map(|v| v as usize);
        pick(mask, x.film, y.film, |i| nearest(x, i), |j| nearest(y, j))
    }

    fn assert_film(&self, width: usize, height: usize) {
        assert_eq!([width, height], self.film_size(), "not the film this geometry was planned for");
    }

    fn assert_input(&self, width: usize, height: usize) {
        assert_eq!([width, height], [self.0.input; 2], "not a map of this geometry's input");
    }
}

/// Nearest neighbour through two tables; 0 where a table has no entry.
fn pick(
    mask: &Mask,
    width: usize,
    height: usize,
    column: impl Fn(usize) -> Option<usize>,
    row: impl Fn(usize) -> Option<usize>,
) -> Mask {
    let columns: Vec<_> = (0..width).map(column).collect();
    let mut data = Vec::with_capacity(width * height);
    for source in (0..height).map(row) {
        data.extend(columns.iter().map(|x| x.zip(source).map_or(0, |(x, y)| mask.at(x, y))));
    }
    Mask { width, height, data }
}

/// Length of one side when the longer of both becomes `square`; at least one pixel.
fn pad_side(side: usize, other: usize, square: usize) -> usize {
    let long = side.max(other);
    // 64 bits, since usize has 32 in a browser.
    let (side, long, square) = (side as u64, long as u64, square as u64);
    (((side * square + long / 2) / long) as usize).max(1)
}

fn crop_box(film: &Raster, tolerance: Option<u8>) -> [usize; 4] {
    let whole = [0, 0, film.width, film.height];
    let Some(tolerance) = tolerance else {
        return whole;
    };
    let level = f32::from(tolerance) / 255.0;
    let mut columns = vec![0_usize; film.width];
    let mut rows = vec![0_usize; film.height];
    for (row, line) in rows.iter_mut().zip(film.data.chunks_exact(film.width)) {
        for (column, &v) in columns.iter_mut().zip(line) {
            let bright = usize::from(v > level);
            *column += bright;
            *row += bright;
        }
    }
    let Some((x0, x1)) = ends(&columns, film.height) else {
        return whole;
    };
    let Some((y0, y1)) = ends(&rows, film.width) else {
        return whole;
    };
    let (width, height) = (x1 - x0 + 1, y1 - y0 + 1);
    let share = (width * height) as f64 / film.data.len() as f64;
    if width.min(height) < MIN_CROP_SIDE || share < MIN_CROP_SHARE {
        return whole;
    }
    [x0, y0, width, height]
}

/// First and last line with enough bright pixels.
fn ends(bright: &[usize], length: usize) -> Option<(usize, usize)> {
    let enough = |&n: &usize| n > 0 && n as f64 >= MIN_BRIGHT_SHARE * length as f64;
    Some((bright.iter().position(enough)?, bright.iter().rposition(enough)?))
}

/// The network's input as numbers: `[3, H, W]` planar, `(value - mean) / std`, the grey copied to
/// the three channels.
pub fn normalise(input: &Raster, config: &ImageConfig) -> Vec<f32> {
    let channels = config.mean.iter().zip(&config.std);
    channels.flat_map(|(mean, std)| input.data.iter().map(move |v| (v - mean) / std)).collect()
}

#[cfg(test)]
#[path = "transform_tests.rs"]
mod tests;
