//! The comparison as Markdown.

use g2d_core::{
    metrics::{Paired, Verdict},
    outcome::NOTICE,
};

use super::{
    compare::{Comparison, Measured, Row, Seen},
    set::Direction,
};
use crate::config::TrainConfig;

/// A table for each measure, then the baselines and how to read them.
pub fn markdown(found: &Comparison) -> String {
    let mut lines = vec![format!("# Ablation `{}`", found.set.name), String::new()];
    if !found.set.about.is_empty() {
        lines.extend([found.set.about.clone(), String::new()]);
    }
    if !found.notice.is_empty() {
        lines.extend([found.notice.clone(), String::new()]);
    }
    let seeds: Vec<_> = found.seeds.iter().map(u64::to_string).collect();
    let start = found.set.start.as_ref().map_or(String::new(), |start| {
        format!(" All variants of a seed start from one run: {}.", length(start))
    });
    lines.push(format!(
        "Reference: {}. Seeds: {}. A run: {}.{start} {NOTICE}",
        found.reference,
        seeds.join(", "),
        length(&found.set.variants[found.set.reference].config)
    ));
    overview(found, &mut lines);
    for measure in &found.measures {
        table(measure, &mut lines);
    }
    baselines(found, &mut lines);
    if !found.diverged.is_empty() {
        lines.extend([String::new(), "## Diverged".into(), String::new()]);
        for (variant, seed, why) in &found.diverged {
            lines.push(format!("- {variant}, seed {seed}: {why}"));
        }
    }
    lines.push(String::new());
    lines.push(footer(found));
    lines.push(String::new());
    lines.join("\n")
}

/// How long a run is.
fn length(config: &TrainConfig) -> String {
    let batch = config.batch_size;
    match config.epochs {
        0 => format!("{} steps of {batch} studies", config.steps),
        epochs => format!("{epochs} passes over the data in steps of {batch} studies"),
    }
}

/// All means at a glance; a star where the interval of the difference leaves out none.
fn overview(found: &Comparison, lines: &mut Vec<String>) {
    let names = found.set.variants.iter().map(|variant| variant.name.as_str());
    let columns: Vec<&str> = names.collect();
    lines.extend([
        String::new(),
        format!("| mean ± sd over seeds | {} |", columns.join(" | ")),
        format!("|---|{}", "---|".repeat(columns.len())),
    ]);
    for measure in &found.measures {
        let cell = |name: &&str| {
            let Some(row) = measure.rows.iter().find(|row| row.variant == *name) else {
                return "-".to_owned();
            };
            let told = matches!(row.verdict, Some(Verdict::Above | Verdict::Below));
            format!("{}{}", spread(row.mean, row.sd), if told { " *" } else { "" })
        };
        let cells: Vec<String> = columns.iter().map(cell).collect();
        lines.push(format!("| {} | {} |", measure.name, cells.join(" | ")));
    }
    lines.extend([
        String::new(),
        "A star: the 95% interval of the difference to the reference does not hold zero.".into(),
    ]);
}

fn table(measure: &Measured, lines: &mut Vec<String>) {
    lines.extend([
        String::new(),
        format!("## {}", measure.name),
        String::new(),
        format!("{}.", measure.definition),
        String::new(),
        "| variant | seeds | mean ± sd | difference [95% interval] | detectable | expected | seen |"
            .into(),
        "|---|---|---|---|---|---|---|".into(),
    ]);
    lines.extend(measure.rows.iter().map(row));
}

fn row(row: &Row) -> String {
    let difference = row.difference.as_ref().map_or("reference".into(), difference);
    let detectable = row.difference.and_then(|d| d.detectable);
    let detectable = detectable.map_or(String::new(), |d| format!("{d:.3}"));
    let expected = row.expected.map_or("", |way| match way {
        Direction::Above => "above",
        Direction::Below => "below",
        Direction::Same => "same",
    });
    format!(
        "| {} | {} | {} | {difference} | {detectable} | {expected} | {} |",
        row.variant,
        row.by_seed.len(),
        spread(row.mean, row.sd),
        seen(row)
    )
}

fn spread(mean: f64, sd: Option<f64>) -> String {
    sd.map_or_else(|| format!("{mean:.3}"), |sd| format!("{mean:.3} ± {sd:.3}"))
}

fn difference(paired: &Paired) -> String {
    match paired.interval {
        _ if paired.pairs == 0 => "no pair".into(),
        Some(i) => format!("{:+.3} [{:+.3}, {:+.3}]", paired.mean, i.low, i.high),
        None => format!("{:+.3}", paired.mean),
    }
}

/// In words: what the interval says, and whether that was expected.
fn seen(row: &Row) -> &'static str {
    match (row.seen, row.verdict) {
        (_, None) => "",
        (_, Some(Verdict::NoInterval)) => "one seed: no interval",
        (_, Some(Verdict::NotDistinguishable)) => "not distinguishable",
        (Some(Seen::AsExpected), Some(Verdict::Above)) => "yes: above",
        (Some(Seen::AsExpected), Some(Verdict::Below)) => "yes: below",
        (Some(Seen::Otherwise), Some(Verdict::Above)) => "no: above",
        (Some(Seen::Otherwise), Some(Verdict::Below)) => "no: below",
        (_, Some(Verdict::Above)) => "above",
        (_, Some(Verdict::Below)) => "below",
    }
}

fn baselines(found: &Comparison, lines: &mut Vec<String>) {
    if found.baselines.is_empty() {
        return;
    }
    lines.extend([
        String::new(),
        "## Baselines".into(),
        String::new(),
        "The same probe on a network of the seed's random weights (`random_*`; its norms have seen \
         no data) and on grey value and place alone, the whole image and the empty mask as \
         answers, and a point drawn at random."
            .into(),
        String::new(),
        "| baseline | mean ± sd |".into(),
        "|---|---|".into(),
    ]);
    let rows = found.baselines.iter();
    lines.extend(rows.map(|(name, (mean, sd))| format!("| {name} | {} |", spread(*mean, *sd))));
}

fn footer(found: &Comparison) -> String {
    let with = |row: &&Row| row.difference.is_some_and(|d| d.interval.is_some());
    let intervals = found.measures.iter().flat_map(|m| &m.rows).filter(with).count();
    if intervals == 0 {
        return "One seed gives no interval: run more to tell a difference from chance.".into();
    }
    format!(
        "Differences are taken seed by seed; intervals are Student's t over seeds, not corrected \
         for there being {intervals} of them: about one in twenty leaves out the truth by chance. \
         \"Detectable\" is the true difference that this many seeds of this spread would tell from \
         none with a chance of 80%. \"Not distinguishable\" does not say that there is no \
         difference. \"Expected\" was written into the set before it ran."
    )
}
