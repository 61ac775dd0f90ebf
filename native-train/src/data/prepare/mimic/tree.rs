//! Where `files/pNN` begins, and the paths below it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::Error;

/// Endings of image files, the official one first; people often store scaled copies as PNG.
const ENDINGS: [&str; 3] = ["jpg", "png", "jpeg"];

/// A tree of `pNN/pSUBJECT/sSTUDY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    /// The folder that holds the `pNN`.
    base: PathBuf,
    /// The one `pNN` that was given instead of all of them.
    pub(super) part: Option<String>,
    /// The ending that the images carry, where one was seen.
    ending: &'static str,
}

impl Tree {
    /// Finds the tree in a folder: the folder itself, its `files`, or one `pNN` alone.
    ///
    /// # Errors
    /// `G2D-M21` when there is none, saying what was looked for.
    pub(super) fn find(folder: &Path, what: &str) -> anyhow::Result<Self> {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
        let whole = |base: PathBuf| Self { base, part: None, ending: ENDINGS[0] };
        let mut tree = if holds_parts(&folder.join("files")) {
            whole(folder.join("files"))
        } else if holds_parts(folder) {
            whole(folder.to_owned())
        } else if let (Some(name), true) = (name.filter(|n| is_part(n)), folder.is_dir()) {
            let base = folder.parent().unwrap_or(Path::new(""));
            let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
            Self { part: Some(name), ..whole(base.to_owned()) }
        } else {
            let zip = if folder.join("mimic-cxr-reports.zip").is_file() {
                "Unpack mimic-cxr-reports.zip first"
            } else {
                "Give the folder that holds `files` with p10, p11, … in it, or `files` itself"
            };
            let missing =
                format!("There is no tree of {what} (pNN/pSUBJECT/sSTUDY) in this folder");
            return Err(Error::input("G2D-M21", missing, zip))
                .with_context(|| folder.display().to_string());
        };
        if let Some(ending) = tree.first_ending() {
            tree.ending = ending;
        }
        Ok(tree)
    }

    /// The ending of the first image that lies where images should.
    fn first_ending(&self) -> Option<&'static str> {
        let below = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).into_iter().flatten();
            let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
            paths.sort();
            paths
        };
        // A merged tree has reports beside the studies' folders; a few patients are enough.
        let parts = match &self.part {
            Some(part) => vec![self.base.join(part)],
            None => below(&self.base),
        };
        let patients = parts.iter().flat_map(|part| below(part)).take(20);
        let mut files = patients.flat_map(|p| below(&p)).flat_map(|study| below(&study));
        files.find_map(|file| {
            let ending = file.extension()?.to_str()?.to_owned();
            ENDINGS.into_iter().find(|e| *e == ending)
        })
    }

    fn study(subject: &str, study: &str) -> String {
        format!("p{}/p{subject}/s{study}", subject.get(..2).unwrap_or(subject))
    }

    /// The image's path, and the same relative to the tree.
    pub(super) fn image(&self, subject: &str, study: &str, dicom: &str) -> (PathBuf, String) {
        let place = format!("{}/{dicom}.{}", Self::study(subject, study), self.ending);
        (self.base.join(&place), place)
    }

    /// Where a report should lie, relative to the tree.
    pub(super) fn report_place(subject: &str, study: &str) -> String {
        format!("{}.txt", Self::study(subject, study))
    }

    /// The report's file: beside the study's folder, or within it as some people merge the trees.
    pub(super) fn report(&self, subject: &str, study: &str) -> Option<PathBuf> {
        let folder = self.base.join(Self::study(subject, study));
        [self.base.join(Self::report_place(subject, study)), folder.join(format!("s{study}.txt"))]
            .into_iter()
            .find(|path| path.is_file())
    }
}

/// Is this a name like `p10`?
pub(super) fn is_part(name: &str) -> bool {
    name.len() == 3 && name.starts_with('p') && name[1..].bytes().all(|b| b.is_ascii_digit())
}

fn holds_parts(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.any(|e| e.is_ok_and(|e| is_part(&e.file_name().to_string_lossy()) && e.path().is_dir()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_found_from_four_places() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        let study = top.join("files/p10/p10000032/s50414267");
        fs::create_dir_all(&study).unwrap();
        fs::write(study.join("abc.jpg"), "x").unwrap();
        fs::write(top.join("files/p10/p10000032/s50414267.txt"), "x").unwrap();
        for (given, part) in [("", None), ("files", None), ("files/p10", Some("p10".to_owned()))] {
            let tree = Tree::find(&top.join(given), "images").unwrap();
            assert_eq!(tree.part, part);
            let (image, place) = tree.image("10000032", "50414267", "abc");
            assert!(image.is_file(), "{given}");
            assert_eq!(place, "p10/p10000032/s50414267/abc.jpg");
            assert!(tree.report("10000032", "50414267").is_some());
            assert_eq!(tree.report("10000032", "1"), None);
        }
        let error = Tree::find(&study, "images").unwrap_err();
        assert!(format!("{error:#}").contains("G2D-M21"), "{error:#}");
    }

    #[test]
    fn copies_in_png_and_reports_within_studies_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let study = folder.path().join("p19/p19000000/s1");
        fs::create_dir_all(&study).unwrap();
        fs::write(study.join("s1.txt"), "x").unwrap();
        fs::write(study.join("abc.png"), "x").unwrap();
        let tree = Tree::find(folder.path(), "images").unwrap();
        assert!(tree.image("19000000", "1", "abc").0.is_file());
        assert!(tree.report("19000000", "1").is_some());
    }
}
