//! Which sentences get a mask, through the whole of [`Session::ground`].

use anyhow::Result;
use g2d_core::{
    grounding::to_mask,
    outcome::Assertion,
    session::{EncodedImage, Grounded, Session},
};

use super::{
    card::Subject,
    cases::{Case, Told},
    encoded::{Words, maps},
    grounding::Sink,
};
use crate::wait::block_on;

/// Asked of a film that came without a report.
const WITHOUT_REPORT: &str = "The heart is enlarged.";

/// Grounds the case's report as a user would.
///
/// # Errors
/// When the device fails.
pub fn ground(session: &Session, image: &EncodedImage, case: &Case) -> Result<Grounded> {
    let report = if case.report.trim().is_empty() { WITHOUT_REPORT } else { &case.report };
    // A text without a sentence about the film cannot be grounded; the film still can be judged.
    Ok(block_on(session.ground(image, report))
        .or_else(|_| block_on(session.ground(image, WITHOUT_REPORT)))?)
}

/// Whether the sentence got a mask: the parsed sentence that shares most bytes with it counts.
fn masked(grounded: &Grounded, told: &Told) -> bool {
    let shared = |start: usize, end: usize| {
        told.range.end.min(end).saturating_sub(told.range.start.max(start))
    };
    let best = grounded
        .outcome
        .sentences
        .iter()
        .map(|s| (shared(s.start, s.end), s.mask.is_some()))
        .max_by_key(|(bytes, _)| *bytes);
    best.is_some_and(|(bytes, mask)| bytes > 0 && mask)
}

/// Counts masks of negated, present and hedged sentences.
///
/// # Errors
/// When the model fails.
pub fn count(
    session: &Session,
    words: &mut Words,
    image: &EncodedImage,
    case: &Case,
    grounded: &Grounded,
    into: &mut Sink<'_>,
) -> Result<()> {
    for told in &case.sentences {
        let mask = masked(grounded, told);
        let (name, hit) = match told.assertion {
            Assertion::Absent => ("negated_with_mask", mask),
            Assertion::Present if told.truth.is_some() => ("present_without_mask", !mask),
            Assertion::Uncertain => ("hedged_with_mask", mask),
            Assertion::Present => continue,
        };
        into.tally.hit(Subject::model(into.set, name), into.study, hit);
    }
    // What a model that does not read reports would do.
    let absent = case.sentences.iter().filter(|t| t.assertion == Assertion::Absent);
    let texts: Vec<&str> = absent.filter_map(|t| case.report.get(t.range.clone())).collect();
    let vectors = words.vectors(session, &texts)?;
    let config = &session.config().grounding;
    for map in maps(session, image, &vectors, config.source)? {
        let subject = Subject::model(into.set, "negated_with_mask").by(Some("report not read"));
        into.tally.hit(subject, into.study, to_mask(&map, config).is_some());
    }
    Ok(())
}
