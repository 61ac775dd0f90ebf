//! Which findings a study has.

use super::rng::Rng;
use super::scene::MAX_FINDINGS;
use super::study::{FindingKind, Side, Zone};

/// A finding before it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// What it is.
    pub(crate) kind: FindingKind,
    /// Where, in the patient's sides.
    pub(crate) side: Side,
    /// Where, in height.
    pub(crate) zone: Zone,
    /// From 0 (just visible) to 1.
    pub(crate) severity: f64,
    /// Diameter of a nodule or mass.
    pub(crate) size_mm: u32,
}

/// Largest and smallest nodule, whole millimetres; above 30 mm it is called a mass
/// (Fleischner Society glossary, 2008).
pub(crate) const NODULE_MM: [u32; 2] = [6, 30];
/// Largest and smallest mass, whole millimetres.
pub(crate) const MASS_MM: [u32; 2] = [32, 90];

/// Share of studies with 0, 1, 2 … findings.
const COUNTS: [f64; MAX_FINDINGS + 1] = [0.40, 0.20, 0.16, 0.11, 0.07, 0.04, 0.02];

/// How often each kind is drawn for its own sake, relative; with what comes along with others and
/// what does not fit, the share of studies that show it is 7 to 10% for the common kinds and 3 to
/// 5% for the others.
const WEIGHTS: [(FindingKind, f64); 20] = [
    (FindingKind::Effusion, 4.0),
    (FindingKind::Consolidation, 7.0),
    (FindingKind::Pneumonia, 7.5),
    (FindingKind::Infiltration, 7.0),
    (FindingKind::Atelectasis, 4.0),
    (FindingKind::Cardiomegaly, 2.2),
    (FindingKind::Nodule, 5.5),
    (FindingKind::Pneumothorax, 7.0),
    (FindingKind::Edema, 7.5),
    (FindingKind::Mass, 3.3),
    (FindingKind::Emphysema, 3.8),
    (FindingKind::Fibrosis, 3.5),
    (FindingKind::PleuralThickening, 2.5),
    (FindingKind::Hernia, 3.3),
    (FindingKind::EndotrachealTube, 2.6),
    (FindingKind::GastricTube, 1.2),
    (FindingKind::CentralLine, 1.4),
    (FindingKind::Pacemaker, 2.4),
    (FindingKind::Fracture, 1.8),
    (FindingKind::ForeignObject, 3.0),
];

/// What is often seen with it, and how often.
fn company(kind: FindingKind) -> &'static [(FindingKind, f64)] {
    use FindingKind as K;
    match kind {
        K::Edema => &[
            (K::Cardiomegaly, 0.45),
            (K::Effusion, 0.5),
            (K::Pacemaker, 0.1),
            (K::CentralLine, 0.1),
        ],
        K::Cardiomegaly => &[(K::Pacemaker, 0.15), (K::Effusion, 0.15)],
        K::EndotrachealTube => &[
            (K::GastricTube, 0.6),
            (K::CentralLine, 0.5),
            (K::Consolidation, 0.2),
            (K::Atelectasis, 0.3),
            (K::Edema, 0.2),
        ],
        K::Effusion => &[(K::Atelectasis, 0.3)],
        K::Pneumothorax => &[(K::Fracture, 0.12), (K::CentralLine, 0.08)],
        K::Fracture => &[(K::Pneumothorax, 0.15)],
        K::Emphysema => &[(K::Nodule, 0.12), (K::Mass, 0.08)],
        K::Mass => &[(K::Effusion, 0.12), (K::Nodule, 0.15)],
        _ => &[],
    }
}

/// How often it is on both sides, each a finding of its own.
fn both_sides(kind: FindingKind) -> f64 {
    use FindingKind as K;
    match kind {
        K::Effusion => 0.45,
        K::Consolidation | K::Pneumonia | K::Infiltration => 0.3,
        K::Atelectasis | K::Fibrosis | K::PleuralThickening => 0.35,
        K::Nodule | K::Fracture | K::ForeignObject => 0.15,
        _ => 0.0,
    }
}

/// Draws the findings of a study. Two that would hide each other are not drawn together.
pub(crate) fn plan(rng: &mut Rng) -> Vec<Planned> {
    let mut left = rng.unit();
    let count = COUNTS
        .iter()
        .take_while(|p| {
            left -= **p;
            left >= 0.0
        })
        .count()
        .min(MAX_FINDINGS);
    let mut findings: Vec<Planned> = Vec::new();
    // A draw that does not fit is drawn again; some finding always fits somewhere.
    for _ in 0..64 {
        if findings.len() >= count {
            break;
        }
        let kind = lead(rng);
        add(rng, kind, count, &mut findings);
        for &(friend, p) in company(kind) {
            if rng.chance(p) {
                add(rng, friend, count, &mut findings);
            }
        }
    }
    findings
}

/// A kind by its weight.
fn lead(rng: &mut Rng) -> FindingKind {
    let total: f64 = WEIGHTS.iter().map(|(_, w)| w).sum();
    let mut left = rng.unit() * total;
    for &(kind, weight) in &WEIGHTS {
        left -= weight;
        if left < 0.0 {
            return kind;
        }
    }
    WEIGHTS[0].0
}

/// Adds a finding, at times one on each side, where there is room and nothing is hidden.
fn add(rng: &mut Rng, kind: FindingKind, count: usize, findings: &mut Vec<Planned>) {
    let first = rng.below(2);
    let sides = 1 + usize::from(rng.chance(both_sides(kind)));
    for side in [first, 1 - first].into_iter().take(sides) {
        let finding = draw(rng, kind, side);
        let fits = findings.len() < count
            && !findings.iter().any(|other| clashes(other, &finding) || clashes(&finding, other));
        if fits {
            findings.push(finding);
        }
    }
}

