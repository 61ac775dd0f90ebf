//! Every module against PyTorch's own, with weights that both sides make from the parameters'
//! names. `fixtures/make_parity.py` made the stored results; `g2d_tests::weights` says how.
//!
//! The forward checks run on the CPU back end and, where an adapter answers, on wgpu (software
//! Vulkan is enough).

#![recursion_limit = "256"]

mod common;
mod forward;
mod gradients;
mod local;
mod losses;
