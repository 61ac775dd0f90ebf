//! The tokenizer of a BERT: `tokenizer.json` as it is, or made from `vocab.txt` as Python's
//! `BertTokenizerFast` makes it, so that ids are the same.

use g2d_core::{Error, Result, text::ReportTokenizer};
use serde_json::{Map, Value, json};

/// What is known about the letters, besides the vocabulary itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// `vocab.txt`.
    pub vocab: Option<&'a [u8]>,
    /// `tokenizer.json`.
    pub tokenizer: Option<&'a [u8]>,
    /// `tokenizer_config.json`.
    pub config: Option<&'a [u8]>,
    /// `--cased` (false) or `--uncased` (true).
    pub lowercase: Option<bool>,
}

/// A tokenizer and how its letters were decided.
#[derive(Debug)]
pub struct Made {
    /// The bytes of `tokenizer.json`.
    pub json: Vec<u8>,
    /// Rows that the word table needs.
    pub size: usize,
    /// Whether text is lower-cased; none when the file does not say it in BERT's way.
    pub lowercase: Option<bool>,
    /// Where that comes from.
    pub reason: &'static str,
    /// Something that the user should know.
    pub warning: Option<String>,
}

fn wrong(what: impl Into<String>) -> Error {
    Error::weights(
        "G2D-W42",
        what,
        "Give the vocab.txt or tokenizer.json that the model was trained with",
    )
}

/// Makes the tokenizer, and tries it.
///
/// # Errors
/// `G2D-W42` when a file cannot be read or is not BERT's, `G2D-W20` when it does not frame texts
/// with `[CLS]` and `[SEP]`.
pub fn make(given: Given) -> Result<Made> {
    let config: Value = match given.config {
        None => Value::Null,
        Some(bytes) => serde_json::from_slice(bytes)
            .map_err(|e| wrong(format!("tokenizer_config.json cannot be read ({e})")))?,
    };
    let mut file = match (given.tokenizer, given.vocab) {
        (Some(bytes), _) => serde_json::from_slice(bytes)
            .map_err(|e| wrong(format!("tokenizer.json cannot be read ({e})")))?,
        (None, Some(bytes)) => from_vocab(bytes, &config)?,
        (None, None) => return Err(wrong("There is no vocabulary")),
    };
    let capitals = has_capitals(&file);
    let own = file.pointer("/normalizer/lowercase").and_then(Value::as_bool);
    let said = config.get("do_lower_case").and_then(Value::as_bool);
    let (lowercase, reason) = if given.lowercase.is_some() {
        (given.lowercase, "the command line")
    } else if said.is_some() {
        (said, "tokenizer_config.json")
    } else if given.tokenizer.is_some() {
        (own, "tokenizer.json")
    } else {
        (Some(!capitals), "the vocabulary")
    };
    if lowercase != own {
        let slot = file.pointer_mut("/normalizer/lowercase");
        let slot = slot.ok_or_else(|| wrong("tokenizer.json does not normalise in BERT's way"))?;
        *slot = lowercase.into();
    }
    let json = serde_json::to_vec(&file)
        .map_err(|_| Error::bug("G2D-B21", "A vocabulary could not be written as JSON"))?;
    let size = ReportTokenizer::from_bytes(&json)?.vocab_size();
    let warning = warning(lowercase, capitals, reason);
    Ok(Made { json, size, lowercase, reason, warning })
}

/// What is odd about the choice of letters.
fn warning(lowercase: Option<bool>, capitals: bool, reason: &str) -> Option<String> {
    match (lowercase?, capitals) {
        // Emily Alsentzer's Bio_ClinicalBERT is such a case: its folder has no
        // tokenizer_config.json, and a cased vocabulary.
        (false, true) if reason == "the vocabulary" => Some(
            "no file says whether text is lower-cased; the vocabulary has capital letters, so it \
             is not. transformers would lower-case here: --uncased repeats that"
                .into(),
        ),
        (true, true) => Some(format!(
            "text is lower-cased ({reason}), although the vocabulary has words with capital \
             letters, which are then never found; --cased keeps capitals"
        )),
        (false, false) => Some(format!(
            "capital letters are kept ({reason}), although the vocabulary has none: words with \
             them become [UNK]; --uncased lower-cases"
        )),
        _ => None,
    }
}

/// Whether the vocabulary has words with ASCII capitals, other than special ones in brackets.
fn has_capitals(file: &Value) -> bool {
    let vocab = file.pointer("/model/vocab").and_then(Value::as_object);
    vocab.is_some_and(|words| {
        words.keys().any(|w| !w.starts_with('[') && w.contains(|c: char| c.is_ascii_uppercase()))
    })
}

