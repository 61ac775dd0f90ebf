//! `g2d embed`: what is written is what the model computes, whatever the file format.

use std::{collections::HashMap, fs, path::Path};

use safetensors::SafeTensors;

use crate::{
    args,
    support::{Ward, bundle, g2d},
};

/// Shape and values of each array, and the metadata.
type Content = (HashMap<String, (Vec<usize>, Vec<f32>)>, HashMap<String, String>);

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn read(path: &Path) -> Content {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let arrays = file
        .iter()
        .map(|(name, tensor)| (name.to_owned(), (tensor.shape().to_vec(), floats(tensor.data()))));
    (arrays.collect(), header.metadata().clone().unwrap())
}

fn length(row: &[f32]) -> f32 {
    row.iter().map(|v| v * v).sum::<f32>().sqrt()
}

#[test]
fn vectors_have_length_one_unless_raw_and_npy_is_the_same() {
    let ward = Ward::new();
    ward.put("texts.txt", "\u{feff}Right effusion.\n\nNo effusion.\r\n".as_bytes());
    let embed = |out: &str, more: &[&str]| {
        let base = args![
            "embed",
            "--model",
            bundle(),
            "--device",
            "cpu",
            "--texts",
            ward.path("texts.txt"),
            "--out",
            ward.path(out),
            "--images",
            ward.path("film0.png"),
            ward.path("film1.png")
        ];
        g2d(base.into_iter().chain(more.iter().map(Into::into))).expect(0)
    };
    let run = embed("a.safetensors", &[]);
    assert_eq!(run.json()[0]["arrays"]["images"], serde_json::json!([2, 32]));
    let (arrays, metadata) = read(&ward.path("a.safetensors"));
    for name in ["images", "texts"] {
        let (shape, values) = &arrays[name];
        assert_eq!(shape, &[2, 32]);
        assert!(values.chunks_exact(32).all(|row| (length(row) - 1.0).abs() < 1e-5), "{name}");
    }
    assert_eq!(metadata["texts_ids"], r#"["line 1","line 3"]"#);
    assert!(metadata["images_ids"].contains("film1.png"));
    assert!(metadata["notice"].contains("Not for clinical use"));
    assert_eq!(metadata["sha256"].len(), 64);

    embed("raw.safetensors", &["--raw"]);
    let raw = read(&ward.path("raw.safetensors")).0;
    for name in ["images", "texts"] {
        let pairs = raw[name].1.chunks_exact(32).zip(arrays[name].1.chunks_exact(32));
        for (raw, unit) in pairs {
            let length = length(raw);
            assert!((length - 1.0).abs() > 1e-3, "random weights give no unit vectors");
            assert!(raw.iter().zip(unit).all(|(r, u)| (r / length - u).abs() < 1e-5), "{name}");
        }
    }

    embed("folder", &["--batch", "1", "--maps"]);
    for name in ["images", "texts"] {
        let bytes = fs::read(ward.path("folder").join(format!("{name}.npy"))).unwrap();
        assert!(bytes.starts_with(b"\x93NUMPY\x01\x00"));
        let pairs = floats(&bytes[128..]).into_iter().zip(&arrays[name].1);
        assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-5, "{name}");
    }
    let maps = fs::read(ward.path("folder/maps.npy")).unwrap();
    let header = String::from_utf8_lossy(&maps[..128]).into_owned();
    // /4 of 64 pixels.
    assert!(header.contains("'shape': (2, 32, 16, 16)"), "{header}");
    let places = floats(&maps[128..]);
    let place: Vec<f32> = (0..32).map(|d| places[d * 256 + 5]).collect();
    assert!((length(&place) - 1.0).abs() < 1e-5);
    let ids = fs::read_to_string(ward.path("folder/texts.ids.json")).unwrap();
    assert!(ids.contains("line 3"));
    ward.put("other/note.txt", b"mine");
    let other = args![
        "embed",
        "--model",
        bundle(),
        "--images",
        ward.path("film0.png"),
        "--out",
        ward.path("other")
    ];
    g2d(other).expect(1).says(&["G2D-F40"]);
}

#[test]
fn a_rows_map_is_the_one_that_predict_shows() {
    let ward = Ward::new();
    ward.put("one.txt", b"Right pleural effusion.");
    ward.predict(&["film0.png", "film1.png"], "one.txt", &["--maps"]).expect(0);
    let rows: String = (0..2)
        .map(|i| format!("{{\"image\":\"film{i}.png\",\"text\":\"Right pleural effusion.\"}}\n"))
        .collect();
    let manifest = ward.put("rows.jsonl", rows.as_bytes());
    let out = ward.path("maps.safetensors");
    g2d(args![
        "embed",
        "--model",
        bundle(),
        "--manifest",
        manifest,
        "--maps",
        "text",
        "--out",
        out,
        "--device",
        "cpu"
    ])
    .expect(0);
    let (shape, maps) = read(&out).0["maps"].clone();
    assert_eq!(shape, [2, 64, 64]);
    for i in 0..2 {
        let path = ward.path(&format!("out/film{i}/maps/sentence-0.f32"));
        let shown = floats(&fs::read(path).unwrap());
        let pairs = shown.iter().zip(&maps[i * 4096..]);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "film {i}: {worst}");
    }
}

#[test]
fn bad_rows_are_told_and_the_others_written() {
    let ward = Ward::new();
    ward.put("broken.png", b"no picture");
    let rows = r#"{"id":"first","image":"film0.png","text":"Effusion."}
{"image":"broken.png","text":"Nodule."}
{"image":"SECRET.png"}
{"group":"SECRET"}
{"text":"Opacity."}
"#;
    let manifest = ward.put("rows.jsonl", rows.as_bytes());
    let embed = |manifest: &Path, out: &Path| {
        g2d(args![
            "embed",
            "--model",
            bundle(),
            "--device",
            "cpu",
            "--manifest",
            manifest,
            "--out",
            out
        ])
    };
    let out = ward.path("out.safetensors");
    let run = embed(&manifest, &out).expect(1);
    assert!(!run.stderr.contains("SECRET"), "{}", run.stderr);
    run.says(&["Line 2: ", "broken.png", "Line 3: ", "Line 4: ", "3 of 5 rows failed"]);
    let (arrays, metadata) = read(&out);
    assert_eq!((&arrays["images"].0[..], &arrays["texts"].0[..]), (&[1, 32][..], &[3, 32][..]));
    assert_eq!(metadata["images_ids"], r#"["first"]"#);
    assert_eq!(metadata["texts_ids"], r#"["first","broken.png","line 5"]"#);

    let manifest = ward.put("none.jsonl", b"{\"image\":\"broken.png\"}\n");
    let out = ward.path("none.safetensors");
    embed(&manifest, &out).expect(1).says(&["G2D-M41"]);
    assert!(!out.exists());
    g2d(args!["embed", "--model", bundle(), "--out", out]).expect(2).says(&["--manifest"]);
    let usage = args![
        "embed",
        "--model",
        bundle(),
        "--out",
        out,
        "--images",
        ward.path("film0.png"),
        "--maps",
        "text"
    ];
    g2d(usage).expect(2).says(&["--maps text"]);
    ward.put("latin.txt", b"\xff\xfe");
    let latin =
        args!["embed", "--model", bundle(), "--out", out, "--texts", ward.path("latin.txt")];
    g2d(latin).expect(1).says(&["G2D-I42", "UTF-8"]);
}
