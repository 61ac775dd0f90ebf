//! Solids whose intersection with a ray is known in closed form.

use super::ray::{Aabb, Ray, Vec3, dot, sub};
use super::spans::Span;

/// An ellipsoid of any orientation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ellipsoid {
    center: Vec3,
    /// Maps an offset from the centre to the unit sphere; rows are axes divided by radii.
    to_sphere: [Vec3; 3],
    /// Half extents of the bounding box.
    half: Vec3,
}

impl Ellipsoid {
    /// With its radii along x, y, z.
    pub(crate) fn new(center: Vec3, radii: Vec3) -> Self {
        Self::turned(center, radii, 0.0)
    }

    /// Turned by `angle` radians in the frontal plane (x towards y: clockwise as the film hangs).
    pub(crate) fn turned(center: Vec3, radii: Vec3, angle: f64) -> Self {
        Self::leaning(center, radii, angle, 0.0)
    }

    /// Turned in the frontal plane, then by `lean` radians in the sagittal plane (y towards z: the
    /// lower end comes forward).
    pub(crate) fn leaning(center: Vec3, radii: Vec3, angle: f64, lean: f64) -> Self {
        let (s, c) = (libm::sin(angle), libm::cos(angle));
        let (sl, cl) = (libm::sin(lean), libm::cos(lean));
        let tip = |v: Vec3| [v[0], cl * v[1] - sl * v[2], sl * v[1] + cl * v[2]];
        let axes = [tip([c, s, 0.0]), tip([-s, c, 0.0]), tip([0.0, 0.0, 1.0])];
        let to_sphere = std::array::from_fn(|i| axes[i].map(|v| v / radii[i]));
        let half = std::array::from_fn(|k| {
            let sum: f64 = (0..3).map(|i| (axes[i][k] * radii[i]) * (axes[i][k] * radii[i])).sum();
            sum.sqrt()
        });
        Self { center, to_sphere, half }
    }

    fn map(&self, v: Vec3) -> Vec3 {
        self.to_sphere.map(|row| dot(row, v))
    }

    /// Where the ray is inside.
    pub(crate) fn span(&self, ray: &Ray) -> Option<Span> {
        let o = self.map(sub(ray.origin, self.center));
        let d = self.map(ray.direction);
        roots(dot(d, d), dot(o, d), dot(o, o) - 1.0)
    }

    /// Whether the point is inside.
    pub(crate) fn contains(&self, p: Vec3) -> bool {
        let u = self.map(sub(p, self.center));
        dot(u, u) <= 1.0
    }

    /// The `x` of a row of rays that may meet it: rays from `origin` along `start + x step`.
    pub(crate) fn row(&self, origin: Vec3, start: Vec3, step: Vec3) -> Option<Span> {
        quadric_row(self.map(sub(origin, self.center)), self.map(start), self.map(step))
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        Aabb {
            low: std::array::from_fn(|k| self.center[k] - self.half[k]),
            high: std::array::from_fn(|k| self.center[k] + self.half[k]),
        }
    }
}

/// An upright elliptic cylinder between two heights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// x and z of the axis.
    pub(crate) axis: [f64; 2],
    /// Radii along x and z.
    pub(crate) radii: [f64; 2],
    /// Upper and lower end (y).
    pub(crate) ends: [f64; 2],
}

impl Column {
    /// Where the ray is inside.
    pub(crate) fn span(&self, ray: &Ray) -> Option<Span> {
        let (ox, dx) =
            ((ray.origin[0] - self.axis[0]) / self.radii[0], ray.direction[0] / self.radii[0]);
        let (oz, dz) =
            ((ray.origin[2] - self.axis[1]) / self.radii[1], ray.direction[2] / self.radii[1]);
        let inside = roots(dx * dx + dz * dz, ox * dx + oz * dz, ox * ox + oz * oz - 1.0)?;
        let upper = ray.below([0.0, -1.0, 0.0], -self.ends[0]);
        let lower = ray.below([0.0, 1.0, 0.0], self.ends[1]);
        some(overlap(overlap(inside, upper), lower))
    }

    /// Whether the point is inside.
    pub(crate) fn contains(&self, p: Vec3) -> bool {
        let (x, z) = ((p[0] - self.axis[0]) / self.radii[0], (p[2] - self.axis[1]) / self.radii[1]);
        x * x + z * z <= 1.0 && p[1] >= self.ends[0] && p[1] <= self.ends[1]
    }

