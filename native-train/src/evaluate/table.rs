//! The scores as Markdown.

use std::fmt::Write as _;

use super::Evaluation;

/// Ways of pointing in the order of the table.
const ORDER: [&str; 8] = [
    "local",
    "value",
    "proj",
    "attention",
    "decoder mask",
    "pseudo mask",
    "whole image",
    "random point",
];

/// One table for all findings, one for the pointing by kind.
pub fn markdown(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    let percent = |v: f64| format!("{:.1}", v * 100.0);
    let share = |v: Option<f64>| v.map_or("–".into(), |v| format!("{v:.3}"));
    out.push_str(
        "| map | sentences | best place inside the truth, % (95% interval) | within 1/32 of the \
         side, % | within 1/16, % | Dice at the true area | Dice of the mask |\n",
    );
    out.push_str("|---|---|---|---|---|---|---|\n");
    for way in ORDER {
        let Some(score) = evaluation.scores.get(way).and_then(|kinds| kinds.get("all")) else {
            continue;
        };
        let [low, high] = score.pointing_interval;
        let mut near = [percent(score.pointing_within_32nd), percent(score.pointing_within_16th)];
        let inside = match way {
            // It points nowhere in particular.
            "whole image" => {
                near = ["–".into(), "–".into()];
                "–".into()
            }
            "random point" => percent(score.pointing),
            _ => format!("{} ({}–{})", percent(score.pointing), percent(low), percent(high)),
        };
        let _ = writeln!(
            out,
            "| {way} | {} | {inside} | {} | {} | {} | {} |",
            score.cases,
            near[0],
            near[1],
            share(score.dice_at_area),
            share(score.dice)
        );
    }
    let Some(first) = evaluation.scores.values().next() else { return out };
    let kinds: Vec<&String> = first.keys().filter(|k| *k != "all").collect();
    out.push_str(
        "\nBest place inside the truth / within 1/16 of the side, %, by finding (number of \
         sentences):\n\n| map |",
    );
    for kind in &kinds {
        let count = first.get(*kind).map_or(0, |s| s.cases);
        let _ = write!(out, " {kind} ({count}) |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(kinds.len()));
    out.push('\n');
    for way in ORDER.iter().filter(|w| **w != "whole image") {
        let Some(scores) = evaluation.scores.get(*way) else { continue };
        let _ = write!(out, "| {way} |");
        for kind in &kinds {
            let value = scores.get(*kind).map_or("–".into(), |s| {
                format!("{} / {}", percent(s.pointing), percent(s.pointing_within_16th))
            });
            let _ = write!(out, " {value} |");
        }
        out.push('\n');
    }
    out
}
