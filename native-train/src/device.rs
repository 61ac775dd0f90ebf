//! From a word on the command line to something that computes.
//!
//! | word | device |
//! |---|---|
//! | `auto` | CUDA where built with it and a card answers, else a hardware adapter of wgpu, else the CPU |
//! | `cpu` | Burn's `flex` |
//! | `wgpu` | the adapter that wgpu prefers, a software one where there is no other |
//! | `wgpu:cpu` | the software adapter (lavapipe and the like), to test the GPU path without a GPU |
//! | `cuda`, `cuda:1` | an NVIDIA card by number |
//! | `remote:ws://host:port` | the first device of `g2d serve` on another machine; `#1` at the end: the second |
//!
//! Training takes several, with commas between: `cuda:0,cuda:1`.

use std::{fmt, str::FromStr};

use burn::tensor::Device;
use g2d_core::{Error, outcome::DeviceInfo};
use serde::Serialize;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The fastest that is there.
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU through wgpu; `software` forces the adapter that computes on the CPU.
    Wgpu {
        /// Force the software adapter.
        software: bool,
    },
    /// An NVIDIA card by number.
    Cuda(usize),
    /// A device of a server, by its position there.
    Remote {
        /// Where the server listens, such as `ws://host:3000`.
        url: String,
        /// Which of its devices.
        index: usize,
    },
}

/// `ws://host:3000#1` as address and position.
fn remote_choice(word: &str) -> Option<Choice> {
    let (url, index) = match word.split_once('#') {
        Some((url, index)) => (url, index.parse().ok()?),
        None => (word, 0),
    };
    (url.starts_with("ws://") && url.len() > 5)
        .then(|| Choice::Remote { url: url.to_owned(), index })
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let cuda = |number: &str| number.parse().ok().map(Self::Cuda);
        let choice = match word {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "wgpu" => Some(Self::Wgpu { software: false }),
            "wgpu:cpu" => Some(Self::Wgpu { software: true }),
            "cuda" => Some(Self::Cuda(0)),
            _ => match word.strip_prefix("remote:") {
                Some(server) => remote_choice(server),
                None => word.strip_prefix("cuda:").and_then(cuda),
            },
        };
        choice.ok_or_else(|| {
            Error::config(
                "G2D-D10",
                format!("There is no device {word:?}"),
                "Use auto, cpu, wgpu, wgpu:cpu, cuda or cuda:0, cuda:1 …, remote:ws://host:port",
            )
        })
    }
}

/// A device that this build could use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The word that chooses it.
    pub choice: String,
    /// The name that the driver gives it.
    pub name: String,
    /// Discrete, integrated, software …
    pub kind: String,
    /// Whether `auto` would consider it.
    pub hardware: bool,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} {} ({})", self.choice, self.name, self.kind)
    }
}

/// The back ends that this program was built with.
pub const BUILT_WITH: &[&str] = &[
    #[cfg(feature = "flex")]
    "cpu",
    #[cfg(feature = "wgpu")]
    "wgpu",
    #[cfg(feature = "cuda")]
    "cuda",
    #[cfg(feature = "remote")]
    "remote",
];

/// Opens a device.
///
/// # Errors
/// When the word is unknown, this build lacks the back end, or no such device answers.
pub fn open(choice: &str) -> anyhow::Result<(Device, DeviceInfo)> {
    let opened = match choice.parse()? {
        Choice::Auto => auto(),
        Choice::Cpu => cpu("asked for"),
        Choice::Wgpu { software } => wgpu(software, "asked for"),
        Choice::Cuda(index) => cuda(index, "asked for"),
        Choice::Remote { url, index } => remote(&url, index),
    };
    Ok(opened?)
}

/// Opens several devices, named with commas between; the first is the one that leads.
///
/// # Errors
/// When one of them cannot be opened.
pub fn open_all(choices: &str) -> anyhow::Result<Vec<(Device, DeviceInfo)>> {
    choices.split(',').map(|choice| open(choice.trim())).collect()
}

/// Where the secret of `g2d serve` stands: not on a command line, which others can read.
pub const TOKEN_VARIABLE: &str = "G2D_REMOTE_TOKEN";

/// The secret, when one is set.
pub fn remote_token() -> Option<String> {
    std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty())
}

#[cfg(feature = "remote")]
fn remote(url: &str, index: usize) -> Result<(Device, DeviceInfo), Error> {
    let mut host = burn::remote::RemoteHost::websocket(url);
    if let Some(token) = remote_token() {
        host = host.with_credential(token);
    }
    let device = Device::remote_options(&host).device_index(index).init().map_err(|e| {
        Error::device(
            "G2D-D13",
            format!("The server at {url} cannot be used: {e}"),
            "Start `g2d serve` there, and check address, port and firewall",
        )
    })?;
    let name = format!("{url}#{index}");
    let info = DeviceInfo { backend: "remote".into(), name, reason: "asked for".into() };
    Ok((device, info))
}

