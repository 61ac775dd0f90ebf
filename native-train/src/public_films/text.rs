//! What is said about a film.

use g2d_core::phantom::{FindingKind, Institution, ReportSentence, label_report};

use super::{FilmRow, Labels, read_labels};
use crate::data::manifest::PairSentence;

/// Seed of the reports' words.
const SEED: u64 = 14;

/// The text of a film and, where it was written from labels, what its sentences say.
///
/// Reports and statements stand as they are. Labels become a report; `index` varies its words.
pub(super) fn of_film(film: &FilmRow, index: u64) -> (String, Vec<PairSentence>) {
    // Notes tell the patient's history and are no report; their labels speak for the film.
    if matches!(film.text_kind.as_str(), "report" | "qa") {
        return (film.text.trim().to_owned(), Vec::new());
    }
    // ChestX-ray14 looked for all of its fourteen kinds; the other collections for pneumonia only,
    // so what they do not name may still be there.
    let looked_for_all = film.origin.starts_with("NIH");
    match read_labels(&film.finding) {
        Labels::Normal => from_labels(index, &[], true),
        Labels::Findings(kinds) => from_labels(index, &kinds, looked_for_all),
        Labels::None => (String::new(), Vec::new()),
    }
}

/// A report from labels alone: no side, zone or size. Its sentences point at nothing, since no
/// place is known.
fn from_labels(index: u64, kinds: &[FindingKind], complete: bool) -> (String, Vec<PairSentence>) {
    let (text, sentences) = label_report(SEED, index, kinds, Institution::First, complete);
    let one = |s: ReportSentence| PairSentence {
        start: s.start,
        end: s.end,
        assertion: s.assertion,
        findings: Vec::new(),
    };
    (text, sentences.into_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use g2d_core::outcome::Assertion;

    use super::*;
    use crate::public_films::library::tests::film;

    #[test]
    fn labels_become_sentences_with_their_ranges() {
        let mut one = film("a", "p", "free");
        one.finding = "Effusion|Edema".into();
        for index in 0..6 {
            let (text, sentences) = of_film(&one, index);
            let present = sentences.iter().filter(|s| s.assertion == Assertion::Present);
            assert_eq!(present.count(), 2, "{text}");
            for s in sentences {
                assert!(text.get(s.start..s.end).is_some_and(|t| !t.is_empty()));
            }
        }
    }

    #[test]
    fn statements_stand_as_they_are() {
        let mut one = film("a", "p", "free");
        one.text_kind = "qa".into();
        one.text = "The heart is enlarged. ".into();
        assert_eq!(of_film(&one, 0), ("The heart is enlarged.".into(), Vec::new()));
    }
}
