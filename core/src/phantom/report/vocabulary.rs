//! The words a report can hold, taken from the grammar's own tables.

use std::collections::BTreeSet;

use super::layout::SLIPS;
use super::words;

/// Largest diameter that a report names, millimetres.
const MAX_MM: u32 = 120;

/// Every lower-case word and punctuation mark that the report grammar can produce, sorted, each
/// once. Words are runs of letters and digits; every other visible character stands alone.
pub fn vocabulary() -> Vec<String> {
    let mut words = BTreeSet::new();
    for template in words::all() {
        words.extend(tokens(&without_slots(template)));
    }
    for (_, slip) in SLIPS {
        words.extend(tokens(slip));
    }
    words.extend((0..=MAX_MM).map(|mm| mm.to_string()));
    // Of the notation itself.
    for mark in ["[", "]", "|", "~", "+"] {
        words.remove(mark);
    }
    words.into_iter().collect()
}

/// The template without its `{...}` and with its choices apart.
fn without_slots(template: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in template.chars() {
        match c {
            '{' => inside = true,
            '}' => inside = false,
            '|' | '[' | ']' => plain.push(' '),
            _ if inside => {}
            _ => plain.push(c),
        }
    }
    plain
}

/// Lower-case words and punctuation marks.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        let word = c.is_alphanumeric();
        if word || !c.is_whitespace() {
            match tokens.last_mut() {
                Some(last) if word && open => last.extend(c.to_lowercase()),
                _ => tokens.push(c.to_lowercase().collect()),
            }
        }
        open = word;
    }
    tokens
}
