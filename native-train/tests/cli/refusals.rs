//! `g2d predict` and what it cannot use: told clearly, and never in the way of the rest.

use std::fs;

use crate::{
    args,
    support::{Ward, g2d, own_bundle},
};

/// The header of a PNG that announces a picture of 60,000 x 60,000 pixels.
fn giant_png() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    let body = [&60_000u32.to_be_bytes()[..], &60_000u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    png.extend(&body);
    // CRC-32 of the chunk's name and body, as the format asks, so that nothing else is wrong.
    let crc = [&b"IHDR"[..], &body].concat().iter().fold(!0u32, |crc, byte| {
        (0..8)
            .fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg()))
    });
    png.extend((!crc).to_be_bytes());
    png
}

#[test]
fn bad_images_do_not_stop_good_ones() {
    let ward = Ward::new();
    let film = fs::read(ward.path("film0.png")).unwrap();
    ward.put("cut.png", &film[..film.len() / 2]);
    ward.put("letter.png", b"Dear colleague, thank you for referring this patient.");
    ward.put("none.png", b"");
    ward.put("giant.png", &giant_png());
    ward.put("r.txt", b"There is a zebra in the right lung.");
    fs::create_dir(ward.path("folder.png")).unwrap();
    let images = [
        "cut.png",
        "film0.png",
        "letter.png",
        "none.png",
        "giant.png",
        "missing.png",
        "folder.png",
        "film1.png",
    ];
    let run = ward.predict(&images, "r.txt", &[]).expect(1).says(&[
        "cut.png: ",
        "[G2D-I02]",
        "letter.png: ",
        "[G2D-I01]",
        "giant.png: The picture is 60000 x 60000 pixels",
        "[G2D-L02]",
        "missing.png: There is no such file",
        "[G2D-F01]",
        "folder.png: ",
        "6 of 8 images failed",
    ]);
    let done: Vec<_> =
        run.json().iter().map(|line| line["image"].as_str().unwrap().to_owned()).collect();
    assert_eq!(done.len(), 2, "{done:?}");
    assert!(done[0].ends_with("film0.png") && done[1].ends_with("film1.png"));
    assert!(ward.path("out/film1/outcome.json").is_file());
    assert!(!ward.path("out/cut").exists());
    assert!(!run.stderr.contains("zebra"), "the report is told:\n{}", run.stderr);
    assert!(!run.stderr.contains("colleague"), "a file's content is told:\n{}", run.stderr);
}

#[test]
fn bad_reports_are_told_before_anything_is_computed() {
    let ward = Ward::new();
    let megabyte = "The zebra is unremarkable. ".repeat(40_000);
    assert!(megabyte.len() > 1_000_000);
    let cases: [(&str, &[u8], &str); 5] = [
        ("empty.txt", b"", "[G2D-I20]"),
        ("blank.txt", b" \n\t\r\n", "[G2D-I20]"),
        ("long.txt", megabyte.as_bytes(), "[G2D-L20]"),
        ("latin1.txt", b"zebra \xe9\xff", "[G2D-F07]"),
        ("heading.txt", b"FINDINGS:\n", "[G2D-I21]"),
    ];
    for (name, bytes, code) in cases {
        ward.put(name, bytes);
        let run = ward.predict(&["film0.png"], name, &[]).expect(1).says(&[name, code]);
        assert!(run.stdout.is_empty());
        assert!(!run.stderr.contains("zebra"), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    ward.predict(&["film0.png"], "no-such.txt", &[]).expect(1).says(&["no-such.txt", "G2D-F01"]);
    assert!(!ward.path("out").exists());
}

#[test]
fn one_bad_report_of_several_costs_one_image() {
    let ward = Ward::new();
    ward.put("empty.txt", b"");
    let good = ward.path("report1.txt");
    let more = ["--report", good.to_str().unwrap()];
    let run = ward.predict(&["film0.png", "film1.png"], "empty.txt", &more).expect(1);
    let run = run.says(&["film0.png", "G2D-I20", "1 of 2"]);
    assert_eq!(run.json().len(), 1);
    assert!(ward.path("out/film1/outcome.json").is_file());
}

#[test]
fn images_and_reports_must_match_in_number() {
    let ward = Ward::new();
    let more = ["--report", "x.txt"];
    let run = ward.predict(&["film0.png", "film1.png", "film0.png"], "report0.txt", &more);
    run.expect(2).says(&["3 images and 2 reports"]);
    let run = ward.predict(&["film0.png", "film1.png"], "-", &[]);
    assert_ne!(run.code, 0);
    ward.predict(&["film0.png"], "report0.txt", &["--opacity", "2"]).expect(2);
}

#[test]
fn damaged_bundles_are_told() {
    let ward = Ward::new();
    let predict = |model: &std::path::Path| {
        g2d(args![
            "predict",
            ward.path("film0.png"),
            "--report",
            ward.path("report0.txt"),
            "--model",
            model,
            "--out",
            ward.path("out"),
            "--device",
            "cpu"
        ])
    };
    let model = own_bundle(ward.folder.path());
    let shard = fs::read_dir(&model)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.to_string_lossy().contains("-00002-of-"))
        .expect("the bundle has shards");
    let name = shard.file_name().unwrap().to_str().unwrap();
    predict(&model).expect(0);

    let mut bytes = fs::read(&shard).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&shard, &bytes).unwrap();
    predict(&model).expect(1).says(&["G2D-W05", name]);
    fs::write(&shard, &bytes[..last]).unwrap();
    predict(&model).expect(1).says(&["G2D-W05", name]);
    fs::remove_file(&shard).unwrap();
    predict(&model).expect(1).says(&["G2D-W04", name]);

    fs::write(model.join("manifest.json"), b"{\"zebra\": 1}").unwrap();
    predict(&model).expect(1).says(&["G2D-W01"]);
    fs::remove_file(model.join("manifest.json")).unwrap();
    predict(&model).expect(1).says(&["G2D-F02", "g2d export"]);
    predict(&ward.path("nowhere")).expect(1).says(&["G2D-F02"]);
}
