//! Messages over `postMessage`: `{ json: string, blobs: ArrayBuffer[] }`, buffers handed over
//! rather than copied.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// Packs a message and gives it with the list of buffers to hand over.
///
/// # Errors
/// When the browser refuses to make the objects, which it does not.
pub fn pack<T: Serialize>(message: &T, blobs: &[&[u8]]) -> Result<(JsValue, JsValue), JsValue> {
    let json = serde_json::to_string(message).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let buffers = Array::new();
    for bytes in blobs {
        buffers.push(&Uint8Array::from(*bytes).buffer());
    }
    let packet = Object::new();
    Reflect::set(&packet, &"json".into(), &json.into())?;
    Reflect::set(&packet, &"blobs".into(), &buffers)?;
    Ok((packet.into(), buffers.into()))
}

/// Unpacks the `data` of a message event.
///
/// # Errors
/// When it is not a message of this page: an old cached file, or a browser extension talking.
pub fn unpack<T: DeserializeOwned>(data: &JsValue) -> Result<(T, Vec<Vec<u8>>), JsValue> {
    let json = Reflect::get(data, &"json".into())?.as_string().ok_or("no json")?;
    let message = serde_json::from_str(&json).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let blobs = Reflect::get(data, &"blobs".into())?
        .dyn_into::<Array>()?
        .iter()
        .filter_map(|b| b.dyn_into::<ArrayBuffer>().ok())
        .map(|b| Uint8Array::new(&b).to_vec())
        .collect();
    Ok((message, blobs))
}
