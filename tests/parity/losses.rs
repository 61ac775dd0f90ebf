//! The losses and their gradients, on small tensors.

use burn::tensor::{Device, Tensor, TensorData};
use g2d_core::{
    loss::{
        DiceFrom, Directions, ReconstructionKind, SentencePairs, contrastive, local_alignment,
        pixel_alignment, reconstruction,
    },
    model::l2_normalise,
};
use g2d_tests::weights::Fixture;

use crate::common::{CPU, GRADIENT, check, floats};

fn indices(fixture: &Fixture, key: &str) -> Vec<usize> {
    fixture.ints(key).1.into_iter().map(|v| v as usize).collect()
}

#[test]
fn contrastive_loss() {
    let (fixture, device) = (Fixture::open("losses"), Device::flex().autodiff());
    let leaf = |key| floats::<2>(fixture.input(key), &device).require_grad();
    let (image, text) = (leaf("image_embedding"), leaf("text_embedding"));
    let loss = contrastive(image.clone(), text.clone(), 0.07, None, Directions::Both);
    check(&fixture, "contrastive", loss.clone(), CPU);
    let grads = loss.backward();
    check(&fixture, "contrastive/grad/image", image.grad(&grads).unwrap(), GRADIENT);
    check(&fixture, "contrastive/grad/text", text.grad(&grads).unwrap(), GRADIENT);
}

#[test]
fn equal_reports_are_no_negatives() {
    let (fixture, device) = (Fixture::open("losses"), Device::flex());
    let image: Tensor<2> = floats(fixture.input("image_embedding"), &device);
    let text: Tensor<2> = floats(fixture.input("text_embedding"), &device);
    let value = |groups: Option<&[usize]>| {
        contrastive(image.clone(), text.clone(), 0.07, groups, Directions::Both)
            .into_scalar::<f32>()
    };
    assert!((value(None) - value(Some(&[0, 1, 2, 3]))).abs() < 1e-6);
    assert!(value(Some(&[0, 0, 2, 3])) < value(None));
    assert!(value(Some(&[0, 0, 0, 0])).abs() < 1e-6, "nothing is left to tell apart");
}

#[test]
fn pixel_losses() {
    let (fixture, device) = (Fixture::open("losses"), Device::flex().autodiff());
    let target: Tensor<4> = floats(fixture.input("target"), &device);
    type Loss = fn(Tensor<4>, Tensor<4>) -> Tensor<1>;
    let losses: [(&str, Loss); 4] = [
        ("dice", |x, t| pixel_alignment(x, t, DiceFrom::Probabilities).dice),
        ("bce", |x, t| pixel_alignment(x, t, DiceFrom::Probabilities).bce),
        ("pixel_alignment", |x, t| pixel_alignment(x, t, DiceFrom::Probabilities).total()),
        ("reconstruction_l1", |x, t| reconstruction(x, t, ReconstructionKind::L1)),
    ];
    for (name, loss) in losses {
        let logits = floats::<4>(fixture.input("logits"), &device).require_grad();
        let value = loss(logits.clone(), target.clone());
        check(&fixture, name, value.clone(), CPU);
        let grad = logits.grad(&value.backward()).unwrap();
        check(&fixture, &format!("{name}/grad/logits"), grad, GRADIENT);
    }
}

#[test]
fn pixel_loss_is_bounded_and_finite() {
    let device = Device::flex();
    for logit in [-1e4, -0.15, 0.0, 1e4] {
        let logits = Tensor::<4>::full([2, 1, 4, 4], logit, &device);
        for target in [0.0, 1.0] {
            let loss = pixel_alignment(
                logits.clone(),
                Tensor::full([2, 1, 4, 4], target, &device),
                DiceFrom::Probabilities,
            );
            let dice = loss.dice.into_scalar::<f32>();
            assert!((-1e-6..=1.0 + 1e-6).contains(&dice), "{logit} {target}: {dice}");
            assert!(loss.bce.into_scalar::<f32>().is_finite());
        }
    }
}

#[test]
fn dice_on_raw_logits_is_not_bounded() {
    // A constant logit c on a mask of 15% gives 1 - 0.3 c / (c + 0.15), with a pole at -0.15.
    let device = Device::flex();
    let mask: Vec<f32> = (0..400).map(|i| f32::from(i < 60)).collect();
    let target = Tensor::<4>::from_data(TensorData::new(mask, [1, 1, 20, 20]), &device);
    for (c, expected) in [(-0.1, 1.6), (-0.2, -0.2)] {
        let logits = Tensor::<4>::full([1, 1, 20, 20], c, &device);
        let dice =
            |from| pixel_alignment(logits.clone(), target.clone(), from).dice.into_scalar::<f32>();
        let raw = dice(DiceFrom::Logits);
        assert!((raw - expected).abs() < 1e-3, "{c}: {raw}");
        assert!((0.0..=1.0).contains(&dice(DiceFrom::Probabilities)));
    }
}

#[test]
fn local_loss() {
    let (fixture, device) = (Fixture::open("losses"), Device::flex().autodiff());
    let map = floats::<4>(fixture.input("local_map"), &device).require_grad();
    let sentences = floats::<2>(fixture.input("sentences"), &device).require_grad();
    let pairs = SentencePairs {
        sentence: indices(&fixture, "first_of_group"),
        image: indices(&fixture, "owners"),
        contradicted: Vec::new(),
    };
    let dense = l2_normalise(map.clone(), 1);
    let loss = local_alignment(dense, sentences.clone(), &pairs, 0.07);
    check(&fixture, "local", loss.clone(), CPU);
    let grads = loss.backward();
    check(&fixture, "local/grad/local", map.grad(&grads).unwrap(), GRADIENT);
    check(&fixture, "local/grad/sentences", sentences.grad(&grads).unwrap(), GRADIENT);
}
