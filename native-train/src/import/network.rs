//! Finds a network in a state dict: weights in the wild have `module.`, `encoder.`,
//! `state_dict.model.backbone.` … in front of their names, and other networks beside them.

use std::collections::{BTreeMap, BTreeSet};

use burn::{
    module::Module,
    store::{BurnToPyTorchAdapter, ModuleSnapshot as _},
    tensor::Device,
};
use g2d_core::{
    Error, Result,
    config::{BertConfig, ResNetConfig},
    model::{Bert, ResNet},
};
use serde_json::Value;

use super::state_dict::StateDict;

/// The networks that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// torchvision's.
    ResNet,
    /// Hugging Face's.
    Bert,
}

impl Kind {
    /// Names that every network of this kind has.
    fn marks(self) -> [&'static str; 3] {
        match self {
            Self::ResNet => ["conv1.weight", "bn1.weight", "layer1.0.conv1.weight"],
            Self::Bert => [
                "embeddings.word_embeddings.weight",
                "embeddings.position_embeddings.weight",
                "encoder.layer.0.attention.self.query.weight",
            ],
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::ResNet => "ResNet with torchvision's names",
            Self::Bert => "BERT with Hugging Face's names",
        }
    }

    fn other(self) -> (Self, &'static str) {
        match self {
            Self::ResNet => (Self::Bert, "hf-bert"),
            Self::Bert => (Self::ResNet, "torchvision"),
        }
    }

    /// What stands in front of a network's names, for each one in the state dict: nothing, or
    /// words that end with a dot.
    fn roots(self, dict: &StateDict) -> Vec<String> {
        let marks = self.marks();
        let before = |name: &str| -> Option<String> {
            let root = name.strip_suffix(marks[0])?;
            let whole = root.is_empty() || root.ends_with('.');
            let all = marks.iter().all(|mark| dict.shape(&format!("{root}{mark}")).is_some());
            (whole && all).then(|| root.to_owned())
        };
        dict.names().filter_map(before).collect()
    }

    /// The only network of this kind in the state dict, or the one that `prefix` names.
    ///
    /// # Errors
    /// `G2D-W32` when there is none, `G2D-W36` when there are several and none was named.
    pub fn root(self, dict: &StateDict, prefix: Option<&str>) -> Result<String> {
        let roots = self.roots(dict);
        let shown = || {
            let names = roots.iter().map(|r| r.trim_end_matches('.'));
            let names = names.map(|name| if name.is_empty() { "''" } else { name });
            names.take(6).collect::<Vec<_>>().join(", ")
        };
        if let Some(prefix) = prefix {
            let wanted = prefix.trim_end_matches('.');
            let found = roots.iter().find(|root| root.trim_end_matches('.') == wanted);
            return found.cloned().ok_or_else(|| {
                let there = if roots.is_empty() { "nowhere".into() } else { shown() };
                Error::weights(
                    "G2D-W32",
                    format!(
                        "There is no {} under {prefix}; it is found under: {there}",
                        self.told()
                    ),
                    "Give one of these to --prefix",
                )
            });
        }
        match roots.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let (other, word) = self.other();
                let remedy = if other.roots(dict).is_empty() {
                    let first = dict.names().next().unwrap_or_default();
                    format!(
                        "Its names must end like {}; here they begin with {first}",
                        self.marks()[2]
                    )
                } else {
                    format!("It holds a {}: use --from {word}", other.told())
                };
                let what = format!("There is no {} in these weights", self.told());
                Err(Error::weights("G2D-W32", what, remedy))
            }
            _ => Err(Error::weights(
                "G2D-W36",
                format!("There are several networks in these weights, under: {}", shown()),
                "Say with --prefix which one is meant",
            )),
        }
    }
}

/// One encoder under the name that it has in the whole model.
#[derive(Module, Debug)]
pub struct Encoder {
    image_encoder: Option<ResNet>,
    text_encoder: Option<Bert>,
}

impl Encoder {
    /// An image encoder.
    ///
    /// # Errors
    /// For a depth that the core does not have.
    pub fn image(config: &ResNetConfig, device: &Device) -> Result<Self> {
        Ok(Self { image_encoder: Some(ResNet::new(config, device)?), text_encoder: None })
    }

