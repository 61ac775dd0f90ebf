//! One patient with vessels and findings, and what a ray meets in it.
//!
//! At every point one tissue counts: outside the skin nothing; else the first organ of the list
//! that holds the point; else the lung space (lung, pleural air or pleural fluid); else muscle;
//! else fat. In air-filled lung the vessels and lesions add their attenuation to the lung's.

use super::anatomy::{Patient, sign};
use super::lesions::{Lesion, Place};
use super::ray::{Ray, Vec3};
use super::solid::{Ellipsoid, overlap};
use super::spans::Spans;
use super::tissue::{TISSUES, Tissue};
use super::volume::{Part, Role, Shape};

/// A study has at most this many findings.
pub(crate) const MAX_FINDINGS: usize = 6;

/// The space of one lung with its pleura.
#[derive(Debug, Clone)]
pub(crate) struct LungSpace {
    /// The whole space, before organs are taken out of it.
    pub(crate) whole: Ellipsoid,
    /// -1 right, +1 left.
    pub(crate) sign: f64,
    /// y of the deepest point.
    pub(crate) floor: f64,
    /// A pneumothorax.
    pub(crate) collapse: Option<Collapse>,
    /// An effusion.
    pub(crate) effusion: Option<Effusion>,
}

/// No lung nearer to the midline than this.
pub(crate) const MEDIAL_MM: f64 = 6.0;

/// Air between chest wall and lung: the lung space without `surface`.
#[derive(Debug, Clone)]
pub(crate) struct Collapse {
    /// Surface of the shrunken lung.
    pub(crate) surface: Ellipsoid,
    /// Inner side of its pleura, which shows as a fine line.
    pub(crate) inside: Ellipsoid,
    /// Attenuation per millimetre that the shrunken lung has above an inflated one.
    pub(crate) extra: f64,
    /// Index of the finding.
    pub(crate) finding: usize,
}

/// Fluid: the lung space below `top`, lateral of `medial` and outside `air`, whose lower end is the
/// meniscus.
#[derive(Debug, Clone)]
pub(crate) struct Effusion {
    /// The space above the meniscus.
    pub(crate) air: Ellipsoid,
    /// y of the highest fluid, at the chest wall.
    pub(crate) top: f64,
    /// No fluid nearer to the midline than this.
    pub(crate) medial: f64,
    /// Index of the finding.
    pub(crate) finding: usize,
}

/// A vessel: something in the lung that adds to its attenuation.
#[derive(Debug, Clone)]
pub(crate) struct Additive {
    /// Where; only its part in air-filled lung counts.
    pub(crate) shape: Shape,
    /// Lung: 0 right, 1 left.
    pub(crate) side: usize,
    /// Attenuation added, per millimetre.
    pub(crate) extra: f64,
}

/// Everything a ray can meet.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// Body parts; earlier organs win.
    pub(crate) parts: Vec<Part>,
    /// Right and left lung.
    pub(crate) lungs: [LungSpace; 2],
    /// Vessels.
    pub(crate) additives: Vec<Additive>,
    /// The findings' solids, but for those that are in `lungs` or are the heart.
    pub(crate) lesions: Vec<Lesion>,
    /// Index of the finding that the heart is.
    pub(crate) heart_finding: Option<usize>,
}

impl Scene {
    /// A patient without vessels and findings.
    pub(crate) fn new(patient: &Patient) -> Self {
        let lungs = [0, 1].map(|side| LungSpace {
            whole: patient.lung(side),
            sign: sign(side),
            floor: patient.recess_y(side),
            collapse: None,
            effusion: None,
        });
        Self {
            parts: patient.parts(),
            lungs,
            additives: Vec::new(),
            lesions: Vec::new(),
            heart_finding: None,
        }
    }

    /// Whether air-filled lung is at the point.
    pub(crate) fn is_lung(&self, side: usize, p: Vec3) -> bool {
        let space = &self.lungs[side];
        let organ = |part: &Part| matches!(part.role, Role::Organ(_) | Role::Heart);
        space.whole.contains(p)
            && p[0] * space.sign >= MEDIAL_MM
            && p[1] <= space.floor
            && space.collapse.as_ref().is_none_or(|c| c.inside.contains(p))
            && space
                .effusion
                .as_ref()
                .is_none_or(|e| p[1] < e.top || p[0] * space.sign < e.medial || e.air.contains(p))
            && !self.parts.iter().any(|part| organ(part) && part.shape.contains(p))
    }
}

