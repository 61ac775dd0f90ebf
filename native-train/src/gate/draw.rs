//! Pictures that are no chest films, drawn from a seed: limbs and hands as capsules, a head, an
//! abdomen, a slice of a CT, noise with the spectrum of photographs, patterns, pages of text.
//!
//! They are crude. What a gate fitted on them does with real pictures is measured, not assumed.

use g2d_core::raster::Raster;

use super::change::Dice;

/// Side of the drawn pictures, pixels.
const SIDE: usize = 160;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// An arm or a leg: one or two long bones in soft tissue.
    Limb,
    /// A hand or a foot.
    Hand,
    /// A head from the front or the side.
    Head,
    /// A belly with spine and pelvis.
    Abdomen,
    /// A slice across the chest.
    Slice,
    /// A landscape or an object, as far as noise can be one.
    Photograph,
    /// Stripes, squares, gradients, plain noise.
    Pattern,
    /// A page of text.
    Page,
}

impl Subject {
    pub(super) const ALL: [Self; 8] = [
        Self::Limb,
        Self::Hand,
        Self::Head,
        Self::Abdomen,
        Self::Slice,
        Self::Photograph,
        Self::Pattern,
        Self::Page,
    ];

    /// The name of the source, for tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Limb => "drawn limb",
            Self::Hand => "drawn hand",
            Self::Head => "drawn head",
            Self::Abdomen => "drawn abdomen",
            Self::Slice => "drawn CT slice",
            Self::Photograph => "drawn photograph",
            Self::Pattern => "drawn pattern",
            Self::Page => "drawn page",
        }
    }

    pub(super) fn draw(self, dice: &mut Dice) -> Raster {
        let wide = dice.between(0.7, 1.4).sqrt();
        let (width, height) = ((SIDE as f32 * wide) as usize, (SIDE as f32 / wide) as usize);
        let mut canvas = Canvas::new(width, height);
        match self {
            Self::Limb => canvas.limb(dice),
            Self::Hand => canvas.hand(dice),
            Self::Head => canvas.head(dice),
            Self::Abdomen => canvas.abdomen(dice),
            Self::Slice => canvas.slice(dice),
            Self::Photograph => return photograph(width, height, dice),
            Self::Pattern => return pattern(width, height, dice),
            Self::Page => return page(width, height, dice),
        }
        canvas.develop(dice)
    }
}

