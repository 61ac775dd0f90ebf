//! Numbers and outcomes in words.

use super::outcome::{Assertion, Outcome, Sentence, Status};

/// Regions named in one line; the rest is counted.
const REGIONS_IN_A_LINE: usize = 2;

/// A share of the image, for example `6% of the image`.
pub fn share(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent < 0.5 {
        "less than 1% of the image".into()
    } else {
        format!("{percent:.0}% of the image")
    }
}

/// Where a sentence points, for example `right lower zone, 6% of the image`.
pub fn place(sentence: &Sentence) -> String {
    if sentence.assertion == Assertion::Absent {
        return "negated: nothing to show".into();
    }
    if sentence.score.is_none() {
        return "speaks of nothing to look for".into();
    }
    if sentence.regions.is_empty() {
        return "points nowhere clearly".into();
    }
    let mut parts: Vec<String> = sentence
        .regions
        .iter()
        .take(REGIONS_IN_A_LINE)
        .map(|r| format!("{}, {}", r.zone, share(r.area_fraction)))
        .collect();
    let more = sentence.regions.len().saturating_sub(REGIONS_IN_A_LINE);
    if more > 0 {
        parts.push(format!("and {more} smaller"));
    }
    parts.join("; ")
}

/// The same for a sentence of this outcome: on a refused film nothing was looked for.
pub fn place_in(outcome: &Outcome, sentence: &Sentence) -> String {
    match outcome.status {
        Status::Refused => "not looked for on this film".into(),
        Status::Done => place(sentence),
    }
}

/// What stands above a result; none when there is nothing to be said.
pub fn warning(outcome: &Outcome) -> Option<String> {
    let mut parts: Vec<String> =
        outcome.warnings.iter().map(|w| format!("{} [{}]", w.message, w.code)).collect();
    if outcome.status == Status::Refused {
        parts.push("No sentence was looked for.".into());
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The badge of a sentence.
pub fn assertion(assertion: Assertion) -> &'static str {
    match assertion {
        Assertion::Present => "present",
        Assertion::Absent => "absent",
        Assertion::Uncertain => "uncertain",
    }
}

/// What was found, for the live region.
pub fn summary(outcome: &Outcome) -> String {
    if outcome.status == Status::Refused {
        return "Refused: this does not look like an upright frontal chest film".into();
    }
    let all = outcome.sentences.len();
    let shown = outcome.sentences.iter().filter(|s| s.mask.is_some()).count();
    let negated = outcome.sentences.iter().filter(|s| s.assertion == Assertion::Absent).count();
    let noun = if all == 1 { "sentence" } else { "sentences" };
    format!("Done: {all} {noun}, {shown} with a mask, {negated} negated")
}

/// The picture in words, for those who do not see it.
pub fn alternative(outcome: &Outcome, shown: &[bool]) -> String {
    let mut text =
        format!("Chest film, {} by {} pixels.", outcome.image.width, outcome.image.height);
    for (i, sentence) in outcome.sentences.iter().enumerate() {
        if shown.get(i).copied().unwrap_or(false) {
            let words = sentence.text.trim_end_matches('.');
            text.push_str(&format!(
                " Sentence {}, {words}: {}.",
                i + 1,
                place_in(outcome, sentence)
            ));
        }
    }
    text
}

/// Bytes for people, in the units of data sheets (1 MB is a million bytes).
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

/// Milliseconds for people.
pub fn duration(ms: f64) -> String {
    if ms < 1_000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::outcome::Region;

    fn sentence(assertion: Assertion, regions: &[(&str, f64)]) -> Sentence {
        let region = |(zone, f): &(&str, f64)| Region { area_fraction: *f, zone: (*zone).into() };
        Sentence {
            text: "A shadow.".into(),
            assertion,
            score: Some(0.5),
            mask: None,
            regions: regions.iter().map(region).collect(),
        }
    }

    #[test]
    fn places_are_named_with_their_share() {
        let one = sentence(Assertion::Present, &[("right lower zone", 0.061)]);
        assert_eq!(place(&one), "right lower zone, 6% of the image");
        let many = sentence(
            Assertion::Uncertain,
            &[("left upper zone", 0.1), ("left mid zone", 0.002), ("a", 0.1), ("b", 0.1)],
        );
        assert_eq!(
            place(&many),
            "left upper zone, 10% of the image; left mid zone, less than 1% of the image; \
             and 2 smaller"
        );
    }

    #[test]
    fn negated_and_lost_sentences_say_so() {
        assert_eq!(place(&sentence(Assertion::Absent, &[])), "negated: nothing to show");
        let lost = sentence(Assertion::Present, &[]);
        assert_eq!(place(&lost), "points nowhere clearly");
        let talk = Sentence { score: None, ..lost };
        assert_eq!(place(&talk), "speaks of nothing to look for");
    }

    #[test]
    fn sizes_and_times_are_readable() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(12_345), "12 kB");
        assert_eq!(bytes(15_540_000), "15.5 MB");
        assert_eq!(duration(41.7), "42 ms");
        assert_eq!(duration(2_345.0), "2.3 s");
    }
}
