//! Fitting and measuring the gate of [`g2d_core::gate`].
//!
//! | module | does |
//! |---|---|
//! | `change` | turns, inverts, warps, jumbles films |
//! | `draw` | pictures that are no chest films, drawn from a seed |
//! | `samples` | which pictures are fitted on and which are kept aside |
//! | `describe` | pictures to the numbers that the gate reads |
//! | `fit`, `solve` | numbers to a gate |
//! | `check`, `set` | counts on images; a set of pictures to be refused |
//!
//! Everything that is drawn follows from a seed. Not for clinical use.

mod change;
mod check;
mod describe;
mod draw;
mod fit;
mod samples;
mod set;
mod solve;

pub use check::{Counts, check, judge_files};
pub use fit::{FitPlan, fit};
pub use samples::{Sample, SamplePlan, plan_samples};
pub use set::{Row, SetPlan, check_set, write_set};
