//! What `g2d import` cannot use: told clearly, with nothing left behind.

use std::{fs, path::PathBuf};

use safetensors::SafeTensors;

use crate::{
    import::{fixture, import},
    support::Ward,
};

/// A tensor's name and shape.
type Shaped = (String, Vec<usize>);

#[test]
fn files_that_are_no_weights_are_told() {
    let ward = Ward::new();
    let out = ward.path("start");
    let refused = |path: PathBuf, words: &[&str]| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let run = import("torchvision", &[path], &out, &[]).expect(1).says(&[&name]).says(words);
        assert!(run.stdout.is_empty());
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    };
    refused(fixture("no-such.pth"), &["no such file", "G2D-F01"]);
    refused(fixture("bert_cased"), &["This is a folder", "G2D-F01"]);
    for name in ["resnet18.pth", "resnet18_nested_legacy.pth", "resnet18.tar.pth"] {
        let whole = fs::read(fixture(name)).unwrap();
        refused(
            ward.put(&format!("cut-{name}"), &whole[..whole.len() / 2]),
            &["G2D-W30", "cut off"],
        );
    }
    let whole = fs::read(fixture("resnet50.safetensors")).unwrap();
    refused(ward.put("cut.safetensors", &whole[..whole.len() / 2]), &["G2D-W30", "cut off"]);
    // One wrong bit in a zip: the checksum of that tensor tells.
    let mut flipped = fs::read(fixture("resnet18.pth")).unwrap();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let flipped = ward.put("flipped.pth", &flipped);
    let run = import("torchvision", &[flipped], &out, &[]).expect(1);
    run.says(&["error: ", "flipped.pth", "checksum", "G2D-W30"]);
    refused(ward.put("page.pth", b"<!DOCTYPE html><html>not found</html>"), &["G2D-W30"]);
    refused(ward.put("empty.pth", b""), &["G2D-W30"]);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    refused(ward.put("pointer.bin", pointer), &["G2D-W30", "git lfs pull"]);
    refused(fixture("list.pth"), &["G2D-W31", "state_dict()"]);
    refused(fixture("sparse.pth"), &["G2D-W31", "cannot be read without"]);
    // A pickle of an object of an unknown class: protocol 0, `class A` of a module `m`.
    refused(ward.put("class.pth", b"cm\nA\n(tR."), &["G2D-W31", "state_dict()"]);
    assert!(!out.exists());
    let left = fs::read_dir(ward.folder.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".g2d-"));
    assert_eq!(left.count(), 0, "something is left behind");
}

#[test]
fn networks_that_do_not_fit_are_told() {
    let ward = Ward::new();
    let out = ward.path("start");
    let refused = |from: &str, files: &[PathBuf], more: &[&str], words: &[&str]| {
        import(from, files, &out, more).expect(1).says(words);
        assert!(!out.exists());
    };
    let bert = fixture("bert_cased");
    let weights = bert.join("model.safetensors");
    refused("torchvision", std::slice::from_ref(&weights), &[], &["G2D-W32", "--from hf-bert"]);
    let mixed = [bert.join("config.json"), bert.join("vocab.txt"), fixture("resnet18.pth")];
    refused("hf-bert", &mixed, &[], &["G2D-W32", "--from torchvision"]);
    let file = [fixture("resnet50.safetensors")];
    refused("torchvision", &file, &["--prefix", "encoder"], &["G2D-W32", "under: backbone"]);

    // One tensor less, one of another shape, one too many: a file of our own making.
    let edit = |name: &str, edit: &dyn Fn(&str, Vec<usize>) -> Vec<Shaped>| {
        let bytes = fs::read(fixture("resnet50.safetensors")).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let list: Vec<Shaped> =
            tensors.tensors().iter().flat_map(|(n, v)| edit(n, v.shape().to_vec())).collect();
        let zeros = vec![0; 1 << 20];
        let views = list.iter().map(|(name, shape)| {
            let data = &zeros[..shape.iter().product::<usize>() * 4];
            let dtype = safetensors::Dtype::F32;
            let view = safetensors::tensor::TensorView::new(dtype, shape.clone(), data).unwrap();
            (name.as_str(), view)
        });
        [ward.put(name, &safetensors::serialize(views, None).unwrap())]
    };
    let bn = "backbone.layer3.2.bn2.running_var";
    let less = edit("less.safetensors", &|n, s| if n == bn { vec![] } else { vec![(n.into(), s)] });
    refused("torchvision", &less, &[], &["less.safetensors", "G2D-W34", bn]);
    let other =
        edit("other.safetensors", &|n, s| vec![(n.into(), if n == bn { vec![5] } else { s })]);
    refused("torchvision", &other, &[], &["G2D-W35", bn, "[5]", "[8]"]);
    let more = edit("more.safetensors", &|n, s| {
        let extra = (n == bn).then(|| ("backbone.layer3.2.se.weight".to_owned(), vec![2]));
        [(n.to_owned(), s)].into_iter().chain(extra).collect()
    });
    refused("torchvision", &more, &[], &["G2D-W33", "layer3.2.se.weight"]);
    let deeper = edit("deeper.safetensors", &|n, s| {
        let extra = (n == "backbone.layer3.2.conv1.weight")
            .then(|| (6..23).map(|b| (format!("backbone.layer3.{b}.conv1.weight"), vec![2])));
        [(n.to_owned(), s)].into_iter().chain(extra.into_iter().flatten()).collect()
    });
    refused("torchvision", &deeper, &[], &["G2D-W33", "ResNet-101"]);
    let twice = edit("twice.safetensors", &|n, s| {
        vec![(n.into(), s.clone()), (n.replace("backbone", "momentum"), s)]
    });
    refused("torchvision", &twice, &[], &["G2D-W36", "backbone, momentum", "--prefix"]);
    import("torchvision", &twice, &out, &["--prefix", "momentum"])
        .expect(0)
        .says(&["left out: backbone.*"]);
}

