//! Bones that repeat: ribs and vertebrae, a smooth solid cut by evenly spaced slabs.

use super::ray::{Aabb, Ray, Vec3, dot};
use super::solid::{Column, Ellipsoid, overlap};
use super::spans::{Span, Spans};

/// Evenly spaced parallel slabs: slab `k` holds the points with
/// `first + k spacing <= normal . p <= first + k spacing + height`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slabs {
    /// Need not have length 1.
    pub(crate) normal: Vec3,
    /// Start of slab 0.
    pub(crate) first: f64,
    /// From one start to the next.
    pub(crate) spacing: f64,
    /// Thickness of a slab, less than the spacing.
    pub(crate) height: f64,
    /// How many there are.
    pub(crate) count: usize,
}

impl Slabs {
    /// Adds the parts of `within` that lie in a slab, in order.
    fn cut(&self, ray: &Ray, within: Span, out: &mut Spans) {
        let (start, speed) = (dot(self.normal, ray.origin), dot(self.normal, ray.direction));
        let (s0, s1) = (start + within.0 * speed, start + within.1 * speed);
        let (low, high) = (s0.min(s1), s0.max(s1));
        let from = ((low - self.first - self.height) / self.spacing).ceil().max(0.0);
        let to = ((high - self.first) / self.spacing).floor().min(self.count as f64 - 1.0);
        if from > to {
            return;
        }
        let (from, to) = (from as usize, to as usize);
        for i in from..=to {
            // Slabs are met in falling order by a ray that runs against the normal.
            let k = if speed < 0.0 { to + from - i } else { i };
            let begin = self.first + k as f64 * self.spacing;
            let end = begin + self.height;
            let inside = if speed > 0.0 {
                ((begin - start) / speed, (end - start) / speed)
            } else if speed < 0.0 {
                ((end - start) / speed, (begin - start) / speed)
            } else {
                within
            };
            out.push(overlap(within, inside));
        }
    }

    fn contains(&self, p: Vec3) -> bool {
        let s = dot(self.normal, p) - self.first;
        let k = (s / self.spacing).floor();
        k >= 0.0 && k < self.count as f64 && s - k * self.spacing <= self.height
    }
}

/// The ribs of one side: a shell between two ellipsoids, cut by tilted slabs, so that each rib
/// leaves the spine high and ends low in front; the front ends where the cartilage begins, which
/// a film does not show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ribs {
    /// Outer surface of the shell.
    pub(crate) outer: Ellipsoid,
    /// Inner surface of the shell.
    pub(crate) inner: Ellipsoid,
    /// The ribs' planes.
    pub(crate) slabs: Slabs,
    /// -1 for the patient's right side, +1 for the left.
    pub(crate) side: f64,
    /// No bone nearer to the midline than this.
    pub(crate) medial: f64,
    /// No bone in front of this z.
    pub(crate) front: f64,
}

impl Ribs {
    /// Where the ray is in bone.
    pub(crate) fn spans(&self, ray: &Ray, out: &mut Spans) {
        let Some(outer) = self.outer.span(ray) else {
            return;
        };
        let lateral = ray.below([-self.side, 0.0, 0.0], -self.medial);
        let behind = ray.below([0.0, 0.0, 1.0], self.front);
        let window = overlap(overlap(outer, lateral), behind);
        if window.1 <= window.0 {
            return;
        }
        match self.inner.span(ray) {
            Some(inner) => {
                for part in [(outer.0, inner.0), (inner.1, outer.1)] {
                    let part = overlap(part, window);
                    if part.1 > part.0 {
                        self.slabs.cut(ray, part, out);
                    }
                }
            }
            None => self.slabs.cut(ray, window, out),
        }
    }

    /// Whether the point is in bone.
    pub(crate) fn contains(&self, p: Vec3) -> bool {
        self.outer.contains(p)
            && !self.inner.contains(p)
            && p[0] * self.side >= self.medial
            && p[2] <= self.front
            && self.slabs.contains(p)
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        self.outer.bounds()
    }
}

/// Vertebrae: a column cut by level slabs (the gaps are the discs).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vertebrae {
    /// The whole column.
    pub(crate) column: Column,
    /// The vertebral bodies' heights.
    pub(crate) slabs: Slabs,
}

impl Vertebrae {
    /// Where the ray is in bone.
    pub(crate) fn spans(&self, ray: &Ray, out: &mut Spans) {
        if let Some(span) = self.column.span(ray) {
            self.slabs.cut(ray, span, out);
        }
    }

    /// Whether the point is in bone.
    pub(crate) fn contains(&self, p: Vec3) -> bool {
        self.column.contains(p) && self.slabs.contains(p)
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        self.column.bounds()
    }
}
