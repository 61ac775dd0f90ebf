//! The program as a user meets it: run as a process, judged by its exit code, its standard
//! output, its standard error and the files it leaves.

#![recursion_limit = "256"]
// Clippy allows these in test functions only; the helpers beside them are tests all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod ablate;
mod basics;
mod bench;
mod ct;
mod data;
mod embed;
mod eval;
mod eval_vectors;
mod export;
mod import;
mod import_refusals;
mod predict;
mod prepare;
mod refusals;
mod support;
