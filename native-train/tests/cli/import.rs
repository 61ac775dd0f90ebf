//! `g2d import`: the files of torchvision and transformers become starting weights that compute
//! what those libraries compute. `tests/fixtures/make_import.py` made the files and the results.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, TensorData},
};
use g2d_core::{
    config::{BertConfig, ResNetConfig},
    model::{Bert, ResNet},
    text::ReportTokenizer,
    weights::load_tensors,
};
use g2d_train::import::StartBundle;
use safetensors::SafeTensors;
use serde_json::Value;

use crate::{
    args,
    support::{Run, Ward, g2d, own_bundle},
};

/// Largest difference to PyTorch's float64, relative to the tensor's largest value. f32 has 24
/// bits (6e-8); fifty layers of sums leave a few times 1e-7.
const TOLERANCE: f32 = 1e-5;

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/import")).join(name)
}

pub(crate) fn import(from: &str, files: &[PathBuf], out: &Path, more: &[&str]) -> Run {
    let mut all = args!["import", "--from", from, "--out", out].to_vec();
    all.extend(files.iter().map(Into::into));
    all.extend(more.iter().map(Into::into));
    g2d(all)
}

/// Image or text encoder under the name that it has in the model.
#[derive(Module, Debug)]
struct Parts {
    image_encoder: Option<ResNet>,
    text_encoder: Option<Bert>,
}

fn load(parts: Parts, start: &StartBundle) -> Parts {
    let mut parts = parts;
    load_tensors(&mut parts, &[&start.weights]).unwrap();
    parts.valid()
}

