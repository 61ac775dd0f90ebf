//! How the first institution speaks of pleura, heart, bones and what was put into the patient.

use super::Wording;
use crate::phantom::study::FindingKind;

pub(super) const EFFUSION: Wording = Wording {
    severity: [
        &["small", "trace", "minimal", "tiny"],
        &["moderate", "medium-sized", "small to moderate"],
        &["large", "sizeable", "massive"],
    ],
    here: &[
        "a {sev} {side} pleural effusion",
        "a {sev} {side} effusion",
        "a {sev} {side}-sided pleural effusion",
        "a {sev} pleural effusion on the {side}",
        "~{sev} pleural fluid [on the {side}|at the {side} base]",
        "~{sev} {side} pleural fluid",
        "Blunting of the {side} costophrenic angle is consistent with a {sev} effusion.",
        "The {side} costophrenic angle is [obscured|blunted] by {sev} pleural fluid.",
        "{sev} layering {side} effusion.",
    ],
    both: &[
        "+bilateral pleural effusions",
        "+{sev} bilateral effusions",
        "Pleural effusions are present on both sides.",
        "Both costophrenic angles are blunted by pleural fluid.",
    ],
    bare: &["a pleural effusion", "an effusion", "~pleural fluid"],
    absent: &["The costophrenic angles are sharp.", "No blunting of the costophrenic angles."],
};

pub(super) const PNEUMOTHORAX: Wording = Wording {
    severity: [&["small", "tiny", "trace"], &["moderate", "medium-sized"], &["large", "sizeable"]],
    here: &[
        "a {sev} {side} {zone} pneumothorax",
        "a {sev} {side} pneumothorax",
        "a {sev} {side}-sided pneumothorax",
        "a {sev} {zone} pneumothorax on the {side}",
        "A {side} {zone} visceral pleural line indicates a {sev} pneumothorax.",
        "{sev} collection of pleural air at the {place}.",
        "There is {sev} {zone} pneumothorax of the {side} hemithorax.",
    ],
    both: &["+bilateral {zone} pneumothoraces", "+{sev} bilateral pneumothoraces"],
    bare: &["a pneumothorax", "~pneumothorax"],
    absent: &["No pneumothorax is identified.", "There is no pneumothorax."],
};

pub(super) const PLEURAL_THICKENING: Wording = Wording {
    severity: [&["mild", "minimal", "slight"], &["moderate", "smooth"], &["marked", "severe"]],
    here: &[
        "~{sev} {side} {zone} pleural thickening",
        "~{sev} pleural thickening at the {place}",
        "~{sev} {zone} pleural thickening on the {side}",
        "a {sev} {side} {zone} pleural cap",
        "~{sev} {side} {zone} pleural scarring",
        "The pleura is thickened at the {place}.",
    ],
    both: &[
        "~bilateral {zone} pleural thickening",
        "~{sev} {zone} pleural thickening on both sides",
    ],
    bare: &["~pleural thickening", "~pleural scarring"],
    absent: &["No pleural thickening is seen."],
};

pub(super) const CARDIOMEGALY: Wording = Wording {
    severity: [&["mild", "slight", "borderline"], &["moderate"], &["severe", "marked"]],
    here: &[
        "~{sev} cardiomegaly",
        "~{sev} enlargement of the [heart|cardiac silhouette]",
        "~{sev} cardiac enlargement",
        "The heart is enlarged.",
        "The cardiac silhouette is enlarged.",
        "The [heart|cardiac silhouette] remains enlarged.",
        "The heart size is increased.",
        "There is an enlarged cardiac silhouette.",
    ],
    both: &["~{sev} cardiomegaly"],
    bare: &["~cardiomegaly", "~cardiac enlargement"],
    absent: &[
        "The heart size is normal.",
        "The cardiac silhouette is normal in size.",
        "Heart size is within normal limits.",
        "The heart is not enlarged.",
        "heart size normal.",
        "Normal heart size.",
    ],
};

pub(super) const HERNIA: Wording = Wording {
    severity: [&["small"], &["moderate", "moderate-sized"], &["large"]],
    here: &[
        "a {sev} hiatal hernia",
        "a {sev} hiatus hernia",
        "a {sev} retrocardiac air-fluid level of a hiatal hernia",
        "a {sev} paraesophageal hernia",
        "A {sev} hiatal hernia projects behind the heart.",
        "Retrocardiac lucency is consistent with a {sev} hiatal hernia.",
    ],
    both: &["a {sev} hiatal hernia"],
    bare: &["a hiatal hernia", "a hernia"],
    absent: &["No hiatal hernia is seen."],
};

