//! `g2d ablate`: runs a set once, goes on where it was stopped, and tells differences from chance.

use std::{fs, path::Path, time::SystemTime};

use serde_json::Value;

use crate::support::{Run, g2d};

/// Two variants of a network that trains in a moment.
const SET: &str = r#"
about = "A test."
base = "smoke"
set = [
    "steps=3",
    "optim.lr=0.02",
    "batch_size=4",
    "data.phantoms=8",
    "data.phantom.size=32",
    "model.image.resize_to=32",
    "model.image.input_size=32",
    "model.text.num_hidden_layers=1",
    "loss.pixel_warmup_steps=1",
    "log.validation_studies=4",
    "log.checkpoint_every=1",
]
start = ["loss.decoder_task=none", "steps=2"]
reference = "G2D"
metrics = [
    "probe_decoder_4",
    "probe_random_decoder_4",
    "probe_encoder_4",
    "pseudo_dice",
    "recall_5_image_to_text",
    "pointing_value",
]
[probe]
labels = [4]
test = 6
pixels = 200

[[variant]]
name = "G2D"

[[variant]]
name = "no decoder"
set = ["loss.decoder_task=none"]
expect = "below"
"#;

fn ablate(set: &Path, out: &Path, more: &[&str]) -> Run {
    let mut args = vec!["ablate", "--device", "cpu", "--config", set.to_str().unwrap(), "--out"];
    args.push(out.to_str().unwrap());
    args.extend(more);
    g2d(args)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn rows<'a>(comparison: &'a Value, measure: &str) -> &'a Vec<Value> {
    let measures = comparison["measures"].as_array().unwrap();
    let found = measures.iter().find(|m| m["name"] == measure);
    found.unwrap_or_else(|| panic!("no {measure} in {comparison}"))["rows"].as_array().unwrap()
}

#[test]
fn a_set_runs_once_and_its_statistics_are_those_of_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let (set, out) = (folder.path().join("pair.toml"), folder.path().join("out"));
    fs::write(&set, SET).unwrap();
    let run = ablate(&set, &out, &["--seeds", "2"]).expect(0);
    assert!(run.stdout.contains("It is not evidence about radiographs."), "{}", run.stdout);
    assert!(run.stdout.contains("Not for clinical use"), "{}", run.stdout);
    assert_eq!(
        run.stdout.trim_end(),
        fs::read_to_string(out.join("ablation.md")).unwrap().trim_end()
    );

    let found = json(&out.join("ablation.json"));
    for measure in ["probe_decoder_4", "probe_encoder_4", "pseudo_dice", "recall_5_image_to_text"] {
        let rows = rows(&found, measure);
        let values = |row: usize| -> Vec<f64> {
            let by_seed = rows[row]["by_seed"].as_object().unwrap();
            assert_eq!(by_seed.keys().collect::<Vec<_>>(), ["0", "1"], "{measure}");
            by_seed.values().map(|v| v.as_f64().unwrap()).collect()
        };
        let (g2d, none) = (values(0), values(1));
        // Two pairs: t(0.975, 1) is 12.7062, t(0.8, 1) is 1.3764, and the deviation over sqrt(2)
        // is half the distance of the two differences.
        let (first, second) = (none[0] - g2d[0], none[1] - g2d[1]);
        let (mean, half) = ((first + second) / 2.0, (first - second).abs() / 2.0);
        let difference = &rows[1]["difference"];
        let close = |value: &Value, want: f64| {
            let value = value.as_f64().unwrap();
            assert!((value - want).abs() < 1e-4 * (1.0 + want.abs()), "{measure}: {value} {want}");
        };
        close(&difference["mean"], mean);
        close(&difference["interval"]["low"], mean - 12.7062 * half);
        close(&difference["interval"]["high"], mean + 12.7062 * half);
        close(&difference["detectable"], (12.7062 + 1.3764) * half);
        close(&rows[0]["mean"], (g2d[0] + g2d[1]) / 2.0);
        assert!(rows[0]["difference"].is_null());
    }
    assert_eq!(rows(&found, "probe_decoder_4")[1]["expected"], "below");
    assert!(rows(&found, "probe_encoder_4")[1]["expected"].is_null(), "only of the first measure");
    // A decoder that learnt nothing is one of random weights: the control starts where runs start.
    let by = |measure: &str, row: usize| rows(&found, measure)[row]["by_seed"].clone();
    assert_eq!(by("probe_decoder_4", 1), by("probe_random_decoder_4", 1));
    assert_ne!(by("probe_decoder_4", 0), by("probe_random_decoder_4", 0));
    let baselines = found["baselines"].as_object().unwrap();
    assert_eq!(baselines["all_empty_dice"][0], 0.0);
    assert!(baselines["whole_image_dice"][0].as_f64().unwrap() > 0.0);
    assert!(baselines.contains_key("random_encoder_4") && baselines.contains_key("random_both_4"));

    // All variants of a seed start from its start.
    let config = fs::read_to_string(out.join("runs/g2d/seed-1/config.toml")).unwrap();
    assert!(config.contains("start/seed-1/checkpoints/step-000002"), "{config}");
    let first = |variant: &str, seed: u64| -> Value {
        let path = out.join(format!("runs/{variant}/seed-{seed}/metrics.jsonl"));
        let text = fs::read_to_string(path).unwrap();
        let row: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        row["alignment"].clone()
    };
    assert_eq!(first("g2d", 0), first("no-decoder", 0));
    assert_ne!(first("g2d", 0), first("g2d", 1));

    // Again: nothing is trained, the result is the same. One seed more: only that is trained.
    let weights = out.join("runs/no-decoder/seed-1/checkpoints/step-000003/model.safetensors");
    let written = |path: &Path| -> SystemTime { fs::metadata(path).unwrap().modified().unwrap() };
    let before = written(&weights);
    let again = ablate(&set, &out, &["--seeds", "2"]).expect(0);
    assert_eq!(again.stdout, run.stdout);
    assert_eq!(again.stderr.matches("done before").count(), 4, "{}", again.stderr);
    let more = ablate(&set, &out, &["--seeds", "2,0"]).expect(0);
    assert_eq!(more.stderr.matches("done before").count(), 2, "{}", more.stderr);
    assert_eq!(written(&weights), before);

    // A run that lost its measurement, or its end, gets them back as they were.
    let result = out.join("runs/no-decoder/seed-1/result.json");
    let whole = fs::read(&result).unwrap();
    fs::remove_file(&result).unwrap();
    ablate(&set, &out, &["--seeds", "2"]).expect(0);
    assert_eq!(fs::read(&result).unwrap(), whole, "measured again");
    assert_eq!(written(&weights), before, "not trained again");
    fs::remove_file(&result).unwrap();
    fs::remove_dir_all(weights.parent().unwrap()).unwrap();
    fs::write(out.join("runs/no-decoder/seed-1/checkpoints/latest"), "step-000002").unwrap();
    let resumed = ablate(&set, &out, &["--seeds", "2"]).expect(0);
    assert_eq!(fs::read(&result).unwrap(), whole, "trained on from the checkpoint");
    assert_eq!(resumed.stdout, run.stdout);

    // The folder belongs to this set.
    fs::write(&set, SET.replace("expect = \"below\"", "expect = \"above\"")).unwrap();
    ablate(&set, &out, &["--seeds", "2"]).expect(1).says(&[
        "G2D-F51",
        "no decoder",
        "\"below\" there and \"above\" here",
    ]);
    fs::write(&set, SET).unwrap();
    ablate(&set, &out, &["--set", "optim.lr=0.5"]).expect(1).says(&["optim.lr"]);
}

