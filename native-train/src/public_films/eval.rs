//! The films of patients that never train, as cases with what is known about them.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context as _;
use g2d_core::{Error, outcome::Assertion, phantom::FindingKind};

use super::{
    FilmRow, FractionBox, Funnel, Labels, Library, Target, read_labels,
    write::{Line, Set, manifest},
};
use crate::data::manifest::{PairBox, PairSentence};

/// The kinds that ChestX-ray14 labels.
const LABELLED: usize = 14;

/// Boxes that share one sentence.
struct Said {
    sentence: String,
    boxes: Vec<PairBox>,
}

/// Writes `eval/lung/`, `eval/findings/` and `eval/labels/`; gives each manifest and its funnel.
///
/// # Errors
/// When a folder cannot be written, or a lung box is not on the side that it names.
pub fn write_eval(library: &Library, target: &Target) -> anyhow::Result<Vec<(PathBuf, Funnel)>> {
    let trained = library.trained();
    let mut begin: Vec<&FilmRow> = library.films.iter().collect();
    let mut funnel = Funnel::new("", &begin);
    funnel.keep("frontal", &mut begin, FilmRow::is_frontal);
    funnel.keep("patient never trained on", &mut begin, |f| library.may_evaluate(f, &trained));
    let funnel = |set: &str| funnel.clone().named(set);

    let mut done = Vec::new();
    let mut lung = (begin.clone(), funnel("lung"));
    lung.1.keep("has lung boxes", &mut lung.0, |f| library.lungs.contains_key(&f.id));
    done.push(boxed(library, target, "eval/lung", lung, &library.lungs, lungs)?);
    let mut found = (begin.clone(), funnel("findings"));
    found.1.keep("has finding boxes", &mut found.0, |f| library.findings.contains_key(&f.id));
    done.push(boxed(library, target, "eval/findings", found, &library.findings, findings)?);
    let mut named = (begin, funnel("labels"));
    named.1.keep("has usable labels", &mut named.0, |f| labels(f).is_some());
    done.push(labelled(library, target, named)?);
    Ok(done)
}

/// One prompt a lung. The patient's right lung is on the left of a film; boxes that say otherwise
/// are a fault of the data and are not measured with.
fn lungs(boxes: &[FractionBox], size: [usize; 2]) -> anyhow::Result<Vec<Said>> {
    let find = |label: &str| boxes.iter().find(|b| b.label == label);
    if let (Some(right), Some(left)) = (find("right lung"), find("left lung"))
        && right.middle() >= left.middle()
    {
        return Err(Error::input(
            "G2D-M62",
            "The right lung's box is not on the left of the film",
            "Correct boxes_lung.jsonl",
        )
        .into());
    }
    let one = |side: &str| {
        let bbox = find(&format!("{side} lung"))?.pixels(size[0], size[1])?;
        let mut sentence = format!("{side} lung.");
        sentence[..1].make_ascii_uppercase();
        let boxes = vec![PairBox {
            kind: Some(format!("{side}_lung")),
            side: Some(side.into()),
            bbox,
            ..PairBox::default()
        }];
        Some(Said { sentence, boxes })
    };
    Ok(["right", "left"].into_iter().filter_map(one).collect())
}

/// One prompt a kind, with all boxes of the kind.
fn findings(boxes: &[FractionBox], size: [usize; 2]) -> anyhow::Result<Vec<Said>> {
    let mut said: BTreeMap<FindingKind, Vec<PairBox>> = BTreeMap::new();
    for one in boxes {
        // NIH's table calls infiltration "Infiltrate".
        let label = if one.label == "Infiltrate" { "Infiltration" } else { &one.label };
        if let Labels::Findings(kinds) = read_labels(label)
            && let Some(bbox) = one.pixels(size[0], size[1])
        {
            let kind = Some(kinds[0].name().to_owned());
            said.entry(kinds[0]).or_default().push(PairBox { kind, bbox, ..PairBox::default() });
        }
    }
    let words = |kind: FindingKind| {
        let mut name = kind.name().replace('_', " ");
        name[..1].make_ascii_uppercase();
        name + "."
    };
    Ok(said.into_iter().map(|(kind, boxes)| Said { sentence: words(kind), boxes }).collect())
}

