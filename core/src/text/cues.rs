//! Phrases that negate, doubt or end the reach of a negation.
//!
//! The idea and many of the phrases are those of NegEx (Chapman et al., J Biomed Inform
//! 2001;34:301) and ConText (Harkema et al., J Biomed Inform 2009;42:839): a cue reaches forwards
//! or backwards until another cue ends it. Of several phrases that fit, the longest wins, so that
//! "cannot be excluded" is not read as "excluded".

/// What a phrase does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// Looks like a negation and is none: "no change".
    Nothing,
    /// Negates what follows.
    NotNext,
    /// Negates what stands before.
    NotBefore,
    /// Negates both: "no longer".
    NotAround,
    /// Doubts what follows.
    MaybeNext,
    /// Doubts what stands before.
    MaybeBefore,
    /// Doubts what follows, or what stands before when nothing follows: "is likely".
    MaybeEither,
    /// Negates what follows, or what stands before when nothing follows: "unlikely".
    NotEither,
    /// Doubts the neighbours on both sides: "versus".
    MaybeAround,
    /// What follows is past or asked for, not seen: "history of", "evaluate for".
    Unsaid,
    /// Ends the reach of every cue.
    Stop,
    /// A finding of several words that are none alone.
    Finding,
    /// A healthy state of several words.
    Normal,
}

/// Cue phrases, divided by bars; their tokens are divided by single spaces.
const PHRASES: &[(Cue, &str)] = &[
    (
        Cue::Nothing,
        "\
         no change|no changes|no significant change|no interval change|\
         no significant interval change|no relevant change|no appreciable change|\
         no substantial change|no other change|no evidence of change|no short interval change|\
         no increase|no decrease|no improvement|no progression|no worsening|not only|\
         not changed|not significantly changed|not substantially changed|not increased|\
         not decreased|not yet resolved|not resolved|not cleared|not completely resolved|\
         not fully resolved|incompletely resolved|partially resolved|partly resolved|\
         nearly resolved|almost resolved|nearly completely resolved|almost completely resolved|\
         partial resolution of|incomplete resolution of|partial clearing of|\
         near complete resolution of|high resolution|no resolution of|without resolution of|\
         without change|without changes|without interval change|without significant change|\
         without significant interval change|not improved|gram negative|no doubt|\
         not necessarily|respiratory failure|renal failure|kidney failure|renal disease|\
         kidney disease|liver disease|skin lesions|weight loss|cov 2|coronavirus disease|\
         heart disease|not present on the previous|not present on the prior|\
         not seen on the previous|not seen on the prior|not present previously|\
         not seen previously|not previously seen|heart shadow|cardiac shadow|pleural cavity|pleural cavities",
    ),
    (
        Cue::NotNext,
        "\
         no|without|w / o|negative for|free of|free from|clear of|clear from|absence of|not|\
         denies|denied|rather than|instead of|resolution of|clearing of|removal of|nor|neither|\
         lack of|lacks|lacking|devoid of|never|nothing|fails to|failed to|rules out|\
         excludes|no longer any|no evidence for",
    ),
    (
        Cue::NotBefore,
        "\
         resolved|has cleared|have cleared|ruled out|excluded|removed|disappeared|subsided|gone|\
         is negative|are negative|was negative",
    ),
    (
        Cue::NotAround,
        "\
         no longer|absent",
    ),
    (
        Cue::NotEither,
        "\
         unlikely|none|nil",
    ),
    (
        Cue::MaybeNext,
        "\
         may|might|could|may not|might not|suspicious for|suspicious of|suspicion of|\
         suspicion for|suspect|suspicion|cannot exclude|can not exclude|cannot rule out|\
         can not rule out|cannot entirely exclude|does not exclude|\
         not exclude|not rule out|suggest|suggests|suggesting|suggestive|suggested|\
         suggestion of|concern for|concern of|concerning for|worrisome for|question of|query|\
         differential|perhaps|potentially|potential|presumably|presumed|possibility of|if|\
         whether|versus or|equivocal for",
    ),
    (
        Cue::MaybeBefore,
        "\
         cannot be excluded|can not be excluded|cannot be ruled out|can not be ruled out|\
         not be excluded|not be ruled out|not excluded|not ruled out|not entirely excluded|\
         cannot be entirely excluded|cannot be completely excluded|not completely excluded|\
         may be present|might be present|could be present|may exist|may be seen|is not certain|\
         is uncertain|are uncertain|is unclear|not well seen|not well visualized|\
         not well visualised|not well evaluated|not well assessed|not fully evaluated|\
         is difficult to assess|( ? )|is in question|is a consideration",
    ),
    (
        Cue::MaybeEither,
        "\
         possible|possibly|probable|probably|likely|more likely|most likely|less likely|\
         suspected|questionable|questioned|equivocal|doubtful|\
         difficult to exclude|favored|favoured|indeterminate",
    ),
    (
        Cue::MaybeAround,
        "\
         versus|vs|as opposed to",
    ),
    (
        Cue::Unsaid,
        "\
         history of|h / o|hx of|evaluate for|evaluation for|evaluate|assess for|assessment for|\
         assess|rule out|r / o|to exclude|to evaluate for|looking for|to look for|\
         recommended to|risk of",
    ),
    (
        Cue::Stop,
        "\
         but|however|except|except for|although|though|apart from|aside from|\
         with the exception of|other than|yet|while|whereas|nevertheless|nonetheless|otherwise|\
         which|despite|in spite of|due to|secondary to|because|because of|caused by|besides",
    ),
    (
        Cue::Finding,
        "\
         free air|low lung volumes|low lung volume|lung volumes are low|\
         lung volumes are reduced|reduced lung volumes|crazy paving|tree in bud|\
         lung volumes are decreased|blood products",
    ),
    (
        Cue::Normal,
        "\
         within normal limits|upper limits of normal|upper limit of normal|top normal|\
         no abnormality|free air space",
    ),
];

