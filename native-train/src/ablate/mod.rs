//! `g2d ablate`: what a switch does, told from chance.
//!
//! A set names a base configuration, variants that differ from it, the variant they are compared
//! with, and what is expected of each before anything has run. Every variant is trained on every
//! seed; runs of one seed see the same studies in the same order and start alike where the shapes
//! allow. Then the weights are frozen and all are measured in the same way, and differences are
//! taken seed by seed.
//!
//! | module | does |
//! |---|---|
//! | [`set`] | reads a set, resolves its variants, refuses what cannot run |
//! | [`runs`] | trains every variant on every seed, goes on where it was stopped |
//! | [`films`], [`features`], [`ridge`], [`probe`] | labelled phantoms and the linear probe on frozen features |
//! | [`measure`] | everything that is measured on one run, and the baselines of a seed |
//! | [`compare`], [`report`] | statistics over seeds, the table |
//!
//! ```text
//! DIR/set.json                    the resolved set; another one is refused
//! DIR/runs/start/seed-N/          the run whose weights all variants start from, where there is one
//! DIR/runs/NAME/seed-N/           a run's folder, with result.json once it is measured
//! DIR/baselines/seed-N.json       what the same measures give without training
//! DIR/ablation.json, ablation.md  the comparison
//! ```

mod claim;
pub mod compare;
pub mod features;
pub mod films;
pub mod measure;
pub mod names;
pub mod probe;
pub mod report;
pub mod ridge;
pub mod runs;
pub mod set;

pub use compare::{Comparison, compare};
pub use runs::{Outcome, run_all};
pub use set::Set;
