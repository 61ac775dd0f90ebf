//! The words of a report: nouns, sentences and the frames that make sentences of nouns.
//!
//! The notation, for [`super::expand`]: `[x|y|]` is one of several, `{slot}` is filled in by the
//! writer. An entry that ends with a full stop is a sentence; any other is a noun, which a frame
//! makes a sentence of: `a` or `an` in front of what can be counted, `~` in front of what cannot,
//! `+` in front of a plural.
//!
//! Every table is a `const` that [`all`] lists, so that no word is missing in the vocabulary.

mod first_lung;
mod first_other;
mod frames_first;
mod frames_second;
mod second_lung;
mod second_other;

use crate::phantom::config::Institution;
use crate::phantom::study::{FindingKind, Side, Zone};

/// Several phrases of which one is taken.
pub(super) type Table = &'static [&'static str];

/// The ways to speak of one kind.
#[derive(Debug)]
pub(super) struct Wording {
    /// Slight, moderate, severe, for `{sev}`; empty where there is no such word.
    pub(super) severity: [Table; 3],
    /// Nouns and sentences for a finding that is there, with its place.
    pub(super) here: Table,
    /// The same for a finding on both sides.
    pub(super) both: Table,
    /// Nouns without place, side or size; the first is the commonest.
    pub(super) bare: Table,
    /// Sentences that say that it is not there.
    pub(super) absent: Table,
}

/// A sentence that is true unless one of these is there.
pub(super) type Denial = (&'static str, &'static [FindingKind]);

/// What one institution's reports are made of besides [`Wording`].
#[derive(Debug)]
pub(super) struct Style {
    /// `{np}` is there.
    pub(super) present: Table,
    /// It is there as before, or new: the place is given too.
    pub(super) steady: Table,
    /// It has grown or shrunk.
    pub(super) changed: Table,
    /// `{np}` may be there.
    pub(super) unsure: Table,
    /// It is there, and the place was given before.
    pub(super) placeless: Table,
    /// Two findings in one sentence, `{np}` and `{np2}`.
    pub(super) pair: Table,
    /// A finding and `{none}` that is not there.
    pub(super) but_no: Table,
    /// `{np}` is not there.
    pub(super) none: Table,
    /// Two things are not there.
    pub(super) none_two: Table,
    /// Three things are not there.
    pub(super) none_three: Table,
    /// It is not there on this side.
    pub(super) none_side: Table,
    /// It is not there in this zone.
    pub(super) none_place: Table,
    /// Healthy parts, each with what would make it false.
    pub(super) normal: &'static [Denial],
    /// Healthy parts of one side; false with anything in this lung or its pleura.
    pub(super) normal_side: Table,
    /// The whole film is healthy.
    pub(super) normal_impression: Table,
    /// No disease beside devices.
    pub(super) quiet_impression: Table,
    /// What stands behind no place on the film.
    pub(super) remarks: Table,
    /// Names of what was done, as a first line.
    pub(super) titles: Table,
    /// Headings of sections that do not describe the film, each with its bodies.
    pub(super) before: &'static [(Table, Table)],
    /// Headings of what is seen.
    pub(super) findings: Table,
    /// Headings of what it means.
    pub(super) impression: Table,
    /// Headings and bodies of what follows.
    pub(super) after: &'static [(Table, Table)],
}

/// The frames of an institution.
pub(super) fn style(institution: Institution) -> &'static Style {
    match institution {
        Institution::First => &frames_first::STYLE,
        Institution::Second => &frames_second::STYLE,
    }
}

/// The wording of a kind.
pub(super) fn wording(kind: FindingKind, institution: Institution) -> &'static Wording {
    match institution {
        Institution::First => {
            first_lung::wording(kind).unwrap_or_else(|| first_other::wording(kind))
        }
        Institution::Second => {
            second_lung::wording(kind).unwrap_or_else(|| second_other::wording(kind))
        }
    }
}

/// The words for a zone.
#[derive(Debug)]
pub(super) struct ZoneWords {
    /// `{place}`: stands after "the".
    pub(super) place: Table,
    /// `{adj}`: stands before a noun.
    pub(super) adj: Table,
    /// `{zone}`: an adjective without side.
    pub(super) zone: Table,
    /// `{ribzone}`: which ribs.
    pub(super) ribs: Table,
    /// `{bizone}`: an adjective for both sides.
    pub(super) both: Table,
    /// `{bizones}`: a plural noun after "both".
    pub(super) plural: Table,
}

