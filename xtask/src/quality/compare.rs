//! Two cards of one bundle: the same within their intervals?

use serde_json::Value;

/// Below this a difference is rounding or another processor's arithmetic.
const SMALL: f64 = 0.005;
/// What a score without an interval may differ by.
const WITHOUT_INTERVAL: f64 = 0.02;

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// Scores that agree.
    pub(super) same: usize,
    /// What does not.
    pub(super) mismatches: Vec<String>,
    /// Sets of the older card that were not measured now.
    pub(super) missing: Vec<String>,
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { same, mismatches, missing } = self;
        write!(f, "{same} scores agree with the card, {} do not", mismatches.len())?;
        if missing.is_empty() { Ok(()) } else { write!(f, ", {} sets skipped", missing.len()) }
    }
}

fn list<'a>(card: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    card[name].as_array().into_iter().flatten()
}

/// Holds the older card's metrics against the new one's. Baselines are not compared: they are no
/// property of the model.
pub(super) fn compare(before: &Value, now: &Value) -> Compared {
    let mut found = Compared::default();
    if before["model"]["sha256"] != now["model"]["sha256"] {
        let line =
            "card.json is of other weights than this bundle's; `cargo xtask quality --update`";
        found.mismatches.push(line.into());
        return found;
    }
    let measured = |set: &Value| list(now, "sets").any(|s| s["name"] == *set);
    for set in list(before, "sets").filter(|set| !measured(&set["name"])) {
        found.missing.push(set["name"].as_str().unwrap_or_default().into());
    }
    for old in list(before, "metrics").filter(|m| measured(&m["set"])) {
        let keys = ["name", "set", "group"];
        let Some(new) = list(now, "metrics").find(|m| keys.iter().all(|k| m[k] == old[k])) else {
            // Of fewer studies a rare finding may lack; whole scores may not.
            if old["group"].is_null() {
                found.mismatches.push(format!("{} is not measured any more", title(old)));
            }
            continue;
        };
        if agree(old, new) {
            found.same += 1;
        } else {
            let line = format!(
                "{}: {} is outside the card's {} ({} to {})",
                title(old),
                new["value"],
                old["value"],
                old["low"],
                old["high"]
            );
            found.mismatches.push(line);
        }
    }
    found
}

/// Whether the new value lies in the older interval; or, when both are of different cases, whether
/// the intervals meet.
fn agree(old: &Value, new: &Value) -> bool {
    let number = |metric: &Value, field: &str| metric[field].as_f64();
    let (Some(before), Some(value)) = (number(old, "value"), number(new, "value")) else {
        return false;
    };
    let (Some(low), Some(high)) = (number(old, "low"), number(old, "high")) else {
        return (before - value).abs() <= WITHOUT_INTERVAL || old["n"] != new["n"];
    };
    if (low - SMALL..=high + SMALL).contains(&value) {
        return true;
    }
    let (new_low, new_high) = (number(new, "low"), number(new, "high"));
    let meet = new_low.zip(new_high).is_some_and(|(l, h)| l <= high + SMALL && h >= low - SMALL);
    old["n"] != new["n"] && meet
}

fn title(metric: &Value) -> String {
    let word = |field: &str| metric[field].as_str().unwrap_or_default();
    let group = word("group");
    let group = if group.is_empty() { String::new() } else { format!(" [{group}]") };
    format!("{} on {}{group}", word("name"), word("set"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn card(sha: &str, value: f64, set: &str) -> Value {
        let metric = |name: &str, value: f64| {
            json!({"name": name, "set": set, "value": value, "low": value - 0.05,
                   "high": value + 0.05, "n": 100})
        };
        json!({
            "model": {"sha256": sha},
            "sets": [{"name": set}],
            "metrics": [metric("pointing", value), metric("dice", 0.5)],
        })
    }

    #[test]
    fn within_the_interval_is_the_same() {
        let found = compare(&card("a", 0.8, "phantoms"), &card("a", 0.84, "phantoms"));
        assert_eq!((found.same, found.mismatches.len()), (2, 0));
        let found = compare(&card("a", 0.8, "phantoms"), &card("a", 0.9, "phantoms"));
        assert_eq!((found.same, found.mismatches.len()), (1, 1));
        assert!(found.mismatches[0].starts_with("pointing on phantoms: 0.9 is outside"));
    }

    #[test]
    fn other_weights_are_a_mismatch_and_a_skipped_set_is_none() {
        assert_eq!(compare(&card("a", 0.8, "ct"), &card("b", 0.8, "ct")).mismatches.len(), 1);
        let found = compare(&card("a", 0.8, "ct"), &card("a", 0.2, "phantoms"));
        assert_eq!((found.mismatches.len(), found.missing), (0, vec!["ct".to_owned()]));
    }

    #[test]
    fn a_score_that_went_away_is_a_mismatch() {
        let mut now = card("a", 0.8, "phantoms");
        now["metrics"] = json!([]);
        let found = compare(&card("a", 0.8, "phantoms"), &now);
        assert_eq!(found.mismatches.len(), 2);
        assert!(found.to_string().starts_with("0 scores agree"));
    }
}
