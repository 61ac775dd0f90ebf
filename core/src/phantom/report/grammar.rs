//! The report's phrases. `{side}`, `{zone}`, `{sev}` and `{size}` are filled in by the writer.
//!
//! Every table is made by one macro, which also lists them all for the vocabulary, so a phrase
//! cannot be missing there. A template is one sentence: it has one full stop, at its end.

use crate::phantom::study::{FindingKind, Zone};

macro_rules! tables {
    ($($(#[$meta:meta])* $name:ident = [$($text:expr),+ $(,)?];)+) => {
        $($(#[$meta])* pub(super) const $name: &[&str] = &[$($text),+];)+
        /// Every table.
        pub(super) const TABLES: &[&[&str]] = &[$($name),+];
    };
}

tables! {
    /// Headings.
    HEADINGS = ["FINDINGS:", "IMPRESSION:"];
    SIDES = ["right", "left"];

    UPPER = ["upper zone", "upper lobe", "upper lung zone"];
    MID = ["mid zone", "mid lung", "mid lung zone"];
    LOWER = ["lower zone", "lower lobe", "lung base"];
    UPPER_MID = ["upper and mid zones", "upper and middle lung zones"];
    MID_LOWER = ["mid and lower zones", "middle and lower lung zones"];
    DIFFUSE = ["lung"];
    APEX = ["apical"];
    APEX_LATERAL = ["apicolateral", "apical and lateral"];

    EFFUSION_SLIGHT = ["small", "trace", "minimal"];
    EFFUSION_MODERATE = ["moderate", "medium-sized"];
    EFFUSION_SEVERE = ["large", "sizeable"];
    AIR_SLIGHT = ["small", "tiny"];
    AIR_MODERATE = ["moderate", "medium-sized"];
    AIR_SEVERE = ["large", "sizeable"];
    OPACITY_SLIGHT = ["faint", "subtle", "mild"];
    OPACITY_MODERATE = ["hazy", "patchy", "moderate"];
    OPACITY_SEVERE = ["dense", "marked", "confluent"];
    HEART_SLIGHT = ["mild", "slight"];
    HEART_MODERATE = ["moderate"];
    HEART_SEVERE = ["severe", "marked"];

    /// Opacity in one, two or three thirds.
    OPACITY = [
        "There is {sev} opacity in the {side} {zone}.",
        "{sev} airspace opacity in the {side} {zone}.",
        "{side} {zone} consolidation.",
        "{sev} {side} {zone} airspace disease is present.",
        "Consolidation is seen in the {side} {zone}.",
        "{sev} opacification of the {side} {zone}.",
        "{side} {zone} infiltrate, {sev}.",
        "The {side} {zone} shows {sev} opacity.",
        "{side} {zone} pneumonia.",
    ];
    OPACITY_DIFFUSE_ONE = [
        "Diffuse {sev} opacity throughout the {side} lung.",
        "Extensive airspace disease of the {side} lung.",
        "There is widespread {sev} opacification of the {side} lung.",
        "The entire {side} lung shows {sev} opacity.",
    ];
    OPACITY_BOTH = [
        "Bilateral {zone} opacities.",
        "There are bilateral {zone} airspace opacities.",
        "Bilateral {zone} consolidation is present.",
    ];
    OPACITY_UNSURE = [
        "Possible {side} {zone} consolidation.",
        "Questionable {sev} opacity in the {side} {zone}.",
        "{side} {zone} consolidation cannot be excluded.",
        "There may be {sev} consolidation in the {side} {zone}.",
    ];
    OPACITY_PLACELESS = [
        "Airspace opacity as described.",
        "Findings are compatible with pneumonia.",
        "Airspace disease as above.",
    ];

    EFFUSION = [
        "There is a {sev} {side} pleural effusion.",
        "{sev} {side} pleural effusion.",
        "{side} pleural effusion.",
        "{side}-sided pleural effusion, {sev}.",
        "Blunting of the {side} costophrenic angle is consistent with a {sev} effusion.",
        "A {sev} pleural effusion is present on the {side}.",
        "{sev} pleural fluid at the {side} base.",
        "The {side} costophrenic angle is obscured by {sev} pleural fluid.",
    ];
    EFFUSION_BOTH = [
        "Bilateral pleural effusions.",
        "There are bilateral pleural effusions.",
        "Pleural effusions are present on both sides.",
        "Both costophrenic angles are blunted by pleural fluid.",
    ];
    EFFUSION_UNSURE = [
        "Possible {sev} {side} pleural effusion.",
        "A {sev} {side} pleural effusion cannot be excluded.",
        "Questionable blunting of the {side} costophrenic angle.",
        "There may be a {sev} {side} effusion.",
        "{side} pleural effusion is suspected.",
    ];
    EFFUSION_PLACELESS = ["Pleural effusion as described.", "Pleural fluid as above."];

    AIR = [
        "There is a {sev} {side} {zone} pneumothorax.",
        "{sev} {side} pneumothorax.",
        "{side} {zone} pneumothorax.",
        "A {sev} pneumothorax is present on the {side}.",
        "{side}-sided pneumothorax, {sev}.",
        "A {side} {zone} visceral pleural line indicates a {sev} pneumothorax.",
        "{sev} {zone} pneumothorax on the {side}.",
    ];
    AIR_UNSURE = [
        "Possible {sev} {side} {zone} pneumothorax.",
        "A {sev} {side} pneumothorax cannot be excluded.",
        "Questionable {side} {zone} pneumothorax.",
    ];
    AIR_PLACELESS = ["Pneumothorax as described.", "Pneumothorax as above."];

    NODULE = [
        "There is a nodule in the {side} {zone}.",
        "{side} {zone} nodule measuring {size} mm.",
        "Pulmonary nodule of {size} mm in the {side} {zone}.",
        "A round {size} mm opacity in the {side} {zone} is consistent with a nodule.",
        "Solitary {side} {zone} pulmonary nodule.",
        "A nodule projects over the {side} {zone}.",
    ];
    NODULE_UNSURE = [
        "Possible {side} {zone} nodule.",
        "A nodule in the {side} {zone} is suspected.",
        "Questionable nodule of {size} mm in the {side} {zone}.",
    ];
    NODULE_PLACELESS = ["Pulmonary nodule as described.", "Nodule as above."];

    HEART = [
        "The heart is enlarged.",
        "{sev} cardiomegaly.",
        "There is {sev} cardiomegaly.",
        "{sev} enlargement of the cardiac silhouette.",
        "The cardiac silhouette is enlarged.",
        "Cardiomegaly is present.",
        "The heart size is increased.",
    ];
    HEART_UNSURE = [
        "Possible {sev} cardiomegaly.",
        "The heart is possibly enlarged.",
        "Questionable enlargement of the cardiac silhouette.",
    ];
    HEART_PLACELESS = ["Cardiomegaly.", "Enlarged heart."];

    NO_OPACITY = [
        "No focal consolidation.",
        "There is no focal airspace disease.",
        "No evidence of consolidation.",
        "No airspace opacity is seen.",
    ];
    NO_EFFUSION = [
        "No pleural effusion.",
        "There is no pleural effusion.",
        "No evidence of pleural effusion.",
        "The costophrenic angles are sharp.",
        "The pleural spaces are clear.",
    ];
    NO_AIR = [
        "No pneumothorax.",
        "There is no pneumothorax.",
        "No evidence of pneumothorax.",
        "No pneumothorax is identified.",
    ];
    NO_NODULE = ["No pulmonary nodule.", "No suspicious nodule or mass is seen."];
    NO_HEART = [
        "The heart size is normal.",
        "The cardiac silhouette is normal in size.",
        "No cardiomegaly.",
        "The cardiomediastinal silhouette is within normal limits.",
        "Heart size is within normal limits.",
    ];
    NO_PLEURA = [
        "No pleural effusion or pneumothorax.",
        "There is no pneumothorax or pleural effusion.",
        "Neither pleural effusion nor pneumothorax is seen.",
    ];
    NO_THREE = [
        "No focal consolidation, pleural effusion, or pneumothorax.",
        "There is no consolidation, effusion or pneumothorax.",
    ];
    LUNGS_CLEAR = ["The lungs are clear.", "Both lungs are clear.", "Clear lungs."];
    /// The side that has none.
    NO_EFFUSION_SIDE = [
        "No {side} pleural effusion.",
        "The {side} costophrenic angle is sharp.",
        "There is no pleural effusion on the {side}.",
    ];
    NO_AIR_SIDE = ["No {side} pneumothorax.", "There is no pneumothorax on the {side}."];
    LUNG_CLEAR_SIDE = ["The {side} lung is clear.", "No focal opacity in the {side} lung."];

    NORMAL = [
        "The mediastinal contours are unremarkable.",
        "The bony thorax is intact.",
        "No acute osseous abnormality.",
        "The trachea is midline.",
        "The visualized upper abdomen is unremarkable.",
        "The pulmonary vasculature is normal.",
    ];
    NORMAL_IMPRESSION = [
        "No acute cardiopulmonary process.",
        "Normal chest radiograph.",
        "No acute cardiopulmonary abnormality.",
        "No active disease.",
        "Unremarkable chest radiograph.",
    ];
    /// Nothing on the film stands behind these.
    REMARKS = [
        "Comparison is made with the prior study.",
        "A single frontal view of the chest was obtained.",
        "Clinical correlation is recommended.",
        "The study is of adequate quality.",
        "Results were communicated to the referring clinician.",
    ];
}

/// The ways to speak of one kind.
pub(super) struct Wording {
    /// It is there.
    pub(super) present: &'static [&'static str],
    /// It may be there.
    pub(super) unsure: &'static [&'static str],
    /// It is there, and the place was given before.
    pub(super) placeless: &'static [&'static str],
    /// It is on both sides; empty where that is not said in one sentence.
    pub(super) both: &'static [&'static str],
    /// It is not there.
    pub(super) absent: &'static [&'static str],
    /// Slight, moderate, severe; empty where there is no such word.
    pub(super) severity: [&'static [&'static str]; 3],
}

