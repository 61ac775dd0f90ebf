//! Errors, sorted by who is to blame.
//!
//! Every error says what happened, what to do about it, and a code that a bug report can repeat.
//! Messages never hold report text, pixels or file names: those belong to a patient, and the
//! caller that knows the file puts its name in front.

use thiserror::Error;

/// What every error carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable code, for example `G2D-I03`.
    pub code: &'static str,
    /// What happened, one sentence without a final stop.
    pub what: String,
    /// What to do about it, one sentence without a final stop.
    pub remedy: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}. {}. [{}]", self.what, self.remedy, self.code)
    }
}

/// The error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// What the user gave cannot be used: not an image, an empty report, a broken manifest.
    #[error("{0}")]
    Input(Problem),
    /// What the user gave is larger than this program agrees to take.
    #[error("{0}")]
    Limits(Problem),
    /// The model files are missing, damaged or do not belong together.
    #[error("{0}")]
    Weights(Problem),
    /// The configuration asks for something that cannot run.
    #[error("{0}")]
    Config(Problem),
    /// The device failed or gave back something that cannot be true.
    #[error("{0}")]
    Device(Problem),
    /// A mistake of ours.
    #[error("{0}")]
    Bug(Problem),
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! constructor {
    ($name:ident, $variant:ident, $doc:literal) => {
        #[doc = $doc]
        pub fn $name(
            code: &'static str,
            what: impl Into<String>,
            remedy: impl Into<String>,
        ) -> Self {
            Self::$variant(Problem { code, what: what.into(), remedy: remedy.into() })
        }
    };
}

impl Error {
    constructor!(input, Input, "The user's data cannot be used.");
    constructor!(limits, Limits, "The user's data is too large.");
    constructor!(weights, Weights, "The model files cannot be used.");
    constructor!(config, Config, "The configuration cannot run.");
    constructor!(device, Device, "The device failed.");

    /// A mistake of ours; the remedy is always to report it.
    pub fn bug(code: &'static str, what: impl Into<String>) -> Self {
        Self::Bug(Problem {
            code,
            what: what.into(),
            remedy: "This is a fault of the program; please report it with this code".into(),
        })
    }

    /// The parts of the message.
    pub fn problem(&self) -> &Problem {
        let (Self::Input(p)
        | Self::Limits(p)
        | Self::Weights(p)
        | Self::Config(p)
        | Self::Device(p)
        | Self::Bug(p)) = self;
        p
    }

    /// The stable code, for example `G2D-W03`.
    pub fn code(&self) -> &'static str {
        self.problem().code
    }
}
