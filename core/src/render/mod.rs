//! Pictures for people: the film with coloured masks and the notice, and plain grey PNG files.

pub mod font;
pub mod overlay;
pub mod png;

pub use overlay::{PALETTE, overlay_png};
pub use png::{grey_png8, grey_png16, mask_png};
