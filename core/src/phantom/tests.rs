//! What the rest of the project relies on: the same bits everywhere, masks where the findings
//! are, and the shares and sizes that the training assumes.

use sha2::{Digest, Sha256};

use super::disease::{self, Planned};
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

/// Bit for bit on every platform; the studies have many kinds of findings. Who changes the
/// phantom changes these numbers on purpose.
#[test]
fn studies_are_the_same_everywhere() {
    let expected = [
        (1, 0, 128, "d4fb7ec4d5a9cccdf34e5d920866b6d4c1796dc4ddd4acbc47a0c0b0c7356b02"),
        (3, 51, 64, "76ff22225adf011d90ccc6f864258e7f2f68ee7150cd5c8f9b7fd326bfdd1491"),
        (3, 54, 96, "472795398c838255c79af6692c6b9e328939c6cb7e8b6ec31255e838c5dee893"),
    ];
    let drawn = expected.map(|(seed, index, size, _)| {
        let config = PhantomConfig { size, ..Default::default() };
        digest(&generate(seed, index, &config))
    });
    assert_eq!(drawn.each_ref().map(String::as_str), expected.map(|e| e.3));
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
    let (mut area, mut boxed, mut shows) = ([0.0; 20], [0.0; 20], [0.0; 20]);
    let n = 1200;
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
            // The patient may stand off the middle; a line from one side ends on the other.
            let line = matches!(f.kind, FindingKind::CentralLine | FindingKind::Pacemaker);
            let slack = if line { 14.0 } else { 7.0 };
            match f.side {
                Side::Right => assert!(middle < 32.0 + slack, "the patient's right is on the left"),
                Side::Left => assert!(middle > 32.0 - slack, "the patient's left is on the right"),
                Side::Midline => assert!((middle - 32.0).abs() < 14.0, "{:?} {middle}", f.kind),
            }
        }
        for (k, kind) in FindingKind::ALL.iter().enumerate() {
            shows[k] += f64::from(u8::from(study.findings.iter().any(|f| f.kind == *kind)));
        }
    }
    let normal = normal / n as f64;
    assert!((0.3..=0.5).contains(&normal), "{normal}");
    for (k, kind) in FindingKind::ALL.iter().enumerate() {
        let share = shows[k] / n as f64;
        let common = COMMON.contains(kind);
        let range = if common { 0.055..0.13 } else { 0.02..0.07 };
        assert!(range.contains(&share), "{kind:?} in {share} of the studies");
    }
    let mean = |sum: &[f64; 20], kinds: &[FindingKind]| {
        let chosen = || (0..20).filter(|&k| kinds.contains(&FindingKind::ALL[k]));
        chosen().map(|k| sum[k]).sum::<f64>() / chosen().map(|k| count[k]).sum::<f64>()
    };
    use FindingKind as K;
    let opacity = mean(&boxed, &[K::Consolidation, K::Pneumonia, K::Infiltration]);
    assert!((0.09..0.15).contains(&opacity), "opacity boxes {opacity}");
    let air = mean(&area, &[K::Pneumothorax]);
    assert!((0.01..0.035).contains(&air), "pneumothorax {air}");
    let nodule = mean(&area, &[K::Nodule]);
    assert!(nodule < 0.006, "nodule {nodule}");
    let heart = mean(&area, &[K::Cardiomegaly]);
    assert!(heart > 0.1, "cardiomegaly {heart}");
}

/// What a report is most often about.
const COMMON: [FindingKind; 9] = [
    FindingKind::Effusion,
    FindingKind::Consolidation,
    FindingKind::Pneumonia,
    FindingKind::Infiltration,
    FindingKind::Atelectasis,
    FindingKind::Cardiomegaly,
    FindingKind::Nodule,
    FindingKind::Pneumothorax,
    FindingKind::Edema,
];

fn planned(kind: FindingKind, side: Side, zone: Zone, severity: f64, size_mm: u32) -> Planned {
    Planned { kind, side, zone, severity, size_mm }
}

