//! One result as a folder of files.
//!
//! ```text
//! outcome.json            the result in its published form, written last
//! overlay.png             the film with every sentence's mask, and the notice below it
//! masks/sentence-0.png    mask of sentences[0] in original pixels; none for a sentence without
//! pseudo-mask.png         regions the network attends to; they do not depend on the report
//! decoder-mask.png        what the decoder predicts the pseudo mask to be
//! maps/sentence-0.f32     with --maps: cosines, little-endian f32, row by row, input-sized
//! maps/pseudo.f32         with --maps: the pseudo mask before it is cut
//! maps/decoder.f32        with --maps: the decoder's probabilities
//! maps/body.f32           with --maps: 1 inside the body
//! ```

use std::{fs, path::Path};

use anyhow::Context as _;
use g2d_core::{
    grounding,
    outcome::NOTICE,
    raster::{Mask, Raster},
    render::{self, PALETTE},
    session::Grounded,
};

use crate::files;

/// Writes a result; what an earlier result left under the same names is removed.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(
    folder: &Path,
    film: &Raster,
    grounded: &Grounded,
    opacity: f32,
    with_maps: bool,
) -> anyhow::Result<()> {
    // Without its outcome a folder is no result: so it goes first and comes back last.
    clear(folder)?;
    let put = |name: &str, bytes: &[u8]| files::write_atomic(&folder.join(name), bytes);
    let outcome = &grounded.outcome;

    let mut coloured: Vec<(&Mask, [u8; 3])> = Vec::new();
    for (i, mask) in grounded.masks.iter().enumerate() {
        let Some(mask) = mask else { continue };
        put(&format!("masks/sentence-{i}.png"), &render::mask_png(mask)?)?;
        coloured.push((mask, PALETTE[i % PALETTE.len()]));
    }
    put("overlay.png", &render::overlay_png(film, &coloured, opacity, NOTICE)?)?;
    for (name, rle) in
        [("pseudo-mask.png", &outcome.pseudo_mask), ("decoder-mask.png", &outcome.decoder_mask)]
    {
        put(name, &render::mask_png(&grounding::decode_rle(rle)?)?)?;
    }
    if with_maps {
        write_maps(folder, grounded)?;
    }
    let mut json = serde_json::to_vec_pretty(outcome)?;
    json.push(b'\n');
    put("outcome.json", &json)
}

fn write_maps(folder: &Path, grounded: &Grounded) -> anyhow::Result<()> {
    let put = |name: &str, map: &Raster| {
        let bytes: Vec<u8> = map.data.iter().flat_map(|v| v.to_le_bytes()).collect();
        files::write_atomic(&folder.join(format!("maps/{name}.f32")), &bytes)
    };
    for (i, map) in grounded.maps.iter().enumerate() {
        if let Some(map) = map {
            put(&format!("sentence-{i}"), map)?;
        }
    }
    put("pseudo", &grounded.pseudo.target)?;
    put("decoder", &grounded.decoder)?;
    put("body", &grounded.pseudo.body.to_raster())
}

/// Removes the files of an earlier result, and nothing that has another name.
fn clear(folder: &Path) -> anyhow::Result<()> {
    let ours = |name: &str, part: &str| match part {
        "" => {
            ["outcome.json", "overlay.png", "pseudo-mask.png", "decoder-mask.png"].contains(&name)
        }
        "masks" => name.starts_with("sentence-") && name.ends_with(".png"),
        _ => name.ends_with(".f32"),
    };
    for part in ["", "masks", "maps"] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| ours(name, part)) {
                fs::remove_file(entry.path())
                    .with_context(|| format!("{}: cannot be replaced", entry.path().display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_results_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let ours = ["outcome.json", "masks/sentence-12.png", "maps/body.f32"];
        let others = ["outcome.txt", "masks/mine.png", "maps/notes.md", "thesis.pdf"];
        for name in ours.iter().chain(&others) {
            files::write_atomic(&path(name), b"x").unwrap();
        }
        clear(folder.path()).unwrap();
        assert!(ours.iter().all(|name| !path(name).exists()));
        assert!(others.iter().all(|name| path(name).exists()));
    }
}
