//! A manifest of pairs in JSONL or CSV, whoever wrote it.

use std::path::Path;

use serde_json::json;

use super::{
    Candidate, Funnel, Listing, Options, rules,
    text::{TextLoss, TextRules},
};
use crate::data::manifest::{self, canonical_split};

/// Lists the pairs of a manifest; see [`manifest`] for its columns.
///
/// A film's id is its path as the manifest writes it, and every film is a study of its own. The
/// report is taken as it stands.
///
/// # Errors
/// When the manifest cannot be read, or at the first fault when strict.
pub fn list(path: &Path, options: &Options) -> anyhow::Result<Listing> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut candidates = Vec::new();
    let mut bad = Vec::new();
    for (line, pair) in manifest::read_lines(path)? {
        let place = Some(format!("line {line}"));
        match pair {
            Ok(pair) => {
                let id = pair.image.strip_prefix(folder).unwrap_or(&pair.image);
                let id = id.to_string_lossy().replace('\\', "/");
                candidates.push(Candidate {
                    study: id.clone(),
                    id,
                    group: pair.group,
                    split: pair.split.as_deref().map(canonical_split),
                    image: Some(pair.image),
                    place,
                    text: pair.text.as_str().into(),
                });
                bad.push(None);
            }
            Err(error) => {
                let what = &error.problem().what;
                // The line stands in `place`, so that equal reasons can be counted together.
                let reason = what.strip_prefix(&format!("Line {line}: ")).unwrap_or(what);
                let id = format!("line {line}");
                candidates.push(Candidate { study: id.clone(), id, ..Candidate::default() });
                bad.push(Some(reason.to_owned()));
            }
        }
    }
    let mut funnel = Funnel::new(options.strict);
    funnel.start("rows of the manifest", &candidates);
    funnel.apply(rules::BAD_ROW, &mut candidates, bad)?;
    rules::distinct(&mut funnel, &mut candidates)?;
    let texts = candidates.iter().map(|c| check(&options.text, &c.text)).collect();
    rules::reports(&mut funnel, &mut candidates, texts, &rules::REPORTS[2..])?;
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    Ok(Listing {
        dataset: format!("manifest {name}"),
        switches: json!({"kind": "manifest"}),
        candidates,
        funnel,
    })
}

fn check(rules: &TextRules, text: &std::sync::Arc<str>) -> Result<std::sync::Arc<str>, TextLoss> {
    rules.check_free(text).map(|()| text.clone())
}
