//! What a picture can be to the gate.

use serde::{Deserialize, Serialize};

use crate::outcome::Warning;

/// What a picture is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmKind {
    /// A frontal chest film, upright, bones white.
    Frontal,
    /// The same with black and white exchanged.
    Inverted,
    /// A chest film from the side.
    Lateral,
    /// A frontal chest film turned by 90 degrees, head to the right.
    TurnedRight,
    /// A frontal chest film turned by 90 degrees, head to the left.
    TurnedLeft,
    /// A frontal chest film turned by 180 degrees.
    UpsideDown,
    /// Something else.
    Other,
}

impl FilmKind {
    /// Every kind, in the order of a gate's rows.
    pub const ALL: [Self; 7] = [
        Self::Frontal,
        Self::Inverted,
        Self::Lateral,
        Self::TurnedRight,
        Self::TurnedLeft,
        Self::UpsideDown,
        Self::Other,
    ];

    /// The name used in files and tables, for example `turned_right`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frontal => "frontal",
            Self::Inverted => "inverted",
            Self::Lateral => "lateral",
            Self::TurnedRight => "turned_right",
            Self::TurnedLeft => "turned_left",
            Self::UpsideDown => "upside_down",
            Self::Other => "other",
        }
    }

    /// Why a film that was taken for this kind is refused, and what to do.
    pub fn warning(self) -> Warning {
        let (code, message) = match self {
            // The frontal kind is the likeliest, but by less than the fitted margin.
            Self::Frontal => (
                "G2D-Q06",
                "This looks only a little like the frontal chest films that the model knows. \
                 Use an upright frontal film that shows the whole chest.",
            ),
            Self::Inverted => (
                "G2D-Q01",
                "This film looks inverted: black and white are exchanged. Nothing was changed; if \
                 you agree, invert it (bones white) and give it again.",
            ),
            Self::Lateral => (
                "G2D-Q02",
                "This looks like a lateral chest film. The model knows frontal films only.",
            ),
            Self::TurnedRight => (
                "G2D-Q03",
                "This film looks turned: the head is on the right. Turn it by 90 degrees \
                 anticlockwise and give it again.",
            ),
            Self::TurnedLeft => (
                "G2D-Q03",
                "This film looks turned: the head is on the left. Turn it by 90 degrees clockwise \
                 and give it again.",
            ),
            Self::UpsideDown => (
                "G2D-Q04",
                "This film looks upside down. Turn it by 180 degrees and give it again.",
            ),
            Self::Other => (
                "G2D-Q05",
                "This does not look like a frontal chest film. Whatever would be shown on it would \
                 mean nothing.",
            ),
        };
        Warning { code: code.into(), message: message.into() }
    }
}
