//! What the rest of the project relies on: the same bits everywhere, masks where the findings
//! are, and the shares and sizes that the training assumes.

use sha2::{Digest, Sha256};

use super::disease::{self, Planned};
use super::film::Exposure;
use super::rng::{Purpose, Rng};
use super::*;

fn digest(study: &Study) -> String {
    let mut hash = Sha256::new();
    for v in &study.image.data {
        hash.update(v.to_bits().to_le_bytes());
    }
    for finding in &study.findings {
        hash.update(&finding.mask.data);
    }
    hash.update(study.report.as_bytes());
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Bit for bit on every platform; the three studies have all kinds of findings. Who changes the
/// phantom changes these numbers on purpose.
#[test]
fn studies_are_the_same_everywhere() {
    let expected = [
        (1, 0, 128, "bec62818f004dfe151e0600e5474c54a87e274695b8be2fe9565ca57ca494935"),
        (3, 51, 64, "f2d37dc2e6225e6bbccb9b608494f04a5390228e9992be1250bc0bd0917d7542"),
        (3, 54, 96, "6e093ce1b585fab53419f135056b8acf1ce60363119dbabe1dcdba52149d865d"),
    ];
    for (seed, index, size, sha) in expected {
        let config = PhantomConfig { size, ..Default::default() };
        assert_eq!(digest(&generate(seed, index, &config)), sha, "study {seed}/{index} at {size}");
    }
}

#[test]
fn another_size_shows_the_same_patient() {
    for index in 0..6 {
        let at = |size| generate(3, index, &PhantomConfig { size, ..Default::default() });
        let (small, large) = (at(96), at(160));
        assert_eq!(small.report, large.report);
        for (a, b) in small.findings.iter().zip(&large.findings) {
            assert!((a.mask.fraction() - b.mask.fraction()).abs() < 0.004);
        }
    }
}

#[test]
fn sizes_out_of_range_are_moved_to_the_nearest() {
    let study = generate(0, 0, &PhantomConfig { size: 0, ..Default::default() });
    assert_eq!(study.image.data.len(), MIN_SIZE * MIN_SIZE);
    assert!(study.image.data.iter().all(|v| (0.0..=1.0).contains(v)));
}

/// The sizes that the trials of this method assume: opacities as the boxes of the RSNA pneumonia
/// set, pneumothoraces about as the masks of the SIIM set, and 30 to 50% normal studies.
#[test]
fn shares_and_areas_are_those_of_the_design() {
    let config = PhantomConfig { size: 64, ..Default::default() };
    let (mut normal, mut count) = (0.0, [0.0; 20]);
    let (mut area, mut boxed) = ([0.0; 20], [0.0; 20]);
    let n = 500;
    for index in 0..n {
        let study = generate(21, index, &config);
        normal += f64::from(u8::from(study.findings.is_empty()));
        for f in &study.findings {
            let k = FindingKind::ALL.iter().position(|kind| *kind == f.kind).unwrap();
            count[k] += 1.0;
            area[k] += f.mask.fraction();
            boxed[k] += f64::from(f.bbox[2] * f.bbox[3]) / (64.0 * 64.0);
            assert_eq!(Some(f.bbox.map(|v| v as usize)), f.mask.bounding_box());
            let columns = f.mask.data.iter().enumerate().filter(|(_, v)| **v == 1);
            let middle = columns.map(|(i, _)| (i % 64) as f64).sum::<f64>() / f.mask.area() as f64;
            match f.side {
                Side::Right => assert!(middle < 32.0, "the patient's right is on the left"),
                Side::Left => assert!(middle > 32.0, "the patient's left is on the right"),
                Side::Midline => assert!((middle - 32.0).abs() < 10.0),
            }
        }
    }
    let normal = normal / n as f64;
    assert!((0.3..=0.5).contains(&normal), "{normal}");
    let mean = |sum: &[f64; 20], kind: FindingKind| {
        let k = FindingKind::ALL.iter().position(|other| *other == kind).unwrap();
        assert!(count[k] > 30.0, "{kind:?}");
        sum[k] / count[k]
    };
    assert!(
        (0.09..0.15).contains(&mean(&boxed, FindingKind::Consolidation)),
        "opacity boxes {}",
        mean(&boxed, FindingKind::Consolidation)
    );
    assert!(
        (0.01..0.035).contains(&mean(&area, FindingKind::Pneumothorax)),
        "pneumothorax {}",
        mean(&area, FindingKind::Pneumothorax)
    );
    assert!(
        mean(&area, FindingKind::Nodule) < 0.006,
        "nodule {}",
        mean(&area, FindingKind::Nodule)
    );
    assert!(
        mean(&area, FindingKind::Cardiomegaly) > 0.1,
        "cardiomegaly {}",
        mean(&area, FindingKind::Cardiomegaly)
    );
}

fn planned(kind: FindingKind, side: Side, zone: Zone, severity: f64, size_mm: u32) -> Planned {
    Planned { kind, side, zone, severity, size_mm }
}

/// With and without the finding, same patient, same quanta: what differs lies under the mask, has
/// the right sign and stands out of the noise.
#[test]
fn findings_change_the_film_where_their_masks_are() {
    let config = PhantomConfig { size: 128, ..Default::default() };
    let cases = [
        (planned(FindingKind::Consolidation, Side::Left, Zone::Mid, 0.0, 8), 1.0),
        (planned(FindingKind::Effusion, Side::Right, Zone::Base, 0.2, 8), 1.0),
        (planned(FindingKind::Nodule, Side::Right, Zone::Upper, 0.1, 9), 1.0),
        (planned(FindingKind::Pneumothorax, Side::Left, Zone::Apex, 0.1, 8), -1.0),
    ];
    for (index, (plan, sign)) in cases.into_iter().enumerate() {
        let kind = plan.kind;
        let shoot = |plan: &[Planned]| {
            let setup = Setup::new(4, index as u64, &config, plan);
            let window = setup.exposure.window;
            let shadow = projector::project(&setup.scene, plan.len(), &setup.camera, window);
            let film = |noise| {
                let mut rng = Rng::new(4, index as u64, Purpose::Noise);
                Exposure::develop(&setup.exposure, &shadow.attenuation, 128, noise, &mut rng)
            };
            (film(0.0), film(1.0), shadow)
        };
        let (with, noisy, shadow) = shoot(&[plan]);
        let (without, _, empty) = shoot(&[]);
        let mask = &shadow.masks[0];
        let (mut change, mut noise, mut area) = (0.0, 0.0, 0.0);
        for i in 0..mask.data.len() {
            let step = shadow.attenuation[i] - empty.attenuation[i];
            if mask.data[i] == 1 {
                change += f64::from(with[i] - without[i]);
                noise += f64::from(noisy[i] - with[i]) * f64::from(noisy[i] - with[i]);
                area += 1.0;
            } else if kind != FindingKind::Pneumothorax {
                // A path shorter than the minimum; a pneumothorax also has its pleural line.
                assert!(step.abs() <= MIN_PATH_MM * 0.04, "{kind:?}: {step}");
            }
        }
        let (change, noise) = (sign * change / area, (noise / area).sqrt());
        assert!(change > 0.02, "{kind:?}: {change}");
        assert!(change > 1.5 * noise, "{kind:?}: {change} against {noise}");
    }
}

/// The heart's width over the chest's: above one half is enlarged (Danzer, 1919).
#[test]
fn cardiomegaly_is_a_wide_heart() {
    let config = PhantomConfig { size: 128, noise: 0.0, ..Default::default() };
    let heart = planned(FindingKind::Cardiomegaly, Side::Midline, Zone::Cardiac, 0.0, 8);
    for index in 0..12 {
        let ratio = |plan: &[Planned]| {
            let mut setup = Setup::new(6, index, &config, plan);
            setup.scene.heart_finding = Some(0);
            let heart = projector::project(&setup.scene, 1, &setup.camera, [0, 0, 128, 128]);
            let lungs = setup.scene.lungs.iter().map(|l| setup.camera.shadow(&l.whole.bounds()));
            let [right, left] = [0, 1].map(|i| lungs.clone().nth(i).unwrap());
            heart.masks[0].bounding_box().unwrap()[2] as f64 / (left[2] - right[0])
        };
        let (usual, enlarged) = (ratio(&[]), ratio(std::slice::from_ref(&heart)));
        assert!((0.34..0.47).contains(&usual), "{usual}");
        assert!(enlarged > 0.5, "{enlarged}");
    }
}

#[test]
fn plans_do_not_hide_findings_from_each_other() {
    for index in 0..3000 {
        let plan = disease::plan(&mut Rng::new(8, index, Purpose::Disease));
        assert!(plan.len() <= scene::MAX_FINDINGS);
        for (i, a) in plan.iter().enumerate() {
            for b in &plan[..i] {
                let same_place = a.kind == b.kind && a.side == b.side && a.zone == b.zone;
                assert!(!same_place, "{a:?} {b:?}");
                let pleura = |p: &Planned| {
                    matches!(p.kind, FindingKind::Effusion | FindingKind::Pneumothorax)
                };
                assert!(!(pleura(a) && pleura(b) && a.side == b.side), "{a:?} {b:?}");
            }
        }
    }
}

/// Nothing planned is lost at the sizes that the models are trained on.
#[test]
fn every_planned_finding_is_visible() {
    let config = PhantomConfig { size: 128, ..Default::default() };
    for index in 0..150 {
        let plan = disease::plan(&mut Rng::new(31, index, Purpose::Disease));
        let study = generate(31, index, &config);
        assert_eq!(plan.len(), study.findings.len());
        assert!(study.findings.iter().all(|f| f.mask.area() >= 2));
    }
}
