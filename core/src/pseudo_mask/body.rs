//! Where the patient is: histogram threshold, largest part, no holes.
//!
//! The paper names a body mask and cites two works that cut at a fixed level; which rule tells a
//! body from the air depends on how the films were stored (equalised films have a histogram that
//! says nothing), hence the choice of rules.

use std::ops::Range;

use crate::components::{Components, Connectivity};
use crate::config::BodyRule;
use crate::raster::{Mask, Raster};

use super::histogram::{histogram, otsu, triangle};
use super::morphology::close;

/// The fixed cut: 10 of 255 is above what JPEG leaves in empty air.
const FIXED: u8 = 10;
/// For [`BodyRule::Auto`]: what counts as black, and how much of it there must be.
const BLACK: u8 = 5;
const BLACK_SHARE: f64 = 0.02;
/// A body below or above these shares of the image is not believed.
const MIN_SHARE: f64 = 0.20;
const MAX_SHARE: f64 = 0.98;
/// Nor is one that leaves out more of the image's middle half.
const MIN_MIDDLE: f64 = 0.95;
/// Radius of the closing's square, 5 pixels a side.
const CLOSING_RADIUS: usize = 2;

/// A body mask and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// One inside the patient.
    pub mask: Mask,
    /// The film looked inverted (bright air) and was turned for the search.
    pub inverted: bool,
    /// Grey levels (of 255, after turning) strictly above this one were candidates.
    pub threshold: u8,
    /// No believable body was found, so that the whole image counts.
    pub whole: bool,
}

/// The body mask of an image with values in [0, 1].
pub fn body_mask(image: &Raster, rule: BodyRule) -> Mask {
    find_body(image, rule).mask
}

/// The body mask of an image with values in [0, 1], with the decisions on the way.
pub fn find_body(image: &Raster, rule: BodyRule) -> Body {
    let (width, height) = (image.width, image.height);
    let all = |inverted, threshold| Body {
        mask: Mask::filled(width, height, 1),
        inverted,
        threshold,
        whole: true,
    };
    if rule == BodyRule::None || image.data.is_empty() {
        return all(false, 0);
    }
    let mut grey: Vec<u8> = image.data.iter().map(|&v| to_grey(v)).collect();
    let inverted = looks_inverted(&grey, width, height);
    if inverted {
        grey.iter_mut().for_each(|v| *v = 255 - *v);
    }
    let histogram = histogram(&grey);
    let level = match rule {
        BodyRule::None | BodyRule::Fixed => FIXED,
        BodyRule::Otsu => otsu(&histogram).threshold,
        BodyRule::Triangle => triangle(&histogram),
        BodyRule::Auto if has_clean_air(&grey, &histogram, width, height) => FIXED,
        BodyRule::Auto => otsu(&histogram).threshold,
    };
    let candidates = Components::of(width, height, Connectivity::Eight, |i| grey[i] > level);
    let Some(largest) = candidates.largest() else {
        return all(inverted, level);
    };
    let mut mask = candidates.select(|index, _| index == largest);
    fill_holes(&mut mask);
    fill_rows(&mut mask);
    let mask = close(&mask, CLOSING_RADIUS);
    if !believable(&mask) {
        return all(inverted, level);
    }
    Body { mask, inverted, threshold: level, whole: false }
}