/// Which parts of a scene a bundle of rays may meet; indices in rising order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Candidates {
    /// Into [`Scene::parts`].
    pub(crate) parts: Vec<u16>,
    /// Into [`Scene::lungs`].
    pub(crate) lungs: [bool; 2],
    /// Into [`Scene::additives`], for each lung.
    pub(crate) additives: [Vec<u16>; 2],
    /// Into [`Scene::lesions`].
    pub(crate) lesions: Vec<u16>,
}

/// Traces rays; holds the lists that are used again for every ray.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    skin: Spans,
    muscle: Spans,
    taken: Spans,
    hit: Spans,
    fresh: Spans,
    free: Spans,
    rest: Spans,
    lesions: [Spans; MAX_FINDINGS],
    /// Millimetres in each tissue.
    pub(crate) lengths: [f64; TISSUES],
    /// Attenuation added to that of the tissues.
    pub(crate) added: f64,
    /// Millimetres in each finding.
    pub(crate) findings: [f64; MAX_FINDINGS],
    /// By how much each finding changed the attenuation; for the heart and for what takes the place
    /// of organs, against lung or what else is usually there.
    pub(crate) changes: [f64; MAX_FINDINGS],
}

impl Tracer {
    /// The line integral of attenuation along the ray; also sets the public fields.
    pub(crate) fn trace(&mut self, scene: &Scene, near: &Candidates, ray: &Ray) -> f64 {
        self.lengths = [0.0; TISSUES];
        self.findings = [0.0; MAX_FINDINGS];
        self.changes = [0.0; MAX_FINDINGS];
        self.added = 0.0;
        self.skin.clear();
        self.muscle.clear();
        self.taken.clear();
        for lesion in &mut self.lesions {
            lesion.clear();
        }
        self.claim(scene, near, ray);
        for &i in &near.parts {
            let part = &scene.parts[usize::from(i)];
            match part.role {
                Role::Skin => {
                    part.shape.spans(ray, &mut self.hit);
                    self.skin.add_all(&self.hit);
                }
                Role::Muscle => {
                    part.shape.spans(ray, &mut self.hit);
                    self.muscle.add_all(&self.hit);
                }
                Role::Organ(_) | Role::Heart if self.skin.is_empty() => break,
                Role::Organ(tissue) => {
                    self.organ(&part.shape, tissue, ray);
                }
                Role::Heart => {
                    let length = self.organ(&part.shape, Tissue::Blood, ray);
                    if let Some(f) = scene.heart_finding {
                        self.findings[f] += length;
                        self.changes[f] +=
                            length * (Tissue::Blood.per_mm() - Tissue::Lung.per_mm());
                    }
                }
            }
        }
        if self.skin.is_empty() {
            self.findings = [0.0; MAX_FINDINGS];
            return 0.0;
        }
        for (side, space) in scene.lungs.iter().enumerate() {
            if near.lungs[side] {
                self.lung(space, scene, near, side, ray);
            }
        }
        // The muscle's outline lies in the skin's, so fat is what is left.
        self.muscle.subtract(&self.taken, &mut self.rest);
        self.lengths[Tissue::Muscle as usize] += self.rest.length();
        self.taken.add_all(&self.rest);
        self.skin.subtract(&self.taken, &mut self.rest);
        self.lengths[Tissue::Fat as usize] += self.rest.length();
        self.overlay(scene, near, ray);
        for (spans, length) in self.lesions.iter().zip(&mut self.findings) {
            if !spans.is_empty() {
                *length += spans.length();
            }
        }
        let mut sum = self.added;
        for (tissue, length) in ALL.iter().zip(self.lengths) {
            sum += tissue.per_mm() * length;
        }
        sum
    }

    /// Claims what the organ fills and nothing earlier has claimed; returns its length.
    fn organ(&mut self, shape: &Shape, tissue: Tissue, ray: &Ray) -> f64 {
        shape.spans(ray, &mut self.hit);
        if self.hit.is_empty() {
            return 0.0;
        }
        self.hit.subtract(&self.taken, &mut self.fresh);
        self.fresh.intersect(&self.skin, &mut self.hit);
        let length = self.hit.length();
        self.lengths[tissue as usize] += length;
        self.taken.add_all(&self.hit);
        length
    }

