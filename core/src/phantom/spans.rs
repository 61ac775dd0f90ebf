//! Sets of points on a ray: sorted, disjoint intervals of the ray's parameter.
//!
//! Constructive solid geometry becomes exact on a ray: union, intersection and difference of
//! solids are the same operations on these lists (Roth, "Ray casting for modeling solids", 1982).

/// One interval `(from, to)` of the ray parameter in millimetres, `from < to`.
pub(crate) type Span = (f64, f64);

/// Sorted, disjoint intervals on one ray.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// Forgets everything but keeps the memory: one list serves all rays.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether no point is in the set.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The intervals.
    pub(crate) fn as_slice(&self) -> &[Span] {
        &self.0
    }

    /// Appends an interval that starts after all others; an empty one is dropped.
    pub(crate) fn push(&mut self, span: Span) {
        if span.1 > span.0 {
            self.0.push(span);
        }
    }

    /// Becomes a copy of `other`.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    /// Sum of the lengths, millimetres.
    pub(crate) fn length(&self) -> f64 {
        let mut sum = 0.0;
        for s in &self.0 {
            sum += s.1 - s.0;
        }
        sum
    }

    /// Adds one interval (union).
    pub(crate) fn add(&mut self, span: Span) {
        if span.1 <= span.0 {
            return;
        }
        // Rays meet most things in order.
        match self.0.last_mut() {
            None => return self.0.push(span),
            Some(last) if last.1 < span.0 => return self.0.push(span),
            Some(last) if last.0 <= span.0 => {
                last.1 = last.1.max(span.1);
                return;
            }
            Some(_) => {}
        }
        // Lists hold a handful of intervals, so a linear scan beats a search.
        let first = self.0.iter().position(|s| s.1 >= span.0).unwrap_or(self.0.len());
        let after = self.0[first..].iter().take_while(|s| s.0 <= span.1).count() + first;
        if first == after {
            self.0.insert(first, span);
            return;
        }
        let merged = (self.0[first].0.min(span.0), self.0[after - 1].1.max(span.1));
        self.0[first] = merged;
        if after > first + 1 {
            self.0.drain(first + 1..after);
        }
    }

    /// Adds every interval of `other` (union).
    pub(crate) fn add_all(&mut self, other: &Self) {
        for &s in &other.0 {
            self.add(s);
        }
    }

    /// Keeps what lies inside one interval (intersection).
    pub(crate) fn clip(&mut self, span: Span) {
        self.0.retain_mut(|s| {
            *s = (s.0.max(span.0), s.1.min(span.1));
            s.1 > s.0
        });
    }

    /// `out` becomes the intersection with `other`.
    pub(crate) fn intersect(&self, other: &Self, out: &mut Self) {
        out.0.clear();
        let (mut i, mut j) = (0, 0);
        while i < self.0.len() && j < other.0.len() {
            let (a, b) = (self.0[i], other.0[j]);
            out.push((a.0.max(b.0), a.1.min(b.1)));
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
    }

    /// `out` becomes the part that `other` does not cover (difference).
    pub(crate) fn subtract(&self, other: &Self, out: &mut Self) {
        out.0.clear();
        let mut j = 0;
        for &(mut from, to) in &self.0 {
            while j < other.0.len() && other.0[j].1 <= from {
                j += 1;
            }
            let mut k = j;
            while k < other.0.len() && other.0[k].0 < to {
                out.push((from, other.0[k].0));
                from = from.max(other.0[k].1);
                k += 1;
            }
            out.push((from, to));
        }
    }

    /// Length of the intersection with one interval, millimetres.
    pub(crate) fn length_within(&self, span: Span) -> f64 {
        let mut sum = 0.0;
        for s in &self.0 {
            let (from, to) = (s.0.max(span.0), s.1.min(span.1));
            if to > from {
                sum += to - from;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::rng::{Purpose, Rng};
    use super::*;

    fn random(rng: &mut Rng) -> Spans {
        let mut spans = Spans::default();
        for _ in 0..rng.below(6) {
            let from = rng.below(40) as f64;
            spans.add((from, from + rng.below(9) as f64));
        }
        spans
    }

    fn contains(spans: &Spans, t: f64) -> bool {
        spans.0.iter().any(|s| t > s.0 && t < s.1)
    }

    /// Whole-number ends: membership at the half numbers decides every set operation.
    #[test]
    fn operations_agree_with_membership() {
        let mut rng = Rng::new(5, 5, Purpose::Anatomy);
        let (mut cut, mut rest) = (Spans::default(), Spans::default());
        for _ in 0..3000 {
            let (a, b) = (random(&mut rng), random(&mut rng));
            let window = (5.0, 30.0);
            let mut both = a.clone();
            both.add_all(&b);
            a.intersect(&b, &mut cut);
            a.subtract(&b, &mut rest);
            let mut clipped = a.clone();
            clipped.clip(window);
            let (mut length, mut within) = (0.0, 0.0);
            for k in 0..60 {
                let t = f64::from(k) + 0.5;
                let (in_a, in_b) = (contains(&a, t), contains(&b, t));
                assert_eq!(contains(&both, t), in_a || in_b);
                assert_eq!(contains(&cut, t), in_a && in_b);
                assert_eq!(contains(&rest, t), in_a && !in_b);
                let inside = t > window.0 && t < window.1;
                assert_eq!(contains(&clipped, t), in_a && inside);
                length += f64::from(u8::from(in_a));
                within += f64::from(u8::from(in_a && inside));
            }
            assert_eq!(a.length(), length);
            assert_eq!(a.length_within(window), within);
            for list in [&both, &cut, &rest] {
                assert!(list.0.windows(2).all(|w| w[0].1 <= w[1].0), "{list:?}");
                assert!(list.0.iter().all(|s| s.0 < s.1));
            }
        }
    }
}
