//! `g2d data prepare manifest`: whatever the manifest holds.

use std::fs;

use g2d_train::data::pack::Pack;

use super::trees::{funnel, lines, names, png, prepare, put, rejected, steps};

const MANIFEST: &str = r#"{"image": "a.png", "text": "Left basal opacity.", "group": "p", "split": "training"}
{"image": "b.png", "findings": "Clear lungs today.", "group": "p"}
zebra
{"image": "none.png", "text": "Clear lungs today.", "group": "q"}
{"image": "c.png", "group": "q"}

{"image": "a.png", "text": "The same film again.", "group": "r"}
{"image": "c.png", "text": "No acute process.", "group": 7}
{"image": "d.png", "text": "HISTORY: Cough and zebra.", "group": "s"}
{"image": "e.png", "text": "Zebra chest.", "group": "s"}
{"image": "f.png", "text": "Large heart, no edema.", "group": "t"}
"#;

fn ward() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in ["a", "b", "c", "d", "e"].iter().enumerate() {
        put(&folder.path().join(format!("data/{name}.png")), png(i as u64));
    }
    put(&folder.path().join("data/f.png"), &png(9)[..500]);
    put(&folder.path().join("data/m.jsonl"), MANIFEST);
    folder
}

#[test]
fn bad_rows_are_counted_and_the_rest_is_packed() {
    let folder = ward();
    let (manifest, out) = (folder.path().join("data/m.jsonl"), folder.path().join("pack"));
    let run = prepare("manifest", &out, &[&manifest]).expect(0);
    // Rows that cannot be read stand for no image and no known patient.
    assert_eq!(
        funnel(&out),
        steps(&[
            ("found", [7, 9, 8]),
            ("bad_row", [7, 6, 5]),
            ("duplicate_id", [6, 6, 4]),
            ("no_sections", [5, 5, 4]),
            ("short_report", [4, 4, 3]),
            ("missing_image", [4, 4, 3]),
            ("unreadable_image", [3, 3, 2]),
        ])
    );
    assert_eq!(
        rejected(&out),
        [
            "line 3 bad_row",
            "line 4 bad_row",
            "line 5 bad_row",
            "a.png duplicate_id",
            "d.png no_sections",
            "e.png short_report",
            "f.png unreadable_image",
        ]
    );
    let pack = Pack::open(&out).unwrap();
    let rows: Vec<_> =
        pack.rows().iter().map(|r| (r.id.as_str(), r.group.as_deref(), &*r.split)).collect();
    // b.png has no split of its own and follows its patient.
    assert_eq!(rows[..2], [("a.png", Some("p"), "train"), ("b.png", Some("p"), "train")]);
    assert_eq!((rows.len(), rows[2].0, rows[2].1), (3, "c.png", Some("7")));
    let run = run.says(&["line 3", "not a JSON object", "a.png (line 7)", "f.png (line 11)"]);
    assert!(!run.stderr.to_lowercase().contains("zebra"), "{}", run.stderr);

    let strict = folder.path().join("strict");
    prepare("manifest", &strict, &[&manifest, &"--strict"]).expect(1).says(&["G2D-M23", "line 3"]);
    assert_eq!(names(folder.path()), ["data", "pack"]);
}

#[test]
fn tables_are_read_like_lines_and_a_leak_is_refused() {
    let folder = ward();
    let table = folder.path().join("data/m.csv");
    let out = folder.path().join("pack");
    put(
        &table,
        "image,text,group,split\na.png,\"Left basal, opacity.\",p,train\nb.png,one,two\n\
         c.png,No acute process.,q,valid\n",
    );
    prepare("manifest", &out, &[&table]).expect(0).says(&["line 3", "3 columns"]);
    let rows = lines(&out.join("index.jsonl"));
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["split"], "val");
    assert_eq!(rows[0]["text"], "Left basal, opacity.");

    let leak = folder.path().join("data/leak.csv");
    put(
        &leak,
        "image,text,group,split\na.png,Left basal opacity.,p,train\n\
         b.png,No acute process.,p,test\n",
    );
    let none = folder.path().join("none");
    let run = prepare("manifest", &none, &[&leak]).expect(1);
    run.says(&["G2D-M03", "patient p", "a.png in train", "b.png in test"]);
    put(&leak, "image,text\nzz.png,Left basal opacity.\n");
    prepare("manifest", &none, &[&leak]).expect(1).says(&["G2D-M24", "| row can be read"]);
    assert!(!none.exists());
    fs::remove_file(&leak).unwrap();
    prepare("manifest", &none, &[&leak]).expect(1).says(&["G2D-F01", "leak.csv"]);
}
