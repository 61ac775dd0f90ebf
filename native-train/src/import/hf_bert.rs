//! A BERT of Hugging Face: its `config.json`, held against its tensors.

use burn::tensor::Device;
use g2d_core::{
    Error, Result,
    config::{BertConfig, Pooling},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    network::{Encoder, Kind, Plan, Rows, pair},
    state_dict::StateDict,
};

/// What counts in a `config.json`; the defaults are those of transformers' `BertConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HfConfig {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "tiny")]
    layer_norm_eps: f64,
    #[serde(default)]
    hidden_act: Option<String>,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

fn two() -> usize {
    2
}

fn tiny() -> f64 {
    1e-12
}

fn refuse(what: impl Into<String>) -> Error {
    Error::weights(
        "G2D-W41",
        what,
        "Use a BERT encoder: model_type bert, hidden_act gelu, absolute positions",
    )
}

impl HfConfig {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// `G2D-W40` when it cannot be read, `G2D-W41` when it is another kind of network.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let unreadable = |e: serde_json::Error| {
            Error::weights(
                "G2D-W40",
                format!("config.json is not that of a BERT ({e})"),
                "Give the config.json that belongs to the weights",
            )
        };
        let value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
        // Older files (2019) have no model_type; their tensors must then speak for themselves.
        if let Some(kind) = value.get("model_type").and_then(Value::as_str)
            && kind != "bert"
        {
            return Err(refuse(format!("config.json says model_type {kind}")));
        }
        let config: Self = serde_json::from_value(value).map_err(unreadable)?;
        match config.hidden_act.as_deref() {
            // All three are the exact form with the error function.
            None | Some("gelu" | "gelu_python") => {}
            Some(other) => return Err(refuse(format!("config.json says hidden_act {other}"))),
        }
        match config.position_embedding_type.as_deref() {
            None | Some("absolute") => {}
            Some(other) => {
                return Err(refuse(format!("config.json says position_embedding_type {other}")));
            }
        }
        if config.is_decoder {
            return Err(refuse("config.json says is_decoder"));
        }
        let heads = config.num_attention_heads;
        if heads == 0 || !config.hidden_size.is_multiple_of(heads) {
            let width = config.hidden_size;
            return Err(refuse(format!("config.json says {heads} heads for a width of {width}")));
        }
        Ok(config)
    }

    /// Holds the sizes against the shapes of the tensors.
    fn check(&self, dict: &StateDict, root: &str) -> Result<()> {
        let size = |name: &str, axis: usize| {
            dict.shape(&format!("{root}{name}")).and_then(|s| s.get(axis).copied())
        };
        let layers = (0..)
            .take_while(|i| {
                size(&format!("encoder.layer.{i}.attention.self.query.weight"), 0).is_some()
            })
            .count();
        let words = "embeddings.word_embeddings.weight";
        let pairs = [
            ("vocab_size", self.vocab_size, size(words, 0)),
            ("hidden_size", self.hidden_size, size(words, 1)),
            (
                "hidden_size",
                self.hidden_size,
                size("encoder.layer.0.attention.self.query.weight", 0),
            ),
            ("num_hidden_layers", self.num_hidden_layers, Some(layers)),
            (
                "intermediate_size",
                self.intermediate_size,
                size("encoder.layer.0.intermediate.dense.weight", 0),
            ),
            (
                "max_position_embeddings",
                self.max_position_embeddings,
                size("embeddings.position_embeddings.weight", 0),
            ),
            (
                "type_vocab_size",
                self.type_vocab_size,
                size("embeddings.token_type_embeddings.weight", 0),
            ),
        ];
        let wrong: Vec<String> = pairs
            .into_iter()
            .filter(|(_, said, found)| *found != Some(*said))
            .map(|(name, said, found)| {
                let found = found.map_or_else(|| "not".into(), |size| size.to_string());
                format!("{name} is {said} there and {found} in the tensors")
            })
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::weights(
            "G2D-W44",
            format!("config.json does not belong to these weights: {}", wrong.join("; ")),
            "Give the config.json that lay beside the weights",
        ))
    }

    fn encoder(&self) -> BertConfig {
        BertConfig {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            max_position_embeddings: self.max_position_embeddings,
            type_vocab_size: self.type_vocab_size,
            layer_norm_eps: self.layer_norm_eps,
            dropout: 0.0,
            frozen_layers: 0,
            freeze_embeddings: false,
            max_tokens: self.max_position_embeddings,
            pooling: Pooling::Cls,
        }
    }

    /// The part of a model's configuration that the weights decide. How the text encoder is
    /// trained (`dropout`, `frozen_layers`, `max_tokens`) is left to the training.
    fn part(&self) -> Value {
        json!({ "text": {
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "num_hidden_layers": self.num_hidden_layers,
            "num_attention_heads": self.num_attention_heads,
            "intermediate_size": self.intermediate_size,
            "max_position_embeddings": self.max_position_embeddings,
            "type_vocab_size": self.type_vocab_size,
            "layer_norm_eps": self.layer_norm_eps,
        }})
    }
}

/// The whole configuration of a text encoder for evaluation, from the part in a bundle.
///
/// # Errors
/// When a size is missing.
pub fn text_config(part: &Value) -> Result<BertConfig> {
    let config: HfConfig = serde_json::from_value(part.clone()).map_err(|e| {
        Error::weights(
            "G2D-W08",
            format!("The bundle's config.json cannot be read ({e})"),
            "Import the weights again with this version of the program",
        )
    })?;
    Ok(config.encoder())
}

/// What of a network is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Its name's beginning, where there are several.
    pub prefix: Option<&'a str>,
    /// Its first layers only.
    pub layers: Option<usize>,
    /// Rows of the word table, in order; none takes all of them.
    pub rows: Option<&'a [usize]>,
}

