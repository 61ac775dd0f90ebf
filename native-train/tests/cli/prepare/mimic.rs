//! A miniature MIMIC-CXR-JPG. Its rows, and what happens to each:
//!
//! | film | subject | study | |
//! |---|---|---|---|
//! | a1 PA, a2 LATERAL | 10000001 | 50000001 | findings and impression; a2 goes by its view |
//! | b1 AP | 10000001 | 50000002 | impression alone |
//! | c1 PA, c2 AP | 10000002 | 50000003 | a heading with a typing error |
//! | d1 PA | 11000003 | 50000004 | no section, a last paragraph |
//! | e1 AP | 12000004 | 50000005 | the views as a heading |
//! | f1 PA | 12000004 | 50000006 | image missing |
//! | g1 AP | 10000005 | 50000007 | image unreadable |
//! | h1 PA | 10000005 | 50000008 | report missing |
//! | i1 PA | 10000005 | 50000009 | two words |
//! | j1 (none) | 10000005 | 50000010 | view not given |
//! | a1 again | | | duplicate |
//! | k1 PA | 10000005 | 50000011 | not in the split table |
//! | l1 PA | 10000005 | 50000012 | report is not a text |
//! | m1 PA | x | 50000013 | subject is no number |

use std::{
    fs,
    path::{Path, PathBuf},
};

use g2d_core::text::parse_report;
use g2d_train::data::pack::Pack;
use tempfile::TempDir;

use super::trees::{content, funnel, gzip, jpeg, lines, names, prepare, put, rejected, steps};

const ROWS: [(&str, &str, &str, &str); 16] = [
    ("e1", "12000004", "50000005", "AP"),
    ("a1", "10000001", "50000001", "PA"),
    ("a2", "10000001", "50000001", "LATERAL"),
    ("b1", "10000001", "50000002", "AP"),
    ("c2", "10000002", "50000003", "AP"),
    ("c1", "10000002", "50000003", "PA"),
    ("d1", "11000003", "50000004", "PA"),
    ("f1", "12000004", "50000006", "PA"),
    ("g1", "10000005", "50000007", "AP"),
    ("h1", "10000005", "50000008", "PA"),
    ("i1", "10000005", "50000009", "PA"),
    ("j1", "10000005", "50000010", ""),
    ("a1", "10000001", "50000001", "PA"),
    ("k1", "10000005", "50000011", "PA"),
    ("l1", "10000005", "50000012", "PA"),
    ("m1", "x", "50000013", "PA"),
];

const REPORTS: [(&str, &str, &[u8]); 10] = [
    (
        "10000001",
        "50000001",
        b"                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n \
          INDICATION:  ___ year old man with zebra fever\n \n COMPARISON:  None.\n \n FINDINGS: \n \
          \n Left basal opacity.  No pneumothorax.\n \n IMPRESSION: \n \n Left lower lobe\n \
          pneumonia.\n",
    ),
    ("10000001", "50000002", b" FINAL REPORT\n IMPRESSION:  Unchanged left basal opacity.\n"),
    (
        "10000002",
        "50000003",
        b" FINAL REPORT\n HISTORY: Cough.\n \n FIDINGS:  Clear lungs today.\n",
    ),
    ("11000003", "50000004", b" FINAL REPORT\n HISTORY: Cough.\n \n Heart size is normal.\n"),
    (
        "12000004",
        "50000005",
        b" FINAL REPORT\n PA AND LATERAL CHEST, ___:  Large heart, no edema.\n",
    ),
    ("12000004", "50000006", b" IMPRESSION: No acute process.\n"),
    ("10000005", "50000007", b" IMPRESSION: No acute process.\n"),
    ("10000005", "50000009", b" IMPRESSION: Normal chest.\n"),
    ("10000005", "50000011", b" IMPRESSION: No acute process.\n"),
    ("10000005", "50000012", b" IMPRESSION: No\0acute process.\n"),
];

fn metadata(rows: &[(&str, &str, &str, &str)]) -> String {
    let mut table = "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,\
                     Rows,Columns,StudyDate,StudyTime\n"
        .to_owned();
    for (dicom, subject, study, view) in rows {
        let row =
            format!("{dicom},{subject},{study},\"CHEST (PA, LAT)\",{view},80,80,21800506,1.5");
        table.push_str(&format!("{row}\n"));
    }
    table
}

/// Subject 11… is for validation and 12… for the test; k1 is left out.
fn split() -> String {
    let mut table = "dicom_id,study_id,subject_id,split\n".to_owned();
    for (dicom, subject, study, _) in ROWS.iter().filter(|r| r.0 != "k1" && r.0 != "m1") {
        let split = match &subject[..2] {
            "11" => "validate",
            "12" => "test",
            _ => "train",
        };
        table.push_str(&format!("{dicom},{study},{subject},{split}\n"));
    }
    table
}

