//! Help, versions, the schema, and what the program tells about itself.

use std::process::{Command, Stdio};

use crate::{
    args,
    support::{bundle, g2d},
};

#[test]
fn help_says_what_this_is_not() {
    let run = g2d(["--help"]).expect(0);
    assert!(run.stdout.contains("Not for clinical use."), "{}", run.stdout);
    assert!(run.stderr.is_empty());
    for verb in ["data", "train", "eval", "predict", "export", "info", "schema"] {
        assert!(run.stdout.contains(verb), "{verb} is not in the help");
        g2d([verb, "--help"]).expect(0);
    }
}

#[test]
fn wrong_usage_is_code_two() {
    g2d::<&str>([]).expect(2);
    g2d(["prophesy"]).expect(2);
    g2d(["predict"]).expect(2).says(&["--model"]);
    g2d(["data", "synth", "--out", "x", "--count", "0"]).expect(2);
    g2d(["data", "synth", "--out", "x", "--count", "1", "--split", "train=2"])
        .expect(2)
        .says(&["add up to 2"]);
}

#[test]
fn the_schema_is_json_and_names_every_field() {
    let run = g2d(["schema"]).expect(0);
    let schema: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    for field in ["schema_version", "notice", "sentences", "pseudo_mask", "decoder_mask", "model"] {
        assert!(schema["properties"].get(field).is_some(), "{field}");
    }
    assert!(run.stderr.is_empty());
}

#[test]
fn a_closed_reader_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_g2d"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn info_tells_devices_and_sizes() {
    let run = g2d(["info", "--devices", "--json"]).expect(0);
    let report = &run.json()[0];
    let devices = report["devices"].as_array().unwrap();
    assert!(devices.iter().any(|d| d["choice"] == "cpu"), "{report}");
    assert!(report["notice"].as_str().unwrap().contains("Not for clinical use"));

    let run = g2d(args!["info", "--model", bundle(), "--json"]).expect(0);
    let report = &run.json()[0];
    let parameters = report["model"]["parameters"].as_object().unwrap();
    let count = |name: &str| parameters[name].as_u64().unwrap();
    let parts: u64 = parameters.keys().filter(|k| *k != "total").map(|k| count(k)).sum();
    assert_eq!(parts, count("total"), "{parameters:?}");
    // f32, plus the running statistics that are no parameters, plus the files' headers.
    let weights = report["model"]["bundle"]["weight_bytes"].as_u64().unwrap();
    assert!(weights >= 4 * count("total") && weights < 5 * count("total"), "{weights}");
    let sha256 = report["model"]["bundle"]["sha256"].as_str().unwrap();

    let text = g2d(args!["info", "--model", bundle()]).expect(0).stdout;
    assert!(text.contains(sha256) && text.contains("image encoder"), "{text}");
}

#[test]
fn the_papers_model_has_the_papers_size() {
    let run = g2d(["info", "--preset", "base", "--json"]).expect(0);
    let parameters = &run.json()[0]["model"]["parameters"];
    // ResNet-50 without its classifier and BERT-base with 28,996 words, as published.
    assert_eq!(parameters["image_encoder"], 23_508_032);
    let bert = parameters["text_encoder"].as_u64().unwrap();
    assert!((107_000_000..109_000_000).contains(&bert), "{bert}");
    g2d(["info", "--preset", "huge"]).expect(1).says(&["G2D-C02", "base, small or tiny"]);
}

#[test]
fn unknown_devices_are_refused_with_what_there_is() {
    let model = bundle();
    let ward = crate::support::Ward::new();
    let base = args![
        "predict",
        ward.path("film0.png"),
        "--report",
        ward.path("report0.txt"),
        "--model",
        model,
        "--out",
        ward.path("out"),
        "--device"
    ];
    let with = |device: &str| g2d(base.iter().cloned().chain([device.into()]));
    with("abacus").expect(1).says(&["G2D-D10", "auto, cpu, wgpu"]);
    #[cfg(not(feature = "cuda"))]
    with("cuda:0").expect(1).says(&["G2D-D11", "built without cuda", "cpu"]);
}
