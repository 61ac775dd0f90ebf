//! The packed data set: a memory-mapped file of films with an index.
//!
//! ```text
//! DIR/pack.json        schema, options, counts, size and SHA-256 of every other file
//! DIR/films.bin        one record a film, all of one length: side * side grey values of 8 bits,
//!                      the body mask with 1 bit a pixel (lowest bit first), CRC-32C (little
//!                      endian) of the record's number and everything before it
//! DIR/index.jsonl      one line a film, in the order of the records: PackRow and `record`
//! DIR/funnel.json      how many films, studies and patients every rule left
//! DIR/funnel.md        the same as a table
//! DIR/rejected.jsonl   every row that was left out, with the rule; no report text
//! ```
//!
//! The folder appears under its name only when all of it is written and was read back; see
//! [`write`](self::write).

pub mod check;
pub mod layout;
pub mod meta;
pub mod partial;
pub mod sheet;
pub mod write;

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use anyhow::Context as _;
use g2d_core::{
    Error,
    raster::{Mask, Raster},
};
use mmap_io::MemoryMappedFile;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use layout::Layout;
pub use meta::{FILMS, INDEX, META, PackInfo};

/// What the index knows of one film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackRow {
    /// Name of the film in its data set, unique in the pack.
    pub id: String,
    /// Whose film it is.
    pub group: Option<String>,
    /// `train`, `val`, `test`, or a name of the maker's own.
    pub split: String,
    /// The report with its headings, as the report parser takes it.
    pub text: String,
}

/// A row and the number of its record, as a line of the index.
#[derive(Debug, Deserialize)]
struct IndexLine {
    record: usize,
    #[serde(flatten)]
    row: PackRow,
}

/// An open packed data set. Films are read where they lie, so that opening a large pack is fast
/// and many processes share one copy in memory.
#[derive(Debug)]
pub struct Pack {
    info: PackInfo,
    layout: Layout,
    rows: Vec<PackRow>,
    films: MemoryMappedFile,
}

impl Pack {
    /// Opens a pack: reads its index and maps its films; digests are not checked.
    ///
    /// # Errors
    /// `G2D-F20` when it is not a pack, `G2D-F21` when parts of it are missing or cut short.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        Self::open_here(folder).with_context(|| folder.display().to_string())
    }

    fn open_here(folder: &Path) -> anyhow::Result<Self> {
        let info = PackInfo::read(folder)?;
        let layout = Layout::new(info.side);
        let path = folder.join(FILMS);
        let bytes = std::fs::metadata(&path).map_or(0, |m| m.len());
        if bytes != layout.bytes(info.films) {
            return Err(cut_short(FILMS).into());
        }
        let rows = read_index(&folder.join(INDEX), info.films)?;
        let films = MemoryMappedFile::open_ro(&path)
            .with_context(|| format!("{}: cannot be mapped", path.display()))?;
        Ok(Self { info, layout, rows, films })
    }

    /// Number of films.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Side of the square films in pixels.
    pub fn side(&self) -> usize {
        self.info.side
    }

    /// What `pack.json` says.
    pub fn info(&self) -> &PackInfo {
        &self.info
    }

    /// All rows, in the order of the records.
    pub fn rows(&self) -> &[PackRow] {
        &self.rows
    }

    /// Every byte of `films.bin`.
    pub(super) fn bytes(&self) -> &[u8] {
        // A read-only mapping of known length always gives its bytes; should it ever not, the
        // index below fails with its own words.
        self.films.as_slice_bytes(0, self.layout.bytes(self.info.films)).unwrap_or(&[])
    }

    /// The record with its checksum.
    pub(super) fn record(&self, index: usize) -> &[u8] {
        let stride = self.layout.stride();
        &self.bytes()[index * stride..(index + 1) * stride]
    }

    /// The film, 8 bits a pixel, `side * side` of them.
    ///
    /// # Panics
    /// For an index that is not below [`len`](Self::len), as slices do.
    pub fn pixels(&self, index: usize) -> &[u8] {
        &self.record(index)[..self.layout.pixels()]
    }

    /// Writes the film with values in [0, 1] into a batch's buffer of `side * side` values.
    pub fn film_into(&self, index: usize, out: &mut [f32]) {
        for (out, &v) in out.iter_mut().zip(self.pixels(index)) {
            *out = f32::from(v) / 255.0;
        }
    }

    /// Writes the body mask as zeros and ones into a batch's buffer of `side * side` values.
    pub fn body_into(&self, index: usize, out: &mut [f32]) {
        layout::expand_bits_into(self.body_bits(index), out);
    }

    /// The film with values in [0, 1].
    pub fn film(&self, index: usize) -> Raster {
        let data = self.pixels(index).iter().map(|&v| f32::from(v) / 255.0).collect();
        Raster { width: self.side(), height: self.side(), data }
    }

    /// The body mask as it is stored: 1 bit a pixel, lowest bit first.
    pub fn body_bits(&self, index: usize) -> &[u8] {
        let pixels = self.layout.pixels();
        &self.record(index)[pixels..pixels + self.layout.mask_bytes()]
    }

    /// Where the body is.
    pub fn body(&self, index: usize) -> Mask {
        let data = layout::expand_bits(self.body_bits(index), self.layout.pixels());
        Mask { width: self.side(), height: self.side(), data }
    }

    /// Films whose body mask is the whole image.
    pub fn whole_bodies(&self) -> usize {
        let pixels = self.layout.pixels();
        let whole = |index: &usize| {
            let bits = self.body_bits(*index);
            bits.iter().map(|byte| byte.count_ones() as usize).sum::<usize>() == pixels
        };
        (0..self.len()).into_par_iter().filter(whole).count()
    }

    /// The index's row.
    pub fn row(&self, index: usize) -> &PackRow {
        &self.rows[index]
    }
}

/// The error for a pack whose parts do not have the announced length.
fn cut_short(name: &str) -> Error {
    Error::input(
        "G2D-F21",
        format!("{name} is missing or has another length than pack.json says"),
        "Copy the pack again as a whole, or make it again with `g2d data prepare`",
    )
}

/// Reads the index; its lines must be numbered as the records are.
pub(super) fn read_index(path: &Path, films: usize) -> anyhow::Result<Vec<PackRow>> {
    let file = File::open(path).map_err(|_| cut_short(INDEX))?;
    let mut rows = Vec::with_capacity(films.min(1 << 20));
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let damaged = || {
            Error::input(
                "G2D-F22",
                format!("Line {} of {INDEX} is damaged", number + 1),
                "Copy the pack again, or make it again with `g2d data prepare`",
            )
        };
        let line = line.map_err(|_| damaged())?;
        let line: IndexLine = serde_json::from_str(&line).map_err(|_| damaged())?;
        if line.record != number {
            return Err(damaged().into());
        }
        rows.push(line.row);
    }
    if rows.len() != films {
        return Err(cut_short(INDEX).into());
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
