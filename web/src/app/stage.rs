//! What is being done, how far the model is, and what computes.

use web_sys::HtmlProgressElement;

use super::state::{Engine, State};
use super::{dom, words};

/// Draws the status card.
pub(super) fn draw(before: Option<&State>, state: &State) {
    dom::text("stage", &state.stage);
    let waiting = matches!(state.engine, Engine::Booting | Engine::Loading) || state.busy();
    dom::attribute("status", "data-busy", if waiting { "true" } else { "false" });
    progress(state);
    if before.is_none_or(|b| b.engine != state.engine || b.result != state.result) {
        device(state);
    }
}

fn progress(state: &State) {
    let loading = state.progress.filter(|_| matches!(state.engine, Engine::Loading));
    dom::show("progress-row", loading.is_some());
    let Some(progress) = loading else { return };
    if let Some(bar) = dom::get::<HtmlProgressElement>("progress") {
        bar.set_max(progress.total.max(1) as f64);
        bar.set_value(progress.loaded as f64);
    }
    let origin = if progress.from_cache { ", from the browser's cache" } else { "" };
    let (loaded, total) = (words::bytes(progress.loaded), words::bytes(progress.total));
    dom::text("progress-text", &format!("{loaded} of {total}{origin}"));
}

fn device(state: &State) {
    let ready = match &state.engine {
        Engine::Ready(ready) => Some(ready),
        _ => None,
    };
    dom::show("device", ready.is_some());
    let Some(ready) = ready else { return };
    let name = match ready.device.backend.as_str() {
        "webgpu" => "WebGPU",
        "cpu" => "CPU",
        other => other,
    };
    dom::text("device-backend", name);
    dom::text("device-reason", &ready.device.reason);
    dom::text("device-adapter", &ready.device.name);
    let hash: String = ready.model.sha256.chars().take(12).collect();
    dom::text("device-model", &format!("{} ({}), {hash}", ready.model.name, ready.model.preset));
    let mut times = vec![
        format!("model loaded in {}", words::duration(ready.load_ms)),
        format!("first run {}", words::duration(ready.warmup_ms)),
    ];
    if let Some(result) = &state.result {
        let run = result.outcome.timings_ms.iter();
        times.extend(run.map(|(stage, ms)| format!("{stage} {}", words::duration(*ms))));
    }
    dom::text("device-times", &times.join(", "));
}
