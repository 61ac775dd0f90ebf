//! The card as Markdown tables.

use std::{collections::BTreeSet, fmt::Write as _};

use g2d_core::outcome::NOTICE;

use super::card::{Card, Metric};

const NONE: &str = "–";

fn percent(metric: Option<&Metric>) -> String {
    metric.map_or(NONE.into(), |m| match (m.low, m.high) {
        (Some(low), Some(high)) => {
            format!("{:.1} ({:.1}–{:.1})", m.value * 100.0, low * 100.0, high * 100.0)
        }
        _ => format!("{:.1}", m.value * 100.0),
    })
}

fn share(metric: Option<&Metric>) -> String {
    metric.map_or(NONE.into(), |m| match (m.low, m.high) {
        (Some(low), Some(high)) => format!("{:.3} ({low:.3}–{high:.3})", m.value),
        _ => format!("{:.3}", m.value),
    })
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn head(out: &mut String, cells: &[&str]) {
    let _ = writeln!(out, "\n| {} |\n|{}", cells.join(" | "), "---|".repeat(cells.len()));
}

/// All tables.
pub fn markdown(card: &Card) -> String {
    let mut out = String::new();
    let model = &card.model;
    let _ = writeln!(out, "**{NOTICE}**\n");
    let _ = writeln!(
        out,
        "`{}`, {:.2} million weights, {:.1} MiB, input {} px. 95% intervals by drawing studies \
         again. Every number is defined in `card.json`. Numbers on synthetic films say that the \
         code works; they are no evidence about patients.",
        model.name,
        model.parameters as f64 / 1e6,
        model.bytes as f64 / f64::from(1 << 20),
        model.input
    );
    head(&mut out, &["set", "films", "seed", "what it is"]);
    for set in &card.sets {
        let seed = set.seed.map_or(NONE.into(), |s| s.to_string());
        row(&mut out, &[set.name.clone(), set.count.to_string(), seed, set.about.clone()]);
    }
    grounding(&mut out, card);
    parts(&mut out, card);
    reading(&mut out, card);
    whole(&mut out, card);
    out
}

fn grounding(out: &mut String, card: &Card) {
    out.push_str("\n### Where sentences point\n");
    head(
        out,
        &[
            "set",
            "map or answer",
            "sentences",
            "best place inside the truth, %",
            "within 1/32, %",
            "within 1/16, %",
            "Dice",
            "IoU",
            "Dice at the true area",
            "pixel AUROC",
        ],
    );
    for set in &card.sets {
        let maps = card.metrics.iter().filter(|m| m.set == set.name && m.name == "pointing");
        for map in maps.clone().filter_map(|m| m.group.as_deref()).filter(|g| g.starts_with("map="))
        {
            let get = |name| card.metric(name, &set.name, Some(map));
            line(out, &set.name, map.trim_start_matches("map="), get);
        }
        let others = card.baselines.iter().filter(|m| m.set == set.name && m.name == "pointing");
        for name in others.filter_map(|m| m.baseline.as_deref()) {
            line(out, &set.name, &format!("*{name}*"), |what| card.baseline(what, &set.name, name));
        }
    }
    out.push_str(
        "\nIn italics: answers that need no trained model. A whole image or a random map points \
         anywhere, the lungs anywhere inside two fixed ellipses (or in the one of the side that \
         the sentence names), the usual place is the mean of the true masks of that finding and \
         side on validation phantoms.\n",
    );
}

fn line<'a>(
    out: &mut String,
    set: &str,
    way: &str,
    get: impl Fn(&'static str) -> Option<&'a Metric>,
) {
    let n = get("pointing").map_or(NONE.into(), |m| m.n.to_string());
    row(
        out,
        &[
            set.to_owned(),
            way.to_owned(),
            n,
            percent(get("pointing")),
            percent(get("pointing_32nd")),
            percent(get("pointing_16th")),
            share(get("dice")),
            share(get("iou")),
            share(get("dice_at_area")),
            share(get("auroc")),
        ],
    );
}

/// Tables by finding and by size.
fn parts(out: &mut String, card: &Card) {
    let groups = |prefix: &str| -> BTreeSet<String> {
        let all = card.metrics.iter().filter_map(|m| m.group.clone());
        all.filter(|g| g.starts_with(prefix)).collect()
    };
    for (title, prefix) in [("By finding", "kind="), ("By size, share of the image", "size=")] {
        let names = groups(prefix);
        if names.is_empty() {
            continue;
        }
        let _ = write!(out, "\n### {title}\n");
        let columns =
            ["set", "group", "sentences", "best place inside, %", "Dice", "AUC", "AUC, local map"];
        head(out, &columns);
        for set in &card.sets {
            for name in &names {
                let get = |what| card.metric(what, &set.name, Some(name));
                if get("pointing").is_none() && get("auc").is_none() {
                    continue;
                }
                let cells = [
                    set.name.clone(),
                    name.trim_start_matches(prefix).replace('_', " "),
                    get("pointing").map_or(NONE.into(), |m| m.n.to_string()),
                    percent(get("pointing")),
                    share(get("dice")),
                    share(get("auc")),
                    share(get("auc_local")),
                ];
                row(out, &cells);
            }
        }
    }
}

/// Scores of whole sets by name, with their titles.
const READING: [(&str, &str); 10] = [
    ("negated_with_mask", "negated or non-visual sentences with a mask"),
    ("present_without_mask", "present findings without a mask"),
    ("hedged_with_mask", "hedged sentences with a mask"),
    ("side_half", "points into the right half of the film"),
    ("side_both", "the same, finding on both sides"),
    ("side_swapped", "follows a swapped side word"),
    ("paraphrase_pointing", "points right when paraphrased"),
    ("paraphrased_pointing", "the same sentences as written"),
    ("paraphrase_kind", "paraphrase nearest to its finding"),
    ("paraphrase_side", "paraphrase nearest to its side"),
];
const WHOLE: [(&str, &str); 9] = [
    ("auc_macro", "zero-shot AUC, mean over findings"),
    ("auc_local_macro", "the same by the local map"),
    ("image_to_text_r1", "film to report, R@1"),
    ("image_to_text_r5", "R@5"),
    ("image_to_text_r10", "R@10"),
    ("text_to_image_r1", "report to film, R@1"),
    ("text_to_image_r5", "R@5"),
    ("text_to_image_r10", "R@10"),
    ("refused", "films refused"),
];

fn reading(out: &mut String, card: &Card) {
    out.push_str("\n### Reading, sides, other words\n");
    scores(out, card, &READING);
}

fn whole(out: &mut String, card: &Card) {
    out.push_str("\n### Whole films\n");
    scores(out, card, &WHOLE);
}

fn scores(out: &mut String, card: &Card, wanted: &[(&str, &str)]) {
    head(out, &["score", "set", "cases", "model, %", "baselines, %"]);
    for (name, title) in wanted {
        for set in &card.sets {
            let Some(metric) = card.metric(name, &set.name, None) else { continue };
            let beside: Vec<String> = card
                .baselines
                .iter()
                .filter(|m| m.name == *name && m.set == set.name)
                .map(|m| {
                    let whose = m.baseline.clone().unwrap_or_default();
                    format!("{whose} {:.1}", m.value * 100.0)
                })
                .collect();
            row(
                out,
                &[
                    (*title).to_owned(),
                    set.name.clone(),
                    metric.n.to_string(),
                    percent(Some(metric)),
                    if beside.is_empty() { NONE.into() } else { beside.join(", ") },
                ],
            );
        }
    }
}
