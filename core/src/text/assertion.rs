//! Does a sentence say that something is there, that it is not, or that it may be?
//!
//! Rules in the manner of NegEx and ConText (see [`super::cues`]): cue phrases mark the findings
//! that they reach as negated, doubtful or merely asked for. One finding that no cue reaches makes
//! the sentence present: "No effusion, but a right apical pneumothorax". Sentences without any
//! finding assert nothing: "Heart size is normal", "The lungs are clear". The rules know English
//! only and will misread some sentences: each is read alone, so "a small one may be present" is
//! not traced back to what "one" is.

use super::cues::{Cue, longest};
use super::lexicon::{
    is_anatomy, is_clinical, is_finding, is_normal, is_place, is_restart, is_shared, is_technical,
    is_verb,
};
use crate::outcome::Assertion;

/// How many words a cue reaches at most; the longest lists of findings are shorter.
const REACH: usize = 40;

/// What one sentence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Whether it says that something is there.
    pub assertion: Assertion,
    /// Whether it speaks of something that can be seen on a film; if not, it is
    /// [`Assertion::Absent`], since it says of nothing that it is there.
    pub visual: bool,
}

/// Reads one sentence.
///
/// - [`Assertion::Present`]: at least one finding or device is stated without negation or doubt,
///   or a part of the body is said not to be normal.
/// - [`Assertion::Uncertain`]: findings are stated, all of them in doubt ("possible", "cannot be
///   excluded", a question). "Unlikely" is read as absent.
/// - [`Assertion::Absent`]: every finding is negated, or the sentence names none.
pub fn read_sentence(sentence: &str) -> Reading {
    let mut items = items(&tokens(sentence));
    let question = sentence.trim_end().ends_with('?');
    leave_clinic(&mut items);
    spread(&mut items);
    let findings = || items.iter().filter(|i| i.finding);
    let reading = |assertion, visual| Reading { assertion, visual };
    if findings().any(|i| !i.negated && !i.doubtful && !i.unsaid && !question) {
        return reading(Assertion::Present, true);
    }
    if findings().any(|i| !i.negated && !i.unsaid) {
        return reading(Assertion::Uncertain, true);
    }
    if findings().any(|i| i.negated) {
        return reading(Assertion::Absent, true);
    }
    without_findings(&items, question)
}

/// Nothing abnormal is named: healthy parts, technique, the clinic, or words that are not known.
fn without_findings(items: &[Item], question: bool) -> Reading {
    let any = |test: fn(&str) -> bool| items.iter().any(|i| test(&i.word));
    let cue = |cues: &[Cue]| items.iter().any(|i| i.cue.is_some_and(|c| cues.contains(&c)));
    let reading = |assertion, visual| Reading { assertion, visual };
    let body = any(is_anatomy);
    let normal = || items.iter().filter(|i| i.normal);
    if any(is_clinical) {
        return reading(Assertion::Absent, false);
    }
    if normal().next().is_some() {
        // "The heart is not normal": what is wrong is not said, but something is.
        let denied = normal().all(|i| i.negated) && !question;
        return reading(if denied { Assertion::Present } else { Assertion::Absent }, true);
    }
    if cue(&[Cue::NotNext, Cue::NotBefore, Cue::NotAround, Cue::NotEither]) {
        return reading(Assertion::Absent, body);
    }
    if any(is_technical) || !body || cue(&[Cue::Nothing]) {
        return reading(Assertion::Absent, body && cue(&[Cue::Nothing]));
    }
    if question || cue(&[Cue::MaybeNext, Cue::MaybeBefore, Cue::MaybeEither, Cue::MaybeAround]) {
        return reading(Assertion::Uncertain, true);
    }
    // "The trachea is kinked": a word that is not known says something of a part of the body.
    let says =
        |i: &Item| i.cue.is_none() && i.is_word() && !is_place(&i.word) && !is_anatomy(&i.word);
    if items.iter().any(says) {
        return reading(Assertion::Present, true);
    }
    reading(Assertion::Absent, false)
}

/// A word, a mark or a cue phrase, and what reaches it.
#[derive(Debug, Default)]
struct Item {
    word: String,
    cue: Option<Cue>,
    finding: bool,
    normal: bool,
    negated: bool,
    doubtful: bool,
    unsaid: bool,
}

impl Item {
    fn is(&self, word: &str) -> bool {
        self.cue.is_none() && self.word == word
    }

    fn is_word(&self) -> bool {
        self.word.starts_with(char::is_alphabetic)
    }

    fn negate(&mut self) {
        self.negated = true;
    }

    fn doubt(&mut self) {
        self.doubtful = true;
    }

    fn leave(&mut self) {
        self.unsaid = true;
    }

    /// Ends the reach of every cue, in both directions.
    fn stops(&self) -> bool {
        self.cue == Some(Cue::Stop) || self.is(";") || self.is(":")
    }
}

/// Lower-case words and the marks that matter; "isn't" becomes "is not", hyphens separate.
fn tokens(sentence: &str) -> Vec<String> {
    let lower = sentence.to_lowercase().replace('’', "'");
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in lower.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '\'' {
            word.push(c);
            continue;
        }
        match word.strip_suffix("n't") {
            Some("ca") => out.push("cannot".into()),
            Some(verb) => out.extend([verb.to_owned(), "not".to_owned()]),
            None if word.is_empty() => {}
            None => out.push(word.trim_matches('\'').to_owned()),
        }
        word.clear();
        if matches!(c, ',' | ';' | ':' | '?' | '(' | ')' | '/') {
            out.push(c.to_string());
        }
    }
    out.retain(|t| !t.is_empty());
    out
}

