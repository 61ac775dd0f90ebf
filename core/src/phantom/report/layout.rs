//! Puts sentences under headings and into lines, as they are dictated and typed.

use super::Line;
use super::expand::{choose, tidy};
use super::words::Style;
use crate::outcome::Assertion;
use crate::phantom::rng::Rng;
use crate::phantom::study::ReportSentence;

/// Errors of hurried typing, whole lower-case words.
pub(super) const SLIPS: &[(&str, &str)] = &[
    ("effusion", "effussion"),
    ("pneumothorax", "pnuemothorax"),
    ("consolidation", "consolidaton"),
    ("atelectasis", "atelectesis"),
    ("cardiomegaly", "cardiomegally"),
    ("opacity", "opacitiy"),
    ("pneumonia", "pnemonia"),
    ("nodule", "nodulle"),
    ("pleural", "plueral"),
    ("the", "teh"),
    ("left", "elft"),
    ("right", "rigth"),
    ("fracture", "fractrue"),
    ("emphysema", "emphysemia"),
    ("thickening", "thickenning"),
    ("evidence", "evidnece"),
];

/// How one report is typed.
#[derive(Debug, Clone, Copy)]
struct Quirks {
    lower_case: bool,
    capitals: bool,
    double_space: bool,
    wrap: bool,
    slips: f64,
}

/// How the sentences of a section are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// One after the other.
    Running,
    /// One a line.
    Lines,
    /// "1. ...", one a line.
    Numbered,
    /// "- ...", one a line.
    Bullets,
}

/// Longest line that may end without its stop: a reader takes a longer one for a wrapped line.
const SHORT: usize = 44;

/// Width at which lines are wrapped.
const WIDTH: usize = 78;

/// The report as it grows.
#[derive(Debug)]
pub(super) struct Builder {
    text: String,
    sentences: Vec<ReportSentence>,
    quirks: Quirks,
}

