//! The page of G2D in Rust, and the messages it exchanges with its worker.
//!
//! Two programs make the site. `app` is this library: it draws the page and knows no tensor, so
//! that it is small and starts at once. `worker` (`src/worker`) owns the model and never touches
//! the page; it calls `g2d_core::session::Session`, as the command line does. They talk in the
//! messages of [`protocol`] and in nothing else.
//!
//! Everything that touches a browser stands behind `cfg(target_arch = "wasm32")`; the rest (the
//! protocol, the page's state, the pictures it composes) is plain Rust and is tested on the host.

pub mod app;
pub mod protocol;

#[cfg(target_arch = "wasm32")]
pub mod transport;
