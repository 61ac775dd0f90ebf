//! `?debug=1`: the raw numbers of the last result as `window.g2dDebug`, for tests.

use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;

use super::dom;
use crate::protocol::RawBlobs;

/// Publishes `{ outcome, maps, masks, pseudo, decoder }`.
pub(super) fn publish(outcome: &str, raw: &RawBlobs, blobs: &[Rc<Vec<u8>>]) {
    let bytes = |i: usize| Uint8Array::from(blobs.get(i).map_or(&[][..], |b| b.as_slice()));
    let floats = |i: usize| Float32Array::new(&bytes(i).buffer());
    let object = Object::new();
    let list = |items: &[Option<usize>], one: &dyn Fn(usize) -> JsValue| {
        items.iter().map(|i| i.map_or(JsValue::NULL, one)).collect::<Array>()
    };
    let fields: [(&str, JsValue); 5] = [
        ("outcome", outcome.into()),
        ("maps", list(&raw.maps, &|i| floats(i).into()).into()),
        ("masks", list(&raw.masks, &|i| bytes(i).into()).into()),
        ("pseudo", floats(raw.pseudo).into()),
        ("decoder", floats(raw.decoder).into()),
    ];
    for (key, value) in fields {
        // Setting a field of a fresh object does not fail.
        let _ = Reflect::set(&object, &key.into(), &value);
    }
    if let Some(window) = dom::window() {
        let _ = Reflect::set(&window, &"g2dDebug".into(), &object);
    }
}

/// Takes the numbers away again, with the case they belong to.
pub(super) fn clear() {
    if let Some(window) = dom::window() {
        let _ = Reflect::delete_property(&window, &"g2dDebug".into());
    }
}
