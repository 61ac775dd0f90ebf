//! A miniature Open-I: XML reports with their films named in them.

use std::{fs, path::Path};

use g2d_train::data::pack::Pack;

use super::trees::{funnel, lines, names, png, prepare, put, rejected, steps};

/// A report as the set writes it, with what nobody reads left in.
fn xml(id: &str, sections: &[(&str, &str)], films: &[&str]) -> String {
    let sections: String = sections
        .iter()
        .map(|(label, text)| format!("<AbstractText Label=\"{label}\">{text}</AbstractText>\n"))
        .collect();
    let films: String = films
        .iter()
        .map(|film| {
            format!(
                "<parentImage id=\"{film}\"><figureId>F1</figureId><caption>PA &amp; lateral zebra\
                 </caption><panel type=\"single\"><url>/x/{film}.jpg</url></panel></parentImage>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<eCitation>\n<meta type=\"rr\"/>\n<uId \
         id=\"{id}\"/>\n<pmcId id=\"1\"/>\n<MedlineCitation><Article><ArticleTitle>Indiana \
         University Chest X-ray Collection</ArticleTitle><Abstract>\n{sections}</Abstract></Article>\
         </MedlineCitation>\n<MeSH><major>normal</major></MeSH>\n{films}</eCitation>\n"
    )
}

const FIRST: [&str; 2] = ["CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-4001"];

pub(super) fn tree(folder: &Path) {
    let normal = [
        ("COMPARISON", "None."),
        ("INDICATION", "Positive TB test"),
        ("FINDINGS", "The cardiac silhouette is normal. No effusion &lt; 2 cm."),
        ("IMPRESSION", "Normal chest x-XXXX."),
    ];
    let short = [("FINDINGS", ""), ("IMPRESSION", "No acute disease.")];
    let none = [("INDICATION", "Chest pain, zebra"), ("FINDINGS", " "), ("IMPRESSION", "")];
    for (name, text) in [
        ("1", xml("CXR1", &normal, &FIRST)),
        ("2", xml("CXR2", &short, &["CXR2_IM-0652-1001"])),
        ("3", xml("CXR3", &none, &["CXR3_IM-1384-1001"])),
        ("4", xml("CXR4", &normal, &[])),
        ("5", "<eCitation><uId id=\"CXR5\"/><zebra>".to_owned()),
        ("10", xml("CXR10", &normal, &["CXR10_IM-0002-1001"])),
        ("11", xml("CXR11", &normal, &[FIRST[0]])),
    ] {
        put(&folder.join(format!("reports/ecgen-radiology/{name}.xml")), text);
    }
    for (i, name) in FIRST.iter().chain(&["CXR2_IM-0652-1001", "CXR3_IM-1384-1001"]).enumerate() {
        put(&folder.join(format!("images/{name}.png")), png(i as u64));
    }
}

#[test]
fn the_funnel_is_right_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let (images, reports) = (folder.path().join("images"), folder.path().join("reports"));
    let out = folder.path().join("pack");
    let run = prepare("openi", &out, &[&"--images", &images, &"--reports", &reports]).expect(0);
    assert_eq!(
        funnel(&out),
        steps(&[
            ("found", [6, 7, 7]),
            ("unreadable_report", [6, 6, 6]),
            ("no_image", [6, 5, 5]),
            ("duplicate_id", [5, 4, 4]),
            ("no_sections", [4, 3, 3]),
            ("short_report", [4, 3, 3]),
            ("missing_image", [3, 2, 2]),
            ("unreadable_image", [3, 2, 2]),
        ])
    );
    assert_eq!(
        rejected(&out),
        [
            "5 unreadable_report".to_owned(),
            "CXR4 no_image".to_owned(),
            format!("{} duplicate_id", FIRST[0]),
            "CXR3_IM-1384-1001 no_sections".to_owned(),
            "CXR10_IM-0002-1001 missing_image".to_owned(),
        ]
    );
    let pack = Pack::open(&out).unwrap();
    let ids: Vec<_> = pack.rows().iter().map(|r| (r.id.as_str(), r.group.as_deref())).collect();
    assert_eq!(
        ids,
        [(FIRST[0], Some("CXR1")), (FIRST[1], Some("CXR1")), ("CXR2_IM-0652-1001", Some("CXR2")),]
    );
    assert_eq!(
        pack.row(0).text,
        "IMPRESSION: Normal chest x-XXXX.\nFINDINGS: The cardiac silhouette is normal. No \
         effusion < 2 cm."
    );
    assert_eq!(pack.row(0).split, pack.row(1).split, "one patient, one split");
    assert_ne!(pack.pixels(0), pack.pixels(1));
    let told = format!("{}{}", run.stderr, run.stdout);
    assert!(!told.contains("zebra") && !told.contains("silhouette"), "{told}");
}

#[test]
fn shares_seed_and_films_of_a_study_are_switches() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let (images, reports) = (folder.path().join("images"), folder.path().join("reports"));
    let out = folder.path().join("pack");
    let more: [&dyn AsRef<std::ffi::OsStr>; 8] = [
        &"--images",
        &images,
        &"--reports",
        &reports,
        &"--per-study",
        &"first",
        &"--split",
        &"only=1",
    ];
    prepare("openi", &out, &more).expect(0);
    let rows = lines(&out.join("index.jsonl"));
    let ids: Vec<_> = rows.iter().map(|r| format!("{}{}", r["id"], r["split"])).collect();
    let expected = [FIRST[0], "CXR2_IM-0652-1001"].map(|id| format!("\"{id}\"\"only\""));
    assert_eq!(ids, expected);

    fs::remove_dir_all(&reports).unwrap();
    fs::create_dir(&reports).unwrap();
    let empty = folder.path().join("empty");
    prepare("openi", &empty, &more).expect(1).says(&["G2D-M22", "*.xml"]);
    assert_eq!(names(folder.path()), ["images", "pack", "reports"]);
}
