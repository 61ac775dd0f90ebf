//! A BERT encoder with Hugging Face's names and post-norm layers (Devlin et al. 2019), without the
//! pooler.

use burn::{
    module::Module,
    nn::{
        Dropout, DropoutConfig, Embedding, EmbeddingConfig, Initializer, LayerNorm,
        LayerNormConfig, Linear, LinearConfig,
    },
    tensor::{
        Device, Int, Tensor,
        activation::{gelu, softmax},
    },
};

use crate::config::BertConfig;

/// The text encoder.
#[derive(Module, Debug)]
pub struct Bert {
    /// Words, positions, segments.
    pub embeddings: Embeddings,
    /// The layers.
    pub encoder: Encoder,
    detached: usize,
}

/// Sum of word, position and segment vectors, normalised.
#[derive(Module, Debug)]
pub struct Embeddings {
    /// One row a token of the vocabulary.
    pub word_embeddings: Embedding,
    /// One row a position.
    pub position_embeddings: Embedding,
    /// One row a segment; only the first is used.
    pub token_type_embeddings: Embedding,
    /// Over the width.
    pub layer_norm: LayerNorm,
    dropout: Dropout,
}

/// The stack of layers.
#[derive(Module, Debug)]
pub struct Encoder {
    /// First to last.
    pub layer: Vec<Layer>,
}

/// Self-attention and feed-forward, each with its residual and norm.
#[derive(Module, Debug)]
pub struct Layer {
    /// Self-attention.
    pub attention: Attention,
    /// Widens.
    pub intermediate: Dense,
    /// Narrows, adds, normalises.
    pub output: Output,
}

/// Self-attention with its output.
#[derive(Module, Debug)]
pub struct Attention {
    /// Queries, keys and values (Hugging Face: `self`).
    pub self_attention: SelfAttention,
    /// Mixes the heads, adds, normalises.
    pub output: Output,
}

/// Queries, keys and values.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// Queries.
    pub query: Linear,
    /// Keys.
    pub key: Linear,
    /// Values.
    pub value: Linear,
    dropout: Dropout,
    heads: usize,
}

/// One linear layer, kept apart for its name.
#[derive(Module, Debug)]
pub struct Dense {
    /// The layer.
    pub dense: Linear,
}

/// Linear, dropout, residual, norm.
#[derive(Module, Debug)]
pub struct Output {
    /// The layer.
    pub dense: Linear,
    /// Over the width.
    pub layer_norm: LayerNorm,
    dropout: Dropout,
}

/// BERT starts every matrix as normal numbers of deviation 0.02.
fn init() -> Initializer {
    Initializer::Normal { mean: 0.0, std: 0.02 }
}

fn linear(from: usize, to: usize, device: &Device) -> Linear {
    LinearConfig::new(from, to).with_initializer(init()).init(device)
}

impl Output {
    fn new(from: usize, config: &BertConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        Self {
            dense: linear(from, width, device),
            layer_norm: layer_norm(config, device),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    fn forward(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        self.layer_norm.forward(self.dropout.forward(self.dense.forward(x)) + residual)
    }
}

fn layer_norm(config: &BertConfig, device: &Device) -> LayerNorm {
    LayerNormConfig::new(config.hidden_size).with_epsilon(config.layer_norm_eps).init(device)
}

impl SelfAttention {
    /// `bias` is 0 for tokens to read and a large negative number for padding.
    fn forward(&self, x: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let [b, t, width] = x.dims();
        let head = width / self.heads;
        let split = |x: Tensor<3>| x.reshape([b, t, self.heads, head]).swap_dims(1, 2);
        let query = split(self.query.forward(x.clone()));
        let key = split(self.key.forward(x.clone()));
        let value = split(self.value.forward(x));
        let scores = query.matmul(key.swap_dims(2, 3)).div_scalar((head as f64).sqrt()) + bias;
        let weights = self.dropout.forward(softmax(scores, 3));
        weights.matmul(value).swap_dims(1, 2).reshape([b, t, width])
    }
}

impl Layer {
    fn new(config: &BertConfig, device: &Device) -> Self {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        Self {
            attention: Attention {
                self_attention: SelfAttention {
                    query: linear(width, width, device),
                    key: linear(width, width, device),
                    value: linear(width, width, device),
                    dropout: DropoutConfig::new(config.dropout).init(),
                    heads: config.num_attention_heads,
                },
                output: Output::new(width, config, device),
            },
            intermediate: Dense { dense: linear(width, inner, device) },
            output: Output::new(inner, config, device),
        }
    }

    fn forward(&self, x: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let attended = self.attention.self_attention.forward(x.clone(), bias);
        let x = self.attention.output.forward(attended, x);
        let wide = gelu(self.intermediate.dense.forward(x.clone()));
        self.output.forward(wide, x)
    }
}

impl Bert {
    /// An encoder with fresh weights; the first `frozen_layers` layers take no gradient.
    ///
    /// What is frozen computes as in evaluation: without dropout, since noise that no weight can
    /// learn to live with only blurs a pre-trained encoder's output. (PyTorch leaves dropout on
    /// where `requires_grad` is off.)
    pub fn new(config: &BertConfig, device: &Device) -> Self {
        let table = |rows| {
            EmbeddingConfig::new(rows, config.hidden_size).with_initializer(init()).init(device)
        };
        let layer = (0..config.num_hidden_layers)
            .map(|i| {
                let layer = Layer::new(config, device);
                if i < config.frozen_layers { layer.freeze() } else { layer }
            })
            .collect();
        let embeddings = Embeddings {
            word_embeddings: table(config.vocab_size),
            position_embeddings: table(config.max_position_embeddings),
            token_type_embeddings: table(config.type_vocab_size),
            layer_norm: layer_norm(config, device),
            dropout: DropoutConfig::new(config.dropout).init(),
        };
        let embeddings = if config.freeze_embeddings { embeddings.freeze() } else { embeddings };
        // Above tables that are trained, gradients must pass through frozen layers.
        let detached = if config.freeze_embeddings { config.frozen_layers } else { 0 };
        Self { embeddings, encoder: Encoder { layer }, detached }
    }

    /// The last hidden state.
    ///
    /// # Shapes
    /// - `ids`: `[batch, tokens]`; `mask`: `[batch, tokens]` of 1 (read) and 0 (padding)
    /// - output: `[batch, tokens, hidden]`
    pub fn forward(&self, ids: Tensor<2, Int>, mask: Tensor<2>) -> Tensor<3> {
        let device = ids.device();
        let [b, t] = ids.dims();
        let positions = Tensor::<1, Int>::arange(0..t as i64, &device).unsqueeze::<2>();
        let segments = Tensor::<2, Int>::zeros([1, t], &device);
        let e = &self.embeddings;
        let x = e.word_embeddings.forward(ids)
            + e.position_embeddings.forward(positions)
            + e.token_type_embeddings.forward(segments);
        let mut x = e.dropout.forward(e.layer_norm.forward(x));
        // Finite, so that a row of padding alone gives no NaN.
        let bias = ((mask.reshape([b, 1, 1, t]) - 1.0) * 1e9).cast(x.dtype());
        for (i, layer) in self.encoder.layer.iter().enumerate() {
            x = layer.forward(x, bias.clone());
            if i < self.detached {
                // Nothing below is trained: nothing of it is kept for a backward pass.
                x = x.detach();
            }
        }
        x
    }
}