/// Shape and little-endian words of a stored tensor.
fn stored(file: &Path, key: &str) -> (Vec<usize>, Vec<[u8; 4]>) {
    let bytes = fs::read(file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let view = tensors.tensor(key).unwrap();
    let words = view.data().chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
    (view.shape().to_vec(), words.collect())
}

fn floats<const D: usize>(file: &Path, key: &str) -> Tensor<D> {
    let (shape, words) = stored(file, key);
    let values: Vec<f32> = words.into_iter().map(f32::from_le_bytes).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn ints(file: &Path, key: &str) -> Tensor<2, Int> {
    let (shape, words) = stored(file, key);
    let values: Vec<i32> = words.into_iter().map(i32::from_le_bytes).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn check<const D: usize>(what: &str, found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let scale: f32 = expected.clone().abs().max().into_scalar();
    let worst: f32 = (found - expected).abs().max().into_scalar();
    println!("{what}: {:.1e}", worst / scale);
    assert!(worst / scale <= TOLERANCE, "{what}: off by {:.1e} of its scale", worst / scale);
}

fn check_resnet(out: &Path, expected: ResNetConfig, results: &Path, key: &str) {
    let start = StartBundle::read(out).unwrap();
    let config: ResNetConfig = serde_json::from_value(start.config["encoder"].clone()).unwrap();
    assert_eq!(config, expected);
    assert!(start.tokenizer.is_none());
    let net = ResNet::new(&config, &Device::flex()).unwrap();
    let parts = load(Parts { image_encoder: Some(net), text_encoder: None }, &start);
    let maps = parts.image_encoder.unwrap().forward(floats(results, "image"));
    for (i, map) in maps.into_iter().enumerate().skip(1) {
        let key = format!("{key}.{i}");
        check(&key, map, floats(results, &key));
    }
}

#[test]
fn resnets_compute_what_torchvision_computes() {
    let ward = Ward::new();
    // The zip of today; the older stream, nested as a training script leaves it; the tar of 2016;
    // safetensors.
    let cases = [
        ("resnet18.pth", 18, "", ["fc.*", "*.num_batches_tracked"].as_slice()),
        (
            "resnet18_nested_legacy.pth",
            18,
            "state_dict.module.encoder.",
            &["optimizer.*", "state_dict.module.projector.*", "*.num_batches_tracked"],
        ),
        ("resnet18.tar.pth", 18, "", &["fc.*", "*.num_batches_tracked"]),
        ("resnet50.safetensors", 50, "backbone.", &["fc.*", "*.num_batches_tracked"]),
    ];
    for (file, depth, prefix, left_out) in cases {
        let out = ward.path(file).with_extension("start");
        let run = import("torchvision", &[fixture(file)], &out, &[]).expect(0);
        let run = run.says(&["comparing", "licence"]).says(left_out);
        let summary = &run.json()[0];
        assert_eq!(summary["prefix"], prefix, "{file}");
        assert_eq!(summary["config"]["encoder"]["depth"], depth);
        assert_eq!(summary["left_out"].as_object().unwrap().len(), left_out.len(), "{file}");
        // Of every convolution and norm: 2 tensors less a bias, and 4.
        let layers = if depth == 50 { 53 } else { 20 };
        assert_eq!(summary["tensors"], 5 * layers);
        let config = ResNetConfig { depth, width: 2 };
        check_resnet(&out, config, &fixture("resnet.safetensors"), &format!("resnet{depth}"));
        let names = fs::read_dir(&out).unwrap().count();
        assert_eq!(names, 3, "config, weights, manifest");
    }
    let manifest = fs::read(ward.path("resnet18.start/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["kind"], "start");
    assert_eq!(manifest["sources"][0]["name"], "resnet18.pth");
    let bytes = fs::read(fixture("resnet18.pth")).unwrap();
    assert_eq!(manifest["sources"][0]["sha256"], g2d_core::weights::hex_sha256(&bytes));
    assert!(manifest["licence"].as_str().unwrap().contains("unknown"));
    assert!(manifest["notice"].as_str().unwrap().to_lowercase().contains("not for clinical use"));
}

/// `prefix` stands in front of the results' names.
fn check_bert(out: &Path, results: &Path, prefix: &str) {
    let start = StartBundle::read(out).unwrap();
    // What the weights decide comes from the bundle, how they are trained from the training.
    let mut text = start.config["text"].clone();
    for (key, value) in
        [("dropout", 0.1.into()), ("frozen_layers", 0.into()), ("max_tokens", 40.into())]
    {
        text[key] = value;
    }
    let config: BertConfig = serde_json::from_value(text).unwrap();
    let net = Bert::new(&config, &Device::flex());
    let parts = load(Parts { image_encoder: None, text_encoder: Some(net) }, &start);
    let mask = ints(results, &format!("{prefix}mask"));
    let [rows, tokens] = mask.dims();
    let mask = mask.float();
    let ids = ints(results, &format!("{prefix}ids"));
    let hidden = parts.text_encoder.unwrap().forward(ids, mask.clone());
    let key = format!("{prefix}hidden");
    check(&key, hidden * mask.reshape([rows, tokens, 1]), floats(results, &key));
}

/// The same for the small networks of the fixtures.
fn check_small_bert(out: &Path, name: &str) {
    check_bert(out, &fixture("bert.safetensors"), &format!("{name}."));
}

/// Compares the ids of every tricky sentence with Python's.
fn check_ids(out: &Path, name: &str) {
    let stored: Value = serde_json::from_slice(&fs::read(fixture("ids.json")).unwrap()).unwrap();
    let start = StartBundle::read(out).unwrap();
    let tokenizer = ReportTokenizer::from_bytes(&start.tokenizer.unwrap()).unwrap();
    let sentences = stored["sentences"].as_array().unwrap();
    assert!(sentences.len() >= 10);
    for (sentence, expected) in sentences.iter().zip(stored["ids"][name].as_array().unwrap()) {
        let sentence = sentence.as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(expected.clone()).unwrap();
        let found = tokenizer.encode_batch(&[sentence], 512).unwrap().ids;
        assert_eq!(found, [expected], "{name}: {sentence:?}");
    }
}

#[test]
fn berts_compute_what_transformers_computes() {
    let ward = Ward::new();
    // A folder without tokenizer_config.json: the vocabulary has capitals.
    let cased = ward.path("cased");
    let run = import("hf-bert", &[fixture("bert_cased")], &cased, &[]).expect(0);
    let run = run.says(&["warning: no file says", "3 rows more", "pooler.* (2 tensors)"]);
    assert_eq!(run.json()[0]["lowercase"], false);
    check_small_bert(&cased, "bert_cased");
    check_ids(&cased, "bert_cased");

    // Files one by one, with names as of 2018 and heads of the pre-training.
    let files = ["config.json", "vocab.txt", "tokenizer_config.json", "pytorch_model.bin"];
    let files = files.map(|name| fixture("bert_uncased").join(name));
    let uncased = ward.path("uncased");
    let run = import("hf-bert", &files, &uncased, &[]).expect(0);
    let run = run.says(&[
        "text is lower-cased (tokenizer_config.json)",
        "left out: cls.*",
        "pooler.*",
        "embeddings.position_ids",
    ]);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    assert_eq!(run.json()[0]["prefix"], "bert.");
    check_small_bert(&uncased, "bert_uncased");
    check_ids(&uncased, "bert_uncased");

    // What was written is a tokenizer.json: it can be given back, and says its case itself.
    let again = ward.path("again");
    let folder = fixture("bert_cased");
    let files = [
        uncased.join("tokenizer.json"),
        folder.join("config.json"),
        folder.join("model.safetensors"),
    ];
    // Another vocabulary of fewer words fits the table; nobody can see that it is the wrong one.
    import("hf-bert", &files, &again, &["-q"]).expect(0);
    check_ids(&again, "bert_uncased");
}

#[test]
fn the_user_decides_about_capitals() {
    let ward = Ward::new();
    let out = ward.path("start");
    let folder = [fixture("bert_cased")];
    let run = import("hf-bert", &folder, &out, &["--uncased"]).expect(0);
    let run = run.says(&["text is lower-cased (the command line)", "warning: text is lower-cased"]);
    assert_eq!(run.json()[0]["lowercase"], true);
    let run = import("hf-bert", &folder, &out, &["--cased", "--force"]).expect(0);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    check_ids(&out, "bert_cased");
    import("hf-bert", &folder, &out, &["--cased", "--uncased"]).expect(2);
    import("torchvision", &[fixture("resnet18.pth")], &out, &["--cased"]).expect(2);
    import("torchvision", &[fixture("a.pth"), fixture("b.pth")], &out, &[]).expect(2);
}

#[test]
fn starting_weights_are_no_model_and_are_not_overwritten() {
    let ward = Ward::new();
    let out = ward.path("start");
    let file = [fixture("resnet18.pth")];
    import("torchvision", &file, &out, &["--quiet"]).expect(0);
    import("torchvision", &file, &out, &[]).expect(1).says(&["G2D-F04", "--force"]);
    import("torchvision", &file, &out, &["--force"]).expect(0);
    ward.put("photos/cat.png", b"x");
    import("torchvision", &file, &ward.path("photos"), &["--force"]).expect(1).says(&["G2D-F03"]);

    let predict = args![
        "predict",
        ward.path("film0.png"),
        "--report",
        ward.path("report0.txt"),
        "--model",
        out,
        "--out",
        ward.path("out"),
        "--device",
        "cpu"
    ];
    g2d(predict).expect(1).says(&["G2D-W45", "starting weights", "init"]);
    g2d(args!["info", "--model", out]).expect(1).says(&["G2D-W45"]);
}

#[test]
fn bundles_and_checkpoints_are_a_start_too() {
    let ward = Ward::new();
    let start = StartBundle::read(&own_bundle(ward.folder.path())).unwrap();
    assert_eq!(start.config["preset"], "test");
    assert!(start.tokenizer.is_some());
    let tensors = SafeTensors::deserialize(&start.weights).unwrap();
    assert!(tensors.names().iter().any(|name| name.starts_with("text_encoder.")));
    assert!(tensors.names().iter().any(|name| name.starts_with("decoder.")));

    ward.put("run/checkpoints/step-000007/model.safetensors", &start.weights);
    let config = serde_json::to_vec(&start.config).unwrap();
    ward.put("run/checkpoints/step-000007/config.json", &config);
    ward.put("run/checkpoints/step-000007/tokenizer.json", start.tokenizer.as_ref().unwrap());
    ward.put("run/checkpoints/latest", b"step-000007\n");
    for folder in ["run", "run/checkpoints/step-000007"] {
        let again = StartBundle::read(&ward.path(folder)).unwrap();
        assert_eq!((again.config, again.weights), (start.config.clone(), start.weights.clone()));
    }
    fs::remove_file(ward.path("run/checkpoints/step-000007/tokenizer.json")).unwrap();
    let error = format!("{:#}", StartBundle::read(&ward.path("run")).unwrap_err());
    assert!(error.contains("tokenizer.json") && error.contains("G2D-F01"), "{error}");
}

#[test]
fn a_name_that_promises_another_hash_is_told() {
    let ward = Ward::new();
    let bytes = fs::read(fixture("resnet18.pth")).unwrap();
    let hash = g2d_core::weights::hex_sha256(&bytes);
    let honest = ward.put(&format!("resnet18-{}.pth", &hash[..8]), &bytes);
    let run = import("torchvision", &[honest], &ward.path("a"), &[]).expect(0);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    let other = ward.put("resnet18-00000000.pth", &bytes);
    let run = import("torchvision", &[other], &ward.path("b"), &["--quiet"]).expect(0);
    run.says(&["warning: resnet18-00000000.pth", &hash[..8]]);
}

#[test]
fn shards_come_together_and_a_missing_one_is_told() {
    let ward = Ward::new();
    let bytes = fs::read(fixture("bert_cased/model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors();
    let (first, second) = tensors.split_at(tensors.len() / 2);
    for (i, part) in [first, second].into_iter().enumerate() {
        let shard = safetensors::serialize(part.to_vec(), None).unwrap();
        ward.put(&format!("bert/model-0000{}-of-00002.safetensors", i + 1), &shard);
    }
    for name in ["config.json", "vocab.txt"] {
        ward.put(&format!("bert/{name}"), &fs::read(fixture("bert_cased").join(name)).unwrap());
    }
    let (folder, out) = (ward.path("bert"), ward.path("start"));
    import("hf-bert", std::slice::from_ref(&folder), &out, &[]).expect(0);
    check_small_bert(&out, "bert_cased");
    fs::remove_file(folder.join("model-00002-of-00002.safetensors")).unwrap();
    let run = import("hf-bert", &[folder], &out, &["--force"]).expect(1);
    run.says(&["model-00001-of-00002.safetensors", "G2D-W"]);
    check_small_bert(&out, "bert_cased");
}

/// The real sizes, by hand: `python make_import.py --full DIR`, then
/// `G2D_IMPORT_FULL=DIR cargo test … --test cli full_size -- --ignored --nocapture`.
#[test]
#[ignore = "needs 1 GB of files that make_import.py --full writes"]
fn full_size() {
    let folder = PathBuf::from(std::env::var_os("G2D_IMPORT_FULL").expect("G2D_IMPORT_FULL"));
    let ward = Ward::new();
    let timed = |from: &str, file: &str| {
        let out = ward.path(file);
        let started = std::time::Instant::now();
        let run = import(from, &[folder.join(file)], &out, &[]).expect(0);
        println!("{file}: {:.1} s, {}", started.elapsed().as_secs_f64(), run.stdout.trim());
        out
    };
    let out = timed("torchvision", "resnet50.pth");
    let config = ResNetConfig { depth: 50, width: 64 };
    check_resnet(&out, config, &folder.join("resnet.safetensors"), "map");
    for name in ["bert_bin", "bert_safetensors"] {
        let out = timed("hf-bert", name);
        check_bert(&out, &folder.join(format!("{name}.safetensors")), "");
    }
}

/// Hidden states of a text by imported starting weights.
fn hidden(start: &StartBundle, text: &str) -> Vec<f32> {
    let config = g2d_train::import::hf_bert::text_config(&start.config["text"]).unwrap();
    let net = Bert::new(&config, &Device::flex());
    let net = load(Parts { image_encoder: None, text_encoder: Some(net) }, start);
    let tokenizer = ReportTokenizer::from_bytes(start.tokenizer.as_ref().unwrap()).unwrap();
    let tokens = tokenizer.encode_batch(&[text], 40).unwrap();
    let (ids, mask) = g2d_core::session::token_tensors(&tokens, &Device::flex());
    net.text_encoder.unwrap().forward(ids, mask).into_data().iter::<f32>().collect()
}

#[test]
fn a_pruned_vocabulary_computes_the_same_and_layers_can_be_left_out() {
    let ward = Ward::new();
    let folder = [fixture("bert_uncased")];
    let take = |name: &str, more: &[&str]| {
        let out = ward.path(name);
        let run = import("hf-bert", &folder, &out, more).expect(0);
        (StartBundle::read(&out).unwrap(), run)
    };
    let stored: Value = serde_json::from_slice(&fs::read(fixture("ids.json")).unwrap()).unwrap();
    let text = stored["sentences"][0].as_str().unwrap();
    ward.put("words.txt", text.as_bytes());
    let words = ward.path("words.txt");
    let words = words.to_str().unwrap();

    let (whole, _) = take("whole", &[]);
    let (pruned, run) = take("pruned", &["--keep-words", words]);
    run.says(&["words are kept"]);
    let rows = |start: &StartBundle| start.config["text"]["vocab_size"].as_u64().unwrap();
    assert!(rows(&pruned) < rows(&whole));
    let (a, b) = (hidden(&whole, text), hidden(&pruned, text));
    assert!(a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));

    let layers = |start: &StartBundle| start.config["text"]["num_hidden_layers"].as_u64().unwrap();
    let (short, run) = take("short", &["--layers", "1"]);
    run.says(&["encoder.layer.1.*"]);
    assert_eq!(layers(&short), 1);
    assert_eq!(layers(&whole), 2);
    let out = ward.path("no");
    import("hf-bert", &folder, &out, &["--layers", "3"]).expect(1).says(&["G2D-C23", "1 to 2"]);
    let few = ["--keep-words", words, "--vocab", "9"];
    import("hf-bert", &folder, &out, &few).expect(1).says(&["G2D-C22", "--vocab"]);
    import("hf-bert", &folder, &out, &["--vocab", "9"]).expect(2);
    let film = [fixture("resnet18.pth")];
    import("torchvision", &film, &out, &["--layers", "1"]).expect(2).says(&["hf-bert"]);
    assert!(!out.exists());
}