#[test]
fn one_seed_has_no_interval() {
    let folder = tempfile::tempdir().unwrap();
    let (set, out) = (folder.path().join("one.toml"), folder.path().join("out"));
    fs::write(&set, SET).unwrap();
    let run = ablate(&set, &out, &["--seeds", "5,"]).expect(0);
    assert!(run.stdout.contains("one seed: no interval"), "{}", run.stdout);
    let found = json(&out.join("ablation.json"));
    assert!(rows(&found, "pseudo_dice")[1]["difference"]["interval"].is_null());
    assert_eq!(found["seeds"], serde_json::json!([5]));
}

#[test]
fn sets_that_cannot_run_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (set, out) = (folder.path().join("bad.toml"), folder.path().join("out"));
    let refuse = |from: &str, to: &str, words: &[&str]| {
        fs::write(&set, SET.replace(from, to)).unwrap();
        ablate(&set, &out, &[]).expect(1).says(words);
        assert!(!out.exists(), "{to}");
    };
    refuse("expect", "hope", &["unknown field `hope`"]);
    refuse("reference = \"G2D\"", "reference = \"G3D\"", &["G2D-C50", "\"G3D\"", "no decoder"]);
    refuse("decoder_task=none", "decoder_task=masks", &["The variant \"no decoder\""]);
    refuse(
        "loss.decoder_task=none",
        "model.attention.heads=3",
        &["The variant \"no decoder\"", "G2D-C03"],
    );
    refuse("pseudo_dice", "pseudo_nice", &["G2D-C50", "pseudo_outside_body"]);
    ablate(&folder.path().join("none.toml"), &out, &[]).expect(1).says(&["families", "G2D-F01"]);
    ablate(Path::new("families"), &out, &["--seeds", "0"]).expect(2);
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), "x").unwrap();
    ablate(Path::new("families"), &out, &[]).expect(1).says(&["G2D-F50"]);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}