/// Thicknesses that add up, in a coordinate system from -1 to 1.
struct Canvas {
    picture: Raster,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { picture: Raster::filled(width, height, 0.0) }
    }

    fn add(&mut self, amount: f32, inside: impl Fn(f32, f32) -> f32) {
        let (w, h) = (self.picture.width, self.picture.height);
        for (i, v) in self.picture.data.iter_mut().enumerate() {
            let x = ((i % w) as f32 + 0.5) / w as f32 * 2.0 - 1.0;
            let y = ((i / w) as f32 + 0.5) / h as f32 * 2.0 - 1.0;
            *v += amount * inside(x, y);
        }
    }

    /// A rod with round ends from `a` to `b`; `shell` is the share of its wall, 1 when it is solid.
    fn capsule(&mut self, a: [f32; 2], b: [f32; 2], radius: f32, amount: f32, shell: f32) {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = (dx * dx + dy * dy).max(1e-6);
        self.add(amount, |x, y| {
            let t = (((x - a[0]) * dx + (y - a[1]) * dy) / length).clamp(0.0, 1.0);
            let (ex, ey) = (x - a[0] - t * dx, y - a[1] - t * dy);
            let away = (ex * ex + ey * ey).sqrt() / radius;
            let chord = |r: f32| (r * r - away * away).max(0.0).sqrt();
            chord(1.0) - chord(1.0 - shell)
        });
    }

    fn ellipse(&mut self, centre: [f32; 2], radii: [f32; 2], amount: f32, shell: f32) {
        self.add(amount, |x, y| {
            let (u, v) = ((x - centre[0]) / radii[0], (y - centre[1]) / radii[1]);
            let away = (u * u + v * v).sqrt();
            let chord = |r: f32| (r * r - away * away).max(0.0).sqrt();
            chord(1.0) - chord(1.0 - shell)
        });
    }

    fn limb(&mut self, dice: &mut Dice) {
        let angle = dice.between(0.0, std::f32::consts::PI);
        let (s, c) = angle.sin_cos();
        let at = |t: f32, off: f32| [c * t - s * off, s * t + c * off];
        let flesh = dice.between(0.25, 0.5);
        self.capsule(at(-1.6, 0.0), at(1.6, 0.0), flesh, dice.between(0.3, 0.6), 1.0);
        let bones = 1 + dice.below(2);
        let joint = dice.between(-0.5, 0.5);
        for i in 0..bones {
            let off = if bones == 1 { 0.0 } else { (i as f32 - 0.5) * flesh * 0.8 };
            let radius = flesh * dice.between(0.25, 0.4) / bones as f32 * 1.4;
            self.capsule(at(-1.6, off), at(joint - radius, off), radius, 0.8, 0.5);
            self.capsule(at(joint + radius, off), at(1.6, off), radius, 0.8, 0.5);
            self.ellipse(at(joint - radius, off), [radius * 1.4; 2], 0.3, 1.0);
            self.ellipse(at(joint + radius, off), [radius * 1.4; 2], 0.3, 1.0);
        }
    }

    fn hand(&mut self, dice: &mut Dice) {
        let turn = dice.between(0.0, std::f32::consts::TAU);
        let (s, c) = turn.sin_cos();
        let at = |x: f32, y: f32| [c * x - s * y, s * x + c * y];
        let foot = dice.unit() < 0.4;
        let reach = if foot { 0.45 } else { dice.between(0.7, 0.95) };
        self.ellipse(at(0.0, 0.25), [0.42, 0.5], 0.35, 1.0);
        self.capsule(at(0.0, 0.4), at(0.0, 1.6), 0.3, 0.3, 1.0);
        self.capsule(at(-0.1, 0.7), at(-0.1, 1.6), 0.1, 0.6, 0.5);
        self.capsule(at(0.14, 0.7), at(0.14, 1.6), 0.08, 0.6, 0.5);
        for i in 0..5 {
            let lean = (i as f32 - 2.0) * dice.between(0.16, 0.22);
            let long = reach * (1.0 - 0.12 * (i as f32 - 2.0).abs());
            let from = [(i as f32 - 2.0) * 0.17, 0.1];
            let along = |t: f32| at(from[0] + lean * t, from[1] - long * t);
            self.capsule(at(from[0] * 0.6, 0.55), along(1.0), 0.095, 0.3, 1.0);
            self.capsule(at(from[0] * 0.6, 0.5), along(0.05), 0.05, 0.5, 0.6);
            for part in 0..3 {
                let t = 0.12 + part as f32 * 0.3;
                self.capsule(along(t), along(t + 0.22), 0.045, 0.5, 0.6);
            }
        }
        for _ in 0..6 {
            let place = at(dice.between(-0.2, 0.2), dice.between(0.5, 0.75));
            self.ellipse(place, [0.09; 2], 0.4, 0.6);
        }
    }

    fn head(&mut self, dice: &mut Dice) {
        let centre = [dice.between(-0.1, 0.1), dice.between(-0.25, 0.0)];
        let radii = [dice.between(0.5, 0.75), dice.between(0.6, 0.75)];
        self.ellipse(centre, radii, 0.5, 1.0);
        self.ellipse(centre, radii, 0.9, 0.12);
        self.capsule([centre[0], 0.4], [centre[0], 1.6], 0.3, 0.4, 1.0);
        self.ellipse([centre[0], 0.45], [0.35, 0.3], 0.5, 0.4);
        for side in [-1.0, 1.0] {
            self.ellipse([centre[0] + side * 0.22, 0.05], [0.16, 0.13], -0.35, 1.0);
        }
        for i in 0..5 {
            self.ellipse([centre[0], 0.65 + i as f32 * 0.16], [0.13, 0.07], 0.4, 0.7);
        }
    }

    fn abdomen(&mut self, dice: &mut Dice) {
        let wide = dice.between(0.75, 1.1);
        self.add(dice.between(0.5, 0.9), |x, _| (1.0 - (x / wide).powi(2)).max(0.0).sqrt());
        for i in 0..9 {
            self.ellipse([0.0, -1.0 + i as f32 * 0.2], [0.15, 0.085], 0.45, 0.8);
        }
        for side in [-1.0, 1.0] {
            self.ellipse([side * 0.5, 0.5], [0.36, 0.34], 0.5, 0.35);
            self.ellipse([side * 0.5, 1.0], [0.16, 0.16], 0.6, 0.5);
            for i in 0..3 {
                let y = -0.95 + i as f32 * 0.2;
                self.capsule([side * 0.2, y], [side * wide, y + 0.25], 0.035, 0.3, 0.6);
            }
        }
        for _ in 0..5 + dice.below(12) {
            let centre = [dice.between(-0.7, 0.7), dice.between(-0.8, 0.6)];
            let radii = [dice.between(0.04, 0.16), dice.between(0.04, 0.14)];
            self.ellipse(centre, radii, -dice.between(0.15, 0.35), 1.0);
        }
    }

    fn slice(&mut self, dice: &mut Dice) {
        let radii = [dice.between(0.8, 0.95), dice.between(0.55, 0.75)];
        let (w, h) = (self.picture.width as f32, self.picture.height as f32);
        let level = dice.between(0.4, 0.6);
        let flat = |centre: [f32; 2], radii: [f32; 2]| {
            move |x: f32, y: f32| {
                let (u, v) = ((x - centre[0]) / radii[0], (y - centre[1]) / radii[1]);
                let edge = 1.0 / (radii[0] * w).min(radii[1] * h).max(1.0);
                ((1.0 - u.hypot(v)) / (4.0 * edge)).clamp(0.0, 1.0)
            }
        };
        self.add(level, flat([0.0; 2], radii));
        for side in [-1.0, 1.0] {
            let lung = [dice.between(0.25, 0.33), dice.between(0.35, 0.48)];
            self.add(-level * 0.9, flat([side * 0.42, 0.0], lung));
        }
        self.add(0.4, flat([0.0, 0.42], [0.13, 0.12]));
        self.add(0.15, flat([0.08, -0.05], [0.2, 0.24]));
        for _ in 0..8 {
            let angle = dice.between(0.0, std::f32::consts::TAU);
            let (s, c) = angle.sin_cos();
            self.add(0.35, flat([c * radii[0] * 0.9, s * radii[1] * 0.9], [0.05, 0.03]));
        }
    }

    /// From thicknesses to a film: saturating, noisy, in any exposure.
    fn develop(mut self, dice: &mut Dice) -> Raster {
        let gain = dice.between(1.2, 2.6);
        let (black, noise) = (dice.between(0.0, 0.1), dice.between(0.0, 0.03));
        for v in &mut self.picture.data {
            let grey = 1.0 - (-gain * v.max(0.0)).exp();
            *v = (black + (1.0 - black) * grey + noise * dice.between(-1.0, 1.0)).clamp(0.0, 1.0);
        }
        self.picture
    }
}

