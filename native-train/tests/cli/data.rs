//! `g2d data synth`, read back with the program's own reader.

use std::fs;

use g2d_core::{
    image::{self, Limits},
    phantom::{self, PhantomConfig},
};
use g2d_train::data::manifest;

use crate::{args, support::g2d};

#[test]
fn what_is_written_is_what_the_phantom_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set");
    let run =
        g2d(args!["data", "synth", "--out", out, "--count", "10", "--seed", "5", "--size", "64"])
            .expect(0);
    let summary = &run.json()[0];
    assert_eq!(summary["count"], 10);
    assert_eq!(summary["splits"]["train"], 8);

    let config = PhantomConfig { size: 64, ..PhantomConfig::default() };
    let pairs = manifest::read(&out.join("manifest.jsonl")).unwrap();
    assert_eq!(pairs.len(), 10);
    let mut findings = 0;
    for (i, pair) in pairs.iter().enumerate() {
        let study = phantom::generate(5, i as u64, &config);
        assert_eq!(pair.text, study.report);
        let report = out.join(format!("reports/{i:06}.txt"));
        assert_eq!(fs::read_to_string(report).unwrap(), study.report);
        let film = image::decode(&fs::read(&pair.image).unwrap(), &Limits::default()).unwrap();
        let pairs = film.pixels.data.iter().zip(&study.image.data);
        // Half a step of 8 bits, and a little for the float.
        assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) <= 0.5 / 255.0 + 1e-6);

        assert_eq!(pair.mask.len(), study.findings.len());
        for ((path, bbox), finding) in pair.mask.iter().zip(&pair.boxes).zip(&study.findings) {
            let mask = ::image::open(path).unwrap().to_luma8();
            let ones: Vec<u8> = mask.iter().map(|&v| u8::from(v > 127)).collect();
            assert_eq!(ones, finding.mask.data, "case {i}");
            assert_eq!(bbox.bbox, finding.bbox.map(f64::from));
            assert_eq!(bbox.kind.as_deref(), Some(finding.kind.name()));
            findings += 1;
        }
        assert_eq!(pair.sentences.len(), study.sentences.len());
        for (read, truth) in pair.sentences.iter().zip(&study.sentences) {
            assert!(pair.text.get(read.start..read.end).is_some());
            assert_eq!((&read.findings, read.assertion), (&truth.findings, truth.assertion));
        }
    }
    assert_eq!(summary["findings"], findings);
    assert!(findings > 0);
    let readme = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(readme.contains("CC0-1.0") && readme.contains("Not for clinical use"));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        g2d(args!["data", "synth", "--out", out, "--count", "3", "--size", "32", "--seed", seed])
            .expect(0);
        (fs::read(out.join("manifest.jsonl")).unwrap(), fs::read(out.join("images/000002.png")))
    };
    let (a, b, c) = (manifest("a", "1"), manifest("b", "1"), manifest("c", "2"));
    assert_eq!((&a.0, a.1.unwrap()), (&b.0, b.1.unwrap()));
    assert_ne!(a.0, c.0);
}

#[test]
fn sixteen_bits_and_jpeg_are_readable() {
    let folder = tempfile::tempdir().unwrap();
    let first = |name: &str, more: [&str; 2]| {
        let out = folder.path().join(name);
        let base = args!["data", "synth", "--out", out, "--count", "1", "--size", "64"];
        g2d(base.into_iter().chain(more.map(Into::into))).expect(0);
        let pair = manifest::read(&out.join("manifest.jsonl")).unwrap().remove(0);
        image::decode(&fs::read(pair.image).unwrap(), &Limits::default()).unwrap()
    };
    let truth = phantom::generate(0, 0, &PhantomConfig { size: 64, ..PhantomConfig::default() });
    let worst = |film: &image::Film| {
        let pairs = film.pixels.data.iter().zip(&truth.image.data);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let deep = first("deep", ["--bits", "16"]);
    assert_eq!(deep.bits, 16);
    assert!(worst(&deep) <= 0.5 / 65535.0 + 1e-6, "{}", worst(&deep));
    let jpeg = first("jpeg", ["--format", "jpeg"]);
    assert_eq!(jpeg.format, "JPEG");
    assert!(worst(&jpeg) < 0.2, "{}", worst(&jpeg));
    g2d(["data", "synth", "--out", "x", "--count", "1", "--format", "jpeg", "--bits", "16"])
        .expect(2);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set");
    let synth = |count: &str, more: &[&str]| {
        let base = args!["data", "synth", "--out", out, "--size", "32", "--count", count];
        g2d(base.into_iter().chain(more.iter().map(Into::into)))
    };
    synth("3", &[]).expect(0);
    synth("2", &[]).expect(1).says(&["G2D-F06", "--force"]);
    assert_eq!(manifest::read(&out.join("manifest.jsonl")).unwrap().len(), 3);
    synth("2", &["--force"]).expect(0);
    assert_eq!(fs::read_dir(out.join("images")).unwrap().count(), 2);

    fs::remove_file(out.join("dataset.json")).unwrap();
    synth("1", &["--force"]).expect(1).says(&["G2D-F05"]);
    assert_eq!(fs::read_dir(out.join("images")).unwrap().count(), 2);
}
