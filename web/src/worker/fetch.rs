//! One file of this site, read piece by piece so that bytes can be counted.

use g2d_core::error::{Error, Result};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use crate::link;

/// Reads a file beside this program and tells how many bytes each piece brought.
pub(crate) async fn read(path: &str, on_bytes: &mut dyn FnMut(u64)) -> Result<Vec<u8>> {
    let response = request(path).await?;
    let stopped = || {
        Error::weights(
            "G2D-P03",
            format!("The download of {path} stopped before its end"),
            "Check the connection and press \"Try again\"",
        )
    };
    let body = response.body().ok_or_else(stopped)?;
    let reader: ReadableStreamDefaultReader =
        body.get_reader().dyn_into().map_err(|_| stopped())?;
    let mut bytes = Vec::new();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(|_| stopped())?;
        if property(&piece, "done").is_some_and(|d| d.is_truthy()) {
            return Ok(bytes);
        }
        let chunk: Uint8Array =
            property(&piece, "value").and_then(|v| v.dyn_into().ok()).ok_or_else(stopped)?;
        let before = bytes.len();
        bytes.resize(before + chunk.length() as usize, 0);
        chunk.copy_to(&mut bytes[before..]);
        on_bytes(u64::from(chunk.length()));
    }
}

/// Whether the browser took this file from its own cache: then nothing crossed the network.
pub(crate) fn was_cached(path: &str) -> bool {
    let Some(performance) = link::scope().and_then(|s| s.performance()) else {
        return false;
    };
    let entries = performance.get_entries_by_type("resource");
    let entry = entries.iter().rev().find(|e| {
        property(e, "name").and_then(|n| n.as_string()).is_some_and(|n| n.ends_with(path))
    });
    let size = |key: &str| {
        entry.as_ref().and_then(|e| property(e, key)).and_then(|v| v.as_f64()).unwrap_or(0.0)
    };
    size("transferSize") == 0.0 && size("decodedBodySize") > 0.0
}

async fn request(path: &str) -> Result<Response> {
    let unreachable = || {
        Error::weights(
            "G2D-P01",
            format!("{path} could not be fetched from this site"),
            "Check the connection and press \"Try again\"",
        )
    };
    let scope = link::scope().ok_or_else(unreachable)?;
    let answer =
        JsFuture::from(scope.fetch_with_str(path)).await.map_err(|_: JsValue| unreachable())?;
    let response: Response = answer.dyn_into().map_err(|_| unreachable())?;
    if response.ok() {
        return Ok(response);
    }
    Err(Error::weights(
        "G2D-P02",
        format!("{path} is missing on this site (HTTP status {})", response.status()),
        "The model was not published in full; tell the site's owner this code",
    ))
}

fn property(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok()
}
