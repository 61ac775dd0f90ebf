//! Writes the report of a study and keeps account of what each sentence speaks of.

mod grammar;
mod vocabulary;

use super::rng::Rng;
use super::study::{Finding, FindingKind, ReportSentence, Side, Zone};
use crate::outcome::Assertion;
use grammar as say;

#[cfg(test)]
pub(crate) use vocabulary::tokens;
pub use vocabulary::vocabulary;

/// A sentence before it has its place in the report.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    text: String,
    assertion: Assertion,
    findings: Vec<usize>,
}

/// One or two findings (both sides) that share their sentences.
#[derive(Debug, Clone)]
struct Group {
    members: Vec<usize>,
    unsure: bool,
}

/// Writes the report of these findings; returns its text and its sentences.
pub(super) fn write(rng: &mut Rng, findings: &[Finding]) -> (String, Vec<ReportSentence>) {
    let groups = group(rng, findings);
    let layout = rng.unit();
    let mut report = Builder::default();
    if layout < 0.62 {
        let body = body(rng, findings, &groups);
        let summary = summary(rng, findings, &groups, true);
        report.section(rng, Some(say::HEADINGS[0]), &body);
        report.section(rng, Some(say::HEADINGS[1]), &summary);
    } else if layout < 0.76 {
        let body = body(rng, findings, &groups);
        report.section(rng, Some(say::HEADINGS[0]), &body);
    } else if layout < 0.88 {
        let summary = summary(rng, findings, &groups, false);
        report.section(rng, Some(say::HEADINGS[1]), &summary);
    } else {
        let body = body(rng, findings, &groups);
        report.section(rng, None, &body);
    }
    (report.text, report.sentences)
}

/// Puts the two sides of a finding into one sentence where the words allow it.
fn group(rng: &mut Rng, findings: &[Finding]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, finding) in findings.iter().enumerate() {
        let partner = groups.iter_mut().find(|g| {
            let other = &findings[g.members[0]];
            g.members.len() == 1
                && other.kind == finding.kind
                && other.zone == finding.zone
                && !say::wording(finding.kind).both.is_empty()
        });
        match partner {
            Some(group) if rng.chance(0.8) => {
                group.members.push(i);
                // What is seen on both sides is stated as a fact.
                group.unsure = false;
            }
            _ => groups.push(Group { members: vec![i], unsure: rng.chance(0.15) }),
        }
    }
    groups
}

/// The sentences under FINDINGS: every finding, some of what is not there, some remarks.
fn body(rng: &mut Rng, findings: &[Finding], groups: &[Group]) -> Vec<Line> {
    let mut lines: Vec<Line> = groups.iter().map(|g| mention(rng, findings, g)).collect();
    let hedge = hedge(rng, findings);
    let hedged = hedge.as_ref().map(|(kind, _)| *kind);
    lines.extend(hedge.map(|(_, line)| line));
    lines.extend(negations(rng, findings, hedged));
    if rng.chance(0.55) {
        lines.push(nothing(rng.pick(say::NORMAL)));
    }
    // As dictated: any order.
    for i in (1..lines.len()).rev() {
        lines.swap(i, rng.below(i + 1));
    }
    if rng.chance(0.25) {
        let remark = nothing(rng.pick(say::REMARKS));
        let at = if rng.chance(0.5) { 0 } else { lines.len() };
        lines.insert(at, remark);
    }
    lines
}

