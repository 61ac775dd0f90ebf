//! Bones that repeat: ribs and vertebrae, a smooth solid cut by evenly spaced slabs.

use super::ray::{Aabb, Ray, Vec3, dot};
use super::solid::{Column, Ellipsoid, overlap};
use super::spans::{Span, Spans};

/// About evenly spaced slabs. With `s(p) = (normal . p) / (1 + fan . p)`, slab `k` holds the points
/// with `begin <= s(p) <= begin + height`, where `begin = first + k spacing + wobble[k mod 8]`. A
/// fan of 0 makes them parallel; else all their planes meet in one line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slabs {
    /// Need not have length 1.
    pub(crate) normal: Vec3,
    /// Per millimetre; `1 + fan . p` must stay above 0 in the body.
    pub(crate) fan: Vec3,
    /// Start of slab 0.
    pub(crate) first: f64,
    /// From one start to the next.
    pub(crate) spacing: f64,
    /// Thickness of a slab, less than the spacing.
    pub(crate) height: f64,
    /// How many there are.
    pub(crate) count: usize,
    /// How far a slab is moved; slabs must stay apart and in order.
    pub(crate) wobble: [f64; 8],
}

impl Slabs {
    fn begin(&self, k: usize) -> f64 {
        self.first + k as f64 * self.spacing + self.wobble[k & 7]
    }

    /// Indices of the slabs that may hold a value of `s` from `low` to `high`.
    fn range(&self, low: f64, high: f64) -> Option<(usize, usize)> {
        // Truncation is floor or more here, and one slab more at each end covers the wobble.
        let last = self.count as f64 - 1.0;
        let each = 1.0 / self.spacing;
        let from = (low - self.first - self.height) * each - 1.0;
        let to = (high - self.first) * each + 1.0;
        (to >= 0.0 && from <= last && low <= high).then(|| (from as usize, to.min(last) as usize))
    }

    /// Adds the parts of `within` that lie in a slab, in order.
    fn cut(&self, ray: &Ray, within: Span, out: &mut Spans) {
        // s(t) = (a + b t) / (c + d t): monotonous, since the divisor is above 0.
        let (a, b) = (dot(self.normal, ray.origin), dot(self.normal, ray.direction));
        let (c, d) = (1.0 + dot(self.fan, ray.origin), dot(self.fan, ray.direction));
        let s = |t: f64| (a + b * t) / (c + d * t);
        let (s0, s1) = (s(within.0), s(within.1));
        let Some((from, to)) = self.range(s0.min(s1), s0.max(s1)) else {
            return;
        };
        let reach = |s: f64| (s * c - a) / (b - s * d);
        let rising = s1 >= s0;
        for i in from..=to {
            // Slabs are met in falling order by a ray that runs against the normal.
            let k = if rising { i } else { to + from - i };
            let begin = self.begin(k);
            let end = begin + self.height;
            // An end that `within` does not reach is not solved for: the line has a pole.
            let (first, last) = if rising { (begin, end) } else { (end, begin) };
            let starts_in = if rising { s0 >= first } else { s0 <= first };
            let ends_in = if rising { s1 <= last } else { s1 >= last };
            if s0.min(s1) > end || s0.max(s1) < begin {
                continue;
            }
            let start = if starts_in { within.0 } else { reach(first) };
            let stop = if ends_in { within.1 } else { reach(last) };
            out.push(overlap(within, (start, stop)));
        }
    }

    fn contains(&self, p: Vec3) -> bool {
        let s = dot(self.normal, p) / (1.0 + dot(self.fan, p));
        self.range(s, s).is_some_and(|(from, to)| {
            (from..=to).any(|k| s >= self.begin(k) && s <= self.begin(k) + self.height)
        })
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
