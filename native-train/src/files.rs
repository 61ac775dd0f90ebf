//! Files and folders that appear whole or not at all.
//!
//! Everything is written beside its target and then renamed, which is atomic on one file system:
//! a reader, or the next run after a power cut, never meets half a file.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::Error;
use tempfile::TempDir;

/// The folder that holds a path; `.` for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary names, with the permissions of ordinary files.
///
/// `tempfile` makes private ones by default, and a rename would keep that: a web server could
/// then not read the model that was exported for it. The process's umask still applies.
fn temporary(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".g2d-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Writes a file through a temporary one beside it; missing folders are made.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = parent(path);
    let write = || -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = temporary(0o666).tempfile_in(folder)?;
        file.write_all(bytes)?;
        // Without this a power cut may leave the new name with none of the bytes.
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("{}: cannot be written", path.display()))
}

/// A new folder beside a target, removed again unless [`move_into_place`] takes it.
///
/// # Errors
/// When the folder above cannot be written.
pub fn staging(target: &Path) -> anyhow::Result<TempDir> {
    let folder = parent(target);
    fs::create_dir_all(folder)
        .and_then(|()| temporary(0o777).tempdir_in(folder))
        .with_context(|| format!("{}: cannot be written", folder.display()))
}

/// Renames a staged folder to its target, replacing what was there.
///
/// What was there is moved aside first and deleted last, so that a failure leaves one of the two.
///
/// # Errors
/// When a rename fails; the old folder is then back in its place.
pub fn move_into_place(staged: TempDir, target: &Path) -> anyhow::Result<()> {
    let shown = || format!("{}: cannot be put into place", target.display());
    let old = if fs::symlink_metadata(target).is_ok() {
        let aside = staging(target)?;
        fs::rename(target, aside.path().join("old")).with_context(shown)?;
        Some(aside)
    } else {
        None
    };
    if let Err(error) = fs::rename(staged.path(), target) {
        if let Some(aside) = &old {
            fs::rename(aside.path().join("old"), target).with_context(shown)?;
        }
        return Err(error).with_context(shown);
    }
    // The folder carries its new name now; there is nothing left to remove under the old one.
    let _ = staged.keep();
    Ok(())
}

/// Whether a folder holds anything; a missing one does not.
///
/// # Errors
/// When it is there but cannot be listed, or is a file.
pub fn is_empty_folder(path: &Path) -> anyhow::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("{}: is no folder", path.display())),
    }
}

/// Reads a file, but no more than one byte beyond `limit`.
///
/// The extra byte lets the reader's own limit speak, with its own words, without the whole of an
/// endless file in memory.
///
/// # Errors
/// When the file is not there or cannot be read.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| reason(&error))
}

/// The error for a file that cannot be read; the caller puts the path in front.
pub fn reason(error: &std::io::Error) -> Error {
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => "There is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "The file may not be read".to_owned(),
        std::io::ErrorKind::IsADirectory => "This is a folder".to_owned(),
        _ => format!("The file cannot be read ({error})"),
    };
    Error::input("G2D-F01", what, "Check the path and its permissions")
}

/// `name`, or `name-2`, `name-3` … when it is taken; `taken` learns the answer.
///
/// Case is ignored, since some file systems do.
pub fn distinct(name: &str, taken: &mut std::collections::BTreeSet<String>) -> PathBuf {
    let free = (1..)
        .map(|i| if i == 1 { name.to_owned() } else { format!("{name}-{i}") })
        .find(|candidate| taken.insert(candidate.to_lowercase()));
    PathBuf::from(free.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.txt");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_was_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let plain = folder.path().join("plain");
        write_atomic(&path, b"x").unwrap();
        fs::write(&plain, b"x").unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn a_folder_is_replaced_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("bundle");
        for content in ["old", "new"] {
            let staged = staging(&target).unwrap();
            fs::write(staged.path().join(content), content).unwrap();
            move_into_place(staged, &target).unwrap();
        }
        let names: Vec<_> =
            fs::read_dir(&target).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["new"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_dropped_staging_folder_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(staging(&folder.path().join("bundle")).unwrap());
        assert!(is_empty_folder(folder.path()).unwrap());
    }

    #[test]
    fn names_are_distinct_whatever_their_case() {
        let mut taken = std::collections::BTreeSet::new();
        let names: Vec<_> =
            ["a", "A", "a-2", "a"].iter().map(|n| distinct(n, &mut taken)).collect();
        assert_eq!(names, ["a", "A-2", "a-2-2", "a-3"].map(PathBuf::from));
    }

    #[test]
    fn reading_stops_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read_at_most(&path, 10).unwrap().len(), 11);
        assert_eq!(read_at_most(&path, 1000).unwrap().len(), 100);
        let error = read_at_most(&folder.path().join("none"), 1).unwrap_err();
        assert_eq!(error.code(), "G2D-F01");
    }
}
