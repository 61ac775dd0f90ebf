//! Where studies come from: a pack, the pairs of a manifest, or phantoms drawn on the fly.

use std::{collections::BTreeMap, path::Path, sync::OnceLock};

use anyhow::{Context, Result, bail};
use g2d_core::{
    config::{BodyRule, ImageConfig},
    image::{Geometry, Limits, decode},
    outcome::Assertion,
    phantom::{self, PhantomConfig},
    pseudo_mask::body_mask,
    raster::{Mask, Raster},
    text::{parse_report, training_text, wordpiece_json},
};

use super::{
    manifest::{self, Pair},
    pack::Pack,
};
use crate::config::DataConfig;

/// Words of the texts that get a token of their own, most frequent first.
const MAX_WORDS: usize = 8_000;

/// Validation phantoms have the run's seed plus this: a series that training never draws from.
pub const HELD_OUT: u64 = 1_000_003;

/// One study before random changes and before the crop.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Its name in the data, for messages about it.
    pub id: String,
    /// In [0, 1], `resize_to` square.
    pub image: Raster,
    /// Where the body is.
    pub body: Mask,
    /// What the report says.
    pub words: Words,
}

/// What a report says, as training reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The cleaned report.
    pub report: String,
    /// The sentences that say something is there.
    pub sentences: Vec<String>,
    /// The sentences that say something may be there.
    pub hedged: Vec<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        // A report without a sentence about the film still has its text for the global loss.
        let parsed = parse_report(text).map(|parsed| parsed.sentences).unwrap_or_default();
        let that_are = |assertion| {
            let of = parsed.iter().filter(move |s| s.visual && s.assertion == assertion);
            of.map(|s| s.text.clone()).collect()
        };
        Self {
            report: training_text(None, None, Some(text)),
            sentences: that_are(Assertion::Present),
            hedged: that_are(Assertion::Uncertain),
        }
    }
}

/// A film in memory: 8 bits a pixel.
struct Kept {
    image: Vec<u8>,
    body: Mask,
}

enum Origin {
    Phantoms {
        seed: u64,
        config: PhantomConfig,
    },
    Pairs(Vec<Pair>),
    /// The pack and the rows of the split.
    Pack(Box<Pack>, Vec<usize>),
}

/// All studies of a run; each is made once and kept, unless a pack keeps it already.
pub struct Source {
    origin: Origin,
    image: ImageConfig,
    body: BodyRule,
    films: Vec<OnceLock<Kept>>,
    words: Vec<OnceLock<Words>>,
    beside: Option<Box<Source>>,
}

impl Source {
    /// The studies to train on.
    ///
    /// # Errors
    /// When the data cannot be read or its split is empty.
    pub fn new(data: &DataConfig, seed: u64, image: &ImageConfig, body: BodyRule) -> Result<Self> {
        let origin = match Origin::split(data, &data.split)? {
            Some(origin) => origin,
            None => Origin::Phantoms { seed, config: data.phantom.clone() },
        };
        let count = match &origin {
            Origin::Phantoms { .. } => data.phantoms,
            other => other.len(),
        };
        if count == 0 {
            bail!("The data has no row in the split {:?}; set data.split", data.split);
        }
        let mut source = Self::of(origin, count, image, body);
        if let Some(path) = &data.beside {
            let origin = if path.is_dir() {
                Origin::of_pack(path, &data.split)?
            } else {
                Origin::Pairs(read_split(path, &data.split)?)
            };
            let count = origin.len();
            if count == 0 {
                bail!("{} has no row in the split {:?}", path.display(), data.split);
            }
            source.beside = Some(Box::new(Self::of(origin, count, image, body)));
        }
        Ok(source)
    }

