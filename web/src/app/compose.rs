//! The film with its masks, outlines and heat map as one RGBA picture, on the CPU: a 2-D canvas
//! shows it, so that it can be saved as seen.

use super::state::{FilmView, Layer, Mode, Picture, Truth, View};

/// The truth is drawn in dashes of white and black: seen on every grey, and never taken for the
/// outline of a sentence.
const DASHES: [[u8; 3]; 2] = [[255; 3], [0; 3]];
/// Outline width as a share of the longer side.
const OUTLINE: f64 = 1.0 / 340.0;
/// Dash length in outline widths.
const DASH: usize = 4;
/// How much of the opacity is left to the other masks while one is pointed at.
const DIMMED: f32 = 0.25;

/// One layer as it is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ink<'a> {
    /// What.
    pub layer: &'a Layer,
    /// Whether it is shown.
    pub shown: bool,
}

/// Draws everything; RGBA, row by row, of the film picture's size.
pub fn compose(film: &FilmView, inks: &[Ink<'_>], truth: &[Truth], view: &View) -> Vec<u8> {
    let mut rgba: Vec<u8> = film.picture.data.iter().flat_map(|&g| [g, g, g, 255]).collect();
    match view.mode {
        Mode::Masks => masks(&mut rgba, film, inks, view),
        Mode::Heat => {
            let heat =
                view.active.and_then(|i| inks.get(i)).and_then(|ink| ink.layer.heat.as_ref());
            if let Some(heat) = heat.filter(|h| fits(film, h)) {
                lay_heat(&mut rgba, heat, view.opacity);
            }
        }
    }
    if view.truth {
        for finding in truth.iter().filter(|t| fits(film, &t.mask)) {
            outline(&mut rgba, &finding.mask, DASHES, 1.0);
        }
    }
    rgba
}

fn masks(rgba: &mut [u8], film: &FilmView, inks: &[Ink<'_>], view: &View) {
    for (i, ink) in inks.iter().enumerate().filter(|(_, ink)| ink.shown) {
        let Some(mask) = ink.layer.mask.as_ref().filter(|m| fits(film, m)) else {
            continue;
        };
        let pointed = view.hover.is_none_or(|h| h == i || !is_drawn(inks, h));
        let strength = if pointed { 1.0 } else { DIMMED };
        for (pixel, _) in rgba.chunks_exact_mut(4).zip(mask.data.iter()).filter(|(_, m)| **m != 0) {
            blend(pixel, ink.layer.colour, view.opacity * strength);
        }
        outline(rgba, mask, [ink.layer.colour; 2], strength.max(0.4));
    }
}

/// Pointing at a sentence without a mask must not dim those that have one.
fn is_drawn(inks: &[Ink<'_>], i: usize) -> bool {
    inks.get(i).is_some_and(|ink| ink.shown && ink.layer.mask.is_some())
}

fn fits(film: &FilmView, picture: &Picture) -> bool {
    film.picture.width == picture.width && film.picture.height == picture.height
}

fn lay_heat(rgba: &mut [u8], heat: &Picture, opacity: f32) {
    for (pixel, &value) in rgba.chunks_exact_mut(4).zip(heat.data.iter()) {
        if value > 0 {
            let t = f32::from(value - 1) / 254.0;
            // The lowest values stay see-through, or the film would be tinted everywhere.
            blend(pixel, heat_colour(t), opacity.max(0.2) * (0.15 + 0.85 * t));
        }
    }
}

/// Draws where the mask ends: a line inside of it, its dashes in two colours by turns.
fn outline(rgba: &mut [u8], mask: &Picture, dashes: [[u8; 3]; 2], strength: f32) {
    let (width, height) = (mask.width, mask.height);
    let thick = ((width.max(height) as f64 * OUTLINE).round() as usize).max(1);
    let dash = thick * DASH;
    let set = |x: usize, y: usize| mask.data.get(y * width + x).is_some_and(|&v| v != 0);
    for y in 0..height {
        for x in 0..width {
            if !set(x, y) {
                continue;
            }
            let edge = x < thick
                || y < thick
                || !set(x - thick, y)
                || !set(x, y - thick)
                || x + thick >= width
                || y + thick >= height
                || !set(x + thick, y)
                || !set(x, y + thick);
            if edge && let Some(pixel) = rgba.get_mut(4 * (y * width + x)..4 * (y * width + x) + 4)
            {
                blend(pixel, dashes[(x + y) / dash % 2], strength);
            }
        }
    }
}

fn blend(pixel: &mut [u8], colour: [u8; 3], alpha: f32) {
    for (p, c) in pixel.iter_mut().zip(colour) {
        *p = (f32::from(*p) * (1.0 - alpha) + f32::from(c) * alpha).round() as u8;
    }
}

/// Matplotlib's "inferno" at nine points, linear between them: even steps of lightness, so that
/// equal differences look equal, also without colour vision.
pub fn heat_colour(t: f32) -> [u8; 3] {
    const STOPS: [[u8; 3]; 9] = [
        [0, 0, 4],
        [31, 12, 72],
        [85, 15, 109],
        [136, 34, 106],
        [186, 54, 85],
        [227, 89, 51],
        [249, 140, 10],
        [249, 201, 50],
        [252, 255, 164],
    ];
    let position = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let i = (position as usize).min(STOPS.len() - 2);
    let f = position - i as f32;
    let mut colour = [0; 3];
    for (c, (a, b)) in colour.iter_mut().zip(STOPS[i].into_iter().zip(STOPS[i + 1])) {
        *c = (f32::from(a) * (1.0 - f) + f32::from(b) * f).round() as u8;
    }
    colour
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::app::state::Tab;

    const SIDE: usize = 20;

    fn picture(data: impl Fn(usize, usize) -> u8) -> Picture {
        let data = (0..SIDE * SIDE).map(|i| data(i % SIDE, i / SIDE)).collect();
        Picture { width: SIDE, height: SIDE, data: Rc::new(data) }
    }

    fn film() -> FilmView {
        FilmView { picture: picture(|_, _| 100), width: SIDE, height: SIDE, bits: 8 }
    }

    fn view(mode: Mode) -> View {
        View { tab: Tab::Sentences, mode, opacity: 0.5, truth: false, hover: None, active: None }
    }

    fn layer() -> Layer {
        let mask = picture(|x, y| u8::from((4..16).contains(&x) && (4..16).contains(&y)));
        Layer {
            colour: [200, 0, 0],
            mask: Some(mask),
            heat: Some(picture(|x, _| x as u8)),
            range: [0.0, 1.0],
        }
    }

    fn pixel(rgba: &[u8], x: usize, y: usize) -> [u8; 4] {
        let i = 4 * (y * SIDE + x);
        [rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]]
    }

    #[test]
    fn masks_are_filled_outlined_and_hidden() {
        let layer = layer();
        let ink = Ink { layer: &layer, shown: true };
        let rgba = compose(&film(), &[ink], &[], &view(Mode::Masks));
        assert_eq!(pixel(&rgba, 0, 0), [100, 100, 100, 255]);
        assert_eq!(pixel(&rgba, 10, 10), [150, 50, 50, 255]);
        assert_eq!(pixel(&rgba, 4, 10), [200, 0, 0, 255]);
        let hidden = compose(&film(), &[Ink { shown: false, ..ink }], &[], &view(Mode::Masks));
        assert!(hidden.chunks(4).all(|p| p == [100, 100, 100, 255]));
    }

    #[test]
    fn pointing_at_one_mask_dims_the_others() {
        let layer = layer();
        let corner = picture(|x, y| u8::from(x < 3 && y < 3));
        let other = Layer { mask: Some(corner), colour: [0, 0, 200], ..layer.clone() };
        let inks = [&layer, &other].map(|layer| Ink { layer, shown: true });
        let dimmed = View { hover: Some(1), ..view(Mode::Masks) };
        let rgba = compose(&film(), &inks, &[], &dimmed);
        assert_eq!(pixel(&rgba, 10, 10), [113, 88, 88, 255]);
        let nothing = Layer { mask: None, heat: None, ..other.clone() };
        let inks = [&layer, &nothing].map(|layer| Ink { layer, shown: true });
        let rgba = compose(&film(), &inks, &[], &dimmed);
        assert_eq!(pixel(&rgba, 10, 10), [150, 50, 50, 255]);
    }

    #[test]
    fn heat_needs_an_active_sentence_and_leaves_the_outside_alone() {
        let layer = layer();
        let inks = [Ink { layer: &layer, shown: true }];
        let plain = compose(&film(), &inks, &[], &view(Mode::Heat));
        assert!(plain.chunks(4).all(|p| p == [100, 100, 100, 255]));
        let active = View { active: Some(0), ..view(Mode::Heat) };
        let rgba = compose(&film(), &inks, &[], &active);
        assert_eq!(pixel(&rgba, 0, 5), [100, 100, 100, 255]);
        assert_ne!(pixel(&rgba, 19, 5), [100, 100, 100, 255]);
    }

    #[test]
    fn truth_is_a_dashed_outline() {
        let mask = layer().mask.unwrap();
        let truth = [Truth { name: "nodule".into(), mask }];
        let shown = View { truth: true, ..view(Mode::Masks) };
        let rgba = compose(&film(), &[], &truth, &shown);
        let row: Vec<u8> = (4..16).map(|x| pixel(&rgba, x, 4)[0]).collect();
        assert!(row.contains(&255) && row.contains(&0) && !row.contains(&100));
        assert_eq!(pixel(&rgba, 10, 10), [100, 100, 100, 255]);
    }

    #[test]
    fn heat_grows_lighter() {
        let light = |t: f32| heat_colour(t).iter().map(|&c| u32::from(c)).sum::<u32>();
        assert!((0..20).all(|i| light(i as f32 / 20.0) < light((i + 1) as f32 / 20.0)));
    }
}
