//! The messages between the page and its worker: the only place where they have names.
//!
//! A message is JSON plus numbered byte buffers ("blobs"), because pictures are too large for
//! JSON. Each message names its blobs by their number; [`Plane`] is a picture kept in one.

use serde::{Deserialize, Serialize};

/// Version of these messages. The page and the worker are built together, so a difference means
/// that the browser mixed an old file with a new one.
pub const PROTOCOL: u32 = 1;

/// Side in pixels of a synthetic film.
pub const PHANTOM_SIZE: usize = 256;

/// Files above this are refused before they are read; the worker's own limit is the same.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// Which back end the user asks for, `?backend=` in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// WebGPU on a hardware adapter, else the CPU.
    Auto,
    /// WebGPU or an error, be the adapter hardware or software.
    WebGpu,
    /// The CPU.
    Cpu,
}

impl Choice {
    /// Reads the value of `?backend=`; anything unknown leaves the choice to the worker.
    pub fn from_query(value: Option<&str>) -> Self {
        match value {
            Some("webgpu") => Self::WebGpu,
            Some("cpu") => Self::Cpu,
            _ => Self::Auto,
        }
    }
}

/// What the page asks of the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Choose a device, load the model, warm up. Answered by `Ready` or `Failed`.
    Start {
        /// Which back end.
        backend: Choice,
    },
    /// Decode the image file in blob 0. Answered by `ImageReady` or `Failed`.
    SetImage {
        /// Number of the image, given by the page.
        image: u64,
    },
    /// Draw a synthetic patient and take its film. Answered by `PhantomReady` or `Failed`.
    NewPhantom {
        /// Number of the image, given by the page.
        image: u64,
        /// Seed of the series.
        seed: u64,
        /// Place in the series.
        index: u64,
        /// Side of the film in pixels.
        size: usize,
    },
    /// Ground each sentence of a report on the film. Answered by `Result` or `Failed`.
    Ground {
        /// Number of this job, given by the page.
        job: u64,
        /// The image it is for.
        image: u64,
        /// The report.
        report: String,
        /// Send the raw maps and the full-size masks as well (tests compare them with the CLI's).
        raw: bool,
    },
    /// Give up the job under way at the next point where that can be done.
    Cancel,
    /// Drop the film, the report and everything made of them.
    Forget,
}

/// What the worker tells the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The worker runs and listens; messages sent earlier would be lost.
    Hello {
        /// The worker's [`PROTOCOL`].
        protocol: u32,
    },
    /// What is being done, in words for the user.
    Stage {
        /// One short sentence without a final stop.
        text: String,
    },
    /// Bytes of the model so far.
    Progress {
        /// Bytes read.
        loaded: u64,
        /// Bytes in all.
        total: u64,
        /// Whether the browser took the last file from its own cache.
        from_cache: bool,
    },
    /// The model is loaded and has run once.
    Ready {
        /// What computes, and why.
        device: DeviceInfo,
        /// Which weights.
        model: ModelInfo,
        /// Milliseconds from the start to the loaded model.
        load_ms: f64,
        /// Milliseconds of the warm-up run.
        warmup_ms: f64,
    },
    /// The image file was decoded.
    ImageReady {
        /// Number of the image.
        image: u64,
        /// Its picture and size.
        film: FilmPlane,
    },
    /// A synthetic patient was drawn.
    PhantomReady {
        /// Number of the image.
        image: u64,
        /// Its picture and size.
        film: FilmPlane,
        /// The report that was written with it.
        report: String,
        /// What is really there.
        truth: Vec<TruthPlane>,
    },
    /// A report was grounded.
    Result {
        /// Number of the job.
        job: u64,
        /// The outcome as JSON, in the command line's format.
        outcome: String,
        /// What to call files made from it: depends on the outcome alone.
        name: String,
        /// For each sentence, in order, what to draw.
        sentences: Vec<SentencePlanes>,
        /// What the network attends to, whatever the report says.
        looks: Vec<LookPlane>,
        /// Raw numbers, when they were asked for.
        raw: Option<RawBlobs>,
    },
    /// Something could not be done.
    Failed {
        /// What it was.
        subject: Subject,
        /// A stable code, for example `G2D-I03`.
        code: String,
        /// What happened, one sentence without a final stop.
        message: String,
        /// What to do, one sentence without a final stop.
        remedy: String,
        /// Whether this worker can go on.
        fatal: bool,
    },
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Subject {
    /// The device or the model.
    Start,
    /// An image.
    Image {
        /// Its number.
        image: u64,
    },
    /// A grounding job.
    Job {
        /// Its number.
        job: u64,
    },
    /// The worker itself.
    Worker,
}

