//! The packed data set: a memory-mapped file of films with an index.

use std::path::Path;

use g2d_core::raster::Mask;
use serde::{Deserialize, Serialize};

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

/// An open packed data set.
#[derive(Debug)]
pub struct Pack {}

impl Pack {
    /// Opens a pack: reads its index and maps its films; digests are not checked.
    ///
    /// # Errors
    /// When it is not a complete pack.
    pub fn open(_folder: &Path) -> anyhow::Result<Self> {
        anyhow::bail!("not made yet")
    }

    /// Number of films.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Side of the square films in pixels.
    pub fn side(&self) -> usize {
        0
    }

    /// The film, 8 bits a pixel, `side * side` of them.
    pub fn pixels(&self, _index: usize) -> &[u8] {
        &[]
    }

    /// Where the body is.
    pub fn body(&self, _index: usize) -> Mask {
        Mask::filled(0, 0, 0)
    }

    /// The index's row.
    pub fn row(&self, _index: usize) -> &PackRow {
        unreachable!("a pack without films has no rows")
    }
}
