//! `g2d import`: starting weights from the files of other libraries.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use g2d_core::Error;
use safetensors::tensor::TensorView;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    args::Usage,
    bundle_dir, device, files,
    import::{
        bundle::{self, Facts, Source},
        hf_bert::{self, HfConfig, Wanted},
        hf_files::{HfFiles, read_small},
        network::Plan,
        prune,
        state_dict::StateDict,
        torchvision, verify,
        vocab::{self, Given, Made},
        words,
    },
    output,
};

/// Options of `g2d import`.
#[derive(Debug, Args)]
#[command(after_help = "torchvision: one .pth or .safetensors file, ResNet-18, -34 or -50.\n\
    hf-bert: the model's folder, or its files: config.json, vocab.txt or tokenizer.json \
    (tokenizer_config.json), and model.safetensors or pytorch_model.bin or all of their shards.\n\n\
    The result is a start for training, not a model. The licence of the weights' source applies. \
    Not for clinical use.")]
pub struct ImportArgs {
    /// The library that wrote the files
    #[arg(long, value_enum, value_name = "LIBRARY")]
    pub from: Library,

    /// The files, or the folder that holds them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Folder of the starting weights
    #[arg(long, value_name = "BUNDLE")]
    pub out: PathBuf,

    /// What stands in front of the network's names, where the file holds several networks
    #[arg(long, value_name = "WORDS")]
    pub prefix: Option<String>,

    /// hf-bert: keep capital letters, whatever the files say
    #[arg(long, conflicts_with = "uncased")]
    pub cased: bool,

    /// hf-bert: lower-case every text, whatever the files say
    #[arg(long)]
    pub uncased: bool,

    /// hf-bert: keep the first N layers only
    #[arg(long, value_name = "N")]
    pub layers: Option<usize>,

    /// hf-bert: prune the vocabulary to special tokens, single characters and the pieces of these
    /// words: a file of lines, or `phantoms` for the phantoms' reports and common radiology
    #[arg(long, value_name = "FILE|phantoms")]
    pub keep_words: Option<PathBuf>,

    /// hf-bert: with --keep-words, fill up to N words with the most common ones
    #[arg(long, value_name = "N", requires = "keep_words")]
    pub vocab: Option<usize>,

    /// Replace the bundle that is in the folder already
    #[arg(long)]
    pub force: bool,
}

/// The words for `--from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Library {
    /// A ResNet of torchvision
    Torchvision,
    /// A BERT of Hugging Face
    HfBert,
}

impl Library {
    fn word(self) -> &'static str {
        match self {
            Self::Torchvision => "torchvision",
            Self::HfBert => "hf-bert",
        }
    }
}

/// What was imported, on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    bundle: &'a Path,
    from: &'a str,
    network: &'a str,
    config: &'a Value,
    prefix: &'a str,
    tensors: usize,
    left_out: &'a BTreeMap<String, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowercase: Option<bool>,
    bytes: u64,
    sha256: &'a str,
    notice: &'a str,
}

