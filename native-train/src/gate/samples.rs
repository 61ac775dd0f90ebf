//! Which pictures a gate is fitted on, and which are kept aside.

use anyhow::Context as _;
use g2d_core::{
    gate::FilmKind,
    image::{Limits, decode, stretch},
    phantom::{self, Institution, PhantomConfig, View},
    raster::Raster,
};

use super::change::{Change, Dice};
use super::draw::Subject;
use crate::public_films::Library;

/// One in so many phantoms and drawings is kept aside.
const KEPT_ASIDE: usize = 5;
/// The same share of the patients of real films.
const KEPT_ASIDE_SHARE: f64 = 0.2;

/// How many pictures.
#[derive(Debug, Clone)]
pub struct SamplePlan {
    /// Frontal phantoms of each institution, and half as many lateral ones.
    pub phantoms: usize,
    /// Drawings of each subject.
    pub drawings: usize,
    /// Side of phantoms, pixels.
    pub size: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

/// A picture that can be made when it is needed.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What it is.
    pub kind: FilmKind,
    /// Where it is from.
    pub source: String,
    /// Whether the fit does not see it.
    pub held_out: bool,
    origin: Origin,
    change: Change,
    index: u64,
}

#[derive(Debug, Clone)]
enum Origin {
    Phantom { index: u64, institution: Institution, view: View },
    Film(usize),
    Drawing(Subject),
}

/// Kinds that are made of frontal films, each with the change that makes it.
const MADE: [(FilmKind, Change); 6] = [
    (FilmKind::Inverted, Change::Invert),
    (FilmKind::TurnedRight, Change::TurnRight),
    (FilmKind::TurnedLeft, Change::TurnLeft),
    (FilmKind::UpsideDown, Change::HalfTurn),
    (FilmKind::Other, Change::Jumble),
    (FilmKind::Other, Change::Zoom),
];

/// Whether this version's phantoms have a lateral view: it must not be the frontal one again.
pub(super) fn has_lateral(seed: u64) -> bool {
    let draw = |view| {
        let config = PhantomConfig { size: 64, noise: 0.0, view, ..PhantomConfig::default() };
        phantom::generate(seed, 0, &config).image
    };
    draw(View::Frontal) != draw(View::Lateral)
}

/// Lists the pictures: phantoms, drawings and, where there is a library, its films for training.
pub fn plan_samples(plan: &SamplePlan, library: Option<&Library>) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut add = |source: &str, origin: Origin, held_out: bool, kind, change| {
        let index = samples.len() as u64;
        samples.push(Sample { kind, source: source.into(), held_out, origin, change, index });
    };
    let institutions = [
        (Institution::First, "phantom, first institution"),
        (Institution::Second, "phantom, second institution"),
    ];
    let lateral = has_lateral(plan.seed);
    for (number, (institution, source)) in institutions.into_iter().enumerate() {
        for i in 0..plan.phantoms {
            let index = (number * plan.phantoms + i) as u64;
            let aside = i % KEPT_ASIDE == KEPT_ASIDE - 1;
            let origin = |view| Origin::Phantom { index, institution, view };
            add(source, origin(View::Frontal), aside, FilmKind::Frontal, Change::Vary);
            // KEPT_ASIDE and the number of changes must not share a factor.
            let (kind, change) = MADE[i % MADE.len()];
            add(source, origin(View::Frontal), aside, kind, change);
            if lateral && i % 2 == 0 {
                let aside = i / 2 % KEPT_ASIDE == KEPT_ASIDE - 1;
                let change = if i % 4 == 0 { Change::Mirror } else { Change::Vary };
                add(source, origin(View::Lateral), aside, FilmKind::Lateral, change);
            }
        }
    }
    for subject in Subject::ALL {
        for i in 0..plan.drawings {
            let aside = i % KEPT_ASIDE == KEPT_ASIDE - 1;
            add(subject.name(), Origin::Drawing(subject), aside, FilmKind::Other, Change::Keep);
        }
    }
    let films = library.map_or(&[][..], |l| &l.films);
    let trained = films.iter().enumerate().filter(|(_, f)| library.is_some_and(|l| l.may_train(f)));
    for (i, (row, film)) in trained.enumerate() {
        let aside = Library::place_within(&film.group) < KEPT_ASIDE_SHARE;
        let source = format!("real, {}", film.origin);
        add(&source, Origin::Film(row), aside, FilmKind::Frontal, Change::Vary);
        // Two of each, so that every collection has its share of every kind.
        for (kind, change) in
            [MADE[i % MADE.len()], MADE[(i + 2 + i / MADE.len() % 3) % MADE.len()]]
        {
            add(&source, Origin::Film(row), aside, kind, change);
        }
    }
    samples
}

impl Sample {
    /// Whether a patient is behind it.
    pub fn is_real(&self) -> bool {
        matches!(self.origin, Origin::Film(_))
    }

    /// Makes the picture.
    ///
    /// # Errors
    /// When a film cannot be read.
    pub fn make(&self, plan: &SamplePlan, library: Option<&Library>) -> anyhow::Result<Raster> {
        let mut dice = Dice::new(plan.seed, 1, self.index);
        let film = match &self.origin {
            Origin::Phantom { index, institution, view } => {
                let (institution, view) = (*institution, *view);
                let config = PhantomConfig {
                    size: plan.size,
                    institution,
                    view,
                    ..PhantomConfig::default()
                };
                phantom::generate(plan.seed, *index, &config).image
            }
            Origin::Drawing(subject) => subject.draw(&mut dice),
            Origin::Film(row) => {
                let library = library.context("the folder of films is gone")?;
                let film = library.films.get(*row).context("the folder of films changed")?;
                let bytes = library.bytes(film)?;
                let film = decode(&bytes, &Limits::default()).with_context(|| film.id.clone())?;
                if film.bits > 8 { stretch(&film.pixels) } else { film.pixels }
            }
        };
        Ok(self.change.apply(&film, &mut dice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_but_lateral_is_there_on_both_sides() {
        let plan = SamplePlan { phantoms: 60, drawings: 10, size: 64, seed: 5 };
        let samples = plan_samples(&plan, None);
        for kind in FilmKind::ALL.into_iter().filter(|k| *k != FilmKind::Lateral) {
            for aside in [false, true] {
                let there = samples.iter().any(|s| s.kind == kind && s.held_out == aside);
                assert!(there, "{kind:?} {aside}");
            }
        }
        let one = &samples[7];
        assert_eq!(one.make(&plan, None).unwrap(), one.make(&plan, None).unwrap());
    }
}
