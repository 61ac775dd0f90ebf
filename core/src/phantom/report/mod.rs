//! Writes the report of a study and keeps account of what each sentence speaks of.
//!
//! [`words`] holds nouns, sentences and frames of two institutions, [`compose`] decides what is
//! said, [`expand`] makes sentences of it, and [`layout`] sets them under headings with the habits
//! of dictation. Headings, and the sections that do not describe the film (indication, technique,
//! comparison), have no sentences.

mod compose;
mod expand;
mod layout;
mod negate;
mod prompts;
mod vocabulary;
mod words;

use super::config::Institution;
use super::rng::{Purpose, Rng};
use super::study::{Finding, FindingKind, ReportSentence};
use crate::outcome::Assertion;
use compose::Composer;
use layout::{Builder, nothing};
use negate::Fact;

pub use prompts::prompts;
#[cfg(test)]
pub(crate) use vocabulary::tokens;
pub use vocabulary::vocabulary;

/// A sentence before it has its place in the report.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    text: String,
    assertion: Assertion,
    findings: Vec<usize>,
}

/// Writes the report of these findings; returns its text and its sentences.
pub(super) fn write(
    rng: &mut Rng,
    findings: &[Finding],
    institution: Institution,
) -> (String, Vec<ReportSentence>) {
    let composer = Composer::new(rng, findings, institution);
    let style = words::style(institution);
    let mut report = Builder::new(rng);
    let layout = rng.unit();
    let (heading, verdict) = (rng.pick(style.findings), rng.pick(style.impression));
    if layout < 0.88 && rng.chance(0.6) {
        report.before(rng, style);
    }
    if layout < 0.62 {
        let body = composer.body(rng);
        let summary = composer.summary(rng, true);
        report.section(rng, Some(heading), &body, false);
        report.section(rng, Some(verdict), &summary, true);
    } else if layout < 0.76 {
        let body = composer.body(rng);
        report.section(rng, Some(heading), &body, false);
    } else if layout < 0.88 {
        let summary = composer.summary(rng, false);
        report.section(rng, Some(verdict), &summary, true);
    } else {
        let body = composer.body(rng);
        report.section(rng, None, &body, false);
    }
    if layout < 0.88 {
        report.after(rng, style);
    }
    report.finish()
}

/// A report from labels of a whole image, for films of which no more is known: it names the
/// `labels` without side, zone or size. Only when the labels are `complete` (nothing else is
/// there), it also says what is not there. Indices of its sentences point into `labels`.
pub fn label_report(
    seed: u64,
    index: u64,
    labels: &[FindingKind],
    institution: Institution,
    complete: bool,
) -> (String, Vec<ReportSentence>) {
    let rng = &mut Rng::new(seed, index, Purpose::Report);
    let style = words::style(institution);
    let mut lines: Vec<Line> = Vec::new();
    for (i, kind) in labels.iter().enumerate() {
        let noun = rng.pick(words::wording(*kind, institution).bare);
        let text = expand::sentence(rng, noun, &expand::Slots::default(), style.present);
        lines.push(Line { text, assertion: Assertion::Present, findings: vec![i] });
    }
    if complete {
        let facts: Vec<Fact> = labels.iter().map(|&kind| Fact { kind, place: None }).collect();
        lines.extend(negate::negations(rng, &facts, None, institution));
        lines.extend(negate::healthy(rng, &facts, None, institution));
    }
    if lines.is_empty() || rng.chance(0.15) {
        lines.push(nothing(&expand::draw(rng, style.remarks)));
    }
    compose::shuffle(rng, &mut lines);
    let mut report = Builder::new(rng);
    let heading = rng.pick(style.findings);
    let headed = rng.chance(0.8);
    report.section(rng, headed.then_some(heading), &lines, false);
    if complete && labels.is_empty() && rng.chance(0.5) {
        let verdict = rng.pick(style.impression);
        let line = nothing(&expand::draw(rng, style.normal_impression));
        report.section(rng, Some(verdict), &[line], false);
    }
    report.finish()
}

#[cfg(test)]
mod tests;
