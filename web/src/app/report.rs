//! The report and the buttons that start and end work.

use web_sys::{Event, HtmlTextAreaElement, KeyboardEvent, MouseEvent};

use super::reduce::Action;
use super::state::State;
use super::{dom, runtime};

/// Listens to the text area and the buttons.
pub(super) fn wire() {
    dom::on("report", "input", |_: Event| {
        if let Some(area) = dom::get::<HtmlTextAreaElement>("report") {
            runtime::dispatch(Action::Report(area.value()));
        }
    });
    dom::on("report", "keydown", |e: KeyboardEvent| {
        if e.key() == "Enter" && (e.ctrl_key() || e.meta_key()) {
            e.prevent_default();
            runtime::dispatch(Action::Ground);
        }
    });
    for (id, action) in
        [("ground", Action::Ground), ("cancel", Action::Cancel), ("forget", Action::Forget)]
    {
        dom::on(id, "click", move |_: MouseEvent| {
            runtime::dispatch(action.clone());
        });
    }
}

/// Draws the report and the buttons.
pub(super) fn draw(before: Option<&State>, state: &State) {
    if before.is_none_or(|b| b.report != state.report)
        && let Some(area) = dom::get::<HtmlTextAreaElement>("report")
        && area.value() != state.report
    {
        area.set_value(&state.report);
    }
    dom::enable("ground", !state.busy());
    dom::show("cancel", state.busy());
    dom::enable("forget", state.source.is_some() || !state.report.is_empty());
}
