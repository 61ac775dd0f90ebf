//! Miniature data sets: phantoms and invented reports in the formats of the real ones.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use g2d_core::{
    phantom::{self, PhantomConfig},
    render,
};
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};
use serde_json::Value;

use crate::support::{Run, g2d};

pub(super) fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A film of 80 pixels, different for each seed.
pub(super) fn png(seed: u64) -> Vec<u8> {
    let config = PhantomConfig { size: 80, ..PhantomConfig::default() };
    render::grey_png8(&phantom::generate(seed, 0, &config).image).unwrap()
}

/// The same with ten rows more than it is wide, and ten black ones below, which a crop removes.
pub(super) fn jpeg(seed: u64) -> Vec<u8> {
    let square = image::load_from_memory(&png(seed)).unwrap().to_luma8().into_raw();
    let film = [&square[..], &square[70 * 80..], &[0; 10 * 80]].concat();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .write_image(&film, 80, 100, ExtendedColorType::L8)
        .unwrap();
    bytes
}

/// Runs `g2d data prepare KIND … --out OUT --resize-to 64`.
pub(super) fn prepare(kind: &str, out: &Path, more: &[&dyn AsRef<OsStr>]) -> Run {
    let mut args: Vec<OsString> =
        ["data", "prepare", kind, "--resize-to", "64", "--threads", "2", "--out"]
            .map(Into::into)
            .into();
    args.push(out.into());
    for &arg in more {
        let arg: &OsStr = arg.as_ref();
        args.push(arg.to_owned());
    }
    g2d(args)
}

/// `[images, studies, patients]` left after each rule, from the pack's own funnel.
pub(super) fn funnel(pack: &Path) -> Vec<(String, [u64; 3])> {
    let json: Value = serde_json::from_slice(&fs::read(pack.join("funnel.json")).unwrap()).unwrap();
    let steps = json["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            let left = |name: &str| step["left"][name].as_u64().unwrap();
            let rule = step["rule"].as_str().unwrap().to_owned();
            (rule, [left("images"), left("studies"), left("patients")])
        })
        .collect()
}

pub(super) fn steps(expected: &[(&str, [u64; 3])]) -> Vec<(String, [u64; 3])> {
    expected.iter().map(|(rule, left)| ((*rule).to_owned(), *left)).collect()
}

/// `id rule` of each row that was left out.
pub(super) fn rejected(pack: &Path) -> Vec<String> {
    lines(&pack.join("rejected.jsonl"))
        .iter()
        .map(|row| format!("{} {}", row["id"].as_str().unwrap(), row["rule"].as_str().unwrap()))
        .collect()
}

pub(super) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every file of a folder with its bytes, by name.
pub(super) fn content(folder: &Path) -> Vec<(OsString, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// What lies beside a pack: nothing but what the test put there may stay.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A manifest of `count` films that are `kinds` different ones, of one patient each.
pub(super) fn many(folder: &Path, count: usize, kinds: u64) -> PathBuf {
    let films: Vec<Vec<u8>> = (0..kinds).map(png).collect();
    let mut manifest = String::new();
    for i in 0..count {
        let name = format!("images/{i:05}.png");
        put(&folder.join(&name), &films[i % films.len()]);
        let row = serde_json::json!({
            "image": name, "group": format!("p{i}"),
            "text": format!("FINDINGS: Opacity number {i} in the left lung."),
        });
        manifest.push_str(&format!("{row}\n"));
    }
    let path = folder.join("manifest.jsonl");
    put(&path, manifest);
    path
}