/// The words for a zone of one side.
pub(super) fn zone_words(zone: Zone, side: Side, institution: Institution) -> &'static ZoneWords {
    if side == Side::Midline {
        return &BOTH_LUNGS;
    }
    let first = institution == Institution::First;
    match zone {
        Zone::Upper if first => &UPPER,
        Zone::Upper => &UPPER_SECOND,
        Zone::Mid if first && side == Side::Right => &MID_RIGHT,
        Zone::Mid if first => &MID,
        Zone::Mid => &MID_SECOND,
        Zone::Lower | Zone::Cardiac if first => &LOWER,
        Zone::Lower | Zone::Cardiac => &LOWER_SECOND,
        Zone::UpperMid if first => &UPPER_MID,
        Zone::UpperMid => &UPPER_MID_SECOND,
        Zone::MidLower if first => &MID_LOWER,
        Zone::MidLower => &MID_LOWER_SECOND,
        Zone::Diffuse if first => &DIFFUSE,
        Zone::Diffuse => &DIFFUSE_SECOND,
        Zone::Apex => &APEX,
        Zone::ApexLateral => &APEX_LATERAL,
        Zone::Base => &BASE,
    }
}

macro_rules! zones {
    ($($name:ident { $($field:ident: $table:expr),+ $(,)? })+) => {
        $(const $name: ZoneWords = ZoneWords { $($field: &$table),+ };)+
        const ZONES: &[&ZoneWords] = &[$(&$name),+];
    };
}

