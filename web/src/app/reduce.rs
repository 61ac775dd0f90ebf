//! How the page's state changes: state and action in, state and effects out.

use std::rc::Rc;

use super::outcome::Outcome;
use super::state::{
    Effect, Engine, FilmView, Layer, LookView, Mode, Picture, Problem, Progress, Ready, ResultView,
    Source, State, Tab, Truth,
};
use crate::protocol::{
    Event, FilmPlane, LookPlane, PHANTOM_SIZE, PROTOCOL, Plane, Request, SentencePlanes, Subject,
    TruthPlane,
};

/// A worker that dies is started again by itself, but not more often than this.
const RESTART_PAUSE_MS: f64 = 30_000.0;

/// What can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The worker said something; the time is the page's clock in milliseconds.
    Worker(Event, Vec<Rc<Vec<u8>>>, f64),
    /// The worker ended without a word, or could not be started.
    WorkerDied(f64),
    /// The user gave an image file.
    File(Rc<Vec<u8>>),
    /// The user asked for a synthetic patient.
    Phantom {
        /// Seed of the series.
        seed: u64,
        /// Place in the series.
        index: u64,
    },
    /// The user wrote.
    Report(String),
    /// The user pressed "Ground the report".
    Ground,
    /// The user gave up the job.
    Cancel,
    /// The user wants this case gone.
    Forget,
    /// The user wants the worker started again.
    Retry,
    /// A sentence was clicked.
    Toggle(usize),
    /// A sentence is under the pointer or has the focus.
    Hover(Option<usize>),
    /// The opacity slider moved, in [0, 1].
    Opacity(f32),
    /// Masks or heat map.
    Mode(Mode),
    /// Show the true outlines.
    ShowTruth(bool),
    /// A tab was chosen.
    Tab(Tab),
    /// The page found something wrong.
    Problem(Problem),
    /// The user closed the error panel.
    Dismiss,
}

/// Applies an action.
pub fn reduce(mut state: State, action: Action) -> (State, Vec<Effect>) {
    let mut effects = Vec::new();
    match action {
        Action::Worker(event, blobs, now) => worker(&mut state, event, &blobs, now, &mut effects),
        Action::WorkerDied(now) => died(
            &mut state,
            Problem::new(
                "G2D-P21",
                "The worker stopped without a word; the device may have run out of memory",
                "It is started again with the same film and report; if it stops again, try \
                 ?backend=cpu in the address or a smaller film",
            ),
            now,
            &mut effects,
        ),
        Action::File(bytes) => new_source(&mut state, Source::File(bytes), &mut effects),
        Action::Phantom { seed, index } => {
            new_source(&mut state, Source::Phantom { seed, index }, &mut effects);
            state.report.clear();
            state.wanted = true;
        }
        Action::Report(text) => state.report = text,
        Action::Ground => {
            state.problem = None;
            if state.source.is_none() {
                state.problem = Some(Problem::new(
                    "G2D-P40",
                    "There is no X-ray yet",
                    "Choose an image, drop one on the page, or try a synthetic patient",
                ));
            } else {
                state.wanted = true;
                state.view.tab = Tab::Sentences;
                proceed(&mut state, &mut effects);
            }
        }
        Action::Cancel => {
            state.wanted = false;
            if state.job.take().is_some() {
                effects.push(Effect::Send(Request::Cancel, None));
            }
            state.stage = "Cancelled".into();
        }
        Action::Forget => forget(&mut state, &mut effects),
        Action::Retry => restart(&mut state, &mut effects),
        Action::Toggle(i) => toggle(&mut state, i),
        Action::Hover(hover) => state.view.hover = hover,
        Action::Opacity(value) => state.view.opacity = value.clamp(0.0, 1.0),
        Action::Mode(mode) => state.view.mode = mode,
        Action::ShowTruth(show) => state.view.truth = show,
        Action::Tab(tab) => state.view.tab = tab,
        Action::Problem(problem) => state.problem = Some(problem),
        Action::Dismiss => state.problem = None,
    }
    (state, effects)
}

