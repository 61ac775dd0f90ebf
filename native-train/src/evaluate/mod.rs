//! What a model scores: on phantoms it has not seen, and ([`manifest`]) on anyone's data.

mod calibrate;
mod card;
mod cases;
mod grounding;
pub mod manifest;
pub mod quality;
mod table;

pub use calibrate::calibrate;
pub use card::model_card;
pub use cases::{Case, PhantomSet};
pub use grounding::{Evaluation, Score, evaluate};
pub use table::markdown;
