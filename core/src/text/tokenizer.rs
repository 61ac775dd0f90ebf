//! WordPiece tokens, by the `tokenizers` library, so that ids equal those of Hugging Face.

use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use crate::error::{Error, Result};

/// The special tokens of BERT, in the order in which [`wordpiece_json`] numbers them.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// A tokenizer for reports, made from a `tokenizer.json`. It can be shared between threads.
#[derive(Debug, Clone)]
pub struct ReportTokenizer {
    inner: Tokenizer,
    pad: u32,
    sep: u32,
}

/// Several texts as token ids of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// `[CLS] ... [SEP] [PAD] ...`, one row a text, all rows equally long.
    pub ids: Vec<Vec<u32>>,
    /// 1 for real tokens, 0 for padding, in the shape of `ids`.
    pub mask: Vec<Vec<u32>>,
}

impl ReportTokenizer {
    /// Reads a `tokenizer.json`. Truncation and padding that it may ask for are not taken over:
    /// [`Self::encode_batch`] does both.
    ///
    /// # Errors
    /// `G2D-W20` when it is not a tokenizer, or not one that frames texts with `[CLS]` and `[SEP]`.
    pub fn from_bytes(tokenizer_json: &[u8]) -> Result<Self> {
        let wrong = |what: &str| {
            Error::weights("G2D-W20", what, "Use the tokenizer.json that belongs to the model")
        };
        let mut inner = Tokenizer::from_bytes(tokenizer_json)
            .map_err(|_| wrong("The tokenizer file cannot be read"))?;
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|_| wrong("The tokenizer's truncation cannot be switched off"))?;
        let id = |token: &str| {
            let missing = || wrong(&format!("The tokenizer has no {token} token"));
            inner.token_to_id(token).ok_or_else(missing)
        };
        let (cls, sep, pad) = (id("[CLS]")?, id("[SEP]")?, id("[PAD]")?);
        let frame = inner.encode("", true).map(|e| e.get_ids().to_vec()).unwrap_or_default();
        if frame != [cls, sep] {
            return Err(wrong("The tokenizer does not put [CLS] and [SEP] around a text"));
        }
        Ok(Self { inner, pad, sep })
    }

    /// Number of ids: the rows that the model's word table needs.
    pub fn vocab_size(&self) -> usize {
        // Ids may have gaps, so the largest one decides and not the number of words.
        let largest = self.inner.get_vocab(true).into_values().max();
        largest.map_or(0, |id| id as usize + 1)
    }

    /// Tokens of several texts, padded to the longest of them. A text above `max_tokens` loses its
    /// end; `[CLS]` and `[SEP]` stay and count.
    ///
    /// # Errors
    /// `G2D-C20` when `max_tokens` is below 2; `G2D-B20` when the library fails.
    pub fn encode_batch(&self, texts: &[&str], max_tokens: usize) -> Result<TokenBatch> {
        if max_tokens < 2 {
            return Err(Error::config(
                "G2D-C20",
                format!("{max_tokens} tokens leave no room for [CLS] and [SEP]"),
                "Set text.max_tokens to 3 or more",
            ));
        }
        let mut ids = Vec::with_capacity(texts.len());
        for text in texts {
            // One after the other: the library's own batches start threads, which a browser lacks.
            let encoding = self
                .inner
                .encode(*text, true)
                .map_err(|_| Error::bug("G2D-B20", "The tokenizer failed on a text"))?;
            let mut row = encoding.get_ids().to_vec();
            if row.len() > max_tokens {
                row.truncate(max_tokens - 1);
                row.push(self.sep);
            }
            ids.push(row);
        }
        let longest = ids.iter().map(Vec::len).max().unwrap_or_default();
        let mask = ids.iter().map(|row| (0..longest).map(|i| u32::from(i < row.len())).collect());
        let mask = mask.collect();
        for row in &mut ids {
            row.resize(longest, self.pad);
        }
        Ok(TokenBatch { ids, mask })
    }
}

