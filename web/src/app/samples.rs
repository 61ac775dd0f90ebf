//! One-click samples: synthetic patients chosen for what they have.

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

/// The samples, in order.
pub const SAMPLES: [Sample; 3] = [
    Sample {
        label: "Effusion",
        seed: 2025,
        index: 1,
    },
    Sample {
        label: "Pneumothorax",
        seed: 2025,
        index: 3,
    },
    Sample {
        label: "Nodule",
        seed: 2025,
        index: 0,
    },
];

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
            runtime::dispatch(Action::Phantom {
                seed: sample.seed,
                index: sample.index,
            });
        });
    }
    dom::on("new-phantom", "click", |_: MouseEvent| {
        // Any number will do; it only has to differ from click to click.
        let seed = (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
        runtime::dispatch(Action::Phantom { seed, index: 0 });
    });
}

#[cfg(test)]
mod tests {
    use g2d_core::outcome::Assertion;
    use g2d_core::phantom::{PhantomConfig, generate};

    use super::*;
    use crate::protocol::PHANTOM_SIZE;

    #[test]
    fn every_sample_has_what_its_label_says_and_its_report_tells_it() {
        for sample in SAMPLES {
            let config = PhantomConfig {
                size: PHANTOM_SIZE,
                ..PhantomConfig::default()
            };
            let study = generate(sample.seed, sample.index, &config);
            let wanted = |i: &usize| study.findings[*i].kind.name() == sample.label.to_lowercase();
            let told = study
                .sentences
                .iter()
                .any(|s| s.assertion != Assertion::Absent && s.findings.iter().any(wanted));
            assert!(told, "{}: {}", sample.label, study.report);
        }
    }
}
