//! MIMIC-CXR-JPG with the reports of MIMIC-CXR, as PhysioNet gives them out.
//!
//! ```text
//! images   files/pNN/pSUBJECT/sSTUDY/DICOM.jpg       project mimic-cxr-jpg
//! tables   mimic-cxr-2.0.0-metadata.csv.gz, …-split  project mimic-cxr-jpg
//! reports  files/pNN/pSUBJECT/sSTUDY.txt             project mimic-cxr, mimic-cxr-reports.zip
//! ```
//!
//! NN are the first two digits of the subject. The two trees may lie apart or in one `files/`.
//! Release 2.1.0 keeps the tables' names of 2.0.0 and adds `mimic-cxr-2.1.0-test-set-labeled.csv`;
//! tables that carry 2.1.0 in their names are taken, too.

mod tables;
mod tree;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use g2d_core::text::MAX_REPORT_BYTES;
use rayon::prelude::*;
use serde_json::json;

use self::{tables::Tables, tree::Tree};
use super::{
    Candidate, Funnel, Listing, Options, rules,
    text::{TextLoss, TextRules},
};
use crate::{data::manifest::canonical_split, files};

/// Where the parts of the data set lie, and which views are wanted.
#[derive(Debug, Clone)]
pub struct Mimic {
    /// The images' tree.
    pub images: PathBuf,
    /// The reports' tree; may be the images'.
    pub reports: PathBuf,
    /// The tables' folder; none looks beside the trees.
    pub tables: Option<PathBuf>,
    /// The wanted `ViewPosition`s in capitals; none takes every view.
    pub views: Option<Vec<String>>,
}

/// Lists the films of the tables.
///
/// # Errors
/// When a tree or table is missing or of another version, or at the first fault when strict.
pub fn list(mimic: &Mimic, options: &Options) -> anyhow::Result<Listing> {
    let images = Tree::find(&mimic.images, "images")?;
    let reports = Tree::find(&mimic.reports, "reports")?;
    let tables = Tables::find(mimic)?;
    let (rows, mut bad) = tables.metadata()?;
    let mut splits = tables.splits()?;

    let mut candidates: Vec<Candidate> = rows.iter().map(|row| candidate(row, &images)).collect();
    // From the end, so that of two rows with one id the first is the last to be entered.
    let views: HashMap<String, String> =
        rows.into_iter().rev().map(|row| (row.dicom, row.view)).collect();
    let mut funnel = Funnel::new(options.strict);
    let mut losses = vec![None; candidates.len()];
    for (line, why) in bad.drain(..) {
        let id = format!("metadata line {line}");
        candidates.push(Candidate { study: id.clone(), id, ..Candidate::default() });
        losses.push(Some(why));
    }
    funnel.start("rows of the metadata table", &candidates);
    funnel.apply(rules::BAD_ROW, &mut candidates, losses)?;
    rules::distinct(&mut funnel, &mut candidates)?;
    // The order of the pack shall not depend on the order of the table.
    candidates.sort_by(|a, b| (&a.group, &a.study, &a.id).cmp(&(&b.group, &b.study, &b.id)));
    if let Some(part) = &images.part {
        funnel.filter(rules::FOLDER, &mut candidates, |c| {
            let inside = c.place.as_deref().is_some_and(|p| Path::new(p).starts_with(part));
            (!inside).then(|| format!("not in {part}"))
        })?;
    }
    if let Some(wanted) = &mimic.views {
        funnel.filter(rules::VIEW, &mut candidates, |c| {
            let view = views.get(&c.id).map_or("", String::as_str);
            (!wanted.iter().any(|w| w == view)).then(|| {
                let view = if view.is_empty() { "not given" } else { view };
                format!("the view is {view}")
            })
        })?;
    }
    for candidate in &mut candidates {
        candidate.split = splits.remove(&candidate.id).map(|name| canonical_split(&name));
    }
    funnel.filter(rules::NO_SPLIT, &mut candidates, |c| {
        c.split.is_none().then(|| "not in the split table".to_owned())
    })?;

    let texts = read_reports(&candidates, &reports, &options.text);
    let texts = candidates.iter().map(|c| texts[&c.study].clone()).collect();
    // What is wrong with a report is looked for in the report's file.
    let file = |c: &Candidate| Tree::report_place(c.group.as_deref().unwrap_or(""), &c.study);
    let places: HashMap<String, Option<String>> = candidates
        .iter_mut()
        .map(|c| {
            let report = Some(file(c));
            (c.id.clone(), std::mem::replace(&mut c.place, report))
        })
        .collect();
    rules::reports(&mut funnel, &mut candidates, texts, &rules::REPORTS)?;
    for candidate in &mut candidates {
        candidate.place.clone_from(&places[&candidate.id]);
    }
    Ok(Listing {
        dataset: format!("MIMIC-CXR-JPG {}", tables.version()),
        switches: json!({"kind": "mimic", "views": mimic.views, "part": images.part}),
        candidates,
        funnel,
    })
}

fn candidate(row: &tables::Metadata, images: &Tree) -> Candidate {
    let (image, place) = images.image(&row.subject, &row.study, &row.dicom);
    Candidate {
        id: row.dicom.clone(),
        study: row.study.clone(),
        group: Some(row.subject.clone()),
        image: Some(image),
        place: Some(place),
        ..Candidate::default()
    }
}

/// Reads each study's report once.
fn read_reports(
    candidates: &[Candidate],
    reports: &Tree,
    rules: &TextRules,
) -> HashMap<String, Result<Arc<str>, TextLoss>> {
    let studies: BTreeSet<(&str, &str)> =
        candidates.iter().map(|c| (c.group.as_deref().unwrap_or(""), c.study.as_str())).collect();
    studies
        .into_par_iter()
        .map(|(subject, study)| {
            let text = match reports.report(subject, study) {
                None => Err(TextLoss::Missing),
                Some(path) => files::read_at_most(&path, MAX_REPORT_BYTES as u64)
                    .map_err(|error| TextLoss::Unreadable(error.problem().what.clone()))
                    .and_then(|bytes| rules.of_bytes(&bytes)),
            };
            (study.to_owned(), text.map(Into::into))
        })
        .collect()
}
