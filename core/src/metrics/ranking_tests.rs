//! Hand-worked cases, and the numbers of scikit-learn 1.9.1 from this script:
//!
//! ```python
//! import numpy as np
//! from sklearn.metrics import *
//! s = np.array([.1, .4, .35, .8, .4, .4, .9, .2, .8, .35, .6, .05])
//! y = np.array([0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0])
//! print(roc_auc_score(y, s), average_precision_score(y, s))
//! p, r, t = precision_recall_curve(y, s)                       # best F1 and its threshold
//! for x in t: print(x, f1_score(y, s >= x), matthews_corrcoef(y, s >= x), accuracy_score(y, s >= x))
//! w = np.array([2, 0, 1, 1, 3, 0, 1, 2, 1, 1, 0, 1])
//! print(roc_auc_score(y, s, sample_weight=w), average_precision_score(y, s, sample_weight=w))
//! i = np.arange(1000); s = i * 7919 % 101 / 101; y = i * 104729 % 13 < 4
//! print(roc_auc_score(y, s), average_precision_score(y, s))
//! ```

use super::*;

const SCORES: [f32; 12] = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.2, 0.8, 0.35, 0.6, 0.05];
const LABELS: [u8; 12] = [0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0];

fn close(value: Option<f64>, expected: f64) {
    let value = value.unwrap();
    assert!((value - expected).abs() < 1e-12, "{value} is not {expected}");
}

fn example() -> Ranking {
    Ranking::new(&SCORES, &LABELS.map(|l| l == 1))
}

#[test]
fn scikit_learns_areas_with_ties() {
    close(example().auc(None), 0.805_555_555_555_555_6);
    close(example().average_precision(None), 0.751_984_126_984_127);
    let weights = [2, 0, 1, 1, 3, 0, 1, 2, 1, 1, 0, 1];
    close(example().auc(Some(&weights)), 0.833_333_333_333_333_4);
    close(example().average_precision(Some(&weights)), 0.680_555_555_555_555_6);

    // Many ties: 101 different scores of 1000.
    let scores: Vec<f32> = (0..1000).map(|i| (i * 7919 % 101) as f32 / 101.0).collect();
    let labels: Vec<bool> = (0..1000_u64).map(|i| i * 104_729 % 13 < 4).collect();
    let ranking = Ranking::new(&scores, &labels);
    close(ranking.auc(None), 0.499_826_401_921_777_6);
    close(ranking.average_precision(None), 0.308_726_793_268_866_4);
}

#[test]
fn scikit_learns_thresholds() {
    let ranking = example();
    let (threshold, f1) = ranking.best_threshold(Goal::F1).unwrap();
    assert_eq!(threshold, 0.35);
    close(Some(f1), 0.8);
    let (threshold, mcc) = ranking.best_threshold(Goal::Mcc).unwrap();
    assert_eq!(threshold, 0.35);
    close(Some(mcc), 0.577_350_269_189_625_7);
    for (threshold, f1, mcc, accuracy) in [
        (0.05, 0.666_666_666_666_666_6, 0.0, 0.5),
        (0.4, 0.769_230_769_230_769_2, 0.507_092_552_837_11, 0.75),
        (0.6, 0.6, 0.353_553_390_593_273_8, 0.666_666_666_666_666_6),
        (0.9, 0.285_714_285_714_285_7, 0.301_511_344_577_763_63, 0.583_333_333_333_333_4),
    ] {
        let counts = ranking.confusion(threshold, None);
        close(Some(counts.f1()), f1);
        close(Some(counts.mcc()), mcc);
        close(counts.accuracy(), accuracy);
    }
}

#[test]
fn areas_by_hand() {
    let auc = |scores: &[f32], labels: &[bool]| Ranking::new(scores, labels).auc(None);
    assert_eq!(auc(&[0.9, 0.1], &[true, false]), Some(1.0));
    assert_eq!(auc(&[0.1, 0.9], &[true, false]), Some(0.0));
    assert_eq!(auc(&[0.5; 4], &[true, false, false, true]), Some(0.5), "all equal");
    assert_eq!(auc(&[0.0, -0.0], &[true, false]), Some(0.5), "zeros of either sign");
    // Two of three pairs, and a tie that counts half: (1 + 1 + 0.5 + 0) / 4.
    assert_eq!(auc(&[0.9, 0.4, 0.4, 0.6], &[true, true, false, false]), Some(0.625));
    assert_eq!(auc(&[f32::NAN, 0.4], &[true, false]), Some(0.0), "no number ranks last");

    // Right, wrong, right: (1/1 + 2/3) / 2.
    let ranking = Ranking::new(&[0.9, 0.8, 0.7], &[true, false, true]);
    close(ranking.average_precision(None), 5.0 / 6.0);
    close(Ranking::new(&[0.5; 4], &[true, false, false, false]).average_precision(None), 0.25);
}

#[test]
fn one_class_and_nothing_have_no_area() {
    for labels in [&[true, true][..], &[false, false], &[]] {
        let ranking = Ranking::new(&[0.5, 0.7][..labels.len()], labels);
        assert_eq!(ranking.auc(None), None);
        assert_eq!(ranking.best_threshold(Goal::F1), None);
    }
    assert_eq!(Ranking::new(&[0.5], &[false]).average_precision(None), None);
    assert_eq!(Ranking::new(&[0.5], &[true]).average_precision(None), Some(1.0));
    assert_eq!(Ranking::new(&[], &[]).confusion(0.5, None).accuracy(), None);
    assert_eq!(Confusion::default().f1(), 0.0);
    assert_eq!(Confusion::default().mcc(), 0.0);
}

#[test]
fn weights_are_the_same_as_rows_that_are_there_so_often() {
    let weights = [2, 0, 1, 3, 1, 0, 1, 2, 1, 4, 0, 1];
    let often = |row: usize| std::iter::repeat_n(row, weights[row] as usize);
    let rows: Vec<usize> = (0..12).flat_map(often).collect();
    let scores: Vec<f32> = rows.iter().map(|&r| SCORES[r]).collect();
    let labels: Vec<bool> = rows.iter().map(|&r| LABELS[r] == 1).collect();
    let (few, many) = (example(), Ranking::new(&scores, &labels));
    close(few.auc(Some(&weights)), many.auc(None).unwrap());
    close(few.average_precision(Some(&weights)), many.average_precision(None).unwrap());
    assert_eq!(few.confusion(0.4, Some(&weights)), many.confusion(0.4, None));
}
