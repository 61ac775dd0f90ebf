//! The learning rate of a step: linear warm-up, then one cosine.

use crate::config::OptimConfig;

/// The learning rate of `step` (counted from 0) of `steps`.
pub fn learning_rate(config: &OptimConfig, step: usize, steps: usize) -> f64 {
    let warmup = (config.warmup * steps as f64).round() as usize;
    if step < warmup {
        return config.lr * (step + 1) as f64 / warmup as f64;
    }
    let progress = (step - warmup) as f64 / steps.saturating_sub(warmup).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
    config.min_lr + (config.lr - config.min_lr) * cosine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_peaks_and_falls() {
        let config = OptimConfig { lr: 1.0, min_lr: 0.0, warmup: 0.1, ..Default::default() };
        let lr = |step| learning_rate(&config, step, 100);
        assert!((lr(0) - 0.1).abs() < 1e-12);
        assert!((lr(9) - 1.0).abs() < 1e-12);
        assert!((lr(10) - 1.0).abs() < 1e-12);
        assert!((lr(55) - 0.5).abs() < 1e-12);
        assert!(lr(99) < 1e-3);
    }
}
