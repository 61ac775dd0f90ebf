//! A pack that is not complete yet: the folder beside its target in which it grows.
//!
//! ```text
//! .g2d-NAME.partial/lock           held by the process that writes
//! .g2d-NAME.partial/inputs         digest of options and inputs: only their like is continued
//! .g2d-NAME.partial/journal.jsonl  one line a finished chunk of films
//! .g2d-NAME.partial/pack/          what will be renamed to NAME
//! ```

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::Error;

use super::meta::META;
use crate::{files, output};

/// A partial pack, locked against other processes.
#[derive(Debug)]
pub struct Partial {
    folder: PathBuf,
    target: PathBuf,
    /// Held open: the lock goes with it, also when the process is killed.
    _lock: File,
}

impl Partial {
    /// Opens the partial pack of a target, or begins one.
    ///
    /// What an earlier process left is kept only when it had the same options and inputs; else it
    /// is removed, and that is said.
    ///
    /// # Errors
    /// `G2D-F24` when another process is writing it, or when the folder cannot be written.
    pub fn open(target: &Path, inputs: &str) -> anyhow::Result<Self> {
        let folder = Self::folder(target)?;
        fs::create_dir_all(&folder).map_err(|e| cannot_write(&folder, e))?;
        let lock = folder.join("lock");
        let file = File::create(&lock).map_err(|e| cannot_write(&lock, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let busy = Error::input(
                    "G2D-F24",
                    "Another process is writing this pack",
                    "Wait until it is done, or choose another folder for --out",
                );
                return Err(busy).with_context(|| folder.display().to_string());
            }
            // A file system without locks: then nothing can be promised about two processes.
            Err(TryLockError::Error(_)) => {}
        }
        let partial = Self { folder, target: target.to_owned(), _lock: file };
        partial.keep_or_begin(inputs)?;
        Ok(partial)
    }

    fn keep_or_begin(&self, inputs: &str) -> anyhow::Result<()> {
        let note = self.folder.join("inputs");
        let before = fs::read_to_string(&note).ok();
        if before.as_deref().map(str::trim) != Some(inputs) {
            if before.is_some() {
                output::say(format_args!(
                    "{}: made with other options or from other files; starts anew",
                    self.folder.display()
                ));
            }
            // The note first: without it nothing here counts.
            absent(fs::remove_file(&note)).map_err(|e| cannot_write(&note, e))?;
            for name in ["journal.jsonl", "pack"] {
                let path = self.folder.join(name);
                let gone = if path.is_dir() {
                    fs::remove_dir_all(&path)
                } else {
                    absent(fs::remove_file(&path))
                };
                gone.map_err(|e| cannot_write(&path, e))?;
            }
            files::write_atomic(&note, inputs.as_bytes())?;
        }
        let pack = self.pack();
        fs::create_dir_all(&pack).map_err(|e| cannot_write(&pack, e))?;
        Ok(())
    }

    /// Where the partial pack of a target lies.
    ///
    /// # Errors
    /// For a target without a name, as `..` is.
    pub fn folder(target: &Path) -> anyhow::Result<PathBuf> {
        let name = target.file_name().ok_or_else(|| {
            crate::args::Usage("--out needs the name of a folder, not `.`, `..` or `/`".into())
        })?;
        let hidden = format!(".g2d-{}.partial", name.to_string_lossy());
        Ok(target.with_file_name(hidden))
    }