/// Grey level of 255, rounded; what is not a number is black.
fn to_grey(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// Are the side borders and both upper corners brighter than the middle of the film?
///
/// On a film as it is usually shown the air beside the patient and above the shoulders is black.
/// The sides alone (a sixteenth of the width each) do not decide: on a film cut close to the ribs
/// they show the chest wall, which is brighter than the lungs in the middle.
fn looks_inverted(grey: &[u8], width: usize, height: usize) -> bool {
    let sum = |columns: Range<usize>, rows: Range<usize>| -> (u64, u64) {
        let pixels = (columns.len() * rows.len()) as u64;
        let row = |y: usize| &grey[y * width..][columns.clone()];
        (rows.map(|y| row(y).iter().map(|&v| u64::from(v)).sum::<u64>()).sum(), pixels)
    };
    let (middle, middle_pixels) = sum(central(width), central(height));
    // Means compared without division, so that equal ones are equal.
    let brighter = |(total, pixels): (u64, u64)| {
        u128::from(total) * u128::from(middle_pixels) > u128::from(middle) * u128::from(pixels)
    };
    let strip = (width / 16).max(1);
    let (left, right) = (sum(0..strip, 0..height), sum(width - strip..width, 0..height));
    let (across, down) = ((width / 8).max(1), (height / 8).max(1));
    brighter((left.0 + right.0, left.1 + right.1))
        && brighter(sum(0..across, 0..down))
        && brighter(sum(width - across..width, 0..down))
}

/// The middle half of a side.
fn central(side: usize) -> Range<usize> {
    side / 4..side - side / 4
}

/// Is this mask one that a chest can have? It covers a believable share of the image and nearly
/// all of its middle: a mask without the middle is one lung, the abdomen or a marker.
fn believable(mask: &Mask) -> bool {
    let columns = central(mask.width);
    let ones = |y: usize| mask.data[y * mask.width..][columns.clone()].iter().map(|&v| v as usize);
    let middle: usize = central(mask.height).map(|y| ones(y).sum::<usize>()).sum();
    let whole = columns.len() * central(mask.height).len();
    (MIN_SHARE..=MAX_SHARE).contains(&mask.fraction()) && middle as f64 >= MIN_MIDDLE * whole as f64
}

/// Is there black that touches the border, enough of it?
fn has_clean_air(grey: &[u8], histogram: &[u64; 256], width: usize, height: usize) -> bool {
    let enough = BLACK_SHARE * grey.len() as f64;
    // Most films that fail, fail here, before any labelling.
    let black: u64 = histogram[..=usize::from(BLACK)].iter().sum();
    if (black as f64) < enough {
        return false;
    }
    let dark = Components::of(width, height, Connectivity::Eight, |i| grey[i] <= BLACK);
    let air = dark.parts.iter().filter(|part| dark.touches_border(part));
    air.map(|part| part.area).sum::<usize>() as f64 >= enough
}

/// Fills background that the border cannot reach (edges only, the dual of an 8-connected body).
fn fill_holes(mask: &mut Mask) {
    let background =
        Components::of(mask.width, mask.height, Connectivity::Four, |i| mask.data[i] == 0);
    *mask = background.select(|_, part| background.touches_border(part));
    mask.data.iter_mut().for_each(|v| *v = 1 - *v);
}

/// Fills every row between its first and its last one: lungs that the image's edge cuts open are
/// no holes, but belong to the body all the same.
fn fill_rows(mask: &mut Mask) {
    for row in mask.data.chunks_exact_mut(mask.width.max(1)) {
        let first = row.iter().position(|&v| v != 0);
        let last = row.iter().rposition(|&v| v != 0);
        if let (Some(first), Some(last)) = (first, last) {
            row[first..=last].fill(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey ellipse with two black lungs, the left of which the lower edge cuts open; black
    /// air; a white marker in the corner.
    fn film(air: f32) -> Raster {
        let n = 96usize;
        let mut image = Raster::filled(n, n, air);
        let inside = |x: usize, y: usize, cx: f64, cy: f64, a: f64, b: f64| {
            let (dx, dy) = ((x as f64 + 0.5 - cx) / a, (y as f64 + 0.5 - cy) / b);
            dx * dx + dy * dy < 1.0
        };
        for y in 0..n {
            for x in 0..n {
                let value = &mut image.data[y * n + x];
                if inside(x, y, 48.0, 60.0, 40.0, 55.0) {
                    *value = 0.6;
                }
                if inside(x, y, 32.0, 60.0, 10.0, 25.0) || inside(x, y, 64.0, 75.0, 10.0, 30.0) {
                    *value = 0.03;
                }
                if x > 90 && y < 4 {
                    *value = 1.0;
                }
            }
        }
        image
    }

    fn check(body: &Body) {
        assert!(!body.whole);
        assert_eq!(body.mask.at(32, 60), 1, "closed lung");
        assert_eq!(body.mask.at(64, 94), 1, "lung open to the edge");
        assert_eq!(body.mask.at(93, 1), 0, "marker");
        assert_eq!(body.mask.at(1, 1), 0, "air");
        assert!((0.55..0.75).contains(&body.mask.fraction()), "{}", body.mask.fraction());
    }

    #[test]
    fn every_rule_finds_the_torso() {
        for rule in [BodyRule::Otsu, BodyRule::Fixed, BodyRule::Triangle, BodyRule::Auto] {
            check(&find_body(&film(0.0), rule));
        }
    }

    #[test]
    fn an_inverted_film_gives_the_same_body() {
        let upright = film(0.0);
        let mut turned = upright.clone();
        turned.data.iter_mut().for_each(|v| *v = 1.0 - *v);
        let body = find_body(&turned, BodyRule::Auto);
        assert!(body.inverted);
        assert_eq!(body.mask, body_mask(&upright, BodyRule::Auto));
    }

    #[test]
    fn auto_takes_the_fixed_cut_only_where_the_air_is_black() {
        assert_eq!(find_body(&film(0.0), BodyRule::Auto).threshold, FIXED);
        let foggy = find_body(&film(0.06), BodyRule::Auto);
        assert_eq!(foggy.threshold, find_body(&film(0.06), BodyRule::Otsu).threshold);
        check(&foggy);
    }

    #[test]
    fn a_bright_chest_wall_at_the_sides_does_not_invert_the_film() {
        let n = 96;
        let mut image = Raster::filled(n, n, 0.9);
        for (i, v) in image.data.iter_mut().enumerate() {
            let (x, y) = (i % n, i / n);
            let corner = y < 14 && !(30..66).contains(&x);
            let lung = (15..40).contains(&x) || (56..81).contains(&x);
            if corner || lung {
                *v = 0.2;
            }
        }
        assert!(!find_body(&image, BodyRule::Otsu).inverted);
    }

    #[test]
    fn one_lung_is_not_a_body() {
        let n = 64;
        let mut image = Raster::filled(n, n, 0.0);
        for row in image.data.chunks_mut(n) {
            row[2..30].fill(0.7);
        }
        let body = find_body(&image, BodyRule::Fixed);
        assert!(body.whole, "44% of the image, but not its middle");
        for row in image.data.chunks_mut(n) {
            row[2..60].fill(0.7);
        }
        assert!(!find_body(&image, BodyRule::Fixed).whole);
    }

    #[test]
    fn what_cannot_be_a_body_becomes_the_whole_image() {
        let mut dot = Raster::filled(64, 64, 0.0);
        dot.data[32 * 64 + 32] = 1.0;
        for image in [dot, Raster::filled(64, 64, 0.5), Raster::filled(64, 64, f32::NAN)] {
            let body = find_body(&image, BodyRule::Auto);
            assert!(body.whole);
            assert_eq!(body.mask.area(), 64 * 64);
        }
        assert!(body_mask(&Raster::filled(0, 0, 0.0), BodyRule::Auto).data.is_empty());
    }
}
