//! Headings of a radiology report and the sections between them.
//!
//! Reports name the same section in many ways, with and without typing errors; the table below
//! brings them to one name each, in the manner of the sectioning code that comes with MIMIC-CXR.
//! A section is also sorted by whether it describes the film: an indication says what somebody
//! feared, and a comparison what another film showed.

use std::ops::Range;

use super::misspelt::misspelt;

/// Whether a section says what is seen on this film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Findings, impression, conclusion, or text under no heading.
    Film,
    /// Everything known to be about something else.
    Other,
    /// A heading that is not in the table.
    Unknown,
}

/// One section: its name, its kind and the bytes after its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: Option<String>,
    pub(super) kind: Kind,
    pub(super) body: Range<usize>,
}

struct Heading {
    span: Range<usize>,
    name: Option<String>,
    kind: Kind,
}

/// Name, whether it describes the film, and how people write it (lower case, divided by bars).
const SECTIONS: &[(&str, Kind, &str)] = &[
    (
        "FINDINGS",
        Kind::Film,
        "\
         findings|finding|fidings|findngs|findnings|findigns|finidngs|findins|fingings|\
         radiographic findings|radiological findings|chest findings|imaging findings|\
         imaging notes|observations|observation|description|report|radiology report|\
         body of report|finding(s)|fndings|findiings|findingds|findinds|\
         preliminary findings|portable chest findings|\
         findings and recommendation|findings and recommendations|pertinent findings",
    ),
    (
        "IMPRESSION",
        Kind::Film,
        "\
         impression|impressions|impression(s)|impresson|imression|impresion|impressoin|\
         impresssion|imprssion|impession|impressin|ipression|opinion|overall impression|\
         interpretation|summary|impressiom|imprresion|impresssions|imperssion|\
         impreession|impressio|mpression|preliminary impression|final impression|\
         impression and recommendation|impression and recommendations|\
         impression and recommendation(s)|impression/recommendation|impression/recommendations|\
         impression & recommendations|impression and plan|pertinent impression",
    ),
    (
        "FINDINGS AND IMPRESSION",
        Kind::Film,
        "\
         findings and impression|findings/impression|findings / impression|\
         findings & impression|impression and findings|impression/findings|\
         findings and impressions",
    ),
    (
        "CONCLUSION",
        Kind::Film,
        "\
         conclusion|conclusions|conclusion(s)|concusion|assessment|diagnosis",
    ),
    (
        "ADDENDUM",
        Kind::Film,
        "\
         addendum|addenda|adendum",
    ),
    (
        "INDICATION",
        Kind::Other,
        "\
         indication|indications|indication(s)|indcation|indicaton|inidcation|\
         clinical indication|clinical indications|clinical information|clinical details|\
         clinical data|clinical question|reason|reason for exam|reason for examination|\
         reason for this examination|reason for the exam|reason for study|reason for request|\
         request",
    ),
    (
        "HISTORY",
        Kind::Other,
        "\
         history|hisotry|histroy|clinical history|patient history|medical history|\
         past medical history|history of present illness|clinical notes|discussion|presentation",
    ),
    (
        "TECHNIQUE",
        Kind::Other,
        "\
         technique|techniques|techniqe|tecnique|technqiue|procedure|projection|protocol|views|\
         number of views|technical factors",
    ),
    (
        "COMPARISON",
        Kind::Other,
        "\
         comparison|comparisons|comparison(s)|comparision|compairson|comparson|comparison study|\
         comparison studies|comparison exam|prior|prior study|prior studies|prior exam|\
         previous examination|reference",
    ),
    (
        "EXAMINATION",
        Kind::Other,
        "\
         examination|examinations|exam|exams|examiantion|exmination|study|studies|\
         type of examination|type of exam|exam type|study type|exam date|study date|\
         date of exam|date of examination|date|modality",
    ),
    (
        "RECOMMENDATION",
        Kind::Other,
        "\
         recommendation|recommendations|recommendation(s)|recomendation|recomendations|\
         recommendatons|recommended follow-up|follow-up|follow up|advice|plan",
    ),
    (
        "NOTIFICATION",
        Kind::Other,
        "\
         notification|notifications|notification(s)|notifcation|communication|critical results|\
         critical result|dictated by|signed by|reported by|electronically signed by|attending|\
         radiologist|referring physician",
    ),
];

