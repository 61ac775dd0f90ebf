//! `g2d eval retrieval`: which text belongs to which image?

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use anyhow::Result;
use g2d_core::{
    Error,
    metrics::{Groups, best_ranks, chance_rank, chance_recall, precision_at_k, weighted_mean},
    session::Session,
    text::training_text,
};
use rayon::prelude::*;

use super::{
    films::{self, Texts, dot, unit},
    group_of,
    labels::Labels,
    nothing_usable,
    report::{Named, Report, Score, Tally},
    rows::Row,
};

/// Among how many candidates a right one is looked for.
const RECALL_AT: [usize; 3] = [1, 5, 10];
/// The same for texts of the right class (GLoRIA's numbers).
const PRECISION_AT: [usize; 3] = [5, 10, 100];

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The manifest.
    pub manifest: PathBuf,
    /// The split to score.
    pub split: Option<String>,
    /// Images that go through the network together.
    pub batch: usize,
}

/// One row that can be used.
struct Pair {
    line: u64,
    image: usize,
    text: usize,
    group: String,
    /// Positive labels; none where the row has no labels at all.
    labels: Option<BTreeSet<String>>,
}

/// Everything that similarity is asked about.
struct Gallery {
    /// Unit vectors of the different images and texts.
    images: Vec<Vec<f32>>,
    texts: Vec<Vec<f32>>,
    pairs: Vec<Pair>,
    /// Right texts of each image and right images of each text.
    texts_of: Vec<Vec<usize>>,
    images_of: Vec<Vec<usize>>,
    /// Whose image or text it is, the first row's where several share it.
    image_groups: Vec<String>,
    text_groups: Vec<String>,
}

