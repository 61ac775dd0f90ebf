//! From a report's text to its sentences, what each of them asserts, and its tokens.

mod assertion;
mod contradict;
mod cues;
mod headings;
mod lexicon;
mod misspelt;
mod parts;
mod report;
mod sentences;
mod tokenizer;

pub use assertion::{Reading, read_sentence};
pub use contradict::contradicted;
pub use parts::{ReportParts, report_parts};
pub use report::{MAX_REPORT_BYTES, Report, Sentence, parse_report, training_text};
pub use tokenizer::{ReportTokenizer, TokenBatch, wordpiece_json};
