//! The few things the widgets do to the page.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::convert::FromWasmAbi;
use web_sys::{Document, Element, EventTarget, HtmlElement, Window};

/// The window.
pub(super) fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub(super) fn document() -> Option<Document> {
    window().and_then(|w| w.document())
}

/// An element of `index.html`; none when it is missing or of another kind.
pub(super) fn get<T: JsCast>(id: &str) -> Option<T> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// A new element with a class and a text.
pub(super) fn make(tag: &str, class: &str, text: &str) -> Option<HtmlElement> {
    let element: HtmlElement = document()?.create_element(tag).ok()?.dyn_into().ok()?;
    element.set_class_name(class);
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    Some(element)
}

/// Sets a text where it differs: a live region speaks at every change, even to the same words.
pub(super) fn text(id: &str, text: &str) {
    if let Some(element) = get::<Element>(id)
        && element.text_content().as_deref() != Some(text)
    {
        element.set_text_content(Some(text));
    }
}

/// Shows or hides an element.
pub(super) fn show(id: &str, visible: bool) {
    if let Some(element) = get::<HtmlElement>(id) {
        element.set_hidden(!visible);
    }
}

/// Scrolls to an element that is out of sight, as on a phone.
pub(super) fn reveal(id: &str) {
    let (Some(element), Some(window)) = (get::<Element>(id), window()) else {
        return;
    };
    let height = window.inner_height().ok().and_then(|h| h.as_f64()).unwrap_or(f64::MAX);
    let place = element.get_bounding_client_rect();
    if place.top() < 0.0 || place.top() > 0.7 * height {
        element.scroll_into_view();
    }
}

/// Sets an attribute.
pub(super) fn attribute(id: &str, name: &str, value: &str) {
    if let Some(element) = get::<Element>(id) {
        // Fails only for names that are no names.
        let _ = element.set_attribute(name, value);
    }
}

/// Switches a button on or off.
pub(super) fn enable(id: &str, enabled: bool) {
    if let Some(element) = get::<Element>(id) {
        // Not every switched element is the same kind, but all know this attribute.
        let _ = element.toggle_attribute_with_force("disabled", !enabled);
    }
}

/// Calls `handler` for every such event, for as long as the page lives.
pub(super) fn listen<E>(target: &EventTarget, event: &str, handler: impl FnMut(E) + 'static)
where
    E: FromWasmAbi + 'static,
{
    let closure = Closure::<dyn FnMut(E)>::new(handler);
    // Fails only for names that are no names.
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// The same for an element of `index.html`.
pub(super) fn on<E>(id: &str, event: &str, handler: impl FnMut(E) + 'static)
where
    E: FromWasmAbi + 'static,
{
    if let Some(target) = get::<EventTarget>(id) {
        listen(&target, event, handler);
    }
}

/// Milliseconds on the page's clock.
pub(super) fn now() -> f64 {
    window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
}
