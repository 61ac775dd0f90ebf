//! `g2d eval` on phantoms and on hand-made manifests: what is told must follow from the data.

use std::{ffi::OsString, fs, path::Path};

use g2d_core::{
    raster::{Mask, Raster},
    render,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    args,
    support::{Run, bundle, g2d},
};

/// A folder with films of 64 pixels, as large as the test model's input, so that nothing is
/// scaled; film `i` is brighter than film `i - 1`.
struct Films(TempDir);

impl Films {
    fn new(count: usize) -> Self {
        let films = Self(tempfile::tempdir().unwrap());
        for i in 0..count {
            let texture = |p: usize| (p * 37 % 101) as f32 / 400.0 + (p * i % 17) as f32 / 200.0;
            let data = (0..64 * 64).map(|p| 0.1 + 0.05 * i as f32 + texture(p)).collect();
            let film = Raster { width: 64, height: 64, data };
            films.put(&format!("{i}.png"), &render::grey_png8(&film).unwrap());
        }
        films
    }

    fn put(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a measurement and reads its JSON, if there is one.
    fn eval(&self, task: &str, manifest: &str, more: &[&str]) -> (Run, Option<Value>) {
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

    fn good(&self, task: &str, manifest: &str, more: &[&str]) -> (Run, Value) {
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

fn value(scores: &Value, name: &str) -> f64 {
    scores[name]["value"].as_f64().unwrap_or_else(|| panic!("{name}: {}", scores[name]))
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} is not {b}");
}

fn synth(folder: &Path, count: &str, splits: &str) {
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
    let manifest = "set/manifest.jsonl";
    let (run, json) = films.good("grounding", manifest, &[]);
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
    let baselines = &json["baselines"];
    close(value(&baselines["whole_image"], "pixel_recall"), 1.0);
    close(value(&baselines["empty"], "dice"), 0.0);
    assert!((value(&baselines["random"], "pixel_auroc") - 0.5).abs() < 0.05);
    assert!(run.stdout.contains("| pixel_auroc |") && run.stdout.contains("whole_image"));
    let (_, again) = films.good("grounding", manifest, &[]);
    assert_eq!(json, again, "the same data give the same numbers");

    // The level that was chosen on the rows themselves cannot be worse.
    let (_, oracle) = films.good("grounding", manifest, &["--threshold", "oracle"]);
    assert!(value(&oracle["metrics"], "dice") >= value(&json["metrics"], "dice") - 1e-9);
    assert!(oracle["threshold"]["chosen_on"].as_str().unwrap().contains("optimistic"));
    let fixed = format!("fixed:{level}");
    let (_, fixed) = films.good("grounding", manifest, &["--threshold", &fixed]);
    close(value(&fixed["metrics"], "dice"), value(&json["metrics"], "dice"));
    // What needs no threshold does not depend on it.
    for name in ["pixel_auroc", "pixel_ap", "pointing", "cnr"] {
        assert_eq!(oracle["metrics"][name], json["metrics"][name], "{name}");
    }
    for mode in ["otsu", "quantile:0.85", "model"] {
        let (_, json) = films.good("grounding", manifest, &["--threshold", mode]);
        assert_eq!(json["threshold"]["mode"], mode);
        assert!(json["threshold"]["value"].is_null());
    }
    for source in ["value", "proj", "attention", "local"] {
        let (_, json) = films.good("grounding", manifest, &["--source", source]);
        assert_eq!(json["settings"]["source"], source);
    }
    films.eval("grounding", manifest, &["--threshold", "best"]).0.expect(2);
    let (run, json) = films.eval("grounding", manifest, &["--split", "nowhere"]);
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

/// Vectors as `g2d embed` gives them, by id.
fn vectors(films: &Films, manifest: &str) -> [Vec<(String, Vec<f32>)>; 2] {
    let out = films.0.path().join("vectors.safetensors");
    let path = films.0.path().join(manifest);
    g2d(args!["embed", "--model", bundle(), "--manifest", path, "--out", out, "--device", "cpu"])
        .expect(0);
    let bytes = fs::read(&out).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    ["images", "texts"].map(|name| {
        let Ok(tensor) = file.tensor(name) else { return Vec::new() };
        let ids: Vec<String> = serde_json::from_str(&metadata[&format!("{name}_ids")]).unwrap();
        let values: Vec<f32> =
            tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        ids.into_iter().zip(values.chunks_exact(tensor.shape()[1]).map(<[f32]>::to_vec)).collect()
    })
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[test]
fn zero_shot_scores_follow_from_the_vectors() {
    let films = Films::new(7);
    // Later films are brighter, so the mean grey level tells this class perfectly. The last row
    // makes an incomplete batch, which must count.
    let csv = "image,Pneumonia,Edema,Hernia,No Finding,Age\n\
        0.png,0,1,,1,10\n1.png,0,0,,0,20\n2.png,0,1,1,1,30\n3.png,0,,1,0,40\n\
        4.png,1,-1,,0,50\n5.png,1,1,,0,60\n6.png,1,0,,0,70\n";
    films.put("rows.csv", csv.as_bytes());
    let (run, json) = films.good("zero-shot", "rows.csv", &[]);
    let metrics = &json["metrics"];
    assert_eq!(
        (&metrics["auc/Pneumonia"]["n"], &metrics["auc/Edema"]["n"]),
        (&7.into(), &5.into())
    );
    close(value(&json["baselines"]["mean_grey"], "auc/Pneumonia"), 1.0);
    close(value(&json["baselines"]["majority"], "accuracy_fixed/Pneumonia"), 4.0 / 7.0);
    close(value(&json["baselines"]["random"], "ap/Pneumonia"), 3.0 / 7.0);
    let excluded = &json["settings"]["excluded classes"];
    assert_eq!(excluded["Hernia"], "no negative row");
    assert!(excluded["No Finding"].as_str().unwrap().contains("opposite"), "{excluded}");
    assert!(excluded.get("Age").is_none() && excluded.get("Mass").is_none());
    assert!(metrics["f1_val_macro"]["value"].is_null(), "there are no validation rows");
    assert!(run.stdout.contains("optimistic"));

    // The same from the vectors, by counting pairs.
    films.put("prompts.jsonl", b"{\"text\":\"pneumonia\"}\n{\"text\":\"no pneumonia\"}\n");
    let [images, _] = vectors(&films, "rows.csv");
    let [_, texts] = vectors(&films, "prompts.jsonl");
    let score = |image: &[f32]| {
        let [with, without] = [0, 1].map(|i: usize| cosine(image, &texts[i].1).exp());
        with / (with + without)
    };
    let scores: Vec<f64> = images.iter().map(|(_, v)| score(v)).collect();
    let mut right = 0.0;
    for positive in &scores[4..] {
        for negative in &scores[..4] {
            right += if positive > negative { 1.0 } else { 0.0 };
        }
    }
    close(value(metrics, "auc/Pneumonia"), right / 12.0);
    let called: usize = scores
        .iter()
        .zip([0, 0, 0, 0, 1, 1, 1])
        .filter(|(s, label)| (**s >= 0.5) == (*label == 1))
        .count();
    close(value(metrics, "accuracy_fixed/Pneumonia"), called as f64 / 7.0);
    let macro_auc = (value(metrics, "auc/Pneumonia") + value(metrics, "auc/Edema")) / 2.0;
    close(value(metrics, "auc_macro"), macro_auc);
    // A temperature changes no order.
    let (_, warm) = films.good("zero-shot", "rows.csv", &["--temperature", "0.07"]);
    assert_eq!(warm["metrics"]["auc/Pneumonia"], metrics["auc/Pneumonia"]);
}

#[test]
fn zero_shot_prompts_and_thresholds() {
    let films = Films::new(6);
    let row = |i: usize, split: &str| {
        let there = i32::from(i % 2 == 0);
        format!(
            "{{\"image\":\"{i}.png\",\"labels\":{{\"Shadow\":{there}}},\"split\":\"{split}\"}}\n"
        )
    };
    let rows = [row(0, "val"), row(1, "val"), row(2, "test"), row(3, "test"), row(4, "test")];
    films.put("rows.jsonl", rows.concat().as_bytes());
    films.put(
        "mine.toml",
        b"[classes.Shadow]\npositive = [\"right effusion\", \"opacity\"]\nnegative = [\"normal\"]\n",
    );
    let mine = films.0.path().join("mine.toml");
    let mine = mine.to_str().unwrap();
    let (_, json) = films.good("zero-shot", "rows.jsonl", &["--prompts", mine]);
    assert_eq!((&json["data"]["used"], &json["data"]["validation"]), (&3.into(), &2.into()));
    let values = &json["threshold"]["values"];
    for mode in ["fixed", "val", "oracle_f1", "oracle_mcc"] {
        assert!(values[mode]["Shadow"].is_f64(), "{mode}");
        assert!(json["metrics"][format!("f1_{mode}_macro")]["value"].is_f64(), "{mode}");
    }
    let f1 = |mode: &str| value(&json["metrics"], &format!("f1_{mode}/Shadow"));
    assert!(f1("oracle_f1") >= f1("val") && f1("oracle_f1") >= f1("fixed"));

    let (run, _) = films.eval("zero-shot", "rows.jsonl", &[]);
    run.expect(1).says(&["G2D-M41"]);
    let (run, _) = films.eval("zero-shot", "rows.jsonl", &["--prompts", "chexnet"]);
    run.expect(1).says(&["G2D-I41", "biovil"]);
    films.put(
        "bad.json",
        br#"{"positive":["{}"],"negative":["no {}"],"classes":{"No Finding":{}}}"#,
    );
    let bad = films.0.path().join("bad.json");
    let (run, _) = films.eval("zero-shot", "rows.jsonl", &["--prompts", bad.to_str().unwrap()]);
    run.expect(1).says(&["G2D-I40", "opposite"]);
    // One kind of rows only.
    films.put("one.jsonl", row(2, "test").as_bytes());
    let (run, _) = films.eval("zero-shot", "one.jsonl", &["--prompts", mine]);
    run.expect(1).says(&["G2D-M45", "Shadow: no negative row"]);
}

#[test]
fn phantoms_kinds_are_labels() {
    let films = Films::new(0);
    synth(&films.0.path().join("set"), "30", "test=1");
    let (_, json) = films.good("zero-shot", "set/manifest.jsonl", &["--prompts", "biovil"]);
    let counts = json["settings"]["positives and negatives"].as_object().unwrap();
    assert!(counts.contains_key("Pleural Effusion") && counts.len() <= 5, "{counts:?}");
    for count in counts.values() {
        assert_eq!(count[0].as_u64().unwrap() + count[1].as_u64().unwrap(), 30);
    }
    assert_eq!(json["data"]["used"], 30);
}

#[test]
fn retrieval_merges_equal_texts_and_follows_from_the_vectors() {
    let films = Films::new(5);
    let texts = ["Right effusion.", "No  effusion.", "Left nodule.", "No effusion.", "Opacity."];
    let rows: String = (0..5)
        .map(|i| {
            let text = texts[i];
            let label = ["a", "b", "a", "b", "a"][i];
            format!("{{\"image\":\"{i}.png\",\"text\":\"{text}\",\"labels\":[\"{label}\"]}}\n")
        })
        .collect();
    films.put("rows.jsonl", rows.as_bytes());
    let (_, json) = films.good("retrieval", "rows.jsonl", &[]);
    assert_eq!(json["settings"]["different texts"], 4);
    let metrics = &json["metrics"];
    let chance = &json["baselines"]["chance"];
    assert_eq!(
        (&metrics["image_to_text_r1"]["n"], &metrics["text_to_image_r1"]["n"]),
        (&5.into(), &4.into())
    );
    // Four texts, one of them right; five images, one right for three texts and two for one.
    close(value(chance, "image_to_text_r1"), 0.25);
    close(value(chance, "text_to_image_r1"), (3.0 * 0.2 + 0.4) / 4.0);
    close(value(chance, "image_to_text_mean_rank"), 2.5);
    close(value(metrics, "image_to_text_r5"), 1.0);

    let [images, texts] = vectors(&films, "rows.jsonl");
    // The two texts that say the same became one: leave the second away.
    let kept = [0, 1, 2, 4];
    let right = [0, 1, 2, 1, 4];
    let rank = |image: usize| {
        let of = |t: usize| cosine(&images[image].1, &texts[t].1);
        1 + kept.iter().filter(|&&t| t != right[image] && of(t) >= of(right[image])).count()
    };
    let ranks: Vec<usize> = (0..5).map(rank).collect();
    let mean = ranks.iter().sum::<usize>() as f64 / 5.0;
    close(value(metrics, "image_to_text_mean_rank"), mean);
    let first = ranks.iter().filter(|r| **r == 1).count() as f64 / 5.0;
    close(value(metrics, "image_to_text_r1"), first);
    // Of five rows, three are of class a, two of class b: all five are the first five.
    close(value(metrics, "class_precision_at_5"), (3.0 * 0.6 + 2.0 * 0.4) / 5.0);
    close(value(chance, "class_precision_at_5"), (3.0 * 0.6 + 2.0 * 0.4) / 5.0);
    assert!(metrics["class_precision_at_10"]["value"].is_null());
}
