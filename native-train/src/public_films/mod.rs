//! A folder of public chest films, as training pairs and as evaluation sets.
//!
//! The folder has `manifest.jsonl` (one film a line: `id`, `file`, `view`, `text`, `text_kind`,
//! `finding`, `group`, `license_class`, `attribution`, `origin`), `images/`, `boxes_lung.jsonl` and
//! `boxes_finding_nih.jsonl` (`id` and `boxes` with `label`, `x0`, `y0`, `x1`, `y1` in fractions).
//!
//! | written | which films |
//! |---|---|
//! | `train/` | freely licensed, frontal, of patients on the training side of [`Part`] |
//! | `eval/lung/` | with a lung box, of other patients |
//! | `eval/findings/` | with a finding box; their patients are never trained on |
//! | `eval/labels/` | with labels, of other patients, for zero-shot classification |
//!
//! What may not be given on or sold (`license_class` other than `free`) is evaluated on only. No
//! patient lies on both sides: [`Library::check_leak`] looks at what is to be written, not at the
//! rule that should have kept them apart.
//!
//! Not for clinical use.

mod eval;
mod funnel;
mod labels;
mod library;
mod text;
mod train;
mod write;

pub use eval::write_eval;
pub use funnel::Funnel;
pub use labels::{Labels, read_labels};
pub use library::{FilmRow, FractionBox, Library, Part};
pub use train::write_train;
pub use write::Target;
