//! The worker: chooses a device, loads the model, grounds reports. It owns everything that knows
//! a tensor, so that the page stays quick and a lost GPU is mended by starting another worker.

// Only the wasm build uses all of it; the host builds it for its tests.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

mod choice;
mod failure;
mod preview;

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

fn main() {
    #[cfg(target_arch = "wasm32")]
    engine::start();
}
