//! Where sentences point: every map against every truth, beside answers that need no model.

use std::collections::BTreeMap;

use anyhow::Result;
use g2d_core::{
    config::{GroundingConfig, MapSource, MaskRule},
    grounding::to_mask,
    metrics::{dice, dice_at_area, iou},
    outcome::Assertion,
    phantom::Side,
    raster::{Mask, Raster},
    session::{EncodedImage, Session},
};

use super::{
    card::Subject,
    cases::{Case, Told},
    encoded::{Words, maps},
    places::{Answer, Near, auroc, in_half, trivial, yes},
    tally::Tally,
    words,
};

/// Levels tried for maps that the bundle has no level for, as shares of the way from the median to
/// the peak.
const LEVELS: [f32; 7] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// A sentence that points somewhere, in the network's pixels.
pub struct Pointed<'a> {
    /// The sentence with its truth.
    pub told: &'a Told,
    /// Its words.
    pub text: String,
    /// Where it truly points.
    pub truth: Mask,
    /// Distances to that.
    pub near: Near,
    /// The model's map.
    pub map: Raster,
    /// The model's mask.
    pub mask: Option<Mask>,
}

/// What validation cases decide.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// Sum of truths and their number by finding and side: the answer of whoever knows only what is
    /// looked for.
    priors: BTreeMap<String, (Raster, usize)>,
    /// Sums of Dice by map and level.
    levels: BTreeMap<&'static str, [f64; LEVELS.len()]>,
}

fn prior_key(told: &Told) -> Option<String> {
    Some(format!("{} {:?}", told.kind.as_ref()?, told.side))
}

fn peak(level: f32) -> GroundingConfig {
    GroundingConfig {
        rule: MaskRule::Peak,
        level,
        min_score: f32::NEG_INFINITY,
        ..GroundingConfig::default()
    }
}

impl Chosen {
    /// Learns from one validation case.
    ///
    /// # Errors
    /// When the model fails.
    pub fn learn(
        &mut self,
        session: &Session,
        words: &mut Words,
        image: &EncodedImage,
        case: &Case,
    ) -> Result<()> {
        let pointed = pointed(session, words, image, case)?;
        for p in &pointed {
            let Some(key) = prior_key(p.told) else { continue };
            let empty = || (Raster::filled(p.truth.width, p.truth.height, 0.0), 0);
            let (sum, count) = self.priors.entry(key).or_insert_with(empty);
            sum.data.iter_mut().zip(&p.truth.data).for_each(|(s, t)| *s += f32::from(*t));
            *count += 1;
        }
        let texts: Vec<&str> = pointed.iter().map(|p| p.text.as_str()).collect();
        let vectors = words.vectors(session, &texts)?;
        for source in others(session) {
            let sums = self.levels.entry(source.name()).or_default();
            for (map, p) in maps(session, image, &vectors, source)?.iter().zip(&pointed) {
                for (sum, level) in sums.iter_mut().zip(LEVELS) {
                    *sum += to_mask(map, &peak(level)).map_or(0.0, |mask| dice(&mask, &p.truth));
                }
            }
        }
        Ok(())
    }

    fn rule(&self, source: MapSource) -> GroundingConfig {
        let best = self.levels.get(source.name()).and_then(|sums| {
            sums.iter().zip(LEVELS).max_by(|a, b| a.0.total_cmp(b.0)).map(|(_, level)| level)
        });
        peak(best.unwrap_or(0.6))
    }
}

/// The sources that the model has and does not use.
fn others(session: &Session) -> Vec<MapSource> {
    let own = session.config().grounding.source;
    let has = |s: &MapSource| *s != MapSource::Local || session.config().local.is_some();
    MapSource::ALL.into_iter().filter(|s| *s != own).filter(has).collect()
}

