//! The learning rate of a step: linear warm-up, then a cosine, once or again and again.

use std::f64::consts::PI;

use crate::config::{OptimConfig, ScheduleKind};

/// The learning rate of `step` (counted from 0) of `steps`.
pub fn learning_rate(config: &OptimConfig, step: usize, steps: usize) -> f64 {
    let warmup = (config.warmup * steps as f64).round() as usize;
    if step < warmup {
        return config.lr * (step + 1) as f64 / warmup as f64;
    }
    let since = step - warmup;
    let progress = match config.schedule {
        ScheduleKind::Constant => return config.lr,
        ScheduleKind::Cosine => since as f64 / steps.saturating_sub(warmup).max(1) as f64,
        ScheduleKind::CosineRestarts => {
            let period = config.restart_every.max(1);
            (since % period) as f64 / period as f64
        }
    };
    config.min_lr + (config.lr - config.min_lr) * 0.5 * (1.0 + (PI * progress).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(schedule: ScheduleKind, warmup: f64) -> OptimConfig {
        let restart_every = 40;
        OptimConfig { lr: 1.0, min_lr: 0.0, warmup, schedule, restart_every, ..Default::default() }
    }

    #[test]
    fn rises_peaks_and_falls() {
        let config = unit(ScheduleKind::Cosine, 0.1);
        let lr = |step| learning_rate(&config, step, 100);
        assert!((lr(0) - 0.1).abs() < 1e-12);
        assert!((lr(9) - 1.0).abs() < 1e-12);
        assert!((lr(10) - 1.0).abs() < 1e-12);
        assert!((lr(55) - 0.5).abs() < 1e-12);
        assert!(lr(99) < 1e-3);
    }

    #[test]
    fn restarts_begin_anew() {
        let config = unit(ScheduleKind::CosineRestarts, 0.0);
        let lr = |step| learning_rate(&config, step, 1000);
        for start in [0, 40, 400] {
            assert!((lr(start) - 1.0).abs() < 1e-12);
            assert!((lr(start + 20) - 0.5).abs() < 1e-12);
            assert!(lr(start + 39) < 2e-3);
        }
    }

    #[test]
    fn constant_stays_after_the_warm_up() {
        let config = unit(ScheduleKind::Constant, 0.1);
        assert!(learning_rate(&config, 0, 100) < 1.0);
        assert!((learning_rate(&config, 99, 100) - 1.0).abs() < 1e-12);
    }
}
