//! Pictures that should be refused, and films that should not.
//!
//! ```text
//! DIR/images/000000.png   the picture
//! DIR/manifest.jsonl      image, kind (as the gate's), source, expect (pass or refuse), group
//! DIR/dataset.json        what was asked for
//! ```
//!
//! Real films are those of patients that never train; laterals are evaluated on only. Photographs
//! and radiographs of other parts come from a folder of the user's (`--other`), one subfolder a
//! source; limbs and hands are drawn, and their source says so.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::{
    Error,
    gate::FilmKind,
    image::{Limits, decode, stretch},
    phantom::{self, Institution, PhantomConfig, View},
    raster::Raster,
    render,
    session::Session,
};
use serde::{Deserialize, Serialize};

use super::change::{Dice, invert, turn};
use super::check::{Counts, judge_files};
use super::draw::Subject;
use super::samples::has_lateral;
use crate::{files, public_films::Library};

/// What the set is made of.
#[derive(Debug, Clone)]
pub struct SetPlan {
    /// The folder to write.
    pub folder: PathBuf,
    /// A folder of photographs and other radiographs, one subfolder a source.
    pub other: Option<PathBuf>,
    /// Frontal films that are inverted and turned, evenly chosen.
    pub turned: usize,
    /// Phantoms of each institution and view.
    pub phantoms: usize,
    /// Drawings of each radiograph-like subject.
    pub drawings: usize,
    /// Side of phantoms, pixels.
    pub size: usize,
    /// Seed of what is drawn; must not be the one that the gate was fitted with.
    pub seed: u64,
    /// Replace an older set.
    pub force: bool,
}

/// One line of the manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    image: String,
    kind: FilmKind,
    source: String,
    expect: String,
    group: String,
}

struct Writer {
    staged: tempfile::TempDir,
    lines: Vec<Line>,
}

impl Writer {
    fn put(
        &mut self,
        film: &Raster,
        kind: FilmKind,
        source: &str,
        group: &str,
    ) -> anyhow::Result<()> {
        let image = format!("images/{:06}.png", self.lines.len());
        let path = self.staged.path().join(&image);
        fs::write(&path, render::grey_png8(film)?)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        let expect = if kind == FilmKind::Frontal { "pass" } else { "refuse" };
        let (source, expect, group) = (source.to_owned(), expect.to_owned(), group.to_owned());
        self.lines.push(Line { image, kind, source, expect, group });
        Ok(())
    }
}

/// Writes the set; gives the number of pictures by source and kind.
///
/// # Errors
/// When the folder holds something else or cannot be written, or a film cannot be read.
pub fn write_set(
    plan: &SetPlan,
    library: Option<&Library>,
) -> anyhow::Result<BTreeMap<String, usize>> {
    let again = plan.force && plan.folder.join("dataset.json").is_file();
    if !again && !files::is_empty_folder(&plan.folder)? {
        return Err(Error::input(
            "G2D-F61",
            "There is something in this folder already",
            "Choose a new or empty folder for --out, or replace an older set with --force",
        ))
        .with_context(|| plan.folder.display().to_string());
    }
    let staged = files::staging(&plan.folder)?;
    fs::create_dir_all(staged.path().join("images"))?;
    let mut writer = Writer { staged, lines: Vec::new() };
    if let Some(library) = library {
        real(&mut writer, plan, library)?;
    }
    phantoms(&mut writer, plan)?;
    for subject in Subject::ALL {
        for i in 0..plan.drawings {
            let film = subject.draw(&mut Dice::new(plan.seed, 3, i as u64));
            writer.put(
                &film,
                FilmKind::Other,
                subject.name(),
                &format!("drawn-{}-{i}", subject.name()),
            )?;
        }
    }
    if let Some(folder) = &plan.other {
        others(&mut writer, folder)?;
    }

    let mut manifest = Vec::new();
    let mut counts = BTreeMap::new();
    for line in &writer.lines {
        serde_json::to_writer(&mut manifest, line)?;
        manifest.push(b'\n');
        *counts.entry(format!("{}, {}", line.source, line.kind.name())).or_default() += 1;
    }
    let description = serde_json::json!({
        "kind": "g2d gate set",
        "program": concat!("g2d ", env!("CARGO_PKG_VERSION")),
        "seed": plan.seed,
        "counts": counts,
    });
    let root = writer.staged.path().to_owned();
    files::write_atomic(&root.join("dataset.json"), &serde_json::to_vec_pretty(&description)?)?;
    files::write_atomic(&root.join("manifest.jsonl"), &manifest)?;
    files::move_into_place(writer.staged, &plan.folder)?;
    Ok(counts)
}

