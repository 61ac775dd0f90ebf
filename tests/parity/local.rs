//! The sentence-level contrast, by hand.

use burn::tensor::{Device, Tensor, TensorData};
use g2d_core::loss::{LocalContrast, PlacePooling, SentencePairs, local_contrast};

/// Two images of two places each, in a plane; place 0 of image 0 fits sentence 0 exactly.
fn dense(device: &Device) -> Tensor<4> {
    // [batch, d, h, w]: image 0 has (1, 0) and (0, 1); image 1 has (0, 1) and (0, 1).
    let data = vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0f32];
    Tensor::from_data(TensorData::new(data, [2, 2, 1, 2]), device)
}

fn sentences(device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(vec![2.0, 0.0, 0.0, 3.0, -1.0, 0.0f32], [3, 2]), device)
}

fn value(config: &LocalContrast, pairs: &SentencePairs, name: &str) -> f32 {
    let device = Device::flex();
    let losses = local_contrast(dense(&device), sentences(&device), pairs, config, 0.5);
    let found = losses.into_iter().find(|(known, ..)| *known == name).unwrap();
    found.2.into_scalar::<f32>()
}

#[test]
fn both_directions_by_hand() {
    let pairs = SentencePairs {
        sentence: vec![0, 1],
        image: vec![0, 1],
        contradicted: vec![Some(2), None],
    };
    let lse = |a: f32, b: f32| (a.exp() + b.exp()).ln();
    // Scores over the temperature: sentence 0 with the images; sentence 1; sentence 2.
    let s = [[lse(2.0, 0.0), lse(0.0, 0.0)], [lse(0.0, 2.0), lse(2.0, 2.0)]];
    let loss = |own: f32, others: &[f32]| {
        (own.exp() + others.iter().map(|o| o.exp()).sum::<f32>()).ln() - own
    };
    let config = LocalContrast { to_sentence: 1.0, ..LocalContrast::default() };
    let to_image = 0.5 * (loss(s[0][0], &[s[0][1]]) + loss(s[1][1], &[s[1][0]]));
    assert!((value(&config, &pairs, "local") - to_image).abs() < 1e-5);
    let plain = 0.5 * (loss(s[0][0], &[s[1][0]]) + loss(s[1][1], &[s[0][1]]));
    assert!((value(&config, &pairs, "local_sentence") - plain).abs() < 1e-5);
    let config = LocalContrast { contradictions: true, ..config };
    let third = lse(-2.0, 0.0);
    let swapped = 0.5 * (loss(s[0][0], &[s[1][0], third]) + loss(s[1][1], &[s[0][1]]));
    assert!((value(&config, &pairs, "local_sentence") - swapped).abs() < 1e-5);
}

#[test]
fn sentences_of_one_report_are_contrasted_where_they_look() {
    let config = LocalContrast { within_image: 1.0, ..LocalContrast::default() };
    let two = SentencePairs { sentence: vec![0, 1], image: vec![0, 0], contradicted: Vec::new() };
    let at = value(&config, &two, "local_within");
    // Each looks mostly at its own place, so each fits better there: below chance, above zero.
    assert!(at > 0.0 && at < 2f32.ln(), "{at}");
    let one = SentencePairs { sentence: vec![0], image: vec![0], contradicted: Vec::new() };
    let device = Device::flex();
    let losses = local_contrast(dense(&device), sentences(&device), &one, &config, 0.5);
    assert_eq!(losses.len(), 1, "a lone sentence has nothing to be told from");
}

#[test]
fn the_best_share_is_their_mean() {
    let pairs = SentencePairs { sentence: vec![0], image: vec![0], contradicted: Vec::new() };
    let config = LocalContrast {
        pooling: PlacePooling::TopShare,
        top_share: 0.5,
        ..LocalContrast::default()
    };
    // The best of two places: 1 in the own image, 0 in the other, over a temperature of 0.5.
    let expected = (2f32.exp() + 1.0).ln() - 2.0;
    assert!((value(&config, &pairs, "local") - expected).abs() < 1e-5);
    let all = LocalContrast { top_share: 1.0, ..config };
    let expected = (1f32.exp() + 1.0).ln() - 1.0;
    assert!((value(&all, &pairs, "local") - expected).abs() < 1e-5);
}