    /// The studies to validate on, at most `count`; none where the data has no such split.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub fn validation(
        data: &DataConfig,
        seed: u64,
        image: &ImageConfig,
        body: BodyRule,
        count: usize,
    ) -> Result<Option<Self>> {
        let origin = match Origin::split(data, &data.validation_split)? {
            Some(origin) => origin,
            None => Origin::Phantoms { seed: seed + HELD_OUT, config: data.phantom.clone() },
        };
        let count = match &origin {
            Origin::Phantoms { .. } => count,
            other => other.len().min(count),
        };
        Ok((count > 1).then(|| Self::of(origin, count, image, body)))
    }

    fn of(origin: Origin, count: usize, image: &ImageConfig, body: BodyRule) -> Self {
        // The square before the crop: a random crop needs what the centre would throw away.
        let image = ImageConfig { input_size: image.resize_to, ..image.clone() };
        let films = (0..count).map(|_| OnceLock::new()).collect();
        let words = (0..count).map(|_| OnceLock::new()).collect();
        Self { origin, image, body, films, words, beside: None }
    }

    /// Number of studies.
    pub fn len(&self) -> usize {
        self.films.len()
    }

    /// Number of studies beside the main data, whose indices follow on its own; none without.
    pub fn beside(&self) -> Option<usize> {
        self.beside.as_ref().map(|other| other.len())
    }

    /// Where a study lies that is not of the main data.
    fn guest(&self, index: usize) -> Option<(&Self, usize)> {
        let other = self.beside.as_deref().filter(|_| index >= self.len())?;
        Some((other, index - self.len()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.films.is_empty()
    }

    /// Side of the square images.
    pub fn side(&self) -> usize {
        self.image.resize_to
    }

    /// The name of a study in its data.
    pub fn id(&self, index: usize) -> String {
        if let Some((other, index)) = self.guest(index) {
            return other.id(index);
        }
        let index = index % self.len();
        match &self.origin {
            Origin::Phantoms { seed, .. } => format!("phantom {seed}/{index}"),
            Origin::Pairs(pairs) => pairs[index].image.display().to_string(),
            Origin::Pack(pack, rows) => pack.row(rows[index]).id.clone(),
        }
    }

    /// One study.
    ///
    /// # Errors
    /// When its image or report cannot be used; the row and the reason are named.
    pub fn get(&self, index: usize) -> Result<Study> {
        if let Some((other, index)) = self.guest(index) {
            return other.get(index);
        }
        let index = index % self.len();
        let id = self.id(index);
        if let Origin::Pack(pack, rows) = &self.origin {
            let row = rows[index];
            let words = self.words[index].get_or_init(|| Words::of(&pack.row(row).text)).clone();
            let (image, body) = self.unpack(pack, row)?;
            return Ok(Study { id, image, body, words });
        }
        let slot = &self.films[index];
        if slot.get().is_none() {
            let (film, words) = self.make(index)?;
            self.words[index].get_or_init(|| words);
            slot.get_or_init(|| film);
        }
        let (Some(kept), Some(words)) = (slot.get(), self.words[index].get()) else {
            bail!("Study {} was not kept (please report this)", index + 1);
        };
        let image = self.square(&kept.image)?;
        Ok(Study { id, image, body: kept.body.clone(), words: words.clone() })
    }

    fn square(&self, pixels: &[u8]) -> Result<Raster> {
        let data = pixels.iter().map(|&v| f32::from(v) / 255.0).collect();
        Ok(Raster::from_vec(self.side(), self.side(), data)?)
    }

    /// A film of the pack at the size that the model wants.
    fn unpack(&self, pack: &Pack, row: usize) -> Result<(Raster, Mask)> {
        let (pixels, body) = (pack.pixels(row), pack.body(row));
        if pack.side() == self.side() {
            return Ok((self.square(pixels)?, body));
        }
        let data = pixels.iter().map(|&v| f32::from(v) / 255.0).collect();
        let film = Raster::from_vec(pack.side(), pack.side(), data)?;
        // It was cropped when it was packed.
        let whole = ImageConfig { crop_tolerance: None, ..self.image.clone() };
        let geometry = Geometry::plan(&film, &whole)?;
        Ok((geometry.apply(&film), geometry.mask_forward(&body)))
    }

    fn make(&self, index: usize) -> Result<(Kept, Words)> {
        let (pixels, report) = match &self.origin {
            Origin::Pairs(pairs) => {
                let pair = &pairs[index];
                let context =
                    || format!("Study {} of the manifest: {}", index + 1, pair.image.display());
                let bytes = std::fs::read(&pair.image).with_context(context)?;
                let film = decode(&bytes, &Limits::default()).with_context(context)?;
                (film.levels().into_owned(), pair.text.clone())
            }
            Origin::Phantoms { seed, config } => {
                let study = phantom::generate(*seed, index as u64, config);
                (study.image, study.report)
            }
            Origin::Pack(..) => bail!("A packed study is not drawn (please report this)"),
        };
        let image = Geometry::plan(&pixels, &self.image)?.apply(&pixels);
        let kept = Kept {
            body: body_mask(&image, self.body),
            image: image.data.iter().map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8).collect(),
        };
        Ok((kept, Words::of(&report)))
    }

    /// A tokenizer for these studies' texts: the phantoms' whole grammar, or the most frequent
    /// words of the data; other words fall into letters.
    ///
    /// # Errors
    /// When the vocabulary cannot be built.
    pub fn tokenizer(&self) -> Result<Vec<u8>> {
        let words = match &self.origin {
            Origin::Phantoms { .. } => phantom::vocabulary(),
            Origin::Pairs(pairs) => frequent_words(pairs.iter().map(|p| p.text.as_str())),
            Origin::Pack(pack, rows) => {
                frequent_words(rows.iter().map(|&row| pack.row(row).text.as_str()))
            }
        };
        Ok(wordpiece_json(&words, true)?)
    }
}

