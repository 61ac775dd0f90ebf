//! Does what the page asks, one grounding at a time.

use std::cell::RefCell;
use std::rc::Rc;

use g2d_core::error::{Error, Result};
use g2d_core::image::{Film, Limits, decode};
use g2d_core::outcome::{DeviceInfo, ModelInfo};
use g2d_core::phantom::{PhantomConfig, generate};
use g2d_core::session::{EncodedImage, Session};
use wasm_bindgen_futures::spawn_local;

use crate::failure::failed;
use crate::{answer, device, link, loader};
use g2d_web::protocol::{self, Blobs, Choice, Event, Request, Subject};

/// One sentence that has to be looked for, so that the text encoder runs as well.
const WARM_UP_REPORT: &str = "There is a right pleural effusion.";

/// The film under work. The encoding is kept, so that a second report costs only its own text.
struct Case {
    image: u64,
    film: Rc<Film>,
    decode_ms: f64,
    encoded: Option<Rc<EncodedImage>>,
}

struct Job {
    job: u64,
    image: u64,
    report: String,
    raw: bool,
}

#[derive(Default)]
struct Engine {
    session: Option<Rc<Session>>,
    case: Option<Case>,
    /// The newest job that waits; an older one that still waits is given up.
    waiting: Option<Job>,
    /// Whether a job runs. Never two at once: reads of one device must not overlap.
    busy: bool,
    /// Rises with every cancel, so that a job under way sees that it is no longer wanted.
    cancelled: u64,
}

type Shared = Rc<RefCell<Engine>>;

/// Starts the worker: listens to the page for as long as it lives.
pub(crate) fn start() {
    link::report_panics();
    let engine = Shared::default();
    link::listen(move |request, blobs| handle(&engine, request, blobs));
}

fn handle(engine: &Shared, request: Request, blobs: Vec<Vec<u8>>) {
    match request {
        Request::Start { backend } => {
            let engine = engine.clone();
            spawn_local(async move {
                if let Err(error) = load(&engine, backend).await {
                    link::post(&failed(Subject::Start, &error));
                }
            });
        }
        Request::SetImage { image } => {
            if let Err(error) = set_image(engine, image, &blobs) {
                link::post(&failed(Subject::Image { image }, &error));
            }
        }
        Request::NewPhantom { image, seed, index, size } => {
            new_phantom(engine, image, seed, index, size);
        }
        Request::Ground { job, image, report, raw } => {
            engine.borrow_mut().waiting = Some(Job { job, image, report, raw });
            spawn_local(work(engine.clone()));
        }
        Request::Cancel => {
            let mut engine = engine.borrow_mut();
            engine.waiting = None;
            engine.cancelled += 1;
        }
        Request::Forget => {
            let mut engine = engine.borrow_mut();
            engine.waiting = None;
            engine.case = None;
            engine.cancelled += 1;
        }
    }
}

async fn load(engine: &Shared, backend: Choice) -> Result<()> {
    let begin = link::now();
    link::stage("Looking for a device");
    let (device, info) = device::open(backend).await?;
    let bundle = loader::bundle().await?;
    link::stage("Loading the model");
    link::breathe().await;
    let session = Session::load(&bundle, device, info.clone())?;
    // Weights now live on the device; the files would only take room.
    drop(bundle);
    let load_ms = link::now() - begin;

    link::stage("Warming up: a first run on a synthetic film");
    link::breathe().await;
    let begin = link::now();
    warm_up(&session).await?;
    let DeviceInfo { backend, name, reason } = info;
    let ModelInfo { name: bundle, preset, sha256 } = session.model_info().clone();
    link::post(&Event::Ready {
        device: protocol::DeviceInfo { backend, name, reason },
        model: protocol::ModelInfo { name: bundle, preset, sha256 },
        load_ms,
        warmup_ms: link::now() - begin,
    });
    engine.borrow_mut().session = Some(Rc::new(session));
    Ok(())
}

