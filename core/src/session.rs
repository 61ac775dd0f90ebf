//! One loaded model: encode an image once, ground many reports on it.
//!
//! The CLI's `predict` and the page's worker both call this and nothing else. Tensors are read
//! back with asynchronous calls only, since a browser has no others.

mod batch;
mod gate;

use std::collections::BTreeMap;

pub use batch::{DenseMaps, PreparedImage};
pub use gate::{likeness, stage_means};

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, TensorData},
};
use web_time::Instant;

use crate::{
    config::{G2dConfig, GroundingConfig, MapSource, MaskRule},
    error::{Error, Result},
    gate::{Gate, Verdict},
    grounding,
    image::{Film, Geometry, normalise},
    model::{G2d, ImageFeatures},
    outcome::{
        Assertion, DeviceInfo, ImageInfo, ModelInfo, NOTICE, Outcome, SCHEMA_VERSION,
        SentenceOutcome, Status,
    },
    pseudo_mask::{self, Attention, Stages},
    raster::{Mask, Raster},
    text::{ReportTokenizer, Sentence, TokenBatch, parse_report},
    weights::{Bundle, load_tensors},
};

/// Probability above which a pixel belongs to the decoder's mask.
const DECODER_CUT: f32 = 0.5;

/// A model ready to be asked.
pub struct Session {
    model: G2d,
    config: G2dConfig,
    tokenizer: ReportTokenizer,
    device: Device,
    device_info: DeviceInfo,
    model_info: ModelInfo,
    gate: Option<Gate>,
    overruled: bool,
}

/// An image that went through the network once.
pub struct EncodedImage {
    features: ImageFeatures,
    verdict: Option<Verdict>,
    /// From original pixels to the network's and back.
    pub geometry: Geometry,
    /// What the network saw, in [0, 1], input-sized.
    pub input: Raster,
    /// How attention became the pseudo mask.
    pub pseudo: Stages,
    /// The decoder's probabilities, input-sized.
    pub decoder: Raster,
    width: usize,
    height: usize,
    timings_ms: BTreeMap<String, f64>,
}

impl EncodedImage {
    /// What the network made of the image, on the device.
    pub fn features(&self) -> &ImageFeatures {
        &self.features
    }
}

/// A report grounded on an image: the result and the maps it was read from.
#[derive(Debug, Clone)]
pub struct Grounded {
    /// The result in its published form.
    pub outcome: Outcome,
    /// The cosine map of each sentence, input-sized; none for a sentence that was not grounded.
    pub maps: Vec<Option<Raster>>,
    /// The mask of each sentence in original pixels.
    pub masks: Vec<Option<Mask>>,
    /// How attention became the pseudo mask.
    pub pseudo: Stages,
    /// The decoder's probabilities, input-sized.
    pub decoder: Raster,
    /// From original pixels to the network's and back.
    pub geometry: Geometry,
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Reads a tensor back and refuses numbers that cannot be a result.
///
/// A lost device can hand out zeros or garbage without an error; better none than a false mask.
async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let data = tensor.into_data_async().await.map_err(|e| {
        Error::device(
            "G2D-D01",
            format!("The device failed while computing: {e}"),
            "Try again; if it happens again use the CPU",
        )
    })?;
    let values = data
        .convert::<f32>()
        .try_into_vec::<f32>()
        .map_err(|e| Error::bug("G2D-B20", format!("A tensor could not be read as f32: {e:?}")))?;
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Error::device(
            "G2D-D02",
            "The device gave back numbers that are not finite",
            "Try again; if it happens again use the CPU",
        ));
    }
    Ok(values)
}

/// Token ids and mask on a device, both `[texts, tokens]`.
pub fn token_tensors(batch: &TokenBatch, device: &Device) -> (Tensor<2, Int>, Tensor<2>) {
    let rows = batch.ids.len();
    let width = batch.ids.first().map_or(0, Vec::len);
    let ids: Vec<i32> = batch.ids.iter().flatten().map(|&id| id as i32).collect();
    let mask: Vec<f32> = batch.mask.iter().flatten().map(|&m| m as f32).collect();
    (
        Tensor::from_data(TensorData::new(ids, [rows, width]), device),
        Tensor::from_data(TensorData::new(mask, [rows, width]), device),
    )
}

