//! From the words of the collections' labels to kinds of findings.
//!
//! | label | becomes |
//! |---|---|
//! | the fourteen names of NIH ChestX-ray14 | the kind of that name |
//! | `COVID-19`, `viral pneumonia`, `bacterial pneumonia`, the germs and `Lipoid` of the ieee8023 collection | pneumonia: there they name its cause |
//! | `No Finding`, `normal` | a normal film |
//! | `ARDS` | nothing by itself: a syndrome, not something seen; beside another label it is left out |
//! | `todo`, `Unknown`, nothing | the film has no label |

use g2d_core::phantom::FindingKind;

/// Names of pneumonias by cause, lower case.
const PNEUMONIAS: [&str; 15] = [
    "covid-19",
    "viral pneumonia",
    "bacterial pneumonia",
    "pneumonia",
    "viral",
    "bacterial",
    "streptococcus",
    "klebsiella",
    "e.coli",
    "legionella",
    "chlamydophila",
    "pneumocystis",
    "varicella",
    "influenza",
    "lipoid",
];

/// What the labels of a film say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Labels {
    /// Nothing was found.
    Normal,
    /// These kinds, in the order of [`FindingKind::ALL`], each once.
    Findings(Vec<FindingKind>),
    /// There are none, or none that can be used.
    None,
}

/// Reads `finding`: names with `|` or `,` between them.
pub fn read_labels(text: &str) -> Labels {
    let names: Vec<String> = text
        .split(['|', ','])
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    if names.iter().any(|name| name == "no finding" || name == "normal") {
        // "No Finding" beside a finding contradicts itself.
        return if names.len() == 1 { Labels::Normal } else { Labels::None };
    }
    let kinds: Vec<FindingKind> = FindingKind::ALL
        .into_iter()
        .filter(|kind| names.iter().any(|name| of_name(name) == Some(*kind)))
        .collect();
    if kinds.is_empty() { Labels::None } else { Labels::Findings(kinds) }
}

fn of_name(name: &str) -> Option<FindingKind> {
    if PNEUMONIAS.contains(&name) {
        return Some(FindingKind::Pneumonia);
    }
    // Only the fourteen of ChestX-ray14: no collection here labels devices.
    FindingKind::ALL[..14].iter().copied().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_kinds() {
        use FindingKind::{Edema, PleuralThickening, Pneumonia};
        assert_eq!(read_labels("No Finding"), Labels::Normal);
        assert_eq!(read_labels("normal"), Labels::Normal);
        assert_eq!(read_labels("COVID-19, ARDS"), Labels::Findings(vec![Pneumonia]));
        assert_eq!(
            read_labels("Pleural_Thickening|Edema"),
            Labels::Findings(vec![Edema, PleuralThickening])
        );
        assert_eq!(
            read_labels("viral pneumonia|Pneumonia"),
            Labels::Findings(vec![Pneumonia]),
            "each once"
        );
        for unusable in ["", "todo", "Unknown", "ARDS", "No Finding|Edema", "fracture"] {
            assert_eq!(read_labels(unusable), Labels::None, "{unusable}");
        }
    }
}
