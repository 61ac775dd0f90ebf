//! One training step of the assembled model: losses, running statistics and the gradient of the
//! total for a layer of each part.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Gradients, Tensor, TensorData},
};
use g2d_core::{
    config::{G2dConfig, MapSource},
    loss::{DiceFrom, Directions, SentencePairs, contrastive, local_alignment, pixel_alignment},
    model::G2d,
};
use g2d_tests::weights::Fixture;

use crate::common::{CPU, GRADIENT, base, check, floats, ints, mask, model, small};

/// Gradients by our names, with their shapes.
struct Collect<'a> {
    grads: &'a Gradients,
    path: Vec<String>,
    found: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        if let Some(grad) = param.val().grad(self.grads) {
            let values = grad.to_data().iter::<f32>().collect();
            self.found.insert(self.path.join("."), (grad.dims().to_vec(), values));
        }
    }
}

/// PyTorch's name of a parameter as ours: the rules of the weight loader, and Burn's words for
/// norms.
fn ours(pytorch: &str) -> String {
    let mut name = pytorch.to_owned();
    for (from, to) in [
        (".downsample.0.", ".downsample.conv."),
        (".downsample.1.", ".downsample.bn."),
        (".conv1.0.", ".conv1.conv."),
        (".conv1.1.", ".conv1.bn."),
        (".conv2.0.", ".conv2.conv."),
        (".conv2.1.", ".conv2.bn."),
        ("segmentation_head.0.", "segmentation_head."),
        ("projector.0.", "projector.conv1."),
        ("projector.3.", "projector.conv2."),
        ("local_head.0.", "local_head.conv1."),
        ("local_head.3.", "local_head.conv2."),
        (".attention.self.", ".attention.self_attention."),
        (".LayerNorm.", ".layer_norm."),
    ] {
        name = name.replace(from, to);
    }
    let norm = [".bn1.", ".bn2.", ".bn3.", ".bn.", ".layer_norm."].iter().any(|n| name.contains(n));
    if norm {
        name = name.replace(".weight", ".gamma").replace(".bias", ".beta");
    }
    name
}

fn step(config: &G2dConfig, shapes: &str, file: &str, variants: &[&str]) {
    let device = Device::flex().autodiff();
    let fixture = Fixture::open(file);
    for (round, variant) in variants.iter().enumerate() {
        let net = model(config, shapes, &device);
        let features = net.encode_image(floats(fixture.input("image"), &device));
        let logits = net.decode(&features);
        let masked = variant.starts_with("masked");
        let text = |group: &str| {
            let ids = ints(fixture.ints(&format!("{group}/ids")), &device);
            (ids, mask(&fixture, &format!("{group}/mask"), &device))
        };
        let (reports, sentences) = if variant.ends_with("joint") {
            let (ids, mask) = text("joint");
            let all = net.encode_text(ids, mask, masked);
            let [rows, _] = all.dims();
            (all.clone().narrow(0, 0, 4), all.narrow(0, 4, rows - 4))
        } else {
            let one = |group| {
                let (ids, mask) = text(group);
                net.encode_text(ids, mask, masked)
            };
            (one("reports"), one("sentences"))
        };
        let pairs = SentencePairs {
            sentence: fixture.ints("first_of_group").1.iter().map(|&v| v as usize).collect(),
            image: fixture.ints("owners").1.iter().map(|&v| v as usize).collect(),
            contradicted: Vec::new(),
        };
        let vla =
            contrastive(features.pooled.clone(), reports.clone(), 0.07, None, Directions::Both);
        let pixel = pixel_alignment(
            logits.clone(),
            floats(fixture.input("target"), &device),
            DiceFrom::Probabilities,
        );
        let dense = net.dense(&features, MapSource::Local).unwrap();
        let local = local_alignment(dense, sentences.clone(), &pairs, 0.07);
        let total = vla.clone() + pixel.total() + local.clone();

        if round == 0 {
            check(&fixture, "image/proj_map", features.projected.clone(), CPU);
            check(&fixture, "image/image_embedding", features.pooled.clone(), CPU);
            check(&fixture, "image/attention", features.attention.clone(), CPU);
            check(&fixture, "image/logits", logits, CPU);
            running(&fixture, &net);
        }
        let key = |name: &str| format!("{variant}/{name}");
        check(&fixture, &key("report_embedding"), reports, CPU);
        check(&fixture, &key("sentence_embedding"), sentences, CPU);
        check(&fixture, &key("loss/vla"), vla, CPU);
        check(&fixture, &key("loss/dice"), pixel.dice, CPU);
        check(&fixture, &key("loss/bce"), pixel.bce, CPU);
        check(&fixture, &key("loss/local"), local, CPU);
        check(&fixture, &key("loss/total"), total.clone(), CPU);

        let grads = total.backward();
        let mut collect = Collect { grads: &grads, path: Vec::new(), found: BTreeMap::new() };
        net.visit(&mut collect);
        let prefix = key("grad/");
        let mut compared = 0;
        for stored in fixture.keys(&prefix) {
            let name = &stored[prefix.len()..];
            let Some((shape, values)) = collect.found.get(&ours(name)) else {
                panic!("{name} has no gradient here as {}", ours(name));
            };
            let plain = Device::flex();
            // Burn keeps linear layers as [in, out], PyTorch as [out, in].
            let linear =
                ["_proj.weight", "query.weight", "key.weight", "value.weight", "dense.weight"];
            if linear.iter().any(|end| name.ends_with(end)) {
                let grad: Tensor<2> =
                    Tensor::from_data(TensorData::new(values.clone(), shape.clone()), &plain);
                check(&fixture, stored, grad.transpose(), GRADIENT);
            } else {
                let error = fixture.error(stored, shape, values);
                println!("{stored}: {error:.2e}");
                assert!(error <= GRADIENT, "{stored}: off by {error:.2e} of its scale");
            }
            compared += 1;
        }
        assert!(compared >= 5, "{variant}: only {compared} gradients are stored");
    }
}

/// The running statistics after one step.
fn running(fixture: &Fixture, net: &G2d) {
    let bn = &net.image_encoder.bn1;
    let projector = &net.image_projector.norm;
    let local = &net.local_head.as_ref().unwrap().norm;
    for (name, mean, var) in [
        ("image_encoder.bn1", bn.running_mean.value_sync(), bn.running_var.value_sync()),
        (
            "image_projector.1",
            projector.running_mean.value_sync(),
            projector.running_var.value_sync(),
        ),
        ("local_head.1", local.running_mean.value_sync(), local.running_var.value_sync()),
    ] {
        check(fixture, &format!("running/{name}.running_mean"), mean, CPU);
        check(fixture, &format!("running/{name}.running_var"), var, CPU);
    }
}

#[test]
fn small_model() {
    let variants = ["plain", "masked", "plain_joint", "masked_joint"];
    step(&small(), "shapes_small_train.json", "small_train", &variants);
}

#[test]
fn base_model() {
    step(&base(), "shapes_base_train.json", "base_train", &["plain", "masked_joint"]);
}
