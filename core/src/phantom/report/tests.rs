use std::collections::BTreeSet;

use super::*;
use crate::phantom::study::{Side, Zone};
use crate::raster::Mask;
use crate::text::{parse_report, read_sentence};
use FindingKind as K;

const BOTH: [Institution; 2] = [Institution::First, Institution::Second];

/// Reports need no pixels: findings of all kinds where they can be, with an empty mask.
fn draw(rng: &mut Rng) -> Vec<Finding> {
    let count = if rng.chance(0.3) { 0 } else { 1 + rng.below(3) };
    let thirds =
        [Zone::Upper, Zone::Mid, Zone::Lower, Zone::UpperMid, Zone::MidLower, Zone::Diffuse];
    let mut findings: Vec<Finding> = Vec::new();
    while findings.len() < count {
        let kind = K::ALL[rng.below(20)];
        let side = [Side::Right, Side::Left][rng.below(2)];
        let (side, zone) = match kind {
            K::Atelectasis => (side, thirds[rng.below(3)]),
            K::Effusion => (side, Zone::Base),
            K::Pneumothorax => (side, [Zone::Apex, Zone::ApexLateral][rng.below(2)]),
            K::PleuralThickening => {
                (side, [Zone::Apex, Zone::Base, Zone::ApexLateral][rng.below(3)])
            }
            K::Edema | K::Emphysema => (Side::Midline, Zone::Diffuse),
            K::Cardiomegaly | K::Hernia | K::EndotrachealTube | K::GastricTube => {
                (Side::Midline, Zone::Cardiac)
            }
            K::CentralLine | K::Pacemaker => (side, Zone::Upper),
            _ => (side, thirds[rng.below(6)]),
        };
        let other = if side == Side::Left { Side::Right } else { Side::Left };
        let both = side != Side::Midline && rng.chance(0.4);
        for side in [Some(side), both.then_some(other)].into_iter().flatten() {
            if findings.iter().any(|f| f.kind == kind && f.side == side) {
                continue;
            }
            let size_mm = match kind {
                K::Nodule => Some(6 + rng.below(25) as u32),
                K::Mass => Some(31 + rng.below(50) as u32),
                _ => None,
            };
            let severity = rng.unit() as f32;
            let (mask, bbox) = (Mask::default(), [0; 4]);
            findings.push(Finding {
                kind,
                side,
                zone,
                severity,
                size_mm,
                conspicuity: 9.0,
                mask,
                bbox,
            });
        }
    }
    findings
}

struct Sample {
    institution: Institution,
    findings: Vec<Finding>,
    text: String,
    sentences: Vec<ReportSentence>,
}

impl Sample {
    fn said(&self, s: &ReportSentence) -> &str {
        &self.text[s.start..s.end]
    }

    /// Its words, typing errors of the sides mended.
    fn words(&self, s: &ReportSentence) -> BTreeSet<String> {
        let mend = |w: String| match w.as_str() {
            "rigth" => "right".into(),
            "elft" => "left".into(),
            _ => w,
        };
        // Chambers of the heart are no sides.
        let text = self.said(s).to_lowercase().replace('\n', " ").replace("rigth", "right");
        let text = text.replace("right atrium", "").replace("right ventricle", "");
        tokens(&text).into_iter().map(mend).collect()
    }
}

fn sample(institution: Institution, index: u64) -> Sample {
    let findings = draw(&mut Rng::new(17, index, Purpose::Disease));
    let mut rng = Rng::new(17, index, Purpose::Report);
    let (text, sentences) = write(&mut rng, &findings, institution);
    Sample { institution, findings, text, sentences }
}

fn some(count: u64) -> impl Iterator<Item = Sample> {
    BOTH.into_iter().flat_map(move |i| (0..count).map(move |index| sample(i, index)))
}

/// Texts of `count` reports of each institution.
fn samples(count: u64) -> Vec<String> {
    some(count).map(|s| s.text).collect()
}

fn has(words: &BTreeSet<String>, any: &[&str]) -> bool {
    any.iter().any(|w| words.contains(*w))
}