#[cfg(not(feature = "remote"))]
fn remote(_url: &str, _index: usize) -> Result<(Device, DeviceInfo), Error> {
    Err(not_built("remote"))
}

/// Everything that could be opened, without opening it.
pub fn list() -> Vec<Listed> {
    let mut found = Vec::new();
    if cfg!(feature = "flex") {
        let name = cpu_name();
        found.push(Listed { choice: "cpu".into(), name, kind: "CPU".into(), hardware: true });
    }
    #[cfg(feature = "wgpu")]
    found.extend(adapters::list());
    #[cfg(feature = "cuda")]
    found.extend((0..cards::count()).map(|i| Listed {
        choice: format!("cuda:{i}"),
        name: format!("NVIDIA card {i}"),
        kind: "CUDA".into(),
        hardware: true,
    }));
    found
}

fn auto() -> Result<(Device, DeviceInfo), Error> {
    // Each way that does not work leaves its reason, so that "why is it slow?" has an answer.
    let mut reasons: Vec<String> = Vec::new();
    if cfg!(feature = "cuda") {
        match cuda(0, "CUDA answered") {
            Ok(opened) => return Ok(opened),
            Err(error) => reasons.push(error.problem().what.clone()),
        }
    }
    if cfg!(feature = "wgpu") {
        match hardware_wgpu() {
            Ok(opened) => return Ok(opened),
            Err(error) => reasons.push(error.problem().what.clone()),
        }
    }
    if reasons.is_empty() {
        reasons.push("this build has no GPU back end".into());
    }
    cpu(&reasons.join("; "))
}

/// The refusal for a back end that was left out of this build.
#[allow(dead_code, reason = "each use is in a build without the back end that it names")]
pub(crate) fn not_built(back_end: &str) -> Error {
    Error::config(
        "G2D-D11",
        format!("This program was built without {back_end}"),
        format!("Use one of {}, or build it with `--features {back_end}`", BUILT_WITH.join(", ")),
    )
}

fn cpu_name() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} with {threads} threads", std::env::consts::ARCH)
}

#[cfg(feature = "flex")]
fn cpu(reason: &str) -> Result<(Device, DeviceInfo), Error> {
    let info = DeviceInfo { backend: "cpu".into(), name: cpu_name(), reason: reason.to_owned() };
    Ok((Device::flex(), info))
}

#[cfg(not(feature = "flex"))]
fn cpu(_reason: &str) -> Result<(Device, DeviceInfo), Error> {
    Err(not_built("flex"))
}

#[cfg(feature = "wgpu")]
use adapters::{hardware as hardware_wgpu, open as wgpu};

#[cfg(not(feature = "wgpu"))]
fn wgpu(_software: bool, _reason: &str) -> Result<(Device, DeviceInfo), Error> {
    Err(not_built("wgpu"))
}

#[cfg(not(feature = "wgpu"))]
fn hardware_wgpu() -> Result<(Device, DeviceInfo), Error> {
    Err(not_built("wgpu"))
}

#[cfg(feature = "cuda")]
use cards::open as cuda;

#[cfg(not(feature = "cuda"))]
fn cuda(_index: usize, _reason: &str) -> Result<(Device, DeviceInfo), Error> {
    Err(not_built("cuda"))
}

#[cfg(feature = "wgpu")]
#[path = "device_wgpu.rs"]
mod adapters;

#[cfg(feature = "cuda")]
#[path = "device_cuda.rs"]
mod cards;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        assert_eq!("auto".parse(), Ok(Choice::Auto));
        assert_eq!("cuda".parse(), Ok(Choice::Cuda(0)));
        assert_eq!("cuda:3".parse(), Ok(Choice::Cuda(3)));
        assert_eq!("wgpu:cpu".parse(), Ok(Choice::Wgpu { software: true }));
        let url = "ws://host:3000".to_owned();
        assert_eq!(
            "remote:ws://host:3000#2".parse(),
            Ok(Choice::Remote { url: url.clone(), index: 2 })
        );
        assert_eq!("remote:ws://host:3000".parse(), Ok(Choice::Remote { url, index: 0 }));
        for word in ["gpu", "cuda:", "cuda:x", "CPU", "", "remote:", "remote:ws://", "remote:host"]
        {
            assert_eq!(word.parse::<Choice>().unwrap_err().code(), "G2D-D10", "{word}");
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn the_cpu_opens_and_is_listed() {
        let (_, info) = open("cpu").unwrap();
        assert_eq!(info.backend, "cpu");
        assert!(list().iter().any(|d| d.choice == "cpu"));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_refusal_says_what_there_is() {
        let error = format!("{:#}", open("cuda:0").unwrap_err());
        assert!(error.contains("G2D-D11") && error.contains(BUILT_WITH[0]), "{error}");
    }
}
