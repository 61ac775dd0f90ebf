//! The solids of which findings are made: what [`Shape`] offers, cut and hollowed, and two more.

use crate::phantom::ray::{Aabb, Ray, Vec3, dot, sub};
use crate::phantom::solid::{Capsule, Ellipsoid, overlap};
use crate::phantom::spans::{Span, Spans};
use crate::phantom::volume::Shape;

/// The half space `normal . p <= limit`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    /// Need not have length 1.
    pub(crate) normal: Vec3,
    /// Same unit as `normal . p`.
    pub(crate) limit: f64,
}

impl Cut {
    /// The half space that `normal` leaves at `point`.
    pub(crate) fn at(point: Vec3, normal: Vec3) -> Self {
        Self { normal, limit: dot(normal, point) }
    }

    #[cfg(test)]
    fn contains(&self, p: Vec3) -> bool {
        dot(self.normal, p) <= self.limit
    }
}

/// A solid of one density.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Solid {
    hull: Shape,
    /// Only what lies in all of them is left.
    cuts: Vec<Cut>,
    /// Taken out.
    hollow: Option<Ellipsoid>,
}

/// A cloud: densest in its middle and fading to nothing at the surface of an ellipsoid, with
/// density `(1 - u^2)^2`, `u` the distance from the middle over the radius. The integral along a
/// ray is a polynomial, so one cloud does what dozens of hard blobs would have to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cloud {
    center: Vec3,
    /// Rows are axes divided by radii.
    to_sphere: [Vec3; 3],
    /// Where it has faded away.
    hull: Ellipsoid,
    /// Where it ends sharply.
    cuts: Vec<Cut>,
}

/// `u^2` up to which a cloud counts as the finding: at that border a ray gathers a sixth of what it
/// gathers in the middle, and a reader draws the border about there.
const CORE: f64 = 0.5;

impl Cloud {
    /// Turned by `angle` radians in the frontal plane, as [`Ellipsoid::turned`].
    pub(crate) fn new(center: Vec3, radii: Vec3, angle: f64) -> Self {
        let (s, c) = (libm::sin(angle), libm::cos(angle));
        let axes = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
        let to_sphere = std::array::from_fn(|i| axes[i].map(|v| v / radii[i]));
        let hull = Ellipsoid::turned(center, radii, angle);
        Self { center, to_sphere, hull, cuts: Vec::new() }
    }

    fn map(&self, v: Vec3) -> Vec3 {
        self.to_sphere.map(|row| dot(row, v))
    }

    /// Density at a point, 1 in the middle.
    #[cfg(test)]
    pub(crate) fn density(&self, p: Vec3) -> f64 {
        let u = self.map(sub(p, self.center));
        let left = (1.0 - dot(u, u)).max(0.0);
        if self.cuts.iter().all(|c| c.contains(p)) { left * left } else { 0.0 }
    }

    /// Whether the point is in the part that counts as the finding.
    #[cfg(test)]
    pub(crate) fn core_contains(&self, p: Vec3) -> bool {
        let u = self.map(sub(p, self.center));
        dot(u, u) <= CORE && self.cuts.iter().all(|c| c.contains(p))
    }

    /// The integral of the density over the part of the ray in `within`, millimetres, and the
    /// interval that counts as the finding.
    pub(crate) fn integral(&self, ray: &Ray, within: &Spans) -> (f64, Option<Span>) {
        let o = self.map(sub(ray.origin, self.center));
        let d = self.map(ray.direction);
        let a = dot(d, d);
        let middle = -dot(o, d) / a;
        // 1 - u^2 is q - a s^2 at distance s from the point nearest to the middle.
        let nearest = [0, 1, 2].map(|k| o[k] + middle * d[k]);
        let q = 1.0 - dot(nearest, nearest);
        if q <= 0.0 {
            return (0.0, None);
        }
        let h = (q / a).sqrt();
        let primitive = |s: f64| {
            let s2 = a * s * s;
            s * (q * q - q * s2 * (2.0 / 3.0) + s2 * s2 * 0.2)
        };
        let mut ends = (middle - h, middle + h);
        for cut in &self.cuts {
            ends = overlap(ends, ray.below(cut.normal, cut.limit));
        }
        let mut sum = 0.0;
        for &span in within.as_slice() {
            let (from, to) = overlap(span, ends);
            let (from, to) = (from - middle, to - middle);
            if to > from {
                sum += primitive(to) - primitive(from);
            }
        }
        let core = q - 1.0 + CORE;
        let span = (core > 0.0).then(|| {
            let h = (core / a).sqrt();
            overlap((middle - h, middle + h), ends)
        });
        (sum, span)
    }
}

/// A solid of a finding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// See [`Solid`].
    Solid(Box<Solid>),
    /// See [`Cloud`].
    Cloud(Cloud),
    /// A wire, and the thicker rod around it that is pointed at.
    Wire {
        /// What takes radiation away.
        core: Capsule,
        /// What the mask is the shadow of.
        halo: Capsule,
    },
}

impl Form {
    /// A plain solid.
    pub(crate) fn ellipsoid(center: Vec3, radii: Vec3, angle: f64) -> Self {
        Self::of(Shape::Ellipsoid(Ellipsoid::turned(center, radii, angle)))
    }

    /// A plain rod.
    pub(crate) fn rod(from: Vec3, to: Vec3, radius: f64) -> Self {
        Self::of(Shape::Capsule(Capsule::new(from, to, radius)))
    }

