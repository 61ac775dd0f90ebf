//! Thresholds from the histogram of 256 grey levels.

/// How often each grey level occurs.
pub fn histogram(grey: &[u8]) -> [u64; 256] {
    let mut counts = [0; 256];
    for &v in grey {
        counts[usize::from(v)] += 1;
    }
    counts
}

/// Otsu's threshold and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Otsu {
    /// Foreground is strictly above.
    pub threshold: u8,
    /// Between-class over total variance, in [0, 1]: 0.75 for a flat histogram, so below about
    /// 0.8 the threshold says little about the picture.
    pub separability: f64,
}

/// Otsu's threshold of a grey histogram (N. Otsu, 1979).
///
/// The recurrence and its order of operations are OpenCV's `THRESH_OTSU`, so that both round
/// alike. An image of one value gets 0, as in OpenCV.
pub fn otsu(histogram: &[u64; 256]) -> Otsu {
    let scale = 1.0 / (histogram.iter().sum::<u64>().max(1) as f64);
    let moment = |power: i32| -> f64 {
        let terms = histogram.iter().enumerate();
        terms.map(|(i, &n)| (i as f64).powi(power) * n as f64).sum::<f64>() * scale
    };
    let mean = moment(1);
    let (mut below, mut below_mean) = (0.0f64, 0.0f64);
    let (mut best, mut threshold) = (0.0f64, 0u8);
    for (level, &count) in (0..=255u8).zip(histogram) {
        let share = count as f64 * scale;
        below_mean *= below;
        below += share;
        let above = 1.0 - below;
        let epsilon = f64::from(f32::EPSILON);
        if below.min(above) < epsilon || below.max(above) > 1.0 - epsilon {
            continue;
        }
        below_mean = (below_mean + f64::from(level) * share) / below;
        let above_mean = (mean - below * below_mean) / above;
        let between = below * above * (below_mean - above_mean) * (below_mean - above_mean);
        if between > best {
            (best, threshold) = (between, level);
        }
    }
    let total = moment(2) - mean * mean;
    Otsu { threshold, separability: if total > 0.0 { best / total } else { 0.0 } }
}

/// The triangle rule (Zack, Rogers and Latt, 1977), as OpenCV's `THRESH_TRIANGLE` has it: the
/// level farthest from the line between the histogram's peak and its longer tail's end.
pub fn triangle(histogram: &[u64; 256]) -> u8 {
    let occupied = |i: &usize| histogram[*i] > 0;
    let (Some(first), Some(last)) = ((0..256).find(occupied), (0..256).rev().find(occupied)) else {
        return 0;
    };
    let mut left = first.saturating_sub(1);
    let right = (last + 1).min(255);
    let highest = histogram.iter().copied().max().unwrap_or(0);
    let mut peak = histogram.iter().position(|&n| n == highest).unwrap_or(0);
    // The tail must lie on the left of the peak; else look at the mirrored histogram.
    let flipped = peak - left < right.saturating_sub(peak);
    let count = |i: usize| {
        if flipped { histogram[255 - i] } else { histogram[i] }
    };
    if flipped {
        (left, peak) = (255 - right, 255 - peak);
    }
    let (a, b) = (highest as f64, left as f64 - peak as f64);
    let (mut farthest, mut level) = (0.0f64, left);
    for i in left + 1..=peak {
        let distance = a * i as f64 + b * count(i) as f64;
        if distance > farthest {
            (farthest, level) = (distance, i);
        }
    }
    let level = level.saturating_sub(1);
    (if flipped { 255 - level } else { level }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otsu_separates_two_levels_fully() {
        let mut counts = [0u64; 256];
        (counts[40], counts[200]) = (300, 100);
        let found = otsu(&counts);
        assert_eq!(found.threshold, 40);
        assert!((found.separability - 1.0).abs() < 1e-9);
        let flat = otsu(&[7; 256]);
        assert!((flat.separability - 0.75).abs() < 1e-3, "{}", flat.separability);
    }
}