/// The text as it is compared and encoded: the sentences about the film, as in training, with
/// single spaces; the whole text where that leaves nothing.
fn cleaned(text: &str) -> String {
    let cleaned = training_text(None, None, Some(text));
    let text = if cleaned.is_empty() { text } else { &cleaned };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A row's image, its text, and the rest; the places are given later.
fn read(row: &Row) -> Result<(PathBuf, String, Pair), Error> {
    let labels = row.labels(|_| false)?.map(|labels| match labels {
        Labels::Positive(names) => names.into_iter().collect(),
        Labels::Each(each) => {
            each.into_iter().filter(|(_, l)| *l == Some(true)).map(|(name, _)| name).collect()
        }
    });
    let pair = Pair { line: row.line, image: 0, text: 0, group: group_of(row)?, labels };
    Ok((row.image()?, cleaned(&row.text()?), pair))
}

fn gallery(session: &Session, rows: &[Row], batch: usize, tally: &mut Tally) -> Result<Gallery> {
    let mut images: Vec<PathBuf> = Vec::new();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    let mut pairs: Vec<(String, Pair)> = Vec::new();
    for row in rows {
        match read(row) {
            Ok((image, text, pair)) => {
                let image = *places.entry(image.clone()).or_insert_with(|| {
                    images.push(image);
                    images.len() - 1
                });
                pairs.push((text, Pair { image, ..pair }));
            }
            Err(error) => tally.fail(row.line, &error.into()),
        }
    }
    let paths: Vec<&Path> = images.iter().map(PathBuf::as_path).collect();
    let failed = |image: usize, error: &anyhow::Error| {
        for (_, pair) in pairs.iter().filter(|(_, pair)| pair.image == image) {
            let line = pair.line;
            tally.fail(line, &anyhow::anyhow!("Line {line}: {error:#}"));
        }
    };
    let embedded = films::image_vectors(session, &paths, batch, failed)?;
    // Images that failed leave no gap: places are given anew.
    let place: HashMap<usize, usize> =
        embedded.iter().enumerate().map(|(new, image)| (image.index, new)).collect();
    let mut texts = Texts::default();
    let pairs: Vec<Pair> = pairs
        .into_iter()
        .filter_map(|(text, pair)| {
            let image = *place.get(&pair.image)?;
            Some(Pair { image, text: texts.place(&text), ..pair })
        })
        .collect();
    let mut gallery = Gallery {
        images: embedded.iter().map(|image| unit(&image.vector)).collect(),
        texts: texts.vectors(session)?.iter().map(|v| unit(v)).collect(),
        texts_of: vec![Vec::new(); embedded.len()],
        images_of: vec![Vec::new(); texts.len()],
        image_groups: vec![String::new(); embedded.len()],
        text_groups: vec![String::new(); texts.len()],
        pairs,
    };
    for pair in gallery.pairs.iter().rev() {
        gallery.texts_of[pair.image].push(pair.text);
        gallery.images_of[pair.text].push(pair.image);
        gallery.image_groups[pair.image].clone_from(&pair.group);
        gallery.text_groups[pair.text].clone_from(&pair.group);
    }
    for list in gallery.texts_of.iter_mut().chain(&mut gallery.images_of) {
        list.sort_unstable();
        list.dedup();
    }
    Ok(gallery)
}

/// Best rank of a right candidate for each query.
fn ranks(queries: &[Vec<f32>], candidates: &[Vec<f32>], right: &[Vec<usize>]) -> Vec<usize> {
    let rank = |(query, right): (&Vec<f32>, &Vec<usize>)| {
        let row: Vec<f32> = candidates.iter().map(|c| dot(query, c) as f32).collect();
        let is_right = |_, c: usize| right.binary_search(&c).is_ok();
        best_ranks(&row, row.len(), is_right).first().copied().flatten().unwrap_or(row.len() + 1)
    };
    queries.par_iter().zip(right).map(rank).collect()
}

/// The median of ranks that count as often as their weights say; the mean of the middle two.
fn median(sorted: &[(usize, usize)], weights: Option<&[u32]>) -> Option<f64> {
    let weight = |query: usize| weights.map_or(1, |w| u64::from(w[query]));
    let all: u64 = sorted.iter().map(|(_, query)| weight(*query)).sum();
    let at = |place: u64| {
        let mut before = 0;
        sorted.iter().find_map(|(rank, query)| {
            before += weight(*query);
            (before > place).then_some(*rank as f64)
        })
    };
    Some((at(all.checked_sub(1)? / 2)? + at(all / 2)?) / 2.0)
}

/// The scores of one direction and what chance gives, under names that begin with it.
fn direction(
    name: &str,
    ranks: &[usize],
    groups: &Groups,
    right: &[Vec<usize>],
    candidates: usize,
    out: (&mut Named<Score>, &mut Named<Score>),
) {
    let n = ranks.len();
    let from = name.replace("_to_", " to ");
    let chance = |f: &dyn Fn(usize) -> f64| {
        Some(right.iter().map(|r| f(r.len())).sum::<f64>() / right.len() as f64)
    };
    for k in RECALL_AT {
        let definition = format!(
            "{from}: share of queries with a right answer among the {k} most similar of \
             {candidates} different candidates; ties count against the query"
        );
        let hits: Vec<Option<f64>> =
            ranks.iter().map(|&r| Some(f64::from(u8::from(r <= k)))).collect();
        let score = Score::of(definition, n, groups, "no queries", |w| weighted_mean(&hits, w));
        out.0.push(format!("{name}_r{k}"), score);
        let value = chance(&|right| chance_recall(candidates, right, k));
        let definition = format!("{from}: candidates in random order");
        out.1.push(format!("{name}_r{k}"), Score::exact(definition, n, value));
    }
    let mut sorted: Vec<(usize, usize)> =
        ranks.iter().enumerate().map(|(query, &rank)| (rank, query)).collect();
    sorted.sort_unstable();
    let definition = format!("{from}: median over queries of the best right answer's rank, from 1");
    let score = Score::of(definition, n, groups, "no queries", |w| median(&sorted, w));
    out.0.push(format!("{name}_median_rank"), score);
    // The first rank that half of all queries reach by chance.
    let reach = |k: usize| chance(&|right| chance_recall(candidates, right, k)).unwrap_or(1.0);
    let (mut low, mut high) = (1, candidates.max(1));
    while low < high {
        let middle = usize::midpoint(low, high);
        if reach(middle) >= 0.5 { high = middle } else { low = middle + 1 }
    }
    let definition = format!("{from}: candidates in random order");
    let score = Score::exact(definition.clone(), n, Some(low as f64));
    out.1.push(format!("{name}_median_rank"), score);
    let values: Vec<Option<f64>> = ranks.iter().map(|&r| Some(r as f64)).collect();
    let told = format!("{from}: mean over queries of the best right answer's rank, from 1");
    let score = Score::of(told, n, groups, "no queries", |w| weighted_mean(&values, w));
    out.0.push(format!("{name}_mean_rank"), score);
    let value = chance(&|right| chance_rank(candidates, right));
    out.1.push(format!("{name}_mean_rank"), Score::exact(definition, n, value));
}

/// Texts of the right class among the first `k`, for images whose row has labels.
fn by_class(gallery: &Gallery, out: (&mut Named<Score>, &mut Named<Score>)) {
    let labelled: Vec<&Pair> = gallery.pairs.iter().filter(|p| p.labels.is_some()).collect();
    let of = |pair: &Pair| pair.labels.clone().unwrap_or_default();
    let classes: Vec<BTreeSet<String>> = labelled.iter().map(|p| of(p)).collect();
    // One query an image: the first of its rows.
    let mut seen = BTreeSet::new();
    let queries: Vec<usize> = (0..labelled.len())
        .filter(|&i| !classes[i].is_empty() && seen.insert(labelled[i].image))
        .collect();
    if queries.is_empty() {
        return;
    }
    let groups = Groups::new(queries.iter().map(|&q| labelled[q].group.as_str()));
    let rows: Vec<(Vec<Option<f64>>, f64)> = queries
        .par_iter()
        .map(|&q| {
            let image = &gallery.images[labelled[q].image];
            let similarity: Vec<f32> =
                labelled.iter().map(|p| dot(image, &gallery.texts[p.text]) as f32).collect();
            let right = |c: usize| !classes[q].is_disjoint(&classes[c]);
            let share = (0..labelled.len()).filter(|&c| right(c)).count();
            let precision = |&k: &usize| precision_at_k(&similarity, k, right);
            let precisions = PRECISION_AT.iter().map(precision).collect();
            (precisions, share as f64 / labelled.len() as f64)
        })
        .collect();
    for (i, k) in PRECISION_AT.iter().enumerate() {
        let values: Vec<Option<f64>> = rows.iter().map(|(p, _)| p[i]).collect();
        let definition = format!(
            "image to text: share of texts with a label of the image among the {k} most similar \
             of {} labelled rows (equal texts not merged, its own among them)",
            labelled.len()
        );
        let missing = format!("fewer than {k} labelled rows");
        let score =
            Score::of(definition, queries.len(), &groups, &missing, |w| weighted_mean(&values, w));
        out.0.push(format!("class_precision_at_{k}"), score);
        let chance = rows.iter().map(|(_, share)| share).sum::<f64>() / rows.len() as f64;
        let definition = "share of texts with a label of the image: random order";
        out.1.push(
            format!("class_precision_at_{k}"),
            Score::exact(definition, queries.len(), Some(chance)),
        );
    }
}

/// Measures the model on a manifest.
///
/// # Errors
/// When the manifest has no row to use, or the device fails.
pub fn retrieval(session: &Session, plan: &Plan, tally: &mut Tally) -> Result<(Report, usize)> {
    let (chosen, all) = super::open(&plan.manifest, plan.split.as_deref(), tally)?;
    tally.leave_out_many("of split val, which is not needed", chosen.val.len());
    let gallery = gallery(session, &chosen.test, plan.batch, tally)?;
    if gallery.pairs.is_empty() {
        return Err(nothing_usable(all));
    }
    let (images, texts) = (gallery.images.len(), gallery.texts.len());
    let (mut metrics, mut chance) = (Named::default(), Named::default());
    let groups = Groups::new(gallery.image_groups.iter());
    let found = ranks(&gallery.images, &gallery.texts, &gallery.texts_of);
    let out = (&mut metrics, &mut chance);
    direction("image_to_text", &found, &groups, &gallery.texts_of, texts, out);
    let text_groups = Groups::new(gallery.text_groups.iter());
    let found = ranks(&gallery.texts, &gallery.images, &gallery.images_of);
    let out = (&mut metrics, &mut chance);
    direction("text_to_image", &found, &text_groups, &gallery.images_of, images, out);
    by_class(&gallery, (&mut metrics, &mut chance));

    let mut report = Report::new("retrieval", session.model_info());
    let mut used: Vec<u64> = gallery.pairs.iter().map(|p| p.line).collect();
    used.dedup();
    report.data.split = chosen.name;
    report.data.rows = all;
    report.data.used = used.len();
    report.data.cases = images + texts;
    report.data.groups = Groups::new(gallery.pairs.iter().map(|p| p.group.as_str())).count();
    report.data.excluded = tally.excluded();
    report.metrics = metrics;
    report.baselines.push("chance", chance);
    report.settings.insert("different images".into(), images.into());
    report.settings.insert("different texts".into(), texts.into());
    report.settings.insert(
        "texts".into(),
        "the sentences about the film, as in training; equal ones are merged before ranking".into(),
    );
    Ok((report, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_that_say_the_same_are_one() {
        let a = cleaned("FINDINGS: No  effusion.\nIMPRESSION: Normal chest.");
        assert_eq!(a, cleaned("FINDINGS:\n1. No effusion.\nIMPRESSION:   Normal chest."));
        assert!(!a.contains("FINDINGS"), "{a}");
        assert_eq!(cleaned("  effusion \n right "), "effusion right.");
    }

    #[test]
    fn medians_by_hand() {
        let sorted = |ranks: &[usize]| {
            let mut s: Vec<_> = ranks.iter().enumerate().map(|(q, &r)| (r, q)).collect();
            s.sort_unstable();
            s
        };
        assert_eq!(median(&sorted(&[5, 1, 3]), None), Some(3.0));
        assert_eq!(median(&sorted(&[5, 1, 3, 10]), None), Some(4.0));
        assert_eq!(median(&sorted(&[5, 1, 3]), Some(&[3, 1, 1])), Some(5.0));
        assert_eq!(median(&sorted(&[5, 1]), Some(&[0, 0])), None);
    }

    #[test]
    fn one_direction_by_hand() {
        // Three queries, four candidates; the second query has two right ones.
        let right = vec![vec![0], vec![1, 2], vec![3]];
        let unit = |i: usize| {
            let mut v = vec![0.0; 4];
            v[i] = 1.0;
            v
        };
        let candidates: Vec<Vec<f32>> = (0..4).map(unit).collect();
        let queries =
            [vec![0.9, 0.1, 0.0, 0.0], vec![0.8, 0.0, 0.5, 0.1], vec![0.9, 0.8, 0.7, 0.1]];
        let found = ranks(&queries, &candidates, &right);
        assert_eq!(found, [1, 2, 4]);
        let (mut scores, mut chance) = (Named::default(), Named::default());
        direction("a_to_b", &found, &Groups::new(0..3), &right, 4, (&mut scores, &mut chance));
        let value = |named: &Named<Score>, name: &str| named.get(name).unwrap().value.unwrap();
        assert!((value(&scores, "a_to_b_r1") - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(value(&scores, "a_to_b_r5"), 1.0);
        assert_eq!(value(&scores, "a_to_b_median_rank"), 2.0);
        assert!((value(&scores, "a_to_b_mean_rank") - 7.0 / 3.0).abs() < 1e-12);
        // One of four, two of four, one of four.
        assert!((value(&chance, "a_to_b_r1") - 1.0 / 3.0).abs() < 1e-12);
        assert!((value(&chance, "a_to_b_mean_rank") - (2.5 + 5.0 / 3.0 + 2.5) / 3.0).abs() < 1e-12);
        // 1/3 reach rank 1; (1/2 + 5/6 + 1/2) / 3 reach rank 2.
        assert_eq!(value(&chance, "a_to_b_median_rank"), 2.0);
    }
}
