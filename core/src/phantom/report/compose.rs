//! Decides what a report says.

use super::Line;
use super::expand::{self, Noun, Slots, choose, draw, frame, is_sentence, tidy};
use super::layout::nothing;
use super::negate::{self, Fact, zoned};
use super::words::{self, Style, Table};
use crate::outcome::Assertion;
use crate::phantom::config::Institution;
use crate::phantom::rng::Rng;
use crate::phantom::study::{Finding, FindingKind, Side, Zone};
use FindingKind as K;

/// One or two findings (both sides) that share their sentences.
#[derive(Debug, Clone)]
struct Group {
    members: Vec<usize>,
    unsure: bool,
}

/// What is to be said of one study.
#[derive(Debug)]
pub(super) struct Composer<'a> {
    findings: &'a [Finding],
    facts: Vec<Fact>,
    groups: Vec<Group>,
    institution: Institution,
    style: &'static Style,
}

/// Tubes, lines and boxes: never in doubt, and a report may leave them out of its impression.
pub(super) fn is_device(kind: FindingKind) -> bool {
    matches!(kind, K::EndotrachealTube | K::GastricTube | K::CentralLine | K::Pacemaker)
}

/// Whether it can grow or shrink from one film to the next.
fn changes(kind: FindingKind) -> bool {
    !is_device(kind)
        && !matches!(kind, K::Fracture | K::ForeignObject | K::Hernia | K::Emphysema | K::Fibrosis)
}

/// As dictated: any order.
pub(super) fn shuffle(rng: &mut Rng, lines: &mut [Line]) {
    for i in (1..lines.len()).rev() {
        lines.swap(i, rng.below(i + 1));
    }
}

/// What points at nothing is said once.
fn without_doubles(lines: &mut Vec<Line>) {
    let mut seen: Vec<String> = Vec::new();
    lines.retain(|line| {
        let again = line.findings.is_empty() && seen.contains(&line.text);
        seen.push(line.text.clone());
        !again
    });
}

impl<'a> Composer<'a> {
    pub(super) fn new(rng: &mut Rng, findings: &'a [Finding], institution: Institution) -> Self {
        let groups = group(rng, findings);
        let facts =
            findings.iter().map(|f| Fact { kind: f.kind, place: Some((f.side, f.zone)) }).collect();
        Self { findings, facts, groups, institution, style: words::style(institution) }
    }

    /// The sentences under FINDINGS: every finding, some of what is not there, some remarks.
    pub(super) fn body(&self, rng: &mut Rng) -> Vec<Line> {
        let hedge = self.hedge(rng);
        let hedged = hedge.as_ref().map(|(kind, _)| *kind);
        let mut there = self.mentions(rng, hedged);
        there.extend(hedge.map(|(_, line)| line));
        let mut rest = negate::negations(rng, &self.facts, hedged, self.institution);
        rest.extend(negate::healthy(rng, &self.facts, hedged, self.institution));
        let mut lines = there;
        if self.institution == Institution::First {
            lines.append(&mut rest);
            shuffle(rng, &mut lines);
        } else {
            // What is ill first, or what is healthy first, each in its own order.
            shuffle(rng, &mut rest);
            let at = if rng.chance(0.6) { lines.len() } else { 0 };
            lines.splice(at..at, rest);
        }
        without_doubles(&mut lines);
        if lines.is_empty() {
            lines.push(self.normal(rng));
        }
        if rng.chance(0.25) {
            let remark = self.remark(rng);
            let at = if rng.chance(0.5) { 0 } else { lines.len() };
            lines.insert(at, remark);
        }
        lines
    }