/// The word table under our name.
const WORDS: &str = "text_encoder.embeddings.word_embeddings.weight";

/// Finds the network and where each tensor goes.
///
/// `words` is the number of rows that the vocabulary needs, before any is left out.
///
/// # Errors
/// When there is no BERT in the weights, it does not fit its `config.json` or vocabulary, tensors
/// are missing, or more layers are wanted than there are.
pub fn plan(
    dict: &StateDict,
    config: &HfConfig,
    words: usize,
    wanted: Wanted,
    device: &Device,
) -> Result<Plan> {
    let root = Kind::Bert.root(dict, wanted.prefix)?;
    config.check(dict, &root)?;
    let layers = wanted.layers.unwrap_or(config.num_hidden_layers);
    if !(1..=config.num_hidden_layers).contains(&layers) {
        return Err(Error::config(
            "G2D-C23",
            format!("{layers} layers are wanted of {}", config.num_hidden_layers),
            format!("Give --layers a number from 1 to {}", config.num_hidden_layers),
        ));
    }
    if words > config.vocab_size {
        return Err(Error::weights(
            "G2D-W43",
            format!("The vocabulary needs {words} rows; the word table has {}", config.vocab_size),
            "Give the vocabulary that the model was trained with",
        ));
    }
    let part = HfConfig {
        num_hidden_layers: layers,
        vocab_size: wanted.rows.map_or(config.vocab_size, <[usize]>::len),
        ..config.clone()
    };
    let rows: Rows =
        wanted.rows.map(|rows| (WORDS.to_owned(), rows.to_vec())).into_iter().collect();
    let encoder = Encoder::text(&part.encoder(), device);
    let needless = |name: &str| needless(name).or_else(|| above(name, layers));
    let (copies, left_out) = pair(dict, &root, &encoder, &rows, their_names, needless)?;
    let of = |now: usize, before: usize| {
        if now == before { now.to_string() } else { format!("{now} of {before}") }
    };
    Ok(Plan {
        network: format!(
            "BERT, {} layers of width {}, {} words",
            of(layers, config.num_hidden_layers),
            config.hidden_size,
            of(part.vocab_size, config.vocab_size)
        ),
        prefix: root,
        rows,
        config: part.part(),
        encoder,
        copies,
        left_out,
    })
}

/// The names that Hugging Face gives a tensor of ours: today's, and in norms that of the files
/// that were converted from TensorFlow.
fn their_names(ours: &str) -> Vec<String> {
    let name = ours
        .trim_start_matches("text_encoder.")
        .replace(".self_attention.", ".self.")
        .replace(".layer_norm.", ".LayerNorm.");
    let old = name
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta");
    if old == name { vec![name] } else { vec![name, old] }
}

/// Whether the encoder can do without a tensor, and how it is counted.
fn needless(name: &str) -> Option<String> {
    // Numbers from 0 up, which older versions saved.
    if ["embeddings.position_ids", "embeddings.token_type_ids"].contains(&name) {
        return Some(name.into());
    }
    let first = name.split('.').next().unwrap_or_default();
    // The pooler and the heads of the pre-training read the encoder; it does not need them.
    (!["embeddings", "encoder"].contains(&first))
        .then(|| if name == first { name.into() } else { format!("{first}.*") })
}

/// How a tensor of a layer that is not wanted is counted.
fn above(name: &str, layers: usize) -> Option<String> {
    let number = name.strip_prefix("encoder.layer.")?.split('.').next()?;
    (number.parse::<usize>().ok()? >= layers).then(|| format!("encoder.layer.{number}.*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> Result<HfConfig> {
        let text = format!(
            r#"{{"vocab_size": 10, "hidden_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 4
            {more}}}"#
        );
        HfConfig::from_bytes(text.as_bytes())
    }

    #[test]
    fn old_files_get_todays_defaults() {
        let old = config("").unwrap();
        assert_eq!((old.type_vocab_size, old.layer_norm_eps), (2, 1e-12));
        assert_eq!(
            config(r#", "model_type": "bert", "hidden_act": "gelu""#).unwrap().part(),
            old.part()
        );
        assert_eq!(text_config(&old.part()["text"]).unwrap(), old.encoder());
    }

    #[test]
    fn other_networks_are_refused() {
        for more in [
            r#", "model_type": "roberta""#,
            r#", "hidden_act": "gelu_new""#,
            r#", "position_embedding_type": "relative_key""#,
            r#", "is_decoder": true"#,
        ] {
            assert_eq!(config(more).unwrap_err().code(), "G2D-W41", "{more}");
        }
        let error = HfConfig::from_bytes(br#"{"model_type": "bert"}"#).unwrap_err();
        assert!(error.code() == "G2D-W40" && error.to_string().contains("vocab_size"), "{error}");
        assert_eq!(HfConfig::from_bytes(b"<html>").unwrap_err().code(), "G2D-W40");
    }

    #[test]
    fn names_go_both_ways() {
        let ours = "text_encoder.encoder.layer.3.attention.self_attention.query.weight";
        assert_eq!(their_names(ours), ["encoder.layer.3.attention.self.query.weight"]);
        let ours = "text_encoder.encoder.layer.0.output.layer_norm.bias";
        let names =
            ["encoder.layer.0.output.LayerNorm.bias", "encoder.layer.0.output.LayerNorm.beta"];
        assert_eq!(their_names(ours), names);
        assert_eq!(needless("pooler.dense.weight").as_deref(), Some("pooler.*"));
        assert_eq!(needless("encoder.layer.0.adapter.weight"), None);
        let name = "encoder.layer.12.output.dense.weight";
        assert_eq!(above(name, 12).as_deref(), Some("encoder.layer.12.*"));
        assert_eq!(above(name, 13), None);
    }
}
