//! `g2d bench`: every measurement runs, and its table and JSON say the same.

use crate::{args, support::g2d};

/// A model that trains in milliseconds.
const SMALL: [&str; 8] = [
    "--config",
    "smoke",
    "--set",
    "data.phantom.size=64",
    "--set",
    "model.image={ resize_to = 64, input_size = 64 }",
    "--device",
    "cpu",
];

#[test]
fn everything_is_measured_and_told_twice() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("deep/bench.json");
    let mut args = args!["bench", "--quiet", "all", "--batch", "4", "--mask-size", "64"].to_vec();
    args.extend(args!["--repeats", "2", "--warmup", "0", "--batches", "2", "--json", &json]);
    args.extend(SMALL.map(Into::into));
    let run = g2d(args).expect(0);
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["schema"], "g2d-bench-v1");
    assert_eq!(report["machine"]["back_end"], "cpu");
    let rows = report["rows"].as_array().unwrap();
    for name in [
        "pseudo-mask/batch",
        "data/batch, augmented",
        "forward/image encoder",
        "step/whole",
        "step/part backward",
    ] {
        let row = rows.iter().find(|row| row["name"] == name);
        let row = row.unwrap_or_else(|| panic!("no {name} in {rows:?}"));
        let (ms, rate) = (&row["milliseconds"], &row["images_per_second"]);
        let (ms, rate) = (ms["median"].as_f64().unwrap(), rate["median"].as_f64().unwrap());
        assert!(ms > 0.0 && (rate * ms - 4000.0).abs() < 1e-6, "{name}: {ms} ms, {rate} a second");
        assert!(run.stdout.contains(name), "{name} is not in the table:\n{}", run.stdout);
    }
    let whole = rows.iter().find(|row| row["name"] == "step/whole").unwrap();
    assert!((0.0..1.0).contains(&whole["data_share"].as_f64().unwrap()), "{whole}");
    let conv: Vec<_> =
        rows.iter().filter(|row| row["name"].as_str().unwrap().starts_with("conv/")).collect();
    assert!(conv.len() >= 4 && conv.iter().all(|row| row["right"] == true), "{conv:?}");
    #[cfg(target_os = "linux")]
    assert!(report["memory"]["peak_resident"].as_u64().unwrap() > 1 << 20);
    assert!(run.stdout.contains("Not for clinical use"));
}

#[test]
fn the_shapes_of_a_step_hold_no_text() {
    let mut args = args!["bench", "--describe", "--batch", "4", "--batches", "2"].to_vec();
    args.extend(SMALL.map(Into::into));
    let run = g2d(args).expect(0);
    let told = &run.json()[0];
    assert_eq!(told["batch"], 4);
    assert_eq!(told["model"]["image"]["input_size"], 64);
    assert!(told["parameters"]["total"].as_u64().unwrap() > 1000);
    let batches = told["batches"].as_array().unwrap();
    assert_eq!(batches.len(), 2);
    for batch in batches {
        assert_eq!(batch["report_of"].as_array().unwrap().len(), 4);
        let lengths = batch["report_lengths"].as_array().unwrap();
        assert!(lengths.iter().all(|n| (3..=256).contains(&n.as_u64().unwrap())), "{lengths:?}");
    }
    assert!(!run.stdout.contains("effusion"));
}

#[test]
fn wrong_uses_are_refused() {
    g2d(["bench", "step", "--repeats", "0"]).expect(2).says(&["--repeats"]);
    g2d(["bench", "data", "--seconds=-1"]).expect(2).says(&["--seconds"]);
    g2d(["bench", "sleep"]).expect(2);
    g2d(["bench", "step", "--config", "nowhere.toml"]).expect(1).says(&["nowhere.toml"]);
}
