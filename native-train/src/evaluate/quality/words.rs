//! Words in and out of sentences: sides swapped, prompts, paraphrases.

use g2d_core::phantom::{self, FindingKind, Side, Zone};

use super::cases::Told;

/// The sentence with "right" and "left" exchanged; none when it has neither, or both.
pub fn swapped(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphabetic());
    let (right, left) = (words().any(|w| w == "right"), words().any(|w| w == "left"));
    let (from, to) = match (right, left) {
        (true, false) => ("right", "left"),
        (false, true) => ("left", "right"),
        _ => return None,
    };
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|c| c.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    };
    let (big_from, big_to) = (capital(from), capital(to));
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        match word.as_str() {
            w if w == from => out.push_str(to),
            w if w == big_from => out.push_str(&big_to),
            w => out.push_str(w),
        }
        word.clear();
    };
    for c in text.chars() {
        if c.is_alphabetic() {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    // Written in capitals, say: nothing was exchanged.
    (out != text).then_some(out)
}

/// A finding's name in a sentence.
fn noun(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Effusion => "pleural effusion",
        FindingKind::Edema => "pulmonary edema",
        FindingKind::Consolidation => "airspace consolidation",
        FindingKind::PleuralThickening => "pleural thickening",
        FindingKind::Hernia => "hiatal hernia",
        FindingKind::EndotrachealTube => "endotracheal tube",
        FindingKind::GastricTube => "gastric tube",
        FindingKind::CentralLine => "central venous catheter",
        FindingKind::Fracture => "rib fracture",
        FindingKind::ForeignObject => "foreign object",
        kind => kind.name(),
    }
}

/// A prompt for a finding on a side.
pub fn sided(kind: FindingKind, side: Option<Side>) -> String {
    match side {
        Some(Side::Right) => format!("Right {}.", noun(kind)),
        Some(Side::Left) => format!("Left {}.", noun(kind)),
        _ => capitalised(&format!("{}.", noun(kind))),
    }
}

/// A sentence that no template makes, with what it says.
#[derive(Debug, Clone, Copy)]
pub struct Paraphrase {
    /// The finding.
    pub kind: FindingKind,
    /// Its side, where the sentence says it.
    pub side: Option<Side>,
    /// Its zone, where the sentence says it.
    pub zone: Option<Zone>,
    /// The sentence.
    pub text: &'static str,
}

impl Paraphrase {
    /// Whether it says what the other sentence says: the same finding and side, no other zone.
    pub fn fits(&self, told: &Told) -> bool {
        told.kind.as_deref() == Some(self.kind.name())
            && self.side.filter(|s| *s != Side::Midline) == told.side
            && (self.zone.is_none() || self.zone == told.zone)
    }
}

/// Hand-written sentences that the report grammar does not make.
pub fn paraphrases() -> Vec<Paraphrase> {
    let make =
        |&(kind, side, zone, text): &phantom::Paraphrase| Paraphrase { kind, side, zone, text };
    phantom::paraphrases().iter().map(make).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_swapped_as_words() {
        let swap = |text| swapped(text);
        assert_eq!(swap("Right upper nodule.").unwrap(), "Left upper nodule.");
        assert_eq!(swap("A small left-sided effusion").unwrap(), "A small right-sided effusion");
        assert_eq!(swap("An upright film."), None);
        assert_eq!(swap("Left and right effusion."), None);
        assert_eq!(swap("The heart is large."), None);
    }

    #[test]
    fn paraphrases_fit_sentences_that_say_the_same() {
        let told = |side| Told {
            range: 0..1,
            assertion: g2d_core::outcome::Assertion::Present,
            kind: Some("effusion".into()),
            side,
            zone: Some(Zone::Base),
            truth: None,
        };
        let left = told(Some(Side::Left));
        let all = paraphrases();
        let fits: Vec<_> = all.iter().filter(|p| p.fits(&left)).collect();
        assert!(!fits.is_empty());
        assert!(fits.iter().all(|p| p.side == Some(Side::Left) && p.kind == FindingKind::Effusion));
        assert_eq!(sided(FindingKind::Effusion, Some(Side::Left)), "Left pleural effusion.");
        assert_eq!(sided(FindingKind::Cardiomegaly, None), "Cardiomegaly.");
    }
}
