//! Which rows are scored, and which a threshold is chosen on.

use std::collections::HashMap;

use g2d_core::Error;

use super::rows::Row;

/// The rows of one split, those to choose thresholds on, and how many are left out.
#[derive(Debug, Default)]
pub struct Chosen {
    /// To be scored.
    pub test: Vec<Row>,
    /// To choose thresholds on.
    pub val: Vec<Row>,
    /// Rows of other splits.
    pub other: usize,
    /// Rows whose split cannot be read.
    pub broken: Vec<(u64, Error)>,
    /// What was scored, in words.
    pub name: String,
}

/// Parts the rows by split; where no row names one, all of them are scored.
///
/// # Errors
/// When no row is of the split, or one group stands in two splits (a threshold chosen on a
/// patient must not be judged on the same one).
pub fn choose(rows: Vec<Row>, split: Option<&str>) -> Result<Chosen, Error> {
    let wanted = split.unwrap_or("test");
    let mut seen: HashMap<String, (u64, Option<String>)> = HashMap::new();
    let mut chosen = Chosen { name: format!("split {wanted}"), ..Chosen::default() };
    let all = rows.len();
    let named = rows.iter().any(|row| row.has("split"));
    if !named && split.is_none() {
        chosen.name = "all rows (none names a split)".into();
        chosen.test = rows;
        return Ok(chosen);
    }
    for row in rows {
        let (split, group) = match (row.split(), patient(&row)) {
            (Ok(split), Ok(group)) => (split, group),
            (Err(error), _) | (_, Err(error)) => {
                chosen.broken.push((row.line, error));
                continue;
            }
        };
        if let Some(group) = group {
            let (first, before) = seen.entry(group).or_insert((row.line, split.clone())).clone();
            if before != split {
                return Err(Error::input(
                    "G2D-M03",
                    format!(
                        "Lines {first} and {} are of one group but in different splits",
                        row.line
                    ),
                    "Put all images of one patient (`group`) into the same split",
                ));
            }
        }
        match split.as_deref() {
            Some(name) if name == wanted => chosen.test.push(row),
            Some("val") => chosen.val.push(row),
            _ => chosen.other += 1,
        }
    }
    if chosen.test.is_empty() {
        return Err(Error::input(
            "G2D-M42",
            format!("None of the {all} rows is in the split {wanted:?}"),
            "Choose another with --split",
        ));
    }
    Ok(chosen)
}

/// Whose row it is, as far as it says: its group, else its image.
fn patient(row: &Row) -> Result<Option<String>, Error> {
    match row.group()? {
        Some(group) => Ok(Some(format!("group {group}"))),
        None => Ok(row.name("image")?.map(|image| format!("image {image}"))),
    }
}