/// With and without the finding, same patient: what differs lies under the mask and has the right
/// sign. The heart and emphysema also change the body, so they are asked elsewhere.
#[test]
fn findings_change_the_film_where_their_masks_are() {
    use FindingKind as K;
    let config = PhantomConfig { size: 128, ..Default::default() };
    // Kind, zone, sign, and the least share of the change that the mask holds: clouds fade beyond
    // their masks, a lung that falls away has a pleura and gets denser.
    let cases = [
        (K::Consolidation, Zone::Mid, 1.0, 0.8),
        (K::Pneumonia, Zone::Lower, 1.0, 0.8),
        (K::Infiltration, Zone::Upper, 1.0, 0.75),
        (K::Atelectasis, Zone::Lower, 1.0, 0.95),
        (K::Effusion, Zone::Base, 1.0, 0.95),
        (K::PleuralThickening, Zone::Apex, 1.0, 0.95),
        (K::Pneumothorax, Zone::Apex, -1.0, 0.08),
        (K::Nodule, Zone::Upper, 1.0, 0.95),
        (K::Mass, Zone::Mid, 1.0, 0.85),
        (K::Fibrosis, Zone::Lower, 1.0, 0.7),
        (K::Edema, Zone::Diffuse, 1.0, 0.75),
        (K::EndotrachealTube, Zone::Cardiac, 1.0, 0.98),
        (K::GastricTube, Zone::Cardiac, 1.0, 0.98),
        (K::CentralLine, Zone::Upper, 1.0, 0.98),
        (K::Pacemaker, Zone::Upper, 1.0, 0.98),
        (K::ForeignObject, Zone::Mid, 1.0, 0.95),
    ];
    for (index, (kind, zone, sign, least)) in cases.into_iter().enumerate() {
        let plan = planned(kind, Side::Left, zone, 0.2, if kind == K::Mass { 50 } else { 9 });
        let shoot = |plan: &[Planned]| {
            let setup = Setup::new(4, index as u64, &config, plan);
            projector::project(&setup.scene, plan.len(), &setup.camera, setup.exposure.window)
        };
        let (with, without) = (shoot(&[plan]), shoot(&[]));
        let mask = &with.masks[0];
        let (mut under, mut signed, mut total) = (0.0, 0.0, 0.0);
        for i in 0..mask.data.len() {
            let step = with.attenuation[i] - without.attenuation[i];
            total += step.abs();
            if mask.data[i] == 1 {
                under += step.abs();
                signed += step;
            }
            // The tracer's own account of the change; air and fluid also displace vessels.
            let exact = !matches!(kind, K::Effusion | K::Pneumothorax);
            let off = (with.clean[i] - without.attenuation[i]).abs();
            assert!(!exact || off < 1e-6, "{kind:?}: {off}");
        }
        assert!(sign * signed > 0.5 * under, "{kind:?}: {signed} of {under}");
        assert!(under > least * total, "{kind:?}: {under} of {total}");
        let shown = lesions::conspicuity(mask, with.changes[0], &with.clean);
        assert!(shown > lesions::VISIBLE, "{kind:?}: {shown}");
    }
}

/// A larger nodule shows better, and what changes nothing does not show.
#[test]
fn conspicuity_grows_with_size() {
    let config = PhantomConfig { size: 128, ..Default::default() };
    let shown = |size| {
        let plan = [planned(FindingKind::Nodule, Side::Right, Zone::Mid, 0.5, size)];
        let setup = Setup::new(4, 1, &config, &plan);
        let film = projector::project(&setup.scene, 1, &setup.camera, setup.exposure.window);
        let none = lesions::conspicuity(&film.masks[0], 0.0, &film.clean);
        assert_eq!(none, 0.0);
        lesions::conspicuity(&film.masks[0], film.changes[0], &film.clean)
    };
    assert!(shown(28) > shown(10), "{} {}", shown(28), shown(10));
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

/// Hardly anything planned is lost at the sizes that the models are trained on.
#[test]
fn planned_findings_are_visible() {
    let config = PhantomConfig { size: 128, ..Default::default() };
    let (mut planned, mut kept) = (0, 0);
    for index in 0..150 {
        planned += disease::plan(&mut Rng::new(31, index, Purpose::Disease)).len();
        let study = generate(31, index, &config);
        kept += study.findings.len();
        let least = f64::from(study.findings.iter().map(|f| f.conspicuity).fold(99.0, f32::min));
        assert!(least >= lesions::VISIBLE);
        assert!(study.findings.iter().all(|f| f.mask.area() >= 2));
    }
    assert!(f64::from(kept as u32) > 0.94 * f64::from(planned as u32), "{kept} of {planned}");
}