pub(super) const ENDOTRACHEAL_TUBE: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "an endotracheal tube",
        "an ET tube",
        "an ETT",
        "Endotracheal tube tip is {tip} cm above the carina.",
        "The endotracheal tube terminates {tip} cm above the carina.",
        "ET tube tip {tip} cm above the carina.",
        "The tip of the endotracheal tube projects {tip} cm above the carina.",
        "Endotracheal tube in [standard|appropriate|satisfactory] position.",
    ],
    both: &["an endotracheal tube"],
    bare: &["an endotracheal tube", "an ET tube"],
    absent: &["The endotracheal tube has been removed.", "The ET tube has been removed."],
};

pub(super) const GASTRIC_TUBE: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a nasogastric tube",
        "an enteric tube",
        "an orogastric tube",
        "an NG tube",
        "The nasogastric tube [courses|extends] below the diaphragm.",
        "Enteric tube tip projects over the stomach.",
        "NG tube passes into the stomach, tip not included on the image.",
        "A feeding tube courses below the diaphragm into the stomach.",
    ],
    both: &["a nasogastric tube"],
    bare: &["a nasogastric tube", "an enteric tube"],
    absent: &["The nasogastric tube has been removed."],
};

pub(super) const CENTRAL_LINE: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a {side} [internal jugular|subclavian] central venous catheter",
        "a {side}-sided central venous line",
        "a {side} central line",
        "a {side} PICC line",
        "{side} [IJ|internal jugular|subclavian] catheter tip in the [SVC|lower SVC|mid SVC].",
        "A {side}-sided PICC line terminates [at the cavoatrial junction|in the SVC].",
        "{side} central venous catheter ends in the superior vena cava.",
        "{side} Port-A-Cath catheter tip projects over the SVC.",
    ],
    both: &["+bilateral central venous catheters"],
    bare: &["a central venous catheter", "a central line"],
    absent: &["The central venous catheter has been removed."],
};

pub(super) const PACEMAKER: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a {side}-sided pacemaker",
        "a {side} chest wall pacemaker",
        "a {side} pectoral [dual-lead|dual-chamber] pacemaker",
        "a {side}-sided ICD",
        "{side}-sided pacemaker leads terminate in the right atrium and right ventricle.",
        "A {side} pectoral pacemaker generator is present with intact leads.",
        "{side} AICD with leads in expected position.",
    ],
    both: &["+bilateral pacemakers"],
    bare: &["a pacemaker", "a cardiac pacing device"],
    absent: &["The pacemaker has been removed."],
};

pub(super) const FRACTURE: Wording = Wording {
    severity: [&["nondisplaced", "subtle"], &["minimally displaced"], &["displaced"]],
    here: &[
        "a {sev} {side} {ribzone} rib fracture",
        "a {sev} fracture of a {side} {ribzone} rib",
        "a {sev} {side}-sided rib fracture over the {place}",
        "a {sev} rib fracture projecting over the {place}",
        "There is a {sev} fracture of the {side} chest wall over the {place}.",
        "Cortical break of a {side} {ribzone} rib, {sev} fracture.",
    ],
    both: &["+bilateral rib fractures", "+{sev} rib fractures on both sides"],
    bare: &["a rib fracture", "a displaced fracture", "an acute fracture"],
    absent: &["The bony thorax is intact.", "No acute osseous abnormality."],
};

pub(super) const FOREIGN_OBJECT: Wording = Wording {
    severity: [&["small"], &[], &["large"]],
    here: &[
        "a {sev} [metallic|radiopaque|radiodense] foreign body over the {place}",
        "a {sev} radiopaque object projecting over the {place}",
        "a {sev} {adj} foreign body",
        "A {sev} metallic object overlies the {place}.",
        "Radiopaque foreign object projects over the {place}.",
        "Metallic density over the {place}, likely external to the patient.",
    ],
    both: &["+bilateral radiopaque foreign bodies"],
    bare: &["a foreign body", "a radiopaque foreign object"],
    absent: &["No radiopaque foreign body."],
};

/// The wording of what is not in the lung itself.
pub(super) fn wording(kind: FindingKind) -> &'static Wording {
    match kind {
        FindingKind::Effusion => &EFFUSION,
        FindingKind::Pneumothorax => &PNEUMOTHORAX,
        FindingKind::PleuralThickening => &PLEURAL_THICKENING,
        FindingKind::Hernia => &HERNIA,
        FindingKind::EndotrachealTube => &ENDOTRACHEAL_TUBE,
        FindingKind::GastricTube => &GASTRIC_TUBE,
        FindingKind::CentralLine => &CENTRAL_LINE,
        FindingKind::Pacemaker => &PACEMAKER,
        FindingKind::Fracture => &FRACTURE,
        FindingKind::ForeignObject => &FOREIGN_OBJECT,
        _ => &CARDIOMEGALY,
    }
}
