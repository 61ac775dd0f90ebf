//! From studies in memory to batches, and where the time goes on the way.

use anyhow::Result;
use rayon::prelude::*;

use super::{
    clock::{Clock, Spread},
    report::Row,
    step::Feed,
};
use crate::{
    config::AugmentConfig,
    data::{augment::augment, batch::make_batch},
};

/// Measures.
///
/// # Errors
/// When a study cannot be used.
pub fn measure(clock: &Clock, feed: &Feed) -> Result<Vec<Row>> {
    let batch = feed.config.batch_size;
    let made = feed.source.len().min(feed.batches * batch);
    let (augmented, augmented_work) = clock.time_and_work(|i| feed.batch(i).map(drop))?;
    let mut still = feed.config.clone();
    still.augment = AugmentConfig::still();
    let (plain, plain_work) = clock.time_and_work(|i| {
        let number = i % feed.batches;
        make_batch(&feed.source, &feed.tokenizer, &still, &feed.model, number).map(drop)
    })?;

    let studies = (0..batch).map(|i| feed.source.get(i)).collect::<Result<Vec<_>>>()?;
    let gotten = clock
        .time(|_| (0..batch).into_par_iter().try_for_each(|i| feed.source.get(i).map(drop)))?;
    let moved = clock.time(|i| {
        studies.par_iter().enumerate().for_each(|(slot, study)| {
            let seed = (i * batch + slot) as u64;
            std::hint::black_box(augment(&study.image, &study.body, &feed.config.augment, seed));
        });
        Ok(())
    })?;
    let texts: Vec<&str> = studies
        .iter()
        .flat_map(|s| std::iter::once(&s.words.report).chain(&s.words.sentences))
        .map(String::as_str)
        .collect();
    let cut = clock.time(|_| {
        std::hint::black_box(feed.tokenizer.encode_batch(&texts, feed.model.text.max_tokens)?);
        Ok(())
    })?;

    let once = Spread::of(vec![feed.made_in]);
    let row = |name: &str, spread| Row::new(format!("data/{name}"), batch, spread);
    Ok(vec![
        Row::new("data/draw or read, once a study", made, once),
        row("batch, augmented", augmented).worked(augmented_work),
        row("batch, not augmented", plain).worked(plain_work),
        row("part kept study to f32", gotten),
        row("part augment", moved),
        row("part tokens", cut).with("texts", texts.len()),
    ])
}