/// Smooth random values, `cells` a side.
fn clouds(width: usize, height: usize, cells: usize, dice: &mut Dice) -> Vec<f32> {
    let knots: Vec<f32> = (0..(cells + 1) * (cells + 1)).map(|_| dice.between(-1.0, 1.0)).collect();
    let split = |i: usize, n: usize| {
        let place = i as f32 / n as f32 * cells as f32;
        let t = place.fract();
        ((place as usize).min(cells - 1), t * t * (3.0 - 2.0 * t))
    };
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        let (j, v) = split(y, height);
        for x in 0..width {
            let (i, u) = split(x, width);
            let at = |i: usize, j: usize| knots[j * (cells + 1) + i];
            let upper = at(i, j) * (1.0 - u) + at(i + 1, j) * u;
            let lower = at(i, j + 1) * (1.0 - u) + at(i + 1, j + 1) * u;
            out.push(upper * (1.0 - v) + lower * v);
        }
    }
    out
}

/// Into [0, 1] by its own range.
fn stretched(width: usize, height: usize, data: Vec<f32>) -> Raster {
    let raster = Raster { width, height, data };
    let (low, high) = raster.range();
    let scale = if high > low { 1.0 / (high - low) } else { 0.0 };
    let data = raster.data.iter().map(|v| (v - low) * scale).collect();
    Raster { width, height, data }
}

