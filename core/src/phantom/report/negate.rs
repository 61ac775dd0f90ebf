//! What is not there, said so that it is true.

use super::Line;
use super::expand::{Noun, Slots, choose, draw, frame, sentence, tidy};
use super::layout::nothing;
use super::words::{self, Table};
use crate::phantom::config::Institution;
use crate::phantom::rng::Rng;
use crate::phantom::study::{FindingKind, Side, Zone};
use FindingKind as K;

/// Something that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) kind: FindingKind,
    /// None when only the kind is known.
    pub(super) place: Option<(Side, Zone)>,
}

/// How often each kind is denied when it is not there.
const DENIED: [(FindingKind, f64); 20] = [
    (K::Consolidation, 0.50),
    (K::Effusion, 0.60),
    (K::Pneumothorax, 0.60),
    (K::Edema, 0.20),
    (K::Pneumonia, 0.14),
    (K::Infiltration, 0.08),
    (K::Nodule, 0.12),
    (K::Mass, 0.08),
    (K::Atelectasis, 0.10),
    (K::Fracture, 0.12),
    (K::PleuralThickening, 0.06),
    (K::Fibrosis, 0.05),
    (K::Emphysema, 0.05),
    (K::Hernia, 0.04),
    (K::ForeignObject, 0.04),
    (K::EndotrachealTube, 0.02),
    (K::GastricTube, 0.02),
    (K::CentralLine, 0.02),
    (K::Pacemaker, 0.02),
    (K::Cardiomegaly, 0.50),
];

/// Kinds of which one may not be there if `kind` is denied: a film with a pneumonia is not one
/// without consolidation.
pub(super) fn denies(kind: FindingKind) -> &'static [FindingKind] {
    match kind {
        K::Consolidation | K::Pneumonia | K::Infiltration => {
            &[K::Consolidation, K::Pneumonia, K::Infiltration]
        }
        K::Nodule | K::Mass => &[K::Nodule, K::Mass],
        K::Atelectasis => &[K::Atelectasis],
        K::Cardiomegaly => &[K::Cardiomegaly],
        K::Effusion => &[K::Effusion],
        K::Pneumothorax => &[K::Pneumothorax],
        K::Edema => &[K::Edema],
        K::Emphysema => &[K::Emphysema],
        K::Fibrosis => &[K::Fibrosis, K::Infiltration],
        K::PleuralThickening => &[K::PleuralThickening],
        K::Hernia => &[K::Hernia],
        K::EndotrachealTube => &[K::EndotrachealTube],
        K::GastricTube => &[K::GastricTube],
        K::CentralLine => &[K::CentralLine],
        K::Pacemaker => &[K::Pacemaker],
        K::Fracture => &[K::Fracture],
        K::ForeignObject => &[K::ForeignObject],
    }
}

/// Whether none of `kinds` is there or wondered about.
fn free(facts: &[Fact], hedged: Option<FindingKind>, kinds: &[FindingKind]) -> bool {
    !kinds.iter().any(|&k| hedged == Some(k) || facts.iter().any(|f| f.kind == k))
}

/// One kind that can be denied in half a sentence, as a noun.
pub(super) fn one_absent(
    rng: &mut Rng,
    facts: &[Fact],
    hedged: Option<FindingKind>,
    institution: Institution,
) -> Option<Noun> {
    let kind = [K::Effusion, K::Pneumothorax, K::Consolidation, K::Edema][rng.below(4)];
    free(facts, hedged, denies(kind)).then(|| noun(rng, kind, institution))
}

fn noun(rng: &mut Rng, kind: FindingKind, institution: Institution) -> Noun {
    Noun::new(rng.pick(words::wording(kind, institution).bare))
}

