//! Cutting running text into sentences without losing where they stand.
//!
//! Reports are written in a hurry: stops are missing, list numbers look like stops, lines are
//! wrapped in the middle of a sentence, and names are blanked out. The rules look at a few
//! characters around each stop or line break, so the work grows linearly with the text.

use std::ops::Range;

/// Never the end of a sentence.
const ABBREVIATIONS: &[&str] = &[
    "dr", "drs", "mr", "mrs", "ms", "prof", "st", "vs", "e.g", "eg", "i.e", "ie", "approx", "cf",
    "fig", "figs", "resp", "incl", "viz", "al", "vol",
];

/// The end of a sentence only when a capital follows.
const BEFORE_LOWER_CASE: &[&str] = &[
    "a.m", "p.m", "am", "pm", "etc", "lat", "ant", "post", "sup", "inf", "bilat", "rt", "lt", "ca",
    "cm", "mm", "min", "max", "pt", "no", "nos",
];

/// A line shorter than this, followed by a capital, was ended on purpose; wrapped lines are longer
/// (reports are wrapped at 70 to 80 columns).
const SHORT_LINE: usize = 50;

/// A line at least this long may have been wrapped, however short the sentence that it ends with.
const FULL_LINE: usize = 64;

/// A blanked-out name, `[** ... **]`, is searched for at most this far.
const MAX_BLANK: usize = 120;

/// The sentences of `text[body]`, as byte ranges into `text`: without white space, bullets and
/// list numbers around them, each with at least one letter.
pub(super) fn split(text: &str, body: Range<usize>) -> Vec<Range<usize>> {
    let Some(slice) = text.get(body.clone()) else {
        return Vec::new();
    };
    let mut scanner = Scanner { text: slice, bytes: slice.as_bytes(), item: None };
    let (mut found, mut at) = (Vec::new(), 0);
    while at < slice.len() {
        let start = scanner.skip_marks(at);
        let (end, next) = scanner.end_of_sentence(start);
        let trimmed = slice[start..end].trim_end_matches(|c: char| c.is_whitespace() || c == '*');
        if trimmed.contains(char::is_alphabetic) {
            found.push(body.start + start..body.start + start + trimmed.len());
        }
        at = next;
    }
    found
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Number of the list item that is being read.
    item: Option<u32>,
}