const RIGHT: &[&str] = &["right", "rul", "rml", "rll"];
const LEFT: &[&str] = &["left", "lul", "lll"];
const THIRDS: [&[&str]; 3] = [
    &["upper", "rul", "lul"],
    &["mid", "middle", "midlung", "rml"],
    &["lower", "rll", "lll", "base", "basal", "basilar"],
];

#[test]
fn words_of_reports_are_in_the_vocabulary() {
    let known: BTreeSet<String> = vocabulary().into_iter().collect();
    let mut seen = BTreeSet::new();
    for text in samples(2500) {
        seen.extend(tokens(&text));
    }
    let missing: Vec<_> = seen.difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // And hardly a word is there for nothing; not every diameter comes up.
    let unused = known.difference(&seen).filter(|w| w.parse::<u32>().is_err());
    let unused: Vec<_> = unused.collect();
    assert!(unused.len() < 12, "{unused:?}");
    assert!(vocabulary().windows(2).all(|w| w[0] < w[1]));
}

/// What reads real reports finds the same sentences, and reads them as they are meant.
#[test]
fn the_parser_agrees() {
    for institution in BOTH {
        let (mut cut, mut read, mut all) = (Vec::new(), Vec::new(), 0);
        for index in 0..2000 {
            let s = sample(institution, index);
            let parsed = parse_report(&s.text).map(|r| r.sentences).unwrap_or_default();
            let found: Vec<_> = parsed.iter().map(|p| (p.start, p.end)).collect();
            let meant: Vec<_> = s.sentences.iter().map(|p| (p.start, p.end)).collect();
            if found != meant {
                cut.push(s.text.clone());
                continue;
            }
            all += parsed.len();
            for (a, b) in s.sentences.iter().zip(&parsed) {
                if a.assertion != b.assertion {
                    read.push(format!("{:?} read as {:?}: {}", a.assertion, b.assertion, b.text));
                }
            }
        }
        assert!(cut.len() <= 10, "{institution:?} {}: {:?}", cut.len(), &cut[..5]);
        assert!(read.len() * 500 <= all, "{institution:?} {} of {all}: {read:#?}", read.len());
    }
}

#[test]
fn ranges_hold_whole_sentences() {
    for s in some(1500) {
        let mut last = 0;
        for sentence in &s.sentences {
            assert!(sentence.start >= last && sentence.end > sentence.start);
            last = sentence.end;
            let text = s.said(sentence);
            assert_eq!(text, text.trim());
            for wrong in ["  ", "{", "}", "[", "]", "|", "~", "+", " ,", " .", ",.", "..", ", ,"] {
                assert!(!text.contains(wrong), "{text}");
            }
        }
    }
}

#[test]
fn sentences_speak_of_the_findings_they_are_linked_to() {
    let (mut unsure, mut hedges, mut both, mut pairs, mut placeless) = (0, 0, 0, 0, 0);
    for s in some(2000) {
        let mut told = vec![false; s.findings.len()];
        for sentence in &s.sentences {
            let words = s.words(sentence);
            let text = s.said(sentence);
            match sentence.assertion {
                Assertion::Absent => assert!(sentence.findings.is_empty()),
                Assertion::Present => assert!(!sentence.findings.is_empty(), "{text}"),
                Assertion::Uncertain if sentence.findings.is_empty() => hedges += 1,
                Assertion::Uncertain => unsure += 1,
            }
            for &f in &sentence.findings {
                told[f] = true;
            }
            let linked: Vec<_> = sentence.findings.iter().map(|&f| &s.findings[f]).collect();
            let sided = has(&words, RIGHT) || has(&words, LEFT);
            match linked[..] {
                [one] if one.side != Side::Midline => {
                    if !sided {
                        placeless += 1;
                        continue;
                    }
                    // The side is what tells two equal findings apart.
                    assert_eq!(has(&words, RIGHT), one.side == Side::Right, "{text}");
                    assert_eq!(has(&words, LEFT), one.side == Side::Left, "{text}");
                    let named = THIRDS.map(|third| has(&words, third));
                    if negate::zoned(one.kind)
                        && one.zone != Zone::Diffuse
                        && !words.contains("thirds")
                    {
                        assert_eq!(named, one.zone.thirds(), "{:?} {text}", one.zone);
                    }
                }
                [a, b] if a.kind == b.kind && !sided => {
                    let named = has(&words, &["bilateral", "both"]);
                    both += usize::from(named);
                    placeless += usize::from(!named);
                }
                [_, _] => pairs += 1,
                _ => {}
            }
        }
        assert!(told.iter().all(|t| *t), "{}", s.text);
    }
    assert!(unsure > 300 && hedges > 60 && both > 150 && pairs > 80 && placeless > 80);
}

