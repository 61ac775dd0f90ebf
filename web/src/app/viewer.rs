//! The film with what is laid over it.

use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use super::compose::{Ink, compose};
use super::state::{Mode, State};
use super::{dom, words};

/// Draws the canvas when something on it changed.
pub(super) fn draw(before: Option<&State>, state: &State) {
    let same = before.is_some_and(|b| {
        b.film == state.film
            && b.result == state.result
            && b.truth == state.truth
            && b.view == state.view
    });
    if same {
        return;
    }
    dom::show("viewer-canvas", state.film.is_some());
    dom::show("viewer-empty", state.film.is_none());
    legend(state);
    let Some(film) = &state.film else { return };
    let Some(canvas) = dom::get::<HtmlCanvasElement>("viewer-canvas") else {
        return;
    };
    let layers = state.result.as_ref().map(|r| r.layers.as_slice()).unwrap_or_default();
    let shown =
        |i: usize| state.result.as_ref().and_then(|r| r.shown.get(i)).copied().unwrap_or(false);
    let inks: Vec<Ink<'_>> =
        layers.iter().enumerate().map(|(i, layer)| Ink { layer, shown: shown(i) }).collect();
    let rgba = compose(film, &inks, &state.truth, &state.view);
    paint(&canvas, &rgba, film.picture.width, film.picture.height);
    let alternative = match &state.result {
        Some(result) => words::alternative(&result.outcome, &result.shown),
        None => format!("Film, {} by {} pixels, nothing grounded yet.", film.width, film.height),
    };
    dom::attribute("viewer-canvas", "aria-label", &alternative);
    let job = |s: &State| s.result.as_ref().map(|r| r.job);
    if state.result.is_some() && before.is_none_or(|b| job(b) != job(state)) {
        dom::reveal("film-frame");
    }
}

/// Puts RGBA pixels on a canvas of their size.
pub(super) fn paint(canvas: &HtmlCanvasElement, rgba: &[u8], width: usize, height: usize) {
    let (w, h) = (width as u32, height as u32);
    if canvas.width() != w || canvas.height() != h {
        canvas.set_width(w);
        canvas.set_height(h);
    }
    let context = canvas
        .get_context("2d")
        .ok()
        .flatten()
        .and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
    let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(rgba), w, h);
    if let (Some(context), Ok(data)) = (context, data) {
        // Fails only for pictures without pixels.
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}

/// Says which sentence's heat map is shown, and what its colours stand for.
fn legend(state: &State) {
    let heat = state.view.mode == Mode::Heat && state.result.is_some();
    dom::show("legend", heat);
    if !heat {
        return;
    }
    let layer = state.view.active.and_then(|i| {
        let layer = state.result.as_ref()?.layers.get(i)?;
        layer.heat.as_ref().map(|_| (i, layer.range))
    });
    match layer {
        Some((i, [low, high])) => {
            dom::text("legend-title", &format!("Similarity to sentence {}", i + 1));
            dom::text("legend-low", &format!("{low:.2}"));
            dom::text("legend-high", &format!("{high:.2}"));
        }
        None => {
            dom::text("legend-title", "Choose a sentence to see its heat map");
            dom::text("legend-low", "");
            dom::text("legend-high", "");
        }
    }
}
