//! `g2d eval` on phantoms and on hand-made manifests: what is told must follow from the data.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use g2d_core::{
    outcome::Assertion,
    raster::{Mask, Raster},
    render,
};
use g2d_train::data::manifest::{self, PairSentence};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    args,
    support::{Run, bundle, g2d},
};

/// A folder with films of 64 pixels, as large as the test model's input, so that nothing is
/// scaled; film `i` is brighter than film `i - 1`.
pub(crate) struct Films(pub(crate) TempDir);

impl Films {
    pub(crate) fn new(count: usize) -> Self {
        let films = Self(tempfile::tempdir().unwrap());
        for i in 0..count {
            let texture = |p: usize| (p * 37 % 101) as f32 / 400.0 + (p * i % 17) as f32 / 200.0;
            let data = (0..64 * 64).map(|p| 0.1 + 0.05 * i as f32 + texture(p)).collect();
            let film = Raster { width: 64, height: 64, data };
            films.put(&format!("{i}.png"), &render::grey_png8(&film).unwrap());
        }
        films
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a measurement and reads its JSON, if there is one.
    pub(crate) fn eval(&self, task: &str, manifest: &str, more: &[&str]) -> (Run, Option<Value>) {
        let json = self.0.path().join("out.json");
        let _ = fs::remove_file(&json);
        let path = self.0.path().join(manifest);
        let mut args: Vec<OsString> =
            args!["eval", task, "--model", bundle(), "--manifest", path, "--json", json].to_vec();
        args.extend(["--device".into(), "cpu".into(), "--batch".into(), "3".into()]);
        args.extend(more.iter().map(Into::into));
        let run = g2d(args);
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
        }
        let value = fs::read(&json).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap());
        (run, value)
    }

    pub(crate) fn good(&self, task: &str, manifest: &str, more: &[&str]) -> (Run, Value) {
        let (run, json) = self.eval(task, manifest, more);
        let run = run.expect(0);
        assert!(run.stdout.contains("Not for clinical use"), "{}", run.stdout);
        let json = json.unwrap();
        assert!(json["notice"].as_str().unwrap().contains("Not for clinical use"));
        assert_eq!(json["model"]["name"], "random");
        assert_eq!(json["task"], task);
        check_scores(&json["metrics"]);
        json["baselines"].as_object().unwrap().values().for_each(check_scores);
        (run, json)
    }
}

/// Every score has its definition; a missing number has its reason.
fn check_scores(scores: &Value) {
    for (name, score) in scores.as_object().unwrap() {
        assert!(score["definition"].as_str().is_some_and(|d| d.len() > 5), "{name}: {score}");
        assert!(score["n"].is_u64(), "{name}");
        let number = |key: &str| score[key].as_f64();
        match (number("value"), number("low"), number("high")) {
            (Some(value), Some(low), Some(high)) => {
                assert!(low <= high && value.is_finite(), "{name}: {score}");
            }
            (None, ..) => assert!(score["reason"].is_string(), "{name}: {score}"),
            _ => {}
        }
    }
}

pub(crate) fn value(scores: &Value, name: &str) -> f64 {
    scores[name]["value"].as_f64().unwrap_or_else(|| panic!("{name}: {}", scores[name]))
}

pub(crate) fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} is not {b}");
}

pub(crate) fn synth(folder: &Path, count: &str, splits: &str) {
    let args = args!["data", "synth", "--out", folder, "--count", count, "--size", "96"];
    let more = ["--seed", "5", "--split", splits].map(OsString::from);
    g2d(args.into_iter().chain(more)).expect(0);
}

#[test]
fn phantoms_are_the_same_with_and_without_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = |verb: &[&str], json: &str| {
        let json = folder.path().join(json);
        let mut args: Vec<OsString> = verb.iter().map(Into::into).collect();
        args.extend(args![
            "--model",
            bundle(),
            "--phantoms",
            "6",
            "--json",
            json,
            "--device",
            "cpu"
        ]);
        (g2d(args).expect(0).stdout, fs::read(json).unwrap())
    };
    let (table, json) = run(&["eval"], "a.json");
    assert_eq!((table.clone(), json.clone()), run(&["eval", "phantoms"], "b.json"));
    assert!(table.starts_with("| map | sentences |") && table.contains("| random point |"));
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["studies"], 6);
    g2d(["eval"]).expect(2).says(&["--model"]);
    g2d(["eval", "grounding"]).expect(2).says(&["--manifest"]);
}

