//! `g2d export`: a checkpoint becomes a bundle that computes the same.

use std::{fs, path::PathBuf};

use g2d_core::weights::{Dtype, save_tensors};
use g2d_train::bundle_dir;

use crate::{
    args,
    support::{Run, Ward, g2d, random_model, small_config, tokenizer},
};

/// A run's folder as `g2d train` leaves it, with one checkpoint.
fn run_folder(ward: &Ward) -> PathBuf {
    let weights = save_tensors(&random_model(), Dtype::F32, usize::MAX).unwrap().remove(0);
    let config = serde_json::to_vec(&small_config()).unwrap();
    ward.put("run/checkpoints/step-000012/model.safetensors", &weights);
    ward.put("run/checkpoints/step-000012/config.json", &config);
    ward.put("run/checkpoints/step-000012/tokenizer.json", &tokenizer());
    ward.put("run/checkpoints/step-000012/state.json", br#"{"step":12,"seed":0}"#);
    ward.put("run/checkpoints/latest", b"step-000012\n");
    ward.path("run")
}

fn export(ward: &Ward, checkpoint: &str, out: &str, more: &[&str]) -> Run {
    let base = args!["export", "--checkpoint", ward.path(checkpoint), "--out", ward.path(out)];
    g2d(base.into_iter().chain(more.iter().map(Into::into)))
}

fn figures(run: &Run) -> [f64; 3] {
    let differences = &run.json()[0]["largest_difference"];
    ["maps", "decoder", "pooled"].map(|name| differences[name].as_f64().unwrap())
}

#[test]
fn an_export_is_small_sharded_and_usable() {
    let ward = Ward::new();
    run_folder(&ward);
    let run = export(&ward, "run", "web/model", &["--shard-mb", "1", "--name", "trial"]).expect(0);
    let run = run.says(&["comparing", "model-card.md"]);
    let summary = &run.json()[0];
    assert_eq!((&summary["name"], &summary["dtype"]), (&"trial".into(), &"f16".into()));
    // Rounding to f16 changes something, but little.
    let [maps, decoder, pooled] = figures(&run);
    for figure in [maps, decoder, pooled] {
        assert!(figure > 0.0 && figure < 2e-2, "{figure}");
    }

    let folder = ward.path("web/model");
    let bundle = bundle_dir::read(&folder).unwrap();
    assert!(bundle.weights().len() >= 2);
    let on_disk: u64 =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(summary["bytes"], on_disk);
    assert_eq!(fs::read_dir(ward.path("web")).unwrap().count(), 1, "something is left behind");
    let card = fs::read_to_string(folder.join("model-card.md")).unwrap();
    assert!(card.contains("Not for clinical use") && card.contains("| training steps | 12 |"));

    g2d(args![
        "predict",
        ward.path("film0.png"),
        "--report",
        ward.path("report0.txt"),
        "--model",
        folder,
        "--out",
        ward.path("out"),
        "--device",
        "cpu"
    ])
    .expect(0);
}

#[test]
fn f32_changes_nothing_and_the_runs_card_is_kept() {
    let ward = Ward::new();
    run_folder(&ward);
    ward.put("run/model-card.md", b"# My card\n");
    let checkpoint = "run/checkpoints/step-000012";
    let run = export(&ward, checkpoint, "model", &["--dtype", "f32"]).expect(0);
    assert!(figures(&run).iter().all(|d| *d <= 1e-6), "{:?}", figures(&run));
    assert_eq!(run.json()[0]["name"], "model");
    let card = fs::read_to_string(ward.path("model/model-card.md")).unwrap();
    assert!(card.starts_with("# My card\n") && card.contains("Not for clinical use"), "{card}");
    assert!(ward.path("model/image.safetensors").is_file());
}

#[test]
fn nothing_is_overwritten_unasked() {
    let ward = Ward::new();
    run_folder(&ward);
    export(&ward, "run", "model", &["--dtype", "f32"]).expect(0);
    export(&ward, "run", "model", &[]).expect(1).says(&["G2D-F04", "--force"]);
    assert_eq!(bundle_dir::read(&ward.path("model")).unwrap().manifest.dtype, Dtype::F32);
    export(&ward, "run", "model", &["--force"]).expect(0);
    assert_eq!(bundle_dir::read(&ward.path("model")).unwrap().manifest.dtype, Dtype::F16);
    export(&ward, "run", "run", &["--force"]).expect(1).says(&["G2D-F03"]);
}

#[test]
fn broken_checkpoints_are_told_and_leave_nothing() {
    let ward = Ward::new();
    export(&ward, "run", "model", &[]).expect(1).says(&["G2D-F08", "g2d train"]);
    run_folder(&ward);
    let file = |name: &str| ward.path("run/checkpoints/step-000012").join(name);
    let keep = |name: &str| fs::read(file(name)).unwrap();

    let config = keep("config.json");
    fs::write(file("config.json"), b"{}").unwrap();
    export(&ward, "run", "model", &[]).expect(1).says(&["G2D-F09"]);
    fs::write(file("config.json"), config).unwrap();

    let weights = keep("model.safetensors");
    fs::write(file("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    export(&ward, "run", "model", &[]).expect(1).says(&["G2D-W10"]);
    fs::write(file("model.safetensors"), weights).unwrap();

    fs::remove_file(file("tokenizer.json")).unwrap();
    export(&ward, "run", "model", &[]).expect(1).says(&["tokenizer.json", "no such file"]);
    assert!(!ward.path("model").exists());
    let left: Vec<_> = fs::read_dir(ward.folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".g2d-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
