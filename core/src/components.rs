//! Connected parts of a binary picture.
//!
//! Works on horizontal runs instead of pixels: a mask has far fewer runs than pixels, and this is
//! called for every image of every training batch.

use crate::raster::Mask;

/// Which neighbours belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// Pixels that share an edge.
    Four,
    /// Pixels that share an edge or a corner.
    Eight,
}

/// One connected part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Pixels.
    pub area: usize,
    /// First column and row, one past the last column and row.
    pub bounds: [usize; 4],
    sum_x: u64,
    sum_y: u64,
}

impl Part {
    /// `[x, y, width, height]` of the smallest box around the part.
    pub fn bbox(&self) -> [usize; 4] {
        let [x0, y0, x1, y1] = self.bounds;
        [x0, y0, x1 - x0, y1 - y0]
    }

    /// Centre of mass in pixels, where the first pixel's centre is at 0.5.
    pub fn centroid(&self) -> (f64, f64) {
        let n = self.area.max(1) as f64;
        (self.sum_x as f64 / n + 0.5, self.sum_y as f64 / n + 0.5)
    }
}

#[derive(Debug, Clone, Copy)]
struct Run {
    row: usize,
    start: usize,
    /// One past the last column.
    end: usize,
    /// First a provisional label, in the end an index into the parts.
    label: usize,
}

/// The connected parts of a picture, in the order of their first pixel.
#[derive(Debug, Clone)]
pub struct Components {
    width: usize,
    height: usize,
    runs: Vec<Run>,
    /// One entry a part.
    pub parts: Vec<Part>,
}

impl Components {
    /// Labels the pixels for which `inside(index)` holds; `index` is `y * width + x`.
    pub fn of(
        width: usize,
        height: usize,
        connectivity: Connectivity,
        inside: impl Fn(usize) -> bool,
    ) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let mut parents: Vec<usize> = Vec::new();
        // With corners allowed, runs that merely meet at a column boundary touch as well.
        let reach = usize::from(connectivity == Connectivity::Eight);
        let mut above = 0..0;
        for row in 0..height {
            let first = runs.len();
            let mut candidate = above.start;
            let mut x = 0;
            while x < width {
                if !inside(row * width + x) {
                    x += 1;
                    continue;
                }
                let start = x;
                while x < width && inside(row * width + x) {
                    x += 1;
                }
                // Runs above that end before this one can touch neither it nor the next.
                while candidate < above.end && runs[candidate].end + reach <= start {
                    candidate += 1;
                }
                let mut label = None;
                let mut touching = candidate;
                while touching < above.end && runs[touching].start < x + reach {
                    let other = find(&mut parents, runs[touching].label);
                    label = Some(match label {
                        None => other,
                        Some(own) => union(&mut parents, own, other),
                    });
                    touching += 1;
                }
                let label = label.unwrap_or_else(|| {
                    parents.push(parents.len());
                    parents.len() - 1
                });
                runs.push(Run { row, start, end: x, label });
            }
            above = first..runs.len();
        }
        Self::finish(width, height, runs, parents)
    }

    /// Labels the ones of a mask, corners included.
    pub fn of_mask(mask: &Mask) -> Self {
        Self::of(mask.width, mask.height, Connectivity::Eight, |i| mask.data[i] != 0)
    }

    fn finish(width: usize, height: usize, mut runs: Vec<Run>, mut parents: Vec<usize>) -> Self {
        let mut index = vec![usize::MAX; parents.len()];
        let mut parts: Vec<Part> = Vec::new();
        for run in &mut runs {
            let root = find(&mut parents, run.label);
            if index[root] == usize::MAX {
                index[root] = parts.len();
                let bounds = [run.start, run.row, run.end, run.row + 1];
                parts.push(Part { area: 0, bounds, sum_x: 0, sum_y: 0 });
            }
            run.label = index[root];
            let part = &mut parts[run.label];
            let length = run.end - run.start;
            part.area += length;
            let [x0, _, x1, y1] = &mut part.bounds;
            *x0 = run.start.min(*x0);
            *x1 = run.end.max(*x1);
            *y1 = run.row + 1;
            part.sum_x += ((run.start + run.end - 1) * length / 2) as u64;
            part.sum_y += (run.row * length) as u64;
        }
        Self { width, height, runs, parts }
    }

    /// Index of the largest part, the first of equals.
    pub fn largest(&self) -> Option<usize> {
        let largest = self.parts.iter().map(|p| p.area).max()?;
        self.parts.iter().position(|p| p.area == largest)
    }

    /// Does the part reach the picture's edge?
    pub fn touches_border(&self, part: &Part) -> bool {
        let [x0, y0, x1, y1] = part.bounds;
        x0 == 0 || y0 == 0 || x1 == self.width || y1 == self.height
    }

    /// The parts for which `keep(index, part)` holds, as a mask.
    pub fn select(&self, keep: impl Fn(usize, &Part) -> bool) -> Mask {
        let mut mask = Mask::filled(self.width, self.height, 0);
        let kept: Vec<bool> = self.parts.iter().enumerate().map(|(i, p)| keep(i, p)).collect();
        for run in self.runs.iter().filter(|run| kept[run.label]) {
            mask.data[run.row * self.width..][run.start..run.end].fill(1);
        }
        mask
    }
}

