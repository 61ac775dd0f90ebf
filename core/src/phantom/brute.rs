//! The same scene by marching along the rays and asking every point what it is: slow, free of
//! intervals, and with the order of the tissues written down a second time.

use super::disease::Planned;
use super::lesions::Place;
use super::ray::{Ray, Vec3};
use super::scene::{ALL, Candidates, MAX_FINDINGS, MEDIAL_MM, Scene, Tracer};
use super::spans::Spans;
use super::study::{FindingKind, Side, Zone};
use super::tissue::{TISSUES, Tissue};
use super::volume::Role;
use super::{MIN_PATH_MM, PhantomConfig, Setup, projector};

struct Point {
    tissue: Option<Tissue>,
    added: f64,
    findings: [bool; MAX_FINDINGS],
}

fn look(scene: &Scene, p: Vec3) -> Point {
    let mut point = Point { tissue: None, added: 0.0, findings: [false; MAX_FINDINGS] };
    let within = |role: Role| scene.parts.iter().any(|q| q.role == role && q.shape.contains(p));
    if !within(Role::Skin) {
        lie_over(scene, p, &mut point);
        return point;
    }
    lie_over(scene, p, &mut point);
    for lesion in &scene.lesions {
        if let Place::Instead(tissue) = lesion.place
            && lesion.form.look(p).1
        {
            point.findings[lesion.finding] |= lesion.masked;
            point.tissue = Some(tissue);
            return point;
        }
    }
    for part in &scene.parts {
        let tissue = match part.role {
            Role::Organ(tissue) => tissue,
            Role::Heart => Tissue::Blood,
            Role::Skin | Role::Muscle => continue,
        };
        if part.shape.contains(p) {
            if let (Role::Heart, Some(f)) = (part.role, scene.heart_finding) {
                point.findings[f] = true;
            }
            point.tissue = Some(tissue);
            return point;
        }
    }
    for (side, space) in scene.lungs.iter().enumerate() {
        if !space.whole.contains(p) || p[0] * space.sign < MEDIAL_MM || p[1] > space.floor {
            continue;
        }
        if let Some(c) = &space.collapse {
            if !c.surface.contains(p) {
                point.findings[c.finding] = true;
                point.tissue = Some(Tissue::Air);
                return point;
            }
            if !c.inside.contains(p) {
                point.tissue = Some(Tissue::Pleura);
                return point;
            }
            point.added += c.extra;
        }
        if let Some(e) = &space.effusion
            && p[1] >= e.top
            && p[0] * space.sign >= e.medial
            && !e.air.contains(p)
        {
            point.findings[e.finding] = true;
            point.tissue = Some(Tissue::Fluid);
            return point;
        }
        for a in scene.additives.iter().filter(|a| a.side == side && a.shape.contains(p)) {
            point.added += a.extra;
        }
        for lesion in scene.lesions.iter().filter(|l| l.place == Place::Lung(side)) {
            let (density, counts) = lesion.form.look(p);
            point.added += lesion.extra * density;
            point.findings[lesion.finding] |= counts && lesion.masked;
        }
        point.tissue = Some(Tissue::Lung);
        return point;
    }
    point.tissue = Some(if within(Role::Muscle) { Tissue::Muscle } else { Tissue::Fat });
    point
}

/// Metal and plastic count inside and outside of the body.
fn lie_over(scene: &Scene, p: Vec3, point: &mut Point) {
    for lesion in scene.lesions.iter().filter(|l| l.place == Place::Over) {
        let (density, counts) = lesion.form.look(p);
        point.added += lesion.extra * density;
        point.findings[lesion.finding] |= counts && lesion.masked;
    }
}

fn planned(kind: FindingKind, side: Side, zone: Zone, severity: f64) -> Planned {
    Planned { kind, side, zone, severity, size_mm: 22 }
}

/// Every kind, with others in its way.
fn cases() -> Vec<Vec<Planned>> {
    use FindingKind as K;
    let (right, left, middle) = (Side::Right, Side::Left, Side::Midline);
    vec![
        vec![
            planned(K::Consolidation, right, Zone::UpperMid, 0.7),
            planned(K::Effusion, left, Zone::Base, 0.6),
            planned(K::Nodule, left, Zone::Upper, 0.5),
            planned(K::Hernia, middle, Zone::Cardiac, 0.7),
            planned(K::Fracture, right, Zone::Lower, 0.2),
        ],
        vec![
            planned(K::Cardiomegaly, middle, Zone::Cardiac, 0.5),
            planned(K::Pneumothorax, right, Zone::ApexLateral, 0.8),
            planned(K::Pneumonia, right, Zone::Lower, 0.3),
            planned(K::CentralLine, left, Zone::Upper, 0.3),
            planned(K::PleuralThickening, left, Zone::ApexLateral, 0.6),
        ],
        vec![
            planned(K::Edema, middle, Zone::Diffuse, 0.5),
            planned(K::EndotrachealTube, middle, Zone::Cardiac, 0.5),
            planned(K::GastricTube, middle, Zone::Cardiac, 0.5),
            planned(K::Pacemaker, left, Zone::Upper, 0.5),
            planned(K::ForeignObject, right, Zone::Mid, 0.5),
            planned(K::PleuralThickening, right, Zone::Apex, 0.9),
        ],
        vec![
            planned(K::Emphysema, middle, Zone::Diffuse, 0.5),
            Planned { size_mm: 55, ..planned(K::Mass, left, Zone::Mid, 0.5) },
            planned(K::Atelectasis, right, Zone::Upper, 0.8),
            planned(K::Atelectasis, right, Zone::Mid, 0.2),
            planned(K::Fibrosis, left, Zone::Lower, 0.6),
            planned(K::Infiltration, right, Zone::Lower, 0.6),
        ],
    ]
}

