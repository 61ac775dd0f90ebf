//! How the first institution speaks of what is in the lung itself.

use super::Wording;
use crate::phantom::study::FindingKind;

pub(super) const CONSOLIDATION: Wording = Wording {
    severity: [
        &["faint", "subtle", "mild", "ill-defined"],
        &["patchy", "moderate", "hazy"],
        &["dense", "marked", "confluent", "extensive"],
    ],
    here: &[
        "~{sev} {adj} consolidation",
        "~{sev} consolidation in the {place}",
        "~{sev} airspace consolidation [of|involving] the {place}",
        "a {sev} {adj} airspace opacity",
        "~{sev} opacification of the {place}",
        "~{sev} airspace disease in the {place}",
        "+{sev} alveolar opacities in the {place}",
        "The {place} is consolidated.",
        "The {place} shows {sev} consolidation with air bronchograms.",
        "Air bronchograms are seen within {sev} consolidation of the {place}.",
    ],
    both: &[
        "+bilateral {bizone} consolidations",
        "+bilateral {bizone} airspace opacities",
        "~{sev} consolidation in both {bizones}",
    ],
    bare: &["~consolidation", "~focal consolidation", "~airspace consolidation"],
    absent: &["There is no focal airspace disease.", "No airspace opacity is seen."],
};

pub(super) const PNEUMONIA: Wording = Wording {
    severity: [
        &["early", "subtle", "mild"],
        &["patchy", "moderate"],
        &["extensive", "severe", "multisegmental"],
    ],
    here: &[
        "~{sev} {adj} pneumonia",
        "~{sev} pneumonia in the {place}",
        "~{sev} bronchopneumonia of the {place}",
        "a {sev} infectious process in the {place}",
        "+{sev} {adj} pneumonic opacities",
        "Patchy opacities in the {place} are [consistent|compatible] with {sev} pneumonia.",
        "{sev} {adj} opacities, in keeping with pneumonia.",
        "The {place} contains patchy opacities of {sev} pneumonia.",
    ],
    both: &[
        "~bilateral {bizone} pneumonia",
        "~{sev} multifocal pneumonia in both {bizones}",
        "+bilateral {bizone} pneumonic opacities",
    ],
    bare: &["~pneumonia", "~acute pneumonia", "an infectious process"],
    absent: &["No findings of pneumonia."],
};

pub(super) const INFILTRATION: Wording = Wording {
    severity: [
        &["faint", "subtle", "minimal"],
        &["hazy", "moderate", "streaky"],
        &["diffuse", "coarse", "extensive"],
    ],
    here: &[
        "a {sev} {adj} infiltrate",
        "a {sev} infiltrate in the {place}",
        "+{sev} infiltrates in the {place}",
        "~{sev} infiltration of the {place}",
        "a {sev} {adj} interstitial infiltrate",
        "~{sev} ground-glass haze over the {place}",
        "Ill-defined [shadowing|haze] in the {place} suggesting {sev} infiltrate is present.",
        "{sev} infiltrate projects over the {place}.",
    ],
    both: &[
        "+bilateral {bizone} infiltrates",
        "+{sev} infiltrates in both {bizones}",
        "~bilateral {bizone} ground-glass haze",
    ],
    bare: &["an infiltrate", "+infiltrates", "a pulmonary infiltrate"],
    absent: &["The lungs are free of infiltrates."],
};

pub(super) const ATELECTASIS: Wording = Wording {
    severity: [
        &["minimal", "mild", "slight", "subsegmental"],
        &["moderate", "linear", "bandlike"],
        &["marked", "extensive", "lobar"],
    ],
    here: &[
        "~{sev} {adj} atelectasis",
        "~{sev} atelectasis [in|of] the {place}",
        "+{sev} atelectatic changes in the {place}",
        "~[plate-like|discoid] atelectasis in the {place}",
        "~{sev} volume loss in the {place}",
        "a band of atelectasis in the {place}",
        "Streaky opacity in the {place} is [compatible|consistent] with {sev} atelectasis.",
        "There is volume loss with {sev} atelectasis of the {place}.",
        "Crowding of vessels in the {place} reflects {sev} atelectasis.",
    ],
    both: &[
        "~bilateral {bizone} atelectasis",
        "~{sev} atelectasis in both {bizones}",
        "+bilateral atelectatic changes in the {bizones}",
    ],
    bare: &["~atelectasis", "~volume loss", "+atelectatic changes"],
    absent: &["No lobar collapse."],
};

