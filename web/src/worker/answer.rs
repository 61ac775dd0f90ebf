//! Puts a grounded report into one message: the outcome, and the pictures to draw.

use g2d_core::error::{Error, Result};
use g2d_core::image::Film;
use g2d_core::phantom::Study;
use g2d_core::raster::{Mask, Raster};
use g2d_core::render::PALETTE;
use g2d_core::session::{EncodedImage, Grounded};
use g2d_core::weights::hex_sha256;

use crate::preview::{Grid, levels};
use g2d_web::protocol::{
    Blobs, Event, FilmPlane, Look, LookPlane, Plane, RawBlobs, SentencePlanes, TruthPlane,
};

/// The film as it is drawn.
pub(crate) fn film(film: &Film, blobs: &mut Blobs) -> FilmPlane {
    let (width, height) = (film.pixels.width, film.pixels.height);
    let grid = Grid::for_film(width, height);
    FilmPlane { plane: on(grid, grid.film(&film.pixels), blobs), width, height, bits: film.bits }
}

/// What is really there in a synthetic patient.
pub(crate) fn truth(study: &Study, blobs: &mut Blobs) -> Vec<TruthPlane> {
    let grid = Grid::for_film(study.image.width, study.image.height);
    let one = |mask: &Mask, name: &str, blobs: &mut Blobs| TruthPlane {
        name: name.into(),
        mask: on(grid, grid.mask(mask), blobs),
    };
    study.findings.iter().map(|f| one(&f.mask, f.kind.name(), blobs)).collect()
}

/// The answer to a `Ground` request.
///
/// # Errors
/// When the outcome cannot be written as JSON, which would be a fault of ours.
pub(crate) fn result(
    job: u64,
    encoded: &EncodedImage,
    grounded: &Grounded,
    film: &Film,
    raw: bool,
) -> Result<(Event, Blobs)> {
    let outcome = serde_json::to_string_pretty(&grounded.outcome)
        .map_err(|e| Error::bug("G2D-P25", format!("The outcome is not JSON ({e})")))?;
    let mut blobs = Blobs::default();
    let grid = Grid::for_film(film.pixels.width, film.pixels.height);
    let sentences = grounded
        .maps
        .iter()
        .zip(&grounded.masks)
        .enumerate()
        .map(|(i, (map, mask))| SentencePlanes {
            // The command line's pictures take their colours in the same way.
            colour: PALETTE[i % PALETTE.len()],
            mask: mask.as_ref().map(|m| on(grid, grid.mask(m), &mut blobs)),
            heat: map.as_ref().map(|m| {
                let heat = grid.heat(m, |x, y| grounded.geometry.to_input(x, y));
                on(grid, heat, &mut blobs)
            }),
            range: map.as_ref().map(Raster::range).map_or([0.0; 2], |(low, high)| [low, high]),
        })
        .collect();
    let looks = looks(encoded, &mut blobs);
    let raw = raw.then(|| raw_blobs(grounded, &mut blobs));
    let hash: String = hex_sha256(outcome.as_bytes()).chars().take(8).collect();
    let name = format!("g2d-{hash}");
    Ok((Event::Result { job, outcome, name, sentences, looks, raw }, blobs))
}

fn on(grid: Grid, bytes: Vec<u8>, blobs: &mut Blobs) -> Plane {
    Plane { width: grid.width, height: grid.height, blob: blobs.add(bytes) }
}

fn looks(encoded: &EncodedImage, blobs: &mut Blobs) -> Vec<LookPlane> {
    let stages = &encoded.pseudo;
    let mut look = |look: Look, map: &Raster, cut: Option<f32>| {
        let (bytes, range) = levels(map);
        let plane = Plane { width: map.width, height: map.height, blob: blobs.add(bytes) };
        LookPlane { look, plane, range, cut }
    };
    vec![
        look(Look::Input, &encoded.input, None),
        look(Look::Attention, &stages.aggregated, None),
        look(Look::Upsampled, &stages.upsampled, None),
        look(Look::Body, &stages.body.to_raster(), None),
        look(Look::Threshold, &stages.binary.to_raster(), Some(stages.threshold)),
        look(Look::Target, &stages.target, None),
        look(Look::Decoder, &encoded.decoder, None),
    ]
}

fn raw_blobs(grounded: &Grounded, blobs: &mut Blobs) -> RawBlobs {
    let maps = grounded.maps.iter().map(|m| m.as_ref().map(|m| blobs.add_f32(&m.data))).collect();
    let masks =
        grounded.masks.iter().map(|m| m.as_ref().map(|m| blobs.add(m.data.clone()))).collect();
    let pseudo = blobs.add_f32(&grounded.pseudo.target.data);
    let decoder = blobs.add_f32(&grounded.decoder.data);
    RawBlobs { maps, masks, pseudo, decoder }
}