/// What a denial speaks of, by its words and not by the tables.
const SPOKEN_OF: &[(&[FindingKind], &[&str])] = &[
    (&[K::Effusion], &["effusion", "pleural fluid", "hydrothorax", "fluid within", "costophrenic"]),
    (&[K::Pneumothorax], &["pneumothorax", "pleural air"]),
    (
        &[K::Consolidation, K::Pneumonia, K::Infiltration],
        &["consolidat", "airspace", "air space", "pneumoni", "infect", "infiltrat", "shadows"],
    ),
    (&[K::Atelectasis], &["atelecta", "volume loss", "collapse", "loss of volume"]),
    (&[K::Nodule, K::Mass], &["nodul", "mass", "coin", "tumour", "space-occupying"]),
    (&[K::Edema], &["edema", "congesti", "vasculature", "vascularity", "cardiac failure"]),
    (&[K::Emphysema], &["emphysem", "hyperinfl", "overinfl", "air trapping", "airways disease"]),
    (&[K::Fibrosis], &["fibro", "interstitial", "reticulation"]),
    (&[K::PleuralThickening], &["pleural thick", "thickening of", "plaque", "pleural scar"]),
    (&[K::Cardiomegaly], &["heart size", "heart is", "silhouette", "cardiomeg", "heart shadow"]),
    (&[K::Cardiomegaly], &["enlarge", "cardiothoracic", "cardiac diameter", "heart and med"]),
    (&[K::Hernia], &["hernia"]),
    (&[K::Fracture], &["fracture", "osseous", "bony", " rib", "skeleton", "bones"]),
    (&[K::EndotrachealTube], &["endotracheal", "et tube", "tracheal tube", "breathing tube"]),
    (&[K::GastricTube], &["nasogastric", "enteric", "gastric tube", "feeding tube"]),
    (&[K::CentralLine], &["central venous", "central line", "cvc", "venous line", "jugular"]),
    (&[K::Pacemaker], &["pacemaker", "pacing"]),
    (&[K::ForeignObject], &["foreign"]),
    (
        &[K::Consolidation, K::Pneumonia, K::Infiltration, K::Atelectasis, K::Nodule, K::Mass],
        &[
            "lungs are clear",
            "clear lungs",
            "lungs clear",
            "lungs: clear",
            "lung clear",
            "lung is clear",
            "lung fields",
            "lung field normal",
            "lung: normal",
        ],
    ),
];

#[test]
fn negations_are_true() {
    let mut denials = 0;
    for s in some(2000) {
        for sentence in s.sentences.iter().filter(|x| x.assertion == Assertion::Absent) {
            let text = s.said(sentence).to_lowercase().replace('\n', " ");
            let words = s.words(sentence);
            let (right, left) = (has(&words, RIGHT), has(&words, LEFT));
            let thirds = THIRDS.map(|third| has(&words, third));
            for (kinds, phrases) in SPOKEN_OF {
                if !phrases.iter().any(|p| text.contains(p)) {
                    continue;
                }
                denials += 1;
                let there = s.findings.iter().find(|f| {
                    let side = !(right || left)
                        || f.side == Side::Midline
                        || (f.side == Side::Right) == right;
                    let zone = thirds == [false; 3]
                        || thirds.iter().zip(f.zone.thirds()).any(|(a, b)| *a && b);
                    kinds.contains(&f.kind) && side && zone
                });
                assert!(there.is_none(), "{text}\n{there:?}\n{}", s.text);
            }
        }
        let summary = words::style(s.institution).normal_impression;
        let normal = s.sentences.iter().any(|x| summary.contains(&s.said(x)));
        let ill = s.findings.iter().any(|f| !compose::is_device(f.kind));
        assert!(!normal || !ill, "{}", s.text);
    }
    assert!(denials > 5000);
}

