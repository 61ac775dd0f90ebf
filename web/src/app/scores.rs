//! What the model scores: `card.json` of the bundle, as tables under the page.

use serde::Deserialize;

/// The part of a card that the page shows; `docs/card-v1.schema.json` describes the whole.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Card {
    /// Whose scores these are.
    pub model: CardModel,
    /// On what it was measured.
    pub sets: Vec<CardSet>,
    /// What it scores.
    pub metrics: Vec<Metric>,
    /// What trivial answers score on the same cases.
    pub baselines: Vec<Metric>,
}

/// Which weights.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CardModel {
    /// The bundle's name.
    pub name: String,
    /// SHA-256 of the weights.
    pub sha256: String,
    /// Number of weights.
    pub parameters: u64,
    /// Side of the input, pixels.
    pub input: u32,
}

/// A set of cases.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CardSet {
    /// The name that metrics use.
    pub name: String,
    /// Films.
    pub count: usize,
    /// What it is.
    pub about: String,
}

/// One score.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Metric {
    /// What was measured.
    pub name: String,
    /// On which set.
    pub set: String,
    /// A part of the cases; none for all.
    #[serde(default)]
    pub group: Option<String>,
    /// Whose answer, for baselines.
    #[serde(default)]
    pub baseline: Option<String>,
    /// The score.
    pub value: f64,
    /// Ends of its 95% interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Number of cases.
    pub n: usize,
    /// What exactly the number is.
    pub definition: String,
}

/// One set's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What the cases are.
    pub caption: String,
    /// Its lines.
    pub rows: Vec<Row>,
}

/// A line: a score beside its best trivial answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The score's name in words.
    pub name: String,
    /// `91.2 (88.0–93.7)`.
    pub value: String,
    /// The best of the trivial answers and whose it is.
    pub baseline: String,
    /// Number of cases.
    pub n: String,
    /// What exactly the number is.
    pub definition: String,
}

impl Card {
    /// A sentence on the model.
    pub fn headline(&self) -> String {
        let m = &self.model;
        let short = m.sha256.get(..12).unwrap_or(&m.sha256);
        let millions = m.parameters as f64 / 1e6;
        format!("{}: {millions:.1} million weights, {} px, SHA-256 {short}…", m.name, m.input)
    }

    /// A table for each set that has a score of all its cases.
    pub fn tables(&self) -> Vec<Table> {
        let rows = |set: &CardSet| -> Vec<Row> {
            let whole = |m: &&Metric| m.set == set.name && m.group.is_none();
            self.metrics.iter().filter(whole).map(|m| self.row(m)).collect()
        };
        self.sets
            .iter()
            .map(|set| Table {
                caption: format!("{}: {} ({} films)", words(&set.name), set.about, set.count),
                rows: rows(set),
            })
            .filter(|table| !table.rows.is_empty())
            .collect()
    }

    fn row(&self, metric: &Metric) -> Row {
        let same =
            |b: &&Metric| b.name == metric.name && b.set == metric.set && b.group == metric.group;
        let rivals = self.baselines.iter().filter(same).filter(|b| b.n == metric.n);
        let best = match Better::of(&metric.name) {
            Better::Higher => rivals.max_by(|a, b| a.value.total_cmp(&b.value)),
            Better::Lower => rivals.min_by(|a, b| a.value.total_cmp(&b.value)),
            Better::Neither => None,
        };
        let baseline = best.map_or_else(String::new, |b| {
            format!("{} ({})", percent(b.value), b.baseline.as_deref().unwrap_or("trivial"))
        });
        let value = match (metric.low, metric.high) {
            (Some(low), Some(high)) => {
                format!("{} ({}–{})", percent(metric.value), percent(low), percent(high))
            }
            _ => percent(metric.value),
        };
        Row {
            name: words(&metric.name),
            value,
            baseline,
            n: metric.n.to_string(),
            definition: metric.definition.clone(),
        }
    }
}

/// Which way a score is good.
enum Better {
    Higher,
    Lower,
    /// It depends on the set.
    Neither,
}

