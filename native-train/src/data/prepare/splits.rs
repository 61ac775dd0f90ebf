//! Which film is in which split: whole patients at a time.

use std::collections::{BTreeMap, HashMap};

use g2d_core::Error;
use sha2::{Digest as _, Sha256};

use super::Candidate;
use crate::data::{
    pack::check::{Leak, leaks},
    synth::Splits,
};

/// Patients that an error names.
const NAMED: usize = 5;

/// Gives every candidate without a split one, so that a patient's films stay together.
///
/// A patient with a film in a given split follows it. The others are drawn by a hash of the seed
/// and the patient's name: the draw does not depend on which other patients there are, so a data
/// set can grow without anybody changing sides. Films without a group are drawn one by one.
///
/// Returns how many candidates were drawn.
pub fn assign(candidates: &mut [Candidate], shares: &Splits, seed: u64) -> usize {
    let mut given: HashMap<String, String> = HashMap::new();
    for candidate in candidates.iter() {
        if let (Some(group), Some(split)) = (&candidate.group, &candidate.split) {
            given.entry(group.clone()).or_insert_with(|| split.clone());
        }
    }
    let mut drawn = 0;
    for candidate in candidates.iter_mut().filter(|c| c.split.is_none()) {
        let known = candidate.group.as_ref().and_then(|group| given.get(group));
        candidate.split = Some(known.cloned().unwrap_or_else(|| {
            drawn += 1;
            draw(candidate.group.as_deref().unwrap_or(&candidate.id), shares, seed).to_owned()
        }));
    }
    drawn
}

/// The split of a name.
fn draw<'a>(name: &str, shares: &'a Splits, seed: u64) -> &'a str {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(name.as_bytes());
    let digest = hash.finalize();
    let bits = digest.iter().take(8).fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
    // 53 bits, which is what an f64 in [0, 1) holds.
    let at = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    let mut sum = 0.0;
    for (name, share) in shares.shares() {
        sum += share;
        if at < sum {
            return name;
        }
    }
    // Shares add up to 1 but for rounding.
    shares.shares().last().map_or("train", |(name, _)| name)
}

/// Fails when a patient's films lie in two splits.
///
/// # Errors
/// `G2D-M03`, with the patients' names and two of their films each.
pub fn refuse_leaks(candidates: &[Candidate]) -> Result<(), Error> {
    let films = candidates
        .iter()
        .map(|c| (c.group.as_deref(), c.split.as_deref().unwrap_or_default(), c.id.as_str(), ""));
    leak_error(&leaks(films))
}

/// The error that names the first leaks, if there are any.
///
/// # Errors
/// `G2D-M03`.
pub fn leak_error(found: &[Leak]) -> Result<(), Error> {
    if found.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = found.iter().take(NAMED).map(ToString::to_string).collect();
    let more = found.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more patients") } else { String::new() };
    Err(Error::input(
        "G2D-M03",
        format!("A model would be tested on what it learnt by heart: {}{more}", named.join("; ")),
        "Put all films of one patient into the same split",
    ))
}

/// Films in each split.
pub fn count(candidates: &[Candidate]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for candidate in candidates {
        *counts.entry(candidate.split.clone().unwrap_or_default()).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(id: &str, group: Option<&str>, split: Option<&str>) -> Candidate {
        Candidate {
            id: id.into(),
            group: group.map(Into::into),
            split: split.map(Into::into),
            ..Candidate::default()
        }
    }

    fn shares() -> Splits {
        "train=0.8,val=0.1,test=0.1".parse().unwrap()
    }

    #[test]
    fn patients_stay_together_and_shares_are_kept() {
        let mut films: Vec<Candidate> = (0..6000)
            .map(|i| film(&i.to_string(), Some(&format!("patient-{}", i / 3)), None))
            .collect();
        assert_eq!(assign(&mut films, &shares(), 1), 6000);
        refuse_leaks(&films).unwrap();
        let train = count(&films)["train"] as f64 / 6000.0;
        // 2,000 patients: the standard deviation of the share is 0.009.
        assert!((train - 0.8).abs() < 0.04, "{train}");
        let before = films[0].split.clone();
        let mut alone = [film("0", Some("patient-0"), None)];
        assign(&mut alone, &shares(), 1);
        assert_eq!(alone[0].split, before, "other patients do not matter");
        let mut other: Vec<Candidate> =
            (0..100).map(|i| film("x", Some(&format!("patient-{i}")), None)).collect();
        assign(&mut other, &shares(), 2);
        let same = other.iter().zip(films.iter().step_by(3)).filter(|(a, b)| a.split == b.split);
        assert!(same.count() < 95, "the seed matters");
    }

    #[test]
    fn a_patient_follows_a_given_split() {
        let mut films =
            [film("1", Some("p"), None), film("2", Some("p"), Some("odd")), film("3", None, None)];
        assert_eq!(assign(&mut films, &shares(), 0), 1);
        assert_eq!(films[0].split.as_deref(), Some("odd"));
        assert!(films[2].split.is_some());
    }

    #[test]
    fn leaks_are_named() {
        let films = [film("1", Some("p"), Some("train")), film("2", Some("p"), Some("test"))];
        let words = refuse_leaks(&films).unwrap_err().to_string();
        for word in ["patient p", "film 1 in train", "film 2 in test", "G2D-M03"] {
            assert!(words.contains(word), "{words}");
        }
    }
}