/// Imports, loads the result again from the disk, compares, and only then puts it into place.
///
/// # Errors
/// When the files cannot be used, or the target is taken.
pub fn run(args: &ImportArgs) -> anyhow::Result<()> {
    check_usage(args)?;
    bundle_dir::check_target(&args.out, args.force)?;
    let (device, _) = device::open(if cfg!(feature = "flex") { "cpu" } else { "auto" })?;
    let Read { dict, plan, tokenizer, sources } = match args.from {
        Library::Torchvision => read_torchvision(args, &device)?,
        Library::HfBert => read_hf_bert(args, &device)?,
    };
    output::say(format_args!("found a {}", plan.network));
    for (names, count) in &plan.left_out {
        output::say(format_args!("left out: {names} ({count} tensors)"));
    }

    let staged = files::staging(&args.out)?;
    let facts = Facts {
        from: args.from.word(),
        network: plan.network.clone(),
        sources: sources.iter().map(|p| source(p)).collect::<anyhow::Result<_>>()?,
        prefix: plan.prefix.clone(),
        tensors: plan.copies.len(),
        left_out: plan.left_out.clone(),
    };
    let json = tokenizer.as_ref().map(|t| t.json.as_slice());
    let given = args.files.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    let weights = copy(&plan, &dict).with_context(|| given.clone())?;
    let manifest = bundle::write(staged.path(), facts, &plan.config, json, &weights)?;
    drop(weights);

    output::say("loading the result again and comparing it with the source");
    let config = plan.config.clone();
    verify::check(staged.path(), plan, &dict, &device).with_context(|| given)?;
    files::move_into_place(staged, &args.out)?;
    output::say("the licence of the source applies to these weights");
    let weights = manifest.files.last();
    output::json_line(&Summary {
        bundle: &args.out,
        from: &manifest.from,
        network: &manifest.network,
        config: &config,
        prefix: &manifest.prefix,
        tensors: manifest.tensors,
        left_out: &manifest.left_out,
        lowercase: tokenizer.and_then(|t| t.lowercase),
        bytes: manifest.files.iter().map(|f| f.bytes).sum(),
        sha256: weights.map_or("", |f| &f.sha256),
        notice: &manifest.notice,
    })
}

fn check_usage(args: &ImportArgs) -> Result<(), Usage> {
    if args.from == Library::Torchvision {
        if args.files.len() > 1 {
            return Err(Usage("a ResNet of torchvision is one file; give one FILE".into()));
        }
        if args.cased || args.uncased {
            return Err(Usage("--cased and --uncased belong to --from hf-bert".into()));
        }
        if args.layers.is_some() || args.keep_words.is_some() {
            return Err(Usage("--layers and --keep-words belong to --from hf-bert".into()));
        }
    }
    Ok(())
}

/// Everything that was read, before anything is written.
struct Read {
    dict: StateDict,
    plan: Plan,
    tokenizer: Option<Made>,
    sources: Vec<PathBuf>,
}

fn read_torchvision(args: &ImportArgs, device: &Device) -> anyhow::Result<Read> {
    let shown = || args.files[0].display().to_string();
    if args.files[0].is_dir() {
        return Err(Error::input(
            "G2D-F01",
            "This is a folder",
            "Give the .pth or .safetensors file of the ResNet",
        ))
        .with_context(shown);
    }
    let dict = StateDict::read(&args.files[0])?;
    let plan = torchvision::plan(&dict, args.prefix.as_deref(), device).with_context(shown)?;
    Ok(Read { dict, plan, tokenizer: None, sources: args.files.clone() })
}

