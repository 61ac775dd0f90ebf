//! Sentences that a report contradicts: its own with a side or a zone exchanged.

/// Words that exclude each other, each with its opposite; the first that a sentence holds is
/// exchanged. Sides first: they are stated more reliably than heights.
const OPPOSITES: [(&str, &str); 13] = [
    ("right", "left"),
    ("left", "right"),
    ("rul", "lul"),
    ("lul", "rul"),
    ("rll", "lll"),
    ("lll", "rll"),
    ("upper", "lower"),
    ("lower", "upper"),
    ("apical", "basal"),
    ("apex", "base"),
    ("basal", "apical"),
    ("basilar", "apical"),
    ("base", "apex"),
];

/// Words with which a sentence speaks of both sides.
const BOTH: [&str; 5] = ["bilateral", "bilaterally", "both", "biapical", "bibasilar"];

/// The sentence with its side exchanged, or else its zone: what the film does not show as long as
/// the report is right and whole. None where it names no side and no zone, where it speaks of both
/// sides, or where another sentence of the report holds the opposite word and so may say just that.
pub fn contradicted(sentence: &str, others: &[String]) -> Option<String> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let own = words(sentence);
    let rest: Vec<String> = others.iter().flat_map(|other| words(other)).collect();
    let says = |word: &str| own.iter().chain(&rest).any(|w| w == word);
    if BOTH.iter().any(|word| says(word)) {
        return None;
    }
    let (word, opposite) = OPPOSITES
        .into_iter()
        .find(|(word, opposite)| own.iter().any(|w| w == word) && !says(opposite))?;
    Some(exchange(sentence, word, opposite))
}

/// Every whole word `word`, whatever its capitals, becomes `with`, with a capital where it had one.
fn exchange(sentence: &str, word: &str, with: &str) -> String {
    let mut out = String::with_capacity(sentence.len() + 8);
    let mut rest = sentence;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        if piece.to_lowercase() == word {
            let upper = piece.chars().filter(|c| c.is_uppercase()).count();
            match upper {
                0 => out.push_str(with),
                1 => {
                    let mut letters = with.chars();
                    out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
                    out.push_str(letters.as_str());
                }
                _ => out.push_str(&with.to_uppercase()),
            }
        } else {
            out.push_str(piece);
        }
        let mark = after.chars().next();
        out.extend(mark);
        rest = &after[mark.map_or(0, char::len_utf8)..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(sentence: &str) -> Option<String> {
        contradicted(sentence, &[])
    }

    #[test]
    fn sides_go_first_then_zones() {
        let other = alone("Right upper lobe opacity, right-sided.");
        assert_eq!(other.unwrap(), "Left upper lobe opacity, left-sided.");
        assert_eq!(alone("Upper zone fibrosis.").unwrap(), "Lower zone fibrosis.");
        assert_eq!(alone("RLL pneumonia – dense.").unwrap(), "LLL pneumonia – dense.");
        assert_eq!(alone("The heart is enlarged."), None);
        assert_eq!(alone("Bright, leftover words."), None, "whole words only");
    }

    #[test]
    fn what_may_be_true_is_not_made() {
        assert_eq!(alone("Bilateral lower zone opacities."), None);
        assert_eq!(alone("Right and left effusions."), None);
        let report = ["Small left effusion.".to_owned()];
        assert_eq!(contradicted("Right effusion.", &report), None);
        let zoned = contradicted("Right upper zone nodule.", &report).unwrap();
        assert_eq!(zoned, "Right lower zone nodule.", "the side may be true, the zone is not");
    }
}