pub(super) const NODULE: Wording = Wording {
    severity: [&["small", "tiny"], &["solitary", "round"], &["well-defined", "rounded"]],
    here: &[
        "a {sev} nodule in the {place}",
        "a {size} mm nodule in the {place}",
        "a {size} mm {adj} pulmonary nodule",
        "a {sev} {adj} nodule",
        "a {sev} {adj} nodular opacity",
        "{adj} nodule measuring {size} mm.",
        "A {sev} nodule projects over the {place}.",
        "A round {size} mm opacity in the {place} is consistent with a nodule.",
        "A nodule of approximately {size} mm is seen in the {place}.",
    ],
    both: &["+bilateral {bizone} nodules", "+nodules in both {bizones}"],
    bare: &["a pulmonary nodule", "a lung nodule", "a nodule"],
    absent: &["No suspicious nodule is seen."],
};

pub(super) const MASS: Wording = Wording {
    severity: [&["rounded", "lobulated"], &["sizeable", "spiculated"], &["large", "bulky"]],
    here: &[
        "a {sev} {adj} mass",
        "a {sev} mass in the {place}",
        "a {cm} cm mass in the {place}",
        "a {cm} cm {adj} mass-like opacity",
        "a {sev} mass lesion in the {place}",
        "{adj} mass measuring {cm} cm.",
        "A {sev} mass projects over the {place}.",
        "There is a {sev} mass of {cm} cm in the {place}, concerning for malignancy.",
    ],
    both: &["+bilateral {bizone} masses", "+masses in both {bizones}"],
    bare: &["a mass", "a lung mass", "a mass lesion"],
    absent: &["No pulmonary mass is identified."],
};

pub(super) const EDEMA: Wording = Wording {
    severity: [
        &["mild", "minimal", "early"],
        &["moderate", "interstitial"],
        &["severe", "alveolar", "frank"],
    ],
    here: &[
        "~{sev} pulmonary edema",
        "~{sev} bilateral pulmonary edema",
        "~{sev} pulmonary vascular congestion with edema",
        "+perihilar opacities of {sev} edema",
        "Findings are [compatible|consistent] with {sev} pulmonary edema.",
        "Bilateral perihilar haze and septal lines reflect {sev} edema.",
        "{sev} edema with indistinct pulmonary vessels and Kerley B lines.",
        "There is {sev} fluid overload with interstitial edema.",
    ],
    both: &["~{sev} bilateral pulmonary edema"],
    bare: &["~pulmonary edema", "~edema", "~pulmonary vascular congestion"],
    absent: &["There is no overt pulmonary edema.", "The pulmonary vasculature is normal."],
};

pub(super) const EMPHYSEMA: Wording = Wording {
    severity: [&["mild", "slight"], &["moderate"], &["severe", "advanced", "marked"]],
    here: &[
        "~{sev} emphysema",
        "~{sev} pulmonary emphysema",
        "+{sev} emphysematous changes",
        "~{sev} bullous emphysema",
        "~{sev} hyperinflation of both lungs",
        "The lungs are hyperinflated with flattened diaphragms.",
        "Hyperinflation and flat diaphragms are consistent with {sev} emphysema.",
        "Lucent hyperexpanded lungs, compatible with {sev} COPD.",
    ],
    both: &["~{sev} emphysema of both lungs"],
    bare: &["~emphysema", "+emphysematous changes", "~hyperinflation"],
    absent: &["The lungs are normally inflated.", "No hyperinflation."],
};

pub(super) const FIBROSIS: Wording = Wording {
    severity: [
        &["mild", "minimal", "fine"],
        &["moderate", "reticular"],
        &["severe", "coarse", "advanced"],
    ],
    here: &[
        "~{sev} {adj} fibrosis",
        "~{sev} fibrosis [in|of] the {place}",
        "~{sev} {adj} scarring",
        "+{sev} fibrotic changes in the {place}",
        "+{sev} reticular opacities in the {place}",
        "a {sev} reticular pattern in the {place}",
        "Reticular markings in the {place} are consistent with {sev} fibrosis.",
        "Chronic {sev} interstitial scarring of the {place}.",
    ],
    both: &[
        "~bilateral {bizone} fibrosis",
        "+{sev} fibrotic changes in both {bizones}",
        "~bilateral {bizone} scarring",
    ],
    bare: &["~pulmonary fibrosis", "~fibrosis", "~interstitial scarring"],
    absent: &["No fibrotic change."],
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
