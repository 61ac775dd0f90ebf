//! The sentences of the report, each with its colour, what it says and where it points.

use web_sys::{Element, FocusEvent, HtmlElement, MouseEvent};

use super::outcome::{Assertion, Outcome, Sentence};
use super::reduce::Action;
use super::state::{Layer, ResultView, State};
use super::{dom, runtime, words};

/// Draws the list; it is only built anew for a new result, so that the focus stays where it is.
pub(super) fn draw(before: Option<&State>, state: &State) {
    let job = |s: &State| s.result.as_ref().map(|r| r.job);
    if before.is_none_or(|b| job(b) != job(state)) {
        dom::show("sentences-empty", state.result.is_none());
        let warning = state.result.as_ref().and_then(|r| words::warning(&r.outcome));
        dom::text("film-warning", warning.as_deref().unwrap_or_default());
        dom::show("film-warning", warning.is_some());
        build(state.result.as_ref());
    }
    let Some(result) = &state.result else { return };
    for (i, shown) in result.shown.iter().enumerate() {
        let id = format!("sentence-{i}");
        if result.layers.get(i).is_some_and(|l| l.mask.is_some()) {
            dom::attribute(&id, "aria-pressed", if *shown { "true" } else { "false" });
        }
        let active = state.view.active == Some(i);
        dom::attribute(&id, "data-active", if active { "true" } else { "false" });
    }
}

fn build(result: Option<&ResultView>) {
    let Some(list) = dom::get::<Element>("sentences") else {
        return;
    };
    list.set_text_content(None);
    let Some(result) = result else { return };
    for (i, sentence) in result.outcome.sentences.iter().enumerate() {
        if let Some(item) = item(i, &result.outcome, sentence, &result.layers) {
            // A list takes its items.
            let _ = list.append_child(&item);
        }
    }
}

fn item(i: usize, outcome: &Outcome, sentence: &Sentence, layers: &[Layer]) -> Option<HtmlElement> {
    let item = dom::make("li", "sentence-item", "")?;
    let layer = layers.get(i)?;
    let drawn = layer.mask.is_some() || layer.heat.is_some();
    let row = dom::make(if drawn { "button" } else { "div" }, "sentence", "")?;
    row.set_id(&format!("sentence-{i}"));
    let swatch = dom::make("span", "swatch", "")?;
    if drawn {
        row.set_attribute("type", "button").ok()?;
        let [r, g, b] = layer.colour;
        swatch.style().set_property("--swatch", &format!("rgb({r} {g} {b})")).ok()?;
        wire(&row, i);
    } else {
        row.class_list().add_1("sentence-still").ok()?;
    }
    swatch.set_attribute("aria-hidden", "true").ok()?;
    row.append_child(&swatch).ok()?;

    let body = dom::make("span", "sentence-body", "")?;
    body.append_child(&*dom::make("span", "sentence-text", &sentence.text)?).ok()?;
    let facts = dom::make("span", "sentence-facts", "")?;
    let said = words::assertion(sentence.assertion);
    facts.append_child(&*dom::make("span", &format!("badge badge-{said}"), said)?).ok()?;
    if let Some(score) = sentence.score.filter(|_| sentence.assertion != Assertion::Absent) {
        let text = format!("score {score:.2}");
        facts.append_child(&*dom::make("span", "score", &text)?).ok()?;
    }
    facts.append_child(&*dom::make("span", "place", &words::place_in(outcome, sentence))?).ok()?;
    body.append_child(&facts).ok()?;
    row.append_child(&body).ok()?;
    item.append_child(&row).ok()?;
    Some(item)
}

fn wire(row: &HtmlElement, i: usize) {
    dom::listen(row, "click", move |_: MouseEvent| {
        runtime::dispatch(Action::Toggle(i));
    });
    let hover = move |on: bool| Action::Hover(on.then_some(i));
    dom::listen(row, "mouseenter", move |_: MouseEvent| {
        runtime::dispatch(hover(true));
    });
    dom::listen(row, "mouseleave", move |_: MouseEvent| {
        runtime::dispatch(hover(false));
    });
    dom::listen(row, "focus", move |_: FocusEvent| {
        runtime::dispatch(hover(true));
    });
    dom::listen(row, "blur", move |_: FocusEvent| {
        runtime::dispatch(hover(false));
    });
}
