//! Points, rays and boxes in millimetres, in the patient's frame.
//!
//! The frame: x to the patient's left (the right of the image), y down to the feet, z to the
//! front. The beam of a PA film runs from back to front, so along +z.

/// A point or a direction.
pub(crate) type Vec3 = [f64; 3];

/// Scalar product.
pub(crate) fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// `a - b`.
pub(crate) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `a + k b`.
pub(crate) fn along(a: Vec3, k: f64, b: Vec3) -> Vec3 {
    [a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2]]
}

/// `a` with length 1; a zero vector stays as it is.
pub(crate) fn unit(a: Vec3) -> Vec3 {
    let length = dot(a, a).sqrt();
    if length > 0.0 { [a[0] / length, a[1] / length, a[2] / length] } else { a }
}

/// The half-line `origin + t direction`; `direction` has length 1, so `t` is in millimetres.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ray {
    /// The focal spot.
    pub(crate) origin: Vec3,
    /// Unit vector.
    pub(crate) direction: Vec3,
}

impl Ray {
    /// The point at `t` millimetres.
    #[cfg(test)]
    pub(crate) fn at(&self, t: f64) -> Vec3 {
        along(self.origin, t, self.direction)
    }

    /// The interval on which `n . p <= limit`.
    pub(crate) fn below(&self, n: Vec3, limit: f64) -> (f64, f64) {
        let speed = dot(n, self.direction);
        let gap = limit - dot(n, self.origin);
        if speed > 0.0 {
            (f64::NEG_INFINITY, gap / speed)
        } else if speed < 0.0 {
            (gap / speed, f64::INFINITY)
        } else if gap >= 0.0 {
            (f64::NEG_INFINITY, f64::INFINITY)
        } else {
            (0.0, 0.0)
        }
    }
}

/// A box along the axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Aabb {
    /// Smallest coordinates.
    pub(crate) low: Vec3,
    /// Largest coordinates.
    pub(crate) high: Vec3,
}

impl Aabb {
    /// The eight corners.
    pub(crate) fn corners(&self) -> [Vec3; 8] {
        std::array::from_fn(|i| {
            let side = |axis: usize| {
                if i >> axis & 1 == 0 { self.low } else { self.high }
            };
            [side(0)[0], side(1)[1], side(2)[2]]
        })
    }
}