/// Shaders are compiled and memory is taken on the first run; the user's film should not pay.
async fn warm_up(session: &Session) -> Result<()> {
    let study = generate(0, 0, &PhantomConfig::default());
    let film = Film { pixels: study.image, bits: 8, format: "phantom" };
    let encoded = session.encode_image(&film).await?;
    session.ground(&encoded, WARM_UP_REPORT).await?;
    Ok(())
}

fn set_image(engine: &Shared, image: u64, blobs: &[Vec<u8>]) -> Result<()> {
    engine.borrow_mut().case = None;
    let bytes = blobs.first().map_or(&[][..], Vec::as_slice);
    let begin = link::now();
    let film = Rc::new(decode(bytes, &Limits::default())?);
    let decode_ms = link::now() - begin;
    let mut pictures = Blobs::default();
    let plane = answer::film(&film, &mut pictures);
    engine.borrow_mut().case = Some(Case { image, film, decode_ms, encoded: None });
    link::post_with(&Event::ImageReady { image, film: plane }, &pictures.0);
    Ok(())
}

fn new_phantom(engine: &Shared, image: u64, seed: u64, index: u64, size: usize) {
    link::stage("Drawing a synthetic patient");
    let study = generate(seed, index, &PhantomConfig { size, ..PhantomConfig::default() });
    let film = Film { pixels: study.image.clone(), bits: 8, format: "phantom" };
    let decode_ms = 0.0; // There was no file.
    let mut pictures = Blobs::default();
    let plane = answer::film(&film, &mut pictures);
    let truth = answer::truth(&study, &mut pictures);
    let film = Rc::new(film);
    engine.borrow_mut().case = Some(Case { image, film, decode_ms, encoded: None });
    let event = Event::PhantomReady { image, film: plane, report: study.report, truth };
    link::post_with(&event, &pictures.0);
}

/// Works until no job waits. Only one such loop runs at a time.
async fn work(engine: Shared) {
    if std::mem::replace(&mut engine.borrow_mut().busy, true) {
        return;
    }
    loop {
        let next = engine.borrow_mut().waiting.take();
        let Some(job) = next else { break };
        let number = job.job;
        match ground(&engine, job).await {
            Ok(Some((event, blobs))) => link::post_with(&event, &blobs.0),
            // Cancelled: the page knows, it asked for that.
            Ok(None) => {}
            Err(error) => link::post(&failed(Subject::Job { job: number }, &error)),
        }
    }
    engine.borrow_mut().busy = false;
}

/// Grounds one report; nothing when the job was cancelled on the way.
async fn ground(engine: &Shared, job: Job) -> Result<Option<(Event, Blobs)>> {
    let cancelled = engine.borrow().cancelled;
    let still_wanted = || engine.borrow().cancelled == cancelled;
    let session = engine
        .borrow()
        .session
        .clone()
        .ok_or_else(|| Error::bug("G2D-P26", "A report came before the model was ready"))?;
    let (film, decode_ms, encoded) = {
        let engine = engine.borrow();
        let case = engine.case.as_ref().filter(|c| c.image == job.image);
        let case = case.ok_or_else(|| Error::bug("G2D-P27", "The film of this job is gone"))?;
        (case.film.clone(), case.decode_ms, case.encoded.clone())
    };
    // A report that cannot be read is refused before seconds go into the film.
    g2d_core::text::parse_report(&job.report)?;

    let encoded = match encoded {
        Some(encoded) => encoded,
        None => {
            link::stage("Reading the film");
            link::breathe().await;
            let encoded = Rc::new(session.encode_image(&film).await?);
            let mut engine = engine.borrow_mut();
            if let Some(case) = engine.case.as_mut().filter(|c| c.image == job.image) {
                case.encoded = Some(encoded.clone());
            }
            encoded
        }
    };
    link::breathe().await;
    if !still_wanted() {
        return Ok(None);
    }
    link::stage("Finding where each sentence points");
    link::breathe().await;
    let mut grounded = session.ground(&encoded, &job.report).await?;
    grounded.outcome.timings_ms.insert("decode".into(), decode_ms);
    link::breathe().await;
    if !still_wanted() {
        return Ok(None);
    }
    answer::result(job.job, &encoded, &grounded, &film, job.raw).map(Some)
}
