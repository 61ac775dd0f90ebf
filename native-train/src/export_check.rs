//! Does an exported bundle compute what the checkpoint computes?
//!
//! Both look at the same few phantoms; everything that a result is made of is compared: the
//! decoder's probabilities, the pooled image embedding, and the map of each sentence from each
//! source.

use burn::{
    module::Module as _,
    tensor::{Device, Tensor, TensorData},
};
use g2d_core::{
    Error, Result,
    config::{G2dConfig, MapSource},
    image::{Film, normalise},
    model::G2d,
    outcome::{DeviceInfo, ModelInfo},
    phantom::{self, PhantomConfig, Study},
    raster::Raster,
    session::{Session, token_tensors},
    text::{self, ReportTokenizer},
    weights::{Bundle, Dtype, load_tensors},
};
use serde::Serialize;

use crate::wait::block_on;

/// Phantoms that both sides look at.
const STUDIES: u64 = 4;
/// Sentences of each report whose maps are compared.
const SENTENCES: usize = 4;
/// Rounding weights to f16 (11 bits) moves cosines by some thousandths; ten times that is a fault.
const LIMIT_F16: f32 = 2e-2;
/// Rounding to 127 steps a channel moves them by some hundredths; ten times that is a fault.
const LIMIT_INT8: f32 = 2e-1;
/// The same f32 weights on the same device differ by nothing, or by the order of a sum.
const LIMIT_F32: f32 = 1e-6;

/// One of the two sides: the session that a user asks, and its model for what a session does not
/// show.
pub struct Side {
    session: Session,
    model: G2d,
    tokenizer: ReportTokenizer,
    device: Device,
}

impl Side {
    /// The model as it was trained.
    ///
    /// # Errors
    /// When the tokenizer does not fit.
    pub fn original(
        model: G2d,
        config: &G2dConfig,
        tokenizer: &[u8],
        device: &Device,
        info: &DeviceInfo,
    ) -> Result<Self> {
        let tokenizer = ReportTokenizer::from_bytes(tokenizer)?;
        let name = ModelInfo {
            name: "checkpoint".into(),
            preset: config.preset.clone(),
            sha256: "".into(),
        };
        let session = Session::from_parts(
            model.clone(),
            config.clone(),
            tokenizer.clone(),
            device.clone(),
            info.clone(),
            name,
        )?;
        Ok(Self { session, model: model.valid(), tokenizer, device: device.clone() })
    }

    /// The bundle as a user will load it.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn bundle(bundle: &Bundle, device: &Device, info: &DeviceInfo) -> Result<Self> {
        let session = Session::load(bundle, device.clone(), info.clone())?;
        let mut model = G2d::new(&bundle.config()?, device)?;
        load_tensors(&mut model, &bundle.weights())?;
        let tokenizer = ReportTokenizer::from_bytes(bundle.tokenizer()?)?;
        Ok(Self { session, model: model.valid(), tokenizer, device: device.clone() })
    }

    async fn look(&self, study: &Study) -> Result<Look> {
        let film = Film { pixels: study.image.clone(), bits: 8, format: "PNG" };
        let image = self.session.encode_image(&film).await?;
        let pooled = self.pooled(&image.input).await?;
        let report = text::parse_report(&study.report)?;
        let texts: Vec<&str> =
            report.sentences.iter().take(SENTENCES).map(|s| s.text.as_str()).collect();
        let mut maps = Vec::new();
        for source in MapSource::ALL {
            if source == MapSource::Local && self.session.config().local.is_none() {
                continue;
            }
            for map in self.session.maps(&image, &texts, source).await? {
                maps.extend(map.data);
            }
        }
        let texts = self.texts(&texts).await?;
        Ok(Look { decoder: image.decoder.data, pooled, texts, maps })
    }

    async fn pooled(&self, input: &Raster) -> Result<Vec<f32>> {
        let values = normalise(input, &self.session.config().image);
        let data = TensorData::new(values, [1, 3, input.height, input.width]);
        read(self.model.encode_image(Tensor::from_data(data, &self.device)).pooled).await
    }

    /// The embedding of each text.
    async fn texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.session.config().text.max_tokens;
        let (ids, mask) = token_tensors(&self.tokenizer.encode_batch(texts, limit)?, &self.device);
        let all = read(self.model.encode_text(ids, mask, true)).await?;
        Ok(all.chunks(all.len() / texts.len()).map(<[f32]>::to_vec).collect())
    }
}

