//! The sentences of the first institution: as in North American teaching hospitals.

use super::{Style, Table};
use crate::phantom::study::FindingKind as K;

/// What makes "clear lungs" untrue.
pub(in crate::phantom::report) const LUNG: &[K] = &[
    K::Consolidation,
    K::Pneumonia,
    K::Infiltration,
    K::Atelectasis,
    K::Nodule,
    K::Mass,
    K::Edema,
    K::Emphysema,
    K::Fibrosis,
];
/// What makes "clear pleural spaces" untrue.
pub(in crate::phantom::report) const PLEURA: &[K] =
    &[K::Effusion, K::Pneumothorax, K::PleuralThickening];
/// Tubes, lines and boxes.
pub(in crate::phantom::report) const DEVICES: &[K] =
    &[K::EndotrachealTube, K::GastricTube, K::CentralLine, K::Pacemaker];
/// Bones of the chest.
pub(in crate::phantom::report) const BONES: &[K] = &[K::Fracture];
/// Shadow of heart and mediastinum.
pub(in crate::phantom::report) const HEART: &[K] = &[K::Cardiomegaly, K::Hernia];
/// How full of air the lungs are.
pub(in crate::phantom::report) const VOLUME: &[K] = &[K::Emphysema, K::Atelectasis];
/// The vessels of the lung.
pub(in crate::phantom::report) const VESSELS: &[K] = &[K::Edema];

const INDICATIONS: Table = &[
    "[Cough|Fever|Chest pain|Shortness of breath|Dyspnea|Hypoxia|Preoperative|Trauma].",
    "[Cough and fever|Chest pain and dyspnea], [rule out|evaluate for|assess for] [pneumonia|effusion].",
    "___ year old [man|woman] with [cough|fever|chest pain|dyspnea|hypoxia].",
    "___F with [shortness of breath|fever], evaluate for [acute process|pneumothorax|edema].",
    "History of [smoking|COPD|heart failure|cancer], [cough|chest pain].",
];

