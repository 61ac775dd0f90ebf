//! Does a pack still hold what it held when it was made?

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use serde::Serialize;

use super::{
    FILMS, Pack, PackRow,
    layout::is_sound,
    meta::{FileInfo, META, PackInfo},
};

/// Damaged records that are named one by one.
const NAMED: usize = 10;

/// What was found in one pack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The folder.
    pub pack: PathBuf,
    /// Where its films come from.
    pub dataset: String,
    /// Films.
    pub films: usize,
    /// Different patients; a film without a group counts as one.
    pub patients: usize,
    /// Films in each split.
    pub splits: BTreeMap<String, usize>,
    /// Films without a believable body, whose mask is the whole image.
    pub whole_bodies: usize,
    /// Side of the films in pixels.
    pub side: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// What is wrong, in words; empty for a sound pack.
    pub problems: Vec<String>,
}

/// Reads every byte of a pack and compares it with its digests, checksums and counts.
///
/// Returns the pack, too, when it can be opened.
///
/// # Errors
/// When the folder is no pack at all.
pub fn check(folder: &Path) -> anyhow::Result<(Checked, Option<Pack>)> {
    let bytes = PackInfo::read_bytes(folder)?;
    let info = PackInfo::parse(&bytes)?;
    let mut problems = Vec::new();
    if !PackInfo::is_sealed(&bytes, &info.seal) {
        problems.push(format!("{META} was changed: it does not fit its own seal"));
    }
    // Records before digests: the first names the film, the second only the file.
    let pack = match Pack::open(folder) {
        Ok(pack) => {
            problems.extend(self::problems(&pack));
            Some(pack)
        }
        Err(error) => {
            problems.push(format!("{:#}", error.root_cause()));
            None
        }
    };
    let mut total = bytes.len() as u64;
    for (name, expected) in &info.files {
        match FileInfo::of(&folder.join(name)) {
            Ok(found) if found == *expected => total += found.bytes,
            Ok(found) if found.bytes != expected.bytes => problems
                .push(format!("{name} has {} bytes instead of {}", found.bytes, expected.bytes)),
            Ok(_) => problems.push(format!("{name} does not have the SHA-256 it was made with")),
            Err(error) => problems.push(format!("{name} cannot be read ({error})")),
        }
    }
    let checked = Checked {
        pack: folder.to_owned(),
        dataset: info.dataset,
        films: info.films,
        patients: info.patients,
        splits: info.splits,
        whole_bodies: info.whole_bodies,
        side: info.side,
        bytes: total,
        problems,
    };
    Ok((checked, pack))
}

/// What is wrong with the records and rows of an open pack.
pub(crate) fn problems(pack: &Pack) -> Vec<String> {
    let mut problems = damaged_records(pack);
    problems.extend(wrong_counts(pack));
    problems
}

/// The records that do not fit their checksum, by number and name.
fn damaged_records(pack: &Pack) -> Vec<String> {
    let damaged: Vec<usize> =
        (0..pack.len()).into_par_iter().filter(|&i| !is_sound(pack.record(i), i)).collect();
    let name = |&i: &usize| {
        format!("Record {i} (film {}) of {FILMS} does not fit its checksum", pack.row(i).id)
    };
    let mut told: Vec<String> = damaged.iter().take(NAMED).map(name).collect();
    if damaged.len() > NAMED {
        told.push(format!("{} more records of {FILMS} are damaged", damaged.len() - NAMED));
    }
    told
}

fn wrong_counts(pack: &Pack) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, row) in pack.rows().iter().enumerate() {
        if !seen.insert(row.id.as_str()) {
            problems.push(format!("Record {number}: the film {} is there twice", row.id));
        }
    }
    let (splits, patients) = count(pack.rows().iter());
    let info = pack.info();
    if splits != info.splits {
        problems.push(format!("The splits hold {splits:?}, {META} says {:?}", info.splits));
    }
    if patients != info.patients {
        problems.push(format!("There are {patients} patients, {META} says {}", info.patients));
    }
    problems
}

/// Films in each split, and patients.
fn count<'a>(rows: impl Iterator<Item = &'a PackRow>) -> (BTreeMap<String, usize>, usize) {
    let (mut splits, mut groups, mut alone) = (BTreeMap::new(), BTreeSet::new(), 0);
    for row in rows {
        *splits.entry(row.split.clone()).or_insert(0) += 1;
        match &row.group {
            Some(group) => _ = groups.insert(group.as_str()),
            None => alone += 1,
        }
    }
    (splits, groups.len() + alone)
}

/// A patient whose films lie in two splits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The patient.
    pub group: String,
    /// A film of the patient and its split, and where it was found.
    pub first: (String, String, String),
    /// One in another split.
    pub second: (String, String, String),
}

impl std::fmt::Display for Leak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = |(film, split, place): &(String, String, String)| {
            let place = if place.is_empty() { String::new() } else { format!(" of {place}") };
            format!("{film} in {split}{place}")
        };
        write!(
            f,
            "patient {} is in two splits: film {}, film {}",
            self.group,
            place(&self.first),
            place(&self.second)
        )
    }
}

/// Every patient in two splits, in the order of their names; films are given as (patient, split,
/// film, where it was found).
pub fn leaks<'a>(
    films: impl Iterator<Item = (Option<&'a str>, &'a str, &'a str, &'a str)>,
) -> Vec<Leak> {
    let mut seen: HashMap<&str, (&str, &str, &str)> = HashMap::new();
    let mut found: BTreeMap<&str, Leak> = BTreeMap::new();
    for (group, split, film, place) in films {
        let Some(group) = group else { continue };
        let first = *seen.entry(group).or_insert((film, split, place));
        if first.1 != split {
            let own = |(a, b, c): (&str, &str, &str)| (a.into(), b.into(), c.into());
            found.entry(group).or_insert_with(|| Leak {
                group: group.into(),
                first: own(first),
                second: own((film, split, place)),
            });
        }
    }
    found.into_values().collect()
}
