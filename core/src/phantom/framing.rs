//! What of the patient is on the film, and what of the square picture is film.

use super::anatomy::Patient;
use super::config::View;
use super::ray::Vec3;
use super::rng::Rng;
use super::technique::Technique;

/// Where film and light field lie. Shares of the picture's side, unless said otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Framing {
    /// Side of the square picture in the middle of the patient, millimetres.
    pub(crate) side: f64,
    /// The point in the patient that lies in the middle of the picture.
    pub(crate) middle: Vec3,
    /// `[x0, y0, x1, y1]` of the film; around it the picture is padded with black.
    pub(crate) film: [f64; 4],
    /// Middle of the light field that the collimator leaves.
    center: [f64; 2],
    /// Half its width and height.
    half: [f64; 2],
    /// Sine and cosine of the light field's turn.
    turn: [f64; 2],
}

impl Framing {
    /// Draws a framing that holds the patient's lungs.
    pub(crate) fn draw(rng: &mut Rng, patient: &Patient, technique: &Technique) -> Self {
        let low = patient.recess_y(0).max(patient.recess_y(1));
        let tall = low - patient.apex_y();
        let lateral = technique.view == View::Lateral;
        let wide = if lateral {
            2.0 * patient.lung_radii[2] + 60.0
        } else {
            2.0 * (patient.lung_x + patient.lung_radii[0]) + 14.0
        };
        // Films lie across for wide patients at the bedside, upright for tall ones.
        let (across, upright) = match (technique.second, technique.ap) {
            (false, false) => (0.10, 0.22),
            (false, true) => (0.35, 0.06),
            (true, false) => (0.02, 0.45),
            (true, true) => (0.50, 0.04),
        };
        let (shape, aspect) = (rng.unit(), rng.range(0.78, 0.90));
        let size = if shape < across {
            [1.0, aspect]
        } else if shape < across + upright || lateral {
            [aspect, 1.0]
        } else {
            [1.0, 1.0]
        };
        // Air around the lungs; the second institution collimates closely.
        let air = if technique.second { rng.range(1.02, 1.22) } else { rng.range(1.02, 1.48) };
        let side = air * (wide / size[0]).max((tall + 14.0) / size[1]);
        let (width, height) = (side * size[0], side * size[1]);
        let slack = (height - tall).max(0.0);
        let above = slack * rng.range(0.22, 0.62);
        let aside = (0.5 * (width - wide)).clamp(0.0, 0.06 * side);
        let shift = aside * rng.range(-1.0, 1.0);
        let middle = [
            if lateral { 0.0 } else { shift },
            patient.apex_y() - above + 0.5 * height,
            if lateral { -14.0 + shift } else { 0.0 },
        ];
        let film =
            [0.5 - 0.5 * size[0], 0.5 - 0.5 * size[1], 0.5 + 0.5 * size[0], 0.5 + 0.5 * size[1]];
        // Most light fields are larger than the film; the others leave a dark rim.
        let rims = rng.chance(if technique.second { 0.55 } else { 0.28 });
        let mut rim = |spare: f64| if rims { rng.range(0.0, spare) } else { -0.1 };
        let spare = (above / side).clamp(0.004, 0.07);
        let beside = (0.5 * (width - wide) / side).clamp(0.004, 0.07);
        let [left, top, right, bottom] = [rim(beside), rim(spare), rim(beside), rim(0.05)];
        let field = [film[0] + left, film[1] + top, film[2] - right, film[3] - bottom];
        let crooked = rims && rng.chance(0.45);
        let angle = if crooked { rng.range(-0.035, 0.035) } else { 0.0 };
        Self {
            side,
            middle,
            film,
            center: [0.5 * (field[0] + field[2]), 0.5 * (field[1] + field[3])],
            half: [0.5 * (field[2] - field[0]), 0.5 * (field[3] - field[1])],
            turn: [libm::sin(angle), libm::cos(angle)],
        }
    }

    /// Whether the middle of pixel (`x`, `y`) of a picture with `size` pixels a side is film.
    pub(crate) fn is_film(&self, x: usize, y: usize, size: usize) -> bool {
        let [u, v] = [x, y].map(|k| (k as f64 + 0.5) / size as f64);
        u >= self.film[0] && v >= self.film[1] && u < self.film[2] && v < self.film[3]
    }

    /// Whether it is film that the beam reaches.
    pub(crate) fn is_lit(&self, x: usize, y: usize, size: usize) -> bool {
        let [u, v] = [x, y].map(|k| (k as f64 + 0.5) / size as f64);
        let (u0, v0) = (u - self.center[0], v - self.center[1]);
        let [s, c] = self.turn;
        let (across, down) = (c * u0 + s * v0, c * v0 - s * u0);
        across.abs() <= self.half[0] && down.abs() <= self.half[1] && self.is_film(x, y, size)
    }

    /// `[x0, y0, x1, y1]` in pixels, ends excluded, that holds every lit pixel.
    pub(crate) fn window(&self, size: usize) -> [usize; 4] {
        let [s, c] = self.turn.map(f64::abs);
        let half = [c * self.half[0] + s * self.half[1], s * self.half[0] + c * self.half[1]];
        let clip = |v: f64| (v * size as f64).clamp(0.0, size as f64) as usize;
        let low = |k: usize| clip((self.center[k] - half[k]).max(self.film[k]));
        let high =
            |k: usize| (clip((self.center[k] + half[k]).min(self.film[k + 2])) + 1).min(size);
        [low(0), low(1), high(0), high(1)]
    }
}