fn read(path: &Path, bytes: &[u8]) -> anyhow::Result<Raster> {
    let film = decode(bytes, &Limits::default()).with_context(|| path.display().to_string())?;
    Ok(if film.bits > 8 { stretch(&film.pixels) } else { film.pixels })
}

fn real(writer: &mut Writer, plan: &SetPlan, library: &Library) -> anyhow::Result<()> {
    let trained = library.trained();
    let kept = |film: &&crate::public_films::FilmRow| library.may_evaluate(film, &trained);
    for film in library.films.iter().filter(|f| f.view == "lateral").filter(kept) {
        let picture = read(Path::new(&film.file), &library.bytes(film)?)?;
        writer.put(&picture, FilmKind::Lateral, "real", &film.group)?;
    }
    let frontal: Vec<_> = library.films.iter().filter(|f| f.is_frontal()).filter(kept).collect();
    let every = (frontal.len() / plan.turned.max(1)).max(1);
    for (i, film) in frontal.iter().enumerate() {
        let picture = read(Path::new(&film.file), &library.bytes(film)?)?;
        writer.put(&picture, FilmKind::Frontal, &format!("real, {}", film.origin), &film.group)?;
        if i % every == 0 && i / every < plan.turned {
            let right = turn(&picture);
            let half = turn(&right);
            let made = [
                (invert(&picture), FilmKind::Inverted),
                (turn(&half), FilmKind::TurnedLeft),
                (right, FilmKind::TurnedRight),
                (half, FilmKind::UpsideDown),
            ];
            for (picture, kind) in made {
                writer.put(&picture, kind, "real", &film.group)?;
            }
        }
    }
    Ok(())
}

fn phantoms(writer: &mut Writer, plan: &SetPlan) -> anyhow::Result<()> {
    let views: &[View] =
        if has_lateral(plan.seed) { &[View::Frontal, View::Lateral] } else { &[View::Frontal] };
    for (institution, source) in [
        (Institution::First, "phantom, first institution"),
        (Institution::Second, "phantom, second institution"),
    ] {
        for &view in views {
            let config =
                PhantomConfig { size: plan.size, institution, view, ..PhantomConfig::default() };
            let kind = if view == View::Frontal { FilmKind::Frontal } else { FilmKind::Lateral };
            for i in 0..plan.phantoms {
                let film = phantom::generate(plan.seed, i as u64, &config).image;
                writer.put(&film, kind, source, &format!("{source}, {i}"))?;
            }
        }
    }
    Ok(())
}

fn others(writer: &mut Writer, folder: &Path) -> anyhow::Result<()> {
    for path in images(folder)? {
        let bytes = fs::read(&path).map_err(|e| files::reason(&e))?;
        let picture = read(&path, &bytes)?;
        let inner = path.parent().filter(|p| *p != folder).and_then(Path::file_name);
        let source = inner.map_or("picture".into(), |name| name.to_string_lossy().into_owned());
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
        writer.put(&picture, FilmKind::Other, &source, &format!("picture-{name}"))?;
    }
    Ok(())
}

/// Every PNG and JPEG below a folder, in the order of their names.
pub(super) fn images(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder)
        .map_err(|e| files::reason(&e))
        .with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(images(&path)?);
        } else if path
            .extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| ["png", "jpg", "jpeg"].contains(&e.to_lowercase().as_str()))
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// One row of [`check_set`].
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Where the pictures are from.
    pub source: String,
    /// What they are.
    pub kind: &'static str,
    /// Whether they should pass.
    pub expect: String,
    /// What became of them.
    pub counts: Counts,
}

/// Counts what the gate says of a set that [`write_set`] wrote, by source and kind.
///
/// # Errors
/// When the set cannot be read, the model has no gate or the device fails.
pub fn check_set(session: &Session, folder: &Path) -> anyhow::Result<Vec<Row>> {
    let path = folder.join("manifest.jsonl");
    let text = fs::read_to_string(&path)
        .map_err(|e| files::reason(&e))
        .with_context(|| path.display().to_string())?;
    let lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Line>, _>>();
    let lines = lines.with_context(|| path.display().to_string())?;
    let paths: Vec<PathBuf> = lines.iter().map(|line| folder.join(&line.image)).collect();
    let mut rows: BTreeMap<(FilmKind, String), Row> = BTreeMap::new();
    for (line, verdict) in lines.into_iter().zip(judge_files(session, &paths)?) {
        let row = rows.entry((line.kind, line.source.clone())).or_insert_with(|| Row {
            source: line.source,
            kind: line.kind.name(),
            expect: line.expect,
            counts: Counts::default(),
        });
        row.counts.add(verdict.as_ref());
    }
    Ok(rows.into_values().collect())
}