/// The longest phrase at the start of `tokens`, and how many tokens it has.
pub(super) fn longest(tokens: &[String]) -> Option<(Cue, usize)> {
    let first = tokens.first()?;
    let mut best: Option<(Cue, usize)> = None;
    for (cue, phrases) in PHRASES {
        for phrase in phrases.split('|').filter(|p| p.starts_with(first.as_str())) {
            let length = phrase.split(' ').count();
            let fits = || tokens.get(..length).is_some_and(|t| phrase.split(' ').eq(t));
            if best.is_none_or(|(_, n)| length > n) && fits() {
                best = Some((*cue, length));
            }
        }
    }
    let seen = not_seen(tokens);
    if seen.map(|(_, n)| n) > best.map(|(_, n)| n) { seen } else { best }
}

/// "not seen", "not clearly visualized" and the like negate what stands before them.
fn not_seen(tokens: &[String]) -> Option<(Cue, usize)> {
    const SEEN: &[&str] = &[
        "seen",
        "identified",
        "visualized",
        "visualised",
        "present",
        "evident",
        "appreciated",
        "demonstrated",
        "detected",
        "noted",
        "apparent",
        "observed",
        "found",
        "shown",
        "visible",
        "recognized",
    ];
    const ADVERBS: &[&str] = &["clearly", "definitely", "currently", "definitively", "longer"];
    let word = |i: usize| tokens.get(i).map(String::as_str);
    if word(0) != Some("not") {
        return None;
    }
    let skip = usize::from(word(1).is_some_and(|w| ADVERBS.contains(&w)));
    let seen = word(1 + skip).is_some_and(|w| SEEN.contains(&w));
    seen.then_some((Cue::NotBefore, 2 + skip))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<(Cue, usize)> {
        longest(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_longest_phrase_wins() {
        assert_eq!(at("no pneumothorax"), Some((Cue::NotNext, 1)));
        assert_eq!(at("no significant interval change in"), Some((Cue::Nothing, 4)));
        assert_eq!(at("cannot be excluded"), Some((Cue::MaybeBefore, 3)));
        assert_eq!(at("not clearly seen"), Some((Cue::NotBefore, 3)));
        assert_eq!(at("not enlarged"), Some((Cue::NotNext, 1)));
        assert_eq!(at("normal heart"), None);
        assert_eq!(at("nodule"), None);
    }

    /// A phrase that stands twice would be decided by the order of the table.
    #[test]
    fn no_phrase_stands_twice() {
        let mut all: Vec<_> = PHRASES.iter().flat_map(|(_, p)| p.split('|')).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|w| w[0] != w[1]));
    }
}