/// The wording of a kind.
pub(super) fn wording(kind: FindingKind) -> Wording {
    match kind {
        FindingKind::Consolidation => Wording {
            present: OPACITY,
            unsure: OPACITY_UNSURE,
            placeless: OPACITY_PLACELESS,
            both: OPACITY_BOTH,
            absent: NO_OPACITY,
            severity: [OPACITY_SLIGHT, OPACITY_MODERATE, OPACITY_SEVERE],
        },
        FindingKind::Effusion => Wording {
            present: EFFUSION,
            unsure: EFFUSION_UNSURE,
            placeless: EFFUSION_PLACELESS,
            both: EFFUSION_BOTH,
            absent: NO_EFFUSION,
            severity: [EFFUSION_SLIGHT, EFFUSION_MODERATE, EFFUSION_SEVERE],
        },
        FindingKind::Pneumothorax => Wording {
            present: AIR,
            unsure: AIR_UNSURE,
            placeless: AIR_PLACELESS,
            both: &[],
            absent: NO_AIR,
            severity: [AIR_SLIGHT, AIR_MODERATE, AIR_SEVERE],
        },
        FindingKind::Nodule => Wording {
            present: NODULE,
            unsure: NODULE_UNSURE,
            placeless: NODULE_PLACELESS,
            both: &[],
            absent: NO_NODULE,
            severity: [&[], &[], &[]],
        },
        _ => Wording {
            present: HEART,
            unsure: HEART_UNSURE,
            placeless: HEART_PLACELESS,
            both: &[],
            absent: NO_HEART,
            severity: [HEART_SLIGHT, HEART_MODERATE, HEART_SEVERE],
        },
    }
}

/// The words for a zone; empty where the phrase has no place for one.
pub(super) fn zone_words(zone: Zone) -> &'static [&'static str] {
    match zone {
        Zone::Upper => UPPER,
        Zone::Mid => MID,
        Zone::Lower => LOWER,
        Zone::UpperMid => UPPER_MID,
        Zone::MidLower => MID_LOWER,
        Zone::Diffuse => DIFFUSE,
        Zone::Apex => APEX,
        Zone::ApexLateral => APEX_LATERAL,
        Zone::Base | Zone::Cardiac => &[],
    }
}
