//! Thin things drawn on the film's plane: letters, frames, wires.

/// A layer of ink, `data[y * size + x]`; where strokes cross, the stronger one counts.
#[derive(Debug, Clone)]
pub(crate) struct Ink {
    size: usize,
    pub(crate) data: Vec<f32>,
}

impl Ink {
    /// An empty layer.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, data: vec![0.0; size * size] }
    }

    /// A straight stroke between two points (pixels), with a soft edge of one pixel.
    pub(crate) fn line(&mut self, a: [f64; 2], b: [f64; 2], half: f64, value: f64) {
        let reach = half + 1.0;
        let Some([x0, y0, x1, y1]) = self.area(
            [a[0].min(b[0]) - reach, a[1].min(b[1]) - reach],
            [a[0].max(b[0]) + reach, a[1].max(b[1]) + reach],
        ) else {
            return;
        };
        let axis = [b[0] - a[0], b[1] - a[1]];
        let square = axis[0] * axis[0] + axis[1] * axis[1];
        for y in y0..y1 {
            for x in x0..x1 {
                let p = [x as f64 + 0.5 - a[0], y as f64 + 0.5 - a[1]];
                let along = if square > 0.0 {
                    ((p[0] * axis[0] + p[1] * axis[1]) / square).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let gap = [p[0] - along * axis[0], p[1] - along * axis[1]];
                let distance = (gap[0] * gap[0] + gap[1] * gap[1]).sqrt();
                self.blend(x, y, half, distance, value);
            }
        }
    }

    /// A circle's line.
    pub(crate) fn ring(&mut self, center: [f64; 2], radius: f64, half: f64, value: f64) {
        let reach = radius + half + 1.0;
        let Some([x0, y0, x1, y1]) = self
            .area([center[0] - reach, center[1] - reach], [center[0] + reach, center[1] + reach])
        else {
            return;
        };
        for y in y0..y1 {
            for x in x0..x1 {
                let p = [x as f64 + 0.5 - center[0], y as f64 + 0.5 - center[1]];
                let distance = ((p[0] * p[0] + p[1] * p[1]).sqrt() - radius).abs();
                self.blend(x, y, half, distance, value);
            }
        }
    }

    /// A curve from `a` to `c` that is drawn towards `b` (quadratic Bezier).
    pub(crate) fn curve(&mut self, [a, b, c]: [[f64; 2]; 3], half: f64, value: f64) {
        const STEPS: usize = 20;
        let at = |k: usize| -> [f64; 2] {
            let t = k as f64 / STEPS as f64;
            let u = 1.0 - t;
            [0, 1].map(|i| u * u * a[i] + 2.0 * u * t * b[i] + t * t * c[i])
        };
        for k in 0..STEPS {
            self.line(at(k), at(k + 1), half, value);
        }
    }

    /// A word of the letters that [`strokes`] knows; `from` is its upper left corner and `right`
    /// the direction of writing. Returns its length.
    pub(crate) fn word(
        &mut self,
        text: &str,
        from: [f64; 2],
        right: [f64; 2],
        height: f64,
        half: f64,
        value: f64,
    ) -> f64 {
        let unit = height / 6.0;
        for (i, letter) in text.chars().enumerate() {
            let start = i as f64 * 5.6;
            let place = |p: (u8, u8)| -> [f64; 2] {
                let (u, v) = ((f64::from(p.0) + start) * unit, f64::from(p.1) * unit);
                [from[0] + u * right[0] - v * right[1], from[1] + u * right[1] + v * right[0]]
            };
            for stroke in strokes(letter) {
                for pair in stroke.windows(2) {
                    self.line(place(pair[0]), place(pair[1]), half, value);
                }
            }
        }
        (text.len() as f64 * 5.6 - 1.6).max(0.0) * unit
    }

    fn blend(&mut self, x: usize, y: usize, half: f64, distance: f64, value: f64) {
        let cover = (half + 0.5 - distance).clamp(0.0, (2.0 * half).min(1.0));
        let ink = &mut self.data[y * self.size + x];
        *ink = ink.max((cover * value) as f32);
    }

    /// The pixels of a rectangle; none when it lies outside the picture.
    fn area(&self, low: [f64; 2], high: [f64; 2]) -> Option<[usize; 4]> {
        let edge = |v: f64| v.clamp(0.0, self.size as f64) as usize;
        let area = [edge(low[0]), edge(low[1]), edge(high[0].ceil()), edge(high[1].ceil())];
        (area[0] < area[2] && area[1] < area[3]).then_some(area)
    }
}

type Stroke = &'static [(u8, u8)];

/// Letters on a grid of 4 x 6; what is not known is blank.
fn strokes(letter: char) -> &'static [Stroke] {
    match letter {
        'A' => &[&[(0, 6), (2, 0), (4, 6)], &[(1, 4), (3, 4)]],
        'B' => &[&[
            (0, 3),
            (3, 3),
            (4, 4),
            (4, 5),
            (3, 6),
            (0, 6),
            (0, 0),
            (3, 0),
            (4, 1),
            (4, 2),
            (3, 3),
        ]],
        'C' => &[&[(4, 1), (3, 0), (1, 0), (0, 1), (0, 5), (1, 6), (3, 6), (4, 5)]],
        'D' => &[&[(0, 0), (2, 0), (4, 2), (4, 4), (2, 6), (0, 6), (0, 0)]],
        'E' => &[&[(4, 0), (0, 0), (0, 6), (4, 6)], &[(0, 3), (3, 3)]],
        'I' | '1' => &[&[(2, 0), (2, 6)]],
        'J' => &[&[(3, 0), (3, 5), (2, 6), (1, 6), (0, 5)]],
        'L' => &[&[(0, 0), (0, 6), (4, 6)]],
        'M' => &[&[(0, 6), (0, 0), (2, 3), (4, 0), (4, 6)]],
        'N' => &[&[(0, 6), (0, 0), (4, 6), (4, 0)]],
        'O' | '0' => &[&[(1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)]],
        'P' => &[&[(0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3)]],
        'R' => &[&[(0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3)], &[(2, 3), (4, 6)]],
        'S' | '5' => {
            &[&[(4, 0), (1, 0), (0, 1), (0, 2), (1, 3), (3, 3), (4, 4), (4, 5), (3, 6), (0, 6)]]
        }
        'T' => &[&[(0, 0), (4, 0)], &[(2, 0), (2, 6)]],
        'U' => &[&[(0, 0), (0, 5), (1, 6), (3, 6), (4, 5), (4, 0)]],
        'K' => &[&[(0, 0), (0, 6)], &[(4, 0), (0, 4)], &[(1, 3), (4, 6)]],
        '2' => &[&[(0, 1), (1, 0), (3, 0), (4, 1), (4, 2), (0, 6), (4, 6)]],
        '3' => &[&[(0, 0), (4, 0), (2, 2), (4, 4), (3, 6), (0, 6)]],
        '4' => &[&[(3, 6), (3, 0), (0, 4), (4, 4)]],
        '7' => &[&[(0, 0), (4, 0), (1, 6)]],
        ':' => &[&[(2, 2), (2, 2)], &[(2, 4), (2, 4)]],
        _ => &[],
    }
}
