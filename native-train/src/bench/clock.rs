//! Repeats, medians and quartiles.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use super::machine::processor_seconds;

/// How often something is done.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Times that do not count: caches fill, kernels are compiled and tuned.
    pub warmup: usize,
    /// Times that count, at least.
    pub repeats: usize,
    /// Go on until this much time has passed, too.
    pub at_least: Duration,
}

/// Repeats at most, however fast something is: more would not change the median.
const MOST: usize = 2000;

/// Median and quartiles of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the values lie below.
    pub median: f64,
    /// A quarter of the values lies below.
    pub q1: f64,
    /// Three quarters of the values lie below.
    pub q3: f64,
    /// The best value: the shortest time or the highest speed. What a machine that others use too
    /// does in a quiet moment.
    pub best: f64,
    /// Values.
    pub n: usize,
}

impl Spread {
    /// Of times; quantiles with linear interpolation, zeros for none.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |q: f64| {
            let position = q * values.len().saturating_sub(1) as f64;
            let low = values.get(position as usize).copied().unwrap_or(0.0);
            let high = values.get(position.ceil() as usize).copied().unwrap_or(low);
            low + (high - low) * position.fract()
        };
        let best = values.first().copied().unwrap_or(0.0);
        Self { median: at(0.5), q1: at(0.25), q3: at(0.75), best, n: values.len() }
    }

    /// `images` over each value in milliseconds, as images in a second.
    pub fn per_second(&self, images: usize) -> Self {
        let rate = |ms: f64| if ms > 0.0 { 1e3 * images as f64 / ms } else { 0.0 };
        // The slow quarter in time is the low one in speed.
        Self {
            median: rate(self.median),
            q1: rate(self.q3),
            q3: rate(self.q1),
            best: rate(self.best),
            n: self.n,
        }
    }
}

/// Milliseconds since a moment.
pub fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

impl Clock {
    /// Calls `run` with the number of the call, warm-up first; gives back what it returned
    /// afterwards.
    ///
    /// # Errors
    /// The first one of `run`.
    pub fn collect<T>(&self, mut run: impl FnMut(usize) -> Result<T>) -> Result<Vec<T>> {
        for i in 0..self.warmup {
            run(i)?;
        }
        let mut results = Vec::new();
        let began = Instant::now();
        while results.len() < self.repeats.max(1)
            || began.elapsed() < self.at_least && results.len() < MOST
        {
            results.push(run(self.warmup + results.len())?);
        }
        Ok(results)
    }

    /// Milliseconds of each call of `run`.
    ///
    /// # Errors
    /// The first one of `run`.
    pub fn time(&self, mut run: impl FnMut(usize) -> Result<()>) -> Result<Spread> {
        let times = self.collect(|i| {
            let began = Instant::now();
            run(i)?;
            Ok(milliseconds(began))
        })?;
        Ok(Spread::of(times))
    }

    /// The same, with the seconds that processors worked for one call, where the system tells.
    ///
    /// # Errors
    /// The first one of `run`.
    pub fn time_and_work(
        &self,
        mut run: impl FnMut(usize) -> Result<()>,
    ) -> Result<(Spread, Option<f64>)> {
        let mut before = None;
        let warmup = self.warmup;
        let times = self.time(|i| {
            if i == warmup {
                before = processor_seconds();
            }
            run(i)
        })?;
        let worked = processor_seconds().zip(before);
        Ok((times, worked.map(|(after, before)| (after - before) / times.n as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_numpys() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!((spread.q1, spread.median, spread.q3, spread.n), (1.75, 2.5, 3.25, 4));
        let rate = spread.per_second(2);
        assert_eq!(rate.median, 800.0);
        assert!(rate.q1 < rate.median && rate.median < rate.q3 && rate.q3 < rate.best);
        assert_eq!(Spread::of(Vec::new()).median, 0.0);
    }

    #[test]
    fn warm_up_does_not_count_and_time_adds_repeats() {
        let clock = Clock { warmup: 2, repeats: 3, at_least: Duration::ZERO };
        assert_eq!(clock.collect(Ok).unwrap(), [2, 3, 4]);
        let clock = Clock { at_least: Duration::from_millis(30), ..clock };
        let pause = |_| {
            std::thread::sleep(Duration::from_millis(5));
            Ok(())
        };
        assert!(clock.time(pause).unwrap().n > 3);
        assert!(clock.collect(|_| anyhow::bail!("no") as Result<()>).is_err());
    }
}
