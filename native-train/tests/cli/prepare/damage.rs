//! Packs that were damaged, packs that do not fit together, and disks that are full.

use std::{fs, path::Path, process::Command};

use g2d_core::render::PALETTE;

use super::trees::{content, many, names, prepare, put};
use crate::{args, support::g2d};

#[test]
fn check_passes_a_sound_pack_and_names_a_flipped_byte() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = many(&folder.path().join("data"), 7, 3);
    let (out, sheet) = (folder.path().join("pack"), folder.path().join("sheet.png"));
    prepare("manifest", &out, &[&manifest]).expect(0);
    let run = g2d(args!["data", "check", out, "--sheet", sheet, "--count", "6"]).expect(0);
    let found = &run.json()[0];
    assert_eq!((&found["films"], &found["patients"]), (&7.into(), &7.into()));
    assert_eq!(found["problems"], serde_json::json!([]));
    let picture = image::open(&sheet).unwrap().to_rgb8();
    assert_eq!(picture.width(), 3 * (64 + 8));
    assert!(picture.pixels().filter(|p| p.0 == PALETTE[1]).count() > 6 * 64);
    // Films differ, so the cells do.
    let cell = |x: u32| -> Vec<_> {
        (0..64 * 64).map(|i| picture.get_pixel(x * 72 + 4 + i % 64, 4 + i / 64).0).collect()
    };
    assert_ne!(cell(0), cell(1));

    let films = out.join("films.bin");
    let mut bytes = fs::read(&films).unwrap();
    let stride = bytes.len() / 7;
    bytes[4 * stride + 1000] ^= 1;
    put(&films, &bytes);
    let run = g2d(args!["data", "check", out]).expect(1).says(&[
        "Record 4 (film images/00004.png)",
        "films.bin does not have the SHA-256",
        "G2D-F22",
    ]);
    assert!(!run.stderr.contains("Opacity") && !run.stdout.contains("Opacity"));
    put(&films, &bytes[..bytes.len() - 1]);
    g2d(args!["data", "check", out]).expect(1).says(&["G2D-F21", "bytes instead of"]);
    g2d(args!["data", "check", folder.path()]).expect(1).says(&["G2D-F20"]);
}

#[test]
fn a_patient_in_two_packs_and_two_splits_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = many(&folder.path().join("data"), 3, 3);
    let pack = |name: &str, split: &str| {
        let out = folder.path().join(name);
        prepare("manifest", &out, &[&manifest, &"--split", &format!("{split}=1")]).expect(0);
        out
    };
    let (a, b, c) = (pack("a", "train"), pack("b", "test"), pack("c", "train"));
    g2d(args!["data", "check", a, c]).expect(0);
    let run = g2d(args!["data", "check", a, b]).expect(1);
    run.says(&["G2D-M03", "patient p0", "in train of", "in test of"]);
}

/// Runs a script with `$G2D` as the program, `$1` and so on as given.
#[cfg(unix)]
fn script(before: &[&str], script: &str, arguments: &[&Path]) -> (i32, String) {
    let mut command = Command::new(before.first().unwrap_or(&"sh"));
    if let Some((_, rest)) = before.split_first() {
        command.args(rest).arg("sh");
    }
    let output = command
        .args(["-c", script, "sh"])
        .args(arguments)
        .env("G2D", env!("CARGO_BIN_EXE_g2d"))
        .output();
    let Ok(output) = output else {
        return (-1, String::new());
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code().unwrap_or(-1), said)
}

/// A file that may not grow (`ulimit -f`, in blocks of 512 bytes) stands for a disk that is full
/// where no file system can be made for the test.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_stops_and_the_rest_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = many(&folder.path().join("data"), 40, 3);
    let (out, plain) = (folder.path().join("pack"), folder.path().join("plain"));
    let limited = "trap '' XFSZ; ulimit -f 200; exec $G2D data prepare manifest $1 --out $2 \
                   --resize-to 64 --chunk 4 --threads 2";
    let (code, said) = script(&[], limited, &[&manifest, &out]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("G2D-F23") && said.contains("films.bin"), "{said}");
    assert!(said.contains("finished films are kept"), "{said}");
    assert_eq!(names(folder.path()), [".g2d-pack.partial", "data"]);
    let kept = fs::metadata(folder.path().join(".g2d-pack.partial/pack/films.bin")).unwrap().len();
    assert!(kept > 0 && kept <= 200 * 512, "{kept}");
    // 102,400 bytes hold 22 records of 4,612 bytes, which is 5 whole chunks of 4.
    prepare("manifest", &out, &[&manifest]).expect(0).says(&["Goes on after 20 of 40 rows"]);
    prepare("manifest", &plain, &[&manifest]).expect(0);
    assert!(content(&out) == content(&plain));
    assert_eq!(names(folder.path()), ["data", "pack", "plain"]);
}

/// The same on a real file system that is full, which takes the right to mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_and_the_rest_goes_on_when_there_is_room() {
    let own = ["unshare", "--map-root-user", "--mount"];
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = "mount -t tmpfs -o size=128k tmpfs \"$1\"";
    if script(&own, mount, &[&disk]).0 != 0 {
        eprintln!("not tested: this machine does not let a test mount a file system");
        return;
    }
    let manifest = many(&folder.path().join("data"), 40, 3);
    let plain = folder.path().join("plain");
    let twice = format!(
        "{mount} || exit 9\n\
         run() {{ $G2D data prepare manifest $2 --out $1/pack --resize-to 64 --chunk 4 --threads 2; }}\n\
         run \"$@\"; echo first $?; ls -A $1\n\
         mount -o remount,size=4m $1 || exit 9\n\
         run \"$@\"; echo second $?; ls -A $1; cp -r $1/pack $3"
    );
    let (code, said) = script(&own, &twice, &[&disk, &manifest, &plain]);
    assert_eq!(code, 0, "{said}");
    for word in ["The disk is full", "G2D-F23", "first 1\n.g2d-pack.partial\n", "Goes on after"] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    assert!(said.contains("second 0\npack\n"), "{said}");
    let out = folder.path().join("pack");
    prepare("manifest", &out, &[&manifest]).expect(0);
    assert!(content(&out) == content(&plain));
}
