//! What the page knows. Plain data: no handle of the browser, so that every change is tested on
//! the host.

use std::rc::Rc;

use super::outcome::Outcome;
use crate::protocol::{Choice, DeviceInfo, Look, ModelInfo, Request};

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What the address asked for.
    pub options: Options,
    /// The worker.
    pub engine: Engine,
    /// When the worker was last started again by itself, milliseconds on the page's clock.
    pub restarted_at: Option<f64>,
    /// What is being done, for the live region.
    pub stage: String,
    /// Bytes of the model.
    pub progress: Option<Progress>,
    /// Where the film came from, so that a new worker can be given it again.
    pub source: Option<Source>,
    /// Number of the newest image; answers about older ones are ignored.
    pub image: u64,
    /// The film, once the worker has decoded it.
    pub film: Option<FilmView>,
    /// What is really there, for synthetic patients.
    pub truth: Vec<Truth>,
    /// The report as it stands in the text area.
    pub report: String,
    /// Ground as soon as film and model are there.
    pub wanted: bool,
    /// Number of the newest job.
    pub last_job: u64,
    /// The job under way.
    pub job: Option<u64>,
    /// The last result.
    pub result: Option<ResultView>,
    /// How it is shown.
    pub view: View,
    /// What went wrong last, until it is dismissed or the next thing goes right.
    pub problem: Option<Problem>,
}

/// What the address asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// `?backend=`.
    pub backend: Choice,
    /// `?debug=1`: keep raw numbers for tests.
    pub debug: bool,
}

/// The worker's condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Engine {
    /// The program is being fetched and started.
    Booting,
    /// It listens; device and model are on their way.
    Loading,
    /// It can ground.
    Ready(Rc<Ready>),
    /// It listens but has no model.
    NoModel,
    /// It does not run.
    Dead,
}

/// What a ready worker said about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// What computes, and why.
    pub device: DeviceInfo,
    /// Which weights.
    pub model: ModelInfo,
    /// Milliseconds to the loaded model.
    pub load_ms: f64,
    /// Milliseconds of the warm-up run.
    pub warmup_ms: f64,
}

/// Bytes of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Read so far.
    pub loaded: u64,
    /// In all.
    pub total: u64,
    /// Whether they came from the browser's cache.
    pub from_cache: bool,
}

/// Where a film came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file of the user; only its bytes are kept, not its name.
    File(Rc<Vec<u8>>),
    /// A synthetic patient.
    Phantom {
        /// Seed of the series.
        seed: u64,
        /// Place in the series.
        index: u64,
    },
}

/// One byte a pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The pixels.
    pub data: Rc<Vec<u8>>,
}

/// The film as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmView {
    /// Grey levels, sized for the screen.
    pub picture: Picture,
    /// Pixels in a row of the film itself.
    pub width: usize,
    /// Rows of the film itself.
    pub height: usize,
    /// Bits a pixel.
    pub bits: u8,
}

/// One true finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Its name.
    pub name: String,
    /// Its mask, sized as the film is drawn.
    pub mask: Picture,
}

/// A result and what is drawn of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultView {
    /// The job that gave it.
    pub job: u64,
    /// The outcome as the worker wrote it; this is what is downloaded.
    pub json: Rc<String>,
    /// The same, read.
    pub outcome: Rc<Outcome>,
    /// What to call files made from it.
    pub name: String,
    /// One layer a sentence.
    pub layers: Rc<Vec<Layer>>,
    /// Which of them are shown.
    pub shown: Vec<bool>,
    /// The stages of the second tab.
    pub looks: Rc<Vec<LookView>>,
}

/// What is drawn for one sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its colour, red, green, blue.
    pub colour: [u8; 3],
    /// Its mask.
    pub mask: Option<Picture>,
    /// Its map: 0 outside of the network's view, else 1 to 255.
    pub heat: Option<Picture>,
    /// The cosines that 1 and 255 stand for.
    pub range: [f32; 2],
}

/// A stage of the second tab.
#[derive(Debug, Clone, PartialEq)]
pub struct LookView {
    /// Which.
    pub look: Look,
    /// 0 to 255.
    pub picture: Picture,
    /// The values that 0 and 255 stand for.
    pub range: [f32; 2],
    /// Where the map was cut.
    pub cut: Option<f32>,
}

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Which tab.
    pub tab: Tab,
    /// Masks or a heat map.
    pub mode: Mode,
    /// Opacity of the fill, in [0, 1].
    pub opacity: f32,
    /// Whether true outlines are drawn.
    pub truth: bool,
    /// The sentence under the pointer or the keyboard's focus.
    pub hover: Option<usize>,
    /// The sentence whose heat map is shown.
    pub active: Option<usize>,
}

/// The tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Where each sentence points.
    Sentences,
    /// What the network attends to.
    Looks,
}

/// What is laid over the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The masks of all shown sentences.
    Masks,
    /// The raw map of one sentence.
    Heat,
}

/// What went wrong, in the three parts that every error has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Whether starting the worker again may help.
    pub retry: bool,
}

impl Problem {
    /// An error that the page itself found.
    pub fn new(code: &str, message: &str, remedy: &str) -> Self {
        Self { code: code.into(), message: message.into(), remedy: remedy.into(), retry: false }
    }
}

/// What the page has to do after a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this to the worker, with a buffer if there is one.
    Send(Request, Option<Rc<Vec<u8>>>),
    /// End the worker and start a new one.
    StartWorker,
}

impl State {
    /// The page before anything happened.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            engine: Engine::Booting,
            restarted_at: None,
            stage: "Starting".into(),
            progress: None,
            source: None,
            image: 0,
            film: None,
            truth: Vec::new(),
            report: String::new(),
            wanted: false,
            last_job: 0,
            job: None,
            result: None,
            view: View {
                tab: Tab::Sentences,
                mode: Mode::Masks,
                opacity: 0.35,
                truth: false,
                hover: None,
                active: None,
            },
            problem: None,
        }
    }

    /// Whether a job runs or waits for film or model.
    pub fn busy(&self) -> bool {
        self.job.is_some() || self.wanted
    }
}