/// The present sentences of a case that point somewhere, each wording once, with the model's maps.
///
/// # Errors
/// When the model fails.
pub fn pointed<'a>(
    session: &Session,
    words: &mut Words,
    image: &EncodedImage,
    case: &'a Case,
) -> Result<Vec<Pointed<'a>>> {
    let mut found: Vec<(&Told, &str, Mask)> = Vec::new();
    for told in case.sentences.iter().filter(|t| t.assertion == Assertion::Present) {
        let Some(truth) = &told.truth else { continue };
        let text = case.report.get(told.range.clone()).unwrap_or_default();
        if text.is_empty() || found.iter().any(|(_, known, _)| *known == text) {
            continue;
        }
        // A finding that is wholly cut away does not count.
        let truth = image.geometry.mask_forward(truth);
        if truth.area() > 0 {
            found.push((told, text, truth));
        }
    }
    let texts: Vec<&str> = found.iter().map(|(_, text, _)| *text).collect();
    let config = &session.config().grounding;
    let found_maps = maps(session, image, &words.vectors(session, &texts)?, config.source)?;
    let pointed = found.into_iter().zip(found_maps).map(|((told, text, truth), map)| Pointed {
        told,
        text: text.to_owned(),
        near: Near::new(&truth),
        mask: to_mask(&map, config),
        truth,
        map,
    });
    Ok(pointed.collect())
}

fn answer(map: &Raster, mask: Option<&Mask>, p: &Pointed<'_>) -> Answer {
    Answer {
        hits: map.argmax().map_or([0.0; 3], |point| p.near.hits(point).map(yes)),
        overlap: Some(mask.map_or([0.0; 2], |m| [dice(m, &p.truth), iou(m, &p.truth)])),
        at_area: Some(dice_at_area(map, &p.truth)),
        auroc: auroc(map, &p.truth),
    }
}

/// `<1%`, `1-5%` or `>5%` of the network's square.
fn size_class(truth: &Mask) -> &'static str {
    match truth.fraction() {
        share if share < 0.01 => "size=<1%",
        share if share <= 0.05 => "size=1-5%",
        _ => "size=>5%",
    }
}

/// Where scores of a case go.
pub struct Sink<'a> {
    /// The set's name.
    pub set: &'a str,
    /// The study's group.
    pub study: usize,
    /// Whose answers: none for the model's.
    pub baseline: Option<&'a str>,
    /// The sums.
    pub tally: &'a mut Tally,
}

impl Sink<'_> {
    fn subject(&self, name: &'static str) -> Subject {
        Subject::model(self.set, name).by(self.baseline)
    }

    fn record(&mut self, baseline: Option<&str>, group: Option<&str>, answer: &Answer) {
        let subject = |name| {
            let subject = Subject::model(self.set, name).by(baseline);
            group.map_or(subject.clone(), |g| subject.group(g))
        };
        let names = ["pointing", "pointing_32nd", "pointing_16th"];
        let mut values: Vec<(&'static str, f64)> = names.into_iter().zip(answer.hits).collect();
        if let Some([dice, iou]) = answer.overlap {
            values.extend([("dice", dice), ("iou", iou)]);
        }
        values.extend(answer.at_area.map(|v| ("dice_at_area", v)));
        values.extend(answer.auroc.map(|v| ("auroc", v)));
        for (name, value) in values {
            self.tally.add(subject(name), self.study, value);
        }
    }
}

