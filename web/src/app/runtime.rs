//! Keeps the state, applies actions one after another, carries out their effects and lets the
//! widgets draw.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use web_sys::UrlSearchParams;

use super::bridge::Bridge;
use super::reduce::{Action, reduce};
use super::state::{Effect, Options, State};
use super::{
    debug, dom, dropzone, export, layers, looks, problem, report, samples, scores, sentences,
    stage, tabs, viewer,
};
use crate::protocol::Choice;

struct Page {
    state: State,
    bridge: Option<Bridge>,
}

thread_local! {
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
    static QUEUE: RefCell<VecDeque<Action>> = const { RefCell::new(VecDeque::new()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Starts the page.
pub fn start() {
    std::panic::set_hook(Box::new(|info| problem::page_failed(info.location())));
    let state = State::new(options());
    let first = state.clone();
    PAGE.with_borrow_mut(|page| {
        *page = Some(Page { state, bridge: None });
    });
    carry_out(vec![Effect::StartWorker]);
    dropzone::wire();
    report::wire();
    samples::wire();
    scores::wire();
    layers::wire();
    tabs::wire();
    export::wire();
    problem::wire();
    draw(None, &first);
    // Tests and styles can tell a page that listens from one that is still loading.
    if let Some(body) = dom::document().and_then(|d| d.body()) {
        body.class_list().add_1("started").ok();
    }
}

/// Applies an action. Drawing may cause further actions (a focus that moves); they wait their turn.
pub(super) fn dispatch(action: Action) {
    QUEUE.with_borrow_mut(|queue| queue.push_back(action));
    if RUNNING.replace(true) {
        return;
    }
    while let Some(action) = QUEUE.with_borrow_mut(VecDeque::pop_front) {
        let changed = PAGE.with_borrow_mut(|page| {
            let page = page.as_mut()?;
            let before = page.state.clone();
            let (after, effects) = reduce(before.clone(), action);
            page.state = after.clone();
            Some((before, after, effects))
        });
        if let Some((before, after, effects)) = changed {
            carry_out(effects);
            draw(Some(&before), &after);
        }
    }
    RUNNING.set(false);
}

/// Looks at the state.
pub(super) fn with_state(look: impl FnOnce(&State)) {
    let state = PAGE.with_borrow(|page| page.as_ref().map(|p| p.state.clone()));
    if let Some(state) = state {
        look(&state);
    }
}

fn carry_out(effects: Vec<Effect>) {
    for effect in effects {
        let done = PAGE.with_borrow_mut(|page| {
            let Some(page) = page.as_mut() else {
                return true;
            };
            match effect {
                Effect::StartWorker => {
                    page.bridge = None;
                    page.bridge = Bridge::start().ok();
                    page.bridge.is_some()
                }
                Effect::Send(request, blob) => page
                    .bridge
                    .as_ref()
                    .is_some_and(|b| b.send(&request, blob.as_ref().map(|b| b.as_slice())).is_ok()),
            }
        });
        if !done {
            QUEUE.with_borrow_mut(|q| q.push_back(Action::WorkerDied(dom::now())));
        }
    }
}

fn draw(before: Option<&State>, state: &State) {
    stage::draw(before, state);
    dropzone::draw(before, state);
    report::draw(before, state);
    problem::draw(before, state);
    tabs::draw(before, state);
    layers::draw(before, state);
    viewer::draw(before, state);
    sentences::draw(before, state);
    looks::draw(before, state);
    export::draw(before, state);
    if state.result.is_none() && before.is_some_and(|b| b.result.is_some()) {
        debug::clear();
    }
}

fn options() -> Options {
    let query = dom::window().and_then(|w| w.location().search().ok()).unwrap_or_default();
    let parameters = UrlSearchParams::new_with_str(&query).ok();
    let value = |key: &str| parameters.as_ref().and_then(|p| p.get(key));
    Options {
        backend: Choice::from_query(value("backend").as_deref()),
        debug: value("debug").as_deref() == Some("1"),
    }
}