fn items(tokens: &[String]) -> Vec<Item> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(word) = tokens.get(at) {
        let hit = longest(tokens.get(at..).unwrap_or_default());
        let (cue, length) = hit.map_or((None, 1), |(cue, length)| (Some(cue), length));
        let free = cue.is_none();
        out.push(Item {
            finding: cue == Some(Cue::Finding) || (free && is_finding(word)),
            normal: cue == Some(Cue::Normal) || (free && is_normal(word)),
            word: word.clone(),
            cue,
            ..Item::default()
        });
        at += length;
    }
    out
}

/// Drops findings that are none in a sentence about the patient rather than the film.
fn leave_clinic(items: &mut [Item]) {
    let any = |test: fn(&str) -> bool| items.iter().any(|i| test(&i.word));
    let own = items.iter().any(|i| i.finding && !is_shared(&i.word));
    if any(is_clinical) && !any(is_anatomy) && !own {
        items.iter_mut().for_each(|i| i.finding = false);
    }
}

/// Lets every cue mark what it reaches.
fn spread(items: &mut [Item]) {
    let verbs = verbs_before(items);
    for at in 0..items.len() {
        let Some(cue) = items[at].cue else {
            // A question mark within the sentence doubts what follows it.
            if items[at].is("?") && at + 1 < items.len() {
                mark(items, at + 1..forward(items, at, true), Item::doubt);
            }
            continue;
        };
        let goes_on = |i: &Item| i.word.starts_with(char::is_alphanumeric) && !i.stops();
        let last = !items.get(at + 1).is_some_and(goes_on);
        match cue {
            Cue::NotNext => mark(items, at + 1..forward(items, at, false), Item::negate),
            Cue::NotBefore => mark(items, backward(items, &verbs, at)..at, Item::negate),
            Cue::NotAround => {
                mark(items, at + 1..forward(items, at, true), Item::negate);
                mark(items, backward(items, &verbs, at)..at, Item::negate);
            }
            Cue::NotEither if last => {
                // "Effusion: none."
                let colon = at > 0 && items[at - 1].is(":");
                let end = if colon { at - 1 } else { at };
                mark(items, backward(items, &verbs, end)..end, Item::negate);
            }
            Cue::NotEither => mark(items, at + 1..forward(items, at, true), Item::negate),
            Cue::MaybeBefore => mark(items, backward(items, &verbs, at)..at, Item::doubt),
            Cue::MaybeEither if last => {
                mark(items, backward(items, &verbs, at)..at, Item::doubt);
            }
            Cue::MaybeNext | Cue::MaybeEither => {
                mark(items, at + 1..forward(items, at, true), Item::doubt);
            }
            Cue::MaybeAround => {
                mark(items, at + 1..forward(items, at, true), Item::doubt);
                mark(items, nearest_finding(items, at)..at, Item::doubt);
            }
            Cue::Unsaid => mark(items, at + 1..forward(items, at, true), Item::leave),
            Cue::Nothing | Cue::Stop | Cue::Finding | Cue::Normal => {}
        }
    }
}

fn mark(items: &mut [Item], range: std::ops::Range<usize>, change: fn(&mut Item)) {
    items.get_mut(range).unwrap_or_default().iter_mut().for_each(change);
}

/// One past the last item that a cue at `at` reaches. Lists go on over commas: always for a
/// negation, unless a new statement begins; for a doubt only when an "or" follows.
fn forward(items: &[Item], at: usize, doubt: bool) -> usize {
    let end = (at + 1 + REACH).min(items.len());
    let or = |from: usize| {
        let rest = items[from..end].iter().take_while(|i| !i.stops());
        rest.into_iter().any(|i| i.is("or") || i.is("nor"))
    };
    for i in at + 1..end {
        let item = &items[i];
        if item.stops() {
            return i;
        }
        // A later negation reaches on from there by itself.
        let next = items.get(i + 1);
        if item.is("there") && next.is_some_and(|n| is_verb(&n.word)) && i > at + 1 {
            return i;
        }
        if !item.is(",") && !item.is("and") {
            continue;
        }
        let Some(next) = next else { continue };
        let listed = or(i + 1) && !matches!(next.word.as_str(), "there" | "the" | "it");
        let restarts = next.cue.is_none() && is_restart(&next.word);
        if !listed && (restarts || (doubt && item.is(","))) {
            return i;
        }
    }
    end
}

/// First item that a cue at `at` reaches backwards: to the start of its clause. A comma or "and"
/// with a verb before it begins a clause; without one it belongs to a list, "effusion and
/// pneumothorax are not seen", when an "and" or "or" says so.
fn backward(items: &[Item], verbs: &[usize], at: usize) -> usize {
    let start = at.saturating_sub(REACH);
    let mut list = false;
    for i in (start..at).rev() {
        let item = &items[i];
        if item.stops() || item.cue == Some(Cue::NotNext) {
            return i + 1;
        }
        let clause = verbs.get(i).is_some_and(|&n| n > 0);
        if item.is("and") || item.is("or") {
            if clause {
                return i + 1;
            }
            list = true;
        }
        if item.is(",") && i + 1 < at && (clause || !list) {
            return i + 1;
        }
    }
    start
}

/// Verbs between the last stop and each item.
fn verbs_before(items: &[Item]) -> Vec<usize> {
    let mut count = 0;
    let counted = items.iter().map(|item| {
        let before = count;
        count = if item.stops() { 0 } else { count + usize::from(is_verb(&item.word)) };
        before
    });
    counted.collect()
}

/// First item of the group of findings that stands just before `at`.
fn nearest_finding(items: &[Item], at: usize) -> usize {
    let mut first = at;
    for i in (at.saturating_sub(REACH)..at).rev() {
        if items[i].finding {
            first = i;
        } else if first < at || items[i].stops() || items[i].is(",") {
            break;
        }
    }
    first
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
