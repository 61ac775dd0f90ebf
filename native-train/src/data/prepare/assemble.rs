//! From a listing to a pack: the common rules, the films, the files around them.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use g2d_core::{Error, outcome::NOTICE};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Candidate, Funnel, Listing, Options, funnel::Counts, rules, splits};
use crate::{
    data::pack::{
        FILMS, INDEX, Layout, META, Pack, PackInfo, check,
        meta::{FileInfo, hex},
        partial::{self, Partial, cannot_write},
        write::{self, Job},
    },
    output, panics,
};

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The folder.
    pub pack: PathBuf,
    /// Where the films come from.
    pub dataset: String,
    /// Films.
    pub films: usize,
    /// Patients.
    pub patients: usize,
    /// Films in each split.
    pub splits: BTreeMap<String, usize>,
    /// Films without a believable body, whose mask is the whole image.
    pub whole_bodies: usize,
    /// Side of the films in pixels.
    pub side: usize,
    /// Bytes of the films' file.
    pub bytes: u64,
    /// What every rule left, in order.
    pub funnel: Vec<(String, Counts)>,
}

/// Refuses a target that can never be written, before any work.
///
/// # Errors
/// When the target has no name or holds something else than a pack.
pub fn may_begin(options: &Options) -> anyhow::Result<()> {
    Partial::folder(&options.out)?;
    partial::may_write(&options.out, true)
}

/// Applies the common rules and writes the pack.
///
/// # Errors
/// When a patient is in two splits, when nothing is left, when a fault is met and the options are
/// strict, or when the pack cannot be written.
pub fn into_pack(mut listing: Listing, options: &Options) -> anyhow::Result<Summary> {
    let candidates = &mut listing.candidates;
    rules::images(&mut listing.funnel, candidates)?;
    rules::per_study(&mut listing.funnel, candidates, options.per_study)?;
    let drawn = splits::assign(candidates, &options.splits, options.seed);
    if drawn > 0 {
        output::say(format_args!("{drawn} films had no split; drawn by patient from the seed"));
    }
    splits::refuse_leaks(candidates)?;
    refuse_nothing(&listing)?;

    let switches = switches(&listing, options);
    let plan = plan(&listing, &switches)?;
    if let Some(summary) = already_there(&listing, options, &plan)? {
        return Ok(summary);
    }
    let partial = Partial::open(&options.out, &inputs(&listing, &plan))?;
    let layout = Layout::new(options.film.resize_to);
    let job = Job { layout, rows: listing.candidates.len(), chunk: options.chunk };
    let made = |row: usize| {
        let candidate = &listing.candidates[row];
        let path = candidate.image.as_deref().unwrap_or(Path::new(""));
        // A decoder that fails inside takes its own film with it, not the others.
        let film = panics::contained(|| Ok(options.film.make(path)))?;
        match film {
            Ok(film) => Ok(Ok(film)),
            Err(error) if options.strict => Err(unreadable(candidate, &error).into()),
            Err(error) => Ok(Err(short(&error))),
        }
    };
    let rejected = write::films(&partial, job, made)?;
    let mut losses = vec![None; listing.candidates.len()];
    for (row, reason) in rejected {
        losses[row] = Some(reason);
    }
    listing.funnel.apply(rules::UNREADABLE_IMAGE, &mut listing.candidates, losses)?;
    refuse_nothing(&listing)?;
    let info = finish(&partial.pack(), &listing, options, switches, plan)?;
    partial.finish()?;
    output::say(format_args!("\n{}", listing.funnel.table()));
    Ok(summary(&info, &listing.funnel, &options.out))
}

/// The error for an image that cannot be used when that must not be.
fn unreadable(candidate: &Candidate, error: &Error) -> Error {
    let place = candidate.place.as_deref().map_or(String::new(), |p| format!(" ({p})"));
    Error::input(
        "G2D-M23",
        format!("{}: {}{place}: {}", rules::UNREADABLE_IMAGE.name, candidate.id, short(error)),
        "Correct the data set, or leave --strict out to go on without such rows",
    )
}

/// What happened, with its code, without the remedy.
fn short(error: &Error) -> String {
    format!("{} [{}]", error.problem().what, error.code())
}

fn refuse_nothing(listing: &Listing) -> anyhow::Result<()> {
    if !listing.candidates.is_empty() {
        return Ok(());
    }
    output::say(format_args!("\n{}", listing.funnel.table()));
    Err(Error::input(
        "G2D-M24",
        "No film is left",
        "The table tells which rule took the last ones; check the folders and the switches",
    )
    .into())
}

/// The switches that decide what the pack holds.
fn switches(listing: &Listing, options: &Options) -> Value {
    let shares: Vec<String> =
        options.splits.shares().iter().map(|(name, share)| format!("{name}={share}")).collect();
    json!({
        "reader": listing.switches,
        "film": options.film,
        "text": options.text,
        "per_study": options.per_study,
        "split": shares.join(","),
        "seed": options.seed,
    })
}

