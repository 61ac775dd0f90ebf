//! From the grammar's notation to a sentence.

use super::words::{Table, ZoneWords};
use crate::phantom::rng::Rng;
use crate::phantom::study::Side;

/// How a noun is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    /// Takes "a" or "an".
    One,
    /// Takes no article: "consolidation".
    Mass,
    /// Takes none, and "are".
    Many,
}

/// A noun with its words filled in, without its article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noun {
    text: String,
    count: Count,
}

impl Noun {
    /// Reads the notation: `a x`, `~x` or `+x`.
    pub(super) fn new(notation: &str) -> Self {
        let (text, count) = bare(notation);
        Self { text: text.to_owned(), count }
    }

    /// The noun without its article.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// The noun without what says how it is counted.
fn bare(notation: &str) -> (&str, Count) {
    if let Some(text) = notation.strip_prefix('~') {
        return (text, Count::Mass);
    }
    if let Some(text) = notation.strip_prefix('+') {
        return (text, Count::Many);
    }
    let text = notation.strip_prefix("an ").or_else(|| notation.strip_prefix("a "));
    (text.unwrap_or(notation), Count::One)
}

/// Whether an entry is a sentence rather than a noun.
pub(super) fn is_sentence(entry: &str) -> bool {
    entry.ends_with(['.', '?'])
}

/// The values of a finding's slots.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    /// Right, left, or neither.
    pub(super) side: Option<Side>,
    /// The words for its place.
    pub(super) zone: Option<&'static ZoneWords>,
    /// `{sev}`: may be empty.
    pub(super) severity: &'static str,
    /// `{size}` and `{cm}`: a diameter.
    pub(super) size_mm: u32,
}

impl Slots {
    /// Chooses the words of `template` and fills its slots. `{np}` and its kin are left for
    /// [`frame`].
    pub(super) fn fill(&self, rng: &mut Rng, template: &str) -> String {
        let mut text = choose(rng, template);
        if let Some(z) = self.zone {
            for (slot, table) in [
                ("{place}", z.place),
                ("{adj}", z.adj),
                ("{zone}", z.zone),
                ("{ribzone}", z.ribs),
                ("{bizones}", z.plural),
                ("{bizone}", z.both),
            ] {
                if text.contains(slot) {
                    text = text.replace(slot, rng.pick(table));
                }
            }
        }
        let (side, letter) = match self.side {
            Some(Side::Right) => ("right", "R"),
            Some(Side::Left) => ("left", "L"),
            _ => ("bilateral", "bilateral "),
        };
        if text.contains("{tip}") {
            // Three to seven centimetres is where the tip belongs (Goodman et al., 1976).
            let tip = ["3", "3.5", "4", "4.2", "4.5", "5", "5.5", "6"];
            text = text.replace("{tip}", rng.pick(&tip));
        }
        text.replace("{side}", side)
            .replace("{S}", letter)
            .replace("{sev}", self.severity)
            .replace("{size}", &self.size_mm.to_string())
            .replace("{cm}", &centimetres(self.size_mm))
    }
}

fn centimetres(mm: u32) -> String {
    let (whole, tenth) = (mm / 10, mm % 10);
    if tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") }
}

/// Puts nouns into a frame; a frame uses `{np}`, `{np2}` and `{np3}` in this order.
pub(super) fn frame(frame: &str, nouns: &[Noun]) -> String {
    let one = Noun { text: String::new(), count: Count::Mass };
    let first = nouns.first().unwrap_or(&one);
    let article = |n: &Noun| if n.count == Count::One { "a" } else { "" };
    let mut text = frame.to_owned();
    let many = first.count == Count::Many;
    // "A and B are seen" has its own verb; `{be}` follows the first noun.
    text = text.replace("{be}", if many { "are" } else { "is" });
    text = text.replace("{has}", if many { "have" } else { "has" });
    for (noun, slot, an) in nouns
        .iter()
        .zip([("{np}", "{an}"), ("{np2}", "{an2}"), ("{np3}", "{an3}")])
        .map(|(n, (slot, an))| (n, slot, an))
    {
        text = text.replace(an, article(noun)).replace(slot, &noun.text);
    }
    text
}

