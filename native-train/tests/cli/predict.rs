//! `g2d predict`, results.

use std::fs;

use g2d_core::{
    grounding::decode_rle,
    outcome::{Assertion, NOTICE, Outcome},
    render,
};

use crate::{
    args,
    support::{Ward, bundle, g2d, g2d_with_input, small_config, study},
};

fn outcome(ward: &Ward, name: &str) -> Outcome {
    let json = fs::read_to_string(ward.path(&format!("out/{name}/outcome.json"))).unwrap();
    let outcome: Outcome = serde_json::from_str(&json).unwrap();
    // What the core writes and nothing else, so that the page's download is the same. Numbers are
    // compared as numbers: reading one back may change its last digit.
    let again = serde_json::to_string_pretty(&outcome).unwrap();
    let (written, again): (Vec<_>, Vec<_>) = (json.lines().collect(), again.lines().collect());
    assert_eq!(written.len(), again.len());
    for (a, b) in written.into_iter().zip(again) {
        assert!(a == b || close(a, b), "{a} and {b}");
    }
    outcome
}

/// Do two lines differ by the rounding of a number only?
fn close(a: &str, b: &str) -> bool {
    let split = |line: &str| -> Option<(String, f64)> {
        let (name, value) = line.trim_end_matches(',').split_once(": ")?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    let (Some(a), Some(b)) = (split(a), split(b)) else {
        return false;
    };
    a.0 == b.0 && (a.1 - b.1).abs() <= 1e-12 * a.1.abs()
}

#[test]
fn a_report_becomes_an_outcome_masks_and_an_overlay() {
    let ward = Ward::new();
    ward.put("r.txt", b"FINDINGS: There is a right pleural effusion. No pneumothorax.\n");
    let run = ward.predict(&["film0.png"], "r.txt", &["--maps"]).expect(0).says(&["computing on"]);
    let lines = run.json();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["image"], ward.path("film0.png").to_str().unwrap());
    assert_eq!(lines[0]["outcome"], ward.path("out/film0/outcome.json").to_str().unwrap());

    let outcome = outcome(&ward, "film0");
    assert_eq!(outcome.notice, NOTICE);
    assert_eq!((outcome.image.width, outcome.image.height), (96, 96));
    assert_eq!(outcome.device.backend, "cpu");
    assert!(outcome.timings_ms.contains_key("decode"));
    let [present, absent] = outcome.sentences.as_slice() else { panic!("two sentences") };
    assert_eq!((present.assertion, absent.assertion), (Assertion::Present, Assertion::Absent));
    assert!(absent.mask.is_none() && absent.regions.is_empty());

    let file = |name: &str| ward.path("out/film0").join(name);
    let mask = decode_rle(present.mask.as_ref().unwrap()).unwrap();
    let png = image::open(file("masks/sentence-0.png")).unwrap().to_luma8();
    let ones: Vec<u8> = png.iter().map(|&v| u8::from(v > 127)).collect();
    assert_eq!(ones, mask.data);
    assert!(!file("masks/sentence-1.png").exists());
    for (name, rle) in
        [("pseudo-mask.png", &outcome.pseudo_mask), ("decoder-mask.png", &outcome.decoder_mask)]
    {
        let png = image::open(file(name)).unwrap().to_luma8();
        let ones: Vec<u8> = png.iter().map(|&v| u8::from(v > 127)).collect();
        assert_eq!(ones, decode_rle(rle).unwrap().data, "{name}");
    }
    // The strip with the notice makes it higher than the film.
    let overlay = image::open(file("overlay.png")).unwrap();
    assert!(overlay.width() >= 96 && overlay.height() > 96);

    let side = small_config().image.input_size;
    let map = |name: &str| -> Vec<f32> {
        let bytes = fs::read(file(&format!("maps/{name}.f32"))).unwrap();
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    };
    for name in ["sentence-0", "pseudo", "decoder", "body"] {
        assert_eq!(map(name).len(), side * side, "{name}");
    }
    let best = map("sentence-0").into_iter().fold(f32::NEG_INFINITY, f32::max);
    assert_eq!(Some(best), present.score);
    assert!(map("decoder").iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(map("body").iter().all(|b| *b == 0.0 || *b == 1.0));
    assert!(!file("maps/sentence-1.f32").exists());
}

#[test]
fn a_second_run_leaves_nothing_of_the_first() {
    let ward = Ward::new();
    ward.put("long.txt", b"Right pleural effusion. Left basal opacity.");
    ward.put("short.txt", b"No pneumothorax.");
    ward.predict(&["film0.png"], "long.txt", &["--maps"]).expect(0);
    let mask = ward.path("out/film0/masks/sentence-1.png");
    assert!(mask.exists());
    fs::write(ward.path("out/film0/my notes.txt"), b"keep").unwrap();
    ward.predict(&["film0.png"], "short.txt", &[]).expect(0);
    assert!(!mask.exists());
    assert!(!ward.path("out/film0/maps/decoder.f32").exists());
    assert!(ward.path("out/film0/my notes.txt").exists());
    assert_eq!(outcome(&ward, "film0").sentences.len(), 1);
}

#[test]
fn each_map_can_be_chosen() {
    let ward = Ward::new();
    ward.put("r.txt", b"Right pleural effusion.");
    let mut scores = Vec::new();
    for map in ["local", "value", "proj", "attention"] {
        ward.predict(&["film0.png"], "r.txt", &["--map", map]).expect(0);
        scores.push(outcome(&ward, "film0").sentences[0].score.unwrap());
    }
    // Four different embeddings: no two may come out alike.
    for (i, a) in scores.iter().enumerate() {
        assert!(scores[..i].iter().all(|b| a != b), "{scores:?}");
    }
    ward.predict(&["film0.png"], "r.txt", &["--map", "heat"]).expect(2);
}

#[test]
fn images_of_one_name_get_folders_of_their_own() {
    let ward = Ward::new();
    let film = |i| render::grey_png8(&study(i).image).unwrap();
    ward.put("a/film.png", &film(0));
    ward.put("b/film.png", &film(1));
    ward.predict(&["a/film.png", "b/film.png"], "report0.txt", &[]).expect(0);
    let (first, second) = (outcome(&ward, "film"), outcome(&ward, "film-2"));
    assert_ne!(first.decoder_mask, second.decoder_mask);
}

#[test]
fn each_image_may_have_its_report() {
    let ward = Ward::new();
    ward.put("a.txt", b"Cardiomegaly.");
    ward.put("b.txt", b"Right pleural effusion. No pneumothorax.");
    let more = args!["--report", ward.path("b.txt")];
    let more: Vec<&str> = more.iter().map(|s| s.to_str().unwrap()).collect();
    let run = ward.predict(&["film0.png", "film1.png"], "a.txt", &more).expect(0);
    assert_eq!(run.json().len(), 2);
    assert_eq!(outcome(&ward, "film0").sentences[0].text, "Cardiomegaly.");
    assert_eq!(outcome(&ward, "film1").sentences.len(), 2);
}

#[test]
fn a_report_may_come_from_standard_input() {
    let ward = Ward::new();
    let args = args![
        "predict",
        ward.path("film0.png"),
        "--report",
        "-",
        "--model",
        bundle(),
        "--out",
        ward.path("out"),
        "--device",
        "cpu",
        "-q"
    ];
    let report = "\u{feff}Right pleural effusion.\r\nNo pneumothorax.";
    let run = g2d_with_input(args, report.as_bytes()).expect(0);
    assert_eq!(run.stderr, "", "quiet is not quiet");
    let outcome = outcome(&ward, "film0");
    assert_eq!(outcome.sentences.len(), 2);
    assert!(outcome.sentences[0].text.starts_with("Right"));
}

#[test]
fn results_do_not_depend_on_the_neighbours() {
    let ward = Ward::new();
    ward.predict(&["film0.png", "film1.png"], "report0.txt", &["--maps"]).expect(0);
    let together = fs::read(ward.path("out/film1/maps/decoder.f32")).unwrap();
    fs::remove_dir_all(ward.path("out")).unwrap();
    ward.predict(&["film1.png"], "report0.txt", &["--maps"]).expect(0);
    assert_eq!(together, fs::read(ward.path("out/film1/maps/decoder.f32")).unwrap());
}

/// The GPU path, on a software adapter where there is no other; told when there is none at all.
#[cfg(feature = "wgpu")]
#[test]
fn wgpu_and_cpu_agree() {
    let devices = g2d(["info", "--devices", "--json"]).expect(0).json().remove(0);
    let list = devices["devices"].as_array().unwrap();
    if !list.iter().any(|d| d["choice"].as_str().unwrap().starts_with("wgpu")) {
        eprintln!("SKIPPED: no wgpu adapter on this machine, not even a software one");
        return;
    }
    let ward = Ward::new();
    ward.put("r.txt", b"Right pleural effusion. Left basal opacity.");
    let maps = |device: &str| -> Vec<f32> {
        let mut args = args![
            "predict",
            ward.path("film0.png"),
            "--report",
            ward.path("r.txt"),
            "--model",
            bundle(),
            "--maps",
            "--out",
            ward.path(device),
            "--device",
            device
        ];
        let run = g2d(&mut args).expect(0);
        assert_eq!(run.json().len(), 1);
        let names = ["sentence-0", "sentence-1", "decoder"];
        let read = |n| fs::read(ward.path(device).join(format!("film0/maps/{n}.f32"))).unwrap();
        let bytes: Vec<u8> = names.into_iter().flat_map(read).collect();
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    };
    let (cpu, wgpu) = (maps("cpu"), maps("wgpu"));
    let worst = cpu.iter().zip(&wgpu).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(cpu.len() == wgpu.len() && worst < 1e-3, "maps differ by {worst}");
}