/// The tree in a new folder: `images` and `reports` below it, which may be the same.
pub(super) struct Mimic {
    pub(super) folder: TempDir,
    images: PathBuf,
    reports: PathBuf,
}

impl Mimic {
    pub(super) fn new(version: &str, packed: bool, merged: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let images = folder.path().join("mimic-cxr-jpg");
        let reports = if merged { images.clone() } else { folder.path().join("mimic-cxr") };
        for (i, (dicom, subject, study, _)) in ROWS.iter().enumerate().take(12) {
            let bytes = match *dicom {
                "f1" => continue,
                "g1" => b"Dear colleague".to_vec(),
                _ => jpeg(i as u64),
            };
            let part = &subject[..2];
            put(&images.join(format!("files/p{part}/p{subject}/s{study}/{dicom}.jpg")), bytes);
        }
        for (subject, study, text) in REPORTS {
            let part = &subject[..2];
            put(&reports.join(format!("files/p{part}/p{subject}/s{study}.txt")), text);
        }
        for (kind, table) in [("metadata", metadata(&ROWS)), ("split", split())] {
            let bytes = table.into_bytes();
            let name = format!("mimic-cxr-{version}-{kind}.csv");
            if packed {
                put(&images.join(format!("{name}.gz")), gzip(&bytes));
            } else {
                put(&images.join(name), bytes);
            }
        }
        Self { folder, images, reports }
    }

    pub(super) fn out(&self) -> PathBuf {
        self.folder.path().join("pack")
    }

    pub(super) fn prepare(&self, more: &[&str]) -> crate::support::Run {
        let mut args: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"--images", &self.images];
        if self.reports != self.images {
            args.extend([&"--reports" as &dyn AsRef<std::ffi::OsStr>, &self.reports]);
        }
        args.extend(more.iter().map(|m| m as &dyn AsRef<std::ffi::OsStr>));
        prepare("mimic", &self.out(), &args)
    }
}

#[test]
fn the_funnel_is_right_by_hand() {
    let mimic = Mimic::new("2.0.0", true, false);
    let run = mimic.prepare(&[]).expect(0);
    let pack = mimic.out();
    assert_eq!(
        funnel(&pack),
        steps(&[
            ("found", [15, 13, 6]),
            ("bad_row", [15, 12, 5]),
            ("duplicate_id", [14, 12, 5]),
            ("view", [12, 11, 5]),
            ("no_split", [11, 10, 5]),
            ("no_report", [10, 9, 5]),
            ("unreadable_report", [9, 8, 5]),
            ("no_sections", [8, 7, 4]),
            ("short_report", [7, 6, 4]),
            ("missing_image", [6, 5, 4]),
            ("unreadable_image", [5, 4, 3]),
        ])
    );
    assert_eq!(
        rejected(&pack),
        [
            "metadata line 17 bad_row",
            "a1 duplicate_id",
            "a2 view",
            "j1 view",
            "k1 no_split",
            "h1 no_report",
            "l1 unreadable_report",
            "d1 no_sections",
            "i1 short_report",
            "f1 missing_image",
            "g1 unreadable_image",
        ]
    );
    let summary = &run.json()[0];
    assert_eq!(summary["films"], 5);
    assert_eq!(summary["patients"], 3);
    assert_eq!(summary["splits"], serde_json::json!({"train": 4, "test": 1}));
    assert_eq!(summary["dataset"], "MIMIC-CXR-JPG 2.0.0");
    // The table is shown; faults are named with their files; reports stay private.
    for word in [
        "| view is wanted (view)",
        "h1 (p10/p10000005/s50000008.txt)",
        "f1 (p12/p12000004/s50000006/f1.jpg)",
        "G2D-I01",
    ] {
        assert!(run.stderr.contains(word), "no {word:?} in {}", run.stderr);
    }
    let told = format!("{}{}", run.stderr, run.stdout).to_lowercase();
    let kept = ["rejected.jsonl", "funnel.md", "funnel.json", "pack.json"]
        .map(|name| fs::read_to_string(pack.join(name)).unwrap().to_lowercase());
    for secret in ["zebra", "cough", "opacity", "colleague", "acute"] {
        assert!(!told.contains(secret), "{secret}");
        assert!(!kept.iter().any(|text| text.contains(secret)), "{secret}");
    }
    assert!(kept[1].contains("not for clinical use"));
    assert_eq!(names(mimic.folder.path()), ["mimic-cxr", "mimic-cxr-jpg", "pack"]);
}