fn boxed(
    library: &Library,
    target: &Target,
    name: &str,
    (films, mut funnel): (Vec<&FilmRow>, Funnel),
    boxes: &BTreeMap<String, Vec<FractionBox>>,
    read: impl Fn(&[FractionBox], [usize; 2]) -> anyhow::Result<Vec<Said>>,
) -> anyhow::Result<(PathBuf, Funnel)> {
    let mut set = Set::begin(library, target, name)?;
    let mut written = Vec::new();
    for film in films {
        // Looked at in a unit square first, so that nothing is written for a film without a box.
        let known = boxes.get(&film.id).map_or(&[][..], Vec::as_slice);
        if read(known, [1, 1]).with_context(|| film.id.clone())?.is_empty() {
            continue;
        }
        let (image, size) = set.picture(film)?;
        let mut line = blank(film, image);
        for said in read(known, size).with_context(|| film.id.clone())? {
            if !line.text.is_empty() {
                line.text.push(' ');
            }
            let start = line.text.len();
            line.text.push_str(&said.sentence);
            let first = line.boxes.len();
            line.boxes.extend(said.boxes);
            line.sentences.push(PairSentence {
                start,
                end: line.text.len(),
                assertion: Assertion::Present,
                findings: (first..line.boxes.len()).collect(),
            });
        }
        set.line(&line)?;
        written.push(film);
    }
    funnel.keep("written", &mut written, |_| true);
    let folder = set.finish(&funnel)?;
    Ok((manifest(&folder), funnel))
}

fn blank(film: &FilmRow, image: String) -> Line {
    Line {
        image,
        text: String::new(),
        group: film.group.clone(),
        split: "test".into(),
        mask: Vec::new(),
        boxes: Vec::new(),
        sentences: Vec::new(),
        labels: None,
        id: film.id.clone(),
    }
}

/// 1 there, 0 not there, by kind. ChestX-ray14 looked for fourteen kinds; the other collections
/// tell pneumonia and, of normal films, that nothing was there.
fn labels(film: &FilmRow) -> Option<BTreeMap<&'static str, u8>> {
    let all = &FindingKind::ALL[..LABELLED];
    let nih = film.origin.starts_with("NIH");
    match read_labels(&film.finding) {
        Labels::None => None,
        Labels::Normal => Some(all.iter().map(|kind| (kind.name(), 0)).collect()),
        Labels::Findings(kinds) => {
            let known = all.iter().filter(|kind| nih || kinds.contains(kind));
            Some(known.map(|kind| (kind.name(), u8::from(kinds.contains(kind)))).collect())
        }
    }
}

fn labelled(
    library: &Library,
    target: &Target,
    (films, funnel): (Vec<&FilmRow>, Funnel),
) -> anyhow::Result<(PathBuf, Funnel)> {
    let mut set = Set::begin(library, target, "eval/labels")?;
    for (index, film) in films.into_iter().enumerate() {
        let (image, _) = set.picture(film)?;
        let mut line = blank(film, image);
        (line.text, line.sentences) = super::text::of_film(film, index as u64);
        line.labels = labels(film);
        set.line(&line)?;
    }
    let folder = set.finish(&funnel)?;
    Ok((manifest(&folder), funnel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public_films::library::tests::film;

    fn boxes(json: &str) -> Vec<FractionBox> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_lung_is_a_prompt_and_sides_are_checked() {
        let right = r#"{"label":"right lung","x0":0.1,"y0":0.2,"x1":0.4,"y1":0.8}"#;
        let left = r#"{"label":"left lung","x0":0.6,"y0":0.2,"x1":0.9,"y1":0.8}"#;
        let said = lungs(&boxes(&format!("[{left},{right}]")), [100, 200]).unwrap();
        assert_eq!(said[0].sentence, "Right lung.");
        assert_eq!(said[0].boxes[0].kind.as_deref(), Some("right_lung"));
        let b = said[0].boxes[0].bbox;
        assert!(b.iter().zip([10.0, 40.0, 30.0, 120.0]).all(|(a, b)| (a - b).abs() < 1e-9));
        let swapped = format!("[{left},{right}]").replace("right", "x").replace("left", "right");
        let swapped = swapped.replace("x lung", "left lung");
        assert!(lungs(&boxes(&swapped), [100, 200]).is_err());
    }

    #[test]
    fn boxes_of_a_kind_share_a_sentence() {
        let json = r#"[{"label":"Infiltrate","x0":0,"y0":0,"x1":0.5,"y1":0.5},
            {"label":"Infiltrate","x0":0.5,"y0":0,"x1":1,"y1":0.5},
            {"label":"Pneumonia","x0":0,"y0":0,"x1":0,"y1":0.5}]"#;
        let said = findings(&boxes(json), [10, 10]).unwrap();
        assert_eq!(said.len(), 1, "an empty box is none");
        assert_eq!((said[0].sentence.as_str(), said[0].boxes.len()), ("Infiltration.", 2));
    }

    #[test]
    fn what_was_not_looked_for_is_unknown() {
        let mut one = film("a", "p", "NC");
        one.finding = "COVID-19".into();
        assert_eq!(labels(&one).unwrap(), BTreeMap::from([("pneumonia", 1)]));
        one.origin = "NIH ChestX-ray14".into();
        one.finding = "Mass".into();
        let all = labels(&one).unwrap();
        assert_eq!((all.len(), all["mass"], all["edema"]), (14, 1, 0));
    }
}
