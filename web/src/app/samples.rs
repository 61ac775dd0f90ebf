//! One-click samples: synthetic patients chosen for what they have.

#[cfg(target_arch = "wasm32")]
use std::cell::Cell;

#[cfg(target_arch = "wasm32")]
use web_sys::{Element, MouseEvent};

#[cfg(target_arch = "wasm32")]
use super::{dom, reduce::Action, runtime};

/// A synthetic patient and what to call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The button's text.
    pub label: &'static str,
    /// Seed of the series.
    pub seed: u64,
    /// Place in the series.
    pub index: u64,
}

/// The series that every synthetic patient of the page comes from. `g2d data synth` with this seed
/// draws the same ones.
pub const SERIES: u64 = 2025;

/// The samples, in order.
pub const SAMPLES: [Sample; 3] = [
    Sample { label: "Effusion", seed: SERIES, index: 3 },
    Sample { label: "Pneumothorax", seed: SERIES, index: 14 },
    Sample { label: "Nodule", seed: SERIES, index: 19 },
];

/// The first "new" patient; each further click takes the next one.
pub const FIRST_NEW: u64 = 4;

/// Puts the buttons on the page.
#[cfg(target_arch = "wasm32")]
pub(super) fn wire() {
    let Some(row) = dom::get::<Element>("sample-buttons") else {
        return;
    };
    for sample in SAMPLES {
        let Some(button) = dom::make("button", "", sample.label) else {
            continue;
        };
        // Neither fails for an element of this document.
        let _ = button.set_attribute("type", "button");
        let _ = row.append_child(&button);
        dom::listen(&button, "click", move |_: MouseEvent| {
            runtime::dispatch(Action::Phantom { seed: sample.seed, index: sample.index });
        });
    }
    let next = Cell::new(FIRST_NEW);
    dom::on("new-phantom", "click", move |_: MouseEvent| {
        let index = next.replace(next.get() + 1);
        runtime::dispatch(Action::Phantom { seed: SERIES, index });
    });
}

#[cfg(test)]
mod tests {
    use g2d_core::outcome::Assertion;
    use g2d_core::phantom::{PhantomConfig, ReportSentence, Study, generate};

    use super::*;
    use crate::protocol::PHANTOM_SIZE;

    fn study(seed: u64, index: u64) -> Study {
        let config = PhantomConfig { size: PHANTOM_SIZE, ..PhantomConfig::default() };
        generate(seed, index, &config)
    }

    #[test]
    fn every_sample_has_what_its_label_says_and_its_report_tells_it() {
        for sample in SAMPLES {
            let study = study(sample.seed, sample.index);
            let wanted = |i: &usize| study.findings[*i].kind.name() == sample.label.to_lowercase();
            let told = study
                .sentences
                .iter()
                .any(|s| s.assertion != Assertion::Absent && s.findings.iter().any(wanted));
            assert!(told, "{}: {}", sample.label, study.report);
        }
    }

    #[test]
    fn the_first_new_patient_has_something_to_show() {
        let study = study(SERIES, FIRST_NEW);
        let shown = |s: &&ReportSentence| s.assertion != Assertion::Absent;
        assert!(study.sentences.iter().filter(shown).any(|s| !s.findings.is_empty()));
    }
}
