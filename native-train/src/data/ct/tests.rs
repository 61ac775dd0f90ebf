//! The chain on a made-up chest: no CT is needed for it.

use g2d_core::phantom::{FindingKind, Side};

use super::{
    case,
    chest::{Chest, Lung, attenuation},
    grid::Grid,
    lesion,
    rng::{Purpose, Rng},
};

const GRID: Grid =
    Grid { n: [100, 60, 90], step: [3.0, 4.0, 3.0], origin: [-148.5, -118.0, -133.5] };

/// A body with two ellipsoids for lungs and a ball, towards the left, for the heart.
fn chest() -> Chest {
    let inside = |p: [f64; 3], c: [f64; 3], r: [f64; 3]| {
        (0..3).map(|a| ((p[a] - c[a]) / r[a]).powi(2)).sum::<f64>() < 1.0
    };
    let fields = |what: &dyn Fn([f64; 3]) -> bool| -> Vec<bool> {
        (0..GRID.len()).map(|i| what(GRID.centre(GRID.voxel(i)))).collect()
    };
    let heart = fields(&|p| inside(p, [15.0, -20.0, -40.0], [40.0, 35.0, 40.0]));
    let lung = |x: f64| {
        let mask = fields(&|p| inside(p, [x, 0.0, 10.0], [50.0, 75.0, 95.0]));
        let mask = mask.iter().zip(&heart).map(|(m, h)| *m && !h).collect();
        Lung::new(&GRID, mask)
    };
    let lungs = [lung(-62.0), lung(62.0)];
    let body = fields(&|p| (p[0] / 135.0).powi(2) + (p[1] / 100.0).powi(2) < 1.0);
    let value = |i: usize| match () {
        () if lungs.iter().any(|l| l.mask[i]) => attenuation(-860.0),
        () if body[i] => attenuation(30.0),
        () => 0.0,
    };
    let attenuation = (0..GRID.len()).map(value).collect();
    let trachea = (0..30).map(|k| [0.0, 10.0, 130.0 - 3.0 * f64::from(k)]).collect();
    Chest { grid: GRID, attenuation, lungs, heart, trachea }
}

#[test]
fn films_are_reproducible_and_their_findings_lie_on_their_side() {
    let chest = chest();
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..40 {
        let case = case::draw(&chest, 3, index, 96);
        assert!(case.image.data.iter().all(|v| (0.0..=1.0).contains(v)));
        for finding in &case.findings {
            seen.insert(finding.kind);
            let area = finding.mask.area() as f64;
            let ones = finding.mask.data.iter().enumerate().filter(|(_, v)| **v != 0);
            let middle = ones.map(|(i, _)| (i % 96) as f64).sum::<f64>() / area;
            // The patient's right is on the left; the films are turned by up to 12 degrees.
            match finding.side {
                Side::Right => assert!(middle < 56.0, "{:?} {middle}", finding.kind),
                Side::Left => assert!(middle > 40.0, "{:?} {middle}", finding.kind),
                Side::Midline => {}
            }
            assert!(finding.conspicuity >= case::MIN_CONSPICUITY as f32);
        }
    }
    assert!(seen.len() >= 8, "{seen:?}");
    let [a, b] = [0, 0].map(|_| case::draw(&chest, 3, 7, 96));
    assert_eq!((a.image, a.findings), (b.image, b.findings));
}

#[test]
fn lesions_stay_in_their_lung_and_never_count_a_voxel_twice() {
    let chest = chest();
    let mut rng = Rng::new(1, 2, Purpose::Findings);
    for kind in [
        FindingKind::Nodule,
        FindingKind::Mass,
        FindingKind::Consolidation,
        FindingKind::Pneumonia,
        FindingKind::Infiltration,
        FindingKind::Effusion,
        FindingKind::Pneumothorax,
        FindingKind::Atelectasis,
        FindingKind::PleuralThickening,
    ] {
        for lung in [0, 1] {
            let lesion = lesion::draw(&mut rng, &chest, &chest.attenuation, kind, lung).unwrap();
            let change = &lesion.change;
            assert!(change.places.iter().all(|&i| chest.lungs[lung].mask[i]), "{kind:?}");
            let mut once = change.places.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), change.places.len(), "{kind:?}");
            let air = kind == FindingKind::Pneumothorax;
            for (k, &i) in change.places.iter().enumerate().filter(|(k, _)| change.cover[*k] > 0.5)
            {
                assert_eq!(change.fresh[k] < chest.attenuation[i], air, "{kind:?}");
            }
        }
    }
}

#[test]
fn a_ball_of_tissue_has_the_shadow_of_its_diameter() {
    let chest = chest();
    let mut rng = Rng::new(5, 6, Purpose::Findings);
    let lesion = lesion::draw(&mut rng, &chest, &chest.attenuation, FindingKind::Mass, 0).unwrap();
    let covered: f64 = lesion.change.cover.iter().map(|v| f64::from(*v)).sum();
    let volume = covered * GRID.voxel_mm3();
    let diameter = (6.0 * volume / std::f64::consts::PI).cbrt();
    let said = f64::from(lesion.size_mm.unwrap());
    // Lobes, and the part of it that the chest wall cuts off.
    assert!((diameter / said - 1.0).abs() < 0.2, "{diameter} {said}");
}
