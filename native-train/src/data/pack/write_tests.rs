use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;

const JOB: Job = Job { layout: Layout::new(8), rows: 10, chunk: 3 };

/// Row 4 has no film; the others differ from each other.
fn make(row: usize) -> anyhow::Result<Made> {
    if row == 4 {
        return Ok(Err("no picture".into()));
    }
    Ok(Ok(PackFilm { pixels: vec![row as u8; 64], body: Mask::filled(8, 8, (row % 2) as u8) }))
}

fn undisturbed() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let partial = Partial::open(&folder.path().join("set"), "x").unwrap();
    let rejected = films(&partial, JOB, make).unwrap();
    assert_eq!(rejected, [(4, "no picture".to_owned())]);
    let bytes = fs::read(partial.pack().join(FILMS)).unwrap();
    assert_eq!(bytes.len() as u64, JOB.layout.bytes(9));
    bytes
}

/// Writes all, damages what is left, and goes on; returns how many rows were made again.
fn continued(damage: impl Fn(&Partial)) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let partial = Partial::open(&folder.path().join("set"), "x").unwrap();
    films(&partial, JOB, make).unwrap();
    damage(&partial);
    let again = AtomicUsize::new(0);
    let rejected = films(&partial, JOB, |row| {
        again.fetch_add(1, Ordering::Relaxed);
        make(row)
    })
    .unwrap();
    assert_eq!(rejected, [(4, "no picture".to_owned())]);
    assert_eq!(fs::read(partial.pack().join(FILMS)).unwrap(), undisturbed());
    again.into_inner()
}

fn edit(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn whatever_is_lost_is_made_again_and_nothing_else() {
    assert_eq!(continued(|_| ()), 0);
    // A torn last line of the journal: chunks are 3 + 3 + 3 + 1 rows.
    assert_eq!(continued(|p| edit(&p.journal(), |b| b.truncate(b.len() - 5))), 1);
    // A line without its end may be half a number.
    assert_eq!(continued(|p| edit(&p.journal(), |b| b.truncate(b.len() - 1))), 1);
    // Bytes that the journal does not know yet.
    let films = |p: &Partial| p.pack().join(FILMS);
    assert_eq!(continued(|p| edit(&films(p), |b| b.extend([7; 100]))), 0);
    // A flipped bit in record 4, which is in the second chunk.
    assert_eq!(continued(|p| edit(&films(p), |b| b[JOB.layout.stride() * 4] ^= 1)), 7);
    assert_eq!(continued(|p| edit(&films(p), |b| b.truncate(10))), 10);
    assert_eq!(continued(|p| fs::remove_file(p.journal()).unwrap()), 10);
    assert_eq!(continued(|p| fs::remove_file(films(p)).unwrap()), 10);
}

#[test]
fn an_error_stops_and_keeps_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let partial = Partial::open(&folder.path().join("set"), "x").unwrap();
    let failing = |row| if row == 7 { Err(anyhow::anyhow!("strict")) } else { make(row) };
    assert_eq!(films(&partial, JOB, failing).unwrap_err().to_string(), "strict");
    let again = AtomicUsize::new(0);
    films(&partial, JOB, |row| {
        again.fetch_add(1, Ordering::Relaxed);
        make(row)
    })
    .unwrap();
    assert_eq!(again.into_inner(), 4, "the third and the fourth chunk");
    assert_eq!(fs::read(partial.pack().join(FILMS)).unwrap(), undisturbed());
}
