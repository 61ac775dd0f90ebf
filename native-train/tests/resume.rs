//! A run that is killed and resumed leaves the same trace as one left alone.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// A run small enough to repeat: the smoke model, four studies a step.
fn command(out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_g2d"));
    command.args(["--quiet", "train", "--config", "smoke", "--device", "cpu", "--out"]).arg(out);
    for value in [
        "steps=30",
        "batch_size=4",
        "data.phantoms=24",
        "log.checkpoint_every=5",
        "log.validation_studies=0",
        "model.text.dropout=0.1",
    ] {
        command.args(["--set", value]);
    }
    command
}

/// Every row without its times, which no two runs share.
fn trace(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default();
    let rows = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    rows.map(|mut row| {
        let fields = row.as_object_mut().unwrap();
        fields.remove("seconds");
        fields.remove("data_seconds");
        row
    })
    .collect()
}

#[test]
fn killed_and_resumed_equals_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, killed) = (folder.path().join("alone"), folder.path().join("killed"));
    assert!(command(&alone).stdout(Stdio::null()).status().unwrap().success());
    let whole = trace(&alone);
    assert_eq!(whole.len(), 30);
    for (step, row) in whole.iter().enumerate() {
        assert_eq!(row["step"], step);
        assert!(row["total"].is_f64() && row["alignment"].is_f64());
        assert_eq!(row.get("dice").is_some(), step >= 5, "the decoder joins at step 5");
    }

    let mut child = command(&killed).stdout(Stdio::null()).spawn().unwrap();
    let patience = Instant::now();
    // Past the second checkpoint and into the steps that only the next one would keep.
    while trace(&killed).len() < 12 {
        assert!(patience.elapsed() < Duration::from_secs(300), "the run does not get on");
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        std::thread::sleep(Duration::from_millis(10));
    }
    // SIGKILL on Unix: nothing is flushed, nothing is tidied.
    child.kill().unwrap();
    child.wait().unwrap();
    let before = trace(&killed).len();
    assert!((12..30).contains(&before), "killed after {before} steps");

    let resumed = Command::new(env!("CARGO_BIN_EXE_g2d"))
        .args(["--quiet", "train", "--device", "cpu", "--resume", "latest", "--out"])
        .arg(&killed)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(resumed.success());
    assert_eq!(trace(&killed), whole);
    let last =
        |run: &Path| fs::read(run.join("checkpoints/step-000030/model.safetensors")).unwrap();
    assert!(last(&killed) == last(&alone), "the weights differ");
}