/// Some of what is not there.
pub(super) fn negations(
    rng: &mut Rng,
    facts: &[Fact],
    hedged: Option<FindingKind>,
    institution: Institution,
) -> Vec<Line> {
    let style = words::style(institution);
    let mut kinds: Vec<FindingKind> = Vec::new();
    for (kind, share) in DENIED {
        // Two names of one thing are not both denied.
        let new = !kinds.iter().any(|&k| denies(k).contains(&kind));
        if rng.chance(share) && new && free(facts, hedged, denies(kind)) {
            kinds.push(kind);
        }
    }
    let mut lines = Vec::new();
    let alone = |k: &FindingKind| {
        matches!(
            k,
            K::Cardiomegaly
                | K::EndotrachealTube
                | K::GastricTube
                | K::CentralLine
                | K::Pacemaker
                | K::Hernia
                | K::Emphysema
        )
    };
    let (single, mut listed): (Vec<_>, Vec<_>) = kinds.into_iter().partition(alone);
    if listed.len() > 1 && rng.chance(0.5) {
        let by = rng.below(listed.len());
        listed.rotate_left(by);
    }
    let mut rest = &listed[..];
    while !rest.is_empty() {
        let (count, frames) = match rng.unit() {
            u if u < 0.4 && rest.len() >= 3 => (3, style.none_three),
            u if u < 0.7 && rest.len() >= 2 => (2, style.none_two),
            _ => (1, style.none),
        };
        let (now, later) = rest.split_at(count);
        rest = later;
        if let ([kind], true) = (now, rng.chance(0.35)) {
            lines.push(said(rng, words::wording(*kind, institution).absent));
            continue;
        }
        let nouns: Vec<Noun> = now.iter().map(|&k| noun(rng, k, institution)).collect();
        lines.push(framed(rng, frames, &nouns, &Slots::default()));
    }
    for kind in single {
        if kind == K::Cardiomegaly && rng.chance(0.8) || rng.chance(0.4) {
            lines.push(said(rng, words::wording(kind, institution).absent));
        } else {
            let nouns = [noun(rng, kind, institution)];
            // Plain words: nobody writes "negative for pacemaker".
            lines.push(framed(rng, &style.none[..3], &nouns, &Slots::default()));
        }
    }
    lines.extend(other_places(rng, facts, hedged, institution));
    lines
}

fn said(rng: &mut Rng, table: Table) -> Line {
    nothing(&draw(rng, table))
}

fn framed(rng: &mut Rng, frames: Table, nouns: &[Noun], slots: &Slots) -> Line {
    let template = rng.pick(frames);
    let template = slots.fill(rng, template);
    nothing(&tidy(&frame(&template, nouns)))
}

/// "No left effusion" beside a right one, "no nodule in the left upper zone" beside one below:
/// the place is what tells them apart.
fn other_places(
    rng: &mut Rng,
    facts: &[Fact],
    hedged: Option<FindingKind>,
    institution: Institution,
) -> Vec<Line> {
    let style = words::style(institution);
    let mut lines = Vec::new();
    let mut seen: Vec<FindingKind> = Vec::new();
    for fact in facts {
        let Some((side, zone)) = fact.place else { continue };
        if side == Side::Midline || seen.contains(&fact.kind) || hedged.is_some() {
            continue;
        }
        seen.push(fact.kind);
        let other = if side == Side::Right { Side::Left } else { Side::Right };
        let on = |kinds: &[FindingKind], s: Side| {
            facts.iter().any(|f| {
                kinds.contains(&f.kind) && f.place.is_none_or(|p| p.0 == s || p.0 == Side::Midline)
            })
        };
        let denied = denies(fact.kind);
        let slots = |s, z| Slots {
            side: Some(s),
            zone: Some(words::zone_words(z, s, institution)),
            ..Slots::default()
        };
        if !on(denied, other) && rng.chance(0.25) {
            let nouns = [noun(rng, fact.kind, institution)];
            lines.push(framed(rng, style.none_side, &nouns, &slots(other, zone)));
        } else if !on(&K::ALL, other) && rng.chance(0.2) {
            let text = rng.pick(style.normal_side);
            lines.push(nothing(&sentence(rng, text, &slots(other, zone), style.none)));
        } else if zoned(fact.kind) && rng.chance(0.2) {
            let away = [Zone::Upper, Zone::Mid, Zone::Lower][rng.below(3)];
            let near = facts.iter().any(|f| {
                denied.contains(&f.kind)
                    && f.place.is_some_and(|(s, z)| {
                        s == side && z.thirds().iter().zip(away.thirds()).any(|(a, b)| *a && b)
                    })
            });
            if !near {
                let nouns = [noun(rng, fact.kind, institution)];
                lines.push(framed(rng, style.none_place, &nouns, &slots(side, away)));
            }
        }
    }
    lines
}

/// Kinds whose place is a third of the lung.
pub(super) fn zoned(kind: FindingKind) -> bool {
    matches!(
        kind,
        K::Consolidation
            | K::Pneumonia
            | K::Infiltration
            | K::Atelectasis
            | K::Nodule
            | K::Mass
            | K::Fibrosis
    )
}

/// Some healthy parts.
pub(super) fn healthy(
    rng: &mut Rng,
    facts: &[Fact],
    hedged: Option<FindingKind>,
    institution: Institution,
) -> Vec<Line> {
    let style = words::style(institution);
    let mut lines: Vec<Line> = Vec::new();
    for share in [0.75, 0.45, 0.2] {
        let (text, unless) = style.normal[rng.below(style.normal.len())];
        if rng.chance(share) && free(facts, hedged, unless) {
            let line = nothing(&choose(rng, text));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}
