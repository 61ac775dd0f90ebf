//! Tubes, lines and pacemakers.

use super::{Cut, Form, Pen, Place};
use crate::phantom::ray::{Vec3, along};
use crate::phantom::solid::Ellipsoid;
use crate::phantom::volume::Shape;

/// Radius of the rod whose shadow is a wire's mask: 5.4 mm is at least three pixels at 256 a side.
pub(super) const HALO_MM: f64 = 3.0;

/// y of the fork of the trachea.
const CARINA: Vec3 = [3.0, -46.0, -14.0];
/// Where the upper great vein runs into the heart.
const CAVOATRIAL: Vec3 = [-23.0, 4.0, 8.0];

/// A bent line through points.
fn line(pen: &mut Pen, points: &[Vec3], radius: f64, extra: f64) {
    for pair in smooth(points).windows(2) {
        let form = Form::wire(pair[0], pair[1], radius, HALO_MM.max(radius + 1.0));
        pen.add(form, Place::Over, extra);
    }
}

/// Cuts every corner once (Chaikin), which makes a polyline look bent rather than broken.
fn smooth(points: &[Vec3]) -> Vec<Vec3> {
    let mix = |a: Vec3, b: Vec3, t: f64| [0, 1, 2].map(|k| a[k] + t * (b[k] - a[k]));
    let mut bent = vec![points[0]];
    for i in 1..points.len().saturating_sub(1) {
        bent.push(mix(points[i - 1], points[i], 0.7));
        bent.push(mix(points[i], points[i + 1], 0.3));
    }
    bent.push(points[points.len() - 1]);
    bent
}

/// A tube with a dense stripe, its tip 3 to 6 cm above the fork.
pub(super) fn endotracheal_tube(pen: &mut Pen) {
    let above = pen.rng.range(28.0, 60.0);
    let tip = [2.0 + pen.rng.range(-1.5, 1.5), CARINA[1] - above, -12.0];
    let top = [pen.rng.range(-5.0, 5.0), -330.0, -6.0];
    // Plastic in the air of the trachea, and the barium stripe in its wall.
    pen.add(Form::rod(top, tip, 4.6), Place::Over, 0.026);
    let off = pen.rng.range(-2.8, 2.8);
    let (from, to) = ([top[0] + off, top[1], top[2]], [tip[0] + off, tip[1], tip[2]]);
    pen.shade(Form::rod(from, to, 1.3), Place::Over, 0.22);
}

/// Down the gullet, through the diaphragm and to the left into the stomach.
pub(super) fn gastric_tube(pen: &mut Pen) {
    let dome = pen.patient.dome_y[1];
    let lung = pen.patient.lung_x;
    let mut sway = |v: f64| v + pen.rng.range(-3.0, 3.0);
    let points = [
        [sway(-2.0), -330.0, -22.0],
        [sway(-3.0), -120.0, -26.0],
        [sway(4.0), CARINA[1], -30.0],
        [sway(2.0), CARINA[1] + 70.0, -30.0],
        [sway(10.0), dome - 14.0, -24.0],
        [sway(24.0), dome + 18.0, -8.0],
        [sway(0.75 * lung), dome + 44.0, 10.0],
        [sway(1.05 * lung), dome + 66.0, 16.0],
    ];
    let radius = pen.rng.range(1.5, 2.0);
    line(pen, &points, radius, 0.14);
}

