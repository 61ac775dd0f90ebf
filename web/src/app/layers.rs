//! Opacity, masks or heat map, and the truth of synthetic patients.

use web_sys::{Event, HtmlInputElement};

use super::reduce::Action;
use super::state::{Mode, State};
use super::{dom, runtime};

/// Listens to the controls.
pub(super) fn wire() {
    dom::on("opacity", "input", |_: Event| {
        if let Some(slider) = dom::get::<HtmlInputElement>("opacity") {
            runtime::dispatch(Action::Opacity(slider.value_as_number() as f32 / 100.0));
        }
    });
    for (id, mode) in [("mode-masks", Mode::Masks), ("mode-heat", Mode::Heat)] {
        dom::on(id, "change", move |_: Event| {
            runtime::dispatch(Action::Mode(mode));
        });
    }
    dom::on("truth", "change", |_: Event| {
        if let Some(toggle) = dom::get::<HtmlInputElement>("truth") {
            runtime::dispatch(Action::ShowTruth(toggle.checked()));
        }
    });
}

/// Draws the controls.
pub(super) fn draw(_: Option<&State>, state: &State) {
    let percent = (state.view.opacity * 100.0).round();
    if let Some(slider) = dom::get::<HtmlInputElement>("opacity")
        && slider.value_as_number() != f64::from(percent)
    {
        slider.set_value_as_number(f64::from(percent));
    }
    dom::text("opacity-value", &format!("{percent}%"));
    let check = |id: &str, on: bool| {
        if let Some(input) = dom::get::<HtmlInputElement>(id) {
            input.set_checked(on);
        }
    };
    check("mode-masks", state.view.mode == Mode::Masks);
    check("mode-heat", state.view.mode == Mode::Heat);
    check("truth", state.view.truth);
    dom::show("truth-row", !state.truth.is_empty());
    dom::show("layers", state.result.is_some() || !state.truth.is_empty());
    let mut names: Vec<&str> = Vec::new();
    for finding in &state.truth {
        if !names.contains(&finding.name.as_str()) {
            names.push(&finding.name);
        }
    }
    dom::text("truth-names", &names.join(", "));
}