/// The sentences under IMPRESSION. `repeats` says that FINDINGS stands above, so a finding may be
/// left out or named without its place.
fn summary(rng: &mut Rng, findings: &[Finding], groups: &[Group], repeats: bool) -> Vec<Line> {
    if groups.is_empty() {
        return vec![nothing(rng.pick(say::NORMAL_IMPRESSION))];
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut named: Vec<FindingKind> = Vec::new();
    for (i, g) in groups.iter().enumerate() {
        let kind = findings[g.members[0]].kind;
        let last = i + 1 == groups.len();
        if named.contains(&kind) || (repeats && !(last && lines.is_empty()) && rng.chance(0.2)) {
            continue;
        }
        let sure = |g: &Group| findings[g.members[0]].kind != kind || !g.unsure;
        if repeats && groups.iter().all(sure) && rng.chance(0.2) {
            let all = (0..findings.len()).filter(|&f| findings[f].kind == kind).collect();
            let text = rng.pick(say::wording(kind).placeless).to_owned();
            // The sentences of earlier groups of this kind stay: both are true.
            lines.push(Line { text, assertion: Assertion::Present, findings: all });
            named.push(kind);
        } else {
            lines.push(mention(rng, findings, g));
        }
    }
    if rng.chance(0.35) {
        lines.extend(negations(rng, findings, None).into_iter().take(1));
    }
    if rng.chance(0.12) {
        lines.push(nothing(rng.pick(say::REMARKS)));
    }
    lines
}

/// A sentence that states the group's findings.
fn mention(rng: &mut Rng, findings: &[Finding], group: &Group) -> Line {
    let finding = &findings[group.members[0]];
    let words = say::wording(finding.kind);
    let diffuse = finding.zone == Zone::Diffuse;
    let table = match (group.members.len(), group.unsure) {
        (2, _) => words.both,
        (_, true) => words.unsure,
        _ if diffuse => say::OPACITY_DIFFUSE_ONE,
        _ => words.present,
    };
    let assertion = if group.unsure { Assertion::Uncertain } else { Assertion::Present };
    let template = rng.pick(table);
    let slots = Slots::draw(rng, finding.kind, finding.side, finding.zone, finding.severity);
    let text = slots.fill(template, finding.size_mm);
    Line { text, assertion, findings: group.members.clone() }
}

/// What may be wondered about.
const HEDGED: [FindingKind; 5] = [
    FindingKind::Consolidation,
    FindingKind::Effusion,
    FindingKind::Pneumothorax,
    FindingKind::Nodule,
    FindingKind::Cardiomegaly,
];

/// Sometimes a report wonders about something that is not there.
fn hedge(rng: &mut Rng, findings: &[Finding]) -> Option<(FindingKind, Line)> {
    if !rng.chance(0.06) {
        return None;
    }
    let kind = HEDGED[rng.below(HEDGED.len())];
    if findings.iter().any(|f| f.kind == kind) {
        return None;
    }
    let side = if rng.chance(0.5) { Side::Right } else { Side::Left };
    let zone = match kind {
        FindingKind::Consolidation | FindingKind::Nodule => {
            [Zone::Upper, Zone::Mid, Zone::Lower][rng.below(3)]
        }
        FindingKind::Pneumothorax => Zone::Apex,
        FindingKind::Effusion => Zone::Base,
        _ => Zone::Cardiac,
    };
    let template = rng.pick(say::wording(kind).unsure);
    let text =
        Slots::draw(rng, kind, side, zone, 0.0).fill(template, Some(super::disease::NODULE_MM[0]));
    Some((kind, Line { text, assertion: Assertion::Uncertain, findings: Vec::new() }))
}

/// Some of what is not there.
fn negations(rng: &mut Rng, findings: &[Finding], hedged: Option<FindingKind>) -> Vec<Line> {
    use FindingKind::{Cardiomegaly, Consolidation, Effusion, Nodule, Pneumothorax};
    let has = |kind, side| findings.iter().any(|f| f.kind == kind && f.side == side);
    let absent = |kind| hedged != Some(kind) && !findings.iter().any(|f| f.kind == kind);
    let mut lines = Vec::new();
    let mut say_it = |rng: &mut Rng, table: &[&'static str]| lines.push(nothing(rng.pick(table)));
    let (opacity, nodule) = (absent(Consolidation), absent(Nodule));
    let (fluid, air) = (absent(Effusion), absent(Pneumothorax));
    if opacity && fluid && air && rng.chance(0.35) {
        say_it(rng, say::NO_THREE);
    } else {
        if opacity && nodule && rng.chance(0.45) {
            say_it(rng, say::LUNGS_CLEAR);
        } else if opacity && rng.chance(0.6) {
            say_it(rng, say::NO_OPACITY);
        }
        if fluid && air && rng.chance(0.6) {
            say_it(rng, say::NO_PLEURA);
        } else {
            for (kind, gone) in [(Effusion, fluid), (Pneumothorax, air)] {
                if gone && rng.chance(0.6) {
                    say_it(rng, say::wording(kind).absent);
                }
            }
        }
    }
    if nodule && rng.chance(0.1) {
        say_it(rng, say::NO_NODULE);
    }
    if absent(Cardiomegaly) && rng.chance(0.75) {
        say_it(rng, say::NO_HEART);
    }
    // "No left effusion" beside a right one: the side is what tells them apart.
    for (side, name, other) in
        [(Side::Right, say::SIDES[0], Side::Left), (Side::Left, say::SIDES[1], Side::Right)]
    {
        let clear = |kind| !has(kind, side) && has(kind, other) && hedged != Some(kind);
        let mut one_side = |rng: &mut Rng, table: &[&str]| {
            lines.push(nothing(&rng.pick(table).replace("{side}", name)));
        };
        if clear(Effusion) && rng.chance(0.3) {
            one_side(rng, say::NO_EFFUSION_SIDE);
        }
        if clear(Pneumothorax) && rng.chance(0.25) {
            one_side(rng, say::NO_AIR_SIDE);
        }
        let lung = !has(Consolidation, side) && !has(Nodule, side) && hedged.is_none();
        if lung && (has(Consolidation, other) || has(Nodule, other)) && rng.chance(0.3) {
            one_side(rng, say::LUNG_CLEAR_SIDE);
        }
    }
    lines
}

/// A sentence that points at nothing.
fn nothing(text: &str) -> Line {
    Line { text: text.to_owned(), assertion: Assertion::Absent, findings: Vec::new() }
}

/// The words for a template's slots.
struct Slots {
    side: &'static str,
    zone: &'static str,
    severity: &'static str,
}

impl Slots {
    fn draw(rng: &mut Rng, kind: FindingKind, side: Side, zone: Zone, severity: f32) -> Self {
        let grade = if severity < 0.33 { 0 } else { 1 + usize::from(severity >= 0.67) };
        let mut word = |table: &[&'static str]| {
            if table.is_empty() { "" } else { rng.pick(table) }
        };
        Self {
            side: if side == Side::Left { say::SIDES[1] } else { say::SIDES[0] },
            zone: word(say::zone_words(zone)),
            severity: word(say::wording(kind).severity[grade]),
        }
    }

    /// The sentence, with a capital at its start.
    fn fill(&self, template: &str, size_mm: Option<u32>) -> String {
        let size = size_mm.map(|mm| mm.to_string()).unwrap_or_default();
        let text = template
            .replace("{side}", self.side)
            .replace("{zone}", self.zone)
            .replace("{sev}", self.severity)
            .replace("{size}", &size);
        let mut chars = text.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect()
    }
}

/// The report as it grows.
#[derive(Default)]
struct Builder {
    text: String,
    sentences: Vec<ReportSentence>,
}

impl Builder {
    fn section(&mut self, rng: &mut Rng, heading: Option<&str>, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(if rng.chance(0.5) { "\n" } else { "\n\n" });
        }
        if let Some(heading) = heading {
            self.text.push_str(heading);
            self.text.push_str(if rng.chance(0.3) { "\n" } else { " " });
        }
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                self.text.push(' ');
            }
            let start = self.text.len();
            self.text.push_str(&line.text);
            self.sentences.push(ReportSentence {
                start,
                end: self.text.len(),
                assertion: line.assertion,
                findings: line.findings.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
