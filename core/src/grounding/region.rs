//! The connected parts of a mask, each with its place in the patient's sides.

use crate::components::Components;
use crate::config::GroundingConfig;
use crate::outcome::Region;
use crate::raster::Mask;

/// Shares of the width between which a centroid counts as central: the mediastinum and the spine
/// take about an eighth of a frontal film.
const CENTRAL: std::ops::RangeInclusive<f64> = 0.44..=0.56;
/// A part wider than this share of the image is on both sides.
const BOTH_SIDES: f64 = 0.60;

/// The parts of a mask, corners joined, largest first (of equals the upper one), at most
/// `max_regions`.
pub fn regions(mask: &Mask, config: &GroundingConfig) -> Vec<Region> {
    let mut parts = Components::of_mask(mask).parts;
    parts.sort_by_key(|part| std::cmp::Reverse(part.area));
    let (width, height) = (mask.width as f64, mask.height as f64);
    let region = |part: &crate::components::Part| {
        let bbox = part.bbox();
        let (x, y) = part.centroid();
        Region {
            bbox: bbox.map(|v| u32::try_from(v).unwrap_or(u32::MAX)),
            area_fraction: part.area as f64 / (width * height),
            zone: zone(x / width, y / height, bbox[2] as f64 / width),
        }
    };
    parts.iter().take(config.max_regions).map(region).collect()
}

/// Where a part lies, in words: `right lower zone`, `central mid zone`, `both sides, upper zone`.
///
/// `x` and `y` are its centroid and `width` its width, as shares of the image. Films are shown as
/// if the patient faced the reader, so the left of the image is the patient's right. The zones
/// are thirds of the image, not of the lungs.
pub fn zone(x: f64, y: f64, width: f64) -> String {
    let level = match y {
        y if y < 1.0 / 3.0 => "upper",
        y if y < 2.0 / 3.0 => "mid",
        _ => "lower",
    };
    if width > BOTH_SIDES {
        return format!("both sides, {level} zone");
    }
    let side = match x {
        x if CENTRAL.contains(&x) => "central",
        x if x < *CENTRAL.start() => "right",
        _ => "left",
    };
    format!("{side} {level} zone")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(boxes: &[[usize; 4]]) -> Mask {
        let mut mask = Mask::filled(100, 90, 0);
        for &[x, y, w, h] in boxes {
            for row in y..y + h {
                mask.data[row * 100 + x..][..w].fill(1);
            }
        }
        mask
    }

    #[test]
    fn the_left_of_the_image_is_the_patients_right() {
        let parts = mask(&[[10, 70, 10, 12], [70, 5, 12, 12], [47, 40, 6, 6], [5, 88, 90, 2]]);
        let found = regions(&parts, &GroundingConfig::default());
        let zones: Vec<&str> = found.iter().map(|r| r.zone.as_str()).collect();
        assert_eq!(
            zones,
            ["both sides, lower zone", "left upper zone", "right lower zone", "central mid zone"]
        );
        assert_eq!(found[1].bbox, [70, 5, 12, 12]);
        assert!((found[1].area_fraction - 144.0 / 9000.0).abs() < 1e-12);
    }

    #[test]
    fn the_largest_come_first_and_no_more_than_asked() {
        let config = GroundingConfig { max_regions: 2, ..GroundingConfig::default() };
        let found = regions(&mask(&[[0, 0, 2, 2], [50, 50, 9, 9], [20, 20, 3, 3]]), &config);
        let boxes: Vec<[u32; 4]> = found.iter().map(|r| r.bbox).collect();
        assert_eq!(boxes, [[50, 50, 9, 9], [20, 20, 3, 3]]);
        assert!(regions(&mask(&[]), &config).is_empty());
    }

    #[test]
    fn sides_change_at_44_and_56_percent() {
        assert_eq!(zone(0.439, 0.5, 0.1), "right mid zone");
        assert_eq!(zone(0.44, 0.34, 0.1), "central mid zone");
        assert_eq!(zone(0.561, 0.67, 0.1), "left lower zone");
        assert_eq!(zone(0.2, 0.1, 0.6), "right upper zone");
    }
}
