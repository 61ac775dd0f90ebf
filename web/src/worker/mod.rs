//! The worker: chooses a device, loads the model, grounds reports. It owns everything that knows
//! a tensor, so that the page stays quick and a lost GPU is mended by starting another worker.

pub mod choice;
pub mod preview;

#[cfg(target_arch = "wasm32")]
mod answer;
#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod engine;
#[cfg(target_arch = "wasm32")]
mod fetch;
#[cfg(target_arch = "wasm32")]
mod link;
#[cfg(target_arch = "wasm32")]
mod loader;

#[cfg(target_arch = "wasm32")]
pub use engine::start;
