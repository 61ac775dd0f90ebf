use std::fs;

use tempfile::TempDir;

use super::{
    super::{labels::Labels, splits::choose},
    *,
};

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png", "m.png"] {
        fs::write(folder.path().join(name), b"x").unwrap();
    }
    folder
}

fn parse(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> Rows {
    fs::write(folder.path().join(name), content).unwrap();
    read(&folder.path().join(name)).unwrap()
}

fn each(pairs: &[(&str, Option<bool>)]) -> Option<Labels> {
    Some(Labels::Each(pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()))
}

fn positive(names: &[&str]) -> Option<Labels> {
    Some(Labels::Positive(names.iter().map(|n| (*n).to_owned()).collect()))
}

#[test]
fn a_bad_line_is_named_and_the_others_are_read() {
    let folder = folder();
    let jsonl = "{\"image\":\"a.png\"}\n{\"image\":\"SECRET\n\n{\"image\":\"b.png\"}\n[1]\n";
    let rows = parse(&folder, "x.jsonl", jsonl);
    assert_eq!(rows.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [1, 4]);
    let broken: Vec<u64> = rows.broken.iter().map(|(line, _)| *line).collect();
    assert_eq!(broken, [2, 5]);

    let csv =
        b"image,text\na.png,one\nb.png\na.png,SECRET \xff\nb.png,\"two\nlines\"\na.png,last\n";
    let rows = parse(&folder, "x.csv", csv);
    assert_eq!(rows.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 5, 7]);
    assert_eq!(rows.broken.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    for (line, error) in rows.broken {
        let error = error.to_string();
        assert!(error.contains(&format!("Line {line}: ")) && error.contains("G2D-M40"), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[test]
fn labels_of_every_form() {
    let folder = folder();
    let jsonl = r#"{"labels":{"Edema":1,"Mass":0,"Hernia":-1,"Fracture":null,"Nodule":1.0,"Edge":true}}
{"labels":["Edema","Mass"]}
{"labels":"Edema|Mass"}
{"boxes":[{"kind":"nodule","box":[0,0,1,1]}]}
{"boxes":[]}
{"image":"a.png"}
{"labels":{"Edema":0.5}}
{"boxes":[[0,0,1,1]]}
"#;
    let rows = parse(&folder, "x.jsonl", jsonl).rows;
    let labels = |i: usize| rows[i].labels(|_| false);
    let expected = each(&[
        ("Edema", Some(true)),
        ("Mass", Some(false)),
        ("Hernia", None),
        ("Fracture", None),
        ("Nodule", Some(true)),
        ("Edge", Some(true)),
    ]);
    assert_eq!(labels(0), Ok(expected));
    assert_eq!(labels(1), Ok(positive(&["Edema", "Mass"])));
    assert_eq!(labels(2), Ok(positive(&["Edema", "Mass"])));
    assert_eq!(labels(3), Ok(positive(&["nodule"])));
    assert_eq!(labels(4), Ok(positive(&[])));
    assert_eq!(labels(5), Ok(None));
    assert!(labels(6).unwrap_err().to_string().contains("Line 7: "));
    assert_eq!(labels(7), Ok(None), "a box without a kind says nothing about classes");

    let csv = "image,Edema,Mass,Age\na.png,1.0,,61\na.png,-1,0,40\n";
    let rows = parse(&folder, "x.csv", csv).rows;
    let class = |name: &str| ["Edema", "Mass"].contains(&name);
    assert_eq!(rows[0].labels(class), Ok(each(&[("Edema", Some(true))])));
    assert_eq!(rows[1].labels(class), Ok(each(&[("Edema", None), ("Mass", Some(false))])));
}

#[test]
fn columns_are_read_or_refused_with_their_line() {
    let folder = folder();
    let jsonl = r#"{"image":"a.png","text":" One. ","group":7,"split":"validate","mask":["m.png"],"boxes":[[0.1,0.2,0.3,0.4],{"box":[0,0,1,1],"text":"t"}]}
{"image":"SECRET.png","text":["SECRET"],"split":{"a":1},"mask":[1],"boxes":[[1,2,0,4]]}
{"text":"abc","sentences":[{"start":1,"end":9,"assertion":"present","findings":[0]}]}
{"findings":"Right effusion.","impression":"Effusion."}
"#;
    let rows = parse(&folder, "x.jsonl", jsonl).rows;
    let row = &rows[0];
    assert!(row.image().unwrap().ends_with("a.png"));
    assert_eq!(row.text().unwrap(), "One.");
    assert_eq!((row.group(), row.split()), (Ok(Some("7".into())), Ok(Some("val".into()))));
    assert_eq!(row.masks().unwrap().len(), 1);
    let boxes = row.boxes().unwrap().unwrap();
    assert_eq!((boxes[0].bbox, boxes[1].text.as_deref()), ([0.1, 0.2, 0.3, 0.4], Some("t")));
    assert_eq!(row.id().unwrap(), "a.png");
    let row = &rows[1];
    for error in [
        row.image().unwrap_err(),
        row.text().unwrap_err(),
        row.split().unwrap_err(),
        row.masks().unwrap_err(),
        row.boxes().unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.contains("Line 2: ") && !error.contains("SECRET"), "{error}");
    }
    assert!(rows[2].sentences().is_err());
    assert!(rows[3].text().unwrap().contains("Right effusion"));
    assert!(rows[3].image().unwrap_err().to_string().contains("no `image`"));
}

#[test]
fn splits_are_parted_and_a_leak_is_refused() {
    let folder = folder();
    let line = |group: &str, split: &str| {
        format!("{{\"image\":\"a.png\",\"group\":\"{group}\",\"split\":\"{split}\"}}\n")
    };
    let content = [line("a", "test"), line("b", "valid"), line("c", "train")].concat();
    let rows = |content: &str| parse(&folder, "x.jsonl", content).rows;
    let chosen = choose(rows(&content), None).unwrap();
    assert_eq!((chosen.test.len(), chosen.val.len(), chosen.other), (1, 1, 1));
    let chosen = choose(rows(&content), Some("val")).unwrap();
    assert_eq!((chosen.test.len(), chosen.val.len(), chosen.other), (1, 0, 2));
    let error = choose(rows(&content), Some("nowhere")).unwrap_err();
    assert_eq!(error.code(), "G2D-M42");
    let leak = [line("a", "test"), line("a", "val")].concat();
    let error = choose(rows(&leak), None).unwrap_err();
    assert!(error.to_string().contains("Lines 1 and 2"), "{error}");

    let image = |split: &str| format!("{{\"image\":\"a.png\",\"split\":\"{split}\"}}\n");
    let error = choose(rows(&[image("test"), image("val")].concat()), None).unwrap_err();
    assert_eq!(error.code(), "G2D-M03", "one image is one patient");
    let odd = [image("test"), "{\"image\":\"b.png\",\"split\":[1]}\n".into()].concat();
    let chosen = choose(rows(&odd), None).unwrap();
    assert_eq!((chosen.test.len(), chosen.other, chosen.broken[0].0), (1, 0, 2));

    let plain = "{\"image\":\"a.png\"}\n{\"image\":\"b.png\"}\n";
    let chosen = choose(rows(plain), None).unwrap();
    assert_eq!((chosen.test.len(), chosen.other), (2, 0));
    assert_eq!(choose(rows(plain), Some("test")).unwrap_err().code(), "G2D-M42");
}