/// Takes one of each `[x|y]`, the inner ones too.
pub(super) fn choose(rng: &mut Rng, template: &str) -> String {
    let mut text = template.to_owned();
    while let Some(open) = text.rfind('[') {
        let Some(length) = text[open..].find(']') else { break };
        let options: Vec<&str> = text[open + 1..open + length].split('|').collect();
        let chosen = rng.pick(&options).to_owned();
        text.replace_range(open..=open + length, &chosen);
    }
    text
}

/// One entry of a table with its choices made.
pub(super) fn draw(rng: &mut Rng, table: Table) -> String {
    let entry = rng.pick(table);
    choose(rng, entry)
}

/// Single spaces, marks next to their words, "an" before vowels, a capital at the start.
pub(super) fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out = String::with_capacity(text.len());
    for (i, word) in words.iter().enumerate() {
        let mark = word.starts_with([',', '.', ';']);
        if !out.is_empty() && !mark {
            out.push(' ');
        }
        // A slot without a word leaves ",." or ", ,".
        if mark && out.ends_with(',') {
            out.pop();
        }
        let article = matches!(*word, "a" | "an" | "A" | "An");
        if let (true, Some(next)) = (article, words.get(i + 1)) {
            let n = if sounds_like_vowel(next) { "n" } else { "" };
            out.push_str(&word[..1]);
            out.push_str(n);
        } else {
            out.push_str(word);
        }
    }
    let out = out.replace(",.", ".");
    let mut chars = out.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// Whether "an" stands before this word.
fn sounds_like_vowel(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    if !digits.is_empty() {
        let whole = digits.split('.').next().unwrap_or_default();
        return whole.starts_with('8') || whole == "11" || whole == "18";
    }
    let lettered = ["NG", "RUL", "RML", "RLL", "LUL", "LLL"];
    // Of the letters that name themselves, R, L, N and M begin with a vowel.
    word.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) || lettered.contains(&word)
}

/// The sentence of an entry: its own, or a frame around its noun.
pub(super) fn sentence(rng: &mut Rng, entry: &str, slots: &Slots, frames: Table) -> String {
    let filled = slots.fill(rng, entry);
    if is_sentence(&filled) {
        return tidy(&filled);
    }
    let template = rng.pick(frames);
    tidy(&frame(&slots.fill(rng, template), &[Noun::new(&filled)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::rng::Purpose;

    #[test]
    fn articles_and_marks() {
        for (rough, fine) in [
            ("a  small effusion .", "A small effusion."),
            ("there is a  extensive mass , .", "There is an extensive mass."),
            ("a 8 mm nodule", "An 8 mm nodule"),
            ("a 4.8 cm mass", "A 4.8 cm mass"),
            ("A NG tube", "An NG tube"),
            ("an  right effusion,  ; none", "A right effusion; none"),
        ] {
            assert_eq!(tidy(rough), fine);
        }
    }

    #[test]
    fn one_of_several_even_within() {
        let mut rng = Rng::new(1, 1, Purpose::Report);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.insert(choose(&mut rng, "[a|b [c|d]|] x"));
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [" x", "a x", "b c x", "b d x"]);
    }

    #[test]
    fn nouns_agree_with_their_frames() {
        let say = |noun: &str| tidy(&frame("there {be} {an} {np}.", &[Noun::new(noun)]));
        assert_eq!(say("an effusion"), "There is an effusion.");
        assert_eq!(say("~edema"), "There is edema.");
        assert_eq!(say("+nodules"), "There are nodules.");
        assert_eq!(centimetres(40), "4");
        assert_eq!(centimetres(45), "4.5");
    }
}