    /// A text encoder.
    pub fn text(config: &BertConfig, device: &Device) -> Self {
        Self { image_encoder: None, text_encoder: Some(Bert::new(config, device)) }
    }

    /// The image encoder, if it is one.
    pub fn as_image(&self) -> Option<&ResNet> {
        self.image_encoder.as_ref()
    }

    /// The text encoder, if it is one.
    pub fn as_text(&self) -> Option<&Bert> {
        self.text_encoder.as_ref()
    }

    /// Name and bytes of every tensor in PyTorch's layout, as they are now.
    ///
    /// # Errors
    /// Each tensor's bytes when the device cannot be read.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Result<Vec<u8>>)> {
        let all = self.collect(None, Some(Box::new(BurnToPyTorchAdapter)), false);
        all.into_iter().map(|tensor| {
            let name = tensor.name.clone();
            let failed = |e| format!("The device failed while comparing: {e}");
            let bytes = tensor.into_bytes().map(|bytes| bytes.to_vec());
            (name, bytes.map_err(|e| Error::device("G2D-D17", failed(e), "Try again")))
        })
    }

    /// Names and shapes of every tensor in PyTorch's layout.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let all = self.collect(None, Some(Box::new(BurnToPyTorchAdapter)), false);
        all.into_iter().map(|tensor| (tensor.name.clone(), tensor.shape.to_vec())).collect()
    }
}

/// What is to be copied, and what is known about it.
#[derive(Debug)]
pub struct Plan {
    /// The network in words, for example `ResNet-50, stem of 64 channels`.
    pub network: String,
    /// What stands in front of the names in the source.
    pub prefix: String,
    /// A part of a model's configuration.
    pub config: Value,
    /// The module that the tensors are for.
    pub encoder: Encoder,
    /// Our name and the source's name of each tensor.
    pub copies: BTreeMap<String, String>,
    /// Tensors that are not needed, counted by the beginning of their names.
    pub left_out: BTreeMap<String, usize>,
    /// Of tensors that are not taken over whole (by our names): the rows that are, in order.
    pub rows: Rows,
}

/// Rows of tensors by our names.
pub type Rows = BTreeMap<String, Vec<usize>>;

impl Plan {
    /// Shape and little-endian f32 of what is taken over under one of our names.
    ///
    /// # Errors
    /// As [`StateDict::floats`].
    pub fn floats(&self, dict: &StateDict, ours: &str) -> Result<(Vec<usize>, Vec<u8>)> {
        let theirs = self.copies.get(ours).map_or(ours, String::as_str);
        let mut shape = dict.shape(theirs).unwrap_or_default().to_vec();
        let all = dict.floats(theirs)?;
        let Some(rows) = self.rows.get(ours) else { return Ok((shape, all)) };
        let bytes = 4 * shape.iter().skip(1).product::<usize>();
        let mut taken = Vec::with_capacity(rows.len() * bytes);
        for row in rows {
            let row = all.get(row * bytes..(row + 1) * bytes);
            taken.extend_from_slice(row.ok_or_else(|| {
                Error::bug("G2D-B43", format!("A row of {ours} is beyond its end"))
            })?);
        }
        if let Some(first) = shape.first_mut() {
            *first = rows.len();
        }
        Ok((shape, taken))
    }
}

