//! What can be done to a film.

use g2d_core::raster::Raster;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// A stream of random numbers that follows from a seed, a purpose and an index.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, purpose: u64, index: u64) -> Self {
        let mut key = [0; 32];
        for (bytes, value) in key.chunks_exact_mut(8).zip([seed, purpose, index, 0x6732_6447]) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// In [0, 1).
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1_u32 << 24) as f32
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f32) as usize).min(n.saturating_sub(1))
    }
}

/// What is done to a frontal film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing but what differs from film to film anyway, see [`vary`].
    Vary,
    /// The same, and left and right exchanged: lateral films are taken from both sides.
    Mirror,
    /// Nothing at all.
    Keep,
    /// Black and white are exchanged.
    Invert,
    /// Turned, the head to the right.
    TurnRight,
    /// Turned, the head to the left.
    TurnLeft,
    /// Upside down.
    HalfTurn,
    /// Cut into tiles that are put together in another order.
    Jumble,
    /// A small part of it.
    Zoom,
}

impl Change {
    pub(super) fn apply(self, film: &Raster, dice: &mut Dice) -> Raster {
        match self {
            Self::Keep => film.clone(),
            Self::Vary => vary(film, dice),
            Self::Mirror => mirror(&vary(film, dice)),
            Self::Invert => {
                let mut film = vary(film, dice);
                film.data.iter_mut().for_each(|v| *v = 1.0 - *v);
                film
            }
            Self::TurnRight => turn(&vary(film, dice)),
            Self::TurnLeft => turn(&turn(&turn(&vary(film, dice)))),
            Self::HalfTurn => turn(&turn(&vary(film, dice))),
            Self::Jumble => jumble(film, dice),
            Self::Zoom => zoom(film, dice),
        }
    }
}

/// The film turned clockwise by 90 degrees.
pub(super) fn turn(film: &Raster) -> Raster {
    let (w, h) = (film.width, film.height);
    let mut data = Vec::with_capacity(film.data.len());
    for y in 0..w {
        data.extend((0..h).map(|x| film.at(y, h - 1 - x)));
    }
    Raster { width: h, height: w, data }
}

/// Left and right exchanged.
fn mirror(film: &Raster) -> Raster {
    let rows = film.data.chunks_exact(film.width.max(1));
    let data = rows.flat_map(|row| row.iter().rev().copied()).collect();
    Raster { width: film.width, height: film.height, data }
}

/// Black and white exchanged.
pub(super) fn invert(film: &Raster) -> Raster {
    let data = film.data.iter().map(|v| 1.0 - v).collect();
    Raster { width: film.width, height: film.height, data }
}

/// The grey between four pixels; black outside.
fn between(film: &Raster, x: f32, y: f32) -> f32 {
    if x < 0.0 || y < 0.0 || x > (film.width - 1) as f32 || y > (film.height - 1) as f32 {
        return 0.0;
    }
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(film.width - 1), (y0 + 1).min(film.height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let upper = film.at(x0, y0) * (1.0 - fx) + film.at(x1, y0) * fx;
    let lower = film.at(x0, y1) * (1.0 - fx) + film.at(x1, y1) * fx;
    upper * (1.0 - fy) + lower * fy
}

/// What differs from film to film: a slight turn, size, place, gamma; half of the films stay as
/// they are.
fn vary(film: &Raster, dice: &mut Dice) -> Raster {
    if dice.unit() < 0.5 {
        return film.clone();
    }
    let angle = dice.between(-0.12, 0.12);
    let (sin, cos) = angle.sin_cos();
    let (sx, sy) = (dice.between(0.85, 1.1), dice.between(0.85, 1.1));
    let (dx, dy) = (dice.between(-0.05, 0.05), dice.between(-0.05, 0.05));
    let gamma = dice.between(0.65, 1.5);
    let (black, white) = (dice.between(0.0, 0.08), dice.between(0.9, 1.0));
    let (w, h) = (film.width as f32, film.height as f32);
    let mut out = Raster::filled(film.width, film.height, 0.0);
    for (i, pixel) in out.data.iter_mut().enumerate() {
        let x = ((i % film.width) as f32 + 0.5) / w - 0.5;
        let y = ((i / film.width) as f32 + 0.5) / h - 0.5;
        let (u, v) = ((x * cos - y * sin) * sx + dx, (x * sin + y * cos) * sy + dy);
        let grey = between(film, (u + 0.5) * w - 0.5, (v + 0.5) * h - 0.5).clamp(0.0, 1.0);
        *pixel = black + (white - black) * grey.powf(gamma);
    }
    out
}

fn jumble(film: &Raster, dice: &mut Dice) -> Raster {
    let tiles = 2 + dice.below(3);
    let mut order: Vec<usize> = (0..tiles * tiles).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, dice.below(i + 1));
    }
    // By chance everything may be in its place again.
    order.rotate_left(1);
    let (tw, th) = (film.width / tiles, film.height / tiles);
    let mut out = Raster::filled(tw * tiles, th * tiles, 0.0);
    for (i, pixel) in out.data.iter_mut().enumerate() {
        let (x, y) = (i % (tw * tiles), i / (tw * tiles));
        let from = order[(y / th) * tiles + x / tw];
        *pixel = film.at((from % tiles) * tw + x % tw, (from / tiles) * th + y % th);
    }
    out
}

fn zoom(film: &Raster, dice: &mut Dice) -> Raster {
    let share = dice.between(0.15, 0.35);
    let side = |v: usize| ((v as f32 * share) as usize).max(8).min(v);
    let (w, h) = (side(film.width), side(film.height));
    let (x0, y0) = (dice.below(film.width - w + 1), dice.below(film.height - h + 1));
    let rows = (y0..y0 + h).flat_map(|y| (x0..x0 + w).map(move |x| film.at(x, y)));
    Raster { width: w, height: h, data: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film() -> Raster {
        let data = (0..40 * 60).map(|i| i as f32 / 2400.0).collect();
        Raster { width: 40, height: 60, data }
    }

    #[test]
    fn four_turns_are_none() {
        let once = turn(&film());
        assert_eq!((once.width, once.height), (60, 40));
        assert_eq!(once.at(59, 0), film().at(0, 0), "the top left goes to the top right");
        assert_eq!(turn(&turn(&turn(&once))), film());
        assert_eq!(invert(&invert(&film())).width, 40);
        assert_eq!(mirror(&film()).at(0, 3), film().at(39, 3));
        assert_eq!(mirror(&mirror(&film())), film());
    }

    #[test]
    fn changes_are_the_same_every_time_and_stay_in_range() {
        for change in [Change::Vary, Change::Jumble, Change::Zoom, Change::Invert] {
            for index in 0..8 {
                let make = || change.apply(&film(), &mut Dice::new(1, 2, index));
                let one = make();
                assert_eq!(one, make());
                assert_eq!(one.data.len(), one.width * one.height);
                assert!(one.data.iter().all(|v| (0.0..=1.0).contains(v)), "{change:?}");
            }
        }
    }
}