    /// A plain solid.
    pub(crate) fn of(hull: Shape) -> Self {
        Self::Solid(Box::new(Solid { hull, cuts: Vec::new(), hollow: None }))
    }

    /// The part of a shape in all the half spaces and outside `hollow`.
    pub(crate) fn carved(hull: Shape, cuts: &[Cut], hollow: Option<Ellipsoid>) -> Self {
        Self::Solid(Box::new(Solid { hull, cuts: cuts.to_vec(), hollow }))
    }

    /// A cloud.
    pub(crate) fn cloud(center: Vec3, radii: Vec3, angle: f64) -> Self {
        Self::Cloud(Cloud::new(center, radii, angle))
    }

    /// A cloud that ends sharply at the half spaces' borders.
    pub(crate) fn cloud_within(center: Vec3, radii: Vec3, angle: f64, cuts: &[Cut]) -> Self {
        let cloud = Cloud::new(center, radii, angle);
        Self::Cloud(Cloud { cuts: cuts.to_vec(), ..cloud })
    }

    /// A wire; `halo` is the radius of what is pointed at.
    pub(crate) fn wire(from: Vec3, to: Vec3, radius: f64, halo: f64) -> Self {
        Self::Wire { core: Capsule::new(from, to, radius), halo: Capsule::new(from, to, halo) }
    }

    /// `hit` becomes the part of the ray that counts as the finding and lies in `within` (all of
    /// it when there is none); returns the integral of the density, millimetres. `spare` is scratch.
    pub(crate) fn measure(
        &self,
        ray: &Ray,
        within: Option<&Spans>,
        hit: &mut Spans,
        spare: &mut Spans,
    ) -> f64 {
        hit.clear();
        match self {
            Self::Solid(solid) => {
                solid.hull.spans(ray, hit);
                if hit.is_empty() {
                    return 0.0;
                }
                for cut in &solid.cuts {
                    hit.clip(ray.below(cut.normal, cut.limit));
                }
                if let Some(hole) = solid.hollow.as_ref().and_then(|h| h.span(ray)) {
                    remove(hit, hole, spare);
                }
                restrict(hit, within, spare);
                hit.length()
            }
            Self::Cloud(cloud) => {
                let everywhere = |spare: &mut Spans| {
                    spare.clear();
                    spare.push((f64::NEG_INFINITY, f64::INFINITY));
                };
                let (sum, core) = match within {
                    Some(within) => cloud.integral(ray, within),
                    None => {
                        everywhere(spare);
                        cloud.integral(ray, spare)
                    }
                };
                if let Some(core) = core {
                    hit.push(core);
                    restrict(hit, within, spare);
                }
                sum
            }
            Self::Wire { core, halo } => {
                let Some(span) = halo.span(ray) else {
                    return 0.0;
                };
                if let Some(core) = core.span(ray) {
                    hit.push(core);
                    restrict(hit, within, spare);
                }
                let length = hit.length();
                hit.clear();
                hit.push(span);
                restrict(hit, within, spare);
                length
            }
        }
    }

    /// Density at a point and whether it counts as the finding.
    #[cfg(test)]
    pub(crate) fn look(&self, p: Vec3) -> (f64, bool) {
        match self {
            Self::Solid(s) => {
                let inside = s.hull.contains(p)
                    && s.cuts.iter().all(|c| c.contains(p))
                    && s.hollow.as_ref().is_none_or(|h| !h.contains(p));
                (f64::from(u8::from(inside)), inside)
            }
            Self::Cloud(cloud) => (cloud.density(p), cloud.core_contains(p)),
            Self::Wire { core, halo } => (f64::from(u8::from(core.contains(p))), halo.contains(p)),
        }
    }

    /// Whether it is a shell, whose wall may be thin.
    pub(crate) fn is_hollow(&self) -> bool {
        matches!(self, Self::Solid(solid) if solid.hollow.is_some())
    }

    /// A shape that holds it, before it is cut.
    pub(crate) fn hull(&self) -> Shape {
        match self {
            Self::Solid(solid) => solid.hull.clone(),
            Self::Cloud(cloud) => Shape::Ellipsoid(cloud.hull.clone()),
            Self::Wire { halo, .. } => Shape::Capsule(halo.clone()),
        }
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        match self {
            Self::Solid(solid) => solid.bounds(),
            Self::Cloud(cloud) => cloud.hull.bounds(),
            Self::Wire { halo, .. } => halo.bounds(),
        }
    }
}

impl Solid {
    /// Cuts along an axis make the box smaller; others are left out of account.
    fn bounds(&self) -> Aabb {
        let mut bounds = self.hull.bounds();
        for cut in &self.cuts {
            let along: Vec<usize> = (0..3).filter(|&k| cut.normal[k] != 0.0).collect();
            if let [k] = along[..] {
                let at = cut.limit / cut.normal[k];
                if cut.normal[k] > 0.0 {
                    bounds.high[k] = bounds.high[k].min(at);
                } else {
                    bounds.low[k] = bounds.low[k].max(at);
                }
            }
        }
        bounds
    }
}

fn restrict(hit: &mut Spans, within: Option<&Spans>, spare: &mut Spans) {
    if let Some(within) = within
        && !hit.is_empty()
    {
        hit.intersect(within, spare);
        std::mem::swap(hit, spare);
    }
}

fn remove(hit: &mut Spans, hole: Span, spare: &mut Spans) {
    let mut cut = Spans::default();
    cut.push(hole);
    hit.subtract(&cut, spare);
    std::mem::swap(hit, spare);
}
