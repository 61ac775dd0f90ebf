//! Where truths are: distances to them, and the answers that need no model.

use g2d_core::{
    metrics::{Ranking, dice, iou, whole_image_dice, whole_image_iou},
    phantom::Side,
    raster::{Mask, Raster},
};

/// Centre and half axes of the right lung as shares of the side, by eye on frontal films; the left
/// one is its mirror image.
const LUNG: [f64; 4] = [0.30, 0.46, 0.17, 0.30];

/// Squared distances of all pixels to a truth, as far as they matter.
pub struct Near {
    width: usize,
    height: usize,
    squares: Vec<u32>,
}

/// Farther than any tolerance.
const FAR: u32 = u32::MAX;

impl Near {
    /// Exact within 1/16 of the side; farther pixels are just far.
    pub fn new(truth: &Mask) -> Self {
        let (width, height) = (truth.width, truth.height);
        let reach = width.max(height) / 16 + 1;
        // First along rows, then the best of the rows around: the exact Euclidean distance.
        let mut along = vec![FAR; width * height];
        for y in 0..height {
            let row = y * width;
            let mut step = |x: usize, last: &mut Option<usize>| {
                if truth.data[row + x] != 0 {
                    *last = Some(x);
                }
                if let Some(from) = *last {
                    let d = x.abs_diff(from);
                    if d <= reach {
                        along[row + x] = along[row + x].min((d * d) as u32);
                    }
                }
            };
            let (mut left, mut right) = (None, None);
            (0..width).for_each(|x| step(x, &mut left));
            (0..width).rev().for_each(|x| step(x, &mut right));
        }
        let mut squares = vec![FAR; width * height];
        for y in 0..height {
            for other in y.saturating_sub(reach)..=(y + reach).min(height.saturating_sub(1)) {
                let dy = y.abs_diff(other);
                let dy = (dy * dy) as u32;
                for x in 0..width {
                    let near = along[other * width + x].saturating_add(dy);
                    let best = &mut squares[y * width + x];
                    *best = (*best).min(near);
                }
            }
        }
        Self { width, height, squares }
    }

    /// Nothing, 1/32 and 1/16 of the side, squared.
    fn tolerances(&self) -> [f64; 3] {
        [0.0, 32.0, 16.0].map(|part| {
            let tolerance = if part > 0.0 { self.width as f64 / part } else { 0.0 };
            tolerance * tolerance
        })
    }

    /// Whether a point lies in the truth, within 1/32 and within 1/16 of the side.
    pub fn hits(&self, (x, y): (usize, usize)) -> [bool; 3] {
        let square = f64::from(self.squares[y.min(self.height - 1) * self.width + x]);
        self.tolerances().map(|tolerance| square <= tolerance)
    }

    /// The chances of the same for a point drawn evenly from a region (the whole image for none).
    pub fn chances(&self, region: Option<&Mask>) -> [f64; 3] {
        let inside = |i: usize| region.is_none_or(|r| r.data[i] != 0);
        let all = (0..self.squares.len()).filter(|i| inside(*i)).count().max(1) as f64;
        self.tolerances().map(|tolerance| {
            let near = |(i, s): (usize, &u32)| inside(i) && f64::from(*s) <= tolerance;
            self.squares.iter().enumerate().filter(|(i, s)| near((*i, *s))).count() as f64 / all
        })
    }
}

/// Area under the ROC curve of a map's pixels; none for an empty or full truth.
pub fn auroc(map: &Raster, truth: &Mask) -> Option<f64> {
    let labels: Vec<bool> = truth.data.iter().map(|v| *v != 0).collect();
    Ranking::new(&map.data, &labels).auc(None)
}

/// The patient's right is on the left of the picture.
pub fn in_half(x: usize, width: usize, side: Side) -> bool {
    match side {
        Side::Right => 2 * x < width,
        Side::Left => 2 * x >= width,
        Side::Midline => true,
    }
}

/// Two ellipses where lungs usually are, or the one of a side.
pub fn lung_prior(size: usize, side: Option<Side>) -> Mask {
    let [cx, cy, rx, ry] = LUNG;
    let ellipse = |u: f64, v: f64, cx: f64| {
        ((u - cx) / rx) * ((u - cx) / rx) + ((v - cy) / ry) * ((v - cy) / ry) <= 1.0
    };
    let mut mask = Mask::filled(size, size, 0);
    for y in 0..size {
        for x in 0..size {
            let at = |i: usize| (i as f64 + 0.5) / size as f64;
            let (u, v) = (at(x), at(y));
            let right = side != Some(Side::Left) && ellipse(u, v, cx);
            let left = side != Some(Side::Right) && ellipse(u, v, 1.0 - cx);
            mask.data[y * size + x] = u8::from(right || left);
        }
    }
    mask
}

