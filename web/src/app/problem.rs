//! The error panel: what happened, what to do, and a code that a bug report can repeat.

use std::panic::Location;

use web_sys::MouseEvent;

use super::reduce::Action;
use super::state::State;
use super::{dom, runtime};

/// Listens to its buttons.
pub(super) fn wire() {
    dom::on("problem-dismiss", "click", |_: MouseEvent| {
        runtime::dispatch(Action::Dismiss);
    });
    dom::on("problem-retry", "click", |_: MouseEvent| {
        runtime::dispatch(Action::Retry);
    });
}

/// Draws the panel.
pub(super) fn draw(before: Option<&State>, state: &State) {
    if before.is_some_and(|b| b.problem == state.problem) {
        return;
    }
    dom::show("problem", state.problem.is_some());
    let Some(problem) = &state.problem else {
        return;
    };
    dom::text("problem-what", &format!("{}.", problem.message));
    dom::text("problem-remedy", &format!("{}.", problem.remedy));
    dom::text("problem-code", &problem.code);
    dom::show("problem-retry", problem.retry);
    dom::reveal("problem");
}

/// A fault of the page itself: nothing but this panel can be trusted any more.
pub(super) fn page_failed(place: Option<&Location<'_>>) {
    let place = place.map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
    dom::show("problem", true);
    dom::show("problem-retry", false);
    dom::text("problem-what", &format!("The page stopped at {place}."));
    dom::text("problem-remedy", "Reload the page; please report this code with the place.");
    dom::text("problem-code", "G2D-P30");
}