pub(super) const STYLE: Style = Style {
    present: &[
        "{np}.",
        "{np}.",
        "{np}.",
        "There {be} {an} {np}.",
        "There {be} {an} {np}.",
        "{an} {np} {be} [present|seen|noted|identified|demonstrated].",
        "{an} {np} {be} [present|visualized|evident].",
        "Findings [include|are notable for] {an} {np}.",
        "The [radiograph|CXR|exam] [shows|demonstrates|reveals] {an} {np}.",
        "Note is made of {an} {np}.",
    ],
    steady: &[
        "[Unchanged|Stable|Persistent|Redemonstrated] {np}.",
        "{np}, [unchanged|stable|similar to prior|not significantly changed].",
        "{np} {be} [unchanged|stable] [from prior|since the prior study|compared to prior|].",
        "Again [seen|noted] {be} {an} {np}.",
        "No [significant|interval|] change in the {np}.",
        "New {np} since the prior study.",
        "[As compared to|Compared with] the prior [exam|study|radiograph], {an} {np} {be} unchanged.",
    ],
    changed: &[
        "Interval [increase|worsening|decrease|improvement] in the {np}.",
        "The {np} {has} [increased|worsened|decreased|improved] [since the prior study|in the interval|].",
        "[Increased|Worsening|Improving|Decreasing|New|Increasing] {np}.",
        "Compared to the prior [study|radiograph], the {np} {has} [increased|decreased].",
    ],
    unsure: &[
        "[Possible|Probable|Questionable|Suspected|Equivocal] {np}.",
        "{an} {np} cannot be [entirely |]excluded.",
        "There may be {an} {np}.",
        "[Cannot exclude|Cannot rule out] {an} {np}.",
        "{an} {np} {be} [suspected|possible|questioned].",
        "Findings [suggest|may represent|could represent|are suspicious for] {an} {np}.",
        "? {np}.",
        "Query {np}.",
    ],
    placeless: &[
        "{np} as [described|above|detailed above].",
        "{np}.",
        "Findings [compatible|consistent] with {np}.",
        "{np}, as described above.",
    ],
    pair: &[
        "{np} with [adjacent|associated] {np2}.",
        "{an} {np} and {an2} {np2} are [present|seen|noted].",
        "There {be} {an} {np} [and|with|as well as] {an2} {np2}.",
        "{np} and {np2}.",
        "{np} w/ {np2}.",
    ],
    but_no: &[
        "{np} without {none}.",
        "No {none}, but {an} {np} {be} [seen|present].",
        "There {be} {an} {np} but no {none}.",
        "{np}, with no evidence of {none}.",
    ],
    none: &[
        "No {np}.",
        "No {np}.",
        "There {be} no {np}.",
        "No evidence of {np}.",
        "There is no evidence of {np}.",
        "No {np} {be} [seen|identified|present|appreciated].",
        "No [definite|obvious|radiographic evidence of] {np}.",
        "Negative for {np}.",
        "[Absence of|Without] {np}.",
        "No {np} [noted|visualized].",
        "{np} {be} not seen.",
    ],
    none_two: &[
        "No {np} or {np2}.",
        "There is no {np} or {np2}.",
        "Neither {np} nor {np2} is seen.",
        "No evidence of {np} or {np2}.",
        "No {np}, no {np2}.",
    ],
    none_three: &[
        "No {np}, {np2}, or {np3}.",
        "There is no {np}, {np2} or {np3}.",
        "No evidence of {np}, {np2}, or {np3}.",
        "No {np}, no {np2} and no {np3}.",
        "Negative for {np}, {np2}, or {np3}.",
    ],
    none_side: &[
        "No {side} {np}.",
        "No {side}-sided {np}.",
        "There {be} no {np} on the {side}.",
        "No {np} [seen|] on the {side}.",
        "No evidence of {np} in the {side} [hemithorax|chest].",
    ],
    none_place: &["No {np} in the {place}.", "The {place} is free of {np}."],
    normal: &[
        ("The lungs are clear.", LUNG),
        ("Both lungs are clear.", LUNG),
        ("Clear lungs.", LUNG),
        ("Lungs are [well expanded and clear|clear bilaterally].", LUNG),
        ("lungs clear.", LUNG),
        ("The pleural spaces are clear.", PLEURA),
        ("Pleural surfaces are clear without effusion or pneumothorax.", PLEURA),
        ("The mediastinal contours are [unremarkable|normal].", HEART),
        ("The cardiomediastinal silhouette is [normal|within normal limits|unremarkable].", HEART),
        ("Cardiac, mediastinal and hilar contours are normal.", HEART),
        ("Hilar contours are [normal|unremarkable].", &[]),
        ("The bony thorax is intact.", BONES),
        (
            "[Osseous structures are|The visualized osseous structures are] [intact|unremarkable].",
            BONES,
        ),
        ("No acute osseous abnormality.", BONES),
        ("No acute bony abnormality.", BONES),
        ("The trachea is midline.", &[]),
        ("The visualized upper abdomen is unremarkable.", &[]),
        ("The pulmonary vasculature is normal.", VESSELS),
        ("Pulmonary vascularity is normal.", VESSELS),
        ("Lung volumes are normal.", VOLUME),
        ("Lungs are [well inflated|normally expanded].", VOLUME),
        ("No [support devices|lines or tubes] are [seen|present].", DEVICES),
    ],
    normal_side: &[
        "The {side} lung is clear.",
        "{side} lung clear.",
        "The {side} hemithorax is clear.",
    ],
    normal_impression: &[
        "No acute cardiopulmonary process.",
        "No acute cardiopulmonary abnormality.",
        "No acute cardiopulmonary disease.",
        "No acute intrathoracic process.",
        "Normal chest radiograph.",
        "Normal chest.",
        "Normal CXR.",
        "No active disease.",
        "Unremarkable chest radiograph.",
        "No acute findings.",
        "Negative chest.",
    ],
    quiet_impression: &[
        "No acute cardiopulmonary process.",
        "No acute cardiopulmonary abnormality.",
    ],
    remarks: &[
        "Comparison is made with the prior study.",
        "A single [frontal|AP|portable] view of the chest was obtained.",
        "Clinical correlation is recommended.",
        "The study is of adequate quality.",
        "Results were communicated to the referring clinician.",
        "The patient is [slightly |]rotated.",
        "Patient is in semi-upright position.",
        "Exam is limited by patient positioning.",
        "Findings were discussed with Dr. ___ by telephone.",
        "No prior studies for comparison.",
        "Dr. ___ was notified at [9:15|11:40|2:30].",
        "The patient has a history of [smoking|cough|cancer].",
        "Follow-up is recommended.",
        "Inspiratory effort is adequate.",
    ],
    titles: &[
        "FINAL REPORT",
        "CHEST RADIOGRAPH",
        "PORTABLE CHEST",
        "CHEST PA",
        "Chest PA",
        "PA AND LATERAL CHEST",
    ],
    before: &[
        (
            &["EXAMINATION:", "EXAM:"],
            &["Chest radiograph", "CHEST (PORTABLE AP)", "CHEST (PA AND LAT)", "Chest PA"],
        ),
        (
            &["INDICATION:", "HISTORY:", "CLINICAL HISTORY:", "Indication:", "REASON FOR EXAM:"],
            INDICATIONS,
        ),
        (
            &["TECHNIQUE:", "Technique:"],
            &[
                "Chest PA.",
                "Single AP view of the chest.",
                "Portable upright chest radiograph.",
                "PA and lateral views of the chest.",
            ],
        ),
        (
            &["COMPARISON:", "Comparison:"],
            &["None.", "None available.", "___.", "Chest radiograph from ___."],
        ),
    ],
    findings: &[
        "FINDINGS:",
        "FINDINGS:",
        "FINDINGS:",
        "FINDINGS:",
        "FINDINGS:",
        "FINDINGS:",
        "FINDINGS:",
        "FINDINGS:",
        "Findings:",
        "FINDINGS",
        "FINDNGS:",
        "Findings",
        "PORTABLE AP CHEST:",
        "CHEST RADIOGRAPH:",
        "REPORT:",
    ],
    impression: &[
        "IMPRESSION:",
        "IMPRESSION:",
        "IMPRESSION:",
        "IMPRESSION:",
        "IMPRESSION:",
        "IMPRESSION:",
        "IMPRESSION:",
        "IMPRESSION:",
        "Impression:",
        "IMPRESSION",
        "IMPRESION:",
        "Impression",
        "CONCLUSION:",
        "CONCLUSION",
        "IMPRESSIONS:",
    ],
    after: &[(
        &["RECOMMENDATION:", "RECOMMENDATION(S):", "NOTIFICATION:"],
        &[
            "Follow-up radiographs in 6 weeks.",
            "Clinical correlation.",
            "Dr. ___ was paged at ___.",
        ],
    )],
};
