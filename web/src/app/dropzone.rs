//! The film: chosen, dropped or pasted. Only its bytes go further, never its name.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ClipboardEvent, DragEvent, Event, File, FileList, HtmlInputElement};

use super::reduce::Action;
use super::state::{Problem, Source, State};
use super::{dom, runtime, words};
use crate::protocol::MAX_FILE_BYTES;

/// Listens for films.
pub(super) fn wire() {
    dom::on("film", "change", |_: Event| {
        let Some(input) = dom::get::<HtmlInputElement>("film") else {
            return;
        };
        take(input.files());
        // So that the same file can be chosen again, and its name does not stay on the page.
        input.set_value("");
    });
    let Some(document) = dom::document() else {
        return;
    };
    // Dropping beside the zone must not make the browser leave the page for the image.
    let depth = Rc::new(Cell::new(0_i32));
    let moved = move |by: i32| {
        depth.set((depth.get() + by).max(0));
        dom::attribute("dropzone", "data-over", if depth.get() > 0 { "true" } else { "false" });
    };
    let (enter, leave, drop) = (moved.clone(), moved.clone(), moved);
    dom::listen(&document, "dragenter", move |e: DragEvent| {
        e.prevent_default();
        enter(1);
    });
    dom::listen(&document, "dragleave", move |_: DragEvent| leave(-1));
    dom::listen(&document, "dragover", |e: DragEvent| e.prevent_default());
    dom::listen(&document, "drop", move |e: DragEvent| {
        e.prevent_default();
        drop(-1_000);
        take(e.data_transfer().and_then(|d| d.files()));
    });
    dom::listen(&document, "paste", |e: ClipboardEvent| {
        let files = e.clipboard_data().and_then(|d| d.files());
        if files.as_ref().is_some_and(|f| f.length() > 0) {
            e.prevent_default();
            take(files);
        }
    });
}

/// Says what film there is.
pub(super) fn draw(before: Option<&State>, state: &State) {
    if before.is_some_and(|b| b.film == state.film && b.source == state.source) {
        return;
    }
    let text = match (&state.film, &state.source) {
        (Some(film), Some(Source::Phantom { seed, index })) => {
            format!("Synthetic patient {index}, series {seed}, {} x {}", film.width, film.height)
        }
        (Some(film), _) => {
            format!("Film: {} x {} pixels, {} bit", film.width, film.height, film.bits)
        }
        (None, Some(_)) => "Reading the image".into(),
        (None, None) => "PNG or JPEG, 8 or 16 bit".into(),
    };
    dom::text("film-info", &text);
    dom::attribute("dropzone", "data-full", if state.film.is_some() { "true" } else { "false" });
}

fn take(files: Option<FileList>) {
    let Some(file) = files.and_then(|f| f.get(0)) else {
        return;
    };
    let limit = MAX_FILE_BYTES as f64;
    // Asked before reading: a film of many gigabytes would end the page, not the read.
    if file.size() > limit {
        let most = words::bytes(limit as u64);
        return fail("G2D-P31", "The file is too large", &format!("Give an image below {most}"));
    }
    spawn_local(read(file));
}

async fn read(file: File) {
    match JsFuture::from(file.array_buffer()).await {
        Ok(buffer) => {
            let bytes = Uint8Array::new(&buffer).to_vec();
            runtime::dispatch(Action::File(Rc::new(bytes)));
        }
        Err(_) => fail(
            "G2D-P32",
            "The file could not be read from this device",
            "Check that it still exists and may be opened, then choose it again",
        ),
    }
}

fn fail(code: &str, message: &str, remedy: &str) {
    runtime::dispatch(Action::Problem(Problem::new(code, message, remedy)));
}