impl Scanner<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b' ')
    }

    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    /// First byte after white space, bullets and list numbers.
    fn skip_marks(&mut self, mut at: usize) -> usize {
        loop {
            let rest = self.rest(at);
            let bare = rest.trim_start_matches(|c: char| {
                c.is_whitespace()
                    || matches!(c, '-' | '*' | '•' | '·' | '–' | '—' | '>' | '#' | '.')
            });
            at += rest.len() - bare.len();
            let Some((length, number)) = list_mark(bare) else {
                return at;
            };
            self.item = number.or(self.item);
            at += length;
        }
    }

    /// Where the sentence that starts at `start` ends, and where to go on.
    fn end_of_sentence(&self, start: usize) -> (usize, usize) {
        let (mut at, mut line, mut depth, mut said) = (start, start, 0_u32, false);
        while at < self.bytes.len() {
            let byte = self.byte(at);
            said |= byte.is_ascii_alphabetic() || byte >= 0x80;
            let end = match byte {
                b'\n' | b'\r' => {
                    let next = at + if self.rest(at).starts_with("\r\n") { 2 } else { 1 };
                    if self.break_ends(line, at, next) {
                        return (at, next);
                    }
                    (at, line) = (next, next);
                    continue;
                }
                b'[' if self.rest(at).starts_with("[**") => {
                    at += self.blank_length(at);
                    continue;
                }
                b'(' => {
                    depth += 1;
                    None
                }
                b')' => {
                    depth = depth.saturating_sub(1);
                    self.next_item(start, at)
                }
                b'.' => self.next_item(start, at).or_else(|| self.stop_ends(at)),
                b'!' => self.followed_by_space(at + 1),
                b'?' if said => self.question_ends(at),
                b';' if depth == 0 => self.followed_by_space(at + 1),
                _ => None,
            };
            if let Some(end) = end {
                return (end, end);
            }
            at += 1;
        }
        (self.bytes.len(), self.bytes.len())
    }

    /// Does the line break between `at` and `next` end the sentence?
    fn break_ends(&self, line: usize, at: usize, next: usize) -> bool {
        let rest = self.rest(next);
        let indented = rest.trim_start_matches([' ', '\t']);
        let bullet = ["- ", "* ", "• ", "· ", "– "].iter().any(|b| indented.starts_with(b));
        if indented.is_empty() || indented.starts_with(['\n', '\r']) || bullet {
            return true;
        }
        if list_mark(indented).is_some() {
            return true;
        }
        if !indented.starts_with(char::is_uppercase) {
            return false;
        }
        let done =
            self.text[line..at].trim_end().ends_with(|c: char| c.is_alphanumeric() || c == ')');
        let short = at - line < SHORT_LINE && self.column(at) < FULL_LINE;
        (done && short) || starts_with_label(indented)
    }

    /// Bytes of the line before `at`, or [`FULL_LINE`] when there are more.
    fn column(&self, at: usize) -> usize {
        let before = self.bytes[..at].iter().rev().take(FULL_LINE);
        before.take_while(|b| !matches!(b, b'\n' | b'\r')).count()
    }

    /// Length of `[** ... **]`, or of the bracket alone when it is never closed.
    fn blank_length(&self, at: usize) -> usize {
        let end = (at + MAX_BLANK).min(self.bytes.len());
        let window = self.bytes.get(at + 3..end).unwrap_or_default();
        window.windows(3).position(|w| w == b"**]").map_or(1, |found| found + 6)
    }

    /// "Foo 2. Bar" or "Foo 2) Bar" while item 1 is read: the sentence ends before the number.
    fn next_item(&self, start: usize, at: usize) -> Option<usize> {
        let digits = self.bytes[start..at].iter().rev().take(3);
        let length = digits.take_while(|b| b.is_ascii_digit()).count();
        let from = at - length;
        let number: u32 = self.text.get(from..at)?.parse().ok()?;
        let expected = self.item? + 1;
        let spaced = from > start && self.byte(from - 1).is_ascii_whitespace();
        let capital = self.rest(at + 1).trim_start().starts_with(char::is_uppercase);
        (length <= 2 && number == expected && spaced && capital).then_some(from)
    }

    /// A full stop: the end of the sentence with its brackets and quotes, or none.
    fn stop_ends(&self, at: usize) -> Option<usize> {
        let next = self.byte(at + 1);
        if next == b'.' {
            return None;
        }
        let word = self.word_before(at);
        let key = word.to_lowercase();
        if ABBREVIATIONS.contains(&key.as_str()) {
            return None;
        }
        if next.is_ascii_alphanumeric() {
            // "seen.No effusion": a missing space; "e.g", "2.5" and "U.S" are none.
            let glued = next.is_ascii_uppercase()
                && self.byte(at + 2).is_ascii_lowercase()
                && word.len() > 1
                && !word.contains('.');
            return glued.then_some(at + 1);
        }
        let end = self.followed_by_space(at + 1)?;
        let after = self.rest(end).trim_start();
        if word.len() == 1 && word.starts_with(char::is_uppercase) {
            // An initial, as in "J. Smith", unless the text ends here.
            return after.is_empty().then_some(end);
        }
        let number_follows = after.starts_with(|c: char| c.is_ascii_digit());
        if matches!(key.as_str(), "no" | "nos") && number_follows {
            return None;
        }
        if BEFORE_LOWER_CASE.contains(&key.as_str()) && after.starts_with(char::is_lowercase) {
            return None;
        }
        Some(end)
    }

    /// A question mark may stand for "possible", before or after the word it doubts.
    fn question_ends(&self, at: usize) -> Option<usize> {
        let before = self.byte(at.saturating_sub(1));
        if before == b'(' {
            return None;
        }
        let end = self.followed_by_space(at + 1)?;
        let doubts = before.is_ascii_whitespace()
            && self.rest(end).trim_start().starts_with(char::is_lowercase);
        (!doubts).then_some(end)
    }

    /// Skips a few further stops and closing marks; the end when white space or nothing follows.
    fn followed_by_space(&self, at: usize) -> Option<usize> {
        const CLOSING: [char; 10] = ['.', '!', '?', ')', ']', '"', '\'', '*', '”', '’'];
        let rest = self.rest(at);
        let closing = rest.chars().take(8).take_while(|c| CLOSING.contains(c));
        let end = at + closing.map(char::len_utf8).sum::<usize>();
        let next = self.rest(end).chars().next();
        next.is_none_or(char::is_whitespace).then_some(end)
    }

    /// Letters and inner stops before `at`, at most 12 bytes.
    fn word_before(&self, at: usize) -> &str {
        let from = self.bytes[..at].iter().rev().take(12);
        let length =
            from.take_while(|b| b.is_ascii_alphanumeric() || **b == b'.' || **b >= 0x80).count();
        self.text.get(at - length..at).unwrap_or_default().trim_start_matches('.')
    }
}

/// Length and number of a list mark such as `1.`, `2)`, `(3)` or `a)` at the start of `text`.
fn list_mark(text: &str) -> Option<(usize, Option<u32>)> {
    let inner = text.strip_prefix('(').unwrap_or(text);
    let bracket = text.len() - inner.len();
    let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = inner.get(digits..)?;
    let close = rest.chars().next()?;
    let after = rest.get(1..).and_then(|r| r.chars().next());
    // "2.5 cm" is no list, "1.Foo" is one, and so is a number alone on its line.
    let apart = after.is_none_or(|c| c.is_whitespace() || c.is_alphabetic());
    if (1..=2).contains(&digits) && apart && (close == ')' || (close == '.' && bracket == 0)) {
        return Some((bracket + digits + 1, inner[..digits].parse().ok()));
    }
    let mut chars = inner.chars();
    let letter = chars.next().is_some_and(|c| matches!(c, 'a'..='h' | 'A'..='H'));
    let closed = chars.next() == Some(')') && chars.next().is_none_or(char::is_whitespace);
    (letter && closed).then_some((bracket + 2, None))
}