zones! {
    UPPER {
        place: ["{side} upper zone", "{side} upper lobe", "{side} upper lung zone", "{S}UL",
            "{side} upper lung"],
        adj: ["{side} upper zone", "{side} upper lobe", "{side} upper lung", "{S}UL"],
        zone: ["upper"],
        ribs: ["upper"],
        both: ["upper lobe", "upper zone", "upper lung"],
        plural: ["upper lobes", "upper zones", "upper lungs"],
    }
    MID {
        place: ["{side} mid zone", "{side} mid lung", "{side} mid lung zone"],
        adj: ["{side} mid zone", "{side} mid lung", "{side} midlung"],
        zone: ["mid"],
        ribs: ["mid"],
        both: ["mid zone", "mid lung"],
        plural: ["mid zones", "mid lungs"],
    }
    MID_RIGHT {
        place: ["right mid zone", "right mid lung", "right mid lung zone", "right middle lobe", "RML"],
        adj: ["right mid zone", "right mid lung", "right midlung", "right middle lobe", "RML"],
        zone: ["mid"],
        ribs: ["mid"],
        both: ["mid zone", "mid lung"],
        plural: ["mid zones", "mid lungs"],
    }
    LOWER {
        place: ["{side} lower zone", "{side} lower lobe", "{side} lung base", "{S}LL",
            "{side} base", "{side} lower lung"],
        adj: ["{side} lower zone", "{side} lower lobe", "{side} basilar", "{side} basal", "{S}LL",
            "{side} lower lung"],
        zone: ["lower"],
        ribs: ["lower"],
        both: ["lower lobe", "lower zone", "basilar", "basal"],
        plural: ["lower lobes", "lower zones", "lung bases", "bases"],
    }
    UPPER_MID {
        place: ["{side} upper and mid zones", "{side} upper and mid lung"],
        adj: ["{side} upper and mid zone", "{side} upper and mid lung"],
        zone: ["upper and mid"],
        ribs: ["upper and mid"],
        both: ["upper and mid zone", "upper and mid lung"],
        plural: ["upper and mid zones", "upper and mid lungs"],
    }
    MID_LOWER {
        place: ["{side} mid and lower zones", "{side} mid to lower lung"],
        adj: ["{side} mid and lower zone", "{side} mid to lower lung"],
        zone: ["mid and lower"],
        ribs: ["mid and lower"],
        both: ["mid and lower zone", "mid to lower lung"],
        plural: ["mid and lower zones", "mid and lower lungs"],
    }
    DIFFUSE {
        place: ["{side} lung", "entire {side} lung", "whole {side} lung"],
        adj: ["diffuse {side} lung", "diffuse {side}-sided", "{side} lung"],
        zone: ["diffuse"],
        ribs: [""],
        both: ["diffuse", "widespread"],
        plural: ["lungs"],
    }
    APEX {
        place: ["{side} apex", "{side} lung apex"],
        adj: ["{side} apical"],
        zone: ["apical"],
        ribs: ["upper"],
        both: ["apical"],
        plural: ["apices"],
    }
    APEX_LATERAL {
        place: ["{side} apex and lateral chest wall", "{side} apicolateral pleura"],
        adj: ["{side} apicolateral"],
        zone: ["apicolateral", "apical and lateral"],
        ribs: ["upper"],
        both: ["apicolateral"],
        plural: ["apices"],
    }
    BASE {
        place: ["{side} base", "{side} costophrenic angle"],
        adj: ["{side} basal", "{side} basilar"],
        zone: ["basal", "basilar"],
        ribs: ["lower"],
        both: ["basal", "basilar"],
        plural: ["bases"],
    }
    BOTH_LUNGS {
        place: ["lungs", "lungs on both sides"],
        adj: ["bilateral", "diffuse bilateral"],
        zone: ["bilateral", "diffuse"],
        ribs: [""],
        both: ["diffuse"],
        plural: ["lungs"],
    }
    UPPER_SECOND {
        place: ["{side} upper field", "upper third of the {side} lung", "{side} upper lung field"],
        adj: ["{side} upper field", "{side} upper lung field"],
        zone: ["upper"],
        ribs: ["upper"],
        both: ["in the upper fields"],
        plural: ["upper fields", "upper lung fields"],
    }
    MID_SECOND {
        place: ["{side} middle field", "middle third of the {side} lung"],
        adj: ["{side} middle field", "{side} middle lung field"],
        zone: ["middle"],
        ribs: ["middle"],
        both: ["in the middle fields"],
        plural: ["middle fields", "middle lung fields"],
    }
    LOWER_SECOND {
        place: ["{side} lower field", "lower third of the {side} lung", "{side} lower lung field"],
        adj: ["{side} lower field", "{side} lower lung field"],
        zone: ["lower"],
        ribs: ["lower"],
        both: ["in the lower fields"],
        plural: ["lower fields", "lower lung fields"],
    }
    UPPER_MID_SECOND {
        place: ["{side} upper and middle fields", "upper two thirds of the {side} lung"],
        adj: ["{side} upper and middle field"],
        zone: ["upper and middle"],
        ribs: ["upper and middle"],
        both: ["in the upper and middle fields"],
        plural: ["upper and middle fields"],
    }
    MID_LOWER_SECOND {
        place: ["{side} middle and lower fields", "lower two thirds of the {side} lung"],
        adj: ["{side} middle and lower field"],
        zone: ["middle and lower"],
        ribs: ["middle and lower"],
        both: ["in the middle and lower fields"],
        plural: ["middle and lower fields"],
    }
    DIFFUSE_SECOND {
        place: ["{side} lung field", "{side} lung from apex to base"],
        adj: ["{side} generalised", "generalised {side} lung"],
        zone: ["generalised"],
        ribs: [""],
        both: ["in all fields"],
        plural: ["lung fields"],
    }
}

/// Every phrase of every table.
pub(super) fn all() -> Vec<&'static str> {
    let mut out = vec!["right", "left", "bilateral", "R", "L", "RUL", "LUL", "RLL", "LLL"];
    out.extend(["a", "an", "is", "are", "has", "have", "NG", "w/"]);
    for z in ZONES {
        for table in [z.place, z.adj, z.zone, z.ribs, z.both, z.plural] {
            out.extend(table);
        }
    }
    for institution in [Institution::First, Institution::Second] {
        for kind in FindingKind::ALL {
            let w = wording(kind, institution);
            for table in w.severity.into_iter().chain([w.here, w.both, w.bare, w.absent]) {
                out.extend(table);
            }
        }
        let s = style(institution);
        let tables = [
            s.present,
            s.steady,
            s.changed,
            s.unsure,
            s.placeless,
            s.pair,
            s.but_no,
            s.none,
            s.none_two,
            s.none_three,
            s.none_side,
            s.none_place,
            s.normal_side,
            s.normal_impression,
            s.quiet_impression,
            s.remarks,
            s.titles,
            s.findings,
            s.impression,
        ];
        tables.into_iter().for_each(|table| out.extend(table));
        out.extend(s.normal.iter().map(|(text, _)| *text));
        for (headings, bodies) in s.before.iter().chain(s.after) {
            out.extend(*headings);
            out.extend(*bodies);
        }
    }
    out
}
