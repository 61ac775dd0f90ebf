//! A frozen network's maps, and how a pixel reads them.

use std::path::Path;

use anyhow::{Context as _, Result};
use burn::{
    module::{Module as _, ModuleVisitor, Param},
    tensor::{Device, Tensor, TensorData},
};
use g2d_core::{
    config::G2dConfig,
    image::normalise,
    model::{G2d, UnetDecoder},
    raster::Raster,
    weights::load_tensors,
};

use super::{films::Film, ridge::Linear};
use crate::{data::batch::mix, training::checkpoint_config};

/// Films sent through the network at a time.
const AT_ONCE: usize = 16;
/// The encoder's maps among the levels: /4, /8, /16, /32.
pub const ENCODER: [usize; 4] = [0, 1, 2, 3];
/// The decoder's last map.
pub const DECODER: usize = 4;
/// The last map of the other decoder.
pub const OTHER_DECODER: usize = 5;

/// A square map, `[channels, side, side]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Channels.
    pub channels: usize,
    /// Side.
    pub side: usize,
    /// Values, channel by channel.
    pub data: Vec<f32>,
}

/// What a network made of one film.
#[derive(Debug, Clone)]
pub struct Features {
    /// See [`ENCODER`], [`DECODER`] and [`OTHER_DECODER`].
    pub levels: Vec<Level>,
    /// The pool's attention, `[heads, h, w]`.
    pub attention: Level,
}

/// A network that learns no more.
pub struct Frozen {
    model: G2d,
    config: G2dConfig,
    device: Device,
}

impl Frozen {
    /// The network of a checkpoint.
    ///
    /// # Errors
    /// When the checkpoint cannot be read.
    pub fn load(checkpoint: &Path, device: &Device) -> Result<Self> {
        let config = checkpoint_config(checkpoint)?;
        let path = checkpoint.join("model.safetensors");
        let weights =
            std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut model = G2d::new(&config, device)?;
        load_tensors(&mut model, &[&weights])?;
        Ok(Self { model: model.valid(), config, device: device.clone() })
    }

    /// The network that a run of this seed starts from, where it starts from nothing.
    ///
    /// Its norms have the statistics of no data (mean 0, variance 1); the probe standardises what
    /// it reads.
    ///
    /// # Errors
    /// When the configuration cannot run.
    pub fn fresh(config: &G2dConfig, seed: u64, device: &Device) -> Result<Self> {
        // As a run draws its start: this generator, these weights, this order.
        device.seed(mix(&[seed, 3]));
        let model = G2d::new(config, device)?;
        model.visit(&mut Draw);
        Ok(Self { model: model.valid(), config: config.clone(), device: device.clone() })
    }

    /// The network's configuration.
    pub fn config(&self) -> &G2dConfig {
        &self.config
    }

    /// Its decoder.
    pub fn decoder(&self) -> &UnetDecoder {
        &self.model.decoder
    }

    /// The maps of films; `other` is a second decoder to run on the same encoder.
    ///
    /// # Errors
    /// When the device fails.
    pub fn features(&self, films: &[Film], other: Option<&UnetDecoder>) -> Result<Vec<Features>> {
        let mut all = Vec::with_capacity(films.len());
        for films in films.chunks(AT_ONCE) {
            let side = self.config.image.input_size;
            let values: Vec<f32> =
                films.iter().flat_map(|f| normalise(&f.input, &self.config.image)).collect();
            let data = TensorData::new(values, [films.len(), 3, side, side]);
            let features = self.model.encode_image(Tensor::from_data(data, &self.device));
            let attention = split(features.attention.clone())?;
            let mut maps: Vec<Tensor<4>> = features.pyramid[2..].to_vec();
            maps.push(self.model.decoder.forward(&features.pyramid));
            maps.extend(other.map(|decoder| decoder.forward(&features.pyramid)));
            let mut levels = maps
                .into_iter()
                .map(|map| Ok(split(map)?.into_iter()))
                .collect::<Result<Vec<_>>>()?;
            for attention in attention {
                let levels = levels.iter_mut().filter_map(Iterator::next).collect();
                all.push(Features { levels, attention });
            }
        }
        Ok(all)
    }
}

/// Burn draws weights when they are first read; here in the model's order.
struct Draw;

impl ModuleVisitor for Draw {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        drop(param.val());
    }
}

/// The maps of each image of a batch.
fn split(maps: Tensor<4>) -> Result<Vec<Level>> {
    let [_, channels, side, _] = maps.dims();
    let values = maps
        .try_to_vec_as::<f32>()
        .map_err(|e| anyhow::anyhow!("A map cannot be read from the device: {e:?}"))?;
    let each = values.chunks_exact(channels * side * side);
    Ok(each.map(|data| Level { channels, side, data: data.to_vec() }).collect())
}

