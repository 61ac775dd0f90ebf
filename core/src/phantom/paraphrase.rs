//! Sentences that the report grammar does not make.
//!
//! Written by hand, in other words and other syntax: as a layman, a hurried ward doctor or an old
//! textbook would put it, some misspelt. No model is trained on them; how well they are understood
//! is how well the text encoder reads English rather than templates.

use super::study::{FindingKind, Side, Zone};

/// A sentence and what it says: kind, side and zone, where they are named.
pub type Paraphrase = (FindingKind, Option<Side>, Option<Zone>, &'static str);

/// All paraphrases, each says that something is there; seven or more for every kind.
pub fn paraphrases() -> &'static [Paraphrase] {
    PARAPHRASES
}

/// One line a sentence: R, L or N (not named) for the side, then the zone or N.
macro_rules! table {
    ($($kind:ident: $($side:ident $zone:ident $text:literal),+;)+) => {
        &[$($((FindingKind::$kind, side!($side), zone!($zone), $text)),+),+]
    };
}

macro_rules! side {
    (R) => {
        Some(Side::Right)
    };
    (L) => {
        Some(Side::Left)
    };
    (N) => {
        None
    };
}

macro_rules! zone {
    (N) => {
        None
    };
    ($zone:ident) => {
        Some(Zone::$zone)
    };
}