#[test]
fn folders_that_do_not_fit_together_are_told() {
    let ward = Ward::new();
    let out = ward.path("start");
    let folder = ward.path("bert");
    fs::create_dir(&folder).unwrap();
    let names = ["config.json", "vocab.txt", "model.safetensors"];
    let restore = || {
        for name in names {
            fs::copy(fixture("bert_cased").join(name), folder.join(name)).unwrap();
        }
    };
    let refused = |words: &[&str]| {
        import("hf-bert", std::slice::from_ref(&folder), &out, &[]).expect(1).says(words);
        assert!(!out.exists());
        restore();
    };
    restore();
    fs::remove_file(folder.join("vocab.txt")).unwrap();
    refused(&["G2D-W42", "vocab.txt nor a tokenizer.json"]);
    fs::remove_file(folder.join("config.json")).unwrap();
    refused(&["G2D-W40", "config.json"]);
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    refused(&["G2D-W40", "no weights"]);
    fs::write(folder.join("tokenizer.json"), b"{}").unwrap();
    refused(&["tokenizer.json", "G2D-W20"]);
    fs::remove_file(folder.join("tokenizer.json")).unwrap();
    fs::write(folder.join("vocab.txt"), b"hello\nworld\n").unwrap();
    refused(&["vocab.txt", "G2D-W42", "[CLS]"]);
    let vocab = fs::read_to_string(fixture("bert_cased/vocab.txt")).unwrap();
    fs::write(folder.join("vocab.txt"), vocab + "four\nmore\nwords\nhere\n").unwrap();
    refused(&["G2D-W43", "word table"]);

    let config = fs::read_to_string(fixture("bert_cased/config.json")).unwrap();
    let put = |from: &str, to: &str| {
        assert!(config.contains(from), "{from}");
        fs::write(folder.join("config.json"), config.replace(from, to)).unwrap();
    };
    put("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    refused(&["G2D-W44", "num_hidden_layers is 3 there and 2 in the tensors"]);
    put("\"hidden_size\": 32", "\"hidden_size\": 64");
    refused(&["G2D-W44", "hidden_size is 64 there and 32 in the tensors"]);
    put("\"model_type\": \"bert\"", "\"model_type\": \"distilbert\"");
    refused(&["config.json", "G2D-W41", "distilbert"]);
    put("\"num_attention_heads\": 4", "\"num_attention_heads\": 5");
    refused(&["G2D-W41", "5 heads"]);
    fs::write(folder.join("config.json"), b"{").unwrap();
    refused(&["config.json", "G2D-W40"]);
}
