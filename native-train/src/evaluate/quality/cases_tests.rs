//! Folders, labels and boxes as cases.

use super::*;
use crate::data::synth::{self, FilmFormat, Plan};

#[test]
fn a_folder_gives_the_cases_that_the_generator_gives() {
    let out = tempfile::tempdir().unwrap();
    let config = PhantomConfig { size: 48, ..PhantomConfig::default() };
    let plan = Plan {
        folder: out.path().join("set"),
        count: 12,
        seed: 5,
        phantom: config.clone(),
        format: FilmFormat::Png16,
        splits: "train=0.5,test=0.5".parse().unwrap(),
        force: false,
    };
    synth::write(&plan).unwrap();
    let folder = Source::folder(&plan.folder, 100).unwrap();
    assert_eq!((folder.len(), folder.seed()), (6, None));
    let drawn = Source::phantoms(5, 12, config);
    let mut seen = 0;
    folder
        .for_each(|index, read| {
            let drawn = drawn.case(index + 6)?;
            assert_eq!(read.report, drawn.report);
            assert_eq!(read.sentences.len(), drawn.sentences.len());
            for (read, drawn) in read.sentences.iter().zip(&drawn.sentences) {
                assert_eq!((&read.kind, read.side), (&drawn.kind, drawn.side));
                assert_eq!(read.truth, drawn.truth);
                seen += usize::from(read.truth.is_some());
            }
            Ok(())
        })
        .unwrap();
    assert!(seen > 0);
    assert_eq!(Source::folder(&plan.folder, 3).unwrap().len(), 3);
}

#[test]
fn a_gate_set_is_told_by_its_columns() {
    let out = tempfile::tempdir().unwrap();
    let row = |i: usize, kind: &str| {
        format!(r#"{{"image":"{i}.png","kind":"{kind}","expect":"refuse","group":"g"}}"#)
    };
    let rows: Vec<String> =
        (0..9).map(|i| row(i, if i < 6 { "lateral" } else { "other" })).collect();
    let path = out.path().join("manifest.jsonl");
    fs::write(&path, rows.join("\n")).unwrap();
    let sets = Source::gate_set(out.path(), 3).unwrap().unwrap();
    let found: Vec<_> = sets.iter().map(|(kind, set)| (kind.as_str(), set.len())).collect();
    assert_eq!(found, [("lateral, real", 3), ("other, real", 3)]);
    fs::write(&path, r#"{"image":"a.png","text":"t"}"#).unwrap();
    assert!(Source::gate_set(out.path(), 3).unwrap().is_none());
}

#[test]
fn labels_are_lists_or_objects() {
    let list = labels(r#"{"labels": ["mass", "nodule"]}"#).unwrap();
    assert_eq!((list.get("mass"), list.get("hernia")), (Some(true), Some(false)));
    let each = labels(r#"{"labels": {"mass": 1, "nodule": 0, "edema": -1}}"#).unwrap();
    let got = ["mass", "nodule", "edema", "hernia"].map(|name| each.get(name));
    assert_eq!(got, [Some(true), Some(false), None, None]);
    assert_eq!(labels("{}"), None);
    assert_eq!(filled(4, 3, [1.0, 1.0, 2.0, 1.0]).area(), 2);
}