impl Session {
    /// Loads a bundle onto a device.
    ///
    /// # Errors
    /// When the bundle's parts do not fit each other.
    pub fn load(bundle: &Bundle, device: Device, device_info: DeviceInfo) -> Result<Self> {
        let info = bundle.info();
        let session = Self::load_ungated(bundle, device, device_info)?;
        let gate = bundle.gate().map(|bytes| Gate::from_bytes(bytes, &info.sha256)).transpose()?;
        Ok(Self { gate, ..session })
    }

    /// Loads a bundle without its gate: to fit another one, even where the old one is of no use.
    ///
    /// # Errors
    /// When the bundle's parts do not fit each other.
    pub fn load_ungated(bundle: &Bundle, device: Device, device_info: DeviceInfo) -> Result<Self> {
        let config = bundle.config()?;
        let tokenizer = ReportTokenizer::from_bytes(bundle.tokenizer()?)?;
        let mut model = G2d::new(&config, &device)?;
        load_tensors(&mut model, &bundle.weights())?;
        Self::from_parts(model, config, tokenizer, device, device_info, bundle.info())
    }

    /// Takes over a model that is in memory already; it has no gate.
    ///
    /// # Errors
    /// When the tokenizer has more words than the model.
    pub fn from_parts(
        model: G2d,
        config: G2dConfig,
        tokenizer: ReportTokenizer,
        device: Device,
        device_info: DeviceInfo,
        model_info: ModelInfo,
    ) -> Result<Self> {
        if tokenizer.vocab_size() > config.text.vocab_size {
            return Err(Error::weights(
                "G2D-W09",
                format!(
                    "The tokenizer has {} words, the model {}",
                    tokenizer.vocab_size(),
                    config.text.vocab_size
                ),
                "Use the tokenizer.json that belongs to these weights",
            ));
        }
        let model = model.valid();
        let (gate, overruled) = (None, false);
        Ok(Self { model, config, tokenizer, device, device_info, model_info, gate, overruled })
    }

    /// Which weights these are.
    pub fn model_info(&self) -> &ModelInfo {
        &self.model_info
    }

    /// What computes.
    pub fn device_info(&self) -> &DeviceInfo {
        &self.device_info
    }

    /// The model's configuration.
    pub fn config(&self) -> &G2dConfig {
        &self.config
    }

    /// Sends an image through the network.
    ///
    /// # Errors
    /// When the film cannot be brought to the network's size, or the device fails.
    pub async fn encode_image(&self, film: &Film) -> Result<EncodedImage> {
        let started = Instant::now();
        let size = self.config.image.input_size;
        let image = self.prepare(film)?;
        let values = normalise(&image.input, &self.config.image);
        let prepared = milliseconds(started);

        let started = Instant::now();
        let tensor = Tensor::from_data(TensorData::new(values, [1, 3, size, size]), &self.device);
        let features = self.model.encode_image(tensor);
        let verdict = self.judge(&image, &features).await?;
        let PreparedImage { geometry, input } = image;
        let [_, heads, h, w] = features.attention.dims();
        // Several masks, one a head, are shown as their mean.
        let logits = self.model.decode(&features).mean_dim(1);
        let attention = read(features.attention.clone()).await?;
        let logits = read(logits).await?;
        let probabilities = logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
        let decoder = Raster::from_vec(size, size, probabilities)?;
        let attention = Attention { heads, side_h: h, side_w: w, data: &attention };
        let pseudo = pseudo_mask::pseudo_mask(&attention, &input, &self.config.pseudo_mask);
        let encoded = milliseconds(started);

        Ok(EncodedImage {
            features,
            verdict,
            geometry,
            input,
            pseudo,
            decoder,
            width: film.pixels.width,
            height: film.pixels.height,
            timings_ms: BTreeMap::from([("prepare".into(), prepared), ("image".into(), encoded)]),
        })
    }

    /// Finds where each sentence of a report points on an encoded image.
    ///
    /// On an image that the gate refuses no sentence is looked for, unless it was overruled.
    ///
    /// # Errors
    /// When the report is empty or too long, or the device fails.
    pub async fn ground(&self, image: &EncodedImage, report: &str) -> Result<Grounded> {
        self.ground_with(image, report, self.config.grounding.source).await
    }