fn find(parents: &mut [usize], mut label: usize) -> usize {
    while parents[label] != label {
        parents[label] = parents[parents[label]];
        label = parents[label];
    }
    label
}

fn union(parents: &mut [usize], a: usize, b: usize) -> usize {
    // The smaller label wins, so that parts keep the order of their first pixel.
    let (low, high) = (a.min(b), a.max(b));
    parents[high] = low;
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Mask {
        let data = rows.concat().bytes().map(|b| u8::from(b == b'#')).collect();
        Mask { width: rows[0].len(), height: rows.len(), data }
    }

    #[test]
    fn corners_join_with_eight_neighbours_only() {
        let m = mask(&["#..", ".#.", "..#"]);
        assert_eq!(Components::of_mask(&m).parts.len(), 1);
        let four = Components::of(3, 3, Connectivity::Four, |i| m.data[i] != 0);
        assert_eq!(four.parts.len(), 3);
    }

    #[test]
    fn arms_that_meet_late_are_one_part() {
        let m = mask(&["#.#.#..#", "#.#.#...", "#.###..#", "###....#"]);
        let c = Components::of_mask(&m);
        let areas: Vec<usize> = c.parts.iter().map(|p| p.area).collect();
        assert_eq!(areas, [13, 1, 2]);
        assert_eq!(c.parts[0].bbox(), [0, 0, 5, 4]);
        assert_eq!(c.largest(), Some(0));
        assert_eq!(c.select(|i, _| i == 2).bounding_box(), Some([7, 2, 1, 2]));
        assert_eq!(c.select(|_, _| true), m);
    }

    #[test]
    fn centroid_is_in_pixel_centres() {
        let m = mask(&["....", ".##.", ".##."]);
        let c = Components::of_mask(&m);
        assert_eq!(c.parts[0].centroid(), (2.0, 2.0));
        assert!(c.touches_border(&c.parts[0]));
    }

    #[test]
    fn agrees_with_a_flood_fill_on_noise() {
        let (w, h) = (37, 29);
        for (seed, connectivity) in
            [(1u64, Connectivity::Eight), (2, Connectivity::Four), (3, Connectivity::Eight)]
        {
            let mut state = seed;
            let m: Vec<u8> = (0..w * h)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    u8::from((state >> 40) % 100 < 45)
                })
                .collect();
            let got = Components::of(w, h, connectivity, |i| m[i] != 0);
            let mut seen = vec![false; w * h];
            let mut areas = Vec::new();
            for i in 0..w * h {
                if m[i] == 0 || seen[i] {
                    continue;
                }
                seen[i] = true;
                let (mut stack, mut area) = (vec![i], 0);
                while let Some(p) = stack.pop() {
                    area += 1;
                    let (px, py) = ((p % w) as i64, (p / w) as i64);
                    for (dx, dy) in (-1..=1).flat_map(|a| (-1..=1).map(move |b| (a, b))) {
                        let (x, y) = (px + dx, py + dy);
                        let diagonal = dx != 0 && dy != 0;
                        if x < 0 || y < 0 || x >= w as i64 || y >= h as i64 {
                            continue;
                        }
                        let q = y as usize * w + x as usize;
                        let near = connectivity == Connectivity::Eight || !diagonal;
                        if near && m[q] != 0 && !seen[q] {
                            seen[q] = true;
                            stack.push(q);
                        }
                    }
                }
                areas.push(area);
            }
            let got: Vec<usize> = got.parts.iter().map(|p| p.area).collect();
            assert_eq!(got, areas);
        }
    }
}
