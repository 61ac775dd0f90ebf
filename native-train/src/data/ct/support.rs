//! Support devices and what else is made of metal or plastic, placed by the patient's anatomy.

use g2d_core::phantom::{FindingKind, Side, Zone};

use super::{chest::Chest, device::Part, rng::Rng};

/// Attenuation of what catheters and tubes are made of, with their contrast filler, 1/mm.
const PLASTIC: f64 = 0.12;
/// Of pacemakers, leads and coins, as far as a film can tell, 1/mm.
const METAL: f64 = 0.6;

/// A device before it is seen.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) kind: FindingKind,
    pub(crate) side: Side,
    pub(crate) zone: Zone,
    pub(crate) parts: Vec<Part>,
}

/// Puts points between those of a line, so that it bends softly (Catmull-Rom).
fn soft(points: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let at = |i: isize| points[i.clamp(0, points.len() as isize - 1) as usize];
    let mut line = Vec::new();
    for i in 0..points.len() as isize - 1 {
        let p = [at(i - 1), at(i), at(i + 1), at(i + 2)];
        for k in 0..6 {
            let t = f64::from(k) / 6.0;
            line.push([0, 1, 2].map(|a| {
                let [p0, p1, p2, p3] = [0, 1, 2, 3].map(|j: usize| p[j][a]);
                0.5 * (2.0 * p1
                    + (p2 - p0) * t
                    + (2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3) * t * t
                    + (3.0 * p1 - p0 - 3.0 * p2 + p3) * t * t * t)
            }));
        }
    }
    line.extend(points.last());
    line
}

fn tube(points: &[[f64; 3]], radius: f64, bore: f64, attenuation: f64) -> Part {
    Part::Tube { line: soft(points), radius, bore, attenuation }
}

/// Draws a device of a kind; none for kinds that are no device.
pub(crate) fn draw(rng: &mut Rng, chest: &Chest, kind: FindingKind) -> Option<Device> {
    let [low, high] = chest.extent();
    let fork = chest.trachea.last().copied()?;
    let left = rng.chance(0.5);
    let outward = if left { 1.0 } else { -1.0 };
    let side = if left { Side::Left } else { Side::Right };
    let lung = &chest.lungs[usize::from(left)];
    let front = low[1] - 4.0;
    // The large vein into the heart runs down right of the windpipe.
    let vein = |z: f64| [fork[0] - 20.0, fork[1] - 18.0, z];
    let (side, zone, parts) = match kind {
        FindingKind::EndotrachealTube => {
            let tip = fork[2] + rng.range(20.0, 60.0);
            // Means of ten slices: the windpipe's middle jumps where its wall is not seen.
            let means = chest.trachea.chunks(10).map(|part| {
                [0, 1, 2].map(|a| part.iter().map(|p| p[a]).sum::<f64>() / part.len() as f64)
            });
            let below: Vec<[f64; 3]> = means.skip(1).filter(|p| p[2] > tip).collect();
            let first = *below.first()?;
            let mut line = vec![[first[0], first[1], high[2] + 80.0]];
            line.extend(below);
            let wall = tube(&line, 5.2, 3.9, 0.05);
            let stripe: Vec<[f64; 3]> = line.iter().map(|p| [p[0] + 4.2, p[1], p[2]]).collect();
            (Side::Midline, Zone::Upper, vec![wall, tube(&stripe, 0.9, 0.0, 0.35)])
        }
        FindingKind::GastricTube => {
            let x = fork[0] + 4.0;
            let dome = chest.lungs[1].heights[1];
            let line = [
                [x, fork[1] + 14.0, high[2] + 80.0],
                [x - 2.0, fork[1] + 18.0, fork[2]],
                [x + rng.range(0.0, 6.0), fork[1] + 16.0, dome + 25.0],
                [x + 14.0, fork[1] + 8.0, dome - 8.0],
                [x + 34.0, fork[1] - 6.0, dome - 32.0],
                [x + rng.range(40.0, 60.0), fork[1] - 20.0, dome - rng.range(40.0, 75.0)],
            ];
            (Side::Midline, Zone::MidLower, vec![tube(&line, 2.4, 1.4, 0.16)])
        }
        FindingKind::CentralLine => {
            let tip = fork[2] - rng.range(5.0, 45.0);
            let line = [
                [lung.centre[0] + outward * 35.0, front + 25.0, high[2] - 22.0],
                [lung.centre[0] + outward * 8.0, front + 35.0, high[2] - 2.0],
                [fork[0] + outward * 22.0 - 6.0, fork[1] - 20.0, high[2] - 16.0],
                vein(fork[2] + 35.0),
                vein(tip),
            ];
            let radius = rng.range(1.3, 2.0);
            (side, Zone::Upper, vec![tube(&line, radius, 0.4 * radius, PLASTIC)])
        }
        FindingKind::Pacemaker => {
            let box_at = [
                lung.centre[0] + outward * rng.range(20.0, 34.0),
                front,
                high[2] - rng.range(35.0, 60.0),
            ];
            let case = Part::Plate {
                centre: box_at,
                half: [rng.range(20.0, 26.0), rng.range(18.0, 25.0)],
                thick: 6.0,
                power: 4.0,
                attenuation: METAL,
            };
            let lead = [
                [box_at[0], front, box_at[2] + 18.0],
                [fork[0] + outward * 24.0 - 6.0, fork[1] - 25.0, high[2] - 22.0],
                vein(fork[2] + 30.0),
                vein(fork[2] - 50.0),
                [fork[0] + 5.0, fork[1] - 40.0, fork[2] - 90.0],
                [fork[0] + 45.0, fork[1] - 55.0, fork[2] - 95.0],
            ];
            (side, Zone::Upper, vec![case, tube(&lead, 1.2, 0.0, METAL)])
        }
        FindingKind::ForeignObject => {
            let height = rng.range(0.15, 0.9);
            let z = lung.heights[1] + height * (lung.heights[2] - lung.heights[1]);
            let centre = [lung.centre[0] + rng.range(-28.0, 28.0), front - 15.0, z];
            let radius = rng.range(7.0, 13.0);
            let part = Part::Plate {
                centre,
                half: [radius, radius],
                thick: 2.1,
                power: 2.0,
                attenuation: METAL,
            };
            let zone = [Zone::Lower, Zone::Mid, Zone::Upper][((height * 3.0) as usize).min(2)];
            (side, zone, vec![part])
        }
        _ => return None,
    };
    Some(Device { kind, side, zone, parts })
}
