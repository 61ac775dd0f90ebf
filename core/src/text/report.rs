//! A report as the sentences that describe the film, and as the text a model is trained on.

use super::assertion::{Reading, read_sentence};
use super::headings::{Kind, Section, sections};
use super::sentences::split;
use crate::error::{Error, Result};
use crate::outcome::Assertion;

/// Longest report that is read, in bytes; the longest of public collections have some 10 KiB.
pub const MAX_REPORT_BYTES: usize = 64 * 1024;

/// One sentence of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The sentence as written, equal to `report[start..end]`, line breaks included.
    pub text: String,
    /// First byte in the report; list numbers and bullets are left out.
    pub start: usize,
    /// One past the last byte; the full stop is included.
    pub end: usize,
    /// Heading it stands under, upper case, typing errors corrected; none when there is none.
    pub section: Option<String>,
    /// Whether it says that something is there.
    pub assertion: Assertion,
    /// Whether it speaks of something that can be seen on a film. "Comparison: none" and "PA and
    /// lateral views" do not; such sentences are never [`Assertion::Present`].
    pub visual: bool,
}

/// The sentences of a report that describe the film, in reading order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// In reading order; headings are not sentences.
    pub sentences: Vec<Sentence>,
}

/// Cuts a report into sections and sentences and reads what each sentence asserts.
///
/// Kept are findings, impression, conclusion, addendum and text under no heading. Indication,
/// history, technique, comparison, examination, recommendation and notification are left out: they
/// speak of what was asked, of other films or of what to do. Text under headings that are not known
/// is kept only when there is nothing else.
///
/// # Errors
/// `G2D-I20` for an empty report, `G2D-L20` for one above [`MAX_REPORT_BYTES`], `G2D-I21` when no
/// sentence describes the film.
pub fn parse_report(text: &str) -> Result<Report> {
    if text.len() > MAX_REPORT_BYTES {
        return Err(Error::limits(
            "G2D-L20",
            format!(
                "The report has {} bytes, more than the {MAX_REPORT_BYTES} allowed",
                text.len()
            ),
            "Give the report of one examination only",
        ));
    }
    if text.trim().is_empty() {
        return Err(Error::input("G2D-I20", "The report is empty", "Type or paste a report"));
    }
    let sentences: Vec<_> = film_sections(text)
        .into_iter()
        .flat_map(|section| {
            let ranges = split(text, section.body);
            ranges.into_iter().map(move |range| {
                let text = text[range.clone()].to_owned();
                let Reading { assertion, visual } = read_sentence(&text);
                let section = section.name.clone();
                Sentence { text, start: range.start, end: range.end, section, assertion, visual }
            })
        })
        .collect();
    if sentences.is_empty() {
        return Err(Error::input(
            "G2D-I21",
            "The report has no sentence about the film",
            "Give at least one sentence of findings or impression",
        ));
    }
    Ok(Report { sentences })
}

/// The sections that describe the film; those with unknown headings when there are no others.
fn film_sections(text: &str) -> Vec<Section> {
    let all = sections(text);
    let speaks = |s: &&Section| !split(text, s.body.clone()).is_empty();
    let of = |kind| all.iter().filter(|s| s.kind == kind).filter(speaks).cloned().collect();
    let film: Vec<_> = of(Kind::Film);
    if film.is_empty() { of(Kind::Unknown) } else { film }
}

/// The text a model is trained on: the impression, then the findings, as in the published code of
/// MGCA and G2D, without headings, sections about anything but the film, list numbers and blanked
/// names; the sentences rejoined with ". ".
///
/// `free` is a whole report; it is read when the other two give nothing, its impression (or
/// conclusion) first. The result is empty when nothing is left.
pub fn training_text(
    findings: Option<&str>,
    impression: Option<&str>,
    free: Option<&str>,
) -> String {
    let mut sentences = Vec::new();
    for text in [impression, findings].into_iter().flatten() {
        for section in film_sections(text) {
            clean_sentences(text, section, &mut sentences);
        }
    }
    if let (Some(text), true) = (free, sentences.is_empty()) {
        let mut film = film_sections(text);
        // Stable, so that each kind stays in reading order.
        film.sort_by_key(|s| !matches!(s.name.as_deref(), Some("IMPRESSION" | "CONCLUSION")));
        for section in film {
            clean_sentences(text, section, &mut sentences);
        }
    }
    let mut out = String::new();
    for sentence in sentences {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&sentence);
        if !sentence.ends_with('?') {
            out.push('.');
        }
    }
    out
}

fn clean_sentences(text: &str, section: Section, out: &mut Vec<String>) {
    for range in split(text, section.body) {
        let sentence = without_blanks(&text[range]);
        let words: Vec<_> = sentence.split_whitespace().filter(|w| !is_blank(w)).collect();
        let joined = words.join(" ");
        let bare = joined.trim_end_matches(['.', ';', '!', ':', ',', ' ']);
        if bare.contains(char::is_alphabetic) {
            out.push(bare.to_owned());
        }
    }
}