    /// The sentences under IMPRESSION. `repeats` says that FINDINGS stands above, so a finding may
    /// be left out or named without its place.
    pub(super) fn summary(&self, rng: &mut Rng, repeats: bool) -> Vec<Line> {
        let quiet = self.findings.iter().all(|f| is_device(f.kind));
        if self.groups.is_empty() {
            return vec![self.normal(rng)];
        }
        if quiet && repeats && rng.chance(0.6) {
            return vec![nothing(&draw(rng, self.style.quiet_impression))];
        }
        let mut lines: Vec<Line> = Vec::new();
        let mut named: Vec<FindingKind> = Vec::new();
        for (i, g) in self.groups.iter().enumerate() {
            let kind = self.findings[g.members[0]].kind;
            let needed = i + 1 == self.groups.len() && lines.is_empty();
            let skipped = if is_device(kind) { 0.6 } else { 0.2 };
            if named.contains(&kind) || (repeats && !needed && rng.chance(skipped)) {
                continue;
            }
            let sure = |g: &Group| self.findings[g.members[0]].kind != kind || !g.unsure;
            if repeats && !is_device(kind) && self.groups.iter().all(sure) && rng.chance(0.2) {
                let all = (0..self.findings.len()).filter(|&f| self.findings[f].kind == kind);
                // The sentences of earlier groups of this kind stay: both are true.
                let noun = rng.pick(words::wording(kind, self.institution).bare);
                let text = expand::sentence(rng, noun, &Slots::default(), self.style.placeless);
                let findings = all.collect();
                lines.push(Line { text, assertion: Assertion::Present, findings });
                named.push(kind);
            } else {
                lines.push(self.mention(rng, g, None));
            }
        }
        if rng.chance(0.35) {
            let denied = negate::negations(rng, &self.facts, None, self.institution);
            // A hedge in the body speaks of what the findings do not hold.
            lines.extend(denied.into_iter().filter(|_| !repeats).take(1));
        }
        if rng.chance(0.12) {
            lines.push(self.remark(rng));
        }
        lines
    }

    fn normal(&self, rng: &mut Rng) -> Line {
        let text = if self.findings.is_empty() {
            rng.pick(self.style.normal_impression)
        } else {
            rng.pick(self.style.remarks)
        };
        nothing(&choose(rng, text))
    }

    fn remark(&self, rng: &mut Rng) -> Line {
        nothing(&draw(rng, self.style.remarks))
    }

    /// One sentence for each group, or for two of them together.
    fn mentions(&self, rng: &mut Rng, hedged: Option<FindingKind>) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut used = vec![false; self.groups.len()];
        for i in 0..self.groups.len() {
            if used[i] {
                continue;
            }
            used[i] = true;
            let partner = (i + 1..self.groups.len()).find(|&j| self.pairs(i, j));
            match partner {
                Some(j) if !used[j] && rng.chance(if self.belong(i, j) { 0.5 } else { 0.12 }) => {
                    used[j] = true;
                    lines.push(self.pair(rng, i, j));
                }
                _ => lines.push(self.mention(rng, &self.groups[i], Some(hedged))),
            }
        }
        lines
    }

    fn pairs(&self, i: usize, j: usize) -> bool {
        let (a, b) = (&self.groups[i], &self.groups[j]);
        !a.unsure && !b.unsure && a.members.len() == 1 && b.members.len() == 1
    }

    /// Fluid and the airless lung beside it, which are mostly named together.
    fn belong(&self, i: usize, j: usize) -> bool {
        let [a, b] = [i, j].map(|g| &self.findings[self.groups[g].members[0]]);
        let near = |kind| matches!(kind, K::Atelectasis | K::Consolidation | K::Pneumonia);
        let fluid = |x: &Finding, y: &Finding| x.kind == K::Effusion && near(y.kind);
        a.side == b.side && (fluid(a, b) || fluid(b, a))
    }

    fn pair(&self, rng: &mut Rng, i: usize, j: usize) -> Line {
        let members = [i, j].map(|g| self.groups[g].members[0]);
        let nouns = members.map(|m| self.noun(rng, m));
        // The first frame says that one comes with the other.
        let skip = usize::from(!self.belong(i, j));
        let template = draw(rng, &self.style.pair[skip..]);
        let text = tidy(&frame(&template, &nouns));
        Line { text, assertion: Assertion::Present, findings: members.to_vec() }
    }

    /// The finding as a noun with its place.
    fn noun(&self, rng: &mut Rng, member: usize) -> Noun {
        let finding = &self.findings[member];
        let table = words::wording(finding.kind, self.institution).here;
        let slots = self.slots(rng, finding);
        {
            let entry = pick_noun(rng, table);
            Noun::new(&slots.fill(rng, entry))
        }
    }

    fn slots(&self, rng: &mut Rng, finding: &Finding) -> Slots {
        slots(
            rng,
            (finding.kind, finding.side, finding.zone),
            finding.severity,
            finding.size_mm,
            self.institution,
        )
    }

    /// A sentence that states the group's findings. In the body, where `hedged` is given, it may
    /// also say what is not there.
    fn mention(&self, rng: &mut Rng, group: &Group, hedged: Option<Option<FindingKind>>) -> Line {
        let finding = &self.findings[group.members[0]];
        let wording = words::wording(finding.kind, self.institution);
        let slots = self.slots(rng, finding);
        let assertion = if group.unsure { Assertion::Uncertain } else { Assertion::Present };
        let line = |text| Line { text, assertion, findings: group.members.clone() };
        if group.unsure {
            let noun = pick_noun(rng, wording.here);
            return line(expand::sentence(rng, noun, &slots, self.style.unsure));
        }
        let table = if group.members.len() == 2 { wording.both } else { wording.here };
        let entry = rng.pick(table);
        if let (false, Some(hedged), true) = (is_sentence(entry), hedged, rng.chance(0.06))
            && let Some(none) = negate::one_absent(rng, &self.facts, hedged, self.institution)
        {
            let template = draw(rng, self.style.but_no);
            let noun = Noun::new(&slots.fill(rng, entry));
            let text = frame(&template.replace("{none}", none.text()), &[noun]);
            return line(tidy(&text));
        }
        let frames = match rng.unit() {
            u if u < 0.12 => self.style.steady,
            u if u < 0.20 && changes(finding.kind) => self.style.changed,
            _ => self.style.present,
        };
        line(expand::sentence(rng, entry, &slots, frames))
    }

    /// Sometimes a report wonders about something that is not there.
    fn hedge(&self, rng: &mut Rng) -> Option<(FindingKind, Line)> {
        if !rng.chance(0.07) {
            return None;
        }
        let kind = FindingKind::ALL[rng.below(14)];
        let near = negate::denies(kind);
        if self.findings.iter().any(|f| near.contains(&f.kind)) {
            return None;
        }
        let side = if rng.chance(0.5) { Side::Right } else { Side::Left };
        let (side, zone) = match kind {
            K::Pneumothorax | K::PleuralThickening => (side, Zone::Apex),
            K::Effusion => (side, Zone::Base),
            K::Cardiomegaly | K::Hernia => (Side::Midline, Zone::Cardiac),
            K::Edema | K::Emphysema => (Side::Midline, Zone::Diffuse),
            _ => (side, [Zone::Upper, Zone::Mid, Zone::Lower][rng.below(3)]),
        };
        let size = if kind == K::Mass { 35 } else { 6 };
        let slots = slots(rng, (kind, side, zone), 0.0, Some(size), self.institution);
        let noun = pick_noun(rng, words::wording(kind, self.institution).here);
        let text = expand::sentence(rng, noun, &slots, self.style.unsure);
        Some((kind, Line { text, assertion: Assertion::Uncertain, findings: Vec::new() }))
    }
}

