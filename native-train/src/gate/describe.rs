//! Pictures to the numbers that the gate reads.

use g2d_core::{
    gate::{Layout, Likeness},
    image::Film,
    raster::Raster,
    session::{PreparedImage, Session, likeness, stage_means},
};
use rayon::prelude::*;

use crate::wait::block_on;

/// Images that go through the network together.
const BATCH: usize = 16;

/// What the gate reads of one picture.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) likeness: Likeness,
    pub(super) encoder: Vec<f32>,
}

impl Described {
    /// The numbers before likeness to templates and distances are added; ends of the groups.
    pub(super) fn raw(&self) -> (Vec<f32>, Vec<usize>) {
        Layout::raw(&self.likeness, &self.encoder)
    }
}

/// Describes `count` pictures that `make` gives by number, a batch at a time; one that cannot be
/// made stands as its error.
///
/// # Errors
/// When the device fails.
pub(super) fn describe(
    session: &Session,
    count: usize,
    make: impl Fn(usize) -> anyhow::Result<Raster> + Sync,
    mut done: impl FnMut(usize),
) -> anyhow::Result<Vec<anyhow::Result<Described>>> {
    let mut all = Vec::with_capacity(count);
    for start in (0..count).step_by(BATCH) {
        let prepared: Vec<anyhow::Result<(PreparedImage, Likeness)>> = (start
            ..(start + BATCH).min(count))
            .into_par_iter()
            .map(|i| {
                let film = Film { pixels: make(i)?, bits: 8, format: "picture" };
                let image = session.prepare(&film)?;
                let likeness = likeness(&image)?;
                Ok((image, likeness))
            })
            .collect();
        let inputs: Vec<&Raster> =
            prepared.iter().flatten().map(|(image, _)| &image.input).collect();
        let mut means = if inputs.is_empty() {
            Vec::new()
        } else {
            block_on(stage_means(&session.encode_inputs(&inputs)))?
        }
        .into_iter();
        for one in prepared {
            all.push(one.map(|(_, likeness)| {
                let encoder = means.next().unwrap_or_default();
                Described { likeness, encoder }
            }));
        }
        done(all.len());
    }
    Ok(all)
}