/// Lines that only say that a report follows; what follows them stands under no heading.
const TITLES: &[&str] =
    &["final report", "preliminary report", "final addendum", "final", "chest x-ray report"];

/// Structured reports put a part of the body before a colon. That is part of the sentence, since
/// "Clear." alone says nothing, and it starts no section.
const BODY_PARTS: &str = "\
    lung lungs heart pleura pleural mediastinum mediastinal cardiac cardiomediastinal \
    silhouette size bone bones osseous structures skeleton soft tissue tissues hila hilum hilar \
    diaphragm airway airways trachea upper abdomen chest wall lines tubes line tube support \
    devices device hardware spine ribs vessels vasculature pulmonary aorta great other spaces \
    space contours visualized thoracic thorax and of the or";

/// Words of a heading that only says which views were taken, such as "PA AND LATERAL CHEST"; in
/// old reports the findings follow it directly.
const VIEW_WORDS: &str = "\
    pa ap lat lateral frontal portable single one two three upright supine semi-upright erect \
    semi-erect and of the a xr bedside exam examination study am pm a.m p.m at on";
const FILM_WORDS: &str = "\
    chest cxr x-ray xray x-rays radiograph radiographs film films view views";

/// Longest heading, in bytes; longer runs of capitals are shouting, not headings.
const MAX_HEADING: usize = 60;

/// Cuts a report into its sections, in order. Headings belong to no section.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let (mut name, mut kind, mut start) = (None, Kind::Film, 0);
    for heading in headings(text) {
        sections.push(Section { name, kind, body: start..heading.span.start });
        (name, kind, start) = (heading.name, heading.kind, heading.span.end);
    }
    sections.push(Section { name, kind, body: start..text.len() });
    sections
}

fn headings(text: &str) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        line_headings(line, start, &mut found);
        start += line.len();
    }
    found
}

fn line_headings(line: &str, offset: usize, found: &mut Vec<Heading>) {
    let indent = line.len() - line.trim_start_matches(is_ornament).len();
    let bare = line.trim_matches(is_ornament);
    if bare.len() <= MAX_HEADING && !bare.contains(':') {
        let capitals = !bare.contains(char::is_lowercase) || line.trim_start().starts_with('#');
        if let Some((name, kind)) = lonely(bare, capitals) {
            found.push(Heading { span: offset..offset + line.len(), name, kind });
            return;
        }
    }
    let mut from = indent;
    for (colon, _) in line.match_indices(':') {
        let digit = |at: Option<usize>| {
            at.and_then(|at| line.as_bytes().get(at)).is_some_and(u8::is_ascii_digit)
        };
        // "10:30" is a time.
        if colon < from || (digit(colon.checked_sub(1)) && digit(Some(colon + 1))) {
            continue;
        }
        let before = line.get(from..colon).unwrap_or_default();
        let hit = if from == indent { leading(before) } else { None }
            .map(|(name, kind)| (0, name, kind))
            .or_else(|| inline(before).map(|(at, name, kind)| (from + at, Some(name), kind)));
        if let Some((at, name, kind)) = hit {
            found.push(Heading { span: offset + at..offset + colon + 1, name, kind });
            from = colon + 1;
        }
    }
}

/// White space, and what Markdown puts around headings.
fn is_ornament(c: char) -> bool {
    c.is_whitespace() || matches!(c, '*' | '#')
}

/// A heading that has its line to itself and no colon.
fn lonely(line: &str, capitals: bool) -> Option<(Option<String>, Kind)> {
    let key = normalise(line);
    if capitals && TITLES.contains(&key.as_str()) {
        return Some((None, Kind::Film));
    }
    // "Portable chest radiograph." with its stop is a sentence.
    let title = line.starts_with(char::is_uppercase) && (capitals || key.contains(' '));
    if title && !key.ends_with('.') && only_views(&key) {
        return Some((Some("FINDINGS".into()), Kind::Film));
    }
    let (name, kind) = known(&key)?;
    // In mixed case only the plain names, since "Report" or "Study" may be a line of text.
    (capitals || key == name.to_lowercase()).then(|| (Some(name.to_owned()), kind))
}

