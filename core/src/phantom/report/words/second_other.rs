//! How the second institution speaks of pleura, heart, bones and what was put into the patient.

use super::Wording;
use crate::phantom::study::FindingKind;

pub(super) const EFFUSION: Wording = Wording {
    severity: [&["shallow", "slight", "minor"], &["modest", "medium"], &["substantial", "gross"]],
    here: &[
        "a {sev} {side} basal effusion",
        "a {sev} pleural effusion on the {side} side",
        "a {sev} {side} hydrothorax",
        "a {sev} collection of fluid in the {side} pleural space",
        "~{sev} fluid within the {side} pleural cavity",
        "Loss of the {side} costophrenic recess owing to {sev} fluid.",
        "The {side} hemidiaphragm is obscured by a {sev} effusion.",
        "{sev} fluid collection at the {side} costophrenic recess.",
    ],
    both: &[
        "+{sev} effusions on both sides",
        "+basal effusions on both sides",
        "Fluid within both pleural cavities.",
    ],
    bare: &["a basal effusion", "a hydrothorax", "~fluid within the pleural space"],
    absent: &[
        "Both costophrenic recesses are clear.",
        "No fluid within the pleural cavities.",
        "Sharp costophrenic recesses.",
    ],
};

pub(super) const PNEUMOTHORAX: Wording = Wording {
    severity: [&["shallow", "slight"], &["modest", "medium"], &["substantial", "extensive"]],
    here: &[
        "a {sev} {zone} pneumothorax on the {side} side",
        "a {sev} {zone} rim of pleural air on the {side}",
        "a {sev} {zone} pneumothorax within the {side} hemithorax",
        "~{sev} free pleural air within the {side} hemithorax",
        "The {side} lung edge is displaced by a {sev} {zone} pneumothorax.",
        "Visible lung edge, {sev} {side} {zone} pneumothorax.",
    ],
    both: &["+rims of pleural air on both sides", "+pneumothoraces on both sides"],
    bare: &["~free pleural air", "~pleural air", "~pneumothorax"],
    absent: &["No pneumothorax demonstrated.", "Lungs expanded to the chest wall."],
};

pub(super) const PLEURAL_THICKENING: Wording = Wording {
    severity: [&["slight", "minor"], &["definite", "established"], &["gross", "pronounced"]],
    here: &[
        "~{sev} thickening of the {side} {zone} pleura",
        "a {sev} {zone} pleural plaque on the {side}",
        "~{sev} {side} {zone} thickened pleura",
        "~{sev} {zone} pleural shadowing along the {side} chest wall",
        "The {side} {zone} pleura is thickened.",
        "Thickened pleura around the {place}.",
    ],
    both: &["~thickening of the {zone} pleura on both sides", "+pleural plaques on both sides"],
    bare: &["~thickening of the pleura", "a pleural plaque", "~thickened pleura"],
    absent: &["No thickening of the pleura.", "No pleural plaque."],
};

pub(super) const CARDIOMEGALY: Wording = Wording {
    severity: [&["slight", "minor"], &["definite", "modest"], &["gross", "pronounced"]],
    here: &[
        "~{sev} increase in the transverse diameter of the heart",
        "~{sev} increase of the cardiothoracic ratio",
        "a {sev} enlarged globular heart shadow",
        "Cardiothoracic ratio exceeds 50%, enlarged.",
        "The heart shadow is wide and enlarged.",
        "Enlarged heart shadow.",
        "The cardiothoracic ratio is increased.",
    ],
    both: &["~{sev} increase of the cardiothoracic ratio"],
    bare: &["an enlarged heart shadow", "~heart enlargement"],
    absent: &[
        "Cardiothoracic ratio within normal limits.",
        "The heart shadow is normal.",
        "Heart not enlarged.",
        "The transverse cardiac diameter is normal.",
    ],
};

