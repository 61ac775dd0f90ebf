//! What every rule left, and why the rest went: the funnel from a data set to a pack.

use std::collections::{BTreeMap, HashSet};

use g2d_core::Error;
use serde::Serialize;

use super::Candidate;
use crate::output;

/// Rows that are named on standard error for each rule; the rest is in `rejected.jsonl`.
const NAMED: usize = 5;

/// Whether a rule chooses or finds fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The data set as it was found.
    Start,
    /// The user's choice, for example of views: nothing is wrong with what goes.
    Choice,
    /// Something is wrong with what goes: `--strict` stops at the first.
    Fault,
}

/// A rule's name, what it keeps, and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// One word for scripts.
    pub name: &'static str,
    /// What it keeps, for people.
    pub keeps: &'static str,
    /// Choice or fault.
    pub kind: Kind,
}

/// How many films, studies and patients there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Films.
    pub images: usize,
    /// Studies; each has one report.
    pub studies: usize,
    /// Patients; a row without a group counts as one.
    pub patients: usize,
}

impl Counts {
    fn of(candidates: &[Candidate]) -> Self {
        let images = candidates.iter().filter(|c| c.image.is_some()).count();
        let studies: HashSet<&str> = candidates.iter().map(|c| c.study.as_str()).collect();
        let patients: HashSet<&str> =
            candidates.iter().map(|c| c.group.as_deref().unwrap_or(&c.study)).collect();
        Self { images, studies: studies.len(), patients: patients.len() }
    }

    fn minus(self, after: Self) -> Self {
        Self {
            images: self.images - after.images,
            studies: self.studies - after.studies,
            patients: self.patients - after.patients,
        }
    }
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The rule's name.
    pub rule: &'static str,
    /// What it keeps.
    pub keeps: &'static str,
    /// Choice or fault.
    pub kind: Kind,
    /// What is left after it.
    pub left: Counts,
    /// What went.
    pub lost: Counts,
    /// Rows that went, by reason.
    pub reasons: BTreeMap<String, usize>,
}

/// A row that was left out, as a line of `rejected.jsonl`. It never holds report text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Name of the film, or of its report or row where it has none.
    pub id: String,
    /// The rule.
    pub rule: &'static str,
    /// The reason.
    pub message: String,
    /// The file, relative to its tree, or the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// All steps of a preparation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Funnel {
    /// In the order of the rules.
    pub steps: Vec<Step>,
    /// In the order of the rules, then of the rows.
    #[serde(skip)]
    pub rejected: Vec<Rejected>,
    /// Whether a fault stops everything.
    #[serde(skip)]
    strict: bool,
}

impl Funnel {
    /// An empty funnel.
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// The data set as it was found.
    pub fn start(&mut self, keeps: &'static str, candidates: &[Candidate]) {
        self.steps.push(Step {
            rule: "found",
            keeps,
            kind: Kind::Start,
            left: Counts::of(candidates),
            lost: Counts::default(),
            reasons: BTreeMap::new(),
        });
    }

    /// Removes the candidates that have a reason to go; `losses` has one entry a candidate.
    ///
    /// # Errors
    /// `G2D-M23` for the first fault when strict.
    pub fn apply(
        &mut self,
        rule: Rule,
        candidates: &mut Vec<Candidate>,
        losses: Vec<Option<String>>,
    ) -> anyhow::Result<()> {
        let before = Counts::of(candidates);
        let mut reasons = BTreeMap::new();
        let first = self.rejected.len();
        let mut losses = losses.into_iter();
        candidates.retain(|candidate| {
            let Some(message) = losses.next().flatten() else {
                return true;
            };
            *reasons.entry(message.clone()).or_insert(0) += 1;
            self.rejected.push(Rejected {
                id: candidate.id.clone(),
                rule: rule.name,
                message,
                place: candidate.place.clone(),
            });
            false
        });
        if rule.kind == Kind::Fault {
            self.tell(rule, first)?;
        }
        let left = Counts::of(candidates);
        let lost = before.minus(left);
        let Rule { name, keeps, kind } = rule;
        self.steps.push(Step { rule: name, keeps, kind, left, lost, reasons });
        Ok(())
    }