/// Runs or resumes, and kills after some milliseconds; whether the run came to its end before.
fn run_for(out: &Path, milliseconds: u64, settings: &[&str]) -> bool {
    let resumes = out.join("checkpoints/latest").exists();
    let mut run = if resumes {
        let mut run = Command::new(env!("CARGO_BIN_EXE_g2d"));
        run.args(["--quiet", "train", "--device", "cpu", "--resume", "latest", "--out"]).arg(out);
        run
    } else {
        // Killed before its first checkpoint: there is nothing to go on from.
        let _ = fs::remove_dir_all(out);
        let mut run = command(out);
        for value in settings {
            run.args(["--set", value]);
        }
        run
    };
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_millis(milliseconds);
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn killed_ten_times_equals_left_alone() {
    let settings = ["log.checkpoint_every=3", "log.validate_every=6", "log.validation_studies=6"];
    let folder = tempfile::tempdir().unwrap();
    let (alone, killed) = (folder.path().join("alone"), folder.path().join("killed"));
    let started = Instant::now();
    assert!(run_for(&alone, 600_000, &settings));
    let whole = started.elapsed().as_millis() as u64;

    let (mut kills, mut seed) = (0, 7u64);
    loop {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Anywhere from before the first step to well into the run; after ten, to the end.
        let limit = if kills < 10 { 30 + (seed >> 33) % (whole / 6) } else { 600_000 };
        if run_for(&killed, limit, &settings) {
            break;
        }
        kills += 1;
        // What stands under a final name is whole at every moment.
        if let Ok(latest) = fs::read_to_string(killed.join("checkpoints/latest")) {
            let folder = killed.join("checkpoints").join(latest.trim());
            for file in ["model.safetensors", "optimizer.safetensors", "state.json"] {
                assert!(folder.join(file).exists(), "{latest} lacks {file}");
            }
        }
    }
    println!("killed {kills} times in a run of {whole} ms");
    assert_eq!(kills, 10, "the run ended before it could be killed ten times");
    assert_eq!(trace(&killed), trace(&alone));
    let validation = |run: &Path| fs::read_to_string(run.join("validation.jsonl")).unwrap();
    assert_eq!(validation(&killed), validation(&alone));
    let last =
        |run: &Path| fs::read(run.join("checkpoints/step-000030/model.safetensors")).unwrap();
    assert!(last(&killed) == last(&alone), "the weights differ");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut child = command(&out)
        .args(["--set", "log.checkpoint_every=1000"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let patience = Instant::now();
    while trace(&out).len() < 4 {
        assert!(patience.elapsed() < Duration::from_secs(300), "the run does not get on");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let latest = fs::read_to_string(out.join("checkpoints/latest")).unwrap();
    let step: usize = latest.trim().trim_start_matches("step-").parse().unwrap();
    assert!((4..30).contains(&step), "{latest}");
    assert_eq!(trace(&out).len(), step, "a row for every step of the checkpoint");
}

#[test]
fn a_loss_that_is_not_a_number_names_its_studies() {
    let folder = tempfile::tempdir().unwrap();
    let run = command(folder.path()).args(["--set", "optim.lr=1e30"]).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("not-finite.json") && said.contains("--resume latest"), "{said}");
    let file = fs::read(folder.path().join("not-finite.json")).unwrap();
    let row: Value = serde_json::from_slice(&file).unwrap();
    let studies = row["studies"].as_array().unwrap();
    assert_eq!(studies.len(), 4);
    assert!(studies[0].as_str().unwrap().starts_with("phantom "), "{row}");
}

#[test]
fn starting_weights_are_taken_and_kept_when_resumed() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/import");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let import = |kind: &str, files: &[&str], out: &Path| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_g2d"));
        run.args(["--quiet", "import", "--from", kind]);
        run.args(files.iter().map(|file| fixtures.join(file))).arg("--out").arg(out);
        assert!(run.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    };
    import("torchvision", &["resnet18.pth"], &path("resnet"));
    import("hf-bert", &["bert_cased", "bert.safetensors"], &path("bert"));
    let init = format!("init=[{:?}, {:?}]", path("resnet"), path("bert"));
    let start = |out: &Path, settings: &[&str]| {
        let mut run = command(out);
        for value in settings.iter().chain(&[init.as_str(), "steps=6", "log.checkpoint_every=3"]) {
            run.args(["--set", value]);
        }
        run.stdout(Stdio::null()).output().unwrap()
    };
    let refused = start(&path("other"), &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("set model.encoder.width"), "{said}");
    assert!(!path("other").exists(), "a run that could not begin leaves no folder");

    let fitting = [
        "model.encoder.width=2",
        "model.text.hidden_size=32",
        "model.text.intermediate_size=48",
        "model.text.num_attention_heads=4",
        "model.text.num_hidden_layers=2",
    ];
    assert!(start(&path("run"), &fitting).status.success());
    let whole = trace(&path("run"));
    let read = |file: &str| -> Value {
        let checkpoint = path("run").join("checkpoints/step-000003").join(file);
        serde_json::from_slice(&fs::read(checkpoint).unwrap()).unwrap()
    };
    // The imported encoder has 40 positions; the preset has 256.
    assert_eq!(read("config.json")["text"]["max_position_embeddings"], 40);
    let resumed = Command::new(env!("CARGO_BIN_EXE_g2d"))
        .args(["--quiet", "train", "--device", "cpu", "--out"])
        .arg(path("run"))
        .arg("--resume")
        .arg(path("run").join("checkpoints/step-000003"))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(resumed.success());
    assert_eq!(trace(&path("run")), whole);
    assert_eq!(read("config.json")["text"]["max_position_embeddings"], 40);
}

#[test]
fn every_family_and_control_runs() {
    let folder = tempfile::tempdir().unwrap();
    for (name, settings, row) in [
        ("none", vec!["loss.decoder_task=none"], None),
        (
            "pixels",
            vec!["loss.decoder_task=reconstruction", "loss.reconstruction=l2"],
            Some("reconstruction"),
        ),
        ("shuffled", vec!["loss.mask_control=shuffled"], Some("dice")),
        ("same", vec!["loss.mask_control=same_for_all"], Some("dice")),
        ("blob", vec!["loss.mask_control=fixed_blob"], Some("dice")),
        ("heads", vec!["model.pseudo_mask.aggregate=false"], Some("dice")),
        ("logits", vec!["loss.dice_from=logits", "loss.directions=image_to_text"], Some("dice")),
        (
            "gmm",
            vec!["model.pseudo_mask.threshold=gmm", "model.pseudo_mask.upsample=nearest"],
            Some("dice"),
        ),
        (
            "groups",
            vec![
                "optim.groups=[{prefix='text_encoder',lr_scale=0.0}]",
                "optim.schedule=cosine_restarts",
                "optim.restart_every=2",
            ],
            Some("dice"),
        ),
        ("bf16", vec!["precision=bf16"], Some("dice")),
    ] {
        let out = folder.path().join(name);
        let mut run = command(&out);
        run.args(["--set", "steps=7"]);
        for value in settings {
            run.args(["--set", value]);
        }
        let run = run.output().unwrap();
        assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
        let rows = trace(&out);
        assert_eq!(rows.len(), 7, "{name}");
        if let Some(column) = row {
            assert!(rows[6][column].as_f64().is_some_and(f64::is_finite), "{name}: {}", rows[6]);
        }
    }
}

#[test]
fn a_run_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let run = || command(folder.path()).args(["--set", "steps=1"]).output().unwrap();
    assert!(run().status.success());
    let again = run();
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains("--resume latest"), "{said}");
}
