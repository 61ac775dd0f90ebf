//! A ResNet of torchvision: which one it is stands in the names and shapes of its tensors.

use burn::tensor::Device;
use g2d_core::{Error, Result, config::ResNetConfig};
use serde_json::json;

use super::{
    network::{Encoder, Kind, Plan, Rows, pair},
    state_dict::StateDict,
};

/// Channels of the widest stem: eight times torchvision's, beyond which a file that claims more
/// would only fill the memory.
const WIDEST: usize = 512;

/// Finds the network, its depth and width, and where each tensor goes.
///
/// # Errors
/// When there is no such network, it is a larger or another ResNet (`G2D-W33`), or tensors are
/// missing or do not fit.
pub fn plan(dict: &StateDict, prefix: Option<&str>, device: &Device) -> Result<Plan> {
    let root = Kind::ResNet.root(dict, prefix)?;
    let config = recognise(dict, &root)?;
    let encoder = Encoder::image(&config, device)?;
    let (copies, left_out) =
        pair(dict, &root, &encoder, &Rows::new(), |ours| vec![their_name(ours)], needless)?;
    Ok(Plan {
        network: format!("ResNet-{}, stem of {} channels", config.depth, config.width),
        prefix: root,
        config: json!({ "encoder": config }),
        encoder,
        copies,
        left_out,
        rows: Rows::new(),
    })
}

/// The name that torchvision gives a tensor of ours.
fn their_name(ours: &str) -> String {
    ours.trim_start_matches("image_encoder.")
        .replace(".downsample.conv.", ".downsample.0.")
        .replace(".downsample.bn.", ".downsample.1.")
}

/// Whether the encoder can do without a tensor, and how it is counted.
fn needless(name: &str) -> Option<String> {
    if name.ends_with("num_batches_tracked") {
        // Batch norms with a fixed momentum never read it.
        return Some("*.num_batches_tracked".into());
    }
    let first = name.split('.').next().unwrap_or_default();
    let ours = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"];
    // The classifier `fc`, projectors, queues: what follows the encoder or stands beside it.
    (!ours.contains(&first)).then(|| if name == first { name.into() } else { format!("{first}.*") })
}

fn refuse(what: impl Into<String>) -> Error {
    Error::weights(
        "G2D-W33",
        what,
        "Use a plain ResNet-18, -34 or -50 with torchvision's names, of any width",
    )
}

/// Depth and width from names and shapes.
fn recognise(dict: &StateDict, root: &str) -> Result<ResNetConfig> {
    let shape = |name: &str| dict.shape(&format!("{root}{name}")).unwrap_or_default();
    let width = match *shape("conv1.weight") {
        [width, 3, 7, 7] if (1..=WIDEST).contains(&width) => width,
        [_, channels, 7, 7] if channels != 3 => {
            return Err(refuse(format!(
                "The first convolution reads {channels} channels; the encoder has 3 (a film of \
                 one channel is copied to them)"
            )));
        }
        ref other => {
            return Err(refuse(format!(
                "The first convolution has the shape {other:?}, not [width, 3, 7, 7] with a \
                 width up to {WIDEST}"
            )));
        }
    };
    let blocks = [1, 2, 3, 4].map(|stage| {
        let exists = |b: &usize| !shape(&format!("layer{stage}.{b}.conv1.weight")).is_empty();
        (0..).take_while(exists).count()
    });
    let bottleneck = !shape("layer1.0.conv3.weight").is_empty();
    if bottleneck {
        // In a plain bottleneck the 3x3 convolution is as wide as the stem, and not in groups.
        match *shape("layer1.0.conv2.weight") {
            [out, into, 3, 3] if out == width && into == width => {}
            [out, into, 3, 3] if into < out => {
                return Err(refuse("This is a ResNeXt: its convolutions are in groups"));
            }
            [out, into, 3, 3] if into == out => {
                return Err(refuse(
                    "This is a Wide ResNet: its bottlenecks are wider than the stem",
                ));
            }
            _ => {} // Told with its name and shape when the tensors are paired.
        }
    }
    let depth = match (bottleneck, blocks) {
        (false, [2, 2, 2, 2]) => 18,
        (false, [3, 4, 6, 3]) => 34,
        (true, [3, 4, 6, 3]) => 50,
        (true, [3, 4, 23, 3]) => return Err(refuse("This is a ResNet-101")),
        (true, [3, 8, 36, 3]) => return Err(refuse("This is a ResNet-152")),
        _ => {
            let kind = if bottleneck { "bottlenecks" } else { "basic blocks" };
            return Err(refuse(format!(
                "This is a ResNet with {blocks:?} {kind}: another network, or a file that lacks \
                 some tensors"
            )));
        }
    };
    Ok(ResNetConfig { depth, width })
}

