//! From stored grey levels to the network's numbers by a table.
//!
//! A kept image has 256 different values, so that each channel's number is looked up instead of
//! computed: the same numbers as [`g2d_core::image::normalise`] of `level / 255`, to the last bit.

use g2d_core::{config::ImageConfig, image::normalise, raster::Raster};

/// The network's number of every grey level, for each of the three channels.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelTable([[f32; 256]; 3]);

impl LevelTable {
    /// The table of a configuration's means and deviations.
    pub fn new(config: &ImageConfig) -> Self {
        let data = (0..=255u8).map(|v| f32::from(v) / 255.0).collect();
        let all = normalise(&Raster { width: 256, height: 1, data }, config);
        let mut table = [[0.0; 256]; 3];
        for (channel, values) in table.iter_mut().zip(all.chunks_exact(256)) {
            channel.copy_from_slice(values);
        }
        Self(table)
    }

    /// Writes one image into its place of a batch.
    ///
    /// # Shapes
    /// - `levels`: the image, row by row; `out`: `[3, height, width]`
    pub fn write(&self, levels: &[u8], out: &mut [f32]) {
        for (table, plane) in self.0.iter().zip(out.chunks_exact_mut(levels.len().max(1))) {
            for (out, &level) in plane.iter_mut().zip(levels) {
                *out = table[usize::from(level)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_formula() {
        let config = ImageConfig::default();
        let levels: Vec<u8> = (0..600).map(|i| (i * 7 % 256) as u8).collect();
        let data = levels.iter().map(|&v| f32::from(v) / 255.0).collect();
        let want = normalise(&Raster { width: 30, height: 20, data }, &config);
        let mut got = vec![0.0; 3 * 600];
        LevelTable::new(&config).write(&levels, &mut got);
        assert_eq!(got, want);
    }
}