    /// As [`Ellipsoid::row`], for the column without its ends.
    pub(crate) fn row(&self, origin: Vec3, start: Vec3, step: Vec3) -> Option<Span> {
        let map = |v: Vec3| [v[0] / self.radii[0], 0.0, v[2] / self.radii[1]];
        let center = [self.axis[0], 0.0, self.axis[1]];
        quadric_row(map(sub(origin, center)), map(start), map(step))
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        Aabb {
            low: [self.axis[0] - self.radii[0], self.ends[0], self.axis[1] - self.radii[1]],
            high: [self.axis[0] + self.radii[0], self.ends[1], self.axis[1] + self.radii[1]],
        }
    }
}

/// A rod with round ends: all points within `radius` of a segment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Capsule {
    from: Vec3,
    to: Vec3,
    axis: Vec3,
    length: f64,
    radius: f64,
}

impl Capsule {
    /// Around the segment `from`–`to`.
    pub(crate) fn new(from: Vec3, to: Vec3, radius: f64) -> Self {
        let span = sub(to, from);
        Self { from, to, axis: super::ray::unit(span), length: dot(span, span).sqrt(), radius }
    }

    /// Where the ray is inside. The rod is convex, so the hull of its three parts (tube and two
    /// balls) is the answer.
    pub(crate) fn span(&self, ray: &Ray) -> Option<Span> {
        let m = sub(ray.origin, self.from);
        let (md, mm) = (dot(m, ray.direction), dot(m, m));
        let (dw, mw) = (dot(ray.direction, self.axis), dot(m, self.axis));
        let r2 = self.radius * self.radius;
        // A ray that misses the endless tube misses the balls, which lie inside it.
        let tube = roots(1.0 - dw * dw, md - mw * dw, mm - mw * mw - r2)?;
        // Mostly the ray enters and leaves between the ends.
        let (enters, leaves) = (mw + tube.0 * dw, mw + tube.1 * dw);
        if enters.min(leaves) >= 0.0 && enters.max(leaves) <= self.length {
            return Some(tube);
        }
        let mut hull: Option<Span> = None;
        let mut include = |s: Span| {
            if s.1 > s.0 {
                hull = Some(hull.map_or(s, |h| (h.0.min(s.0), h.1.max(s.1))));
            }
        };
        let after_start = ray.below(self.axis.map(|v| -v), -dot(self.axis, self.from));
        let before_end = ray.below(self.axis, dot(self.axis, self.to));
        include(overlap(overlap(tube, after_start), before_end));
        if let Some(s) = roots(1.0, md, mm - r2) {
            include(s);
        }
        let m = sub(ray.origin, self.to);
        if let Some(s) = roots(1.0, dot(m, ray.direction), dot(m, m) - r2) {
            include(s);
        }
        hull
    }

    /// Whether the point is inside.
    pub(crate) fn contains(&self, p: Vec3) -> bool {
        let m = sub(p, self.from);
        let t = dot(m, self.axis).clamp(0.0, self.length);
        let gap = super::ray::along(m, -t, self.axis);
        dot(gap, gap) <= self.radius * self.radius
    }

    /// Ends of its axis, and its radius.
    pub(crate) fn axis(&self) -> (Vec3, Vec3, f64) {
        (self.from, self.to, self.radius)
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        Aabb {
            low: std::array::from_fn(|k| self.from[k].min(self.to[k]) - self.radius),
            high: std::array::from_fn(|k| self.from[k].max(self.to[k]) + self.radius),
        }
    }
}

/// The common part of two intervals; `from >= to` when there is none.
pub(crate) fn overlap(a: Span, b: Span) -> Span {
    (a.0.max(b.0), a.1.min(b.1))
}

fn some(s: Span) -> Option<Span> {
    (s.1 > s.0).then_some(s)
}

/// The `x` for which the line from `o` along `a + x b` meets the unit sphere: where
/// `(o.d)^2 - (o.o - 1) d.d > 0`, a quadratic function of `x`.
fn quadric_row(o: Vec3, a: Vec3, b: Vec3) -> Option<Span> {
    let k = dot(o, o) - 1.0;
    let (oa, ob) = (dot(o, a), dot(o, b));
    let square = k * dot(b, b) - ob * ob;
    if square <= 0.0 {
        // The shadow has no end in this direction: the source is inside, or the solid endless.
        return Some((f64::NEG_INFINITY, f64::INFINITY));
    }
    roots(square, k * dot(a, b) - oa * ob, k * dot(a, a) - oa * oa)
}

/// Where `a t^2 + 2 b t + c <= 0`, for `a >= 0`.
fn roots(a: f64, b: f64, c: f64) -> Option<Span> {
    let discriminant = b * b - a * c;
    if discriminant <= 0.0 || a <= 0.0 {
        return None;
    }
    let (root, inverse) = (discriminant.sqrt(), 1.0 / a);
    Some(((-b - root) * inverse, (-b + root) * inverse))
}
