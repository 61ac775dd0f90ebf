//! Several devices, and a batch cut into parts, learn what one device with the whole batch learns.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{path::Path, process::Command};

use serde_json::Value;

/// Largest difference of a loss between two runs over ten steps, while the losses themselves move
/// by some 2e-3. Floats are added in another order, and Adam makes steps of the same size of small
/// gradients and large ones, so differences grow from 1e-7 with every step; with a higher learning
/// rate they would soon be as large as those of two seeds.
const TOLERANCE: f64 = 1e-4;
/// The same for the losses on pseudo masks, where the last bit of an attention decides whether a
/// pixel is in.
const PIXEL_TOLERANCE: f64 = 2e-3;

/// Ten steps of a narrow model at 128 px, without dropout: what is dropped differs by device.
fn train(out: &Path, device: &str, accumulate: usize, sync: bool, task: &str) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_g2d"));
    command.args(["--quiet", "train", "--config", "smoke", "--device", device, "--out"]).arg(out);
    for value in [
        "steps=10",
        "batch_size=12",
        "data.phantoms=60",
        "optim.lr=2e-6",
        "loss.pixel_warmup_steps=2",
        "log.validation_studies=0",
        "log.tensorboard=false",
        "model.text.dropout=0.0",
        "model.image.resize_to=128",
        "model.image.input_size=128",
        &format!("loss.decoder_task={task}"),
        &format!("accumulate={accumulate}"),
        &format!("sync_norm={sync}"),
    ] {
        command.args(["--set", value]);
    }
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn largest_difference(a: &[Value], b: &[Value], names: &[&str]) -> f64 {
    assert_eq!((a.len(), b.len()), (10, 10));
    let mut largest = 0f64;
    for (a, b) in a.iter().zip(b) {
        for name in names {
            let value = |row: &Value| row.get(*name).and_then(Value::as_f64);
            assert_eq!(value(a).is_some(), value(b).is_some(), "{name}");
            let difference = value(a).unwrap_or(0.0) - value(b).unwrap_or(0.0);
            largest = largest.max(difference.abs());
        }
    }
    assert!(names.iter().all(|name| a.iter().any(|row| row.get(*name).is_some())));
    largest
}

fn agree(name: &str, task: &str, a: &[Value], b: &[Value]) {
    let (smooth, pixel): (&[&str], &[&str]) = match task {
        "pseudo_mask" => (&["alignment", "local"], &["dice", "bce"]),
        _ => (&["total", "alignment", "local", "reconstruction"], &[]),
    };
    let difference = largest_difference(a, b, smooth);
    println!("{name}, {task}: {difference:.1e} in {smooth:?}");
    assert!(difference < TOLERANCE, "{name}: {difference:e}");
    // Adam does not care for the scale of gradients; their norm does.
    for (a, b) in a.iter().zip(b) {
        let norm = |row: &Value| row["grad_norm"].as_f64().unwrap();
        assert!((norm(a) / norm(b) - 1.0).abs() < 0.05, "{name}: {} {}", norm(a), norm(b));
    }
    let difference = largest_difference(a, b, pixel);
    println!("{name}, {task}: {difference:.1e} in {pixel:?}");
    assert!(difference < PIXEL_TOLERANCE, "{name}: {difference:e}");
}

#[test]
fn devices_that_share_a_batch_learn_as_one() {
    let folder = tempfile::tempdir().unwrap();
    for task in ["reconstruction", "pseudo_mask"] {
        let at = |name: &str| folder.path().join(format!("{name}-{task}"));
        let one = train(&at("one"), "cpu", 1, true, task);
        for (name, devices) in [("two", "cpu,cpu"), ("four", "cpu,cpu,cpu,cpu")] {
            let several = train(&at(name), devices, 1, true, task);
            agree(name, task, &one, &several);
        }
        // Statistics of a share alone are another computation: the tolerance can tell.
        let alone = train(&at("alone"), "cpu,cpu", 1, false, task);
        assert!(largest_difference(&one, &alone, &["alignment"]) > 10.0 * TOLERANCE);
    }
}

#[test]
fn a_batch_in_parts_is_the_same_batch() {
    let folder = tempfile::tempdir().unwrap();
    // Two devices that do not exchange statistics compute what one does in two parts, except that
    // one makes two passes.
    for task in ["reconstruction", "pseudo_mask"] {
        let at = |name: &str| folder.path().join(format!("{name}-{task}"));
        let devices = train(&at("devices"), "cpu,cpu", 1, false, task);
        let parts = train(&at("parts"), "cpu", 2, false, task);
        agree("parts", task, &devices, &parts);
    }
}

/// Needs a build with the feature `remote`.
#[cfg(feature = "remote")]
#[test]
fn a_device_of_a_server_shares_a_batch() {
    use std::{
        io::{BufRead as _, BufReader},
        process::Stdio,
    };

    let mut server = Command::new(env!("CARGO_BIN_EXE_g2d"))
        .args(["--quiet", "serve", "--device", "cpu", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let address = address.trim().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let result = std::panic::catch_unwind(|| {
        let task = "pseudo_mask";
        let one = train(&folder.path().join("one"), "cpu", 1, true, task);
        for (name, devices) in [("remote", address.clone()), ("both", format!("cpu,{address}"))] {
            let there = train(&folder.path().join(name), &devices, 1, true, task);
            agree(name, task, &one, &there);
        }
    });
    server.kill().unwrap();
    server.wait().unwrap();
    result.unwrap();
}
