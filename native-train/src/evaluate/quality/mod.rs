//! The quality bench: everything a bundle is judged by, on fixed, seeded sets, in one card.
//!
//! Numbers on phantoms say that the code works and which of two models is better there. They are no
//! evidence about patients. Not for clinical use.

mod assertions;
mod card;
mod cases;
mod classes;
mod definitions;
mod encoded;
mod grounding;
mod install;
mod pictures;
mod places;
mod run;
mod search;
mod table;
mod tally;
mod words;

pub use card::{Card, CardModel, CardSet, Metric, SCHEMA};
pub use install::{MARKERS, install};
pub use pictures::Picture;
pub use run::{Found, Plan, quality};
pub use table::markdown;
