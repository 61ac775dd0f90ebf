//! Sentences for zero-shot classification.

use crate::phantom::study::FindingKind;

/// Present and absent sentences for one kind.
type Prompts = (&'static [&'static str], &'static [&'static str]);

/// Sentences that say that a kind is there, and sentences that say that it is not, for zero-shot
/// classification: four to six of each, the plainest first.
pub fn prompts(kind: FindingKind) -> Prompts {
    macro_rules! both {
        ([$($here:literal),+ $(,)?], [$($not:literal),+ $(,)?]) => { (&[$($here),+], &[$($not),+]) };
    }
    match kind {
        FindingKind::Atelectasis => both!(
            [
                "Atelectasis.",
                "There is atelectasis.",
                "Volume loss is present.",
                "Linear atelectasis is seen."
            ],
            [
                "No atelectasis.",
                "There is no atelectasis.",
                "No volume loss.",
                "No evidence of atelectasis."
            ]
        ),
        FindingKind::Cardiomegaly => both!(
            [
                "Cardiomegaly.",
                "The heart is enlarged.",
                "There is cardiomegaly.",
                "The cardiac silhouette is enlarged."
            ],
            [
                "No cardiomegaly.",
                "The heart size is normal.",
                "The heart is not enlarged.",
                "The cardiac silhouette is normal in size."
            ]
        ),
        FindingKind::Effusion => both!(
            [
                "Pleural effusion.",
                "There is a pleural effusion.",
                "Pleural fluid is present.",
                "The costophrenic angle is blunted by pleural fluid."
            ],
            [
                "No pleural effusion.",
                "There is no pleural effusion.",
                "No pleural fluid.",
                "The costophrenic angles are sharp."
            ]
        ),
        FindingKind::Infiltration => both!(
            [
                "Pulmonary infiltrate.",
                "There is an infiltrate.",
                "Infiltrates are seen.",
                "A hazy infiltrate is present."
            ],
            [
                "No infiltrate.",
                "There is no infiltrate.",
                "No evidence of infiltrates.",
                "The lungs are free of infiltrates."
            ]
        ),
        FindingKind::Mass => both!(
            [
                "Lung mass.",
                "There is a mass.",
                "A large mass is present.",
                "A mass lesion is seen."
            ],
            [
                "No mass.",
                "There is no lung mass.",
                "No pulmonary mass is identified.",
                "No evidence of a mass."
            ]
        ),
        FindingKind::Nodule => both!(
            [
                "Pulmonary nodule.",
                "There is a nodule.",
                "A lung nodule is seen.",
                "A round nodular opacity is present."
            ],
            [
                "No pulmonary nodule.",
                "There is no nodule.",
                "No suspicious nodule is seen.",
                "No evidence of a lung nodule."
            ]
        ),
        FindingKind::Pneumonia => both!(
            [
                "Pneumonia.",
                "There is pneumonia.",
                "Patchy opacities are consistent with pneumonia.",
                "An infectious process is present."
            ],
            [
                "No pneumonia.",
                "There is no pneumonia.",
                "No evidence of pneumonia.",
                "No findings of pneumonia."
            ]
        ),
        FindingKind::Pneumothorax => both!(
            [
                "Pneumothorax.",
                "There is a pneumothorax.",
                "A visceral pleural line indicates a pneumothorax.",
                "Pneumothorax is present."
            ],
            [
                "No pneumothorax.",
                "There is no pneumothorax.",
                "No pneumothorax is identified.",
                "No evidence of pneumothorax."
            ]
        ),
        FindingKind::Consolidation => both!(
            [
                "Consolidation.",
                "There is consolidation.",
                "Airspace consolidation is present.",
                "Focal consolidation is seen."
            ],
            [
                "No consolidation.",
                "There is no focal consolidation.",
                "No evidence of consolidation.",
                "There is no focal airspace disease."
            ]
        ),
        FindingKind::Edema => both!(
            [
                "Pulmonary edema.",
                "There is pulmonary edema.",
                "Pulmonary vascular congestion with edema.",
                "Findings are consistent with pulmonary edema."
            ],
            [
                "No pulmonary edema.",
                "There is no pulmonary edema.",
                "There is no overt pulmonary edema.",
                "The pulmonary vasculature is normal."
            ]
        ),
        FindingKind::Emphysema => both!(
            [
                "Emphysema.",
                "There are emphysematous changes.",
                "The lungs are hyperinflated with flattened diaphragms.",
                "There is emphysema."
            ],
            [
                "No emphysema.",
                "There is no hyperinflation.",
                "The lungs are normally inflated.",
                "No emphysematous changes."
            ]
        ),
        FindingKind::Fibrosis => both!(
            [
                "Pulmonary fibrosis.",
                "There is fibrosis.",
                "Fibrotic changes are seen.",
                "Interstitial scarring is present."
            ],
            [
                "No fibrosis.",
                "There is no pulmonary fibrosis.",
                "No fibrotic change.",
                "No interstitial scarring."
            ]
        ),
        FindingKind::PleuralThickening => both!(
            [
                "Pleural thickening.",
                "There is pleural thickening.",
                "The pleura is thickened.",
                "Pleural scarring is seen."
            ],
            [
                "No pleural thickening.",
                "There is no pleural thickening.",
                "No pleural scarring.",
                "No evidence of pleural thickening."
            ]
        ),
        FindingKind::Hernia => both!(
            [
                "Hiatal hernia.",
                "There is a hiatal hernia.",
                "A hiatal hernia projects behind the heart.",
                "A hernia is present."
            ],
            [
                "No hiatal hernia.",
                "There is no hiatal hernia.",
                "No hernia.",
                "No hiatal hernia is seen."
            ]
        ),
        FindingKind::EndotrachealTube => both!(
            [
                "Endotracheal tube.",
                "An endotracheal tube is present.",
                "There is an ET tube.",
                "Endotracheal tube tip is 4 cm above the carina."
            ],
            [
                "No endotracheal tube.",
                "There is no endotracheal tube.",
                "The endotracheal tube has been removed.",
                "No ET tube is seen."
            ]
        ),
        FindingKind::GastricTube => both!(
            [
                "Nasogastric tube.",
                "A nasogastric tube is present.",
                "There is an enteric tube.",
                "The nasogastric tube courses below the diaphragm."
            ],
            [
                "No nasogastric tube.",
                "There is no enteric tube.",
                "The nasogastric tube has been removed.",
                "No nasogastric tube is seen."
            ]
        ),
        FindingKind::CentralLine => both!(
            [
                "Central venous catheter.",
                "A central line is present.",
                "There is a central venous catheter.",
                "Central venous catheter ends in the superior vena cava."
            ],
            [
                "No central venous catheter.",
                "There is no central line.",
                "The central venous catheter has been removed.",
                "No central line is seen."
            ]
        ),
        FindingKind::Pacemaker => both!(
            [
                "Pacemaker.",
                "A pacemaker is present.",
                "There is a pacemaker.",
                "Pacemaker leads terminate in the right atrium and right ventricle."
            ],
            [
                "No pacemaker.",
                "There is no pacemaker.",
                "The pacemaker has been removed.",
                "No pacemaker is seen."
            ]
        ),
        FindingKind::Fracture => both!(
            [
                "Rib fracture.",
                "There is a rib fracture.",
                "A displaced fracture is seen.",
                "A fracture is present."
            ],
            [
                "No rib fracture.",
                "There is no acute fracture.",
                "The bony thorax is intact.",
                "No acute osseous abnormality."
            ]
        ),
        FindingKind::ForeignObject => both!(
            [
                "Foreign body.",
                "There is a radiopaque foreign body.",
                "A metallic object overlies the lung.",
                "A radiopaque foreign object is present."
            ],
            [
                "No foreign body.",
                "There is no foreign body.",
                "No radiopaque foreign body.",
                "No foreign object is seen."
            ]
        ),
    }
}