fn read_hf_bert(args: &ImportArgs, device: &Device) -> anyhow::Result<Read> {
    let found = HfFiles::find(&args.files)?;
    let config = HfConfig::from_bytes(&read_small(&found.config)?)
        .with_context(|| found.config.display().to_string())?;
    // A tokenizer.json holds the vocabulary too; vocab.txt is then not looked at.
    let words = if found.tokenizer.is_some() { None } else { found.vocab };
    let read = |path: &Option<PathBuf>| path.as_deref().map(read_small).transpose();
    let (vocab, json) = (read(&words)?, read(&found.tokenizer)?);
    let settings = read(&found.tokenizer_config)?;
    let given = Given {
        vocab: vocab.as_deref(),
        tokenizer: json.as_deref(),
        config: settings.as_deref(),
        lowercase: (args.cased || args.uncased).then_some(args.uncased),
    };
    let listed = [&found.tokenizer, &words, &found.tokenizer_config];
    let beside = || {
        let named = listed.into_iter().flatten().map(|p| p.display().to_string());
        named.collect::<Vec<_>>().join(", ")
    };
    let mut made = vocab::make(given).with_context(beside)?;
    match made.lowercase {
        Some(true) => output::say(format_args!("text is lower-cased ({})", made.reason)),
        Some(false) => output::say(format_args!("capital letters are kept ({})", made.reason)),
        None => output::say("letters are normalised as the tokenizer.json says"),
    }
    if let Some(warning) = &made.warning {
        output::warn(warning);
    }

    let mut dict = StateDict::default();
    for path in &found.weights {
        dict.add(StateDict::read(path)?).with_context(|| path.display().to_string())?;
    }
    let pruned = args.keep_words.as_deref().map(|source| -> anyhow::Result<_> {
        let pruned = prune::prune(&made.json, &words::wanted(source)?, args.vocab)?;
        output::say(format_args!(
            "{} of {} words are kept, {} of them for characters and the given words",
            pruned.rows.len(),
            made.size,
            pruned.needed
        ));
        Ok(pruned)
    });
    let pruned = pruned.transpose()?;
    let wanted = Wanted {
        prefix: args.prefix.as_deref(),
        layers: args.layers,
        rows: pruned.as_ref().map(|p| p.rows.as_slice()),
    };
    let plan = hf_bert::plan(&dict, &config, made.size, wanted, device).with_context(|| {
        found.weights.first().map_or_else(String::new, |p| p.display().to_string())
    })?;
    if let Some(pruned) = pruned {
        made = Made { size: pruned.rows.len(), json: pruned.json, ..made };
    }
    let rows = plan.config.pointer("/text/vocab_size").and_then(Value::as_u64).unwrap_or_default();
    if (made.size as u64) < rows {
        let spare = rows - made.size as u64;
        output::say(format_args!("the word table has {spare} rows more than the vocabulary"));
    }
    let mut sources = vec![found.config];
    sources.extend([found.tokenizer, words, found.tokenizer_config].into_iter().flatten());
    sources.extend(found.weights);
    Ok(Read { dict, plan, tokenizer: Some(made), sources })
}

/// The tensors under our names as a safetensors file.
fn copy(plan: &Plan, dict: &StateDict) -> Result<Vec<u8>, Error> {
    let failed = |e: safetensors::SafeTensorError| {
        Error::bug("G2D-B41", format!("The weights could not be put together ({e})"))
    };
    let mut tensors = Vec::with_capacity(plan.copies.len());
    for ours in plan.copies.keys() {
        let (shape, floats) = plan.floats(dict, ours)?;
        tensors.push((ours, shape, floats));
    }
    let views = tensors
        .iter()
        .map(|(name, shape, data)| {
            let view = TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
            view.map(|view| (name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    safetensors::serialize(views, None).map_err(failed)
}

/// Name, size and hash of a file that was read.
fn source(path: &Path) -> anyhow::Result<Source> {
    let hash = || -> std::io::Result<(u64, String)> {
        let mut file = fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                let hex = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
                return Ok((bytes, hex));
            }
            hasher.update(&buffer[..read]);
            bytes += read as u64;
        }
    };
    let (bytes, sha256) =
        hash().map_err(|e| files::reason(&e)).with_context(|| path.display().to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(promised) = promised_hash(&name).filter(|hash| !sha256.starts_with(*hash)) {
        output::warn(format_args!(
            "{name}: its name promises a SHA-256 that begins with {promised}, but it begins with \
             {}: the file is not the one that was published under this name",
            &sha256[..promised.len()]
        ));
    }
    Ok(Source { name, bytes, sha256 })
}

/// The beginning of the SHA-256 in a name such as `resnet50-0676ba61.pth`: PyTorch's hub puts it
/// there, at least eight digits between the last dash and the dot.
fn promised_hash(name: &str) -> Option<&str> {
    let digits = name.rsplit_once('.')?.0.rsplit_once('-')?.1;
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    ((8..=64).contains(&digits.len()) && digits.bytes().all(hex)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promised_hash_is_read_from_a_name() {
        assert_eq!(promised_hash("resnet50-0676ba61.pth"), Some("0676ba61"));
        assert_eq!(promised_hash("resnet50.pth"), None);
        assert_eq!(promised_hash("model-finetuned.bin"), None);
        assert_eq!(promised_hash("a-12.pth"), None);
    }
}
