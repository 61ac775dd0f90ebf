//! From a sentence's map of cosines to a mask, its connected parts and their places.
//!
//! The maps themselves come from the model; what is here has no device and no weights.

pub mod map;
pub mod region;
pub mod rle;

pub use map::{finished, mask_level, shifted, smoothed, to_mask, within};
pub use region::{regions, zone};
pub use rle::{MAX_RLE_PIXELS, decode_rle, encode_rle};
