//! Words in and out of sentences: sides swapped, prompts, paraphrases.

use g2d_core::phantom::{FindingKind, Side, Zone};

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

/// The finding of that name.
pub fn kind(name: &str) -> Option<FindingKind> {
    FindingKind::ALL.into_iter().find(|k| k.name() == name)
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

/// Prompts that say the finding is there, and that it is not.
pub fn prompts(kind: FindingKind) -> (Vec<String>, Vec<String>) {
    let noun = noun(kind);
    let present = ["{}.", "There is {}.", "Findings of {}."];
    let absent = ["No {}.", "There is no {}.", "No evidence of {}."];
    let fill = |templates: [&str; 3]| {
        templates.into_iter().map(|t| capitalised(&t.replace("{}", noun))).collect()
    };
    (fill(present), fill(absent))
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

/// Hand-written sentences for findings and sides.
pub fn paraphrases() -> Vec<Paraphrase> {
    use FindingKind::{Cardiomegaly, Consolidation, Effusion, Nodule, Pneumothorax};
    let (right, left) = (Some(Side::Right), Some(Side::Left));
    let table = [
        (Effusion, right, "Fluid has collected at the bottom of the right chest."),
        (Effusion, left, "Fluid has collected at the bottom of the left chest."),
        (Effusion, right, "Right costophrenic recess filled with liquid."),
        (Effusion, left, "Left costophrenic recess filled with liquid."),
        (Pneumothorax, right, "Free air surrounds the right lung."),
        (Pneumothorax, left, "Free air surrounds the left lung."),
        (Pneumothorax, right, "The right lung has partly collapsed away from the ribs."),
        (Pneumothorax, left, "The left lung has partly collapsed away from the ribs."),
        (Nodule, right, "Round spot in the right lung."),
        (Nodule, left, "Round spot in the left lung."),
        (Consolidation, right, "The right lung looks whitened as if filled in."),
        (Consolidation, left, "The left lung looks whitened as if filled in."),
        (Cardiomegaly, None, "The heart shadow is wider than it should be."),
        (Cardiomegaly, None, "Big heart."),
    ];
    let make = |(kind, side, text)| Paraphrase { kind, side, zone: None, text };
    table.into_iter().map(make).collect()
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
    fn every_finding_has_prompts() {
        for k in FindingKind::ALL {
            let (present, absent) = prompts(k);
            assert!(present.len() == absent.len() && present[0] != absent[0]);
            assert_eq!(kind(k.name()), Some(k));
        }
        assert_eq!(sided(FindingKind::Effusion, Some(Side::Left)), "Left pleural effusion.");
    }
}
