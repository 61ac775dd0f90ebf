use std::fs;

use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png", "m.png"] {
        fs::write(folder.path().join(name), b"x").unwrap();
    }
    folder
}

fn parse(name: &str, content: &str) -> anyhow::Result<Vec<Pair>> {
    let folder = folder();
    fs::write(folder.path().join(name), content).unwrap();
    read(&folder.path().join(name))
}

fn refusal(name: &str, content: &str) -> String {
    let message = format!("{:#}", parse(name, content).unwrap_err());
    assert!(!message.contains("SECRET"), "report text is told: {message}");
    message
}

#[test]
fn jsonl_and_csv_say_the_same() {
    let jsonl = r#"{"image":"a.png","text":"Clear lungs, no effusion.","group":7,"split":"validate","mask":["m.png","m.png"],"boxes":[[1,2,3,4]]}

{"image":"b.png","findings":"Right effusion.","impression":"Effusion.","study_date":"x"}"#;
    let csv = "\u{feff}image,text,findings,impression,group,split,mask,boxes\n\
        a.png,\"Clear lungs, no effusion.\",,,7,validate,m.png;m.png,\"[[1,2,3,4]]\"\n\
        b.png,,Right effusion.,Effusion.,,,,\n";
    let pairs = parse("pairs.jsonl", jsonl).unwrap();
    assert_eq!(pairs.len(), 2);
    assert_eq!(pairs[0].text, "Clear lungs, no effusion.");
    assert_eq!(pairs[0].split.as_deref(), Some("val"));
    assert_eq!(pairs[0].group.as_deref(), Some("7"));
    assert_eq!(pairs[0].boxes[0].bbox, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(pairs[0].mask.len(), 2);
    assert!(pairs[1].text.contains("Right effusion"));
    let names = |pairs: &[Pair]| -> Vec<_> {
        let name = |p: &Pair| p.image.file_name().unwrap().to_owned();
        pairs.iter().map(|p| (name(p), p.text.clone(), p.split.clone(), p.boxes.clone())).collect()
    };
    // Without an extension the first character tells.
    for (name, content) in [("pairs.csv", csv), ("pairs", csv), ("pairs", jsonl)] {
        assert_eq!(names(&parse(name, content).unwrap()), names(&pairs), "{name}");
    }
}

#[test]
fn named_boxes_and_sentences_are_read() {
    let line = r#"{"image":"a.png","text":"Effusion.","boxes":[{"kind":"effusion","box":[0,0,5,6]}],
        "sentences":[{"start":0,"end":9,"assertion":"present","findings":[0]}]}"#;
    let pairs = parse("p.jsonl", &line.replace('\n', " ")).unwrap();
    assert_eq!(pairs[0].boxes[0].kind.as_deref(), Some("effusion"));
    assert_eq!(pairs[0].sentences[0].assertion, Assertion::Present);
}

#[test]
fn bad_lines_are_named_without_their_text() {
    let good = r#"{"image":"a.png","text":"SECRET"}"#;
    let cases = [
        ("{\"image\":\"a.png\",\"text\":\"SECRET", "JSON object"),
        (r#"["SECRET"]"#, "JSON object"),
        (r#"{"text":"SECRET"}"#, "no `image`"),
        (r#"{"image":"a.png"}"#, "no report"),
        (r#"{"image":"a.png","text":["SECRET"]}"#, "`text` is not a text"),
        (r#"{"image":"SECRET.png","text":"x"}"#, "the file of `image` is not there"),
        (r#"{"image":"a.png","text":"x","mask":"SECRET.png"}"#, "the file of `mask` is not there"),
        (r#"{"image":"a.png","text":"x","boxes":"SECRET"}"#, "`boxes` is not a list"),
        (r#"{"image":"a.png","text":"x","boxes":[[1,2,0,4]]}"#, "`boxes` is not made of finite"),
        (r#"{"image":"a.png","text":"x","split":{"SECRET":1}}"#, "`split` is not a name"),
    ];
    for (line, expected) in cases {
        let message = refusal("p.jsonl", &format!("{good}\n{line}\n"));
        assert!(message.contains("Line 2: ") && message.contains(expected), "{message}");
    }
    let message = refusal("p.csv", "image,text\na.png,SECRET\na.png,\"SECRET\",SECRET\n");
    assert!(message.contains("Line 3: there are 3 columns, the header has 2"), "{message}");
    assert!(refusal("p.csv", "image,text\n").contains("G2D-M01"));
    assert!(refusal("p.jsonl", "").contains("G2D-M01"));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let folder = folder();
    for (name, bytes) in [
        ("p.csv", &b"image,text\na.png,\xff\xfe\n"[..]),
        ("p.jsonl", &b"{\"image\":\"a.png\",\"text\":\"\xff\"}\n"[..]),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
        let message = format!("{:#}", read(&folder.path().join(name)).unwrap_err());
        assert!(message.contains("G2D-M02") && message.contains("UTF-8"), "{message}");
    }
}

#[test]
fn one_group_in_two_splits_is_refused() {
    let line = |image: &str, split: &str| {
        format!(r#"{{"image":"{image}","text":"x","group":"SECRET","split":"{split}"}}"#)
    };
    let message =
        refusal("p.jsonl", &format!("{}\n{}\n", line("a.png", "train"), line("b.png", "test")));
    assert!(message.contains("G2D-M03") && message.contains("Lines 1 and 2"), "{message}");
    let same = format!("{}\n{}\n", line("a.png", "train"), line("b.png", "training"));
    assert_eq!(parse("p.jsonl", &same).unwrap().len(), 2);
}

#[test]
fn a_missing_manifest_is_told() {
    let message = format!("{:#}", read(Path::new("nowhere/p.jsonl")).unwrap_err());
    assert!(message.contains("There is no such file"), "{message}");
}
