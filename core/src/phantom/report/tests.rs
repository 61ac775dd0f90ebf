use std::collections::BTreeSet;

use super::*;
use crate::phantom::disease;
use crate::phantom::rng::{Purpose, Rng};
use crate::raster::Mask;

/// Reports need no pixels: the findings as planned, with an empty mask.
fn study(index: u64) -> (Vec<Finding>, String, Vec<ReportSentence>) {
    let plan = disease::plan(&mut Rng::new(17, index, Purpose::Disease));
    let findings: Vec<Finding> = plan
        .into_iter()
        .map(|p| Finding {
            kind: p.kind,
            side: p.side,
            zone: p.zone,
            severity: p.severity as f32,
            size_mm: (p.kind == FindingKind::Nodule).then_some(p.size_mm),
            conspicuity: 9.0,
            mask: Mask::default(),
            bbox: [0; 4],
        })
        .collect();
    let (report, sentences) = write(&mut Rng::new(17, index, Purpose::Report), &findings);
    (findings, report, sentences)
}

#[test]
fn words_of_reports_are_in_the_vocabulary() {
    let known: BTreeSet<String> = vocabulary().into_iter().collect();
    let mut seen = BTreeSet::new();
    for index in 0..2000 {
        seen.extend(tokens(&study(index).1));
    }
    let missing: Vec<_> = seen.difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // And hardly a word is there for nothing.
    assert!(known.difference(&seen).count() < 12, "{:?}", known.difference(&seen));
    let list = vocabulary();
    assert!(list.windows(2).all(|w| w[0] < w[1]));
}

/// Cutting at headings, line ends and full stops finds the same ranges.
#[test]
fn ranges_are_those_of_a_plain_splitter() {
    for index in 0..2000 {
        let (_, report, sentences) = study(index);
        let mut found = Vec::new();
        let mut at = 0;
        for piece in report.split_inclusive(['.', '\n', ':']) {
            let (start, end) = (at, at + piece.len());
            at = end;
            if piece.ends_with('.') {
                let blank = piece.len() - piece.trim_start().len();
                found.push((start + blank, end));
            } else {
                assert!(matches!(piece.trim(), "" | "FINDINGS:" | "IMPRESSION:"), "{piece:?}");
            }
        }
        let ranges: Vec<_> = sentences.iter().map(|s| (s.start, s.end)).collect();
        assert_eq!(ranges, found, "{report}");
        for s in &sentences {
            let text = &report[s.start..s.end];
            assert_eq!(text, text.trim());
            assert!(!text.contains("  ") && !text.contains(['{', '}']), "{text}");
            assert!(!text.contains(" ,") && !text.contains(" ."), "{text}");
            assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
        }
    }
}

#[test]
fn sentences_speak_of_the_findings_they_are_linked_to() {
    let (mut unsure, mut hedges, mut both, mut placeless) = (0, 0, 0, 0);
    for index in 0..2000 {
        let (findings, report, sentences) = study(index);
        let mut told = vec![false; findings.len()];
        for s in &sentences {
            let text = report[s.start..s.end].to_lowercase();
            let text: BTreeSet<String> = tokens(&text).into_iter().collect();
            let has = |w: &str| text.contains(w);
            match s.assertion {
                Assertion::Absent => assert!(s.findings.is_empty()),
                Assertion::Present => assert!(!s.findings.is_empty(), "{report}"),
                Assertion::Uncertain if s.findings.is_empty() => hedges += 1,
                Assertion::Uncertain => unsure += 1,
            }
            for &f in &s.findings {
                told[f] = true;
            }
            let kinds: BTreeSet<_> = s.findings.iter().map(|&f| findings[f].kind).collect();
            assert!(kinds.len() <= 1);
            if has("above") || has("described") || has("compatible") {
                placeless += 1;
                continue;
            }
            if s.findings.len() == 2 {
                both += 1;
                assert!(has("bilateral") || has("both"), "{text:?}");
            } else if let [f] = s.findings[..] {
                // The side is what tells two equal findings apart.
                let side = findings[f].side;
                assert_eq!(has("right"), side == Side::Right, "{text:?}");
                assert_eq!(has("left"), side == Side::Left, "{text:?}");
            }
        }
        assert!(told.iter().all(|t| *t), "{report}");
    }
    assert!(unsure > 100 && hedges > 30 && both > 30 && placeless > 30);
}

/// What is denied is not there, and what is doubted is not denied elsewhere.
#[test]
fn negations_are_true() {
    for index in 0..2000 {
        let (findings, report, sentences) = study(index);
        for s in sentences.iter().filter(|s| s.assertion == Assertion::Absent) {
            let text = &report[s.start..s.end];
            let said = |table: &[&str]| table.contains(&text);
            let any = |kind| findings.iter().any(|f| f.kind == kind);
            let on = |kind, side| findings.iter().any(|f| f.kind == kind && f.side == side);
            let side = if text.contains("left") { Side::Left } else { Side::Right };
            let named = |table: &[&str]| {
                let name = if side == Side::Left { "left" } else { "right" };
                table.iter().any(|t| t.replace("{side}", name) == text)
            };
            let three = said(say::NO_THREE);
            let pleura = said(say::NO_PLEURA) || three;
            let lungs = said(say::LUNGS_CLEAR) || three;
            let false_claim = (said(say::NORMAL_IMPRESSION) && !findings.is_empty())
                || ((said(say::NO_EFFUSION) || pleura) && any(FindingKind::Effusion))
                || ((said(say::NO_AIR) || pleura) && any(FindingKind::Pneumothorax))
                || ((said(say::NO_OPACITY) || lungs) && any(FindingKind::Consolidation))
                || (said(say::LUNGS_CLEAR) && any(FindingKind::Nodule))
                || (said(say::NO_NODULE) && any(FindingKind::Nodule))
                || (said(say::NO_HEART) && any(FindingKind::Cardiomegaly))
                || (named(say::NO_EFFUSION_SIDE) && on(FindingKind::Effusion, side))
                || (named(say::NO_AIR_SIDE) && on(FindingKind::Pneumothorax, side))
                || (named(say::LUNG_CLEAR_SIDE)
                    && (on(FindingKind::Consolidation, side) || on(FindingKind::Nodule, side)));
            assert!(!false_claim, "{text} in {report}");
        }
    }
}

#[test]
fn layouts_vary() {
    let mut seen = BTreeSet::new();
    for index in 0..200 {
        let (_, report, _) = study(index);
        seen.insert((report.contains("FINDINGS:"), report.contains("IMPRESSION:")));
    }
    assert_eq!(seen.len(), 4);
}

/// Two findings of one kind can be told apart only if their words differ.
#[test]
fn a_zone_has_words_where_its_kind_needs_them() {
    for zone in [Zone::Upper, Zone::Mid, Zone::Lower, Zone::UpperMid, Zone::MidLower] {
        assert!(!say::zone_words(zone).is_empty());
    }
    for kind in HEDGED {
        let words = say::wording(kind);
        for template in words.present.iter().chain(words.unsure) {
            let zoned = matches!(kind, FindingKind::Consolidation | FindingKind::Nodule);
            assert!(!zoned || template.contains("{zone}"), "{template}");
            let sided = kind != FindingKind::Cardiomegaly;
            assert_eq!(template.contains("{side}"), sided, "{template}");
        }
    }
}
