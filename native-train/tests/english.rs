//! The figures of `docs/text-encoder.md`: parity, sizes, time and English of imported encoders.
//!
//! ```sh
//! G2D_STARTS=full:pruned:… cargo test --release --test english -- --ignored --nocapture
//! ```
//!
//! The folders are what `g2d import --from hf-bert` wrote; each one is compared with the first.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::{env, fs, path::Path};

use burn::{
    module::Module as _,
    tensor::{Device, Int, Tensor},
};
use g2d_core::{
    config::{BertConfig, G2dConfig, Pooling},
    model::{Bert, G2d},
    session::token_tensors,
    text::ReportTokenizer,
    weights::{Branch, Dtype, load_tensors, load_what_fits, save_branches},
};
use g2d_train::{bundle_dir, import::StartBundle};
use serde_json::Value;

/// Kind, side, text.
type Row = (String, String, String);

fn rows(name: &str) -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/english");
    let text = fs::read_to_string(folder.join(name).with_extension("tsv")).unwrap();
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap())
    };
    text.lines().map(row).collect()
}

fn texts(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.2.as_str()).collect()
}

/// A text encoder with its tokenizer.
struct Encoder {
    config: BertConfig,
    net: Bert,
    tokenizer: ReportTokenizer,
    /// The file of the tokenizer, for the pieces' spelling.
    vocabulary: Value,
}

impl Encoder {
    fn new(start: &StartBundle) -> Self {
        let mut text = start.config["text"].clone();
        for (key, value) in
            [("dropout", 0.0.into()), ("frozen_layers", 0.into()), ("max_tokens", 128.into())]
        {
            text[key] = value;
        }
        let config: BertConfig = serde_json::from_value(text).unwrap();
        let mut model = Self::model(&config);
        load_what_fits(&mut model, &[&start.weights]).unwrap();
        let tokenizer = ReportTokenizer::from_bytes(start.tokenizer.as_ref().unwrap()).unwrap();
        let vocabulary = serde_json::from_slice(start.tokenizer.as_ref().unwrap()).unwrap();
        Self { config, net: model.text_encoder.valid(), tokenizer, vocabulary }
    }

    /// A small image branch around the text encoder.
    fn model(text: &BertConfig) -> G2d {
        let text = BertConfig { pooling: Pooling::Mean, ..text.clone() };
        G2d::new(&G2dConfig { text, ..G2dConfig::tiny() }, &Device::flex()).unwrap()
    }

    fn tokens(&self, texts: &[&str]) -> (Tensor<2, Int>, Tensor<2>) {
        let batch = self.tokenizer.encode_batch(texts, self.config.max_tokens).unwrap();
        token_tensors(&batch, &Device::flex())
    }

    fn pieces(&self, text: &str) -> Vec<String> {
        let words = self.vocabulary["model"]["vocab"].as_object().unwrap();
        let ids = self.tokenizer.encode_batch(&[text], self.config.max_tokens).unwrap().ids;
        let piece = |id: &u32| words.iter().find(|(_, v)| v.as_u64() == Some(u64::from(*id)));
        ids[0].iter().map(|id| piece(id).unwrap().0.clone()).collect()
    }

    /// Unit vectors of mean-pooled hidden states.
    fn means(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let (ids, mask) = self.tokens(texts);
        let [b, t] = mask.dims();
        let hidden = self.net.forward(ids, mask.clone()) * mask.reshape([b, t, 1]);
        unit(hidden.sum_dim(1).reshape([b, self.config.hidden_size]))
    }

    /// Bytes of the text branch, tokenizer left out.
    fn bytes(&self, dtype: Dtype) -> usize {
        let mut model = Self::model(&self.config).valid();
        model.text_encoder = self.net.clone();
        let files = save_branches(&model, dtype, usize::MAX).unwrap();
        files.iter().filter(|(b, _)| *b == Branch::Text).map(|(_, bytes)| bytes.len()).sum()
    }
}

fn unit(x: Tensor<2>) -> Vec<Vec<f32>> {
    let width = x.dims()[1];
    let all: Vec<f32> = g2d_core::model::l2_normalise(x, 1).into_data().iter::<f32>().collect();
    all.chunks(width).map(<[f32]>::to_vec).collect()
}

/// Of all texts, and of those whose kind the shipped model knows: kind right, and side right where
/// there is one.
fn accuracy(prompts: &[Row], found: &[Row], of: impl Fn(&[&str]) -> Vec<Vec<f32>>) -> String {
    let known = ["effusion", "pneumothorax", "nodule", "consolidation", "cardiomegaly"];
    let score = |prompts: &[Row], found: &[Row]| {
        let (there, here) = (of(&texts(prompts)), of(&texts(found)));
        let plain = right(prompts, &there, found, &here);
        // Hidden states that were not trained for cosines share a large common part.
        let width = there[0].len();
        let share = 1.0 / there.len() as f32;
        let mean: Vec<f32> =
            (0..width).map(|d| there.iter().map(|v| v[d]).sum::<f32>() * share).collect();
        let centred = |rows: &[Vec<f32>]| -> Vec<Vec<f32>> {
            let row = |row: &Vec<f32>| {
                let row: Vec<f32> = row.iter().zip(&mean).map(|(a, m)| a - m).collect();
                let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
                row.iter().map(|v| v / length).collect()
            };
            rows.iter().map(row).collect()
        };
        let centred = right(prompts, &centred(&there), found, &centred(&here));
        format!("{plain}, centred {centred}")
    };
    let only = |rows: &[Row]| -> Vec<Row> {
        rows.iter().filter(|row| known.contains(&row.0.as_str())).cloned().collect()
    };
    let five = score(&only(prompts), &only(found));
    format!("all: {}; five kinds: {five}", score(prompts, found))
}

