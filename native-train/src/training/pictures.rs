//! What the network attends to on a few fixed cases, drawn at every validation.

use anyhow::Result;
use burn::{
    module::Module as _,
    tensor::{Device, Tensor, TensorData, activation::sigmoid},
};
use g2d_core::{
    image::normalise,
    model::G2d,
    outcome::NOTICE,
    pseudo_mask::{Attention, pseudo_mask_with_body},
    raster::Raster,
    render::{font, grey_png8},
};

use super::setup::Setup;

/// Grey lines between the pictures.
const GAP: usize = 2;
/// Panels a case: film, attention, pseudo mask, what the decoder predicts.
const PANELS: usize = 4;
/// Height of a line of the notice in pixels, a column's width.
const LINE: usize = 12;
const COLUMN: usize = 6;

/// A picture as a PNG with its size.
pub(super) struct Picture {
    pub(super) png: Vec<u8>,
    pub(super) size: (usize, usize),
}

/// Draws the first cases of the validation split (of the training split where there is none).
pub(super) fn draw(
    model: &G2d,
    setup: &Setup,
    cases: usize,
    device: &Device,
) -> Result<Option<Picture>> {
    let source = setup.validation.as_ref().unwrap_or(&setup.source);
    let cases = cases.min(source.len());
    if cases == 0 {
        return Ok(None);
    }
    let (model, device) = (model.valid(), device.clone().inner());
    let side = setup.model.image.input_size;
    let width = PANELS * (side + GAP) + GAP;
    let notice = font::wrap(NOTICE, width / COLUMN);
    let height = cases * (side + GAP) + GAP + notice.len() * LINE;
    let mut sheet = Raster::filled(width, height, 0.35);
    for case in 0..cases {
        let chosen = [case];
        let batch =
            crate::data::batch::plain_batch(source, &setup.tokenizer, &setup.model, &chosen)?;
        let film = Raster::from_vec(side, side, batch.grey)?;
        let values = normalise(&film, &setup.model.image);
        let input = Tensor::<4>::from_data(TensorData::new(values, [1, 3, side, side]), &device);
        let features = model.encode_image(input);
        let predicted = read(sigmoid(model.decode(&features)).mean_dim(1))?;
        let [_, heads, side_h, side_w] = features.attention.dims();
        let data = read(features.attention)?;
        let attention = Attention { heads, side_h, side_w, data: &data };
        let stages = pseudo_mask_with_body(&attention, &batch.bodies[0], &setup.model.pseudo_mask);
        let panels = [
            film,
            stretched(stages.upsampled),
            stages.target,
            Raster::from_vec(side, side, predicted)?,
        ];
        for (panel, picture) in panels.iter().enumerate() {
            place(&mut sheet, picture, panel * (side + GAP) + GAP, case * (side + GAP) + GAP);
        }
    }
    for (line, text) in notice.iter().enumerate() {
        let top = height - (notice.len() - line) * LINE + 2;
        for (column, character) in text.chars().enumerate() {
            for (x, y) in (0..COLUMN).flat_map(|x| (0..LINE - 4).map(move |y| (x, y))) {
                let (u, v) = (column * COLUMN + x + GAP, top + y);
                if u < width && v < height && font::ink(character, x, y) {
                    sheet.data[v * width + u] = 1.0;
                }
            }
        }
    }
    Ok(Some(Picture { png: grey_png8(&sheet)?, size: (width, height) }))
}

fn read(tensor: Tensor<4>) -> Result<Vec<f32>> {
    tensor
        .try_to_vec_as::<f32>()
        .map_err(|e| anyhow::anyhow!("A map cannot be read from the device: {e:?}"))
}

/// Attention is a share of one for each place; its own range is what can be seen.
fn stretched(mut map: Raster) -> Raster {
    let (low, high) = map.range();
    let span = (high - low).max(f32::EPSILON);
    map.data.iter_mut().for_each(|v| *v = (*v - low) / span);
    map
}

fn place(sheet: &mut Raster, picture: &Raster, left: usize, top: usize) {
    for (y, row) in picture.data.chunks_exact(picture.width).enumerate() {
        let at = (top + y) * sheet.width + left;
        sheet.data[at..at + picture.width].copy_from_slice(row);
    }
}
