//! The text side of the model on the CPU: pooling, and layers that are not trained.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used, reason = "a test")]

use burn::{
    module::Module as _,
    tensor::{Device, Distribution, Int, Tensor, TensorData},
};
use g2d_core::{
    config::{BertConfig, G2dConfig, Pooling},
    model::{Bert, TextHidden, TextProjector},
    weights::{Branch, Dtype, load_branch, load_tensors, save_branches},
};

fn config() -> BertConfig {
    BertConfig {
        vocab_size: 20,
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 32,
        max_position_embeddings: 16,
        dropout: 0.5,
        ..G2dConfig::tiny().text
    }
}

fn ids(rows: &[[i32; 4]], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), 4]), device)
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

fn mean(device: &Device) -> TextProjector {
    TextProjector::new(16, 8, Pooling::Mean, device)
}

#[test]
fn the_mean_is_over_tokens_that_were_read_and_padding_does_not_matter() {
    let device = Device::flex();
    let projector = mean(&device).valid();
    let hidden = Tensor::<3>::random([2, 5, 16], Distribution::Default, &device);
    let mask = |rows: [[f32; 5]; 2]| Tensor::<2>::from_data(rows, &device);
    let read = mask([[1.0, 1.0, 1.0, 0.0, 0.0], [1.0; 5]]);
    let run = |hidden: &Tensor<3>, mask: &Tensor<2>| {
        let texts = TextHidden { hidden: hidden.clone(), mask: mask.clone(), weights: None };
        projector.forward(texts)
    };
    let all = values(run(&hidden, &read));
    // The first text alone, without its padding.
    let short = hidden.clone().narrow(0, 0, 1).narrow(1, 0, 3);
    let alone = run(&short, &Tensor::ones([1, 3], &device));
    assert!(close(&all[..8], &values(alone)));
    // Other numbers under the padding.
    let noise = Tensor::random([2, 5, 16], Distribution::Default, &device);
    let padding = mask([[0.0, 0.0, 0.0, 1.0, 1.0], [0.0; 5]]).reshape([2, 5, 1]);
    assert!(close(&all, &values(run(&(hidden.clone() + noise * padding), &read))));
    // It is the mean: that of each token by itself.
    let tokens: Vec<Vec<f32>> = (0..3)
        .map(|t| values(run(&short.clone().narrow(1, t, 1), &Tensor::ones([1, 1], &device))))
        .collect();
    let by_hand: Vec<f32> =
        (0..8).map(|d| tokens.iter().map(|t| t[d]).sum::<f32>() / 3.0).collect();
    assert!(close(&all[..8], &by_hand));
    // A text without a single token gives zeros, not NaN.
    let none = run(&short, &Tensor::zeros([1, 3], &device));
    assert!(values(none).iter().all(|v| *v == 0.0));
}

#[test]
fn the_class_token_stays_the_default_and_old_configurations_load() {
    let device = Device::flex();
    let projector = TextProjector::new(16, 8, Pooling::default(), &device).valid();
    let hidden = Tensor::<3>::random([1, 4, 16], Distribution::Default, &device);
    let run = |hidden: Tensor<3>| {
        let mask = Tensor::ones([1, hidden.dims()[1]], &device);
        values(projector.forward(TextHidden { hidden, mask, weights: None }))
    };
    assert!(close(&run(hidden.clone()), &run(hidden.narrow(1, 0, 1))));
    let mut json = serde_json::to_value(config()).unwrap();
    json.as_object_mut().unwrap().remove("pooling");
    assert_eq!(serde_json::from_value::<BertConfig>(json.clone()).unwrap().pooling, Pooling::Cls);
    json["pooling"] = "mean".into();
    assert_eq!(serde_json::from_value::<BertConfig>(json).unwrap().pooling, Pooling::Mean);
}

#[test]
fn frozen_parts_have_no_dropout_and_keep_nothing_for_a_backward_pass() {
    let device = Device::flex().autodiff();
    let run = |frozen_layers, freeze_embeddings| {
        let net = Bert::new(&BertConfig { frozen_layers, freeze_embeddings, ..config() }, &device);
        let ids = ids(&[[2, 5, 6, 3], [2, 7, 3, 0]], &device);
        let mask = Tensor::from_data([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0]], &device);
        let once = net.forward(ids.clone(), mask.clone());
        let again = values(net.forward(ids, mask));
        (values(once.clone()) == again, once.is_tracked(), net, once)
    };
    // Everything frozen: the same numbers twice, and no graph.
    let (same, tracked, ..) = run(2, true);
    assert!(same && !tracked);
    // Trained tables below: gradients pass through frozen layers, and the tables have dropout.
    let (same, tracked, net, out) = run(2, false);
    assert!(!same && tracked);
    let gradients = out.sum().backward();
    let table = net.embeddings.position_embeddings.weight.val();
    assert!(table.grad(&gradients).is_some());
    assert!(net.encoder.layer[0].output.dense.weight.val().grad(&gradients).is_none());
    // A trained layer above frozen ones: it learns, and has dropout.
    let (same, tracked, net, out) = run(1, true);
    assert!(!same && tracked);
    let gradients = out.square().sum().backward();
    let of = |layer: usize| net.encoder.layer[layer].output.dense.weight.val().grad(&gradients);
    assert!(of(0).is_none() && of(1).is_some());
}

#[test]
fn branches_load_one_after_the_other_in_every_format() {
    let device = Device::flex();
    let mut config = G2dConfig::tiny();
    config.text = self::config();
    config.text.max_tokens = 16;
    let fresh = || g2d_core::model::G2d::new(&config, &device).unwrap().valid();
    let model = fresh();
    let film = Tensor::<4>::random([1, 3, 128, 128], Distribution::Default, &device);
    let look = |model: &g2d_core::model::G2d| values(model.encode_image(film.clone()).pooled);
    let tokens = ids(&[[2, 5, 6, 3]], &device);
    let read = |model: &g2d_core::model::G2d| {
        values(model.encode_text(tokens.clone(), Tensor::ones([1, 4], &device), true))
    };
    for (dtype, limit) in [(Dtype::F32, 0.0), (Dtype::F16, 0.01), (Dtype::Int8, 0.1)] {
        let files = save_branches(&model, dtype, usize::MAX).unwrap();
        let [(Branch::Image, image), (Branch::Text, text)] = files.as_slice() else {
            panic!("two files, the image branch first")
        };
        let near = |a: Vec<f32>, b: Vec<f32>| {
            let scale = a.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= limit * scale)
        };
        let mut other = fresh();
        load_branch(&mut other, Branch::Image, &[image]).unwrap();
        assert!(near(look(&model), look(&other)), "{dtype:?}");
        assert!(!near(read(&model), read(&other)), "{dtype:?}");
        let error = load_tensors(&mut fresh(), &[image]).unwrap_err();
        assert_eq!(error.code(), "G2D-W13");
        assert_eq!(
            load_branch(&mut fresh(), Branch::Text, &[image]).unwrap_err().code(),
            "G2D-W13"
        );
        load_branch(&mut other, Branch::Text, &[text]).unwrap();
        assert!(near(read(&model), read(&other)), "{dtype:?}");
        // Both at once, as an older reader does it.
        load_tensors(&mut fresh(), &[image, text]).unwrap();
        let sizes = [image.len(), text.len()];
        let smallest = dtype == Dtype::Int8;
        assert!(!smallest || sizes[0] < 4_000_000, "{sizes:?}");
    }
}