/// "Heart: ..." at the start of a line.
fn starts_with_label(text: &str) -> bool {
    let label = text.bytes().take(30).take_while(|b| b.is_ascii_alphabetic() || *b == b' ').count();
    text.get(label..).is_some_and(|rest| rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        split(text, 0..text.len()).into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn plain_sentences() {
        assert_eq!(
            cut("The lungs are clear. No effusion!  Is it new? Yes; see above."),
            ["The lungs are clear.", "No effusion!", "Is it new?", "Yes;", "see above."]
        );
        assert_eq!(cut("no effusion. heart normal."), ["no effusion.", "heart normal."]);
        assert_eq!(cut("No stop at the end"), ["No stop at the end"]);
    }

    #[test]
    fn stops_that_end_nothing() {
        for text in [
            "A 2.5 cm nodule is seen.",
            "Discussed with Dr. Smith by phone.",
            "Lines, e.g. a PICC, are absent.",
            "Atelectasis vs. pneumonia.",
            "About approx. 3 cm above the carina.",
            "Seen at 5 a.m. on the ward.",
            "Compared with film No. 5 of the series.",
            "Read by J. R. Smith in the morning.",
            "An opacity of 1.5 x 2.0 cm. in the left base.",
            "As in Fig. 2 of the paper.",
            "[**Dr. Foo 3. Bar**] was told.",
            "Opacity (?) in the base.",
            "Opacity ? pneumonia in the base.",
            "?pneumonia",
        ] {
            assert_eq!(cut(text), [text]);
        }
    }

    #[test]
    fn stops_that_do() {
        assert_eq!(
            cut("Seen at 5 a.m. The rest is clear."),
            ["Seen at 5 a.m.", "The rest is clear."]
        );
        assert_eq!(cut("An effusion is seen.No nodule."), ["An effusion is seen.", "No nodule."]);
        assert_eq!(cut("Clear (as before). Next."), ["Clear (as before).", "Next."]);
        assert_eq!(cut("Measures 3 cm. Stable."), ["Measures 3 cm.", "Stable."]);
        assert_eq!(cut("Compared to ___. No change."), ["Compared to ___.", "No change."]);
        assert_eq!(cut("Wait... Then more."), ["Wait...", "Then more."]);
        assert_eq!(cut("Fracture of rib 5. No other."), ["Fracture of rib 5.", "No other."]);
    }

    #[test]
    fn list_numbers_are_dropped() {
        assert_eq!(
            cut("1. Nodule. 2. No effusion.\n3) Clear\n(4) Old film\n- Last\n• Really"),
            ["Nodule.", "No effusion.", "Clear", "Old film", "Last", "Really"]
        );
        assert_eq!(
            cut("1. Nodule 2. Effusion 3. Rib 7 is broken"),
            ["Nodule", "Effusion", "Rib 7 is broken"]
        );
        assert_eq!(cut("1.Nodule.\n2.5 cm mass."), ["Nodule.", "2.5 cm mass."]);
        assert_eq!(cut("a) One. b) Two."), ["One.", "Two."]);
    }

    #[test]
    fn lines() {
        let wrapped =
            "There is a large opacity in the left lower lobe which was not there\nbefore.";
        assert_eq!(cut(wrapped), [wrapped]);
        let name =
            "There is a large opacity in the left lower lobe as on the film of the\nMonday before.";
        assert_eq!(cut(name), [name]);
        assert_eq!(
            cut("The bony thorax is intact and there is no pneumothorax at all. Left\nPICC seen."),
            ["The bony thorax is intact and there is no pneumothorax at all.", "Left\nPICC seen."]
        );
        assert_eq!(cut("No effusion\nHeart normal\n"), ["No effusion", "Heart normal"]);
        assert_eq!(cut("small effusion,\nLeft side"), ["small effusion,\nLeft side"]);
        assert_eq!(cut("No stop\n\nnext"), ["No stop", "next"]);
        assert_eq!(cut("No stop\r\n \r\nnext\r\nline."), ["No stop", "next\r\nline."]);
        assert_eq!(cut("Lungs: clear\nHeart: normal"), ["Lungs: clear", "Heart: normal"]);
    }

    #[test]
    fn ranges_are_exact_with_any_letters() {
        let text = "  Épanchement pleural à gauche.  Œdème – “léger”. 肺炎 seen.";
        assert_eq!(cut(text), ["Épanchement pleural à gauche.", "Œdème – “léger”.", "肺炎 seen."]);
    }

    #[test]
    fn nothing_without_letters() {
        assert_eq!(cut(" ... 12. ___ !? \n\n - \n"), Vec::<&str>::new());
        assert_eq!(cut(""), Vec::<&str>::new());
    }
}
