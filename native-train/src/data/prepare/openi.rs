//! Open-I, the chest X-ray collection of Indiana University: XML reports and PNG films.
//!
//! A report is an `eCitation` with the sections as `AbstractText` and its films as `parentImage`;
//! a film is a file that carries the name of its `parentImage`. The set names no patients and has
//! no split: the report stands for its patient, and splits are drawn. It does not say which film
//! is the frontal one either, and a report's first film is not always.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use g2d_core::{Error, text::ReportParts};
use rayon::prelude::*;
use serde_json::json;

use super::{
    Candidate, Funnel, Listing, Options, rules,
    text::{TextLoss, TextRules},
};

/// Longest XML file; the set's have some 10 KB.
const MAX_XML_BYTES: u64 = 4 << 20;
/// Folders below this depth are not searched, so that a circle of links ends.
const MAX_DEPTH: usize = 8;

/// What a report file says.
struct Report {
    /// `uId`, for example `CXR1`.
    id: String,
    films: Vec<String>,
    text: Result<Arc<str>, TextLoss>,
}

/// Lists the films of all reports below a folder.
///
/// # Errors
/// When a folder cannot be read or holds no report, or at the first fault when strict.
pub fn list(images: &Path, reports: &Path, options: &Options) -> anyhow::Result<Listing> {
    let mut files = find(reports, &["xml"])?;
    if files.is_empty() {
        return Err(Error::input(
            "G2D-M22",
            "There is no report (*.xml) in this folder",
            "Give the folder of NLMCXR_reports.tgz, unpacked",
        ))
        .with_context(|| reports.display().to_string());
    }
    files.sort_by_key(|path| natural(&relative(path, reports)));
    let films: HashMap<String, PathBuf> = find(images, &["png", "jpg", "jpeg"])?
        .into_iter()
        .filter_map(|path| Some((path.file_stem()?.to_string_lossy().into_owned(), path)))
        .collect();
    let read: Vec<Result<Report, String>> =
        files.par_iter().map(|path| read(path, &options.text)).collect();

    let mut candidates = Vec::new();
    let mut texts: Vec<Result<Arc<str>, TextLoss>> = Vec::new();
    for (path, report) in files.iter().zip(read) {
        let place = Some(relative(path, reports));
        let report = report.unwrap_or_else(|why| Report {
            id: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            films: Vec::new(),
            text: Err(TextLoss::Unreadable(why)),
        });
        let candidate = |id: &str, image: Option<PathBuf>| Candidate {
            id: id.to_owned(),
            study: report.id.clone(),
            group: Some(report.id.clone()),
            image,
            place: place.clone(),
            ..Candidate::default()
        };
        if report.films.is_empty() {
            candidates.push(candidate(&report.id, None));
            texts.push(report.text.clone());
        }
        for film in &report.films {
            // A film that is not there keeps a path, so that it is counted as missing.
            let image = films.get(film).cloned().unwrap_or_else(|| images.join(film));
            candidates.push(candidate(film, Some(image)));
            texts.push(report.text.clone());
        }
    }
    let mut funnel = Funnel::new(options.strict);
    funnel.start("films named by reports", &candidates);
    apply(&mut funnel, &mut candidates, texts)?;
    Ok(Listing {
        dataset: "Open-I (Indiana University chest X-rays)".into(),
        switches: json!({"kind": "openi"}),
        candidates,
        funnel,
    })
}

/// The rules in their order; the reports' outcomes go along with the candidates.
fn apply(
    funnel: &mut Funnel,
    candidates: &mut Vec<Candidate>,
    texts: Vec<Result<Arc<str>, TextLoss>>,
) -> anyhow::Result<()> {
    let texts: HashMap<(String, Option<String>), Result<Arc<str>, TextLoss>> =
        candidates.iter().map(|c| (c.id.clone(), c.place.clone())).zip(texts).collect();
    // What cannot be read names no image, and that is not its fault.
    let unreadable = |c: &Candidate| match texts.get(&(c.id.clone(), c.place.clone())) {
        Some(Err(TextLoss::Unreadable(why))) => Some(why.clone()),
        _ => None,
    };
    funnel.filter(rules::UNREADABLE_REPORT, candidates, unreadable)?;
    funnel.filter(rules::NO_IMAGE, candidates, |c| {
        c.image.is_none().then(|| "the report names no image".to_owned())
    })?;
    rules::distinct(funnel, candidates)?;
    let texts = candidates
        .iter()
        .map(|c| texts.get(&(c.id.clone(), c.place.clone())).cloned())
        .map(|text| text.unwrap_or(Err(TextLoss::Missing)))
        .collect();
    rules::reports(funnel, candidates, texts, &rules::REPORTS[2..])
}

/// Reads a report file; the reason when it is no report.
fn read(path: &Path, rules: &TextRules) -> Result<Report, String> {
    let bytes = crate::files::read_at_most(path, MAX_XML_BYTES)
        .map_err(|error| error.problem().what.clone())?;
    if bytes.len() as u64 > MAX_XML_BYTES {
        return Err("the file is too long for a report".into());
    }
    let text = String::from_utf8_lossy(&bytes);
    // The parser's own message may quote the file; its position may be told.
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}'))
        .map_err(|e| format!("this is not XML (line {})", e.pos().row))?;
    let named = |name: &'static str| {
        document.descendants().filter(move |node| node.tag_name().name() == name)
    };
    let id = named("uId").find_map(|node| node.attribute("id"));
    let id = id.ok_or("the report has no uId")?.trim().to_owned();
    let mut parts = ReportParts::default();
    for node in named("AbstractText") {
        let slot = match node.attribute("Label").map(|l| l.trim().to_uppercase()).as_deref() {
            Some("FINDINGS") => &mut parts.findings,
            Some("IMPRESSION") => &mut parts.impression,
            _ => continue,
        };
        let texts = node.descendants().filter(|n| n.is_text());
        let body: Vec<&str> = texts.filter_map(|n| n.text()).collect();
        let body = body.join(" ");
        if body.contains(char::is_alphabetic) {
            *slot = Some(body.trim().to_owned());
        }
    }
    let mut films: Vec<String> = Vec::new();
    for id in named("parentImage").filter_map(|node| node.attribute("id")) {
        films.push(id.trim().to_owned());
    }
    Ok(Report { id, films, text: rules.of_parts(&parts).map(Into::into) })
}

/// All files with one of the endings, below a folder.
fn find(folder: &Path, endings: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((at, depth)) = open.pop() {
        let entries = fs::read_dir(&at)
            .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
            .with_context(|| format!("{}: is no folder that can be read", at.display()))?;
        for entry in entries {
            let path = entry.path();
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            // A name with a fitting ending is a file; asking the disk for each would be slow.
            if ending.is_some_and(|e| endings.contains(&e.as_str())) {
                found.push(path);
            } else if depth < MAX_DEPTH && path.is_dir() {
                open.push((path, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// A key that sorts `2.xml` before `10.xml`.
fn natural(name: &str) -> Vec<(u64, String)> {
    let mut key: Vec<(u64, String)> = Vec::new();
    for piece in name.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        key.push((digits.parse().unwrap_or(0), piece[digits.len()..].to_owned()));
    }
    key.push((0, name.to_owned()));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names = ["b/1.xml", "10.xml", "2.xml", "a.xml", "1.xml"];
        names.sort_by_key(|name| natural(name));
        let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
        assert!(at("1.xml") < at("2.xml") && at("2.xml") < at("10.xml"), "{names:?}");
    }
}
