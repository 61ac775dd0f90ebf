//! From line integrals to the grey picture: scatter, quanta, processing, tone, collimation, marker.

use super::rng::Rng;

/// How one film is exposed and developed.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    /// Quanta at a pixel without a patient.
    quanta: f64,
    /// Scattered over primary radiation, behind the grid.
    scatter: f64,
    /// Strength of the detail enhancement that detectors' software applies.
    sharpen: f64,
    /// Steepness and shift of the response, and an exponent on its grey values.
    tone: [f64; 3],
    /// `[x0, y0, x1, y1]` in pixels, ends excluded: what the collimator lets through.
    window: [usize; 4],
    /// Lead letter: at the patient's left or right, height and distances from the corner as shares
    /// of the side; none where it is outside the picture.
    marker: Option<(bool, f64, [f64; 2])>,
}

impl Exposure {
    /// Draws how a film of `size` pixels is taken; `portable` films scatter more.
    pub(crate) fn draw(rng: &mut Rng, size: usize, portable: bool) -> Self {
        let side = size as f64;
        let collimated = rng.chance(0.55);
        let mut margin = || {
            let wide = rng.range(-0.04, 0.05).max(0.0);
            if collimated { (wide * side) as usize } else { 0 }
        };
        let window = [margin(), margin(), size - margin(), size - margin()];
        Self {
            quanta: rng.range(1.5e4, 6.0e4) * (256.0 / side) * (256.0 / side),
            scatter: if portable { rng.range(0.5, 1.1) } else { rng.range(0.25, 0.7) },
            sharpen: rng.range(0.1, 1.1),
            tone: [rng.range(1.8, 3.2), rng.range(-0.2, 0.25), rng.range(0.75, 1.15)],
            window,
            marker: rng.chance(0.7).then(|| {
                (
                    rng.chance(0.75),
                    rng.range(0.035, 0.06),
                    [rng.range(0.05, 0.12), rng.range(0.04, 0.15)],
                )
            }),
        }
    }

    /// Share of a change of the line integral that is left on the film beside the scatter.
    pub fn primary_share(&self) -> f64 {
        1.0 / (1.0 + self.scatter)
    }

    /// Standard deviation of the quantum noise at a line integral, in units of line integrals.
    pub fn noise(&self, integral: f64) -> f64 {
        ((1.0 + self.scatter) * self.quanta * (-integral).exp()).max(1.0).sqrt().recip()
    }

    /// Whether the collimator lets a pixel through.
    pub fn shows(&self, x: usize, y: usize) -> bool {
        let [x0, y0, x1, y1] = self.window;
        (x0..x1).contains(&x) && (y0..y1).contains(&y)
    }

    /// Grey values in [0, 1] of a square of line integrals, white where little radiation arrives.
    pub(crate) fn develop(&self, integrals: &[f32], size: usize, rng: &mut Rng) -> Vec<f32> {
        let inside = |i: usize| self.shows(i % size, i / size);
        let primary: Vec<f64> = integrals
            .iter()
            .enumerate()
            .map(|(i, v)| if inside(i) { f64::from(-*v).exp() } else { 0.0 })
            .collect();
        // Scatter comes from the body: bare detector beside it has little.
        let bodily: Vec<f64> = primary.iter().map(|s| s.min(0.25)).collect();
        let fog = blurred(&bodily, size, size / 9);
        let mut density: Vec<f64> = (0..primary.len())
            .map(|i| {
                let lead = self.marker_covers(i, size);
                let direct = if lead { 0.02 * primary[i] } else { primary[i] };
                let mean = direct + self.scatter * fog[i] * if lead { 0.1 } else { 1.0 };
                let noisy = mean + (mean / self.quanta).sqrt() * rng.gaussian();
                -noisy.max(2e-4).ln()
            })
            .collect();
        // Detail of two sizes, as multi-scale processing does it.
        for (reach, strength) in [(size / 24, 0.8 * self.sharpen), (size / 85, 0.6 * self.sharpen)]
        {
            let coarse = blurred(&density, size, reach.max(1));
            density.iter_mut().zip(&coarse).for_each(|(d, c)| *d += strength * (*d - c));
        }
        let [dark, bright] = anchors(&density, |i| inside(i) && integrals[i] > 0.6);
        let [steep, shift, gamma] = self.tone;
        let span = (bright - dark).max(0.4);
        let middle = dark + (0.52 + shift) * span;
        let grey = |d: f64| (1.0 + (-steep * (d - middle) / span * 1.3).exp()).recip().powf(gamma);
        let levels = [grey(dark - 0.45 * span), grey(bright + 0.25 * span)];
        let scaled = |d: f64| ((grey(d) - levels[0]) / (levels[1] - levels[0])).clamp(0.0, 1.0);
        (0..density.len())
            .map(|i| if inside(i) { scaled(density[i]) as f32 } else { 0.0 })
            .collect()
    }

