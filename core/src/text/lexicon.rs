//! Words of chest radiography, sorted by what they do in a sentence.
//!
//! Written from common usage of chest radiograph reports (compare the Fleischner Society's glossary
//! of terms for thoracic imaging, Radiology 2008;246:697). A word that is missing here is not lost:
//! see the fallbacks in the assertion rules.

/// Beginnings of words that name something abnormal, or something put into the patient.
const FINDING_STEMS: &str = "\
    abnormal abscess adenopath aneurysm asbestos aspirat asymmetr atelect bleb blunt \
    bronchiecta bronchiti bronchogram broncogram bulg bulla calcif calcul cancer carcino \
    cardiomegal catheter cavit cephali collaps compress condens congest consolidat contus crowd \
    cuff cyst deform degenerat densit depress deviat dextro dilat diseas displac dissect \
    distend distort ectas ectat edema effus elevat embol emphysem empyem engorg enlarg eros \
    eventrat fibro flatten fluid fract ggo goit granul groundglass haemorrhag haz hemorrhag \
    hemothor haemothor hernia honeycomb hydro hydropneumo hyperaerat hyperexpan hyperinfl \
    hyperlucen hypoinfl hypoventil implant infarct infect infiltrat inflam interstitial \
    irregular kyphos lesion lucen lymphaden malform malignan malposition mass meniscus metasta \
    mottl narrow neoplas nodul obliterat obscur oedema opaci opaque osteo patch patholog plaque \
    plethor pleurisy pneumatoc pneumoconi pneumomed pneumoni pneumoper pneumotho postoperat \
    postsurg prominen prosthe pacemaker redistribut reticul sarcoid scar sclero scolio septal \
    shadow silico spondyl sternotom streak surgical suture thicken thymom tortuo trauma metal pacing cvc ppm object bronchopneum overinfl overexpan pnuemo pnemo \
    tubercul tumor tumour underinfl unfold volvul whiteout widen";

/// Whole words that name something abnormal, or something put into the patient.
const FINDING_WORDS: &str = "\
    air airspace ards arthritis cabg cannula cap caps changes chf clip clips coil copd cvc defibrillator \
    device devices dobhoff drain drains electrode electrodes ett failure foreign fullness gas \
    ground hardware hickman hyperdense iabp icd increased kerley lead leads line lines \
    lobectomy loculated loss marking markings mastectomy ngt nsip parenchymal permcath picc \
    pneumonectomy port process resected screw screws shift shifted spiculated stent stents swan \
    syndrome tb tube tubes uip valve valves vascath wider wire wires";

/// Words that call a part of the body healthy, or unchanged.
const NORMAL_WORDS: &str = "\
    normal normally unremarkable clear intact wnl sharp patent midline healthy negative aerated \
    expanded inflated free ventilated symmetric symmetrical preserved stable unchanged";

/// Beginnings of words for parts of the body that a chest film shows.
const ANATOMY_STEMS: &str = "\
    abdom airway alveol aort apex apic arter atri basal base basilar bibas bone bony bronch \
    cardi carina chest clavic contour costophrenic diaphragm fissur heart hemidiaphragm \
    hemithora hila hilum humer knob lingul lobe lung mediast osseous parahil perihil peritone \
    pleura pulmon retrocard rib scapul shoulder silhouette skelet soft spin stern stomach \
    subdiaphragm thora trache vascul vein vena ventric vertebr vessel zone";

/// Sides and places, which say nothing without a noun.
const PLACE_WORDS: &str = "\
    left right bilateral bilaterally both side sides sided upper lower mid middle lateral \
    medial central peripheral anterior posterior field fields area region in on of the at a an \
    and to under over above below with within into this that view film image images ray rays x \
    ap pa posteroanterior anteroposterior plain radiograph radiographs radiography radiology \
    xray ct scan bedside portable frontal conventional supine prone erect upright for from";

/// Findings that the laboratory and the ward have too: beside clinical words they count only with
/// a part of the body. "The CRP is increased" is not seen on a film.
const SHARED_STEMS: &str = "\
    abnormal changes diseas elevat enlarg failure increas infect inflam lesion line lead loss \
    patholog port process surgical syndrome trauma";

/// Words of the clinic and the laboratory: what surrounds them is not seen on the film.
const CLINICAL_WORDS: &str = "\
    admitted admission age aged allergy antibiotic antibiotics auscultation biopsy blood boy \
    breath cardiologist clinical cough crackles creatinine cultures culture died discharged \
    dyspnea dyspnoea electrocardiogram examination fatigue fever girl haemoglobin hemoglobin \
    history hospital hypoxia hypoxaemia intubated laboratory leucocyte leukocyte lymphopenia \
    male female man medication nausea oxygen pain patient patients pcr physical presented \
    pressure saturation serology sputum steroids surgery swab symptom symptoms temperature test \
    tested tests therapy throat treated treatment urine vomiting ward woman year years rna \
    procalcitonin crp influenza analysis";

/// Words about the taking, comparing and reporting of films.
const TECHNICAL_WORDS: &str = "\
    acquired advised compare compared comparison correlate correlation discussed exposure \
    figure fig inspiration inspiratory modality notified obtained performed plane prior \
    projection quality recommend recommended rotated rotation technique telephone views";

/// Verbs that make a clause of the words before them.
const VERBS: &str = "\
    is are was were has have had show shows showed showing demonstrates demonstrated reveals \
    revealed seen noted there persists persist remains remain identified";

/// Words that, after a comma or "and", begin a new statement rather than the next of a list.
const RESTARTS: &str = "\
    a an the there this these it small large moderate mild trace minimal stable unchanged \
    persistent persisting new increased increasing worsening residual heart lungs cardiac with";

fn starts(word: &str, stems: &str) -> bool {
    stems.split_ascii_whitespace().any(|stem| word.starts_with(stem))
}

fn listed(word: &str, words: &str) -> bool {
    words.split_ascii_whitespace().any(|w| w == word)
}

pub(super) fn is_finding(word: &str) -> bool {
    listed(word, FINDING_WORDS) || starts(word, FINDING_STEMS)
}

pub(super) fn is_shared(word: &str) -> bool {
    starts(word, SHARED_STEMS)
}

pub(super) fn is_normal(word: &str) -> bool {
    listed(word, NORMAL_WORDS)
}

pub(super) fn is_anatomy(word: &str) -> bool {
    starts(word, ANATOMY_STEMS)
}

pub(super) fn is_place(word: &str) -> bool {
    listed(word, PLACE_WORDS)
}

pub(super) fn is_clinical(word: &str) -> bool {
    listed(word, CLINICAL_WORDS)
}

pub(super) fn is_technical(word: &str) -> bool {
    listed(word, TECHNICAL_WORDS)
}

pub(super) fn is_verb(word: &str) -> bool {
    listed(word, VERBS)
}

pub(super) fn is_restart(word: &str) -> bool {
    listed(word, RESTARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflections_are_known() {
        for word in
            ["opacities", "opacification", "nodules", "calcified", "hazy", "tubes", "widened"]
        {
            assert!(is_finding(word), "{word}");
        }
        for word in ["lungs", "heart", "pleural", "the", "midline", "lobe", "silhouette", "trachea"]
        {
            assert!(!is_finding(word), "{word}");
        }
        assert!(is_anatomy("hemithoraces") && is_anatomy("costophrenic"));
    }
}