/// Scores the model's own map: on the whole, by finding and by size; and its sides.
///
/// # Errors
/// When the model fails.
pub fn own(
    session: &Session,
    words: &mut Words,
    image: &EncodedImage,
    pointed: &[Pointed<'_>],
    into: &mut Sink<'_>,
) -> Result<()> {
    let baseline = into.baseline.map(str::to_owned);
    for p in pointed {
        let answer = answer(&p.map, p.mask.as_ref(), p);
        into.record(baseline.as_deref(), None, &answer);
        if baseline.is_none() {
            let kind = p.told.kind.clone().unwrap_or("several".into());
            into.record(None, Some(&format!("kind={kind}")), &answer);
            into.record(None, Some(size_class(&p.truth)), &answer);
        }
    }
    sides(session, words, image, pointed, into)
}

fn sides(
    session: &Session,
    words: &mut Words,
    image: &EncodedImage,
    pointed: &[Pointed<'_>],
    into: &mut Sink<'_>,
) -> Result<()> {
    let in_side =
        |map: &Raster, side| map.argmax().is_some_and(|(x, _)| in_half(x, map.width, side));
    let mut swaps = Vec::new();
    for p in pointed {
        let Some(side) = p.told.side else { continue };
        let other = if side == Side::Right { Side::Left } else { Side::Right };
        let there = in_side(&p.map, side);
        let subject = into.subject("side_half");
        into.tally.hit(subject, into.study, there);
        let twin = |q: &Pointed<'_>| q.told.kind == p.told.kind && q.told.side == Some(other);
        if p.told.kind.is_some() && pointed.iter().any(twin) {
            let subject = into.subject("side_both");
            into.tally.hit(subject, into.study, there);
        }
        swaps.extend(words::swapped(&p.text).map(|text| (text, other)));
    }
    let texts: Vec<&str> = swaps.iter().map(|(text, _)| text.as_str()).collect();
    let vectors = words.vectors(session, &texts)?;
    let source = session.config().grounding.source;
    for (map, (_, other)) in maps(session, image, &vectors, source)?.iter().zip(&swaps) {
        let subject = into.subject("side_swapped");
        into.tally.hit(subject, into.study, in_side(map, *other));
    }
    Ok(())
}

/// Scores every other map of the model and what needs no model.
///
/// # Errors
/// When the model fails.
pub fn rivals(
    session: &Session,
    words: &mut Words,
    image: &EncodedImage,
    pointed: &[Pointed<'_>],
    chosen: &Chosen,
    into: &mut Sink<'_>,
) -> Result<()> {
    let texts: Vec<&str> = pointed.iter().map(|p| p.text.as_str()).collect();
    let vectors = words.vectors(session, &texts)?;
    for source in others(session) {
        let (rule, group) = (chosen.rule(source), format!("map={}", source.name()));
        for (map, p) in maps(session, image, &vectors, source)?.iter().zip(pointed) {
            into.record(None, Some(&group), &answer(map, to_mask(map, &rule).as_ref(), p));
        }
    }
    let own = format!("map={}", session.config().grounding.source.name());
    for p in pointed {
        into.record(None, Some(&own), &answer(&p.map, p.mask.as_ref(), p));
        for (name, map) in [("decoder", &image.decoder), ("pseudo mask", &image.pseudo.target)] {
            let mask = map.above(0.5);
            into.record(None, Some(&format!("map={name}")), &answer(map, Some(&mask), p));
        }
        for (name, answer) in trivial(&p.truth, &p.near, p.told.side) {
            into.record(Some(name), None, &answer);
        }
        let prior = prior_key(p.told).and_then(|key| chosen.priors.get(&key));
        if let Some((map, _)) = prior.filter(|(map, _)| map.width == p.truth.width) {
            let scored = Answer { overlap: None, ..answer(map, None, p) };
            into.record(Some("usual place of the finding"), None, &scored);
        }
    }
    Ok(())
}

/// The pointing of paraphrases in the place of a report's sentences.
///
/// # Errors
/// When the model fails.
pub fn paraphrased(
    session: &Session,
    words: &mut Words,
    image: &EncodedImage,
    pointed: &[Pointed<'_>],
    into: &mut Sink<'_>,
) -> Result<()> {
    let all = words::paraphrases();
    let mut replaced: Vec<(&Pointed<'_>, &str)> = Vec::new();
    for (i, p) in pointed.iter().enumerate() {
        let fits: Vec<_> = all.iter().filter(|other| other.fits(p.told)).collect();
        if let Some(other) = fits.get((into.study * 7 + i) % fits.len().max(1)) {
            replaced.push((p, other.text));
        }
    }
    let texts: Vec<&str> = replaced.iter().map(|(_, text)| *text).collect();
    let vectors = words.vectors(session, &texts)?;
    let source = session.config().grounding.source;
    for (map, (p, _)) in maps(session, image, &vectors, source)?.iter().zip(&replaced) {
        let hit = |map: &Raster| map.argmax().is_some_and(|point| p.near.hits(point)[0]);
        let subject = into.subject("paraphrase_pointing");
        into.tally.hit(subject, into.study, hit(map));
        let subject = into.subject("paraphrased_pointing");
        into.tally.hit(subject, into.study, hit(&p.map));
    }
    Ok(())
}