/// How many texts have the nearest prompt's kind, and its side.
fn right(prompts: &[Row], there: &[Vec<f32>], found: &[Row], here: &[Vec<f32>]) -> String {
    let (mut kinds, mut sides, mut sided) = (0, 0, 0);
    for (row, vector) in found.iter().zip(here) {
        let cosine = |other: &Vec<f32>| other.iter().zip(vector).map(|(a, b)| a * b).sum();
        let scores: Vec<f32> = there.iter().map(cosine).collect();
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        kinds += usize::from(prompts[best].0 == row.0);
        if row.1 != "none" {
            sided += 1;
            sides += usize::from(prompts[best].1 == row.1);
        }
    }
    format!("kind {kinds}/{} side {sides}/{sided}", found.len())
}

/// Milliseconds of the process's threads together (Linux).
fn processor_ms() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let after: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime are the 14th and 15th field, in hundredths of a second.
    [11, 12].iter().map(|i| after[*i].parse::<f64>().unwrap() * 10.0).sum()
}

#[test]
#[ignore = "needs imported weights: see the head of this file"]
fn figures() {
    let folders = env::var("G2D_STARTS").unwrap();
    let prompts = rows("prompts");
    let found = rows("paraphrases");
    let mut first: Option<Encoder> = None;
    for folder in folders.split(':') {
        let encoder = Encoder::new(&StartBundle::read(Path::new(folder)).unwrap());
        let c = &encoder.config;
        println!("{folder}: {} layers, {} words", c.num_hidden_layers, c.vocab_size);
        let sizes = [Dtype::F32, Dtype::F16, Dtype::Int8].map(|d| encoder.bytes(d));
        println!("  bytes f32 f16 int8 {sizes:?}");
        println!("  {}", accuracy(&prompts, &found, |texts| encoder.means(texts)));
        if let Some(first) =
            first.as_ref().filter(|f| f.config.num_hidden_layers == c.num_hidden_layers)
        {
            parity(first, &encoder, &texts(&found));
        }
        time(&encoder);
        first = first.or(Some(encoder));
    }
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/model");
    shipped(&bundle, &prompts, &found);
}

fn parity(first: &Encoder, encoder: &Encoder, texts: &[&str]) {
    let (mut worst, mut same) = (0.0f32, 0);
    for text in texts {
        let (a, b) = (first.tokens(&[text]), encoder.tokens(&[text]));
        if first.pieces(text) != encoder.pieces(text) {
            continue;
        }
        same += 1;
        let difference = first.net.forward(a.0, a.1) - encoder.net.forward(b.0, b.1);
        worst = worst.max(difference.abs().max().into_scalar::<f32>());
    }
    println!("  parity: {same} of {} texts spelt alike, differ by {worst:.1e}", texts.len());
}

fn time(encoder: &Encoder) {
    let device = Device::flex();
    let words = encoder.config.vocab_size.min(300) as i64;
    let batch = |rows: usize, tokens: usize| {
        let ids =
            Tensor::<1, Int>::arange(0..(rows * tokens) as i64, &device).remainder_scalar(words);
        let net = &encoder.net;
        let mask = Tensor::ones([rows, tokens], &device);
        net.forward(ids.reshape([rows, tokens]), mask).sum().into_scalar::<f32>()
    };
    batch(60, 20);
    let (started, wall) = (processor_ms(), std::time::Instant::now());
    let times = 3;
    for _ in 0..times {
        batch(40, 96);
        batch(60, 20);
    }
    println!(
        "  40 x 96 and 60 x 20 tokens: {:.0} ms of processor, {:.0} ms of wall",
        (processor_ms() - started) / f64::from(times),
        wall.elapsed().as_secs_f64() * 1000.0 / f64::from(times)
    );
}

/// The model of the page: its text encoder, and what its projector makes of it.
fn shipped(folder: &Path, prompts: &[Row], found: &[Row]) {
    let bundle = bundle_dir::read(folder).unwrap();
    let config = bundle.config().unwrap();
    let mut model = G2d::new(&config, &Device::flex()).unwrap();
    load_tensors(&mut model, &bundle.weights()).unwrap();
    let model = model.valid();
    let tokenizer = ReportTokenizer::from_bytes(bundle.tokenizer().unwrap()).unwrap();
    let net = model.text_encoder.clone();
    let encoder = Encoder { config: config.text, net, tokenizer, vocabulary: Value::Null };
    println!("shipped, encoder: {}", accuracy(prompts, found, |texts| encoder.means(texts)));
    let trained = |texts: &[&str]| {
        let (ids, mask) = encoder.tokens(texts);
        unit(model.encode_text(ids, mask, true))
    };
    println!("shipped, projected: {}", accuracy(prompts, found, trained));
    time(&encoder);
}
