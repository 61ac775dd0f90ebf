//! What every rule left of the films.

use std::collections::BTreeSet;

use serde::Serialize;

use super::FilmRow;

/// One rule's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Step {
    rule: String,
    films: usize,
    patients: usize,
}

/// The films of a set, rule by rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Funnel {
    set: String,
    steps: Vec<Step>,
}

impl Funnel {
    /// Begins with all films.
    pub fn new(set: &str, films: &[&FilmRow]) -> Self {
        let mut funnel = Self { set: set.into(), steps: Vec::new() };
        funnel.count("all films", films);
        funnel
    }

    /// The same for another set that goes on from here.
    pub fn named(mut self, set: &str) -> Self {
        self.set = set.into();
        self
    }

    /// Keeps what a rule keeps, and counts it.
    pub fn keep(
        &mut self,
        rule: &str,
        films: &mut Vec<&FilmRow>,
        keeps: impl Fn(&FilmRow) -> bool,
    ) {
        films.retain(|film| keeps(film));
        self.count(rule, films);
    }

    fn count(&mut self, rule: &str, films: &[&FilmRow]) {
        let patients: BTreeSet<&str> = films.iter().map(|film| film.group.as_str()).collect();
        let step = Step { rule: rule.into(), films: films.len(), patients: patients.len() };
        self.steps.push(step);
    }

    /// The name of the set.
    pub fn set(&self) -> &str {
        &self.set
    }

    /// Films that came through.
    pub fn left(&self) -> usize {
        self.steps.last().map_or(0, |step| step.films)
    }

    /// The rules as lines for people.
    pub fn lines(&self) -> Vec<String> {
        let line = |step: &Step| {
            format!(
                "{:8} {:5} films {:5} patients  {}",
                self.set, step.films, step.patients, step.rule
            )
        };
        self.steps.iter().map(line).collect()
    }
}