fn worker(
    state: &mut State,
    event: Event,
    blobs: &[Rc<Vec<u8>>],
    now: f64,
    effects: &mut Vec<Effect>,
) {
    match event {
        Event::Hello { protocol } if protocol != PROTOCOL => {
            state.engine = Engine::Dead;
            state.problem = Some(Problem::new(
                "G2D-P22",
                "The page and its worker are of different versions",
                "Reload the page without the browser's cache",
            ));
        }
        Event::Hello { .. } => {
            state.engine = Engine::Loading;
            let backend = state.options.backend;
            effects.push(Effect::Send(Request::Start { backend }, None));
            send_source(state, effects);
        }
        Event::Stage { text } => state.stage = text,
        Event::Progress { loaded, total, from_cache } => {
            state.progress = Some(Progress { loaded, total, from_cache });
        }
        Event::Ready { device, model, load_ms, warmup_ms } => {
            state.engine = Engine::Ready(Rc::new(Ready { device, model, load_ms, warmup_ms }));
            state.stage = "Ready".into();
            proceed(state, effects);
        }
        Event::ImageReady { image, film } if image == state.image => {
            state.film = film_view(&film, blobs);
            state.stage = "Film read".into();
            proceed(state, effects);
        }
        Event::PhantomReady { image, film, report, truth } if image == state.image => {
            state.film = film_view(&film, blobs);
            state.truth = truth_views(&truth, blobs);
            // A worker that was started again draws the same patient; the user's words stay.
            if state.report.is_empty() {
                state.report = report;
            }
            state.stage = "Synthetic patient drawn".into();
            proceed(state, effects);
        }
        Event::Result { job, outcome, name, sentences, looks, .. } if Some(job) == state.job => {
            state.job = None;
            match read_result(job, outcome, name, &sentences, &looks, blobs) {
                Some(result) => accept(state, result),
                None => {
                    state.problem = Some(Problem::new(
                        "G2D-P23",
                        "The worker's result cannot be read",
                        "Reload the page without the browser's cache",
                    ));
                }
            }
        }
        // Answers about a film or a job that is no longer wanted.
        Event::ImageReady { .. } | Event::PhantomReady { .. } | Event::Result { .. } => {}
        Event::Failed { subject, code, message, remedy, fatal } => {
            let problem = Problem { code, message, remedy, retry: false };
            if fatal {
                died(state, problem, now, effects);
            } else {
                failed(state, subject, problem);
            }
        }
    }
}

/// A new film takes the place of the old one at once: nobody may take the old one for the new.
fn new_source(state: &mut State, source: Source, effects: &mut Vec<Effect>) {
    if state.job.take().is_some() {
        effects.push(Effect::Send(Request::Cancel, None));
    }
    state.source = Some(source);
    state.image += 1;
    state.film = None;
    state.truth.clear();
    state.result = None;
    state.wanted = false;
    state.problem = None;
    state.view.tab = Tab::Sentences;
    state.view.truth = false;
    if !matches!(state.engine, Engine::Booting | Engine::Dead) {
        send_source(state, effects);
    }
}

fn send_source(state: &State, effects: &mut Vec<Effect>) {
    let image = state.image;
    effects.extend(state.source.as_ref().map(|source| match source {
        Source::File(bytes) => Effect::Send(Request::SetImage { image }, Some(bytes.clone())),
        Source::Phantom { seed, index } => Effect::Send(
            Request::NewPhantom { image, seed: *seed, index: *index, size: PHANTOM_SIZE },
            None,
        ),
    }));
}

/// Starts the wanted job when film and model are both there.
fn proceed(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.wanted || state.film.is_none() {
        return;
    }
    match state.engine {
        Engine::Ready(_) => {
            state.wanted = false;
            state.last_job += 1;
            state.job = Some(state.last_job);
            effects.push(Effect::Send(
                Request::Ground {
                    job: state.last_job,
                    image: state.image,
                    report: state.report.clone(),
                    raw: state.options.debug,
                },
                None,
            ));
        }
        Engine::NoModel | Engine::Dead => {
            state.wanted = false;
            let mut problem = Problem::new(
                "G2D-P41",
                "The model is not loaded, so nothing can be grounded",
                "Press \"Try again\" to start the worker once more",
            );
            problem.retry = true;
            state.problem = Some(problem);
        }
        Engine::Booting | Engine::Loading => {}
    }
}

fn accept(state: &mut State, result: ResultView) {
    let first = result.layers.iter().position(|l| l.heat.is_some());
    state.view.active = first;
    state.view.hover = None;
    state.stage = super::words::summary(&result.outcome);
    state.problem = None;
    state.result = Some(result);
}

fn failed(state: &mut State, subject: Subject, mut problem: Problem) {
    match subject {
        Subject::Start => {
            state.engine = Engine::NoModel;
            state.progress = None;
            state.stage = "The model could not be loaded".into();
            state.wanted = false;
            problem.retry = true;
        }
        Subject::Image { image } if image == state.image => {
            state.source = None;
            state.wanted = false;
            state.stage = "The image could not be read".into();
        }
        Subject::Job { job } if Some(job) == state.job => {
            state.job = None;
            state.stage = "The report could not be grounded".into();
        }
        Subject::Worker => {}
        // About something that is no longer wanted.
        Subject::Image { .. } | Subject::Job { .. } => return,
    }
    state.problem = Some(problem);
}