    /// The folder that becomes the target.
    pub fn pack(&self) -> PathBuf {
        self.folder.join("pack")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    /// Renames the finished pack to its target and removes what is left.
    ///
    /// An older pack is moved aside first and deleted last.
    ///
    /// # Errors
    /// When a rename fails.
    pub fn finish(self) -> anyhow::Result<()> {
        let shown = || format!("{}: cannot be put into place", self.target.display());
        let aside = if fs::symlink_metadata(&self.target).is_ok() {
            let aside = files::staging(&self.target)?;
            fs::rename(&self.target, aside.path().join("old")).with_context(shown)?;
            Some(aside)
        } else {
            None
        };
        if let Err(error) = fs::rename(self.pack(), &self.target) {
            if let Some(aside) = &aside {
                fs::rename(aside.path().join("old"), &self.target).with_context(shown)?;
            }
            return Err(error).with_context(shown);
        }
        // A rename is on the disk when its folder is; where folders cannot be opened, the file
        // system decides.
        if let Some(above) = self.target.parent().and_then(|p| File::open(p).ok()) {
            let _ = above.sync_all();
        }
        // The pack is there: a left-over that cannot be removed is no failure.
        let _ = fs::remove_dir_all(&self.folder);
        Ok(())
    }

    /// Removes what a finished run was killed before it could remove.
    pub fn tidy(target: &Path) {
        if let Ok(folder) = Self::folder(target)
            && !folder.join("pack").exists()
        {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Whether the target may be written: new, empty, or a pack that is to be replaced.
///
/// # Errors
/// `G2D-F25` when it holds something else, `G2D-F26` when it is a pack and `force` is not given.
pub fn may_write(target: &Path, force: bool) -> anyhow::Result<()> {
    if files::is_empty_folder(target)? {
        return Ok(());
    }
    let error = if !target.join(META).is_file() {
        Error::input(
            "G2D-F25",
            "This folder holds something else than a packed data set",
            "Choose a new or empty folder for --out",
        )
    } else if force {
        return Ok(());
    } else {
        Error::input(
            "G2D-F26",
            "There is another packed data set in this folder already",
            "Choose another folder for --out, or replace it with --force",
        )
    };
    Err(error).with_context(|| target.display().to_string())
}

/// A missing file is as good as a removed one.
fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The error for a file that cannot be written; a full disk gets its own words.
pub(crate) fn cannot_write(path: &Path, error: io::Error) -> anyhow::Error {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let full = matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge);
    let shown = format!("{}: cannot be written", path.display());
    if full {
        let what = match error.kind() {
            FileTooLarge => "The file would become larger than is allowed here",
            QuotaExceeded => "The quota of this disk is used up",
            _ => "The disk is full",
        };
        let remedy = "Make room and give the same command again: finished films are kept and it \
                      goes on from there";
        return anyhow::Error::new(Error::limits("G2D-F23", what, remedy)).context(shown);
    }
    anyhow::Error::new(error).context(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_inputs_are_continued() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set");
        let begin = |inputs: &str| {
            let partial = Partial::open(&target, inputs).unwrap();
            let path = partial.pack().join("films.bin");
            let before = path.exists();
            fs::write(path, "x").unwrap();
            before
        };
        assert_eq!([begin("a"), begin("a"), begin("b"), begin("b")], [false, true, false, true]);
    }

    #[test]
    fn two_processes_do_not_write_one_pack() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set");
        let first = Partial::open(&target, "a").unwrap();
        let error = Partial::open(&target, "a").unwrap_err();
        assert!(format!("{error:#}").contains("G2D-F24"), "{error:#}");
        drop(first);
        Partial::open(&target, "a").unwrap();
    }

    #[test]
    fn a_finished_pack_takes_its_name_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set");
        for content in ["old", "new"] {
            let partial = Partial::open(&target, content).unwrap();
            fs::write(partial.pack().join(content), "x").unwrap();
            assert_eq!(target.join("old").exists(), content == "new");
            partial.finish().unwrap();
            assert!(target.join(content).is_file());
        }
        assert!(!target.join("old").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(may_write(&target, true).is_err(), "it has no pack.json");
        assert!(Partial::folder(Path::new("..")).is_err());
    }

    #[test]
    fn a_full_disk_has_its_own_words() {
        let say = |kind: io::ErrorKind| {
            format!("{:#}", cannot_write(Path::new("films.bin"), io::Error::from(kind)))
        };
        assert!(say(io::ErrorKind::StorageFull).contains("The disk is full"));
        assert!(say(io::ErrorKind::FileTooLarge).contains("G2D-F23"));
        assert!(!say(io::ErrorKind::PermissionDenied).contains("G2D-F23"));
    }
}
