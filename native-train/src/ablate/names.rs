//! The measures by name, each with its definition.

/// Every measure of a run: its name and what it is.
pub fn known(labels: &[usize]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: String, what: String| all.push((name, what));
    let probes = [
        ("encoder", "the frozen encoder's maps /4, /8, /16 and /32"),
        ("decoder", "the last map of the frozen decoder on the frozen encoder"),
        ("both", "the frozen encoder's maps and the frozen decoder's last map together"),
        ("random_decoder", "the last map of a decoder of random weights on the frozen encoder"),
    ];
    for (name, what) in probes {
        for n in labels {
            add(
                format!("probe_{name}_{n}"),
                format!(
                    "Mean Dice with the union of the true findings on held-out phantoms that have \
                     one, of a ridge regression on {what}, learnt from {n} labelled phantoms; \
                     penalty and threshold chosen on these by cross-validation"
                ),
            );
        }
    }
    for (name, what) in [
        (
            "pseudo_dice",
            "Mean Dice of the pseudo mask, cut at 0.5, with the union of the true findings",
        ),
        ("pseudo_iou", "Mean intersection over union of the same"),
        (
            "pseudo_pointing",
            "Share of the phantoms with a finding in which the attention's best place inside the \
             pseudo mask lies in a finding",
        ),
        (
            "pseudo_outside_body",
            "Mean share of the pseudo mask that lies outside the body (less is better)",
        ),
    ] {
        add(name.into(), what.into());
    }
    for (way, what) in
        [("image_to_text", "reports, by image"), ("text_to_image", "images, by report")]
    {
        for k in [1, 5] {
            add(
                format!("recall_{k}_{way}"),
                format!(
                    "Share of the validation studies whose match is among the first {k} {what}"
                ),
            );
        }
    }
    for (name, what) in [
        ("local", "the local head's map of the sentence"),
        ("value", "the value path's map of the sentence"),
        ("proj", "the projected patches' map of the sentence"),
        ("attention", "the pool's attention"),
        ("decoder_mask", "the decoder's prediction"),
        ("pseudo_mask", "the pseudo mask"),
    ] {
        add(
            format!("pointing_{name}"),
            format!(
                "Share of the validation sentences where the best place of {what} lies in the truth"
            ),
        );
    }
    all
}