/// A `tokenizer.json` as Hugging Face writes it for BERT, with a vocabulary of one's own.
///
/// The vocabulary is, in this order: the special tokens; letters and digits, with their `##` forms,
/// so that every ASCII word has tokens; ASCII punctuation (without `##` forms, since BERT splits
/// before every mark); then `words` in the given order, doubles left out. With `lowercase`, words
/// are lower-cased and BERT's normaliser also strips accents; without, capital letters are part of
/// the alphabet.
///
/// # Errors
/// `G2D-C21` for a word that is empty or has white space in it, and so could never be found.
pub fn wordpiece_json(words: &[String], lowercase: bool) -> Result<Vec<u8>> {
    let mut vocabulary = Map::new();
    let mut add = |token: String| {
        let id = vocabulary.len();
        vocabulary.entry(token).or_insert(Value::from(id));
    };
    SPECIAL.into_iter().for_each(|token| add(token.into()));
    let characters = || (' '..='~').filter(|c| !(lowercase && c.is_ascii_uppercase()));
    characters().filter(char::is_ascii_alphanumeric).for_each(|c| {
        add(c.into());
        add(format!("##{c}"));
    });
    characters().filter(char::is_ascii_punctuation).for_each(|c| add(c.into()));
    for word in words {
        if word.is_empty() || word.contains(char::is_whitespace) {
            return Err(Error::config(
                "G2D-C21",
                "A word of the vocabulary is empty or has white space in it",
                "Give one word an entry",
            ));
        }
        add(if lowercase { word.to_lowercase() } else { word.clone() });
    }
    let added: Vec<Value> = SPECIAL
        .iter()
        .enumerate()
        .map(|(id, token)| {
            json!({
                "id": id, "content": token, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            })
        })
        .collect();
    let file = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": lowercase,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    });
    serde_json::to_vec_pretty(&file)
        .map_err(|_| Error::bug("G2D-B21", "A vocabulary could not be written as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 12] = [
        "no",
        "effusion",
        "pleural",
        "pneumothorax",
        "##thorax",
        "opacity",
        "right",
        "the",
        "x",
        "##ion",
        "seen",
        "effus",
    ];

    fn json_of(lowercase: bool) -> Vec<u8> {
        wordpiece_json(&WORDS.map(str::to_owned), lowercase).unwrap()
    }

    fn tokenizer(lowercase: bool) -> ReportTokenizer {
        ReportTokenizer::from_bytes(&json_of(lowercase)).unwrap()
    }

    /// Ids of the Python package `tokenizers` 0.23.3, `Tokenizer.from_str(json).encode(text).ids`,
    /// for a file with the vocabulary order and settings that `wordpiece_json` documents, built
    /// independently in Python: text, lower-cased ids, cased ids.
    const PYTHON: &[(&str, &[u32], &[u32])] = &[
        ("No pleural effusion.", &[2, 109, 111, 110, 90, 3], &[2, 51, 106, 163, 162, 142, 3]),
        (
            "Épanchement pleural droit; Œdème?",
            &[2, 33, 56, 26, 52, 30, 40, 34, 50, 34, 52, 64, 111, 31, 60, 54, 42, 64, 93, 1, 97, 3],
            &[2, 1, 163, 83, 112, 106, 94, 116, 145, 1, 149, 3],
        ),
        (
            "2.5 cm x-ray\r\n\topacity",
            &[2, 9, 90, 15, 29, 50, 71, 89, 59, 26, 74, 114, 3],
            &[2, 9, 142, 15, 81, 102, 123, 141, 111, 78, 126, 166, 3],
        ),
        (
            "Pneumothorax—“right”",
            &[2, 112, 1, 1, 115, 1, 3],
            &[2, 55, 104, 86, 118, 102, 106, 165, 1, 1, 167, 1, 3],
        ),
        ("肺 right", &[2, 1, 115, 3], &[2, 1, 167, 3]),
        (
            "effusionx [MASK] \0nul",
            &[2, 110, 72, 4, 51, 66, 48, 3],
            &[2, 162, 124, 4, 103, 118, 100, 3],
        ),
        (
            "the\u{a0}right\u{200b}seen",
            &[2, 116, 115, 62, 34, 34, 52, 3],
            &[2, 168, 167, 114, 86, 86, 104, 3],
        ),
    ];

    #[test]
    fn ids_equal_those_of_python() {
        for (text, lower, cased) in PYTHON {
            let ids = |lowercase| tokenizer(lowercase).encode_batch(&[text], 64).unwrap().ids;
            assert_eq!(ids(true), [lower.to_vec()], "{text}");
            assert_eq!(ids(false), [cased.to_vec()], "{text}");
        }
    }

    #[test]
    fn padding_mask_and_truncation() {
        let tokenizer = tokenizer(true);
        let batch = tokenizer.encode_batch(&["no effusion", "right", ""], 16).unwrap();
        assert_eq!(batch.ids[0].len(), 4);
        assert_eq!((batch.ids[0][0], batch.ids[0][3]), (2, 3));
        assert_eq!(batch.ids[1][2..], [3, 0]);
        assert_eq!(batch.ids[2], [2, 3, 0, 0]);
        assert_eq!(batch.mask, [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]]);
        let long = tokenizer.encode_batch(&["no pleural effusion seen right"], 4).unwrap();
        let whole = tokenizer.encode_batch(&["no pleural effusion seen right"], 99).unwrap();
        assert_eq!(long.ids[0], [2, whole.ids[0][1], whole.ids[0][2], 3]);
        assert_eq!(whole.ids[0].len(), 7);
        let none = tokenizer.encode_batch(&[], 4).unwrap();
        assert!(none.ids.is_empty() && none.mask.is_empty());
        assert_eq!(tokenizer.encode_batch(&["x"], 1).unwrap_err().code(), "G2D-C20");
    }

    #[test]
    fn truncation_of_the_file_does_not_count() {
        let mut file: Value = serde_json::from_slice(&json_of(true)).unwrap();
        file["truncation"] = json!({
            "direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0,
        });
        let tokenizer = ReportTokenizer::from_bytes(&serde_json::to_vec(&file).unwrap()).unwrap();
        assert_eq!(tokenizer.encode_batch(&["no pleural effusion"], 99).unwrap().ids[0].len(), 5);
    }

    #[test]
    fn the_vocabulary_is_counted_and_has_no_doubles() {
        // 5 special, 36 letters and digits twice, 32 marks, 12 words of which "x" is a letter.
        assert_eq!(tokenizer(true).vocab_size(), 5 + 72 + 32 + 11);
        assert_eq!(tokenizer(false).vocab_size(), 5 + 72 + 52 + 32 + 11);
        let error = wordpiece_json(&["two words".into()], true).unwrap_err();
        assert_eq!(error.code(), "G2D-C21");
    }

    #[test]
    fn what_is_no_bert_tokenizer_is_refused() {
        let code = |bytes: &[u8]| ReportTokenizer::from_bytes(bytes).unwrap_err().code();
        assert_eq!(code(b"not json"), "G2D-W20");
        assert_eq!(code(b"{}"), "G2D-W20");
        let mut file: Value = serde_json::from_slice(&json_of(true)).unwrap();
        file["post_processor"] = Value::Null;
        assert_eq!(code(&serde_json::to_vec(&file).unwrap()), "G2D-W20");
        let text = String::from_utf8(json_of(true)).unwrap().replace("[PAD]", "[FILL]");
        let error = ReportTokenizer::from_bytes(text.as_bytes()).unwrap_err();
        assert!(error.code() == "G2D-W20" && error.to_string().contains("[PAD]"), "{error}");
    }

    #[test]
    fn threads_may_share_it() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&tokenizer(true));
    }
}
