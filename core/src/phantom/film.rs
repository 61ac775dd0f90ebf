//! From line integrals to the grey picture: beam, scatter, blur, quanta, and then the film.

use super::config::PhantomConfig;
use super::framing::Framing;
use super::glare::{Glare, blur};
use super::marks::Marks;
use super::rng::Rng;
use super::technique::Technique;
use super::tone::Tone;
use crate::raster::Mask;

/// How one film was exposed and developed.
#[derive(Debug, Clone)]
pub(crate) struct Exposure {
    /// `[x0, y0, x1, y1]` in pixels, ends excluded: what the collimator lets through lies in it.
    pub(crate) window: [usize; 4],
    framing: Framing,
    marks: Marks,
    tone: Tone,
    /// Quanta that reach a pixel without a patient.
    quanta: f32,
    /// Scattered radiation over the primary around it.
    scatter: f32,
    /// Share of a pixel's signal that goes to each neighbour, before and after the quanta are
    /// counted: a screen blurs its light, a reader's software the picture.
    blur: [f32; 2],
}

impl Exposure {
    /// Draws how the film is taken.
    pub(crate) fn draw(
        rng: &mut Rng,
        config: &PhantomConfig,
        technique: &Technique,
        framing: Framing,
        marks: Marks,
        size: usize,
    ) -> Self {
        let side = size as f64;
        // A grid keeps the scatter out; mobile units often have none.
        let scatter = if technique.portable { rng.range(0.5, 1.3) } else { rng.range(0.2, 0.8) };
        let quanta =
            if technique.second { rng.range(1.6e4, 5.0e4) } else { rng.range(2.5e4, 1.2e5) };
        // Coarse pixels blur less of the anatomy.
        let fine = (side / 224.0).clamp(0.5, 1.0);
        let soft = if technique.second {
            [rng.range(0.0, 0.04), rng.range(0.06, 0.2)]
        } else {
            [rng.range(0.03, 0.17), 0.09 * rng.unit() * rng.unit()]
        };
        Self {
            window: framing.window(size),
            framing,
            marks,
            tone: Tone::draw(rng, config, technique),
            // A pixel of a coarser picture gathers more quanta.
            quanta: (quanta * (256.0 / side) * (256.0 / side)) as f32,
            scatter: scatter as f32,
            blur: soft.map(|v| (v * fine) as f32),
        }
    }

    /// Takes off the masks what the collimator or the film's edge cuts off the picture.
    pub(crate) fn cut(&self, masks: &mut [Mask]) {
        for mask in masks.iter_mut() {
            let size = mask.width;
            for (i, bit) in mask.data.iter_mut().enumerate().filter(|(_, bit)| **bit != 0) {
                *bit = u8::from(self.framing.is_lit(i % size, i / size, size));
            }
        }
    }

    /// The film's grey values in [0, 1], white where little radiation arrives.
    pub(crate) fn develop(
        &self,
        attenuation: &[f64],
        size: usize,
        noise: f64,
        rng: &mut Rng,
    ) -> Vec<f32> {
        // 0 off the film, 1 on it, 2 where the beam reaches it.
        let lit: Vec<u8> = (0..size * size)
            .map(|i| {
                let (x, y) = (i % size, i / size);
                u8::from(self.framing.is_film(x, y, size))
                    + u8::from(self.framing.is_lit(x, y, size))
            })
            .collect();
        // Beer-Lambert: what arrives without being scattered.
        let mut signal: Vec<f32> = attenuation
            .iter()
            .zip(&self.marks.beam.data)
            .zip(&lit)
            .map(|((&a, &mark), &lit)| if lit == 2 { libm::expf(-(a as f32) - mark) } else { 0.0 })
            .collect();
        // Scatter comes from the patient, not from the air beside.
        let glare = Glare::of(&signal, size, |s| s.min(0.12));
        for (y, row) in signal.chunks_exact_mut(size).enumerate() {
            for (x, s) in row.iter_mut().enumerate() {
                *s += self.scatter * glare.at(x, y) + 0.0004;
            }
        }
        blur(&mut signal, size, self.blur[0]);
        let spread = noise as f32 / self.quanta.sqrt();
        for s in &mut signal {
            // Poisson counts, as a normal distribution of the same variance.
            *s = (*s + spread * s.sqrt() * rng.gaussian() as f32).max(1e-4);
        }
        blur(&mut signal, size, self.blur[1]);
        for s in &mut signal {
            *s = -libm::logf(*s);
        }
        let patient = |i: usize| lit[i] == 2 && attenuation[i] > 0.3;
        self.tone.apply(&mut signal, size, &lit, patient);
        for (v, ink) in signal.iter_mut().zip(&self.marks.written.data) {
            *v += (1.0 - *v) * ink;
        }
        signal
    }
}
