use super::*;
use crate::app::state::Options;
use crate::protocol::{Choice, DeviceInfo, ModelInfo};

/// Two sentences as the worker writes them, one of them negated.
const OUTCOME: &str = r#"{
  "schema_version": 1, "notice": "Not for clinical use.", "image": {"width": 2, "height": 2},
  "sentences": [
    {"text": "Effusion.", "assertion": "present", "score": 0.5, "mask": {"counts": "04"},
     "regions": []},
    {"text": "No nodule.", "assertion": "absent", "score": null, "mask": null, "regions": []}
  ],
  "timings_ms": {"image": 1.0}
}"#;

fn fresh() -> State {
    State::new(Options { backend: Choice::Cpu, debug: false })
}

fn run(state: State, actions: impl IntoIterator<Item = Action>) -> (State, Vec<Effect>) {
    let mut all = Vec::new();
    let state = actions.into_iter().fold(state, |state, action| {
        let (state, effects) = reduce(state, action);
        all.extend(effects);
        state
    });
    (state, all)
}

fn says(event: Event) -> Action {
    Action::Worker(event, Vec::new(), 0.0)
}

fn hello() -> Action {
    says(Event::Hello { protocol: PROTOCOL })
}

fn device() -> DeviceInfo {
    DeviceInfo { backend: "cpu".into(), name: "test".into(), reason: "asked for".into() }
}

fn model() -> ModelInfo {
    ModelInfo { name: "m".into(), preset: "tiny".into(), sha256: "ab".into() }
}

fn ready() -> Action {
    says(Event::Ready { device: device(), model: model(), load_ms: 1.0, warmup_ms: 2.0 })
}

fn film_plane() -> FilmPlane {
    FilmPlane { plane: Plane { width: 2, height: 2, blob: 0 }, width: 2, height: 2, bits: 8 }
}

fn blob() -> Vec<Rc<Vec<u8>>> {
    vec![Rc::new(vec![1, 2, 3, 0])]
}

fn image_ready(image: u64) -> Action {
    Action::Worker(Event::ImageReady { image, film: film_plane() }, blob(), 0.0)
}

fn file() -> Action {
    Action::File(Rc::new(vec![9]))
}

fn result(job: u64) -> Action {
    let plane = Some(Plane { width: 2, height: 2, blob: 0 });
    let event = Event::Result {
        job,
        outcome: OUTCOME.into(),
        name: "g2d-0".into(),
        sentences: vec![
            SentencePlanes {
                colour: [1, 2, 3],
                mask: plane.clone(),
                heat: plane,
                range: [0.0, 1.0],
            },
            SentencePlanes { colour: [0; 3], mask: None, heat: None, range: [0.0; 2] },
        ],
        looks: Vec::new(),
        raw: None,
    };
    Action::Worker(event, blob(), 0.0)
}

fn failure(subject: Subject, fatal: bool) -> Event {
    Event::Failed {
        subject,
        code: "G2D-X".into(),
        message: "It broke".into(),
        remedy: "Mend it".into(),
        fatal,
    }
}

fn grounds(effects: &[Effect]) -> usize {
    effects.iter().filter(|e| matches!(e, Effect::Send(Request::Ground { .. }, _))).count()
}

#[test]
fn a_film_given_before_the_worker_listens_is_sent_when_it_does() {
    let (state, effects) = run(fresh(), [file()]);
    assert!(effects.is_empty());
    let (_, effects) = run(state, [hello()]);
    assert!(matches!(effects[0], Effect::Send(Request::Start { backend: Choice::Cpu }, None)));
    assert!(matches!(effects[1], Effect::Send(Request::SetImage { image: 1 }, Some(_))));
}

#[test]
fn a_sample_grounds_at_once_whichever_comes_first() {
    let sample = Action::Phantom { seed: 7, index: 3 };
    let drawn = Action::Worker(
        Event::PhantomReady {
            image: 1,
            film: film_plane(),
            report: "Effusion.".into(),
            truth: vec![TruthPlane {
                name: "effusion".into(),
                mask: Plane { width: 2, height: 2, blob: 0 },
            }],
        },
        blob(),
        0.0,
    );
    for order in [[ready(), drawn.clone()], [drawn, ready()]] {
        let (state, _) = run(fresh(), [hello(), sample.clone()]);
        let (state, effects) = run(state, order);
        assert_eq!(grounds(&effects), 1);
        assert_eq!(state.report, "Effusion.");
        assert_eq!(state.truth.len(), 1);
        assert_eq!(state.job, Some(1));
    }
}