impl Better {
    fn of(name: &str) -> Self {
        match name {
            "negated_with_mask" | "present_without_mask" | "unread_with_mask" => Self::Lower,
            "refused" | "hedged_with_mask" => Self::Neither,
            _ => Self::Higher,
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// A name of a file as words: `negated_with_mask` is `Negated with mask`.
fn words(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let rest = letters.map(|c| if matches!(c, '_' | '-') { ' ' } else { c });
    first.into_iter().chain(rest).collect()
}

#[cfg(target_arch = "wasm32")]
pub(super) use page::wire;

#[cfg(target_arch = "wasm32")]
mod page {
    use wasm_bindgen::{JsCast as _, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{Element, Event, Response};

    use super::super::dom;
    use super::{Card, Table};

    /// Beside the model's other files.
    const ADDRESS: &str = "model/card.json";

    /// Loads the card when it is first opened.
    pub(in crate::app) fn wire() {
        dom::on("scores", "toggle", move |_: Event| {
            let filled = dom::get::<Element>("scores-tables").is_none_or(|t| t.has_child_nodes());
            if !filled {
                spawn_local(async {
                    match load().await {
                        Some(card) => fill(&card),
                        None => dom::text(
                            "scores-about",
                            "The scores could not be loaded. Open this part again to retry.",
                        ),
                    }
                });
            }
        });
    }

    async fn load() -> Option<Card> {
        let answer: JsValue = JsFuture::from(dom::window()?.fetch_with_str(ADDRESS)).await.ok()?;
        let answer: Response = answer.dyn_into().ok()?;
        if !answer.ok() {
            return None;
        }
        let text = JsFuture::from(answer.text().ok()?).await.ok()?.as_string()?;
        serde_json::from_str(&text).ok()
    }

    fn fill(card: &Card) {
        dom::text("scores-about", &card.headline());
        if let Some(place) = dom::get::<Element>("scores-tables") {
            place.set_text_content(None);
            for table in card.tables() {
                // Neither fails for an element of this document.
                let _ = draw(&table).map(|drawn| place.append_child(&drawn));
            }
        }
    }

    fn draw(table: &Table) -> Option<Element> {
        let drawn = dom::make("table", "scores", "")?;
        let _ = drawn.append_child(&*dom::make("caption", "", &table.caption)?);
        let head = dom::make("tr", "", "")?;
        for title in ["Score", "Model, % (95% interval)", "Best trivial answer, %", "Cases"] {
            let cell = dom::make("th", "", title)?;
            let _ = cell.set_attribute("scope", "col");
            let _ = head.append_child(&cell);
        }
        let _ = drawn.append_child(&head);
        for row in &table.rows {
            let line = dom::make("tr", "", "")?;
            let name = dom::make("th", "", &row.name)?;
            let _ = name.set_attribute("scope", "row");
            let _ = name.append_child(&*dom::make("span", "hint", &row.definition)?);
            let _ = line.append_child(&name);
            for text in [&row.value, &row.baseline, &row.n] {
                let _ = line.append_child(&*dom::make("td", "", text)?);
            }
            let _ = drawn.append_child(&line);
        }
        Some(drawn.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = r#"{
        "schema": "g2d-card-v1", "notice": "Not for clinical use.",
        "model": {"name": "tiny", "sha256": "0123456789abcdef", "bytes": 5, "parameters": 3770000,
                  "input": 128, "training": "phantoms"},
        "sets": [{"name": "phantoms-first", "count": 200, "seed": 1, "about": "held-out phantoms"},
                 {"name": "empty", "count": 0, "seed": null, "about": "nothing"}],
        "metrics": [
            {"name": "pointing", "set": "phantoms-first", "value": 0.912, "low": 0.88, "high": 0.937,
             "n": 365, "definition": "highest inside the truth"},
            {"name": "pointing", "set": "phantoms-first", "group": "kind=nodule", "value": 0.5,
             "low": null, "high": null, "n": 20, "definition": "the same"}],
        "baselines": [
            {"name": "pointing", "set": "phantoms-first", "baseline": "random point", "value": 0.066,
             "low": null, "high": null, "n": 365, "definition": "chance"},
            {"name": "pointing", "set": "phantoms-first", "baseline": "untrained", "value": 0.08,
             "low": null, "high": null, "n": 365, "definition": "chance"}]
    }"#;

    #[test]
    fn a_score_stands_beside_its_best_trivial_answer() {
        let card: Card = serde_json::from_str(CARD).unwrap();
        assert_eq!(card.headline(), "tiny: 3.8 million weights, 128 px, SHA-256 0123456789ab…");
        let tables = card.tables();
        assert_eq!(tables.len(), 1, "a set without scores has no table");
        assert_eq!(tables[0].caption, "Phantoms first: held-out phantoms (200 films)");
        let [row] = &tables[0].rows[..] else { panic!("{:?}", tables[0].rows) };
        assert_eq!((row.name.as_str(), row.value.as_str()), ("Pointing", "91.2 (88.0–93.7)"));
        assert_eq!((row.baseline.as_str(), row.n.as_str()), ("8.0 (untrained)", "365"));
    }
}
