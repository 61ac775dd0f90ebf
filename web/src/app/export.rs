//! Downloads: the outcome as JSON, the picture as PNG. Their names come from a hash of the result,
//! never from the patient's file.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement,
    MouseEvent, Url,
};

use super::reduce::Action;
use super::state::{Problem, State};
use super::{dom, runtime};

/// Listens to the buttons.
pub(super) fn wire() {
    dom::on("download-json", "click", |_: MouseEvent| {
        runtime::with_state(json);
    });
    dom::on("download-png", "click", |_: MouseEvent| {
        runtime::with_state(png);
    });
}

/// Draws the buttons.
pub(super) fn draw(_: Option<&State>, state: &State) {
    dom::enable("download-json", state.result.is_some());
    dom::enable("download-png", state.result.is_some());
}

fn json(state: &State) {
    let Some(result) = &state.result else { return };
    let parts = Array::of1(&Uint8Array::from(result.json.as_bytes()));
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    let saved = Blob::new_with_u8_array_sequence_and_options(&parts, &options)
        .and_then(|blob| save(&blob, &format!("{}.json", result.name)));
    if saved.is_err() {
        refused();
    }
}

/// The canvas as seen, with the notice on a strip of its own below.
fn png(state: &State) {
    let Some(result) = &state.result else { return };
    let name = format!("{}.png", result.name);
    let done = Closure::once_into_js(move |blob: JsValue| {
        let saved = blob.dyn_into::<Blob>().and_then(|blob| save(&blob, &name));
        if saved.is_err() {
            refused();
        }
    });
    let started = with_strip(&result.outcome.notice).and_then(|c| c.to_blob(done.unchecked_ref()));
    if started.is_err() {
        refused();
    }
}

fn with_strip(notice: &str) -> Result<HtmlCanvasElement, JsValue> {
    let film: HtmlCanvasElement = dom::get("viewer-canvas").ok_or("no canvas")?;
    let document = dom::document().ok_or("no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
    let (width, height) = (f64::from(film.width()), f64::from(film.height()));
    let size = (width / 52.0).max(9.0).round();
    let lines: Vec<&str> = notice.splitn(2, ": ").collect();
    let strip = size * (1.5 * lines.len() as f64 + 0.9);
    canvas.set_width(film.width());
    canvas.set_height((height + strip) as u32);
    let context: CanvasRenderingContext2d =
        canvas.get_context("2d")?.ok_or("no context")?.dyn_into()?;
    context.set_fill_style_str("#1b1500");
    context.fill_rect(0.0, 0.0, width, height + strip);
    context.draw_image_with_html_canvas_element(&film, 0.0, 0.0)?;
    context.set_fill_style_str("#ffd766");
    context.set_text_baseline("top");
    for (i, line) in lines.iter().enumerate() {
        let weight = if i == 0 { "600 " } else { "" };
        context.set_font(&format!("{weight}{size}px system-ui, sans-serif"));
        let y = height + size * (0.7 + 1.5 * i as f64);
        context.fill_text_with_max_width(line, size, y, width - 2.0 * size)?;
    }
    Ok(canvas)
}

fn save(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let document = dom::document().ok_or("no document")?;
    let link: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // Some browsers read the data after the click has returned; a minute is enough for all.
    let release = Closure::once_into_js(move || {
        let _ = Url::revoke_object_url(&url);
    });
    if let Some(window) = dom::window() {
        window.set_timeout_with_callback_and_timeout_and_arguments_0(
            release.unchecked_ref(),
            60_000,
        )?;
    }
    Ok(())
}

fn refused() {
    runtime::dispatch(Action::Problem(Problem::new(
        "G2D-P33",
        "The browser did not give the file",
        "Allow downloads for this page and try again",
    )));
}