#[test]
fn grounding_on_phantoms_is_consistent_and_repeats() {
    let films = Films::new(0);
    synth(&films.0.path().join("set"), "40", "val=0.5,test=0.5");
    let rows = "set/manifest.jsonl";
    let (run, json) = films.good("grounding", rows, &[]);
    assert_eq!(json["threshold"]["mode"], "val");
    let level = json["threshold"]["value"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&level));
    let data = &json["data"];
    assert!(data["used"].as_u64().unwrap() > 5 && data["cases"].as_u64() >= data["used"].as_u64());
    let mut ways: Vec<&Value> = json["baselines"].as_object().unwrap().values().collect();
    assert_eq!(ways.len(), 5);
    ways.push(&json["metrics"]);
    for way in ways {
        let (iou, dice) = (value(way, "iou"), value(way, "dice"));
        assert!(iou <= dice + 1e-9 && dice <= 2.0 * iou / (1.0 + iou) + 1e-9, "{iou} {dice}");
        assert_eq!(way["dice"]["n"], data["cases"]);
    }
    // The cases are the different sentences that say a finding is there.
    let mut sentences = 0;
    for pair in manifest::read(&films.0.path().join(rows)).unwrap() {
        let present =
            |s: &&PairSentence| s.assertion == Assertion::Present && !s.findings.is_empty();
        let texts = pair.sentences.iter().filter(present).map(|s| &pair.text[s.start..s.end]);
        let test = pair.split.as_deref() == Some("test");
        sentences += if test { texts.collect::<BTreeSet<_>>().len() } else { 0 };
    }
    assert_eq!(data["cases"], sentences);
    let baselines = &json["baselines"];
    close(value(&baselines["whole_image"], "pixel_recall"), 1.0);
    close(value(&baselines["empty"], "dice"), 0.0);
    assert!((value(&baselines["random"], "pixel_auroc") - 0.5).abs() < 0.05);
    assert!(run.stdout.contains("| pixel_auroc |") && run.stdout.contains("whole_image"));
    let (_, again) = films.good("grounding", rows, &[]);
    assert_eq!(json, again, "the same data give the same numbers");

    // The level that was chosen on the rows themselves cannot be worse.
    let (_, oracle) = films.good("grounding", rows, &["--threshold", "oracle"]);
    assert!(value(&oracle["metrics"], "dice") >= value(&json["metrics"], "dice") - 1e-9);
    assert!(oracle["threshold"]["chosen_on"].as_str().unwrap().contains("optimistic"));
    let fixed = format!("fixed:{level}");
    let (_, fixed) = films.good("grounding", rows, &["--threshold", &fixed]);
    close(value(&fixed["metrics"], "dice"), value(&json["metrics"], "dice"));
    // What needs no threshold does not depend on it.
    for name in ["pixel_auroc", "pixel_ap", "pointing", "cnr"] {
        assert_eq!(oracle["metrics"][name], json["metrics"][name], "{name}");
    }
    for mode in ["otsu", "quantile:0.85", "model"] {
        let (_, json) = films.good("grounding", rows, &["--threshold", mode]);
        assert_eq!(json["threshold"]["mode"], mode);
        assert!(json["threshold"]["value"].is_null());
    }
    for source in ["value", "proj", "attention", "local"] {
        let (_, json) = films.good("grounding", rows, &["--source", source]);
        assert_eq!(json["settings"]["source"], source);
    }
    films.eval("grounding", rows, &["--threshold", "best"]).0.expect(2);
    let (run, json) = films.eval("grounding", rows, &["--split", "nowhere"]);
    run.expect(1).says(&["G2D-M42"]);
    assert!(json.is_none());
}