fn photograph(width: usize, height: usize, dice: &mut Dice) -> Raster {
    let slope = dice.between(0.4, 0.8);
    let mut data = vec![0.0; width * height];
    let (mut cells, mut strength) = (2, 1.0);
    while cells <= 64 {
        for (v, c) in data.iter_mut().zip(clouds(width, height, cells, dice)) {
            *v += strength * c;
        }
        (cells, strength) = (cells * 2, strength * slope);
    }
    // Things with edges in front of it.
    for _ in 0..dice.below(7) {
        let (cx, cy) = (dice.unit(), dice.unit());
        let (rx, ry) = (dice.between(0.05, 0.4), dice.between(0.05, 0.4));
        let (level, square, keep) = (dice.between(-1.5, 1.5), dice.unit() < 0.4, dice.unit() * 0.6);
        for (i, v) in data.iter_mut().enumerate() {
            let x = ((i % width) as f32 / width as f32 - cx) / rx;
            let y = ((i / width) as f32 / height as f32 - cy) / ry;
            let inside = if square { x.abs().max(y.abs()) < 1.0 } else { x.hypot(y) < 1.0 };
            if inside {
                *v = level + keep * *v;
            }
        }
    }
    stretched(width, height, data)
}

fn pattern(width: usize, height: usize, dice: &mut Dice) -> Raster {
    let kind = dice.below(5);
    let (s, c) = dice.between(0.0, std::f32::consts::TAU).sin_cos();
    let pitch = dice.between(4.0, 60.0);
    let sharp = dice.unit() < 0.5;
    let noise = dice.between(0.0, 0.2);
    let mut data = Vec::with_capacity(width * height);
    for i in 0..width * height {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let along = (x * c + y * s) / pitch;
        let across = (y * c - x * s) / pitch;
        let (w, h) = (width as f32, height as f32);
        let v = match kind {
            0 => (along * std::f32::consts::PI).sin(),
            1 => (along * std::f32::consts::PI).sin() * (across * std::f32::consts::PI).sin(),
            2 => (x * c / w) + (y * s / h),
            3 => dice.between(-1.0, 1.0),
            _ => (x / w - 0.5).hypot(y / h - 0.5) * if c > 0.0 { 1.0 } else { -1.0 },
        };
        let v = if sharp && kind < 2 { v.signum() } else { v };
        data.push(v + noise * dice.between(-1.0, 1.0));
    }
    stretched(width, height, data)
}

fn page(width: usize, height: usize, dice: &mut Dice) -> Raster {
    let dark = dice.unit() < 0.3;
    let mut data = vec![if dark { 0.1 } else { 0.95 }; width * height];
    let (size, gap) = (3 + dice.below(5), 2 + dice.below(6));
    let margin = dice.below(width / 6 + 1);
    let mut y = margin.max(2);
    while y + size < height {
        let mut x = margin;
        let end = width - dice.below(width / 2) - 1;
        while x < end {
            let word = 4 + dice.below(20);
            for py in y..y + size {
                for px in x..(x + word).min(end) {
                    if dice.unit() < 0.6 {
                        data[py * width + px] = if dark { 0.9 } else { 0.1 };
                    }
                }
            }
            x += word + 2 + dice.below(4);
        }
        y += size + gap;
    }
    Raster { width, height, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_is_a_picture_and_the_same_every_time() {
        for (purpose, subject) in Subject::ALL.into_iter().enumerate() {
            for index in 0..4 {
                let draw = || subject.draw(&mut Dice::new(3, purpose as u64, index));
                let one = draw();
                assert_eq!(one, draw());
                assert!(one.data.iter().all(|v| (0.0..=1.0).contains(v)), "{subject:?}");
                let (low, high) = one.range();
                assert!(high - low > 0.2, "{subject:?} shows something");
            }
        }
    }
}
