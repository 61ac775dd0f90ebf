//! The second tab: what the network attends to, whatever the report says.

use web_sys::HtmlCanvasElement;

use super::compose::heat_colour;
use super::dom;
use super::state::{LookView, State};
use super::viewer::paint;
use crate::protocol::Look;

/// Draws the stages of a new result.
pub(super) fn draw(before: Option<&State>, state: &State) {
    let job = |s: &State| s.result.as_ref().map(|r| r.job);
    if before.is_some_and(|b| job(b) == job(state)) {
        return;
    }
    dom::show("looks-empty", state.result.is_none());
    dom::show("looks", state.result.is_some());
    for look in state.result.iter().flat_map(|r| r.looks.iter()) {
        let id = format!("look-{}", name(look.look));
        if let Some(canvas) = dom::get::<HtmlCanvasElement>(&id) {
            let rgba = colours(look);
            paint(&canvas, &rgba, look.picture.width, look.picture.height);
        }
        dom::text(&format!("{id}-range"), &range(look));
    }
}

/// The part of an element's id in `index.html` that names the stage.
fn name(look: Look) -> &'static str {
    match look {
        Look::Input => "input",
        Look::Attention => "attention",
        Look::Upsampled => "upsampled",
        Look::Body => "body",
        Look::Threshold => "threshold",
        Look::Target => "target",
        Look::Decoder => "decoder",
    }
}

fn colours(look: &LookView) -> Vec<u8> {
    let grey = matches!(look.look, Look::Input | Look::Body | Look::Threshold);
    let colour = |v: u8| {
        if grey { [v; 3] } else { heat_colour(f32::from(v) / 255.0) }
    };
    look.picture
        .data
        .iter()
        .flat_map(|&v| {
            let [r, g, b] = colour(v);
            [r, g, b, 255]
        })
        .collect()
}

fn range(look: &LookView) -> String {
    let size = format!("{} x {}", look.picture.width, look.picture.height);
    match (look.look, look.cut) {
        (Look::Body | Look::Input, _) => size,
        (_, Some(cut)) => format!("{size}, cut at {cut:.4}"),
        (_, None) => format!("{size}, {:.4} to {:.4}", look.range[0], look.range[1]),
    }
}