/// What one answer scores on one truth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Answer {
    /// Chance to point inside, within 1/32, within 1/16.
    pub hits: [f64; 3],
    /// Dice and IoU of the mask, where the answer has one.
    pub overlap: Option<[f64; 2]>,
    /// Dice at the truth's area.
    pub at_area: Option<f64>,
    /// Area under the pixels' ROC curve.
    pub auroc: Option<f64>,
}

/// The answers that need no model, by name; `side` is what the sentence says.
pub fn trivial(truth: &Mask, near: &Near, side: Option<Side>) -> Vec<(&'static str, Answer)> {
    let size = truth.width;
    let share = truth.fraction();
    let even = near.chances(None);
    let whole = Answer {
        hits: even,
        overlap: Some([whole_image_dice(truth), whole_image_iou(truth)]),
        ..Answer::default()
    };
    let random = Answer { hits: even, at_area: Some(share), auroc: Some(0.5), overlap: None };
    let centre = (size / 2, truth.height / 2);
    let centre = Answer { hits: near.hits(centre).map(yes), ..Answer::default() };
    let lung = |side| {
        let mask = lung_prior(size, side);
        Answer {
            hits: near.chances(Some(&mask)),
            overlap: Some([dice(&mask, truth), iou(&mask, truth)]),
            at_area: None,
            auroc: auroc(&mask.to_raster(), truth),
        }
    };
    vec![
        ("whole image", whole),
        ("random map", random),
        ("centre", centre),
        ("lungs", lung(None)),
        ("lung of the side", lung(side.filter(|s| *s != Side::Midline))),
    ]
}

/// 1 for yes.
pub fn yes(hit: bool) -> f64 {
    f64::from(u8::from(hit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use g2d_core::metrics::{pointing_hit_within, random_pointing};

    fn truth() -> Mask {
        let mut mask = Mask::filled(64, 64, 0);
        for y in 20..29 {
            mask.data[y * 64 + 40..y * 64 + 47].fill(1);
        }
        mask.data[50 * 64 + 3] = 1;
        mask
    }

    #[test]
    fn distances_agree_with_the_pointing_metric() {
        let (truth, mut hits) = (truth(), 0);
        let near = Near::new(&truth);
        for point in [(40, 20), (38, 20), (37, 19), (36, 24), (35, 24), (3, 52), (5, 53), (63, 0)] {
            let mut map = Raster::filled(64, 64, 0.0);
            map.data[point.1 * 64 + point.0] = 1.0;
            let want = [0.0, 2.0, 4.0].map(|reach| pointing_hit_within(&map, &truth, reach));
            assert_eq!(near.hits(point), want, "{point:?}");
            hits += want.iter().filter(|h| **h).count();
        }
        assert!(hits > 5);
        let chances = [0.0, 2.0, 4.0].map(|reach| random_pointing(&truth, reach));
        assert_eq!(near.chances(None), chances);
    }

    #[test]
    fn the_lung_prior_knows_its_sides() {
        let (right, left) = (lung_prior(64, Some(Side::Right)), lung_prior(64, Some(Side::Left)));
        assert!(right.bounding_box().is_some_and(|b| b[0] + b[2] <= 32));
        assert_eq!(right.area(), left.area());
        assert_eq!(lung_prior(64, None).area(), right.area() + left.area());
        let answers = trivial(&left, &Near::new(&left), Some(Side::Left));
        let best = answers.iter().find(|a| a.0 == "lung of the side").unwrap().1;
        assert_eq!((best.hits, best.overlap, best.auroc), ([1.0; 3], Some([1.0; 2]), Some(1.0)));
        assert!(in_half(31, 64, Side::Right) && !in_half(32, 64, Side::Right));
    }

    #[test]
    fn a_perfect_map_has_auroc_one() {
        assert_eq!(auroc(&truth().to_raster(), &truth()), Some(1.0));
        assert_eq!(auroc(&Raster::filled(64, 64, 0.3), &truth()), Some(0.5));
    }
}
