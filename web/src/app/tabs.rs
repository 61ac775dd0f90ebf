//! The two tabs, with the keys that the ARIA pattern asks for.

use web_sys::{HtmlElement, KeyboardEvent, MouseEvent};

use super::reduce::Action;
use super::state::{State, Tab};
use super::{dom, runtime};

const TABS: [(&str, &str, Tab); 2] = [
    ("tab-sentences", "panel-sentences", Tab::Sentences),
    ("tab-looks", "panel-looks", Tab::Looks),
];

/// Listens to clicks and arrow keys.
pub(super) fn wire() {
    for (i, (id, _, tab)) in TABS.into_iter().enumerate() {
        dom::on(id, "click", move |_: MouseEvent| {
            runtime::dispatch(Action::Tab(tab));
        });
        dom::on(id, "keydown", move |e: KeyboardEvent| {
            let next = match e.key().as_str() {
                "ArrowRight" | "ArrowLeft" => (i + 1) % TABS.len(),
                "Home" => 0,
                "End" => TABS.len() - 1,
                _ => return,
            };
            e.prevent_default();
            let (id, _, tab) = TABS[next];
            runtime::dispatch(Action::Tab(tab));
            if let Some(button) = dom::get::<HtmlElement>(id) {
                let _ = button.focus();
            }
        });
    }
}

/// Draws which tab is open.
pub(super) fn draw(before: Option<&State>, state: &State) {
    if before.is_some_and(|b| b.view.tab == state.view.tab) {
        return;
    }
    for (id, panel, tab) in TABS {
        let open = tab == state.view.tab;
        dom::attribute(id, "aria-selected", if open { "true" } else { "false" });
        // One stop for the Tab key; the arrows go from tab to tab.
        dom::attribute(id, "tabindex", if open { "0" } else { "-1" });
        dom::show(panel, open);
    }
}