/// A heading at the start of a line, from its text before the colon.
fn leading(before: &str) -> Option<(Option<String>, Kind)> {
    if before.len() > MAX_HEADING {
        return None;
    }
    let key = normalise(strip_number(before));
    if let Some((name, kind)) = known(&key) {
        return Some((Some(name.to_owned()), kind));
    }
    if TITLES.contains(&key.as_str()) {
        return Some((None, Kind::Film));
    }
    let words = || heading_words(&key);
    if only_views(&key) {
        return Some((Some("FINDINGS".into()), Kind::Film));
    }
    let letters = before.chars().filter(|c| c.is_alphabetic()).count();
    let shouted = letters >= 3 && !before.contains(char::is_lowercase);
    let starts = before.starts_with(char::is_alphabetic);
    let time = before.ends_with(|c: char| c.is_ascii_digit());
    if shouted && starts && !time && !words().all(|w| listed(w, BODY_PARTS)) {
        let meant = misspelt(&key, SECTIONS.iter().map(|(name, ..)| *name));
        if let Some((name, kind)) = meant.and_then(|name| known(&name.to_lowercase())) {
            return Some((Some(name.to_owned()), kind));
        }
        return Some((Some(key.to_uppercase()), Kind::Unknown));
    }
    None
}

fn heading_words(key: &str) -> impl Iterator<Item = &str> {
    key.split([' ', ',', '/', '&', '(', ')']).filter(|w| !w.is_empty())
}

/// Only which views were taken, such as "chest pa".
fn only_views(key: &str) -> bool {
    let plain = |w: &str| w.trim_matches(['.', ',', '_']).to_owned();
    let is_view = |w: &str| {
        let w = plain(w);
        listed(&w, VIEW_WORDS)
            || listed(&w, FILM_WORDS)
            || w.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '-'))
    };
    heading_words(key).all(is_view) && heading_words(key).any(|w| listed(&plain(w), FILM_WORDS))
}

/// A known heading at the end of running text: in capitals, or capitalised after a full stop.
fn inline(before: &str) -> Option<(usize, String, Kind)> {
    let trimmed = before.trim_end();
    // The longest name has four words; the search starts with the longest.
    let starts: Vec<usize> = trimmed
        .char_indices()
        .rev()
        .take(MAX_HEADING)
        .filter(|(i, c)| !c.is_whitespace() && trimmed[..*i].ends_with(char::is_whitespace))
        .map(|(i, _)| i)
        .take(4)
        .collect();
    let whole = (trimmed.len() <= MAX_HEADING).then(|| trimmed.len() - trimmed.trim_start().len());
    for at in whole.into_iter().chain(starts.into_iter().rev()) {
        let words = &trimmed[at..];
        let Some((name, kind)) = known(&normalise(words)) else {
            continue;
        };
        let capitals = !words.contains(char::is_lowercase);
        let after_stop = trimmed[..at].trim_end().ends_with(['.', ';', '!', '?', ']', '_']);
        if capitals || (after_stop && words.starts_with(char::is_uppercase)) {
            return Some((at, name.to_owned(), kind));
        }
    }
    None
}

fn listed(word: &str, words: &str) -> bool {
    words.split_ascii_whitespace().any(|w| w == word)
}

fn known(key: &str) -> Option<(&'static str, Kind)> {
    let entry = SECTIONS.iter().find(|(_, _, names)| names.split('|').any(|n| n == key))?;
    Some((entry.0, entry.1))
}

/// Lower case, single spaces, nothing of Markdown at the ends.
fn normalise(text: &str) -> String {
    let words: Vec<_> = text.trim_matches(is_ornament).split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// "1. FINDINGS" without its number.
fn strip_number(text: &str) -> &str {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    match rest.strip_prefix(['.', ')']) {
        Some(rest) if rest.len() + 1 < text.len() => rest.trim_start(),
        _ => text,
    }
}

#[cfg(test)]
#[path = "headings_tests.rs"]
mod tests;