/// What computes, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// `cpu` or `webgpu`.
    pub backend: String,
    /// The adapter's name as the browser gives it.
    pub name: String,
    /// Why this device was chosen.
    pub reason: String,
}

/// Which weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The bundle's name.
    pub name: String,
    /// Preset of the architecture.
    pub preset: String,
    /// SHA-256 of the weights, lower-case hexadecimal.
    pub sha256: String,
}

/// A grey or binary picture in a blob, one byte a pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plane {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Number of the blob.
    pub blob: usize,
}

/// A film as it is drawn, with its true size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilmPlane {
    /// Grey levels, sized for the screen.
    pub plane: Plane,
    /// Pixels in a row of the film itself.
    pub width: usize,
    /// Rows of the film itself.
    pub height: usize,
    /// Bits a pixel.
    pub bits: u8,
}

/// One true finding of a synthetic patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthPlane {
    /// Its name, for example `effusion`.
    pub name: String,
    /// Its mask, sized as the film is drawn.
    pub mask: Plane,
}

/// What to draw for one sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SentencePlanes {
    /// Its colour, red, green, blue.
    pub colour: [u8; 3],
    /// Its mask, sized as the film is drawn.
    pub mask: Option<Plane>,
    /// Its map: 0 where the network did not look, else 1 (lowest) to 255 (highest).
    pub heat: Option<Plane>,
    /// The cosines that 1 and 255 stand for.
    pub range: [f32; 2],
}

/// A picture of what the network attends to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LookPlane {
    /// Which stage.
    pub look: Look,
    /// 0 (lowest) to 255 (highest).
    pub plane: Plane,
    /// The values that 0 and 255 stand for.
    pub range: [f32; 2],
    /// Where the map was cut, for the threshold stage.
    pub cut: Option<f32>,
}

/// The stages of the second tab, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// The film as it enters the network.
    Input,
    /// The attention of the pool, heads averaged.
    Attention,
    /// The same at the size of the input.
    Upsampled,
    /// What counts as body.
    Body,
    /// What lies above the threshold.
    Threshold,
    /// The smoothed pseudo mask, the decoder's target in training.
    Target,
    /// What the decoder predicts.
    Decoder,
}

/// Raw numbers for tests: little-endian `f32` maps in network-input pixels, full-size masks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawBlobs {
    /// One map a sentence, none for a negated one.
    pub maps: Vec<Option<usize>>,
    /// One mask a sentence, a byte a pixel of the film.
    pub masks: Vec<Option<usize>>,
    /// The pseudo mask after smoothing.
    pub pseudo: usize,
    /// The decoder's probabilities.
    pub decoder: usize,
}

/// Blobs while a message is put together.
#[derive(Debug, Default)]
pub struct Blobs(pub Vec<Vec<u8>>);

impl Blobs {
    /// Adds a buffer and gives its number.
    pub fn add(&mut self, bytes: Vec<u8>) -> usize {
        self.0.push(bytes);
        self.0.len() - 1
    }

    /// Adds numbers as little-endian bytes.
    pub fn add_f32(&mut self, values: &[f32]) -> usize {
        self.add(values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_json() {
        let requests = [
            Request::Start { backend: Choice::WebGpu },
            Request::Ground { job: 3, image: 2, report: "No effusion.\n\"x\"".into(), raw: true },
            Request::Forget,
        ];
        for request in requests {
            let json = serde_json::to_string(&request).unwrap();
            assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
        }
        let event = Event::Failed {
            subject: Subject::Job { job: 7 },
            code: "G2D-I20".into(),
            message: "The report is empty".into(),
            remedy: "Write a sentence".into(),
            fatal: false,
        };
        let json = serde_json::to_string(&event).unwrap();
        assert!(json.contains("\"about\":\"job\"") && json.contains("G2D-I20"));
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }

    #[test]
    fn an_unknown_backend_is_left_to_the_worker() {
        assert_eq!(Choice::from_query(Some("webgpu")), Choice::WebGpu);
        assert_eq!(Choice::from_query(Some("cpu")), Choice::Cpu);
        assert_eq!(Choice::from_query(Some("cuda")), Choice::Auto);
        assert_eq!(Choice::from_query(None), Choice::Auto);
    }

    #[test]
    fn floats_are_little_endian() {
        let mut blobs = Blobs::default();
        assert_eq!(blobs.add_f32(&[1.0]), 0);
        assert_eq!(blobs.0[0], [0, 0, 128, 63]);
    }
}
