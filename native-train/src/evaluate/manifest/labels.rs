//! What a row says about classes.
//!
//! | form | says |
//! |---|---|
//! | `{"Edema": 1, "Mass": 0, "Hernia": -1, "Fracture": null}` | 1 there, 0 not there, the rest unknown |
//! | `["Edema", "Mass"]`, or in a cell `Edema\|Mass` | these are there, every other class is not |
//! | CSV columns named like classes | 1, 0, -1 or blank, as in the first form |
//!
//! Where a row has none of these but `boxes` whose `kind` is known, the kinds are the second form.

use std::collections::BTreeMap;

use g2d_core::Error;
use serde_json::Value;

use super::rows::{Row, RowBox};

/// What a row says about classes.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Class by class; none is unknown.
    Each(BTreeMap<String, Option<bool>>),
    /// These are there, all others are not.
    Positive(Vec<String>),
}

impl Row {
    /// What the row says about classes. `class` tells whether a column is named like one.
    ///
    /// # Errors
    /// When a label is not 1, 0, -1, null, true or false.
    pub fn labels(&self, class: impl Fn(&str) -> bool) -> Result<Option<Labels>, Error> {
        let expected = "an object of 1, 0, -1 or null, or a list of class names";
        let positive = |text: &str| {
            let names = text.split(['|', ';']).map(str::trim).filter(|n| !n.is_empty());
            Labels::Positive(names.map(str::to_owned).collect())
        };
        match self.value("labels") {
            Some(Value::Object(each)) => return self.each(each.iter()).map(Some),
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
                let names = list.iter().filter_map(Value::as_str).map(str::to_owned);
                return Ok(Some(Labels::Positive(names.collect())));
            }
            // In a CSV cell both forms stand as JSON text.
            Some(Value::String(s)) => match serde_json::from_str(s) {
                Ok(Value::Object(each)) => return self.each(each.iter()).map(Some),
                Ok(Value::Array(list)) if list.iter().all(Value::is_string) => {
                    let names = list.iter().filter_map(Value::as_str).map(str::to_owned);
                    return Ok(Some(Labels::Positive(names.collect())));
                }
                _ => return Ok(Some(positive(s))),
            },
            Some(_) => return Err(self.wrong("labels", expected)),
            None => {}
        }
        let named: Vec<_> = self.columns.iter().filter(|(k, _)| class(k)).collect();
        if !named.is_empty() {
            return self.each(named.into_iter()).map(Some);
        }
        let kinds = |boxes: Vec<RowBox>| boxes.into_iter().map(|b| b.kind).collect();
        let kinds: Option<Vec<String>> = self.boxes()?.and_then(kinds);
        Ok(kinds.map(Labels::Positive))
    }

    fn each<'a>(
        &self,
        each: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> Result<Labels, Error> {
        let mut labels = BTreeMap::new();
        for (name, value) in each {
            let number = match value {
                Value::Null => None,
                Value::Bool(there) => Some(f64::from(u8::from(*there))),
                Value::Number(n) => n.as_f64(),
                Value::String(s) if s.trim().is_empty() => None,
                Value::String(s) => Some(s.trim().parse().unwrap_or(f64::NAN)),
                _ => Some(f64::NAN),
            };
            // -1 is CheXpert's "uncertain": neither there nor not there.
            let label = match number {
                None | Some(-1.0) => None,
                Some(1.0) => Some(true),
                Some(0.0) => Some(false),
                Some(_) => return Err(self.wrong("labels", "made of 1, 0, -1 and blanks")),
            };
            labels.insert(name.clone(), label);
        }
        Ok(Labels::Each(labels))
    }
}