#[cfg(test)]
mod tests {
    use super::{super::state_dict::tests::zeros, *};

    /// Only the names and shapes that tell a network.
    fn marks(blocks: [usize; 4], conv1: &[usize], conv2: Option<&[usize]>) -> StateDict {
        let mut list: Vec<(String, Vec<usize>)> = vec![("conv1.weight".into(), conv1.to_vec())];
        for (stage, count) in (1..).zip(blocks) {
            list.extend((0..count).map(|b| (format!("layer{stage}.{b}.conv1.weight"), vec![1])));
        }
        if let Some(conv2) = conv2 {
            list.push(("layer1.0.conv2.weight".into(), conv2.to_vec()));
            list.push(("layer1.0.conv3.weight".into(), vec![1]));
        }
        let list: Vec<_> = list.iter().map(|(n, s)| (n.as_str(), s.as_slice())).collect();
        zeros(&list)
    }

    const STEM: [usize; 4] = [8, 3, 7, 7];
    const PLAIN: Option<&[usize]> = Some(&[8, 8, 3, 3]);

    #[test]
    fn depth_and_width_are_read_from_the_tensors() {
        let found = |dict: &StateDict| recognise(dict, "").map(|c| (c.depth, c.width)).unwrap();
        assert_eq!(found(&marks([2, 2, 2, 2], &STEM, None)), (18, 8));
        assert_eq!(found(&marks([3, 4, 6, 3], &STEM, None)), (34, 8));
        assert_eq!(found(&marks([3, 4, 6, 3], &STEM, PLAIN)), (50, 8));
    }

    #[test]
    fn other_networks_are_called_by_their_names() {
        let refused = |dict: &StateDict, word: &str| {
            let error = recognise(dict, "").unwrap_err();
            assert!(error.code() == "G2D-W33" && error.to_string().contains(word), "{error}");
        };
        refused(&marks([3, 4, 23, 3], &STEM, PLAIN), "ResNet-101");
        refused(&marks([3, 8, 36, 3], &STEM, PLAIN), "ResNet-152");
        refused(&marks([3, 4, 6, 3], &STEM, Some(&[16, 1, 3, 3])), "ResNeXt");
        refused(&marks([3, 4, 6, 3], &STEM, Some(&[16, 16, 3, 3])), "Wide ResNet");
        refused(&marks([1, 1, 1, 1], &STEM, None), "[1, 1, 1, 1] basic blocks");
        refused(&marks([2, 2, 2, 2], &[8, 1, 7, 7], None), "reads 1 channels");
        refused(&marks([2, 2, 2, 2], &[8, 3, 3, 3], None), "[8, 3, 3, 3]");
        refused(&marks([2, 2, 2, 2], &[513, 3, 7, 7], None), "width up to 512");
    }

    #[test]
    fn names_go_both_ways() {
        let ours = "image_encoder.layer2.0.downsample.bn.running_var";
        assert_eq!(their_name(ours), "layer2.0.downsample.1.running_var");
        assert_eq!(their_name("image_encoder.layer1.0.conv1.weight"), "layer1.0.conv1.weight");
        assert_eq!(needless("fc.weight").as_deref(), Some("fc.*"));
        assert_eq!(needless("bn1.num_batches_tracked").as_deref(), Some("*.num_batches_tracked"));
        assert_eq!(needless("layer1.0.se.weight"), None);
    }
}