#[test]
fn a_result_shows_the_masks_and_late_ones_are_ignored() {
    let (state, effects) = run(fresh(), [hello(), ready(), file(), image_ready(1), Action::Ground]);
    assert_eq!(grounds(&effects), 1);
    let (same, _) = run(state.clone(), [result(99)]);
    assert_eq!(same, state);
    let (state, _) = run(state, [result(1)]);
    let shown = state.result.as_ref().unwrap();
    assert_eq!(shown.shown, [true, false]);
    assert_eq!(state.view.active, Some(0));
    assert_eq!(state.stage, "Done: 2 sentences, 1 with a mask, 1 negated");
    let (state, _) = run(state, [Action::Toggle(0)]);
    assert_eq!(state.result.unwrap().shown, [false, false]);
}

#[test]
fn a_new_film_takes_the_old_result_away() {
    let (state, _) =
        run(fresh(), [hello(), ready(), file(), image_ready(1), Action::Ground, result(1)]);
    let (state, _) = run(state, [file()]);
    assert!(state.result.is_none() && state.film.is_none());
    let (state, _) = run(state, [image_ready(1)]);
    assert!(state.film.is_none(), "an answer about the old film must not be taken");
}

#[test]
fn grounding_without_a_film_says_what_to_do() {
    let (state, effects) = run(fresh(), [hello(), ready(), Action::Ground]);
    assert!(effects.len() == 1 && state.problem.unwrap().code == "G2D-P40");
}

#[test]
fn a_bad_image_or_report_leaves_the_page_working() {
    let bad_image = says(failure(Subject::Image { image: 1 }, false));
    let (state, _) = run(fresh(), [hello(), ready(), file(), bad_image]);
    assert!(state.source.is_none() && state.problem.is_some());
    let bad_report = says(failure(Subject::Job { job: 1 }, false));
    let (state, effects) =
        run(state, [file(), image_ready(2), Action::Ground, bad_report, Action::Ground]);
    assert_eq!(grounds(&effects), 2);
    assert!(state.problem.is_none());
}

#[test]
fn a_dead_worker_is_replaced_once_in_thirty_seconds_and_the_case_is_kept() {
    let (state, _) = run(
        fresh(),
        [hello(), ready(), file(), image_ready(1), Action::Report("Effusion.".into())],
    );
    let lost = Action::Worker(failure(Subject::Worker, true), Vec::new(), 1_000.0);
    let (state, effects) = run(state, [Action::Ground, lost]);
    assert_eq!(effects.last(), Some(&Effect::StartWorker));
    assert!(state.problem.is_some() && !state.busy());
    let (state, effects) = run(state, [hello()]);
    assert!(effects.iter().any(|e| matches!(e, Effect::Send(Request::SetImage { .. }, Some(_)))));
    assert_eq!(state.report, "Effusion.");

    let (dead, effects) = run(state.clone(), [Action::WorkerDied(20_000.0)]);
    assert!(effects.is_empty() && dead.engine == Engine::Dead);
    assert!(dead.problem.as_ref().unwrap().retry);
    let (_, effects) = run(dead, [Action::Retry]);
    assert_eq!(effects, [Effect::StartWorker]);

    let (_, effects) = run(state, [Action::WorkerDied(40_000.0)]);
    assert_eq!(effects, [Effect::StartWorker]);
}

#[test]
fn a_missing_model_refuses_work_with_a_way_out() {
    let no_model = says(failure(Subject::Start, false));
    let (state, effects) = run(fresh(), [hello(), file(), image_ready(1), no_model]);
    assert_eq!(state.engine, Engine::NoModel);
    assert!(state.problem.as_ref().unwrap().retry && grounds(&effects) == 0);
    let (state, effects) = run(state, [Action::Ground]);
    assert!(effects.is_empty() && state.problem.unwrap().code == "G2D-P41");
}

#[test]
fn forgetting_leaves_nothing_of_the_case() {
    let (state, _) = run(
        fresh(),
        [
            hello(),
            ready(),
            file(),
            image_ready(1),
            Action::Report("Effusion.".into()),
            Action::Ground,
            result(1),
        ],
    );
    let (state, effects) = run(state, [Action::Forget]);
    assert_eq!(effects, [Effect::Send(Request::Forget, None)]);
    assert!(state.source.is_none() && state.film.is_none() && state.result.is_none());
    assert!(state.report.is_empty() && matches!(state.engine, Engine::Ready(_)));
    let (state, _) = run(state, [image_ready(1), result(1)]);
    assert!(state.film.is_none() && state.result.is_none());
}

#[test]
fn cancelling_stops_the_wait_and_drops_the_answer() {
    let (state, effects) = run(
        fresh(),
        [hello(), ready(), file(), image_ready(1), Action::Ground, Action::Cancel, result(1)],
    );
    assert!(effects.contains(&Effect::Send(Request::Cancel, None)));
    assert!(state.result.is_none() && !state.busy());
}

#[test]
fn a_worker_of_another_version_is_refused() {
    let (state, effects) = run(fresh(), [says(Event::Hello { protocol: PROTOCOL + 1 })]);
    assert!(effects.is_empty() && state.engine == Engine::Dead);
    assert_eq!(state.problem.unwrap().code, "G2D-P22");
}