/// Digest of the switches, the funnel so far, and every row that is to be packed.
fn plan(listing: &Listing, switches: &Value) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&(&listing.dataset, switches, &listing.funnel))?);
    for c in &listing.candidates {
        let row = (&c.id, &c.study, &c.group, &c.split, &c.place, &*c.text);
        hash.update(serde_json::to_vec(&row)?);
    }
    Ok(hex(hash.finalize()))
}

/// Digest of the plan and of the image files as they lie on this disk now.
///
/// Their lengths and times stand for their contents: reading all of them would take as long as
/// packing them.
fn inputs(listing: &Listing, plan: &str) -> String {
    let stamps: Vec<(u64, u128)> = listing
        .candidates
        .par_iter()
        .map(|c| {
            let meta = c.image.as_ref().and_then(|path| fs::metadata(path).ok());
            let time = meta.as_ref().and_then(|m| m.modified().ok());
            let since = time.and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            (meta.map_or(0, |m| m.len()), since.map_or(0, |d| d.as_nanos()))
        })
        .collect();
    let mut hash = Sha256::new();
    hash.update(plan.as_bytes());
    for (c, (bytes, time)) in listing.candidates.iter().zip(stamps) {
        hash.update(c.image.as_deref().unwrap_or(Path::new("")).as_os_str().as_encoded_bytes());
        hash.update(bytes.to_le_bytes());
        hash.update(time.to_le_bytes());
    }
    hex(hash.finalize())
}

/// The summary of a pack that an earlier run of the same command has finished.
fn already_there(
    listing: &Listing,
    options: &Options,
    plan: &str,
) -> anyhow::Result<Option<Summary>> {
    let same = PackInfo::read(&options.out).ok().filter(|info| info.plan == plan);
    match same {
        Some(info) if !options.force => {
            Partial::tidy(&options.out);
            output::say("The pack is there already, made with these options; nothing to do");
            Ok(Some(summary(&info, &listing.funnel, &options.out)))
        }
        _ => partial::may_write(&options.out, options.force).map(|()| None),
    }
}

fn summary(info: &PackInfo, funnel: &Funnel, out: &Path) -> Summary {
    Summary {
        pack: out.to_owned(),
        dataset: info.dataset.clone(),
        films: info.films,
        patients: info.patients,
        splits: info.splits.clone(),
        whole_bodies: info.whole_bodies,
        side: info.side,
        bytes: info.files.get(FILMS).map_or(0, |f| f.bytes),
        funnel: funnel.steps.iter().map(|s| (s.rule.to_owned(), s.left)).collect(),
    }
}

/// A line of the index; [`super::super::pack::PackRow`] with its record.
#[derive(Serialize)]
struct Line<'a> {
    record: usize,
    id: &'a str,
    group: Option<&'a str>,
    split: &'a str,
    text: &'a str,
}

/// Writes everything around the films, and reads the films back.
fn finish(
    pack: &Path,
    listing: &Listing,
    options: &Options,
    switches: Value,
    plan: String,
) -> anyhow::Result<PackInfo> {
    let Listing { dataset, candidates, funnel, .. } = listing;
    put(&pack.join(INDEX), |out| {
        for (record, c) in candidates.iter().enumerate() {
            let split = c.split.as_deref().unwrap_or_default();
            let group = c.group.as_deref();
            json_line(out, &Line { record, id: &c.id, group, split, text: &c.text })?;
        }
        Ok(())
    })?;
    put(&pack.join("rejected.jsonl"), |out| {
        funnel.rejected.iter().try_for_each(|row| json_line(out, row))
    })?;
    put(&pack.join("funnel.json"), |out| {
        serde_json::to_writer_pretty(
            &mut *out,
            &json!({"dataset": dataset, "steps": funnel.steps}),
        )?;
        out.write_all(b"\n")
    })?;
    let words = format!(
        "# {dataset}: what every rule left\n\n{}\n`why` counts rows; rejected.jsonl names them.\n\n\
         {NOTICE}\n",
        funnel.table()
    );
    put(&pack.join("funnel.md"), |out| out.write_all(words.as_bytes()))?;

    let mut info = PackInfo::new(dataset, options.film.resize_to, switches);
    info.films = candidates.len();
    info.patients = funnel.steps.last().map_or(0, |step| step.left.patients);
    info.splits = splits::count(candidates);
    info.plan = plan;
    for name in [FILMS, INDEX, "funnel.json", "funnel.md", "rejected.jsonl"] {
        let path = pack.join(name);
        let file = FileInfo::of(&path).map_err(|error| cannot_write(&path, error))?;
        info.files.insert(name.to_owned(), file);
    }
    let write_info = |info: &PackInfo| {
        let bytes = info.to_bytes()?;
        put(&pack.join(META), |out| out.write_all(&bytes))
    };
    write_info(&info)?;
    let written = Pack::open(pack)?;
    let damaged = check::problems(&written);
    if !damaged.is_empty() {
        return Err(Error::input(
            "G2D-F22",
            format!("What was written does not read back: {}", damaged.join("; ")),
            "Check the disk, then give the same command again",
        )
        .into());
    }
    info.whole_bodies = written.whole_bodies();
    write_info(&info)?;
    Ok(info)
}

fn json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Writes a file and sees it onto the disk.
fn put(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        content(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(|error| cannot_write(path, error))
}