#[test]
fn boxes_as_fractions_pixels_and_masks_are_one_truth() {
    let films = Films::new(2);
    let mut mask = Mask::filled(64, 64, 0);
    for row in mask.data.chunks_exact_mut(64).skip(32).take(16) {
        row[16..48].fill(1);
    }
    films.put("m.png", &render::mask_png(&mask).unwrap());
    let rows = |truth: &str| {
        let row = |i| format!("{{\"image\":\"{i}.png\",\"text\":\"Right effusion.\",{truth}}}\n");
        [row(0), row(1)].concat()
    };
    films.put("f.jsonl", rows(r#""boxes":[[0.25,0.5,0.5,0.25]]"#).as_bytes());
    films.put("p.jsonl", rows(r#""boxes":[[16,32,32,16]]"#).as_bytes());
    films.put("m.jsonl", rows(r#""mask":"m.png""#).as_bytes());
    films.put(
        "u.jsonl",
        rows(r#""boxes":[[0.25,0.5,0.25,0.25],{"box":[0.4,0.5,0.35,0.25]}]"#).as_bytes(),
    );
    let csv = "image,text,boxes\n0.png,Right effusion.,\"[[0.25,0.5,0.5,0.25]]\"\n\
        1.png,Right effusion.,\"[[0.25,0.5,0.5,0.25]]\"\n";
    films.put("f.csv", csv.as_bytes());
    // Everything is above -2: the whole image is the mask, and 1/8 of it is true.
    let all = ["--threshold", "fixed:-2"];
    let (_, json) = films.good("grounding", "f.jsonl", &all);
    let metrics = json["metrics"].clone();
    close(value(&metrics, "pixel_recall"), 1.0);
    close(value(&metrics, "pixel_precision"), 0.125);
    close(value(&metrics, "iou"), 0.125);
    close(value(&metrics, "dice"), 0.25 / 1.125);
    close(value(&metrics, "hit_rate_iou_10"), 1.0);
    assert_eq!(json["data"]["split"], "all rows (none names a split)");
    for (manifest, more) in
        [("m.jsonl", ""), ("u.jsonl", ""), ("f.csv", ""), ("p.jsonl", "--boxes-unit=pixel")]
    {
        let more: Vec<&str> = all.into_iter().chain((!more.is_empty()).then_some(more)).collect();
        let (_, json) = films.good("grounding", manifest, &more);
        assert_eq!(json["metrics"], metrics, "{manifest}");
    }
    // Nothing is above 2.
    let (_, json) = films.good("grounding", "f.jsonl", &["--threshold", "fixed:2"]);
    close(value(&json["metrics"], "pixel_recall"), 0.0);
    close(value(&json["metrics"], "iou"), 0.0);
    // Pixels that are taken for shares are refused, line by line.
    let (run, json) = films.eval("grounding", "p.jsonl", &all);
    run.expect(1).says(&["Line 1: ", "Line 2: ", "--boxes-unit pixel", "G2D-M41"]);
    assert!(json.is_none());
    let (run, _) = films.eval("grounding", "f.jsonl", &["--threshold", "val"]);
    run.expect(1).says(&["G2D-M44"]);
}

#[test]
fn bad_rows_are_told_and_the_others_scored() {
    let films = Films::new(2);
    films.put("broken.png", b"\x89PNG\r\n\x1a\nnot really");
    films.put("small.png", &render::mask_png(&Mask::filled(9, 9, 1)).unwrap());
    let rows = r#"{"image":"0.png","text":"Opacity.","boxes":[[0.2,0.2,0.4,0.4]]}
{"image":"SECRET.png","text":"Opacity.","boxes":[[0.2,0.2,0.4,0.4]]}
{"image":"broken.png","text":"SECRET","boxes":[[0.2,0.2,0.4,0.4]]}
{"image":"0.png","text":"SECRET
{"image":"1.png","text":"Opacity.","mask":"small.png"}
{"image":"1.png","text":"SECRET","boxes":[]}
{"image":"1.png","boxes":[[0.2,0.2,0.4,0.4]]}
{"image":"1.png","text":"Nodule.","boxes":[[0.1,0.2,0.4,0.4]]}
"#;
    films.put("rows.jsonl", rows.as_bytes());
    let (run, json) = films.eval("grounding", "rows.jsonl", &["--threshold", "otsu"]);
    let run = run.expect(1).says(&[
        "Line 2: the file of `image` is not there",
        "Line 3: ",
        "broken.png",
        "Line 4: this is not a JSON object",
        "Line 5: ",
        "G2D-M43",
        "Line 7: there is no text",
        "5 of 8 rows failed",
    ]);
    assert!(!run.stderr.contains("SECRET") && run.stdout.contains("| iou |"), "{}", run.stderr);
    let json = json.unwrap();
    assert_eq!((&json["data"]["used"], &json["data"]["rows"]), (&2.into(), &8.into()));
    let excluded = json["data"]["excluded"].as_array().unwrap();
    let lines = |reason: &str| {
        let of = excluded.iter().find(|e| e["reason"].as_str().unwrap().contains(reason));
        let mut lines: Vec<u64> =
            of.unwrap()["lines"].as_array().unwrap().iter().map(|l| l.as_u64().unwrap()).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(lines("failed"), [2, 3, 4, 5, 7]);
    assert_eq!(lines("nothing to find"), [6]);
    films.put("none.jsonl", b"{\"image\":\"broken.png\",\"text\":\"x\",\"boxes\":[[0,0,1,1]]}\n");
    let (run, json) = films.eval("grounding", "none.jsonl", &[]);
    run.expect(1).says(&["G2D-M41", "none.jsonl"]);
    assert!(json.is_none());
    films.put("empty.jsonl", b"");
    films.eval("retrieval", "empty.jsonl", &[]).0.expect(1).says(&["G2D-M41"]);
    films.eval("retrieval", "nowhere.jsonl", &[]).0.expect(1).says(&["There is no such file"]);
}
