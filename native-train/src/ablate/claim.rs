//! A folder belongs to one set.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result};
use g2d_core::Error;
use serde_json::Value;

use super::set::Set;
use crate::files;

impl Set {
    /// Writes the set to its folder, or checks that the folder holds this very set. What was
    /// expected is part of it: it cannot be changed once there are results.
    ///
    /// # Errors
    /// When the folder holds another set, or other files; what differs is named.
    pub fn claim(&self, out: &Path) -> Result<()> {
        let path = out.join("set.json");
        let own = serde_json::to_value(self)?;
        if !path.exists() {
            if !files::is_empty_folder(out)? {
                return Err(Error::input(
                    "G2D-F50",
                    format!("{} holds other files", out.display()),
                    "Choose another --out",
                )
                .into());
            }
            return files::write_atomic(&path, &serde_json::to_vec_pretty(&own)?);
        }
        let there: Value = serde_json::from_slice(&std::fs::read(&path)?)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let mut found = Vec::new();
        differences("", &there, &own, &mut found);
        if found.is_empty() {
            return Ok(());
        }
        let more = found.len().saturating_sub(4);
        found.truncate(4);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Err(Error::input(
            "G2D-F51",
            format!("{} holds another set: {}{more}", out.display(), found.join(", ")),
            "Choose another --out, or give the set as it was",
        )
        .into())
    }
}

/// Paths whose values differ, with both values.
fn differences(at: &str, there: &Value, here: &Value, found: &mut Vec<String>) {
    let null = Value::Null;
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                let (a, b) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
                differences(&path, &a, &b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for i in 0..a.len().max(b.len()) {
                let (a, b) = (a.get(i).unwrap_or(&null), b.get(i).unwrap_or(&null));
                // A variant is better known by its name than by its number.
                let name = [a, b].into_iter().find_map(|v| v.get("name")?.as_str());
                let index = name.map_or_else(|| i.to_string(), str::to_owned);
                differences(&format!("{at}[{index}]"), a, b, found);
            }
        }
        (a, b) if a != b => {
            let short = |v: &Value| match v {
                Value::Null => "nothing".to_owned(),
                Value::Object(_) | Value::Array(_) => "something".to_owned(),
                value => value.to_string(),
            };
            found.push(format!("{at} is {} there and {} here", short(a), short(b)));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ablate::set::{Direction, tests::TWO};

    #[test]
    fn a_folder_keeps_its_set() {
        let folder = tempfile::tempdir().unwrap();
        let set = |over: &[&str]| {
            let over: Vec<String> = over.iter().map(|s| (*s).to_owned()).collect();
            Set::parse("two", TWO, &over).unwrap()
        };
        set(&[]).claim(folder.path()).unwrap();
        set(&[]).claim(folder.path()).unwrap();
        let error = set(&["optim.lr=0.5"]).claim(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("variants[G2D].config.optim.lr is 0.001 there and 0.5 here"),
            "{error}"
        );
        let mut later = set(&[]);
        later.variants[1].expect.insert("probe_encoder_8".into(), Direction::Above);
        let error = later.claim(folder.path()).unwrap_err().to_string();
        assert!(error.contains("\"below\" there and \"above\" here"), "{error}");
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("x"), "x").unwrap();
        assert!(set(&[]).claim(other.path()).unwrap_err().to_string().contains("G2D-F50"));
    }
}
