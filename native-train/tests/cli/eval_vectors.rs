//! `g2d eval zero-shot` and `retrieval`: every score follows from the vectors of `g2d embed`.

use std::fs;

use crate::{
    args,
    eval::{Films, close, synth, value},
    support::{bundle, g2d},
};

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
    let (_, warm) = films.good("zero-shot", "rows.csv", &["--temperature", "0.001"]);
    assert_eq!(warm["metrics"]["auc/Pneumonia"], metrics["auc/Pneumonia"]);
}

#[test]
fn zero_shot_prompts_and_thresholds() {
    let films = Films::new(6);
    let row = |i: usize, split: &str| {
        let there = i32::from(i.is_multiple_of(2));
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
    assert!(counts.contains_key("Pleural Effusion") && counts.len() <= 20, "{counts:?}");
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