pub(super) const HERNIA: Wording = Wording {
    severity: [&["slight", "sliding"], &["medium"], &["substantial", "voluminous"]],
    here: &[
        "an intrathoracic hernia of the stomach",
        "a {sev} sliding hernia of the stomach",
        "a {sev} herniated stomach behind the heart",
        "Fluid level behind the heart due to a {sev} oesophageal hiatus hernia.",
        "Herniated gastric bubble behind the heart.",
    ],
    both: &["an intrathoracic hernia of the stomach"],
    bare: &["a herniated stomach", "a sliding hernia of the stomach"],
    absent: &["No herniated stomach."],
};

pub(super) const ENDOTRACHEAL_TUBE: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a tracheal tube",
        "a breathing tube in situ",
        "Tracheal tube in situ, {tip} cm proximal to the carina.",
        "Tip of tracheal tube lies {tip} cm proximal to the carina.",
        "Breathing tube well sited, {tip} cm from the carina.",
        "Intubated: tube ends {tip} cm proximal to the carina.",
    ],
    both: &["a tracheal tube"],
    bare: &["a tracheal tube", "a breathing tube"],
    absent: &["The tracheal tube is no longer seen."],
};

pub(super) const GASTRIC_TUBE: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a fine bore feeding tube",
        "a gastric tube in situ",
        "Gastric tube in situ, tip under the left hemidiaphragm.",
        "Fine bore feeding tube reaches the stomach.",
        "The gastric tube bisects the carina and lies within the stomach.",
    ],
    both: &["a gastric tube in situ"],
    bare: &["a fine bore feeding tube", "a gastric tube"],
    absent: &["The gastric tube is no longer present."],
};

pub(super) const CENTRAL_LINE: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a {side} CVC",
        "a {side} jugular line in situ",
        "a {side} tunnelled venous line",
        "{side} CVC in situ, tip overlying the right atrium.",
        "Tip of the {side} jugular line overlies the caval confluence.",
        "{side} neck line in good position.",
    ],
    both: &["+CVCs on both sides"],
    bare: &["a CVC", "a venous line", "a jugular line"],
    absent: &["The CVC is no longer present."],
};

pub(super) const PACEMAKER: Wording = Wording {
    severity: [&[], &[], &[]],
    here: &[
        "a {side} pacing box with wires",
        "a {side} permanent pacing system",
        "a {side} PPM device",
        "{side} pacing box and wires in situ.",
        "Implanted {side} defibrillator, wires overlie the heart.",
        "{side} subclavicular PPM device in situ.",
    ],
    both: &["+pacing boxes on both sides"],
    bare: &["a pacing box", "a permanent pacing system"],
    absent: &["The pacing box is no longer present."],
};

pub(super) const FRACTURE: Wording = Wording {
    severity: [&["undisplaced", "hairline"], &["slightly displaced"], &["clearly displaced"]],
    here: &[
        "a {sev} {side} {ribzone} costal fracture",
        "a {sev} break of a {side} {ribzone} rib with fracture line",
        "{sev} fractured {side} rib overlying the {place}.",
        "Fractured {side} {ribzone} rib, {sev}.",
        "Bony injury: {sev} fracture on the {side} overlying the {place}.",
    ],
    both: &["+fractured ribs on both sides", "+costal fractures on both sides"],
    bare: &["a fractured rib", "a costal fracture", "a bony fracture"],
    absent: &["No fractured rib.", "No bony injury.", "The visible skeleton is intact."],
};

pub(super) const FOREIGN_OBJECT: Wording = Wording {
    severity: [&["little"], &[], &["sizable"]],
    here: &[
        "a {sev} opaque foreign item overlying the {place}",
        "a {sev} metal foreign item overlying the {place}",
        "~{sev} opaque metal overlying the {place}",
        "{sev} metal artefact, foreign to the body, overlying the {place}.",
        "Opaque foreign material overlies the {place}.",
    ],
    both: &["+opaque foreign items on both sides"],
    bare: &["an opaque foreign item", "~opaque foreign material"],
    absent: &["No opaque foreign material."],
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