#[test]
fn rows_films_and_texts_belong_together() {
    let mimic = Mimic::new("2.0.0", false, true);
    mimic.prepare(&[]).expect(0);
    let pack = Pack::open(&mimic.out()).unwrap();
    let rows: Vec<_> = pack
        .rows()
        .iter()
        .map(|r| (r.id.as_str(), r.group.as_deref().unwrap(), r.split.as_str(), r.text.as_str()))
        .collect();
    let a1 = "IMPRESSION: Left lower lobe\npneumonia.\nFINDINGS: Left basal opacity.  No \
              pneumothorax.";
    assert_eq!(
        rows,
        [
            ("a1", "10000001", "train", a1),
            ("b1", "10000001", "train", "IMPRESSION: Unchanged left basal opacity."),
            ("c1", "10000002", "train", "FINDINGS: Clear lungs today."),
            ("c2", "10000002", "train", "FINDINGS: Clear lungs today."),
            ("e1", "12000004", "test", "FINDINGS: Large heart, no edema."),
        ]
    );
    let sentences = parse_report(a1).unwrap().sentences;
    assert_eq!(sentences.len(), 3);
    assert_eq!(sentences[1].section.as_deref(), Some("FINDINGS"));
    // Each film is made from its own file: row 1 of the table is a1's, row 0 e1's.
    for (index, row) in [(0, 1), (4, 0)] {
        let film =
            g2d_core::image::decode(&jpeg(row), &g2d_core::image::Limits::default()).unwrap();
        let config =
            g2d_core::config::ImageConfig { resize_to: 64, input_size: 64, ..Default::default() };
        let plan = g2d_core::image::Geometry::plan(&film.pixels, &config).unwrap();
        let square = plan.apply(&film.pixels);
        let worst = square.data.iter().zip(pack.pixels(index));
        let worst = worst.map(|(a, &b)| (a * 255.0 - f32::from(b)).abs()).fold(0.0, f32::max);
        assert!(worst <= 0.5 + 1e-4, "{worst}");
        let rule = g2d_core::config::BodyRule::Auto;
        assert_eq!(pack.body(index), g2d_core::pseudo_mask::body_mask(&square, rule));
    }
}

#[test]
fn releases_trees_and_the_order_of_rows_make_no_difference() {
    let films = |mimic: &Mimic| {
        mimic.prepare(&[]).expect(0);
        let read = |name: &str| fs::read(mimic.out().join(name)).unwrap();
        (read("films.bin"), read("index.jsonl"))
    };
    let first = films(&Mimic::new("2.0.0", true, false));
    assert_eq!(films(&Mimic::new("2.1.0", false, true)), first);
    let turned = Mimic::new("2.0.0", false, false);
    let mut rows = ROWS;
    rows.reverse();
    put(&turned.images.join("mimic-cxr-2.0.0-metadata.csv"), metadata(&rows));
    assert_eq!(films(&turned), first);

    // From `files` itself, and from one part of it, which holds all but d1 and e1.
    let inner = Mimic::new("2.0.0", true, false);
    let files =
        Mimic { images: inner.images.join("files"), reports: inner.reports.join("files"), ..inner };
    assert_eq!(films(&files), first);
    fs::remove_dir_all(files.out()).unwrap();
    let part = Mimic { images: files.images.join("p10"), ..files };
    part.prepare(&[]).expect(0);
    let ids: Vec<_> =
        lines(&part.out().join("index.jsonl")).iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, ["a1", "b1", "c1", "c2"]);
    assert!(rejected(&part.out()).contains(&"e1 folder".to_owned()));
}

#[test]
fn the_rules_are_switches() {
    let mimic = Mimic::new("2.0.0", true, false);
    let ids = |more: &[&str]| -> Vec<String> {
        mimic.prepare(&[more, &["--force"]].concat()).expect(0);
        let rows = lines(&mimic.out().join("index.jsonl"));
        rows.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["--last-paragraph"]), ["a1", "b1", "c1", "c2", "d1", "e1"]);
    assert_eq!(ids(&["--views", "all"]), ["a1", "a2", "b1", "c1", "c2", "e1"]);
    assert_eq!(ids(&["--views", "pa"]), ["a1", "c1"]);
    assert_eq!(ids(&["--per-study", "first"]), ["a1", "b1", "c1", "e1"]);
    assert_eq!(ids(&["--sections", "both"]), ["a1"]);
    assert_eq!(ids(&["--sections", "impression"]), ["a1", "b1"]);
    assert_eq!(ids(&["--min-words", "5"]), ["a1"]);
    let text = |more: &[&str]| {
        ids(more);
        lines(&mimic.out().join("index.jsonl"))[0]["text"].as_str().unwrap().to_owned()
    };
    assert!(text(&["--order", "findings-impression"]).starts_with("FINDINGS: Left basal"));
    let film = |more: &[&str]| {
        ids(more);
        let pack = Pack::open(&mimic.out()).unwrap();
        (pack.pixels(0).to_vec(), pack.body(0))
    };
    let plain = film(&[]);
    assert_ne!(film(&["--crop-tolerance", "none"]).0, plain.0);
    let none = film(&["--body", "none"]);
    assert_eq!(Pack::open(&mimic.out()).unwrap().info().whole_bodies, 5);
    assert_eq!((none.1.area(), &none.0), (64 * 64, &plain.0));
    // What the crop leaves is no square.
    assert_ne!(film(&["--resize", "pad"]).0, plain.0);
    let pack = Pack::open(&mimic.out()).unwrap();
    let options = &pack.info().options["film"];
    assert_eq!((&options["resize"], &options["crop_tolerance"]), (&"pad".into(), &5.into()));
}