    /// The same with a question that each candidate answers alone.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn filter(
        &mut self,
        rule: Rule,
        candidates: &mut Vec<Candidate>,
        reason: impl Fn(&Candidate) -> Option<String>,
    ) -> anyhow::Result<()> {
        let losses = candidates.iter().map(reason).collect();
        self.apply(rule, candidates, losses)
    }

    fn tell(&self, rule: Rule, first: usize) -> anyhow::Result<()> {
        let rows = &self.rejected[first..];
        let words = |row: &Rejected| {
            let place = row.place.as_deref().map_or(String::new(), |p| format!(" ({p})"));
            format!("{}{place}: {}", row.id, row.message)
        };
        if let (true, Some(row)) = (self.strict, rows.first()) {
            return Err(Error::input(
                "G2D-M23",
                format!("{}: {}", rule.name, words(row)),
                "Correct the data set, or leave --strict out to go on without such rows",
            )
            .into());
        }
        for row in rows.iter().take(NAMED) {
            output::warn(format_args!("{}: {}", rule.name, words(row)));
        }
        if rows.len() > NAMED {
            let more = rows.len() - NAMED;
            output::warn(format_args!("{}: {more} more, see rejected.jsonl", rule.name));
        }
        Ok(())
    }

    /// The funnel as a table in Markdown.
    pub fn table(&self) -> String {
        let mut cells = vec![
            ["rule", "images", "studies", "patients", "images lost", "why"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for step in &self.steps {
            let why: Vec<String> =
                step.reasons.iter().map(|(reason, n)| format!("{n} x {reason}")).collect();
            // Rows without an image can go, too, so the reasons count rows.
            cells.push(vec![
                format!("{} ({})", step.keeps, step.rule),
                step.left.images.to_string(),
                step.left.studies.to_string(),
                step.left.patients.to_string(),
                step.lost.images.to_string(),
                why.join("; ").replace('|', "/"),
            ]);
        }
        let widths: Vec<usize> = (0..6)
            .map(|i| cells.iter().map(|row| row[i].chars().count()).max().unwrap_or(3).max(3))
            .collect();
        let line = |row: &[String]| {
            let padded = row.iter().zip(&widths).enumerate().map(|(i, (cell, &width))| {
                // Numbers to the right.
                if (1..=4).contains(&i) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:width$}")
                }
            });
            format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
        };
        let mut out = line(&cells[0]);
        let rule = widths.iter().enumerate().map(|(i, &width)| {
            let dashes = "-".repeat(width);
            if (1..=4).contains(&i) {
                format!(" {}: |", &dashes[1..])
            } else {
                format!(" {dashes} |")
            }
        });
        out.push('|');
        out.extend(rule);
        out.push('\n');
        out.extend(cells[1..].iter().map(|row| line(row)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: Rule = Rule { name: "fault", keeps: "sound", kind: Kind::Fault };
    const CHOICE: Rule = Rule { name: "choice", keeps: "wanted", kind: Kind::Choice };

    /// Three patients: p with studies s (two films) and t (one film), q with u (one film), r with
    /// a report v without a film.
    fn candidates() -> Vec<Candidate> {
        [("1", "s", "p"), ("2", "s", "p"), ("3", "t", "p"), ("4", "u", "q"), ("", "v", "r")]
            .map(|(image, study, group)| Candidate {
                id: if image.is_empty() { study.into() } else { image.into() },
                study: study.into(),
                group: Some(group.into()),
                image: (!image.is_empty()).then(|| image.into()),
                ..Candidate::default()
            })
            .into()
    }

    #[test]
    fn every_rule_counts_what_it_leaves_and_takes() {
        let mut funnel = Funnel::new(false);
        let mut list = candidates();
        funnel.start("films", &list);
        let film = |c: &Candidate| c.image.is_none().then(|| "there is no film".to_owned());
        funnel.filter(FAULT, &mut list, film).unwrap();
        let some = |c: &Candidate| ["2", "4"].contains(&&*c.id).then(|| "a|b".to_owned());
        funnel.filter(CHOICE, &mut list, some).unwrap();
        let counts = |i: usize| {
            let left = funnel.steps[i].left;
            [left.images, left.studies, left.patients]
        };
        assert_eq!([counts(0), counts(1), counts(2)], [[4, 4, 3], [4, 3, 2], [2, 2, 1]]);
        let lost = funnel.steps[2].lost;
        assert_eq!([lost.images, lost.studies, lost.patients], [2, 1, 1]);
        assert_eq!(funnel.steps[2].reasons["a|b"], 2);
        let names: Vec<&str> = funnel.rejected.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(names, ["v", "2", "4"]);
        let table = funnel.table();
        let widths: HashSet<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert_eq!((table.lines().count(), widths.len()), (5, 1), "{table}");
        assert!(table.lines().all(|line| line.matches('|').count() == 7), "{table}");
    }

    #[test]
    fn strict_stops_at_faults_only() {
        let mut list = candidates();
        let all = |_: &Candidate| Some("gone".to_owned());
        let error = Funnel::new(true).filter(FAULT, &mut list, all).unwrap_err();
        assert!(error.to_string().contains("G2D-M23") && error.to_string().contains("1: gone"));
        Funnel::new(true).filter(CHOICE, &mut candidates(), all).unwrap();
    }
}