impl Origin {
    /// The rows of a split of a pack or a manifest; none for phantoms, which have no splits.
    fn split(data: &DataConfig, split: &str) -> Result<Option<Self>> {
        if let Some(folder) = &data.pack {
            return Ok(Some(Self::of_pack(folder, split)?));
        }
        data.manifest.as_deref().map(|path| Ok(Self::Pairs(read_split(path, split)?))).transpose()
    }

    fn of_pack(folder: &Path, split: &str) -> Result<Self> {
        let pack = Pack::open(folder)?;
        let rows = (0..pack.len()).filter(|&row| pack.row(row).split == split).collect();
        Ok(Self::Pack(Box::new(pack), rows))
    }

    fn len(&self) -> usize {
        match self {
            Self::Phantoms { .. } => 0,
            Self::Pairs(pairs) => pairs.len(),
            Self::Pack(_, rows) => rows.len(),
        }
    }
}

fn read_split(path: &Path, split: &str) -> Result<Vec<Pair>> {
    let pairs = manifest::read(path)?;
    Ok(pairs.into_iter().filter(|p| p.split.as_deref().unwrap_or("train") == split).collect())
}

fn frequent_words<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let mut words: Vec<(String, usize)> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(MAX_WORDS);
    words.into_iter().map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_most_frequent_first() {
        let words = frequent_words(["No effusion.", "Right effusion, no nodule"].into_iter());
        assert_eq!(words, ["effusion", "no", "nodule", "right"]);
    }

    #[test]
    fn a_phantom_study_has_text_and_sentences() {
        let data = DataConfig {
            phantoms: 12,
            phantom: PhantomConfig { size: 64, ..Default::default() },
            ..Default::default()
        };
        let image = ImageConfig { resize_to: 64, input_size: 64, ..Default::default() };
        let source = Source::new(&data, 3, &image, BodyRule::Auto).unwrap();
        let studies: Vec<Study> = (0..source.len()).map(|i| source.get(i).unwrap()).collect();
        assert!(
            studies.iter().all(|s| s.image.data.len() == 64 * 64 && !s.words.report.is_empty())
        );
        assert!(studies.iter().any(|s| !s.words.sentences.is_empty()));
        assert_eq!(source.get(3).unwrap(), studies[3]);
    }
}
