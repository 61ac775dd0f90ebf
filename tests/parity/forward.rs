//! Forward passes in evaluation mode.

use burn::{module::Module, tensor::Tensor};
use g2d_core::{
    config::{BertConfig, G2dConfig, MapSource, ResNetConfig},
    model::{AttentionPool, Bert, G2d, ResNet, l2_normalise},
    weights::load_tensors,
};
use g2d_tests::weights::Fixture;

use crate::common::{Bench, base, check, cpu, floats, ints, mask, model, part, wgpu};

fn resnet(bench: &Bench, depth: usize, shapes: &str) {
    let fixture = Fixture::open("resnet");
    let config = ResNetConfig { depth, width: 64 };
    let mut net = ResNet::new(&config, &bench.device).unwrap();
    load_tensors(&mut net, &[&part(shapes, "image_encoder.")]).unwrap();
    let pyramid = net.forward(floats(fixture.input("image64"), &bench.device));
    for (stage, map) in pyramid.into_iter().enumerate().skip(1) {
        check(&fixture, &format!("resnet{depth}/stage{stage}"), map, bench.tolerance);
    }
}

fn attention_pool(bench: &Bench) {
    let fixture = Fixture::open("attention_pool");
    let x: Tensor<4> = floats(fixture.input("pool"), &bench.device);
    for (name, shapes, heads, width) in
        [("heads4", "shapes_base.json", 4, 32), ("heads3", "shapes_pool3.json", 3, 43)]
    {
        let mut pool = AttentionPool::new(128, heads, width, 3, &bench.device);
        load_tensors(&mut pool, &[&part(shapes, "attention_pool.")]).unwrap();
        let (pooled, attention) = pool.forward(x.clone());
        check(&fixture, &format!("{name}/pooled"), pooled, bench.tolerance);
        check(&fixture, &format!("{name}/attention"), attention, bench.tolerance);
        check(&fixture, &format!("{name}/value_map"), pool.values(x.clone()), bench.tolerance);
    }
}

fn positions(bench: &Bench) {
    let fixture = Fixture::open("positions");
    let mut pool = AttentionPool::new(128, 4, 32, 7, &bench.device);
    let table: Tensor<2> = floats(fixture.input("positional_embedding"), &bench.device);
    pool.positional_embedding = pool.positional_embedding.map(|_| table);
    for (h, w) in [(9, 9), (4, 4), (7, 10)] {
        check(&fixture, &format!("{h}x{w}"), pool.positions(h, w), bench.tolerance);
    }
}

fn bert(bench: &Bench) {
    let fixture = Fixture::open("bert");
    let config = BertConfig { dropout: 0.0, frozen_layers: 0, ..G2dConfig::base().text };
    let mut net = Bert::new(&config, &bench.device);
    load_tensors(&mut net, &[&part("shapes_base.json", "text_encoder.")]).unwrap();
    let ids = ints(fixture.ints("ids"), &bench.device);
    let hidden = net.forward(ids, mask(&fixture, "mask", &bench.device));
    check(&fixture, "hidden", hidden, bench.tolerance);
}

/// Decoder, embeddings and every map of the whole `base` model.
fn assembled(bench: &Bench) {
    let net: G2d = model(&base(), "shapes_base.json", &bench.device).valid();

    let fixture = Fixture::open("unet");
    let features = net.encode_image(floats(fixture.input("image64"), &bench.device));
    check(&fixture, "features", net.decoder.forward(&features.pyramid), bench.tolerance);
    check(&fixture, "logits", net.decode(&features), bench.tolerance);

    let fixture = Fixture::open("base_eval");
    let features = net.encode_image(floats(fixture.input("image96"), &bench.device));
    let check = |key, tensor| check(&fixture, key, tensor, bench.tolerance);
    check("proj_map", features.projected.clone());
    check("attention", features.attention.clone());
    check("logits", net.decode(&features));
    check("value_map", net.attention_pool.values(features.projected.clone()));
    let local = net.local_head.as_ref().unwrap();
    check("local_map", local.forward(net.local_input(&features)));
    let [b, d] = features.pooled.dims();
    crate::common::check(&fixture, "image_embedding", features.pooled.clone(), bench.tolerance);
    let ids = ints(fixture.ints("ids"), &bench.device);
    let text = net.encode_text(ids, mask(&fixture, "mask", &bench.device), true);
    assert_eq!(text.dims(), [b, d]);
    crate::common::check(&fixture, "text_embedding", text, bench.tolerance);

    // What grounding compares are these very maps at length 1.
    let value = l2_normalise(net.attention_pool.values(features.projected.clone()), 1);
    let dense = net.dense(&features, MapSource::Value).unwrap();
    assert!((value - dense).abs().max().into_scalar::<f32>() < 1e-6);
}

#[test]
fn resnets_on_cpu() {
    resnet(&cpu(), 18, "shapes_resnet18.json");
    resnet(&cpu(), 34, "shapes_resnet34.json");
    resnet(&cpu(), 50, "shapes_base.json");
}

#[test]
fn attention_pool_on_cpu() {
    attention_pool(&cpu());
    positions(&cpu());
}

#[test]
fn bert_on_cpu() {
    bert(&cpu());
}

#[test]
fn assembled_on_cpu() {
    assembled(&cpu());
}

#[test]
fn everything_on_wgpu() {
    let Some(bench) = wgpu() else { return };
    resnet(&bench, 18, "shapes_resnet18.json");
    resnet(&bench, 50, "shapes_base.json");
    attention_pool(&bench);
    positions(&bench);
    bert(&bench);
    assembled(&bench);
}
