//! The words a report can hold, taken from the grammar's own tables.

use std::collections::BTreeSet;

use super::grammar::TABLES;
use crate::phantom::disease::NODULE_MM;

/// Every lower-case word and punctuation mark that the report grammar can produce, sorted, each
/// once. Words are runs of letters and digits; every other visible character stands alone.
pub fn vocabulary() -> Vec<String> {
    let mut words = BTreeSet::new();
    for template in TABLES.iter().copied().flatten() {
        words.extend(tokens(&without_slots(template)));
    }
    words.extend((NODULE_MM[0]..=NODULE_MM[1]).map(|mm| mm.to_string()));
    words.into_iter().collect()
}

/// The template without its `{...}`.
fn without_slots(template: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in template.chars() {
        match c {
            '{' => inside = true,
            '}' => inside = false,
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
