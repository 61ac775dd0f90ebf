//! The encoders and the decoder without gradients, as in evaluation.

use anyhow::{Context, Result};
use burn::{
    module::Module as _,
    tensor::{Tensor, TensorData},
};
use g2d_core::{image::normalise, model::G2d, raster::Raster, session::token_tensors};

use super::{
    Plan,
    report::Row,
    step::{Feed, wait},
};

/// Measures.
///
/// # Errors
/// When the data cannot be used or the device fails.
pub fn measure(plan: &Plan, feed: &Feed) -> Result<Vec<Row>> {
    let device = plan.device.clone().inner();
    device.seed(feed.config.seed);
    let model = G2d::new(&feed.model, &device)?.valid();
    let batch = feed.batch(0)?;
    let side = feed.model.image.input_size;
    let films = batch.grey.chunks_exact(side * side);
    let values = films.flat_map(|film| {
        let film = Raster { width: side, height: side, data: film.to_vec() };
        normalise(&film, &feed.model.image)
    });
    let images = TensorData::new(values.collect::<Vec<f32>>(), [batch.size, 3, side, side]);
    let images = Tensor::<4>::from_data(images, &device);
    let (ids, mask) = token_tensors(&batch.reports, &device);
    // Reading one number of the result waits for all of it, on every back end.
    let read = |x: Tensor<1>| x.try_into_scalar::<f32>().map(drop).context("The device failed");

    let encoder = plan.clock.time(|_| {
        read(model.encode_image(images.clone()).pooled.sum())?;
        wait(&device)
    })?;
    let decoder = plan.clock.time(|_| {
        let features = model.encode_image(images.clone());
        read(model.decode(&features).sum())?;
        wait(&device)
    })?;
    let masked = feed.config.loss.masked_text_norm;
    let text = plan.clock.time(|_| {
        read(model.encode_text(ids.clone(), mask.clone(), masked).sum())?;
        wait(&device)
    })?;
    let [reports, tokens] = ids.dims();
    Ok(vec![
        Row::new("forward/image encoder", batch.size, encoder),
        Row::new("forward/image encoder and decoder", batch.size, decoder),
        Row::new("forward/reports", reports, text).with("tokens", tokens),
    ])
}