/// How far marching may be off in attenuation: each end of a dense thing by half a step.
fn slack(scene: &Scene, ray: &Ray, step: f64) -> f64 {
    let (mut hit, mut spare) = (Spans::default(), Spans::default());
    let ends = scene.lesions.iter().map(|lesion| {
        let length = lesion.form.measure(ray, None, &mut hit, &mut spare);
        if length > 0.0 { lesion.extra.abs() * step } else { 0.0 }
    });
    0.05 + ends.sum::<f64>()
}

/// Path lengths of every tissue, added attenuation and finding lengths on a coarse grid of rays.
#[test]
fn intervals_agree_with_marching() {
    const STEP: f64 = 0.5;
    let config = PhantomConfig { size: 32, ..Default::default() };
    for (case, plan) in cases().iter().enumerate() {
        let setup = Setup::new(11, case as u64, &config, plan);
        let scene = &setup.scene;
        // Everything is a candidate here, so this also checks what the tiles leave out, below.
        let all = Candidates {
            parts: (0..scene.parts.len() as u16).collect(),
            lungs: [true; 2],
            lesions: (0..scene.lesions.len() as u16).collect(),
            additives: [0, 1].map(|side| {
                (0..scene.additives.len() as u16)
                    .filter(|&i| scene.additives[usize::from(i)].side == side)
                    .collect()
            }),
        };
        let size = setup.camera.size();
        let projection = projector::project(scene, plan.len(), &setup.camera, [0, 0, size, size]);
        let mut tracer = Tracer::default();
        let (mut worst, mut bias, mut rays) = ([0.0f64; TISSUES], [0.0; TISSUES], 0.0);
        let mut disagree = 0;
        for y in 0..size {
            for x in 0..size {
                let ray = setup.camera.ray(x, y);
                let attenuation = tracer.trace(scene, &all, &ray);
                let tiled = projection.attenuation[y * size + x];
                assert_eq!(attenuation.to_bits(), tiled.to_bits(), "tile lists at {x}, {y}");
                let (mut lengths, mut added) = ([0.0; TISSUES], 0.0);
                let mut findings = [0.0; MAX_FINDINGS];
                let (from, to) = setup.camera.reach();
                let mut t = from + 0.37 * STEP;
                let mut body = false;
                while t < to {
                    let point = look(scene, ray.at(t));
                    body |= point.tissue.is_some();
                    if let Some(tissue) = point.tissue {
                        lengths[tissue as usize] += STEP;
                    }
                    added += STEP * point.added;
                    for (length, inside) in findings.iter_mut().zip(point.findings) {
                        *length += if inside { STEP } else { 0.0 };
                    }
                    t += STEP;
                }
                if !body {
                    // Nothing is drawn beside the body.
                    (added, findings) = (0.0, [0.0; MAX_FINDINGS]);
                }
                rays += 1.0;
                for i in 0..TISSUES {
                    let error = tracer.lengths[i] - lengths[i];
                    // Each end of an interval is found to within half a step, so the errors of a
                    // few intervals add up to a few steps.
                    worst[i] = worst[i].max(error.abs());
                    bias[i] += error;
                }
                let slack = slack(scene, &ray, STEP);
                assert!((tracer.added - added).abs() < slack, "{} {added}", tracer.added);
                for (f, mask) in projection.masks.iter().enumerate() {
                    let (exact, marched) = (tracer.findings[f], findings[f]);
                    let near = (exact - marched).abs() <= 6.0 * STEP;
                    assert!(near, "case {case}, finding {f}: {exact} {marched}");
                    let bit = mask.at(x, y) == 1;
                    assert_eq!(bit, exact >= MIN_PATH_MM);
                    disagree += u32::from(bit != (marched >= MIN_PATH_MM));
                }
            }
        }
        for (i, tissue) in ALL.iter().enumerate() {
            assert!(worst[i] <= 6.0 * STEP, "case {case}, {tissue:?}: {} mm", worst[i]);
            assert!((bias[i] / rays).abs() < 0.02, "{tissue:?}: {} mm on average", bias[i] / rays);
        }
        let few = 0.005 * rays * plan.len() as f64;
        assert!(f64::from(disagree) < few, "{disagree} of {rays}");
        for (mask, finding) in projection.masks.iter().zip(plan) {
            // A thin thing may lie between the rays of so coarse a film.
            let thin =
                matches!(finding.kind, FindingKind::ForeignObject | FindingKind::EndotrachealTube);
            assert!(thin || mask.area() > 0, "{finding:?}");
        }
    }
}
