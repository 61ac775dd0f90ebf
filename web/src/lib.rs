//! The page of G2D in Rust: what its two programs share.
//!
//! `app` draws the page and knows no tensors; `worker` owns the model and never touches the page.
//! They talk in the messages of [`protocol`] and in nothing else. No model maths lives here: the
//! worker calls `g2d_core::session::Session`, which the command line calls too.
//!
//! Everything that touches a browser stands behind `cfg(target_arch = "wasm32")`; the rest (the
//! protocol, the page's state, the pictures it composes) is plain Rust and is tested on the host.

pub mod app;
pub mod protocol;
pub mod worker;

#[cfg(target_arch = "wasm32")]
pub mod transport;
