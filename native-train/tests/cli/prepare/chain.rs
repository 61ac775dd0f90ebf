//! From the trees as they lie on a disk to a score: prepare, check, train, export, eval.

use std::path::Path;

use serde_json::Value;

use super::{mimic::Mimic, openi, trees::prepare};
use crate::support::g2d;

/// Trains on a pack, exports, and scores retrieval on one of its splits.
fn to_a_score(pack: &Path, split: &str, folder: &Path) -> Value {
    let path = |name: &str| folder.join(name).display().to_string();
    let (pack, run, bundle) = (pack.display().to_string(), path("run"), path("bundle"));
    g2d(["data", "check", &pack, "--sheet", &path("sheet.png")]).expect(0);
    assert!(folder.join("sheet.png").is_file());
    let train = ["train", "--config", "smoke", "--device", "cpu", "--pack", &pack, "--out", &run];
    let settings = ["steps=4", "batch_size=2", "loss.pixel_warmup_steps=1", "log.line_every=1"];
    let settings = settings.iter().flat_map(|value| ["--set", value]);
    let trained = g2d(train.into_iter().chain(settings)).expect(0);
    assert!(trained.stderr.contains("step 4/4"), "{}", trained.stderr);
    assert_eq!(trained.json()[0]["steps"], 4);
    g2d(["export", "--checkpoint", &run, "--out", &bundle]).expect(0);
    let scores = path("scores.json");
    let eval = ["eval", "retrieval", "--model", &bundle, "--manifest", &pack, "--split", split];
    g2d(eval.into_iter().chain(["--json", &scores])).expect(0);
    serde_json::from_slice(&std::fs::read(&scores).unwrap()).unwrap()
}

#[test]
fn mimic_from_tables_to_a_score() {
    let mimic = Mimic::new("2.0.0", true, false);
    mimic.prepare(&[]).expect(0);
    let scores = to_a_score(&mimic.out(), "train", mimic.folder.path());
    // a1, b1, c1 and c2: four films of three studies in the training split.
    assert_eq!(scores["data"]["used"], 4);
    let recall = scores["metrics"]["image_to_text_r1"]["value"].as_f64();
    assert!(recall.is_some_and(|r| (0.0..=1.0).contains(&r)), "{scores}");
}

#[test]
fn open_i_from_reports_to_a_score() {
    let folder = tempfile::tempdir().unwrap();
    openi::tree(folder.path());
    let (images, reports) = (folder.path().join("images"), folder.path().join("reports"));
    let out = folder.path().join("pack");
    let more: [&dyn AsRef<std::ffi::OsStr>; 6] =
        [&"--images", &images, &"--reports", &reports, &"--split", &"train=1"];
    prepare("openi", &out, &more).expect(0);
    let scores = to_a_score(&out, "train", folder.path());
    assert_eq!(scores["data"]["used"], 3);
}