    /// Whether the letter covers a pixel: `L` hangs at the patient's left, the picture's right.
    fn marker_covers(&self, pixel: usize, size: usize) -> bool {
        const L: [u8; 7] = [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111];
        const R: [u8; 7] = [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001];
        let Some((left, height, inset)) = self.marker else { return false };
        let side = size as f64;
        let dot = (height * side / 7.0).max(1.0);
        let start = if left { side * (1.0 - inset[0]) - 5.0 * dot } else { inset[0] * side };
        let column = ((pixel % size) as f64 + 0.5 - start) / dot;
        let row = ((pixel / size) as f64 + 0.5 - inset[1] * side) / dot;
        if !(0.0..5.0).contains(&column) || !(0.0..7.0).contains(&row) {
            return false;
        }
        let letter = if left { L } else { R };
        letter[row as usize] >> (4 - column as usize) & 1 == 1
    }
}

/// Two quantiles over the patient: lung and abdomen.
fn anchors(density: &[f64], within: impl Fn(usize) -> bool) -> [f64; 2] {
    let mut sample: Vec<f64> =
        density.iter().enumerate().filter(|(i, _)| within(*i)).map(|(_, d)| *d).collect();
    if sample.is_empty() {
        return [0.0, 1.0];
    }
    [0.05, 0.93].map(|q| {
        let k = (q * (sample.len() - 1) as f64) as usize;
        *sample.select_nth_unstable_by(k, f64::total_cmp).1
    })
}

/// Three running means along rows and columns: nearly a Gaussian; ends are repeated.
pub(crate) fn blurred(values: &[f64], size: usize, reach: usize) -> Vec<f64> {
    let mut current = values.to_vec();
    let mut line = vec![0.0; size];
    for _ in 0..3 {
        for (stride, across) in [(1, size), (size, 1)] {
            for row in 0..size {
                let at = |i: isize| row * across + i.clamp(0, size as isize - 1) as usize * stride;
                let r = reach as isize;
                let mut sum: f64 = (-r..=r).map(|i| current[at(i)]).sum();
                for (i, v) in line.iter_mut().enumerate() {
                    *v = sum / (2 * r + 1) as f64;
                    sum += current[at(i as isize + r + 1)] - current[at(i as isize - r)];
                }
                line.iter().enumerate().for_each(|(i, v)| current[at(i as isize)] = *v);
            }
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::super::rng::Purpose;
    use super::*;

    #[test]
    fn thicker_is_brighter_and_the_same_seed_gives_the_same_film() {
        let integrals: Vec<f32> = (0..64 * 64).map(|i| 0.7 + (i % 64) as f32 / 16.0).collect();
        let film = |seed| {
            let exposure = Exposure::draw(&mut Rng::new(seed, 0, Purpose::Film), 64, false);
            let plain = Exposure { marker: None, window: [0, 0, 64, 64], ..exposure };
            plain.develop(&integrals, 64, &mut Rng::new(seed, 0, Purpose::Noise))
        };
        let a = film(5);
        assert_eq!(a, film(5));
        let mean = |x: usize| (0..64).map(|y| a[y * 64 + x]).sum::<f32>() / 64.0;
        assert!(mean(50) > mean(32) && mean(32) > mean(14), "{} {}", mean(14), mean(50));
        assert!(a.iter().all(|v| (0.0..=1.0).contains(v)));
    }

    #[test]
    fn a_blur_keeps_the_mean_of_a_plane() {
        assert!(blurred(&[2.0; 100], 10, 3).iter().all(|v| (v - 2.0).abs() < 1e-9));
    }
}
