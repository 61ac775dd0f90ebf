//! Phantoms: synthetic chest radiographs with reports, whose truth is known exactly.
//!
//! A three-dimensional patient is built from solids with closed-form ray intersections; a
//! divergent beam is cast through it (Beer–Lambert), so bones and soft parts are superposed as on
//! a film; findings are solids too, and their masks are the shadows of these solids under the same
//! rays. The report names the findings, and every sentence knows which ones it speaks of.
//!
//! Everything is a pure function of seed, index and configuration, bit for bit on every platform.
//! Phantoms show that code works; they are no evidence about patients. Not for clinical use.

mod anatomy;
mod camera;
mod config;
mod disease;
mod film;
mod framing;
mod glare;
mod ink;
mod lesions;
mod marks;
mod organs;
mod outline;
mod paraphrase;
mod projector;
mod ray;
mod report;
mod rng;
mod scene;
mod skeleton;
mod solid;
mod spans;
mod stack;
mod study;
mod technique;
mod tissue;
mod tone;
mod vessels;
mod volume;

#[cfg(test)]
mod brute;
#[cfg(test)]
mod tests;

use anatomy::Patient;
use camera::Camera;
use disease::Planned;
use film::Exposure;
use framing::Framing;
use marks::Marks;
use rng::{Purpose, Rng};
use scene::{Additive, Scene};
use technique::Technique;
use volume::Shape;

use crate::raster::Raster;

pub use config::{Institution, MAX_SIZE, MIN_SIZE, PhantomConfig, View};
pub use paraphrase::{Paraphrase, paraphrases};
pub use projector::MIN_PATH_MM;
pub use report::{label_report, prompts, vocabulary};
pub use study::{Finding, FindingKind, ReportSentence, Side, Study, Zone};

/// Draws study `index` of the series `seed`.
///
/// A size outside [`MIN_SIZE`]..=[`MAX_SIZE`] is moved to the nearer end; call
/// [`PhantomConfig::validate`] on a configuration that a user wrote.
pub fn generate(seed: u64, index: u64, config: &PhantomConfig) -> Study {
    // A lateral film is there to be refused: it shows no findings and claims none.
    let planned = match config.view {
        View::Frontal => disease::plan(&mut Rng::new(seed, index, Purpose::Disease)),
        View::Lateral => Vec::new(),
    };
    let setup = Setup::new(seed, index, config, &planned);
    let mut projection =
        projector::project(&setup.scene, planned.len(), &setup.camera, setup.exposure.window);
    setup.exposure.cut(&mut projection.masks);
    let size = setup.camera.size();
    let noise = f64::from(config.noise).max(0.0);
    let mut quanta = Rng::new(seed, index, Purpose::Noise);
    let data = setup.exposure.develop(&projection.attenuation, size, noise, &mut quanta);
    let findings: Vec<Finding> = planned
        .into_iter()
        .zip(projection.masks)
        .zip(projection.changes)
        .filter_map(|((plan, mask), change)| {
            // What a reader would not see is not reported either.
            let bbox = mask.bounding_box()?.map(|v| v as u32);
            let conspicuity = lesions::conspicuity(&mask, change, &projection.clean);
            if conspicuity < lesions::VISIBLE {
                return None;
            }
            let conspicuity = conspicuity as f32;
            let Planned { kind, side, zone, severity, size_mm } = plan;
            let measured = matches!(kind, FindingKind::Nodule | FindingKind::Mass);
            let size_mm = measured.then_some(size_mm);
            let severity = severity as f32;
            Some(Finding { kind, side, zone, severity, size_mm, conspicuity, mask, bbox })
        })
        .collect();
    let mut words = Rng::new(seed, index, Purpose::Report);
    let (report, sentences) = report::write(&mut words, &findings, config.institution);
    let image = Raster { width: size, height: size, data };
    Study { seed, index, image, findings, report, sentences }
}

/// A patient with findings, in front of the detector.
struct Setup {
    scene: Scene,
    camera: Camera,
    exposure: Exposure,
}

impl Setup {
    fn new(seed: u64, index: u64, config: &PhantomConfig, planned: &[Planned]) -> Self {
        let size = config.size.clamp(MIN_SIZE, MAX_SIZE);
        let stream = |purpose| Rng::new(seed, index, purpose);
        let mut placing = stream(Purpose::Placing);
        let heart = disease::heart_size(&mut placing, planned);
        let technique = Technique::draw(&mut stream(Purpose::Technique), config);
        let mut anatomy = stream(Purpose::Anatomy);
        let patient = Patient::draw(&mut anatomy, heart, emphysema(planned), &technique);
        let mut scene = Scene::new(&patient);
        inflate(&patient, &mut scene);
        vessels::grow(&mut stream(Purpose::Vessels), &patient, &mut scene);
        lesions::place(&mut placing, &patient, planned, &mut scene);
        let mut taking = stream(Purpose::Film);
        let framing = Framing::draw(&mut taking, &patient, &technique);
        let camera = Camera::draw(&mut taking, &patient, &technique, &framing, size);
        let mut clutter = stream(Purpose::Clutter);
        let marks = Marks::draw(&mut clutter, &technique, &framing, &patient, &camera);
        let exposure = Exposure::draw(&mut taking, config, &technique, framing, marks, size);
        Self { scene, camera, exposure }
    }
}

/// How strongly the body is shaped by emphysema: 0 none, 1 the most.
fn emphysema(planned: &[Planned]) -> f64 {
    let found = planned.iter().find(|p| p.kind == FindingKind::Emphysema);
    found.map_or(0.0, |p| 0.45 + 0.55 * p.severity)
}

/// Both lungs hold more or less air than usual.
fn inflate(patient: &Patient, scene: &mut Scene) {
    for side in 0..2 {
        scene.additives.push(Additive {
            shape: Shape::Ellipsoid(patient.lung(side)),
            side,
            extra: patient.lung_extra,
        });
    }
}
