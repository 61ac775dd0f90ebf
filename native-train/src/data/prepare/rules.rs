//! The rules of the funnel that several data sets share.

use std::{collections::HashSet, fs, sync::Arc};

use rayon::prelude::*;

use super::{
    Candidate, Funnel, PerStudy,
    funnel::{Kind, Rule},
    text::TextLoss,
};

const fn fault(name: &'static str, keeps: &'static str) -> Rule {
    Rule { name, keeps, kind: Kind::Fault }
}

const fn choice(name: &'static str, keeps: &'static str) -> Rule {
    Rule { name, keeps, kind: Kind::Choice }
}

/// A row of a table or manifest that can be read.
pub const BAD_ROW: Rule = fault("bad_row", "row can be read");
/// A film or report that is listed once.
pub const DUPLICATE_ID: Rule = fault("duplicate_id", "id is new");
/// The view that was asked for.
pub const VIEW: Rule = choice("view", "view is wanted");
/// In the part of the tree that was given.
pub const FOLDER: Rule = choice("folder", "in the folder that was given");
/// In the split table.
pub const NO_SPLIT: Rule = fault("no_split", "in the split table");
/// With a report.
pub const NO_REPORT: Rule = fault("no_report", "report is there");
/// With a report that can be read.
pub const UNREADABLE_REPORT: Rule = fault("unreadable_report", "report can be read");
/// With the wanted sections.
pub const NO_SECTIONS: Rule = fault("no_sections", "report has the sections");
/// With enough words.
pub const SHORT_REPORT: Rule = choice("short_report", "report is long enough");
/// Whose report names an image.
pub const NO_IMAGE: Rule = fault("no_image", "report names an image");
/// Whose image file is there.
pub const MISSING_IMAGE: Rule = fault("missing_image", "image file is there");
/// One film a study, where that was asked for.
pub const PER_STUDY: Rule = choice("per_study", "first film of its study");
/// Whose image can be decoded.
pub const UNREADABLE_IMAGE: Rule = fault("unreadable_image", "image can be decoded");

/// Keeps the first candidate of each id.
///
/// # Errors
/// When strict, at the first duplicate.
pub fn distinct(funnel: &mut Funnel, candidates: &mut Vec<Candidate>) -> anyhow::Result<()> {
    let mut seen: HashSet<&str> = HashSet::new();
    let losses = candidates
        .iter()
        .map(|c| (!seen.insert(&c.id)).then(|| "the id is there before".to_owned()))
        .collect();
    funnel.apply(DUPLICATE_ID, candidates, losses)
}

/// The rules for reports, in their order.
pub const REPORTS: [Rule; 4] = [NO_REPORT, UNREADABLE_REPORT, NO_SECTIONS, SHORT_REPORT];

/// Applies rules for reports; `texts` has the outcome for each candidate, whose text is then set.
///
/// # Errors
/// When strict, at the first report with a fault.
pub fn reports(
    funnel: &mut Funnel,
    candidates: &mut Vec<Candidate>,
    mut texts: Vec<Result<Arc<str>, TextLoss>>,
    rules: &[Rule],
) -> anyhow::Result<()> {
    for &rule in rules {
        let losses: Vec<Option<String>> =
            texts.iter().map(|text| text.as_ref().err().and_then(|e| reason(rule, e))).collect();
        let mut keep = losses.iter().map(Option::is_none);
        texts.retain(|_| keep.next().unwrap_or(true));
        funnel.apply(rule, candidates, losses)?;
    }
    for (candidate, text) in candidates.iter_mut().zip(texts) {
        candidate.text = text.unwrap_or_default();
    }
    Ok(())
}

/// The reason when this loss belongs to this rule.
fn reason(rule: Rule, loss: &TextLoss) -> Option<String> {
    match loss {
        TextLoss::Missing if rule == NO_REPORT => Some("the report is not there".into()),
        TextLoss::Unreadable(why) if rule == UNREADABLE_REPORT => Some(why.clone()),
        TextLoss::NoSections(why) if rule == NO_SECTIONS => Some((*why).into()),
        TextLoss::Short(words) if rule == SHORT_REPORT => {
            let s = if *words == 1 { "" } else { "s" };
            Some(format!("the report has {words} word{s}"))
        }
        _ => None,
    }
}

/// Keeps candidates whose image file is there.
///
/// # Errors
/// When strict, at the first that is not.
pub fn images(funnel: &mut Funnel, candidates: &mut Vec<Candidate>) -> anyhow::Result<()> {
    let losses = candidates
        .par_iter()
        .map(|c| {
            let there =
                c.image.as_ref().is_some_and(|p| fs::metadata(p).is_ok_and(|m| m.is_file()));
            (!there).then(|| "the image file is not there".to_owned())
        })
        .collect();
    funnel.apply(MISSING_IMAGE, candidates, losses)
}

/// Keeps the first film of each study, where that was asked for.
///
/// # Errors
/// None of its own.
pub fn per_study(
    funnel: &mut Funnel,
    candidates: &mut Vec<Candidate>,
    which: PerStudy,
) -> anyhow::Result<()> {
    if which == PerStudy::All {
        return Ok(());
    }
    let mut seen: HashSet<&str> = HashSet::new();
    let losses = candidates
        .iter()
        .map(|c| (!seen.insert(&c.study)).then(|| "not the first film of its study".to_owned()))
        .collect();
    funnel.apply(PER_STUDY, candidates, losses)
}
