//! Killed at any moment, `prepare` goes on, and the pack is the one of an undisturbed run.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::trees::{content, many, names};

const KILLS: usize = 10;
const FILMS: usize = 600;

fn start(manifest: &Path, out: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_g2d"))
        .args(["data", "prepare", "manifest", "--resize-to", "128", "--chunk", "8"])
        .args(["--threads", "2", "--out"])
        .args([out, manifest])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killed_ten_times_equals_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = many(&folder.path().join("data"), FILMS, 5);
    let (alone, out) = (folder.path().join("alone"), folder.path().join("pack"));
    let clock = Instant::now();
    assert!(start(&manifest, &alone).wait().unwrap().success());
    let whole = clock.elapsed();
    let expected = content(&alone);
    let finished = |found: &str| assert!(content(&out) == expected, "another pack {found}");

    // A linear congruence (Knuth's MMIX): random enough for moments, and the same each time.
    let mut state = 20_240_117_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let (mut kills, mut resumed) = (0, 0);
    while kills < KILLS {
        if out.exists() {
            fs::remove_dir_all(&out).unwrap();
        }
        let journal = folder.path().join(".g2d-pack.partial/journal.jsonl");
        resumed += usize::from(fs::metadata(&journal).is_ok_and(|m| m.len() > 0));
        let mut child = start(&manifest, &out);
        std::thread::sleep(whole.mul_f64(random()).max(Duration::from_millis(1)));
        if child.try_wait().unwrap().is_some() {
            finished("by a run that was not killed");
            continue;
        }
        // SIGKILL on Unix: nothing is flushed, nothing is tidied.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // The name is there only when everything is.
        if out.exists() {
            finished("after a kill");
        }
    }
    eprintln!("{KILLS} kills, {resumed} runs went on; an undisturbed run takes {whole:?}");
    assert!(resumed > 0, "no run met what another had left");
    assert!(start(&manifest, &out).wait().unwrap().success());
    finished("at the end");
    assert_eq!(names(folder.path()), ["alone", "data", "pack"]);
}
