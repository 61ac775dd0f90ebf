//! Tubes, lines and metal: shapes with closed-form paths, since they are thinner than a voxel.

use super::project::Beam;

/// Sub-rays along each side of a pixel.
const SUB: usize = 3;

/// A part of a device.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// A tube along a line of points: radius, radius of its bore, attenuation of the wall (1/mm).
    Tube { line: Vec<[f64; 3]>, radius: f64, bore: f64, attenuation: f64 },
    /// A plate that faces the beam: half width and height, thickness, exponent of its outline
    /// (2 is an ellipse, more is squarer), attenuation (1/mm).
    Plate { centre: [f64; 3], half: [f64; 2], thick: f64, power: f64, attenuation: f64 },
}

/// What a device adds to a film.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shadow {
    /// Line integral of the attenuation, mean over a pixel.
    pub(crate) integral: Vec<f32>,
    /// Longest way through the device of a pixel's sub-rays, mm.
    pub(crate) path: Vec<f32>,
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Shortest distance between a ray and a segment, and the sine of the angle between them.
fn distance(from: [f64; 3], way: [f64; 3], a: [f64; 3], b: [f64; 3]) -> (f64, f64) {
    let along = sub(b, a);
    let gap = sub(a, from);
    let (ww, ws, ss) = (dot(way, way), dot(way, along), dot(along, along).max(1e-9));
    let (wg, sg) = (dot(way, gap), dot(along, gap));
    let crossing = (ww * ss - ws * ws).max(1e-9);
    let s = ((ws * wg - ww * sg) / crossing).clamp(0.0, 1.0);
    let t = (wg + s * ws) / ww;
    let d = [0, 1, 2].map(|i| gap[i] + s * along[i] - t * way[i]);
    (dot(d, d).sqrt(), (crossing / (ww * ss)).sqrt())
}

impl Part {
    /// Way through the part, mm, and the line integral, of one ray.
    fn path(&self, from: [f64; 3], way: [f64; 3], piece: usize) -> (f64, f64) {
        match self {
            Self::Tube { line, radius, bore, attenuation } => {
                let (d, sine) = distance(from, way, line[piece], line[piece + 1]);
                let chord = |r: f64| 2.0 * (r * r - d * d).max(0.0).sqrt() / sine.max(0.2);
                let wall = chord(*radius) - chord(*bore);
                (wall, wall * attenuation)
            }
            Self::Plate { centre, half, thick, power, attenuation } => {
                let t = (centre[1] - from[1]) / way[1];
                let x = (from[0] + t * way[0] - centre[0]) / half[0];
                let z = (from[2] + t * way[2] - centre[2]) / half[1];
                let inside = x.abs().powf(*power) + z.abs().powf(*power) <= 1.0;
                let length = dot(way, way).sqrt() / way[1].abs() * thick;
                if inside { (length, length * attenuation) } else { (0.0, 0.0) }
            }
        }
    }

    /// Points whose shadows bound each piece, and millimetres around them.
    fn pieces(&self) -> Vec<(Vec<[f64; 3]>, f64)> {
        match self {
            Self::Tube { line, radius, .. } => {
                line.windows(2).map(|w| (w.to_vec(), *radius)).collect()
            }
            Self::Plate { centre, half, .. } => vec![(vec![*centre], half[0].max(half[1]))],
        }
    }
}

/// Casts the beam through a device.
pub(crate) fn cast(beam: &Beam, parts: &[Part], pixel_mm: f64) -> Shadow {
    let size = beam.size;
    let mut shadow = Shadow { integral: vec![0.0; size * size], path: vec![0.0; size * size] };
    for part in parts {
        // Pieces of a line overlap at their joints: a sub-ray takes the longest of them.
        let mut rays = std::collections::BTreeMap::<usize, (f64, f64)>::new();
        for (piece, (points, around)) in part.pieces().into_iter().enumerate() {
            let reach = 1.5 * around / pixel_mm + 2.0;
            let ends: Vec<[f64; 2]> = points.into_iter().map(|p| beam.shadow(p)).collect();
            let span = |a: usize| {
                let low = ends.iter().map(|e| e[a]).fold(f64::INFINITY, f64::min) - reach;
                let high = ends.iter().map(|e| e[a]).fold(f64::NEG_INFINITY, f64::max) + reach;
                let n = (size * SUB) as f64;
                (low * SUB as f64).clamp(0.0, n) as usize
                    ..(high * SUB as f64).clamp(0.0, n) as usize
            };
            for y in span(1) {
                for x in span(0) {
                    let place = |v: usize| (v as f64 + 0.5) / SUB as f64 - 0.5;
                    let (from, way) = beam.ray(place(x), place(y));
                    let (path, integral) = part.path(from, way, piece);
                    if path > 0.0 {
                        let best = rays.entry(y * size * SUB + x).or_default();
                        *best = (best.0.max(path), best.1.max(integral));
                    }
                }
            }
        }
        for (ray, (path, integral)) in rays {
            let (x, y) = (ray % (size * SUB) / SUB, ray / (size * SUB) / SUB);
            let pixel = y * size + x;
            shadow.integral[pixel] += integral as f32 / (SUB * SUB) as f32;
            shadow.path[pixel] = shadow.path[pixel].max(path as f32);
        }
    }
    shadow
}

#[cfg(test)]
mod tests {
    use super::super::project::Pose;
    use super::*;

    fn beam() -> Beam {
        Beam::new(&Pose {
            centre: [0.0; 3],
            from_behind: false,
            turns: [0.0; 3],
            source_mm: 2.0e5,
            detector_mm: 100.0,
            field_mm: 100.0,
            size: 100,
        })
    }

    #[test]
    fn a_tube_has_its_width_and_mass() {
        let line = vec![[0.0, 0.0, -60.0], [0.0, 0.0, 0.0], [0.0, 0.0, 60.0]];
        let tube = Part::Tube { line, radius: 4.0, bore: 3.0, attenuation: 0.5 };
        let shadow = cast(&beam(), &[tube], 1.0);
        let row = &shadow.integral[40 * 100..41 * 100];
        let expected = std::f64::consts::PI * (16.0 - 9.0) * 0.5;
        assert!((f64::from(row.iter().sum::<f32>()) / expected - 1.0).abs() < 0.05);
        let width = shadow.path[40 * 100..41 * 100].iter().filter(|&&v| v > 0.0).count();
        assert_eq!(width, 8);
    }

    #[test]
    fn a_plate_is_as_thick_as_it_says() {
        let plate = Part::Plate {
            centre: [10.0, 0.0, 10.0],
            half: [12.0, 12.0],
            thick: 2.0,
            power: 2.0,
            attenuation: 1.0,
        };
        let shadow = cast(&beam(), &[plate], 1.0);
        let area = shadow.path.iter().filter(|&&v| v >= 1.99).count() as f64;
        assert!((area / (std::f64::consts::PI * 144.0) - 1.0).abs() < 0.1, "{area}");
        assert!(shadow.path[39 * 100 + 60] > 1.99);
    }
}