/// A catheter from the neck, under the clavicle or from the arm; its tip is where the upper great
/// vein ends.
pub(super) fn central_line(pen: &mut Pen) {
    let sign = pen.sign();
    let wide = pen.patient.half_width();
    let tip = [
        CAVOATRIAL[0] + pen.rng.range(-3.0, 3.0),
        CAVOATRIAL[1] + pen.rng.range(-30.0, 16.0),
        CAVOATRIAL[2],
    ];
    let vein = [-20.0, -62.0, 8.0];
    let way = pen.rng.unit();
    let mut points: Vec<Vec3> = if way < 0.4 {
        let neck = sign * pen.rng.range(26.0, 40.0);
        vec![[neck, -240.0, 10.0], [neck * 0.9, -150.0, 12.0], [sign * 20.0, -100.0, 14.0]]
    } else {
        let under = [
            [sign * 0.62 * wide, -104.0, 34.0],
            [sign * 0.40 * wide, -100.0, 36.0],
            [sign * 24.0, -88.0, 24.0],
        ];
        let mut start = if way < 0.72 {
            vec![[sign * 0.70 * wide, -70.0, 50.0]]
        } else {
            vec![
                [sign * (wide + 46.0), 70.0, 0.0],
                [sign * (wide + 18.0), -40.0, 0.0],
                [sign * 0.86 * wide, -92.0, 14.0],
            ]
        };
        start.extend(under);
        start
    };
    if sign > 0.0 {
        points.push([4.0, -82.0, 16.0]);
    }
    points.extend([vein, tip]);
    line(pen, &points, 1.35, 0.17);
}

/// A box under the skin below the clavicle, with one or two leads into the right heart.
pub(super) fn pacemaker(pen: &mut Pen) {
    let sign = pen.sign();
    let patient = pen.patient;
    let wide = patient.half_width();
    let front = patient.lung_radii[2] + 14.0;
    let middle = [
        sign * (0.62 * wide + pen.rng.range(-8.0, 10.0)),
        patient.apex_y() + 62.0 + pen.rng.range(-10.0, 14.0),
        front,
    ];
    let size = pen.rng.range(0.9, 1.2);
    let angle = pen.rng.range(-0.5, 0.5);
    // A disc with its sides cut off: a box with round corners.
    let (s, c) = (libm::sin(angle), libm::cos(angle));
    let cuts =
        [([c, s, 0.0], 22.0), ([-c, -s, 0.0], 22.0), ([-s, c, 0.0], 17.0), ([s, -c, 0.0], 17.0)]
            .map(|(n, reach)| Cut::at(along(middle, reach * size, n), n));
    let radii = [27.0 * size, 22.0 * size, 5.0];
    let hull = Shape::Ellipsoid(Ellipsoid::turned(middle, radii, angle));
    pen.add(Form::carved(hull, &cuts, None), Place::Over, 0.30);
    let head = [middle[0] - sign * 8.0, middle[1] - 17.0 * size, front];
    pen.add(Form::ellipsoid(head, [14.0 * size, 7.0, 4.0], angle), Place::Over, 0.10);
    let floor = 0.5 * (patient.dome_y[0] + patient.dome_y[1]);
    let mut path = vec![
        head,
        [sign * 0.66 * wide, -96.0, 44.0],
        [sign * 0.40 * wide, -104.0, 36.0],
        [sign * 24.0, -88.0, 24.0],
    ];
    if sign > 0.0 {
        path.push([2.0, -80.0, 16.0]);
    }
    path.extend([[-20.0, -58.0, 8.0], [-24.0, 2.0, 10.0]]);
    let mut right = path.clone();
    right.extend([
        [-26.0, floor - 34.0, 30.0],
        [4.0, floor - 8.0, 44.0],
        [34.0, floor - 10.0, 50.0],
    ]);
    line(pen, &right, 1.35, 0.20);
    if pen.rng.chance(0.35) {
        // The shock coil of a defibrillator.
        let (from, to) = ([-2.0, floor - 10.0, 42.0], [30.0, floor - 9.0, 49.0]);
        pen.add(Form::wire(from, to, 2.6, 4.0), Place::Over, 0.20);
    }
    if pen.rng.chance(0.6) {
        let mut atrial: Vec<Vec3> =
            path.iter().map(|p| [p[0] + sign * 3.0, p[1] + 3.0, p[2]]).collect();
        atrial.extend([[-30.0, 24.0, 20.0], [-16.0, 14.0, 34.0]]);
        line(pen, &atrial, 1.3, 0.20);
    }
}