/// Where a pixel of an axis lies on a map's axis: between `low` and the next, `t` of the way.
/// Bilinear with half-pixel centres, the border repeated.
fn place(pixel: usize, pixels: usize, side: usize) -> (usize, usize, f64) {
    let last = (side - 1) as f64;
    let at = ((pixel as f64 + 0.5) * side as f64 / pixels as f64 - 0.5).clamp(0.0, last);
    let low = at as usize;
    (low, (low + 1).min(side - 1), at - low as f64)
}

/// A value between four.
fn between(plane: &[f32], side: usize, x: (usize, usize, f64), y: (usize, usize, f64)) -> f64 {
    let at = |x: usize, y: usize| f64::from(plane[y * side + x]);
    let row = |v: usize| at(x.0, v) + (at(x.1, v) - at(x.0, v)) * x.2;
    let (above, below) = (row(y.0), row(y.1));
    above + (below - above) * y.2
}

/// What pixel `(x, y)` of a square of `pixels` reads: every channel of every chosen level.
pub fn read_pixel(
    features: &Features,
    chosen: &[usize],
    (x, y): (usize, usize),
    pixels: usize,
    row: &mut Vec<f64>,
) {
    row.clear();
    for level in chosen.iter().filter_map(|&i| features.levels.get(i)) {
        let (x, y) = (place(x, pixels, level.side), place(y, pixels, level.side));
        let planes = level.data.chunks_exact(level.side * level.side);
        row.extend(planes.map(|plane| between(plane, level.side, x, y)));
    }
}

/// Number of values that a pixel reads.
pub fn width(features: &Features, chosen: &[usize]) -> usize {
    chosen.iter().filter_map(|&i| features.levels.get(i)).map(|level| level.channels).sum()
}

/// A linear function's value at every pixel of a square of `pixels`.
///
/// It is taken on each level's own grid and then brought to the pixels: bilinear interpolation is
/// linear, so that is what the function gives for the interpolated values.
pub fn apply(f: &Linear, features: &Features, chosen: &[usize], pixels: usize) -> Raster {
    let mut sum = vec![f.bias; pixels * pixels];
    let mut weights = f.weights.iter();
    for level in chosen.iter().filter_map(|&i| features.levels.get(i)) {
        let area = level.side * level.side;
        let mut own = vec![0f64; area];
        for (plane, weight) in level.data.chunks_exact(area).zip(weights.by_ref()) {
            own.iter_mut().zip(plane).for_each(|(sum, v)| *sum += weight * f64::from(*v));
        }
        let own: Vec<f32> = own.into_iter().map(|v| v as f32).collect();
        let axis: Vec<_> = (0..pixels).map(|i| place(i, pixels, level.side)).collect();
        for (y, line) in sum.chunks_exact_mut(pixels).enumerate() {
            for (value, x) in line.iter_mut().zip(&axis) {
                *value += between(&own, level.side, *x, axis[y]);
            }
        }
    }
    let data = sum.into_iter().map(|v| v as f32).collect();
    Raster { width: pixels, height: pixels, data }
}

#[cfg(test)]
mod tests {
    use g2d_core::{config::UpsampleKind, pseudo_mask::upsample};

    use super::*;

    fn level(channels: usize, side: usize) -> Level {
        let data = (0..channels * side * side).map(|i| ((i * 37 % 101) as f32).sqrt()).collect();
        Level { channels, side, data }
    }

    fn features() -> Features {
        Features { levels: vec![level(3, 8), level(2, 4), level(1, 16)], attention: level(1, 2) }
    }

    #[test]
    fn a_pixel_reads_what_upsampling_gives() {
        let features = features();
        let mut row = Vec::new();
        let plane = Raster { width: 4, height: 4, data: features.levels[1].data[16..].to_vec() };
        let large = upsample(&plane, 16, 16, UpsampleKind::Bilinear);
        for (x, y) in [(0, 0), (3, 7), (15, 15), (8, 2)] {
            read_pixel(&features, &[0, 1], (x, y), 16, &mut row);
            assert_eq!(row.len(), width(&features, &[0, 1]));
            assert!((row[4] - f64::from(large.at(x, y))).abs() < 1e-5, "{x} {y}");
        }
    }

    #[test]
    fn a_function_of_maps_is_the_function_of_its_pixels() {
        let features = features();
        let chosen = [1, 2, 0];
        let f = Linear { weights: vec![0.5, -1.0, 2.0, 0.1, 0.2, -0.3], bias: 3.0 };
        let map = apply(&f, &features, &chosen, 16);
        let mut row = Vec::new();
        for (x, y) in [(0, 0), (5, 9), (15, 1), (15, 15)] {
            read_pixel(&features, &chosen, (x, y), 16, &mut row);
            let want = row.iter().zip(&f.weights).map(|(a, b)| a * b).sum::<f64>() + f.bias;
            assert!((f64::from(map.at(x, y)) - want).abs() < 1e-4, "{x} {y}");
        }
    }
}