/// Pairs every tensor of a module with one of the state dict, and counts what is left.
///
/// Of tensors in `rows` the source may have more rows than the module.
///
/// `theirs` gives the names that a tensor may have in the source after the root; `needless` says
/// whether a tensor under the root may be left out, and under which name it is counted. Any
/// other one belongs to a network that is not quite the one we know.
///
/// # Errors
/// `G2D-W34` for a tensor that is missing, `G2D-W35` for another shape, `G2D-W33` for a tensor
/// that the network should not have.
pub fn pair(
    dict: &StateDict,
    root: &str,
    encoder: &Encoder,
    rows: &Rows,
    theirs: impl Fn(&str) -> Vec<String>,
    needless: impl Fn(&str) -> Option<String>,
) -> Result<(BTreeMap<String, String>, BTreeMap<String, usize>)> {
    let mut copies = BTreeMap::new();
    let mut used = BTreeSet::new();
    for (ours, wanted) in encoder.shapes() {
        let names = theirs(&ours);
        let found = names.iter().map(|n| format!("{root}{n}")).find(|n| dict.shape(n).is_some());
        let Some(name) = found else {
            let first = names.first().map_or("", String::as_str);
            return Err(Error::weights(
                "G2D-W34",
                format!("The weights lack the tensor {root}{first}"),
                "Give the whole file (or all of its shards) that the other library wrote",
            ));
        };
        let shape = dict.shape(&name).unwrap_or_default();
        // Which rows there are was decided with the whole tensor at hand.
        let first = usize::from(rows.contains_key(&ours));
        if shape.get(first..) != wanted.get(first..) {
            return Err(Error::weights(
                "G2D-W35",
                format!("The tensor {name} has the shape {shape:?}; {wanted:?} belongs there"),
                "This is another network than its names say; only plain ones can be imported",
            ));
        }
        used.insert(name.clone());
        copies.insert(ours, name);
    }
    let mut left_out = BTreeMap::new();
    for name in dict.names().filter(|name| !used.contains(*name)) {
        let label = match name.strip_prefix(root) {
            None => beside(root, name),
            Some(rest) => needless(rest).ok_or_else(|| {
                Error::weights(
                    "G2D-W33",
                    format!("The weights have a tensor {name}, for which there is no place"),
                    "This is another network than its names say; only plain ones can be imported",
                )
            })?,
        };
        *left_out.entry(label).or_insert(0) += 1;
    }
    Ok((copies, left_out))
}

/// The first words of a name up to where it leaves the way to the root.
fn beside(root: &str, name: &str) -> String {
    let (mut path, mut words) = (root.split('.'), name.split('.').peekable());
    let mut label = Vec::new();
    for word in words.by_ref() {
        label.push(word);
        if path.next() != Some(word) {
            break;
        }
    }
    let rest = if words.peek().is_some() { ".*" } else { "" };
    format!("{}{rest}", label.join("."))
}

#[cfg(test)]
mod tests {
    use super::{super::state_dict::tests::zeros, *};

    fn with_roots(roots: &[&str]) -> StateDict {
        let names: Vec<String> =
            roots.iter().flat_map(|r| Kind::ResNet.marks().map(|m| format!("{r}{m}"))).collect();
        let list: Vec<(&str, &[usize])> = names.iter().map(|n| (n.as_str(), &[1][..])).collect();
        zeros(&list)
    }

    #[test]
    fn a_network_is_found_whatever_stands_in_front() {
        for root in ["", "module.", "state_dict.module.encoder.", "backbone.body."] {
            assert_eq!(Kind::ResNet.root(&with_roots(&[root]), None).unwrap(), root);
        }
        // No dot: the end of another word is not a root.
        let error = Kind::ResNet.root(&with_roots(&["my"]), None).unwrap_err();
        assert_eq!(error.code(), "G2D-W32");
    }

    #[test]
    fn several_networks_need_a_choice() {
        let dict = with_roots(&["encoder_k.", "encoder_q."]);
        let error = Kind::ResNet.root(&dict, None).unwrap_err();
        assert_eq!(error.code(), "G2D-W36");
        assert!(error.to_string().contains("encoder_k, encoder_q"), "{error}");
        for prefix in ["encoder_q", "encoder_q."] {
            assert_eq!(Kind::ResNet.root(&dict, Some(prefix)).unwrap(), "encoder_q.");
        }
        assert_eq!(Kind::ResNet.root(&dict, Some("x")).unwrap_err().code(), "G2D-W32");
        assert_eq!(Kind::ResNet.root(&with_roots(&["", "ema."]), Some("")).unwrap(), "");
    }

    #[test]
    fn the_other_kind_is_recognised() {
        let error = Kind::Bert.root(&with_roots(&["module."]), None).unwrap_err().to_string();
        assert!(error.contains("use --from torchvision"), "{error}");
        let error = Kind::Bert.root(&zeros(&[("x.y", &[1])]), None).unwrap_err().to_string();
        assert!(error.contains("begin with x.y"), "{error}");
    }

    #[test]
    fn neighbours_are_counted_by_where_they_leave_the_way() {
        assert_eq!(beside("bert.", "cls.predictions.bias"), "cls.*");
        assert_eq!(beside("a.encoder_q.", "a.encoder_k.conv1.weight"), "a.encoder_k.*");
        assert_eq!(beside("a.b.", "a.queue"), "a.queue");
        assert_eq!(beside("module.", "epoch"), "epoch");
    }
}