#[test]
fn a_patient_in_two_splits_is_refused() {
    let mimic = Mimic::new("2.0.0", false, false);
    let table = mimic.images.join("mimic-cxr-2.0.0-split.csv");
    let text = fs::read_to_string(&table).unwrap();
    put(&table, text.replace("b1,50000002,10000001,train", "b1,50000002,10000001,test"));
    let run = mimic.prepare(&[]).expect(1);
    run.says(&["G2D-M03", "patient 10000001", "film a1 in train", "film b1 in test"]);
    assert_eq!(names(mimic.folder.path()), ["mimic-cxr", "mimic-cxr-jpg"]);
}

#[test]
fn strict_stops_at_the_first_fault_and_leaves_nothing_under_the_name() {
    let mimic = Mimic::new("2.0.0", false, false);
    mimic.prepare(&["--strict"]).expect(1).says(&["G2D-M23", "bad_row", "metadata line 17"]);
    // Without the faults of the tables and reports, the unreadable image stops it.
    let good: Vec<_> = ROWS.into_iter().filter(|r| ["a1", "g1"].contains(&r.0)).take(2).collect();
    put(&mimic.images.join("mimic-cxr-2.0.0-metadata.csv"), metadata(&good));
    mimic.prepare(&["--strict"]).expect(1).says(&["G2D-M23", "unreadable_image: g1", "G2D-I01"]);
    assert!(!mimic.out().exists());
    mimic.prepare(&[]).expect(0);
}

#[test]
fn wrong_tables_and_trees_are_told() {
    let tell = |change: &dyn Fn(&Mimic), words: &[&str]| {
        let mimic = Mimic::new("2.0.0", false, false);
        change(&mimic);
        mimic.prepare(&[]).expect(1).says(words);
        assert!(!mimic.out().exists());
    };
    let rename = |mimic: &Mimic, from: &str, to: &str| {
        fs::rename(mimic.images.join(from), mimic.images.join(to)).unwrap();
    };
    tell(
        &|m| rename(m, "mimic-cxr-2.0.0-split.csv", "mimic-cxr-1.9.0-split.csv"),
        &["G2D-M20", "mimic-cxr-1.9.0-split.csv is of a version", "2.0.0"],
    );
    tell(
        &|m| put(&m.images.join("mimic-cxr-2.0.0-metadata.csv"), "dicom_id,subject_id\n"),
        &["mimic-cxr-2.0.0-metadata.csv: ", "no column `study_id`", "ViewPosition"],
    );
    tell(
        &|m| fs::remove_dir_all(m.reports.join("files")).unwrap(),
        &["G2D-M21", "no tree of reports"],
    );
    let zip = |m: &Mimic| {
        fs::remove_dir_all(m.reports.join("files")).unwrap();
        put(&m.reports.join("mimic-cxr-reports.zip"), "PK");
    };
    tell(&zip, &["Unpack mimic-cxr-reports.zip"]);
}

#[test]
fn nothing_else_is_overwritten_and_the_same_is_not_made_twice() {
    let mimic = Mimic::new("2.0.0", true, false);
    mimic.prepare(&[]).expect(0);
    let before = content(&mimic.out());
    mimic.prepare(&[]).expect(0).says(&["there already"]);
    mimic.prepare(&["--body", "none"]).expect(1).says(&["G2D-F26", "--force"]);
    assert_eq!(content(&mimic.out()), before);
    mimic.prepare(&["--body", "none", "--force"]).expect(0);
    assert_ne!(content(&mimic.out()), before);
    fs::remove_dir_all(mimic.out()).unwrap();
    put(&mimic.out().join("thesis.txt"), "x");
    mimic.prepare(&["--force"]).expect(1).says(&["G2D-F25"]);
    assert_eq!(names(&mimic.out()), ["thesis.txt"]);
    let here = Path::new("..");
    prepare("mimic", here, &[&"--images", &mimic.images]).expect(2);
}
