//! What the gate needs of the network, and what its verdict does to a result.

use burn::tensor::Tensor;

use super::{EncodedImage, PreparedImage, Session, read};
use crate::{
    error::Result,
    gate::{self, FilmKind, Gate, Likeness, Verdict},
    model::ImageFeatures,
    outcome::{Status, Warning},
};

/// The encoder's stages whose means the gate reads: /8, /16, /32.
const STAGES: [usize; 3] = [3, 4, 5];

/// The mean over places of the stages /8, /16 and /32, one vector an image of the batch.
///
/// # Errors
/// When the device fails.
pub async fn stage_means(features: &ImageFeatures) -> Result<Vec<Vec<f32>>> {
    let means = STAGES.map(|stage| {
        let map = features.pyramid[stage].clone();
        let [batch, channels, h, w] = map.dims();
        map.reshape([batch, channels, h * w]).mean_dim(2).reshape([batch, channels])
    });
    let all: Tensor<2> = Tensor::cat(means.to_vec(), 1);
    let width = all.dims()[1];
    let values = read(all).await?;
    Ok(values.chunks_exact(width.max(1)).map(<[f32]>::to_vec).collect())
}

/// What the gate reads of a prepared image besides the encoder.
///
/// # Errors
/// When the picture has no pixels.
pub fn likeness(image: &PreparedImage) -> Result<Likeness> {
    Ok(gate::describe(&gate::view(&image.input, &image.geometry)?))
}

impl Session {
    /// The gate of this model, if it has one.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// Lets every picture pass: what the gate says is still told.
    pub fn overrule_gate(&mut self) {
        self.overruled = true;
    }

    /// Judges a prepared image; none without a gate.
    ///
    /// # Errors
    /// When the device fails or the gate does not fit the encoder.
    pub(super) async fn judge(
        &self,
        image: &PreparedImage,
        features: &ImageFeatures,
    ) -> Result<Option<Verdict>> {
        let Some(gate) = &self.gate else { return Ok(None) };
        let means = stage_means(features).await?;
        let means = means.first().map_or(&[][..], Vec::as_slice);
        gate.judge(&likeness(image)?, means).map(Some)
    }

    /// Whether the sentences of this image are grounded, and what has to be told.
    pub(super) fn gate_says(&self, image: &EncodedImage) -> (Status, Vec<Warning>) {
        match &image.verdict {
            Some(verdict) if verdict.refused => {
                let status = if self.overruled { Status::Done } else { Status::Refused };
                (status, vec![verdict.kind.warning()])
            }
            _ => (Status::Done, Vec::new()),
        }
    }
}

impl EncodedImage {
    /// What the gate says of the image; none when the model has no gate.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// What the image is taken for; frontal when the model has no gate.
    pub fn kind(&self) -> FilmKind {
        self.verdict.as_ref().map_or(FilmKind::Frontal, |verdict| verdict.kind)
    }
}
