//! From studies in memory to batches, and where the time goes on the way.

use anyhow::Result;
use g2d_core::image::normalise;
use rayon::prelude::*;

use super::{
    clock::{Clock, Spread},
    report::Row,
    step::Feed,
};
use crate::{
    config::AugmentConfig,
    data::{augment::augment, batch::make_batch, pixels::LevelTable},
};

/// No change to an image.
const STILL: AugmentConfig =
    AugmentConfig { rotate: 0.0, scale: 0.0, shift: 0.0, brightness: 0.0, contrast: 0.0 };

/// Measures.
///
/// # Errors
/// When a study cannot be used.
pub fn measure(clock: &Clock, feed: &Feed) -> Result<Vec<Row>> {
    let batch = feed.config.batch_size;
    let made = feed.source.len().min(feed.batches * batch);
    let (augmented, augmented_work) = clock.time_and_work(|i| feed.batch(i).map(drop))?;
    let mut still = feed.config.clone();
    still.augment = STILL;
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
    let computed = clock.time(|_| {
        studies.par_iter().for_each(|study| {
            std::hint::black_box(normalise(&study.image, &feed.model.image));
        });
        Ok(())
    })?;
    let texts: Vec<&str> = studies
        .iter()
        .flat_map(|s| std::iter::once(&s.report).chain(&s.sentences))
        .map(String::as_str)
        .collect();
    let cut = clock.time(|_| {
        std::hint::black_box(feed.tokenizer.encode_batch(&texts, feed.model.text.max_tokens)?);
        Ok(())
    })?;

    // The same pixels as bytes, by a table, straight into the place of the batch.
    let level = |v: &f32| (v * 255.0).round() as u8;
    let bytes: Vec<Vec<u8>> =
        studies.iter().map(|s| s.image.data.iter().map(level).collect()).collect();
    let table = LevelTable::new(&feed.model.image);
    let size = 3 * feed.model.image.input_size.pow(2);
    let mut images = vec![0.0f32; batch * size];
    let looked_up = clock.time(|_| {
        images.par_chunks_mut(size).zip(&bytes).for_each(|(out, levels)| table.write(levels, out));
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
        row("part normalise, computed", computed),
        row("part normalise, table of bytes", looked_up),
        row("part tokens", cut).with("texts", texts.len()),
    ])
}