#[test]
fn habits_vary() {
    let texts = samples(600);
    let share = |test: &dyn Fn(&str) -> bool| {
        texts.iter().filter(|t| test(t)).count() as f64 / texts.len() as f64
    };
    assert!(share(&|t| t.contains("\n2. ")) > 0.02);
    assert!(share(&|t| t.contains("\n- ")) > 0.01);
    assert!(share(&|t| t.contains(".  ")) > 0.05);
    assert!(share(&|t| t.contains("FINDINGS") && t.contains("IMPRESSION")) > 0.08);
    assert!(share(&|t| !t.contains(':')) > 0.03);
    assert!(share(&|t| SLIP_WORDS.iter().any(|w| t.contains(w))) > 0.05);
    assert!(share(&|t| t.lines().any(|l| !l.contains(' ') && l == "Findings")) > 0.01);
}

const SLIP_WORDS: [&str; 4] = ["teh", "effussion", "pnuemothorax", "plueral"];

/// Nouns and sentences of one institution are mostly not those of the other.
#[test]
fn institutions_speak_differently() {
    let entries = |institution| -> BTreeSet<&str> {
        let style = words::style(institution);
        let kinds = K::ALL.iter().flat_map(|k| {
            let w = words::wording(*k, institution);
            w.here.iter().chain(w.bare).chain(w.absent)
        });
        let frames = style.unsure.iter().chain(style.none).chain(style.none_three);
        kinds.chain(frames).chain(style.remarks).copied().collect()
    };
    let (first, second) = (entries(Institution::First), entries(Institution::Second));
    let shared = first.intersection(&second).count();
    assert!(shared * 50 < second.len(), "{shared} of {}", second.len());
}

#[test]
fn labels_make_reports_without_places() {
    for institution in BOTH {
        for index in 0..400 {
            let mut rng = Rng::new(3, index, Purpose::Disease);
            let labels: Vec<_> = (0..rng.below(4)).map(|_| K::ALL[rng.below(20)]).collect();
            let complete = rng.chance(0.5);
            let (text, sentences) = label_report(3, index, &labels, institution, complete);
            assert!(!sentences.is_empty());
            for s in &sentences {
                let said = &text[s.start..s.end];
                let words: BTreeSet<_> = tokens(said).into_iter().collect();
                let sided = has(&words, RIGHT) || has(&words, LEFT);
                assert!(
                    !sided && THIRDS.iter().all(|third| !has(&words, &third[..1]))
                        || said.to_lowercase().contains("upper abdomen"),
                    "{said}"
                );
                if s.assertion == Assertion::Absent && complete {
                    for (kinds, phrases) in SPOKEN_OF {
                        let spoken = phrases.iter().any(|p| said.to_lowercase().contains(p));
                        assert!(!spoken || !kinds.iter().any(|k| labels.contains(k)), "{said}");
                    }
                }
            }
            // What is not known to be absent is not denied; one remark may stand.
            let denied = sentences.iter().filter(|s| s.assertion == Assertion::Absent).count();
            assert!(complete || denied <= 1, "{text}");
            for i in 0..labels.len() {
                assert!(sentences.iter().any(|s| s.findings.contains(&i)));
            }
        }
    }
}

#[test]
fn prompts_say_what_they_should() {
    for kind in K::ALL {
        let (present, absent) = prompts(kind);
        for (list, meant) in [(present, Assertion::Present), (absent, Assertion::Absent)] {
            assert!((4..=6).contains(&list.len()), "{kind:?}");
            for text in list {
                assert_eq!(read_sentence(text).assertion, meant, "{text}");
            }
        }
    }
}