const PARAPHRASES: &[Paraphrase] = table! {
    Atelectasis:
        R Lower "The bottom of the right lung has lost air and shrunk down.",
        L Lower "Airless left bottom segment, mediastinum pulled over a touch.",
        R Mid "Thin horizontal stripe halfway up on the patient's right, probably mucus plugging, segment gone flat.",
        L Upper "Deflated segment near the top on the left.",
        N N "Poor aeration with squashed parenchyma.",
        R Lower "atelectisis rt lower",
        L Lower "Dependent airlessness behind the left dome.",
        R Upper "Golden S configuration: shrunken right top segment.";
    Cardiomegaly:
        N N "Big heart.",
        N N "The heart takes up more than half the width of the chest.",
        N N "CTR 0.6, heart too broad.",
        N N "Ventricular outline bulges toward the lateral ribs.",
        N N "Bulky myocardial contour for the patient's age.",
        N N "cardiomegly noted incidentally",
        N N "Boot-like dilated heart.",
        N N "Heart bigger than it ought to be.";
    Effusion:
        R N "Water around the right lung.",
        L N "Meniscus sign, left.",
        R N "The right angle between rib and diaphragm has filled up.",
        L N "Left-sided haziness that sits at the bottom and climbs up the wall like a bowl.",
        R N "Exudate or transudate pooling along the right base.",
        L N "pl eff L mod",
        R N "There's liquid sitting underneath the right lung.",
        L N "Left CP angle gone.",
        N N "Fluid has built up in the lining of the chest.";
    Infiltration:
        R Upper "Cloudy patch up top on the right.",
        L Lower "Smudgy whitish area down low on the left.",
        R Mid "Wispy fluffy markings beside the right hilum.",
        L Upper "Left superior lung looks dirty.",
        N N "Scattered cotton-wool areas.",
        R Lower "infiltrat rt lower",
        L Mid "Nonspecific fluffiness, lingular area.",
        R N "Diffusely murky right side.";
    Mass:
        R Upper "Big lump at the top of the right lung.",
        L Mid "Bulky growth in the left midportion, cancer until proven otherwise.",
        R Lower "Orange-sized ball sitting in the right bottom.",
        L Upper "Tennis-ball shadow, left superior.",
        N N "Large neoplastic-looking thing in the chest.",
        R Mid "Bronchogenic carcinoma near the right hilum, over three centimetres.",
        L Lower "masss left lower",
        R N "Huge solid growth, right.";
    Nodule:
        R Upper "Small spot near the top of the right lung.",
        L Lower "Tiny round dot, left bottom.",
        R Mid "Pea-sized bead halfway down on the right.",
        L Upper "SPN left superior segment.",
        N N "Little ball in the lung, follow with CT.",
        R Lower "noduel rt lower",
        L Mid "Marble-like density amid the left lung.",
        R Upper "Granuloma-like speck beneath the right clavicle.";
    Pneumonia:
        R Lower "Chest infection at the bottom on the right.",
        L Lower "Lobar inflammation behind the left heart border; treat with antibiotics.",
        R Upper "Bacterial process, right superior.",
        L Mid "Lingular sepsis source, cloudy and blotchy.",
        N N "The lungs look infected.",
        R Mid "pnuemonia of middle lobe",
        L Upper "Blotchy infected-looking area at the left top.",
        R Lower "CAP rt lower.";
    Pneumothorax:
        R Apex "The right lung has come away from the top of the chest.",
        L Apex "Punctured lung on the left, peak only.",
        R Apex "Dark crescent without vessels above the right lung.",
        L Apex "ptx L small",
        R N "Collapsed right lung with escaped gas around it.",
        L N "Air has leaked out of the left lung.",
        R Apex "Sliver of gas outlines the right summit, visceral lining peeled off.",
        L N "pnemothorax on L, needs drain";
    Consolidation:
        R Upper "Solid white block filling the right top segment, bronchi still black.",
        L Lower "Left bottom has turned white and the diaphragm outline vanishes.",
        R Mid "Silhouette sign: right atrial border lost.",
        L Upper "Hepatised left top.",
        N N "Part of the lung is filled in rather than air-containing.",
        R Lower "consolidatoin rt bottom",
        L Mid "Wedge of whiteness beside the left ventricle.",
        R N "White-out of almost everything on the right.";
    Edema:
        N N "Wet lungs.",
        N N "Water on the lungs from a weak heart.",
        N N "Butterfly-like haziness spreading out of both hila.",
        N N "Decompensated heart, lungs soaked.",
        N N "pulm odema bilat",
        N N "Fine horizontal lines near both lateral walls plus fuzzy vessels: overloaded.",
        N N "Volume overloaded, give diuretics.",
        N N "LVF picture.";
    Emphysema:
        N N "Overblown lungs with too much trapped gas.",
        N N "Barrel-shaped thorax, lungs blacker than usual.",
        N N "Smoker's lungs, diaphragms pushed downwards.",
        N N "Destroyed airspaces at the tops, bullae.",
        N N "COPD-type look: elongated lungs, narrow heart.",
        N N "emphazema bilat",
        N N "More than ten ribs countable, domes ironed out.",
        N N "Sparse peripheral vessels, oversized black lungs.";
    Fibrosis:
        R Lower "Old scar tissue netting the right bottom.",
        L Upper "Left top is shrunken and stringy from former tuberculosis.",
        R Upper "Honeycomb texture, right superior.",
        L Lower "Lacework of fine strands down low on the left.",
        N N "Stiff scarred lungs.",
        R Mid "fibrossis rt middle",
        L Mid "UIP-like meshwork amid the left lung.",
        R N "Entire right side crisscrossed by scars.";
    PleuralThickening:
        R Apex "Lining of the right lung top is thicker than normal.",
        L Apex "Rind over the left summit.",
        R Base "Fat white edge where the right lung meets the lower ribs.",
        L Base "Old empyema has left a peel at the left bottom.",
        R Apex "Capping of the top on the right, long healed.",
        L Apex "pleural thicking L apex",
        N N "Asbestos-type wall changes along the chest lining.";
    Hernia:
        N N "Part of the stomach has slipped up into the chest.",
        N N "Round bubble with a flat waterline behind the heart.",
        N N "Upside-down stomach.",
        N N "Gastric fundus above the diaphragm.",
        N N "hiatus henria",
        N N "HH, moderate.",
        N N "Bowel-like gas where the oesophagus should be.";
    EndotrachealTube:
        N N "Breathing pipe down the windpipe.",
        N N "Patient ventilated, tube ends two fingers over the bifurcation.",
        N N "Intubation tube lies correctly.",
        N N "Orotracheal airway device in position.",
        N N "endotrachael tube ok",
        N N "Tracheostomy-style airway above the main bronchi.",
        N N "Ventilator tubing runs down the middle of the neck.";
    GastricTube:
        N N "Feeding pipe runs all the way to the belly.",
        N N "Dobhoff beneath the diaphragm.",
        N N "Ryle's tube in good place.",
        N N "Line down the gullet ending under the left dome.",
        N N "nasogastirc tube ok",
        N N "Oesophageal tubing reaches the abdomen.",
        N N "NGT well down.";
    CentralLine:
        R Upper "Drip line through the right neck vein to just above the heart.",
        L Upper "Left PICC crosses to the midline and ends by the caval junction.",
        R Upper "Vascath via right IJV.",
        L Upper "Hickman from the left.",
        R Upper "Catheter under the right clavicle heading for the heart.",
        L Upper "cenral line from L",
        R Upper "Right-hand neck cannula, deep tip.",
        L Upper "Infusion tubing by way of the left subclavian vein.";
    Pacemaker:
        L Upper "Heart battery under the skin on the left.",
        R Upper "Pulse generator below the right collarbone.",
        L Upper "Left shoulder region: box and two wires to the ventricle.",
        R Upper "CRT-D on the right.",
        L Upper "Two electrodes from a left implant reach the heart.",
        L Upper "pace maker L",
        R Upper "Rhythm device, right, wiring unbroken.";
    Fracture:
        R Upper "Broken bone high on the right.",
        L Lower "Cracked rib, left bottom.",
        R Mid "Rib snapped halfway down the right wall.",
        L Upper "Step-off along a left superior rib.",
        R Lower "fx R low rib",
        L Mid "Left lateral rib discontinuity with callus.",
        N N "Something is broken in the rib cage.";
    ForeignObject:
        R Upper "Coin lying over the top on the right.",
        L Lower "Something man-made, very white, down low on the left.",
        R Mid "Shirt button over the middle of the right side.",
        L Upper "Bullet fragment, left superior.",
        R Lower "Safety pin over the right bottom.",
        N N "Swallowed or inhaled thing that blocks the rays.",
        L Mid "forein body L middle",
        R N "Necklace or clip lies on the patient's right half.";
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::report::{tokens, vocabulary};
    use super::*;

    /// Words that carry no meaning of their own here.
    const SMALL: &str = "a an the of in on at to and or is are has have with by from it its near \
        side right left l r rt up down than that for too there lung lungs chest over under where";

    #[test]
    fn every_kind_has_seven() {
        assert!(paraphrases().len() >= 150);
        for kind in FindingKind::ALL {
            assert!(paraphrases().iter().filter(|p| p.0 == kind).count() >= 7, "{kind:?}");
        }
        let texts: BTreeSet<_> = paraphrases().iter().map(|p| p.3.to_lowercase()).collect();
        assert_eq!(texts.len(), paraphrases().len());
    }

    /// Each has a word that no template, slot or slip of either institution holds.
    #[test]
    fn no_template_makes_them() {
        let known: BTreeSet<String> = vocabulary().into_iter().collect();
        for (.., text) in paraphrases() {
            assert!(tokens(text).iter().any(|w| !known.contains(w)), "{text}");
        }
    }

    /// Of the words that carry the meaning, more than six in ten are in no report.
    #[test]
    fn the_words_differ() {
        let known: BTreeSet<String> = vocabulary().into_iter().collect();
        let small: BTreeSet<&str> = SMALL.split_whitespace().collect();
        let (mut all, mut other) = (0, 0);
        for (.., text) in paraphrases() {
            for word in tokens(text) {
                if word.len() > 1 && !small.contains(word.as_str()) {
                    all += 1;
                    other += usize::from(!known.contains(&word));
                }
            }
        }
        let share = other as f64 / all as f64;
        assert!(share > 0.6, "{share}");
    }
}