/// A blanked-out name as MIMIC-CXR writes it, `___`.
fn is_blank(word: &str) -> bool {
    word.contains('_') && !word.contains(char::is_alphanumeric)
}

/// Takes out names that were blanked out as `[** ... **]`.
fn without_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("[**") {
        let Some((_, after)) = inside.split_once("**]") else {
            break;
        };
        out.push_str(before);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "FINAL REPORT\r\n INDICATION: ___-year-old man, rule out pneumonia.\r\n\r\n\
        COMPARISON: None.\r\n FINDINGS: A right basal opacity of 2.5 cm is seen,\r\n new since the \
        last film.  No pneumothorax.\r\n\r\n IMPRESSION:\r\n 1. Opacity, possibly pneumonia.\r\n 2. \
        Épanchement minime.\r\n RECOMMENDATION: CT of the chest.";

    #[test]
    fn sentences_with_exact_ranges() {
        let report = parse_report(REPORT).unwrap();
        let texts: Vec<_> = report.sentences.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "A right basal opacity of 2.5 cm is seen,\r\n new since the last film.",
                "No pneumothorax.",
                "Opacity, possibly pneumonia.",
                "Épanchement minime.",
            ]
        );
        let names: Vec<_> = report.sentences.iter().map(|s| s.section.as_deref()).collect();
        let (findings, impression) = (Some("FINDINGS"), Some("IMPRESSION"));
        assert_eq!(names, [findings, findings, impression, impression]);
        for sentence in &report.sentences {
            assert_eq!(sentence.text, REPORT[sentence.start..sentence.end]);
        }
        assert_eq!(report.sentences[0].assertion, Assertion::Present);
        assert_eq!(report.sentences[1].assertion, Assertion::Absent);
    }

    #[test]
    fn ranges_are_in_order_and_apart() {
        let text = "No heading here. Two\n\nHISTORY: x\nIMPRESSION: One; two. 3) Three\n- four";
        let report = parse_report(text).unwrap();
        let mut last = 0;
        for s in &report.sentences {
            assert!(s.start >= last && s.end > s.start, "{s:?}");
            last = s.end;
        }
        assert_eq!(report.sentences.len(), 6);
        assert_eq!(report.sentences[0].section, None);
    }

    #[test]
    fn unknown_headings_count_only_alone() {
        let alone = parse_report("WET READ: Left effusion.").unwrap();
        assert_eq!(alone.sentences[0].section.as_deref(), Some("WET READ"));
        let both = parse_report("WET READ: Left effusion.\nFINDINGS: Clear lungs.").unwrap();
        assert_eq!(both.sentences.len(), 1);
        assert_eq!(both.sentences[0].text, "Clear lungs.");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let code = |text: &str| parse_report(text).unwrap_err().code();
        assert_eq!(code(""), "G2D-I20");
        assert_eq!(code(" \r\n\t "), "G2D-I20");
        assert_eq!(code(&"No effusion. ".repeat(80_000)), "G2D-L20");
        assert_eq!(code("INDICATION: Cough."), "G2D-I21");
        assert_eq!(code("... 123 ___"), "G2D-I21");
    }

    /// The largest reports allowed, of the kinds that would make a careless parser quadratic. The
    /// test has no clock; a quadratic parser would take minutes here and be noticed.
    #[test]
    fn the_longest_reports_are_no_trouble() {
        for unit in ["no ", "A: ", "(", "[**", "possible, ", "1. ", "\n", "FINDINGS: ", ". ", "é; "]
        {
            let text = format!("Effusion {}", unit.repeat((MAX_REPORT_BYTES - 9) / unit.len()));
            assert!(text.len() <= MAX_REPORT_BYTES);
            for sentence in parse_report(&text).map(|r| r.sentences).unwrap_or_default() {
                assert_eq!(sentence.text, text[sentence.start..sentence.end]);
            }
        }
    }

    #[test]
    fn training_text_is_impression_then_findings() {
        let findings =
            "COMPARISON: ___.\nFINDINGS: The heart is\nlarge; no effusion.  [**Name**] seen";
        let impression = "1. Cardiomegaly.\n2. Is it new?\n3. ___.";
        assert_eq!(
            training_text(Some(findings), Some(impression), Some("ignored")),
            "Cardiomegaly. Is it new? The heart is large. no effusion. seen."
        );
        assert_eq!(
            training_text(None, None, Some(REPORT)),
            "Opacity, possibly pneumonia. Épanchement minime. A right basal opacity of 2.5 cm is \
             seen, new since the last film. No pneumothorax."
        );
        assert_eq!(training_text(None, Some(" "), Some("Clear lungs")), "Clear lungs.");
        assert_eq!(training_text(None, None, Some("INDICATION: x")), "");
        assert_eq!(training_text(None, None, None), "");
    }
}
