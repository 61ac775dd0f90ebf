//! How the second institution speaks of what is in the lung itself.

use super::Wording;
use crate::phantom::study::FindingKind;

pub(super) const CONSOLIDATION: Wording = Wording {
    severity: [
        &["slight", "early"],
        &["moderately dense", "established"],
        &["heavy", "widespread", "homogeneous"],
    ],
    here: &[
        "~{sev} {adj} consolidative change",
        "~{sev} consolidation within the {place}",
        "~{sev} consolidative change within the {place}",
        "~{sev} air space shadowing within the {place}",
        "an area of {sev} consolidation within the {place}",
        "~{sev} airspace filling of the {place}",
        "Consolidation has developed within the {place}.",
        "The {place} is opacified with visible bronchograms.",
    ],
    both: &[
        "~consolidative change within both {bizones}",
        "+areas of consolidation on both sides, {bizone}",
    ],
    bare: &["~consolidative change", "+areas of consolidation", "~air space shadowing"],
    absent: &["No area of consolidation demonstrated.", "No air space shadowing."],
};

pub(super) const PNEUMONIA: Wording = Wording {
    severity: [&["limited", "minor"], &["established", "segmental"], &["florid", "widespread"]],
    here: &[
        "+{sev} {adj} pneumonic changes",
        "+{sev} infective changes within the {place}",
        "~{sev} infective shadowing within the {place}",
        "~{sev} infective consolidation affecting the {place}",
        "Appearances within the {place} are those of {sev} pneumonia.",
        "{sev} inflammatory shadowing within the {place}, in keeping with chest infection.",
    ],
    both: &[
        "+infective changes within both {bizones}",
        "~infective shadowing on both sides, {bizone}",
    ],
    bare: &["+pneumonic changes", "+infective changes", "a chest infection"],
    absent: &["No radiological evidence of chest infection.", "No infective focus."],
};

pub(super) const INFILTRATION: Wording = Wording {
    severity: [&["slight", "vague"], &["inhomogeneous", "nodular"], &["widespread", "heavy"]],
    here: &[
        "~{sev} infiltrative shadowing within the {place}",
        "~{sev} {adj} infiltrative change",
        "+{sev} ill-defined shadows within the {place}",
        "~{sev} veil-like shadowing overlying the {place}",
        "The {place} shows {sev} infiltrative shadowing.",
        "Increased hazy density affects the {place}.",
    ],
    both: &[
        "~infiltrative shadowing within both {bizones}",
        "+ill-defined shadows in both {bizones}",
    ],
    bare: &["~infiltrative shadowing", "~infiltrative change", "+ill-defined shadows"],
    absent: &["No infiltrative shadowing demonstrated."],
};

pub(super) const ATELECTASIS: Wording = Wording {
    severity: [&["minor", "slight"], &["partial", "segmental"], &["complete", "substantial"]],
    here: &[
        "~{sev} {adj} collapse",
        "~{sev} collapse of the {place}",
        "~{sev} loss of volume within the {place}",
        "~{sev} atelectasis within the {place}",
        "a band of collapse within the {place}",
        "+{sev} linear bands of atelectasis within the {place}",
        "The {place} has collapsed.",
        "{sev} underexpansion of the {place} with crowded vessels.",
    ],
    both: &[
        "~collapse within both {bizones}",
        "+linear bands of atelectasis on both sides, {bizone}",
    ],
    bare: &["~collapse", "~loss of volume", "+linear bands of atelectasis"],
    absent: &["No collapse demonstrated.", "No loss of volume."],
};

pub(super) const NODULE: Wording = Wording {
    severity: [&["little", "minute"], &["discrete", "single"], &["prominent", "conspicuous"]],
    here: &[
        "a {sev} nodular density within the {place}",
        "a {sev} focal nodular shadow within the {place}",
        "a {sev} coin lesion within the {place}",
        "a {sev} nodule within the {place}",
        "a {size} millimetre nodular lesion within the {place}",
        "Nodular lesion of diameter {size} mm overlying the {place}.",
        "{adj} coin lesion, diameter {size} mm.",
        "A {sev} nodular shadow overlies the {place}.",
    ],
    both: &["+nodular lesions within both {bizones}", "+nodular shadows on both sides, {bizone}"],
    bare: &["a nodular lesion", "a coin lesion", "a nodular shadow"],
    absent: &["No discrete nodular lesion.", "No coin lesion demonstrated."],
};

