//! Runs the program and makes what it needs: a small model with random weights, films, folders.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use burn::tensor::Device;
use g2d_core::{
    config::{G2dConfig, GroundingConfig, ImageConfig, MapSource, ResNetConfig},
    model::G2d,
    phantom::{self, PhantomConfig, Study},
    render,
    text::{ReportTokenizer, wordpiece_json},
    weights::{Dtype, save_tensors},
};
use g2d_train::bundle_dir::{self, Parts, Shard};
use tempfile::TempDir;

/// What a run of the program left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output as one JSON value a line.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// Checks the exit code; shows what was said when it is another.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that standard error holds every one of the words.
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in stderr:\n{}", self.stderr);
        }
        self
    }
}

/// Runs `g2d`; whatever happens, no panic may reach the user.
pub(crate) fn g2d<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Run {
    g2d_with_input(args, b"")
}

/// The same with something on standard input.
pub(crate) fn g2d_with_input<S: AsRef<OsStr>>(
    args: impl IntoIterator<Item = S>,
    input: &[u8],
) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_g2d"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // From a thread, and without minding a program that does not read: it may refuse before.
    let feed = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for word in ["panicked", "RUST_BACKTRACE", "G2D-B9", "report it with this code"] {
        assert!(!run.stderr.contains(word), "stderr holds {word:?}:\n{}", run.stderr);
    }
    assert_ne!(run.code, 101);
    run
}

/// A list of arguments of different string types.
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => { [$(std::ffi::OsString::from(&$arg)),*] };
}

/// A network that computes in milliseconds.
pub(crate) fn small_config() -> G2dConfig {
    let tiny = G2dConfig::tiny();
    let tokenizer = ReportTokenizer::from_bytes(&tokenizer()).unwrap();
    let mut text = tiny.text.clone();
    text.vocab_size = tokenizer.vocab_size();
    text.hidden_size = 32;
    text.num_hidden_layers = 1;
    text.num_attention_heads = 2;
    text.intermediate_size = 64;
    G2dConfig {
        preset: "test".into(),
        image: ImageConfig { resize_to: 64, input_size: 64, ..tiny.image.clone() },
        encoder: ResNetConfig { depth: 18, width: 16 },
        decoder_channels: [16, 16, 8, 8, 8],
        projection_dim: 32,
        text,
        // Random weights give cosines around zero; every sentence shall have a mask.
        grounding: GroundingConfig {
            source: MapSource::Local,
            min_score: -1.0,
            ..GroundingConfig::default()
        },
        ..tiny
    }
}

pub(crate) fn tokenizer() -> Vec<u8> {
    wordpiece_json(&phantom::vocabulary(), true).unwrap()
}

pub(crate) fn random_model() -> G2d {
    let device = Device::flex();
    device.seed(7);
    G2d::new(&small_config(), &device).unwrap()
}

fn parts(shard_bytes: usize) -> Parts {
    Parts {
        name: "random".into(),
        preset: "test".into(),
        dtype: Dtype::F32,
        config: serde_json::to_vec(&small_config()).unwrap(),
        tokenizer: tokenizer(),
        weights: save_tensors(&random_model(), Dtype::F32, shard_bytes)
            .unwrap()
            .into_iter()
            .map(|bytes| Shard { branch: None, bytes })
            .collect(),
        card: "# Random weights\n".into(),
    }
}

/// A bundle of random weights in two or more shards, made once for all tests.
pub(crate) fn bundle() -> &'static Path {
    static BUNDLE: OnceLock<PathBuf> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-bundle");
        bundle_dir::save(&folder, &parts(1 << 20), true).unwrap();
        folder
    })
}

/// A bundle of one's own, to be damaged.
pub(crate) fn own_bundle(folder: &Path) -> PathBuf {
    let target = folder.join("model");
    fs::create_dir(&target).unwrap();
    for entry in fs::read_dir(bundle()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
    }
    target
}

pub(crate) fn study(index: u64) -> Study {
    phantom::generate(11, index, &PhantomConfig { size: 96, ..PhantomConfig::default() })
}

/// A folder with two films and their reports.
pub(crate) struct Ward {
    pub(crate) folder: TempDir,
}

impl Ward {
    pub(crate) fn new() -> Self {
        let ward = Self { folder: tempfile::tempdir().unwrap() };
        for i in 0..2 {
            let study = study(i);
            ward.put(&format!("film{i}.png"), &render::grey_png8(&study.image).unwrap());
            ward.put(&format!("report{i}.txt"), study.report.as_bytes());
        }
        ward
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// `g2d predict` on the CPU with some images, one report and some more arguments.
    pub(crate) fn predict(&self, images: &[&str], report: &str, more: &[&str]) -> Run {
        let mut args = args!["predict", "--model", bundle(), "--device", "cpu", "--out"].to_vec();
        args.push(self.path("out").into());
        args.extend(["--report".into(), self.path(report).into()]);
        args.extend(images.iter().map(|name| self.path(name).into()));
        args.extend(more.iter().map(Into::into));
        g2d(args)
    }
}
