//! From the bytes of an image file to the network's input, and from there back to the film.

mod decode;
mod header;
mod limits;
mod resample;
mod transform;

pub use decode::{Film, decode, stretch};
pub use limits::Limits;
pub use transform::{Geometry, normalise};