impl Builder {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let quirks = Quirks {
            lower_case: rng.chance(0.05),
            capitals: rng.chance(0.03),
            double_space: rng.chance(0.15),
            wrap: rng.chance(0.12),
            slips: if rng.chance(0.2) { 0.12 } else { 0.005 },
        };
        Self { text: String::new(), sentences: Vec::new(), quirks }
    }

    /// A first line and the sections that do not describe the film; they have no sentences.
    pub(super) fn before(&mut self, rng: &mut Rng, style: &Style) {
        if rng.chance(0.25) {
            self.text.push_str(rng.pick(style.titles));
        }
        for (headings, bodies) in style.before {
            if rng.chance(0.3) {
                self.aside(rng, headings, bodies);
            }
        }
    }

    /// Sections that say what to do.
    pub(super) fn after(&mut self, rng: &mut Rng, style: &Style) {
        for (headings, bodies) in style.after {
            if rng.chance(0.06) {
                self.aside(rng, headings, bodies);
            }
        }
    }

    fn aside(&mut self, rng: &mut Rng, headings: &[&str], bodies: &[&str]) {
        self.gap(rng);
        self.text.push_str(rng.pick(headings));
        self.text.push(' ');
        let body = rng.pick(bodies).to_owned();
        self.text.push_str(&tidy(&choose(rng, &body)));
    }

    fn gap(&mut self, rng: &mut Rng) {
        if !self.text.is_empty() {
            self.text.push_str(if rng.chance(0.5) { "\n" } else { "\n\n" });
        }
    }

    /// Sentences under a heading, or under none. `list` says that they may be numbered.
    pub(super) fn section(
        &mut self,
        rng: &mut Rng,
        heading: Option<&str>,
        lines: &[Line],
        list: bool,
    ) {
        if lines.is_empty() {
            return;
        }
        match heading {
            Some(heading) => {
                self.gap(rng);
                self.text.push_str(heading);
                let alone = !heading.ends_with(':') || rng.chance(0.3);
                self.text.push_str(if alone { "\n" } else { " " });
            }
            // A blank line, so that the text does not belong to what stands above.
            None if !self.text.is_empty() => self.text.push_str("\n\n"),
            None => {}
        }
        let setting = match rng.unit() {
            u if list && u < 0.35 && lines.len() > 1 => Setting::Numbered,
            u if u > 0.96 => Setting::Bullets,
            u if u > 0.88 => Setting::Lines,
            _ => Setting::Running,
        };
        let marked = matches!(setting, Setting::Numbered | Setting::Bullets);
        if marked && !self.text.is_empty() && !self.text.ends_with('\n') {
            if self.text.ends_with(' ') {
                self.text.pop();
            }
            self.text.push('\n');
        }
        let stops = rng.chance(if setting == Setting::Running { 1.0 } else { 0.7 });
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                let running = if self.quirks.double_space { "  " } else { " " };
                self.text.push_str(if setting == Setting::Running { running } else { "\n" });
            }
            match setting {
                Setting::Numbered => self.text.push_str(&format!("{}. ", i + 1)),
                Setting::Bullets => self.text.push_str("- "),
                _ => {}
            }
            let last = i + 1 == lines.len();
            let short = marked || line.text.len() < SHORT;
            self.sentence(rng, line, stops || !short, setting != Setting::Running || last);
        }
    }

    /// `apart` says that a line or the section ends behind it.
    fn sentence(&mut self, rng: &mut Rng, line: &Line, stop: bool, apart: bool) {
        let mut text = line.text.clone();
        for (right, wrong) in SLIPS {
            if rng.chance(self.quirks.slips) {
                text = replace_word(&text, right, wrong);
            }
        }
        // A shouted word before a colon reads as a heading.
        if self.quirks.capitals && !text.contains(':') {
            text = text.to_ascii_uppercase();
        } else if self.quirks.lower_case && self.may_be_lower(&text) {
            let mut chars = text.chars();
            let first = chars.next().map(|c| c.to_ascii_lowercase());
            text = first.into_iter().chain(chars).collect();
        }
        if !stop && apart && text.ends_with('.') {
            text.pop();
        }
        let start = self.text.len();
        if self.quirks.wrap && !self.quirks.capitals {
            self.wrapped(&text);
        } else {
            self.text.push_str(&text);
        }
        self.sentences.push(ReportSentence {
            start,
            end: self.text.len(),
            assertion: line.assertion,
            findings: line.findings.clone(),
        });
    }

    /// Not a sentence that starts with an abbreviation, nor one after "5 mm.", whose stop would
    /// read as that of the unit, nor one in a line of its own, which would read as a wrapped one.
    fn may_be_lower(&self, text: &str) -> bool {
        let mut start = text.bytes();
        let word = start.next().is_some() && start.next().is_some_and(|b| !b.is_ascii_uppercase());
        let open = self.text.trim_end_matches(' ');
        word && !open.ends_with("m.") && !open.ends_with('\n') && open.ends_with(['.', '?', ':'])
    }

    fn wrapped(&mut self, text: &str) {
        for (i, word) in text.split(' ').enumerate() {
            let line = self.text.len() - self.text.rfind('\n').map_or(0, |at| at + 1);
            if i > 0 {
                self.text.push(if line + word.len() >= WIDTH { '\n' } else { ' ' });
            }
            self.text.push_str(word);
        }
    }

    pub(super) fn finish(self) -> (String, Vec<ReportSentence>) {
        (self.text, self.sentences)
    }
}

/// Replaces the first whole word, which is in lower case or has a capital.
fn replace_word(text: &str, right: &str, wrong: &str) -> String {
    let found = text.match_indices(right).find(|(at, _)| {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        edge(text[..*at].chars().next_back()) && edge(text[at + right.len()..].chars().next())
    });
    match found {
        Some((at, _)) => format!("{}{wrong}{}", &text[..at], &text[at + right.len()..]),
        None => text.to_owned(),
    }
}

/// A sentence that points at nothing.
pub(super) fn nothing(text: &str) -> Line {
    Line { text: tidy(text), assertion: Assertion::Absent, findings: Vec::new() }
}
