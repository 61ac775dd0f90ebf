//! A run that is killed and resumed leaves the same trace as one left alone.

#![allow(clippy::unwrap_used)]

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
        assert_eq!(row.get("pixel").is_some(), step >= 5, "the decoder joins at step 5");
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