pub(super) const MASS: Wording = Wording {
    severity: [&["discrete", "rounded"], &["sizable", "irregular"], &["very large", "extensive"]],
    here: &[
        "a {sev} tumour within the {place}",
        "a {sev} mass within the {place}",
        "a {sev} space-occupying lesion within the {place}",
        "a {cm} cm rounded lesion within the {place}",
        "a {sev} mass lesion overlying the {place}",
        "Mass of diameter {cm} cm within the {place}, worrying for neoplasm.",
        "A {sev} tumour overlies the {place}.",
    ],
    both: &["+space-occupying lesions within both {bizones}", "+tumours on both sides, {bizone}"],
    bare: &["a space-occupying lesion", "a tumour", "a pulmonary mass lesion"],
    absent: &["No mass lesion demonstrated.", "No space-occupying lesion."],
};

pub(super) const EDEMA: Wording = Wording {
    severity: [&["slight", "incipient"], &["established", "definite"], &["gross", "florid"]],
    here: &[
        "~{sev} pulmonary oedema",
        "~{sev} pulmonary venous congestion",
        "~{sev} bat's wing shadowing of oedema",
        "+{sev} congestive changes",
        "Appearances are those of {sev} pulmonary oedema.",
        "Upper lobe blood diversion and septal lines in keeping with {sev} oedema.",
        "{sev} cardiac failure with perihilar shadowing on both sides.",
    ],
    both: &["~{sev} pulmonary oedema on both sides"],
    bare: &["~pulmonary oedema", "~pulmonary venous congestion", "+congestive changes"],
    absent: &["No radiological evidence of cardiac failure.", "No venous congestion."],
};

pub(super) const EMPHYSEMA: Wording = Wording {
    severity: [&["slight", "early"], &["established", "definite"], &["gross", "pronounced"]],
    here: &[
        "~{sev} overinflation of the lungs",
        "+{sev} emphysematous lungs",
        "+{sev} features of chronic obstructive airways disease",
        "~{sev} air trapping with low flat hemidiaphragms",
        "The lungs are overinflated with low flat hemidiaphragms.",
        "Appearances are those of {sev} emphysema.",
        "The chest is overexpanded in keeping with emphysema.",
    ],
    both: &["~{sev} overinflation of both lungs"],
    bare: &["~overinflation", "~air trapping", "+features of airways disease"],
    absent: &["The lungs are not overinflated.", "No air trapping."],
};

pub(super) const FIBROSIS: Wording = Wording {
    severity: [&["slight", "minor"], &["established", "definite"], &["gross", "longstanding"]],
    here: &[
        "~{sev} fibrotic shadowing within the {place}",
        "~{sev} {adj} fibrotic change",
        "~{sev} reticulation within the {place}",
        "~{sev} reticulonodular shadowing within the {place}",
        "The {place} shows {sev} fibrotic shadowing.",
        "Coarsened lung markings within the {place} are due to {sev} fibrosis.",
    ],
    both: &["~fibrotic shadowing within both {bizones}", "~reticulation on both sides, {bizone}"],
    bare: &["~fibrotic shadowing", "~reticulation", "~interstitial lung disease"],
    absent: &["No reticulation demonstrated."],
};

/// The wording of what is in the lung; none for other kinds.
pub(super) fn wording(kind: FindingKind) -> Option<&'static Wording> {
    Some(match kind {
        FindingKind::Consolidation => &CONSOLIDATION,
        FindingKind::Pneumonia => &PNEUMONIA,
        FindingKind::Infiltration => &INFILTRATION,
        FindingKind::Atelectasis => &ATELECTASIS,
        FindingKind::Nodule => &NODULE,
        FindingKind::Mass => &MASS,
        FindingKind::Edema => &EDEMA,
        FindingKind::Emphysema => &EMPHYSEMA,
        FindingKind::Fibrosis => &FIBROSIS,
        _ => return None,
    })
}
