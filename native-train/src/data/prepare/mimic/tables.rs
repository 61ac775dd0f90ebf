//! The tables of MIMIC-CXR-JPG: finding them, their version, and the columns that are needed.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;
use g2d_core::Error;

use super::{Mimic, tree::is_part};
use crate::files;

/// Numbers of lines that cannot be read, and why.
type BadLines = Vec<(u64, String)>;

/// The releases that are known, the newest first.
const VERSIONS: [&str; 2] = ["2.1.0", "2.0.0"];

/// A film as the metadata table lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) dicom: String,
    pub(super) subject: String,
    pub(super) study: String,
    /// In capitals; empty where it is not given.
    pub(super) view: String,
}

/// The tables that are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tables {
    metadata: PathBuf,
    split: PathBuf,
    version: &'static str,
}

impl Tables {
    /// Looks for the tables in the folder that was given, or beside the trees.
    ///
    /// # Errors
    /// `G2D-M20` when a table is missing or of another version, naming what is there instead.
    pub(super) fn find(mimic: &Mimic) -> anyhow::Result<Self> {
        let folders: Vec<PathBuf> = match &mimic.tables {
            Some(folder) => vec![folder.clone()],
            None => [&mimic.images, &mimic.reports].into_iter().flat_map(|r| beside(r)).collect(),
        };
        let mut names: Vec<PathBuf> = Vec::new();
        for folder in &folders {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = fs::read_dir(folder).into_iter().flatten();
            let mut here: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
            here.sort();
            names.extend(here);
        }
        let table = |kind: &str| {
            let name = |version: &str, ending: &str| format!("mimic-cxr-{version}-{kind}.{ending}");
            let found = VERSIONS
                .iter()
                .flat_map(|v| ["csv", "csv.gz"].map(|ending| name(v, ending)))
                .find_map(|name| names.iter().find(|p| is_named(p, &name)));
            found.cloned().ok_or_else(|| missing(kind, &names)).with_context(|| {
                mimic.tables.as_ref().unwrap_or(&mimic.images).display().to_string()
            })
        };
        let newer = |path: &&PathBuf| name_of(path).starts_with("mimic-cxr-2.1.0-");
        let version = if names.iter().any(|p| newer(&p)) { VERSIONS[0] } else { VERSIONS[1] };
        Ok(Self { metadata: table("metadata")?, split: table("split")?, version })
    }

    /// The release, as far as the tables' names tell.
    pub(super) fn version(&self) -> &'static str {
        self.version
    }

    /// The rows of the metadata table, and the lines that cannot be read with the reasons.
    ///
    /// # Errors
    /// When the table cannot be read or lacks a column.
    pub(super) fn metadata(&self) -> anyhow::Result<(Vec<Metadata>, BadLines)> {
        let (mut rows, mut bad) = (Vec::new(), Vec::new());
        let columns = ["dicom_id", "subject_id", "study_id", "ViewPosition"];
        read(&self.metadata, &columns, |line, cells| match cells {
            Ok([dicom, subject, study, view]) => {
                let number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
                // A name with a slash would lead out of the tree.
                let plain = |s: &str| {
                    !s.is_empty()
                        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
                };
                if number(subject) && number(study) && plain(dicom) {
                    rows.push(Metadata {
                        dicom: dicom.to_owned(),
                        subject: subject.to_owned(),
                        study: study.to_owned(),
                        view: view.to_uppercase(),
                    });
                } else {
                    bad.push((line, "dicom_id, subject_id or study_id is not one".to_owned()));
                }
            }
            Err(why) => bad.push((line, why)),
        })?;
        Ok((rows, bad))
    }

    /// The split of each film.
    ///
    /// # Errors
    /// When the table cannot be read or lacks a column.
    pub(super) fn splits(&self) -> anyhow::Result<HashMap<String, String>> {
        let mut splits = HashMap::new();
        read(&self.split, &["dicom_id", "split"], |_, cells: Result<[&str; 2], String>| {
            // A line that cannot be read leaves its film without a split, which is counted.
            if let Ok([dicom, split]) = cells
                && !split.is_empty()
            {
                splits.insert(dicom.to_owned(), split.to_owned());
            }
        })?;
        Ok(splits)
    }
}

/// Where the tables lie when a tree was given: in it, or beside its `files`.
fn beside(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let above = |folder: &Path| folder.parent().map(Path::to_owned);
    if is_part(&name_of(root)) {
        folders.extend(above(root));
    }
    if let Some(files) = folders.last().filter(|f| name_of(f) == "files") {
        folders.extend(above(files));
    }
    folders
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_named(path: &Path, name: &str) -> bool {
    name_of(path) == name
}

/// The error for a table that is not there, which looks at what is there instead.
fn missing(kind: &str, names: &[PathBuf]) -> Error {
    let names: Vec<String> = names.iter().map(|p| name_of(p)).collect();
    let suffixes = [format!("-{kind}.csv"), format!("-{kind}.csv.gz")];
    let other = names
        .iter()
        .find(|n| n.starts_with("mimic-cxr-") && suffixes.iter().any(|s| n.ends_with(s)));
    // Release 1.0.0 had one table a split.
    let first = ["train.csv", "train.csv.gz"].iter().find(|n| names.iter().any(|m| m == *n));
    let what = match (other, first) {
        (Some(name), _) => format!("{name} is of a version that is not known here"),
        (None, Some(name)) => format!("{name} is a table of version 1.0.0, which is not read"),
        (None, None) => format!("The {kind} table is not there"),
    };
    let remedy = format!(
        "Give --tables a folder with mimic-cxr-2.0.0-{kind}.csv or .csv.gz (or 2.1.0) of MIMIC-CXR-JPG"
    );
    Error::input("G2D-M20", what, remedy)
}

/// Reads the named columns of every row; a row that cannot be read gives its reason.
fn read<const N: usize>(
    path: &Path,
    columns: &[&str; N],
    mut row: impl FnMut(u64, Result<[&str; N], String>),
) -> anyhow::Result<()> {
    let shown = || path.display().to_string();
    let file = File::open(path).map_err(|e| files::reason(&e)).with_context(shown)?;
    let mut plain = BufReader::new(file);
    // The first two bytes of gzip (RFC 1952); the name may say something else.
    let packed = plain.fill_buf().with_context(shown)?.starts_with(&[0x1F, 0x8B]);
    let input: Box<dyn Read> =
        if packed { Box::new(MultiGzDecoder::new(plain)) } else { Box::new(plain) };
    let mut reader = csv::ReaderBuilder::new().from_reader(input);
    let damaged = || {
        Error::input(
            "G2D-M20",
            "The table cannot be read to its end",
            "Download it again; a cut download is the usual reason",
        )
    };
    let header: Vec<String> = reader
        .headers()
        .map_err(|_| damaged())
        .with_context(shown)?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = header
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| {
                Error::input(
                    "G2D-M20",
                    format!("There is no column `{column}`; the table has {}", header.join(", ")),
                    format!("This table needs the columns {}", columns.join(", ")),
                )
            })
            .with_context(shown)?;
    }
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                row(line, Ok(places.map(|at| record.get(at).unwrap_or_default().trim())));
            }
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(_)) => {
                return Err(damaged()).with_context(shown);
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                row(line, Err("the row has not as many columns as the header".to_owned()));
            }
        }
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
