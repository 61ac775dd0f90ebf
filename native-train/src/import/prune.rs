//! A smaller vocabulary for the same encoder: rows of the word table that no report needs are left
//! out, and the ids in `tokenizer.json` are numbered anew in the old order.
//!
//! WordPiece takes the longest piece that fits, again and again. A piece that is left out is
//! therefore spelt with shorter ones, and because every single character stays, with and without
//! the mark of a continuation, no word becomes `[UNK]` that was not `[UNK]` before. A text whose
//! pieces are all kept gives the same pieces, and so the same hidden states.

use std::collections::{BTreeMap, BTreeSet};

use g2d_core::{Error, Result, text::ReportTokenizer};
use serde_json::{Map, Value};

/// Texts are tokenised for their pieces alone: none is too long.
const ANY_LENGTH: usize = usize::MAX;

/// A pruned vocabulary.
#[derive(Debug)]
pub struct Pruned {
    /// The bytes of `tokenizer.json`.
    pub json: Vec<u8>,
    /// For each id now, the id before: the rows of the word table that stay.
    pub rows: Vec<usize>,
    /// How many of them stay whatever the size: special tokens, characters, pieces of the words.
    pub needed: usize,
}

fn wrong(what: impl Into<String>) -> Error {
    Error::weights(
        "G2D-W42",
        what,
        "Only a WordPiece vocabulary can be pruned: import without --keep-words",
    )
}

/// Keeps special tokens, single characters, every piece of `words`, and, up to `size` rows, the
/// first ASCII pieces of the vocabulary: BERT's vocabularies are roughly ordered by frequency.
///
/// # Errors
/// `G2D-W42` when the tokenizer is not a WordPiece, `G2D-C22` when `size` is below what has to
/// stay, `G2D-B42` when the result does not spell the words as before.
pub fn prune(tokenizer_json: &[u8], words: &[String], size: Option<usize>) -> Result<Pruned> {
    let mut file: Value = serde_json::from_slice(tokenizer_json)
        .map_err(|e| wrong(format!("tokenizer.json cannot be read ({e})")))?;
    let model = |key: &str| file.pointer(&format!("/model/{key}"));
    let text = |key: &str| model(key).and_then(Value::as_str);
    if text("type").is_some_and(|kind| kind != "WordPiece") {
        return Err(wrong("The vocabulary is not a WordPiece"));
    }
    let mark = text("continuing_subword_prefix").unwrap_or("##").to_owned();
    let vocabulary = vocabulary(&file)?;

    let mut kept = special(&file, &vocabulary);
    kept.extend(spelling(&vocabulary, &mark));
    let before = ReportTokenizer::from_bytes(tokenizer_json)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let spelt = before.encode_batch(&words, ANY_LENGTH)?;
    for (ids, mask) in spelt.ids.iter().zip(&spelt.mask) {
        kept.extend(ids.iter().zip(mask).filter(|(_, m)| **m == 1).map(|(id, _)| *id as usize));
    }
    let needed = kept.len();
    if let Some(size) = size {
        fill(&mut kept, &vocabulary, size)?;
    }

    let rows: Vec<usize> = kept.into_iter().collect();
    let numbers: BTreeMap<usize, usize> =
        rows.iter().enumerate().map(|(now, id)| (*id, now)).collect();
    renumber(&mut file, &numbers)?;
    let json = serde_json::to_vec(&file)
        .map_err(|_| Error::bug("G2D-B21", "A vocabulary could not be written as JSON"))?;

    // The same pieces under other numbers, or the promise of this module is broken.
    let now = ReportTokenizer::from_bytes(&json)?.encode_batch(&words, ANY_LENGTH)?;
    let same = now.ids.iter().zip(&spelt.ids).all(|(now, before)| {
        now.len() == before.len()
            && now.iter().zip(before).all(|(n, b)| rows.get(*n as usize) == Some(&(*b as usize)))
    });
    if !same {
        return Err(Error::bug("G2D-B42", "The pruned vocabulary spells the words otherwise"));
    }
    Ok(Pruned { json, rows, needed })
}

/// Every piece by its number.
fn vocabulary(file: &Value) -> Result<BTreeMap<usize, String>> {
    let map = file.pointer("/model/vocab").and_then(Value::as_object);
    let map = map.ok_or_else(|| wrong("tokenizer.json has no vocabulary of words"))?;
    map.iter()
        .map(|(word, id)| Some((id.as_u64()? as usize, word.clone())))
        .collect::<Option<_>>()
        .ok_or_else(|| wrong("An id of the vocabulary is not a number"))
}

