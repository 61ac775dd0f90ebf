//! What lies on the film besides the patient: side markers, words, leads.

use super::anatomy::Patient;
use super::camera::Camera;
use super::framing::Framing;
use super::ink::Ink;
use super::rng::Rng;
use super::technique::Technique;

/// Layers over the film.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    /// Attenuation of what lies in the beam: leads, lead letters.
    pub(crate) beam: Ink,
    /// What is written afterwards: 1 = white.
    pub(crate) written: Ink,
}

/// Words as films carry them.
const WORDS: [&str; 8] =
    ["PORTABLE", "AP", "ERECT", "SUPINE", "SEMI", "MOBILE", "AP SUPINE", "AP ERECT"];
const INITIALS: [&str; 8] = ["JB", "TM", "KL", "SD", "AC", "RN", "PE", "MO"];

impl Marks {
    /// Draws markers and clutter.
    pub(crate) fn draw(
        rng: &mut Rng,
        technique: &Technique,
        framing: &Framing,
        patient: &Patient,
        camera: &Camera,
    ) -> Self {
        let size = camera.size();
        let mut marks = Self { beam: Ink::new(size), written: Ink::new(size) };
        let sides = if technique.second { 0.72 } else { 0.3 };
        let left = !rng.chance(sides);
        if rng.chance(0.94) {
            marks.side_marker(rng, technique, framing, size as f64, left);
        }
        let words = match (technique.portable, technique.second) {
            (true, false) => 0.6,
            (true, true) => 0.85,
            (false, true) => 0.3,
            (false, false) => 0.08,
        };
        if rng.chance(words) {
            marks.words(rng, technique, framing, size as f64, left);
        }
        let leads = if technique.portable { 0.72 } else { 0.05 };
        if rng.chance(leads) {
            marks.leads(rng, patient, camera);
        }
        marks
    }

    fn side_marker(
        &mut self,
        rng: &mut Rng,
        technique: &Technique,
        framing: &Framing,
        size: f64,
        left: bool,
    ) {
        let height =
            size * if technique.second { rng.range(0.028, 0.042) } else { rng.range(0.034, 0.058) };
        let [x0, y0, x1, y1] = framing.film.map(|v| v * size);
        let inset = size * rng.range(0.05, 0.12);
        let x = if left { x1 - inset } else { x0 + inset };
        let drop = if rng.chance(if technique.second { 0.5 } else { 0.85 }) {
            rng.range(0.03, 0.13)
        } else {
            rng.range(0.3, 0.85)
        };
        let y = y0 + drop * (y1 - y0);
        let angle = if rng.chance(0.3) { rng.range(-0.35, 0.35) } else { rng.range(-0.05, 0.05) };
        let right = [libm::cos(angle), libm::sin(angle)];
        let letter = if left { "L" } else { "R" };
        let half = (0.085 * height).max(0.45);
        let lead = rng.chance(if technique.second { 0.35 } else { 0.75 });
        let (layer, value) =
            if lead { (&mut self.beam, rng.range(1.2, 4.0)) } else { (&mut self.written, 1.0) };
        let from = [x - 0.33 * height, y];
        layer.word(letter, from, right, height, half, value);
        let center = [
            from[0] + height * (0.33 * right[0] - 0.5 * right[1]),
            from[1] + height * (0.33 * right[1] + 0.5 * right[0]),
        ];
        let corner = |u: f64, v: f64| {
            let (u, v) = (u * height, v * height);
            [center[0] + u * right[0] - v * right[1], center[1] + u * right[1] + v * right[0]]
        };
        match rng.below(if technique.second { 3 } else { 5 }) {
            0 => layer.ring(center, 0.85 * height, 0.6 * half, value),
            1 => {
                let at =
                    [corner(-0.6, -0.8), corner(0.6, -0.8), corner(0.6, 0.8), corner(-0.6, 0.8)];
                for k in 0..4 {
                    layer.line(at[k], at[(k + 1) % 4], 0.6 * half, value);
                }
            }
            // A plastic plate around the letter.
            2 => layer.line(corner(0.0, -0.3), corner(0.0, 0.3), 0.6 * height, 0.25 * value),
            _ => {}
        }
        if rng.chance(0.5) {
            let name = INITIALS[rng.below(INITIALS.len())];
            layer.word(name, corner(-0.4, 1.0), right, 0.45 * height, 0.6 * half, value);
        }
    }

    /// A word in a corner, away from the side marker.
    fn words(
        &mut self,
        rng: &mut Rng,
        technique: &Technique,
        framing: &Framing,
        size: f64,
        left: bool,
    ) {
        let [x0, y0, x1, y1] = framing.film.map(|v| v * size);
        let word = if technique.ap { WORDS[rng.below(WORDS.len())] } else { "ERECT" };
        let height = size * rng.range(0.018, 0.03);
        let length = word.len() as f64 * 0.93 * height;
        let edge = size * rng.range(0.02, 0.06);
        let x = if left { x0 + edge } else { x1 - edge - length };
        let y = if rng.chance(0.5) { y0 + edge } else { y1 - edge - height };
        self.written.word(word, [x, y], [1.0, 0.0], height, (0.08 * height).max(0.35), 1.0);
        if rng.chance(0.4) {
            let hours = ["07:42", "12:30", "23:15", "04:10"][rng.below(4)];
            let below = [x, y + 1.5 * height];
            self.written.word(hours, below, [1.0, 0.0], height, (0.07 * height).max(0.3), 0.9);
        }
    }

    /// Electrodes on the skin with their leads, and at times a tube across the chest.
    fn leads(&mut self, rng: &mut Rng, patient: &Patient, camera: &Camera) {
        let size = camera.size() as f64;
        let mm = 1.0 / camera.pixel_mm();
        let front = patient.lung_radii[2] + 20.0;
        let wide = patient.half_width();
        let exit = if rng.chance(0.5) { -0.05 } else { 1.05 };
        let count = 2 + rng.below(4);
        for k in 0..count {
            let side = if k % 2 == 0 { -1.0 } else { 1.0 };
            let y = if k < 2 { rng.range(-110.0, -50.0) } else { rng.range(40.0, 150.0) };
            let at = camera.project([side * wide * rng.range(0.55, 1.0), y, front]);
            let radius = rng.range(4.0, 7.0) * mm;
            let strong = rng.range(0.5, 1.6);
            self.beam.ring(at, 0.5 * radius, 0.5 * radius, 0.16);
            self.beam.ring(at, 0.2 * radius, 0.3 * radius, strong);
            let end = [exit * size, size * rng.range(0.2, 1.05)];
            let bend = [size * rng.range(0.05, 0.95), size * rng.range(0.1, 0.95)];
            self.beam.curve([at, bend, end], (0.75 * mm).max(0.4), rng.range(0.25, 0.7));
        }
        if rng.chance(0.35) {
            let from = [size * rng.range(0.25, 0.75), -0.05 * size];
            let bend = [size * rng.range(0.0, 1.0), size * rng.range(0.2, 0.8)];
            let end = [size * rng.range(-0.1, 1.1), 1.05 * size];
            // A tube's two walls.
            for shift in [-2.2 * mm, 2.2 * mm] {
                let walls = [from, bend, end].map(|p| [p[0] + shift, p[1]]);
                self.beam.curve(walls, (0.5 * mm).max(0.35), 0.22);
            }
        }
    }
}