/// The worker is gone. It is started again with the same case, unless it has just been.
fn died(state: &mut State, mut problem: Problem, now: f64, effects: &mut Vec<Effect>) {
    // A panic is told twice: by its message and by the browser's error event.
    if state.engine == Engine::Dead {
        return;
    }
    let recent = state.restarted_at.is_some_and(|t| now - t < RESTART_PAUSE_MS);
    if recent {
        state.engine = Engine::Dead;
        state.job = None;
        state.wanted = false;
        state.stage = "The worker stopped".into();
        problem.retry = true;
    } else {
        state.restarted_at = Some(now);
        restart(state, effects);
        state.stage = "Starting the worker again".into();
    }
    state.problem = Some(problem);
}

/// A new worker takes over the film and the report; a job under way is asked for once more only
/// by the user, since it may be what ended the old one.
fn restart(state: &mut State, effects: &mut Vec<Effect>) {
    state.engine = Engine::Booting;
    state.progress = None;
    state.job = None;
    state.wanted = false;
    state.problem = None;
    state.stage = "Starting".into();
    effects.push(Effect::StartWorker);
}

fn forget(state: &mut State, effects: &mut Vec<Effect>) {
    let fresh = State::new(state.options);
    let idle = matches!(state.engine, Engine::Ready(_));
    *state = State {
        engine: state.engine.clone(),
        restarted_at: state.restarted_at,
        stage: if idle { "Forgotten".into() } else { state.stage.clone() },
        progress: state.progress,
        // Numbers go on rising, so that late answers are not taken for new ones.
        image: state.image + 1,
        last_job: state.last_job,
        ..fresh
    };
    if !matches!(state.engine, Engine::Booting | Engine::Dead) {
        effects.push(Effect::Send(Request::Forget, None));
    }
}

fn toggle(state: &mut State, i: usize) {
    let Some(result) = state.result.as_mut() else {
        return;
    };
    let Some(shown) = result.shown.get_mut(i) else {
        return;
    };
    *shown = !*shown;
    if *shown {
        state.view.active = Some(i);
    }
}

fn picture(plane: &Plane, blobs: &[Rc<Vec<u8>>]) -> Option<Picture> {
    let data = blobs.get(plane.blob)?.clone();
    let whole = data.len() == plane.width * plane.height;
    whole.then_some(Picture { width: plane.width, height: plane.height, data })
}

fn film_view(film: &FilmPlane, blobs: &[Rc<Vec<u8>>]) -> Option<FilmView> {
    let picture = picture(&film.plane, blobs)?;
    Some(FilmView { picture, width: film.width, height: film.height, bits: film.bits })
}

fn truth_views(truth: &[TruthPlane], blobs: &[Rc<Vec<u8>>]) -> Vec<Truth> {
    let one = |t: &TruthPlane| Some(Truth { name: t.name.clone(), mask: picture(&t.mask, blobs)? });
    truth.iter().filter_map(one).collect()
}

fn read_result(
    job: u64,
    json: String,
    name: String,
    sentences: &[SentencePlanes],
    looks: &[LookPlane],
    blobs: &[Rc<Vec<u8>>],
) -> Option<ResultView> {
    let outcome = Outcome::read(&json)?;
    if outcome.sentences.len() != sentences.len() {
        return None;
    }
    let layers: Vec<Layer> = sentences
        .iter()
        .map(|s| Layer {
            colour: s.colour,
            mask: s.mask.as_ref().and_then(|p| picture(p, blobs)),
            heat: s.heat.as_ref().and_then(|p| picture(p, blobs)),
            range: s.range,
        })
        .collect();
    let look = |l: &LookPlane| {
        let picture = picture(&l.plane, blobs)?;
        Some(LookView { look: l.look, picture, range: l.range, cut: l.cut })
    };
    Some(ResultView {
        job,
        json: Rc::new(json),
        name,
        outcome: Rc::new(outcome),
        shown: layers.iter().map(|l| l.mask.is_some()).collect(),
        layers: Rc::new(layers),
        looks: Rc::new(looks.iter().filter_map(look).collect()),
    })
}

#[cfg(test)]
#[path = "reduce_tests.rs"]
mod tests;