/// An entry that is a noun; every table has some.
fn pick_noun(rng: &mut Rng, table: Table) -> &'static str {
    let nouns: Vec<&'static str> = table.iter().copied().filter(|e| !is_sentence(e)).collect();
    rng.pick(&nouns)
}

fn slots(
    rng: &mut Rng,
    (kind, side, zone): (FindingKind, Side, Zone),
    severity: f32,
    size_mm: Option<u32>,
    institution: Institution,
) -> Slots {
    let grade = if severity < 0.33 { 0 } else { 1 + usize::from(severity >= 0.67) };
    let table = words::wording(kind, institution).severity[grade];
    let told = !table.is_empty() && rng.chance(0.65);
    Slots {
        side: Some(side),
        zone: Some(words::zone_words(zone, side, institution)),
        severity: if told { rng.pick(table) } else { "" },
        // A planned diameter is always given for what is measured.
        size_mm: size_mm.unwrap_or(if kind == K::Mass { 40 } else { 12 }),
    }
}

/// Puts the two sides of a finding into one sentence where the words allow it.
fn group(rng: &mut Rng, findings: &[Finding]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, finding) in findings.iter().enumerate() {
        let partner = groups.iter_mut().find(|g| {
            let other = &findings[g.members[0]];
            let zone =
                other.zone == finding.zone || (!zoned(finding.kind) && finding.kind == K::Effusion);
            g.members.len() == 1
                && other.kind == finding.kind
                && other.side != finding.side
                && ![other.side, finding.side].contains(&Side::Midline)
                && zone
        });
        match partner {
            Some(group) if rng.chance(0.55) => {
                group.members.push(i);
                // What is seen on both sides is stated as a fact.
                group.unsure = false;
            }
            _ => {
                let unsure = rng.chance(0.15) && !is_device(finding.kind);
                groups.push(Group { members: vec![i], unsure });
            }
        }
    }
    groups
}