/// Special tokens, wherever they stand.
fn special(file: &Value, vocabulary: &BTreeMap<usize, String>) -> BTreeSet<usize> {
    let added = file.get("added_tokens").and_then(Value::as_array).into_iter().flatten();
    let ids = added.filter_map(|token| token.get("id")?.as_u64()).map(|id| id as usize);
    let unknown = file.pointer("/model/unk_token").and_then(Value::as_str).unwrap_or("[UNK]");
    let unknown = vocabulary.iter().filter(|(_, word)| *word == unknown).map(|(id, _)| *id);
    ids.chain(unknown).collect()
}

/// Single characters, and pieces with a character that does not stand alone: without these, words
/// could no longer be spelt.
fn spelling(vocabulary: &BTreeMap<usize, String>, mark: &str) -> BTreeSet<usize> {
    let words: BTreeSet<&str> = vocabulary.values().map(String::as_str).collect();
    let alone = |c: char, first: bool| {
        let form = if first { c.to_string() } else { format!("{mark}{c}") };
        words.contains(form.as_str())
    };
    let stays = |word: &str| {
        let (first, body) = word.strip_prefix(mark).map_or((true, word), |body| (false, body));
        let one = body.chars().count() <= 1;
        one || !body.chars().enumerate().all(|(at, c)| alone(c, first && at == 0))
    };
    vocabulary.iter().filter(|(_, w)| stays(w) && !is_spare(w)).map(|(id, _)| *id).collect()
}

/// `[unused12]` and the like: rows that no text can reach.
fn is_spare(word: &str) -> bool {
    word.starts_with("[unused") && word.ends_with(']')
}

fn fill(
    kept: &mut BTreeSet<usize>,
    vocabulary: &BTreeMap<usize, String>,
    size: usize,
) -> Result<()> {
    if kept.len() > size {
        return Err(Error::config(
            "G2D-C22",
            format!("{size} rows are too few: {} have to stay", kept.len()),
            format!("Give --vocab {} or more, or shorten the list of words", kept.len()),
        ));
    }
    let more: Vec<usize> = vocabulary
        .iter()
        .filter(|(id, word)| word.is_ascii() && !is_spare(word) && !kept.contains(id))
        .map(|(id, _)| *id)
        .take(size - kept.len())
        .collect();
    kept.extend(more);
    Ok(())
}

/// Puts the new numbers into every place of a `tokenizer.json` that has one.
fn renumber(file: &mut Value, numbers: &BTreeMap<usize, usize>) -> Result<()> {
    let new = |id: &Value| {
        let id = id.as_u64().and_then(|id| numbers.get(&(id as usize)));
        id.copied().map(Value::from)
    };
    if let Some(Value::Object(words)) = file.pointer_mut("/model/vocab") {
        let mut left: Vec<(String, Value)> =
            std::mem::take(words).into_iter().filter_map(|(w, id)| Some((w, new(&id)?))).collect();
        left.sort_by_key(|(_, id)| id.as_u64());
        *words = left.into_iter().collect::<Map<_, _>>();
    }
    let lost = || wrong("A special token of tokenizer.json has no number in the vocabulary");
    let put = |slot: &mut Value| -> Result<()> {
        *slot = new(slot).ok_or_else(lost)?;
        Ok(())
    };
    for token in file.get_mut("added_tokens").and_then(Value::as_array_mut).into_iter().flatten() {
        put(token.get_mut("id").ok_or_else(lost)?)?;
    }
    let Some(frame) = file.get_mut("post_processor") else { return Ok(()) };
    // Of a template each special token has a list; BERT's own form has the number at place 1.
    if let Some(Value::Object(tokens)) = frame.get_mut("special_tokens") {
        for token in tokens.values_mut() {
            let ids = token.get_mut("ids").and_then(Value::as_array_mut);
            ids.into_iter().flatten().try_for_each(put)?;
        }
    }
    for end in ["cls", "sep"] {
        frame.get_mut(end).and_then(|pair| pair.get_mut(1)).map_or(Ok(()), put)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "prune_tests.rs"]
mod tests;
