//! How large a file and a picture may be.
//!
//! A few hundred bytes can announce a picture of many gigabytes, so the announced size is compared
//! with these limits before anything of that size is asked from the memory.

use crate::error::{Error, Result};

/// How large a file and a picture may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub max_bytes: usize,
    /// Pixels of the picture, width times height.
    pub max_pixels: u64,
    /// Pixels of the longer side.
    pub max_side: u32,
}

impl Default for Limits {
    /// 64 MiB, 100 million pixels, 20,000 pixels a side: several times the largest radiograph
    /// (about 4,300 x 3,600), and what a browser's 4 GiB of memory can still hold.
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_pixels: 100_000_000, max_side: 20_000 }
    }
}

impl Limits {
    /// Checks the size of the file.
    ///
    /// # Errors
    /// `G2D-L01` when it is too large.
    pub fn check_bytes(&self, bytes: usize) -> Result<()> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(Error::limits(
            "G2D-L01",
            format!("The file has {bytes} bytes, more than the {} allowed", self.max_bytes),
            "Export the film as a smaller PNG or JPEG",
        ))
    }

    /// Checks the size of the picture as its header announces it.
    ///
    /// # Errors
    /// `G2D-L02` when it is too large, `G2D-I05` when a side is zero.
    pub fn check_pixels(&self, width: u32, height: u32) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(empty_picture());
        }
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) <= self.max_side && pixels <= self.max_pixels {
            return Ok(());
        }
        Err(Error::limits(
            "G2D-L02",
            format!(
                "The picture is {width} x {height} pixels; at most {} pixels in all and {} a side \
                 are allowed",
                self.max_pixels, self.max_side
            ),
            "Export the film at a smaller size",
        ))
    }
}

/// The error for a picture without pixels.
pub(super) fn empty_picture() -> Error {
    Error::input("G2D-I05", "The picture has no pixels", "Export the film again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_on_its_own() {
        let limits = Limits { max_bytes: 10, max_pixels: 100, max_side: 50 };
        assert!(limits.check_bytes(10).is_ok());
        assert_eq!(limits.check_bytes(11).unwrap_err().code(), "G2D-L01");
        assert!(limits.check_pixels(10, 10).is_ok());
        assert!(limits.check_pixels(2, 50).is_ok());
        for (w, h) in [(10, 11), (1, 51), (51, 1), (u32::MAX, u32::MAX)] {
            assert_eq!(limits.check_pixels(w, h).unwrap_err().code(), "G2D-L02");
        }
        assert_eq!(limits.check_pixels(0, 5).unwrap_err().code(), "G2D-I05");
    }
}
