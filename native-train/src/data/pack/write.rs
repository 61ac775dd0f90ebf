//! Writes films in parallel, in an order that does not depend on it, and goes on after a kill.
//!
//! The rows are worked off in chunks. The films of a chunk are made on all cores while the chunk
//! before is written; a chunk is first written and flushed to the disk and then entered into the
//! journal with its checksum. Whatever happens in between, the journal's whole lines tell how much
//! of the file is sound; the rest is cut off and made again.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    path::Path,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use g2d_core::{Error, raster::Mask};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Layout,
    layout::seal,
    meta::FILMS,
    partial::{Partial, cannot_write},
};
use crate::output;

/// A film that is ready to be packed.
#[derive(Debug, Clone, PartialEq)]
pub struct PackFilm {
    /// `side * side` grey values.
    pub pixels: Vec<u8>,
    /// Where the body is, of the same size.
    pub body: Mask,
}

/// What became of one row: a film, or the reason why there is none.
pub type Made = Result<PackFilm, String>;

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// How a film lies in the file.
    pub layout: Layout,
    /// Rows.
    pub rows: usize,
    /// Rows between two entries of the journal.
    pub chunk: usize,
}

/// A finished chunk, as a line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// First row.
    from: usize,
    /// One past the last row.
    to: usize,
    /// CRC-32C of the chunk's bytes.
    crc: u32,
    /// Rows without a film, and why.
    rejected: Vec<(usize, String)>,
}

impl Entry {
    fn films(&self) -> usize {
        (self.to - self.from).saturating_sub(self.rejected.len())
    }
}

/// Makes and writes the films of all rows; `make` is called on many threads.
///
/// Returns the rows without a film and the reasons.
///
/// # Errors
/// When the disk is full (`G2D-F23`) or cannot be written, or `make` gives an error: then what is
/// finished stays in the partial folder.
pub fn films(
    partial: &Partial,
    job: Job,
    make: impl Fn(usize) -> anyhow::Result<Made> + Sync,
) -> anyhow::Result<Vec<(usize, String)>> {
    let mut done = resume(partial, job.layout)?;
    let start = done.last().map_or(0, |entry| entry.to);
    if start > 0 {
        output::say(format_args!("Goes on after {start} of {} rows", job.rows));
    }
    let bar = output::progress(job.rows as u64, "films").with_position(start as u64);
    let written: usize = done.iter().map(Entry::films).sum();
    let (sender, receiver) = sync_channel::<Chunk>(1);
    let entries = thread::scope(|scope| -> anyhow::Result<Vec<Entry>> {
        let writer = scope.spawn(|| write_chunks(partial, receiver, written));
        let mut from = start;
        let mut made = Ok(());
        while from < job.rows {
            let to = (from + job.chunk.max(1)).min(job.rows);
            let records = (from..to)
                .into_par_iter()
                .map(|row| {
                    let made = make(row)?;
                    bar.inc(1);
                    Ok(made.map(|film| job.layout.encode(&film.pixels, &film.body)))
                })
                .collect::<anyhow::Result<Vec<_>>>();
            let sent = records.map(|records| sender.send((from, records)).is_ok());
            match sent {
                Ok(true) => from = to,
                // The writer has stopped, and tells why below.
                Ok(false) => break,
                Err(error) => {
                    made = Err(error);
                    break;
                }
            }
        }
        drop(sender);
        let written = writer
            .join()
            .unwrap_or_else(|_| Err(Error::bug("G2D-B31", "The writing thread failed").into()));
        // A full disk is told before anything else.
        let entries = written?;
        made.map(|()| entries)
    });
    bar.finish_and_clear();
    done.extend(entries?);
    Ok(done.into_iter().flat_map(|entry| entry.rejected).collect())
}

/// The rows of a chunk from the first on: records without their checksum, or reasons.
type Chunk = (usize, Vec<Result<Vec<u8>, String>>);

/// Takes chunks in order and appends them; runs on its own thread.
fn write_chunks(
    partial: &Partial,
    chunks: Receiver<Chunk>,
    mut number: usize,
) -> anyhow::Result<Vec<Entry>> {
    let films_path = partial.pack().join(FILMS);
    let journal_path = partial.journal();
    let mut films = append(&films_path)?;
    let mut journal = append(&journal_path)?;
    let mut entries = Vec::new();
    for (from, records) in chunks {
        let mut entry = Entry { from, to: from + records.len(), crc: 0, rejected: Vec::new() };
        let mut bytes = Vec::new();
        for (row, record) in records.into_iter().enumerate() {
            match record {
                Ok(mut record) => {
                    seal(&mut record, number);
                    number += 1;
                    bytes.extend_from_slice(&record);
                }
                Err(reason) => entry.rejected.push((from + row, reason)),
            }
        }
        entry.crc = crc32c::crc32c(&bytes);
        let put = |file: &mut File, bytes: &[u8], path: &Path| {
            file.write_all(bytes)
                .and_then(|()| file.sync_data())
                .map_err(|error| cannot_write(path, error))
        };
        put(&mut films, &bytes, &films_path)?;
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        put(&mut journal, &line, &journal_path)?;
        entries.push(entry);
    }
    Ok(entries)
}

fn append(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| cannot_write(path, error))
}

/// The chunks that are really there; what follows them is cut off from both files.
fn resume(partial: &Partial, layout: Layout) -> anyhow::Result<Vec<Entry>> {
    let journal_path = partial.journal();
    let films_path = partial.pack().join(FILMS);
    let journal = std::fs::read(&journal_path).unwrap_or_default();
    let (mut entries, mut kept): (Vec<Entry>, usize) = (Vec::new(), 0);
    if let Ok(mut films) = File::open(&films_path) {
        for line in journal.split_inclusive(|&b| b == b'\n') {
            let next = entries.last().map_or(0, |entry: &Entry| entry.to);
            let entry = match serde_json::from_slice::<Entry>(line) {
                Ok(entry) if line.ends_with(b"\n") && entry.from == next && entry.to > next => {
                    entry
                }
                _ => break,
            };
            let mut bytes = vec![0; layout.stride() * entry.films()];
            if films.read_exact(&mut bytes).is_err() || crc32c::crc32c(&bytes) != entry.crc {
                break;
            }
            kept += line.len();
            entries.push(entry);
        }
    }
    let records = entries.iter().map(Entry::films).sum();
    cut(&films_path, layout.bytes(records))?;
    cut(&journal_path, kept as u64)?;
    Ok(entries)
}

/// Cuts a file to a length; a missing one is made.
fn cut(path: &Path, length: u64) -> anyhow::Result<()> {
    append(path)?.set_len(length).map_err(|error| cannot_write(path, error))
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