fn draw(rng: &mut Rng, kind: FindingKind, side: usize) -> Planned {
    use FindingKind as K;
    let mut severity = rng.unit();
    let [low, high] = if kind == K::Mass { MASS_MM } else { NODULE_MM };
    let mut step = rng.below((high - low) as usize + 1) as u32;
    if kind == K::Mass {
        // Large ones are rarer.
        step = step.min(rng.below((high - low) as usize + 1) as u32);
    }
    if matches!(kind, K::Nodule | K::Mass) {
        severity = f64::from(step) / f64::from(high - low);
    }
    if kind == K::Pneumothorax {
        // Small ones are the rule.
        severity *= severity;
    }
    let third = [Zone::Upper, Zone::Mid, Zone::Lower][rng.below(3)];
    let u = rng.unit();
    let zone = match kind {
        K::Consolidation | K::Pneumonia | K::Infiltration => match u {
            u if u < 0.28 => third,
            u if u < 0.48 => Zone::UpperMid,
            u if u < 0.77 => Zone::MidLower,
            _ => Zone::Diffuse,
        },
        K::Fracture if u < 0.35 => Zone::Upper,
        K::Nodule | K::Mass | K::Fracture | K::ForeignObject => third,
        K::Atelectasis => match u {
            u if u < 0.55 => Zone::Lower,
            u if u < 0.78 => Zone::Mid,
            _ => Zone::Upper,
        },
        K::Fibrosis => match u {
            u if u < 0.5 => Zone::Lower,
            u if u < 0.7 => Zone::MidLower,
            u if u < 0.9 => Zone::Upper,
            _ => Zone::Diffuse,
        },
        K::Effusion => Zone::Base,
        K::Pneumothorax if severity < 0.4 => Zone::Apex,
        K::Pneumothorax => Zone::ApexLateral,
        K::PleuralThickening => match u {
            u if u < 0.5 => Zone::Apex,
            u if u < 0.8 => Zone::ApexLateral,
            _ => Zone::Base,
        },
        K::Edema | K::Emphysema => Zone::Diffuse,
        K::CentralLine | K::Pacemaker => Zone::Upper,
        K::Cardiomegaly | K::Hernia | K::EndotrachealTube | K::GastricTube => Zone::Cardiac,
    };
    let midline = zone == Zone::Cardiac || matches!(kind, K::Edema | K::Emphysema);
    let side = match side {
        _ if midline => Side::Midline,
        0 => Side::Right,
        _ => Side::Left,
    };
    Planned { kind, side, zone, severity, size_mm: low + step }
}

/// Whether `a` would hide `b` or could not be told from it in words; asked both ways round.
fn clashes(a: &Planned, b: &Planned) -> bool {
    use FindingKind as K;
    // One of each is enough; one lung collapses at a time.
    let single = matches!(
        a.kind,
        K::Pneumothorax
            | K::Cardiomegaly
            | K::Hernia
            | K::Edema
            | K::Emphysema
            | K::EndotrachealTube
            | K::GastricTube
            | K::CentralLine
            | K::Pacemaker
    );
    if a.kind == b.kind && single {
        return true;
    }
    let same_side = a.side == b.side || a.side == Side::Midline || b.side == Side::Midline;
    let overlap = a.zone.thirds().iter().zip(b.zone.thirds()).any(|(x, y)| *x && y);
    let meet = same_side && overlap;
    let in_lung = |k| {
        matches!(
            k,
            K::Consolidation
                | K::Pneumonia
                | K::Infiltration
                | K::Atelectasis
                | K::Nodule
                | K::Mass
                | K::Fibrosis
        )
    };
    let hazy = |k| matches!(k, K::Consolidation | K::Pneumonia | K::Infiltration | K::Fibrosis);
    match (a.kind, b.kind) {
        (x, y) if x == y => meet,
        (K::Edema, y) => {
            hazy(y) || matches!(y, K::Nodule | K::Mass | K::Emphysema | K::Pneumothorax)
        }
        (K::Emphysema, y) => hazy(y) || matches!(y, K::Pneumothorax | K::Cardiomegaly),
        (K::Hernia, y) => matches!(y, K::Cardiomegaly | K::GastricTube),
        (K::Pneumothorax, K::Effusion | K::PleuralThickening)
        | (K::Effusion, K::PleuralThickening) => a.side == b.side,
        // A collapsed base above a little fluid is common and can be told apart.
        (K::Effusion, K::Atelectasis) => meet && (a.severity > 0.4 || b.severity > 0.6),
        (K::Effusion, y) if in_lung(y) => meet,
        (K::PleuralThickening | K::Pneumothorax, y) if in_lung(y) && !hazy(y) => meet,
        (K::PleuralThickening, y) if hazy(y) => meet,
        (K::Pacemaker, y) if in_lung(y) || y == K::CentralLine || y == K::ForeignObject => meet,
        (K::ForeignObject, K::Nodule) => meet,
        (x, y) if in_lung(x) && in_lung(y) => meet,
        _ => false,
    }
}

/// How large the heart is drawn, 1 = usual.
pub(crate) fn heart_size(rng: &mut Rng, findings: &[Planned]) -> f64 {
    let usual = rng.range(0.92, 1.08);
    findings
        .iter()
        .find(|f| f.kind == FindingKind::Cardiomegaly)
        .map_or(usual, |f| 1.48 + 0.24 * f.severity)
}
