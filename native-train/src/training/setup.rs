//! What a run needs before its first step.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use burn::{
    module::{Module as _, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use g2d_core::{config::G2dConfig, model::G2d, text::ReportTokenizer, weights::load_what_fits};

use super::{AdamW, Checkpoint, CheckpointState, checkpoint_config};
use crate::{
    config::TrainConfig,
    data::{batch::mix, source::Source},
    import::StartBundle,
    output,
};

/// Data, tokenizer and the model's configuration.
pub(super) struct Setup {
    pub(super) source: Source,
    pub(super) validation: Option<Source>,
    pub(super) tokenizer: ReportTokenizer,
    pub(super) tokenizer_bytes: Vec<u8>,
    pub(super) model: G2dConfig,
    starts: Vec<StartBundle>,
}

impl Setup {
    /// Opens the data and reads what the run starts from.
    pub(super) fn new(config: &TrainConfig, resume: Option<&Path>) -> Result<Self> {
        let mut starts = Vec::new();
        if resume.is_none() {
            for folder in &config.init {
                let read = StartBundle::read(folder);
                starts.push(read.with_context(|| folder.display().to_string())?);
            }
        }
        let shape = config.model_config(1)?;
        let body = shape.pseudo_mask.body;
        let source = Source::new(&config.data, config.seed, &shape.image, body)?;
        let studies = config.log.validation_studies;
        let validation =
            Source::validation(&config.data, config.seed, &shape.image, body, studies)?;

        let given = starts.iter().rev().find_map(|start| start.tokenizer.clone());
        let read = |path: &Path| {
            std::fs::read(path)
                .with_context(|| format!("There is no tokenizer at {}", path.display()))
        };
        let tokenizer_bytes = match (resume, &config.data.tokenizer, given) {
            (Some(folder), ..) => read(&folder.join("tokenizer.json"))?,
            (None, Some(path), _) => read(path)?,
            (None, None, Some(bytes)) => bytes,
            (None, None, None) => source.tokenizer()?,
        };
        let tokenizer = ReportTokenizer::from_bytes(&tokenizer_bytes)?;
        let mut model = config.model_config(tokenizer.vocab_size())?;
        for (start, folder) in starts.iter().zip(&config.init) {
            check_shape(&model, start).with_context(|| folder.display().to_string())?;
            adopt(&mut model, &start.config, start.tokenizer.is_some());
        }
        if let Some(folder) = resume {
            // What the run took over when it started holds to its end.
            let kept = serde_json::to_value(checkpoint_config(folder)?)?;
            adopt(&mut model, &kept, true);
        }
        model.validate()?;
        Ok(Self { source, validation, tokenizer, tokenizer_bytes, model, starts })
    }

    /// A fresh model, with the weights of what it starts from.
    pub(super) fn fresh(&self, config: &TrainConfig, device: &Device) -> Result<Checkpoint> {
        device.seed(mix(&[config.seed, 3]));
        let mut model = G2d::new(&self.model, device)?;
        model.visit(&mut Draw);
        for start in &self.starts {
            let fresh = load_what_fits(&mut model, &[&start.weights])?;
            output::say(format_args!(
                "started from {}; {fresh} tensors are not in it",
                start.origin
            ));
        }
        let state = CheckpointState::start(config.seed);
        Ok(Checkpoint { model, optimizer: AdamW::new(&config.optim), state })
    }
}

/// Burn draws weights when they are first read. All are drawn here, in the model's order: other
/// passes, on other devices, would draw them in another, and that would be another model.
struct Draw;

impl ModuleVisitor for Draw {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        drop(param.val());
    }
}

/// Takes over what the weights decide and nobody would choose otherwise. Their word table may have
/// more rows than the tokenizer has words.
fn adopt(model: &mut G2dConfig, start: &serde_json::Value, with_tokenizer: bool) {
    let text = |key: &str| start.get("text").and_then(|text| text.get(key));
    let size = |key: &str| text(key).and_then(serde_json::Value::as_u64).map(|n| n as usize);
    if let Some(rows) = size("vocab_size").filter(|_| with_tokenizer) {
        model.text.vocab_size = model.text.vocab_size.max(rows);
    }
    if let Some(rows) = size("max_position_embeddings") {
        model.text.max_position_embeddings = rows;
        model.text.max_tokens = model.text.max_tokens.min(rows);
    }
    if let Some(rows) = size("type_vocab_size") {
        model.text.type_vocab_size = rows;
    }
    if let Some(epsilon) = text("layer_norm_eps").and_then(serde_json::Value::as_f64) {
        model.text.layer_norm_eps = epsilon;
    }
}

/// Weights of another architecture would be left out tensor by tensor without a word.
fn check_shape(model: &G2dConfig, start: &StartBundle) -> Result<()> {
    let own = serde_json::to_value(model)?;
    let keys = [
        ("encoder", "depth"),
        ("encoder", "width"),
        ("text", "hidden_size"),
        ("text", "num_hidden_layers"),
        ("text", "num_attention_heads"),
        ("text", "intermediate_size"),
    ];
    for (section, key) in keys {
        let there = start.config.get(section).and_then(|s| s.get(key));
        let here = own.get(section).and_then(|s| s.get(key));
        if let (Some(there), Some(here)) = (there, here)
            && there != here
        {
            bail!(
                "These weights have {section}.{key} = {there}, the model has {here}; set \
                 model.{section}.{key}, or choose another preset"
            );
        }
    }
    Ok(())
}
