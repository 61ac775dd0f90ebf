//! The same scene by marching along the rays and asking every point what it is: slow, free of
//! intervals, and with the order of the tissues written down a second time.

use super::disease::Planned;
use super::ray::Vec3;
use super::scene::{ALL, Candidates, MAX_FINDINGS, MEDIAL_MM, Scene, Tracer};
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
        return point;
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
            if let Some(f) = a.finding {
                point.findings[f] = true;
            }
        }
        point.tissue = Some(Tissue::Lung);
        return point;
    }
    point.tissue = Some(if within(Role::Muscle) { Tissue::Muscle } else { Tissue::Fat });
    point
}

fn planned(kind: FindingKind, side: Side, zone: Zone, severity: f64) -> Planned {
    Planned { kind, side, zone, severity, size_mm: 22 }
}

fn cases() -> Vec<Vec<Planned>> {
    use FindingKind::{Cardiomegaly, Consolidation, Effusion, Nodule, Pneumothorax};
    vec![
        vec![
            planned(Consolidation, Side::Right, Zone::UpperMid, 0.7),
            planned(Effusion, Side::Left, Zone::Base, 0.6),
            planned(Nodule, Side::Left, Zone::Upper, 0.5),
        ],
        vec![
            planned(Cardiomegaly, Side::Midline, Zone::Cardiac, 0.5),
            planned(Pneumothorax, Side::Right, Zone::ApexLateral, 0.8),
            planned(Consolidation, Side::Right, Zone::Lower, 0.3),
        ],
    ]
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
                let mut t = 1300.0 + 0.37 * STEP;
                while t < 2050.0 {
                    let point = look(scene, ray.at(t));
                    if let Some(tissue) = point.tissue {
                        lengths[tissue as usize] += STEP;
                    }
                    added += STEP * point.added;
                    for (length, inside) in findings.iter_mut().zip(point.findings) {
                        *length += if inside { STEP } else { 0.0 };
                    }
                    t += STEP;
                }
                rays += 1.0;
                for i in 0..TISSUES {
                    let error = tracer.lengths[i] - lengths[i];
                    // Each end of an interval is found to within half a step, so the errors of a
                    // few intervals add up to a few steps.
                    worst[i] = worst[i].max(error.abs());
                    bias[i] += error;
                }
                assert!((tracer.added - added).abs() < 0.05, "{} {added}", tracer.added);
                for (f, mask) in projection.masks.iter().enumerate() {
                    let (exact, marched) = (tracer.findings[f], findings[f]);
                    assert!((exact - marched).abs() <= 4.0 * STEP, "{exact} {marched}");
                    let bit = mask.at(x, y) == 1;
                    assert_eq!(bit, exact >= MIN_PATH_MM);
                    disagree += u32::from(bit != (marched >= MIN_PATH_MM));
                }
            }
        }
        for (i, tissue) in ALL.iter().enumerate() {
            assert!(worst[i] <= 6.0 * STEP, "{tissue:?}: {} mm", worst[i]);
            assert!((bias[i] / rays).abs() < 0.02, "{tissue:?}: {} mm on average", bias[i] / rays);
        }
        assert!(f64::from(disagree) < 0.005 * rays, "{disagree} of {rays}");
        assert!(projection.masks.iter().all(|m| m.area() > 0));
    }
}