async fn read(tensor: Tensor<2>) -> Result<Vec<f32>> {
    let data = tensor.into_data_async().await.map_err(|e| {
        Error::device("G2D-D16", format!("The device failed while comparing: {e}"), "Try again")
    })?;
    Ok(data.iter::<f32>().collect())
}

/// What a side sees in one phantom.
struct Look {
    decoder: Vec<f32>,
    pooled: Vec<f32>,
    texts: Vec<Vec<f32>>,
    maps: Vec<f32>,
}

/// The largest differences between the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Differences {
    /// Of a map's cosines (and of attention weights).
    pub maps: f32,
    /// Of the decoder's probabilities.
    pub decoder: f32,
    /// Of the pooled embedding, relative to its largest value.
    pub pooled: f32,
    /// Of the sentences' embeddings, each relative to its largest value.
    pub text: f32,
}

impl Differences {
    /// Refuses a bundle that is too far from its checkpoint.
    ///
    /// # Errors
    /// `G2D-W20` with the three figures.
    pub fn check(&self, dtype: Dtype) -> Result<()> {
        let limit = match dtype {
            Dtype::F16 => LIMIT_F16,
            Dtype::F32 => LIMIT_F32,
            Dtype::Int8 => LIMIT_INT8,
        };
        let Self { maps, decoder, pooled, text } = *self;
        // Not `any(above)`: a NaN is above nothing and must not pass.
        if [maps, decoder, pooled, text].iter().all(|d| *d <= limit) {
            return Ok(());
        }
        Err(Error::weights(
            "G2D-W20",
            format!(
                "The exported weights give other results than the checkpoint: maps differ by \
                 {maps:.1e}, decoder by {decoder:.1e}, pooled vector by {pooled:.1e}, texts by \
                 {text:.1e}, where {limit:.0e} is allowed"
            ),
            "Export with --dtype f32, or f16 where it was int8",
        ))
    }
}

/// Lets both sides look at the phantoms.
///
/// # Errors
/// When a device fails, or the sides do not even give the same number of values.
pub fn compare(original: &Side, exported: &Side) -> Result<Differences> {
    let mut worst = Differences { maps: 0.0, decoder: 0.0, pooled: 0.0, text: 0.0 };
    for index in 0..STUDIES {
        let study = phantom::generate(0, index, &PhantomConfig::default());
        let a = block_on(original.look(&study))?;
        let b = block_on(exported.look(&study))?;
        worst.maps = larger(worst.maps, difference(&a.maps, &b.maps)?);
        worst.decoder = larger(worst.decoder, difference(&a.decoder, &b.decoder)?);
        worst.pooled = larger(worst.pooled, relative(&a.pooled, &b.pooled)?);
        for (a, b) in a.texts.iter().zip(&b.texts) {
            worst.text = larger(worst.text, relative(a, b)?);
        }
    }
    Ok(worst)
}

fn difference(a: &[f32], b: &[f32]) -> Result<f32> {
    if a.len() != b.len() || a.is_empty() {
        return Err(Error::bug("G2D-B30", "The two sides of an export gave different shapes"));
    }
    Ok(a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, larger))
}

/// The same as a share of the largest value of the first.
fn relative(a: &[f32], b: &[f32]) -> Result<f32> {
    let scale = a.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
    Ok(difference(a, b)? / scale)
}

/// The larger of two, where NaN is larger than anything.
fn larger(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_depends_on_the_format_and_nan_never_passes() {
        let small = Differences { maps: 1e-3, decoder: 1e-4, pooled: 0.0, text: 0.0 };
        assert!(small.check(Dtype::F16).is_ok());
        assert_eq!(small.check(Dtype::F32).unwrap_err().code(), "G2D-W20");
        let nan = Differences { decoder: f32::NAN, ..small };
        assert!(nan.check(Dtype::F16).is_err());
    }

    #[test]
    fn differences_see_nan_and_lengths() {
        assert_eq!(difference(&[1.0, 2.0], &[1.0, 2.5]).unwrap(), 0.5);
        assert!(difference(&[1.0, f32::NAN, 0.0], &[1.0, 2.0, 0.0]).unwrap().is_nan());
        assert_eq!(difference(&[1.0], &[]).unwrap_err().code(), "G2D-B30");
    }
}