    /// The same with another source of the maps.
    ///
    /// # Errors
    /// As [`Self::ground`]; also when this model does not have the source.
    pub async fn ground_with(
        &self,
        image: &EncodedImage,
        report: &str,
        source: MapSource,
    ) -> Result<Grounded> {
        let mut timings_ms = image.timings_ms.clone();
        let started = Instant::now();
        let report = parse_report(report)?;
        let (status, warnings) = self.gate_says(image);
        let wanted: Vec<usize> = (0..report.sentences.len())
            .filter(|&i| {
                let s = &report.sentences[i];
                status != Status::Refused && s.visual && s.assertion != Assertion::Absent
            })
            .collect();
        let texts: Vec<&str> = wanted.iter().map(|&i| report.sentences[i].text.as_str()).collect();
        let found = self.maps(image, &texts, source).await?;
        timings_ms.insert("text".into(), milliseconds(started));

        let started = Instant::now();
        let mut maps: Vec<Option<Raster>> = vec![None; report.sentences.len()];
        for (i, map) in wanted.into_iter().zip(found) {
            maps[i] = Some(map);
        }
        let mut masks = Vec::with_capacity(maps.len());
        let mut sentences = Vec::with_capacity(maps.len());
        for (sentence, map) in report.sentences.iter().zip(&maps) {
            let mask = map.as_ref().and_then(|map| self.mask(image, map));
            sentences.push(self.sentence(sentence, map.as_ref(), mask.as_ref()));
            masks.push(mask);
        }
        let back = |mask: &Mask| grounding::encode_rle(&image.geometry.mask_back(mask));
        let pseudo_mask = back(&image.pseudo.target.above(DECODER_CUT));
        let decoder_mask = back(&image.decoder.above(DECODER_CUT));
        timings_ms.insert("ground".into(), milliseconds(started));

        let outcome = Outcome {
            schema_version: SCHEMA_VERSION,
            notice: NOTICE.into(),
            status,
            warnings,
            model: self.model_info.clone(),
            device: self.device_info.clone(),
            image: ImageInfo { width: image.width as u32, height: image.height as u32 },
            sentences,
            pseudo_mask,
            decoder_mask,
            timings_ms,
        };
        Ok(Grounded {
            outcome,
            maps,
            masks,
            pseudo: image.pseudo.clone(),
            decoder: image.decoder.clone(),
            geometry: image.geometry.clone(),
        })
    }

    /// The input-sized cosine map of each text; outside the body it is lowered to its minimum,
    /// since nothing is found in the air.
    ///
    /// # Errors
    /// When this model does not have the source, or the device fails.
    pub async fn maps(
        &self,
        image: &EncodedImage,
        texts: &[&str],
        source: MapSource,
    ) -> Result<Vec<Raster>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let features = &image.features;
        let (values, [h, w]) = if source == MapSource::Attention {
            let mean = features.attention.clone().mean_dim(1);
            let [_, _, h, w] = mean.dims();
            let values = read(mean).await?;
            (values.repeat(texts.len()), [h, w])
        } else {
            let dense = self.dense(features, source)?;
            let [_, _, h, w] = dense.dims();
            let tokens = self.tokenizer.encode_batch(texts, self.config.text.max_tokens)?;
            let (ids, mask) = token_tensors(&tokens, &self.device);
            let embeddings = self.model.encode_text(ids, mask, true);
            (read(G2d::similarity(dense, embeddings)).await?, [h, w])
        };
        let maps = values.chunks_exact(h * w);
        maps.map(|map| self.full_map(map.to_vec(), [h, w], source, &image.pseudo.body)).collect()
    }

    /// The mask of a map in original pixels.
    ///
    /// The level is found on the map as it is; the cut is made after the map was brought to the
    /// film's own pixels, so that edges are smooth there.
    fn mask(&self, image: &EncodedImage, map: &Raster) -> Option<Mask> {
        let level = grounding::mask_level(map, &self.config.grounding)?;
        let full = image.geometry.map_back(map, map.range().0);
        let rule =
            GroundingConfig { rule: MaskRule::Absolute, level, ..self.config.grounding.clone() };
        grounding::to_mask(&full, &rule)
    }

    fn sentence(
        &self,
        sentence: &Sentence,
        map: Option<&Raster>,
        mask: Option<&Mask>,
    ) -> SentenceOutcome {
        SentenceOutcome {
            text: sentence.text.clone(),
            start: sentence.start,
            end: sentence.end,
            section: sentence.section.clone(),
            assertion: sentence.assertion,
            score: map.map(|map| map.range().1),
            mask: mask.map(grounding::encode_rle),
            regions: mask
                .map(|m| grounding::regions(m, &self.config.grounding))
                .unwrap_or_default(),
        }
    }
}
