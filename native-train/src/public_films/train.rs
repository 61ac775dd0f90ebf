//! The films that may train, as pairs.

use std::path::PathBuf;

use super::{
    FilmRow, Funnel, Labels, Library, Part, Target, read_labels, text,
    write::{Line, Set, manifest},
};

/// Whether a film has something to be said about it: statements, a report, or labels.
fn has_text(film: &FilmRow) -> bool {
    match film.text_kind.as_str() {
        "label" => read_labels(&film.finding) != Labels::None,
        // Notes speak of the patient's history; they are no report.
        "notes" => false,
        _ => !film.text.trim().is_empty(),
    }
}

/// Writes `train/` (splits `train` and `val`): a pairs manifest that `g2d train --pairs` and
/// `g2d data prepare manifest` read. Gives the manifest and what every rule left.
///
/// # Errors
/// When a patient would lie on both sides, or the folder cannot be written.
pub fn write_train(library: &Library, target: &Target) -> anyhow::Result<(PathBuf, Funnel)> {
    let mut films: Vec<&FilmRow> = library.films.iter().collect();
    let mut funnel = Funnel::new("train", &films);
    funnel.keep("may be given on (license_class free)", &mut films, FilmRow::is_free);
    funnel.keep("frontal", &mut films, FilmRow::is_frontal);
    funnel.keep("has statements, a report or usable labels", &mut films, has_text);
    funnel.keep("patient not kept for evaluation", &mut films, |film| {
        library.part(film) != Part::Eval
    });
    let trained = library.trained();
    let eval: Vec<&FilmRow> =
        library.films.iter().filter(|film| library.may_evaluate(film, &trained)).collect();
    library.check_leak(&films, &eval)?;

    let mut set = Set::begin(library, target, "train")?;
    for (index, film) in films.into_iter().enumerate() {
        let (image, _) = set.picture(film)?;
        let split = if library.part(film) == Part::Val { "val" } else { "train" };
        let (text, sentences) = text::of_film(film, index as u64);
        set.line(&Line {
            image,
            text,
            group: film.group.clone(),
            split: split.into(),
            mask: Vec::new(),
            boxes: Vec::new(),
            sentences,
            labels: None,
            id: film.id.clone(),
        })?;
    }
    let folder = set.finish(&funnel)?;
    Ok((manifest(&folder), funnel))
}