    fn lung(
        &mut self,
        space: &LungSpace,
        scene: &Scene,
        near: &Candidates,
        side: usize,
        ray: &Ray,
    ) {
        let Some(whole) = space.whole.span(ray) else {
            return;
        };
        let lateral = ray.below([-space.sign, 0.0, 0.0], -MEDIAL_MM);
        let above = ray.below([0.0, 1.0, 0.0], space.floor);
        self.hit.clear();
        self.hit.push(overlap(overlap(whole, lateral), above));
        self.hit.subtract(&self.taken, &mut self.fresh);
        self.fresh.intersect(&self.skin, &mut self.free);
        self.taken.add_all(&self.free);
        if let Some(collapse) = &space.collapse {
            let length = self.peel(&collapse.surface, ray);
            self.lengths[Tissue::Air as usize] += length;
            self.findings[collapse.finding] += length;
            self.changes[collapse.finding] -= length * Tissue::Lung.per_mm();
            self.lengths[Tissue::Pleura as usize] += self.peel(&collapse.inside, ray);
            self.added += collapse.extra * self.free.length();
        }
        if let Some(effusion) = &space.effusion {
            self.fresh.copy_from(&self.free);
            self.fresh.clip(ray.below([0.0, -1.0, 0.0], -effusion.top));
            self.fresh.clip(ray.below([-space.sign, 0.0, 0.0], -effusion.medial));
            self.hit.clear();
            if let Some(air) = effusion.air.span(ray) {
                self.hit.push(air);
            }
            self.fresh.subtract(&self.hit, &mut self.rest);
            let length = self.rest.length();
            self.lengths[Tissue::Fluid as usize] += length;
            self.findings[effusion.finding] += length;
            self.changes[effusion.finding] +=
                length * (Tissue::Fluid.per_mm() - Tissue::Lung.per_mm());
            self.free.subtract(&self.rest, &mut self.hit);
            self.free.copy_from(&self.hit);
        }
        self.lengths[Tissue::Lung as usize] += self.free.length();
        if self.free.is_empty() {
            return;
        }
        for &i in &near.additives[side] {
            let additive = &scene.additives[usize::from(i)];
            additive.shape.spans(ray, &mut self.hit);
            for &span in self.hit.as_slice() {
                self.added += additive.extra * self.free.length_within(span);
            }
        }
        for &i in &near.lesions {
            let lesion = &scene.lesions[usize::from(i)];
            if lesion.place == Place::Lung(side) {
                let within = Some(&self.free);
                let length = lesion.form.measure(ray, within, &mut self.hit, &mut self.rest);
                self.book(lesion, length);
            }
        }
    }

    /// Enters a solid that adds to what is there.
    fn book(&mut self, lesion: &Lesion, length: f64) {
        self.added += lesion.extra * length;
        self.changes[lesion.finding] += lesion.extra * length;
        if lesion.masked {
            self.lesions[lesion.finding].add_all(&self.hit);
        }
    }

    /// What takes the place of organs; the first of several wins.
    fn claim(&mut self, scene: &Scene, near: &Candidates, ray: &Ray) {
        for &i in &near.lesions {
            let lesion = &scene.lesions[usize::from(i)];
            let Place::Instead(tissue) = lesion.place else {
                continue;
            };
            lesion.form.measure(ray, None, &mut self.hit, &mut self.rest);
            if self.hit.is_empty() {
                continue;
            }
            self.hit.subtract(&self.taken, &mut self.fresh);
            let length = self.fresh.length();
            self.lengths[tissue as usize] += length;
            self.changes[lesion.finding] += lesion.extra * length;
            if lesion.masked {
                self.lesions[lesion.finding].add_all(&self.fresh);
            }
            self.taken.add_all(&self.hit);
        }
    }

    /// What lies over everything.
    fn overlay(&mut self, scene: &Scene, near: &Candidates, ray: &Ray) {
        for &i in &near.lesions {
            let lesion = &scene.lesions[usize::from(i)];
            if lesion.place == Place::Over {
                let length = lesion.form.measure(ray, None, &mut self.hit, &mut self.rest);
                self.book(lesion, length);
            }
        }
    }

    /// Takes what lies outside `keep` off the free lung; returns its length.
    fn peel(&mut self, keep: &Ellipsoid, ray: &Ray) -> f64 {
        let before = self.free.length();
        match keep.span(ray) {
            Some(span) => self.free.clip(span),
            None => self.free.clear(),
        }
        before - self.free.length()
    }
}

/// The tissues in the order of their indices.
pub(crate) const ALL: [Tissue; TISSUES] = [
    Tissue::Fat,
    Tissue::Muscle,
    Tissue::Marrow,
    Tissue::Bone,
    Tissue::Air,
    Tissue::Blood,
    Tissue::Soft,
    Tissue::Lung,
    Tissue::Fluid,
    Tissue::Pleura,
];
