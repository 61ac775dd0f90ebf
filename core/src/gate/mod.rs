//! Is this a frontal chest film, upright and not inverted?
//!
//! A model that knows frontal chest films points somewhere on every picture. The gate looks before:
//!
//! ```text
//! what the network sees -> view (64 x 64) -> grey layout, edges, symmetry, likeness to frontal films
//! encoder's stages /8 /16 /32             -> their means
//!                                            -> one linear layer -> a probability for each kind
//! ```
//!
//! It is a multinomial logistic regression, fitted after training (`g2d gate fit`) and kept in
//! the bundle as `gate.json`, beside the weights whose features it reads. A film is refused when
//! the frontal kind does not lead the others by the fitted margin; the reason given is the likeliest
//! other kind. Nothing is changed silently: an inverted film is named, not re-inverted.
//!
//! What it was fitted and measured on stands in `gate.json`. It is a guard against mistakes, not a
//! promise: a picture that passes may still be none that the model can read. Not for clinical use.

mod head;
mod kind;
mod view;

pub use head::{FittedOn, FittedSet, GATE_VERSION, Gate, Layout, Verdict, margin};
pub use kind::FilmKind;
pub use view::{Likeness, VIEW, describe, view};