/// A `tokenizer.json` from one word a line, as `BertTokenizerFast` of transformers 5 builds it:
/// the number of a word is that of its line, and the last of several equal ones counts.
fn from_vocab(bytes: &[u8], config: &Value) -> Result<Value> {
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("vocab.txt is not UTF-8 text"))?;
    // As Python opens a text file: CR LF and a lone CR are line ends too, other separators not.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let vocabulary: Map<String, Value> =
        text.split('\n').enumerate().map(|(id, word)| (word.to_owned(), id.into())).collect();
    let id = |token: &str| {
        let missing = || wrong(format!("vocab.txt has no line {token}: it is not BERT's"));
        vocabulary.get(token).cloned().ok_or_else(missing)
    };
    let (cls, sep) = (id("[CLS]")?, id("[SEP]")?);
    let mut added = Vec::new();
    for token in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
        added.push(json!({
            "id": id(token)?, "content": token, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
        }));
    }
    added.sort_by_key(|token| token["id"].as_u64());
    let flag = |name: &str| config.get(name).and_then(Value::as_bool);
    let special =
        |token: &str, segment: u8| json!({"SpecialToken": {"id": token, "type_id": segment}});
    let text = |name: &str, segment: u8| json!({"Sequence": {"id": name, "type_id": segment}});
    let single = vec![special("[CLS]", 0), text("A", 0), special("[SEP]", 0)];
    let mut pair = single.clone();
    pair.extend([text("B", 1), special("[SEP]", 1)]);
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": flag("tokenize_chinese_chars").unwrap_or(true),
            "strip_accents": flag("strip_accents"),
            // Python's default; decided by the caller.
            "lowercase": true,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": {
            "type": "TemplateProcessing", "single": single, "pair": pair,
            "special_tokens": {
                "[CLS]": { "id": "[CLS]", "ids": [cls], "tokens": ["[CLS]"] },
                "[SEP]": { "id": "[SEP]", "ids": [sep], "tokens": ["[SEP]"] },
            },
        },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASED: &[u8] = b"[PAD]\n[unused1]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nThe\n##s\n";
    const UNCASED: &[u8] = b"[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nthe\r\n##s\r\nthe\r\n";

    fn vocab(bytes: &[u8]) -> Given<'_> {
        Given { vocab: Some(bytes), ..Given::default() }
    }

    fn ids(made: &Made, text: &str) -> Vec<u32> {
        ReportTokenizer::from_bytes(&made.json).unwrap().encode_batch(&[text], 32).unwrap().ids[0]
            .clone()
    }

    #[test]
    fn a_vocabulary_with_capitals_is_cased_unless_a_file_or_the_user_says_otherwise() {
        let made = make(vocab(CASED)).unwrap();
        assert_eq!((made.lowercase, made.reason, made.size), (Some(false), "the vocabulary", 9));
        assert!(made.warning.as_ref().unwrap().contains("--uncased"));
        assert_eq!(ids(&made, "The the thes"), [3, 7, 6, 6, 8, 4]);

        let config = br#"{"do_lower_case": true}"#;
        let made = make(Given { config: Some(config), ..vocab(CASED) }).unwrap();
        assert_eq!((made.lowercase, made.reason), (Some(true), "tokenizer_config.json"));
        assert_eq!(ids(&made, "The the thes"), [3, 6, 6, 6, 8, 4]);
        assert!(made.warning.as_ref().unwrap().contains("--cased"));

        let given = Given { config: Some(config), lowercase: Some(false), ..vocab(CASED) };
        let made = make(given).unwrap();
        assert_eq!((made.lowercase, made.reason), (Some(false), "the command line"));
        assert_eq!(made.warning, None);
    }

    #[test]
    fn line_ends_and_doubles_are_pythons() {
        let made = make(vocab(UNCASED)).unwrap();
        assert_eq!((made.lowercase, made.size, made.warning.is_none()), (Some(true), 8, true));
        assert_eq!(ids(&made, "THE"), [2, 7, 3]);
    }

    #[test]
    fn a_tokenizer_json_is_taken_over_and_only_its_case_may_change() {
        let json = make(vocab(CASED)).unwrap().json;
        let given = Given { tokenizer: Some(&json), ..Given::default() };
        let made = make(given).unwrap();
        assert_eq!((made.json.clone(), made.reason), (json.clone(), "tokenizer.json"));
        let made = make(Given { lowercase: Some(true), ..given }).unwrap();
        assert_eq!(ids(&made, "The"), [3, 6, 4]);

        let mut other: Value = serde_json::from_slice(&json).unwrap();
        other["normalizer"] = json!({"type": "NFC"});
        let other = serde_json::to_vec(&other).unwrap();
        let given = Given { tokenizer: Some(&other), ..Given::default() };
        assert_eq!(make(given).unwrap().lowercase, None);
        let error = make(Given { lowercase: Some(true), ..given }).unwrap_err();
        assert_eq!(error.code(), "G2D-W42");
    }

    #[test]
    fn what_is_no_vocabulary_is_refused() {
        for bytes in [&b"the\nof\n"[..], b"\xff\xfe", b"", b"[CLS]\n[SEP]\n[UNK]\n"] {
            assert_eq!(make(vocab(bytes)).unwrap_err().code(), "G2D-W42", "{bytes:?}");
        }
        let given = Given { config: Some(b"{"), ..vocab(CASED) };
        assert_eq!(make(given).unwrap_err().code(), "G2D-W42");
    }
}
