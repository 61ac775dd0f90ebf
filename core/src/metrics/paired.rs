//! Two ways of training compared on the same seeds.
//!
//! Runs of one seed share data and start, so their difference varies less than either score, and
//! it is the differences whose spread counts.

use super::Interval;

/// How one list of scores differs from another, pair by pair.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Paired {
    /// Number of pairs.
    pub pairs: usize,
    /// Mean of the differences; NaN without pairs.
    pub mean: f64,
    /// Standard deviation of the differences (n - 1); none below two pairs.
    pub sd: Option<f64>,
    /// 95% interval of the mean (Student's t); none below two pairs.
    pub interval: Option<Interval>,
    /// The true difference that this many pairs of this spread would tell from none with a chance
    /// of 80%; none below two pairs.
    pub detectable: Option<f64>,
}

/// What an interval says about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval is above none.
    Above,
    /// The whole interval is below none.
    Below,
    /// The interval holds no difference.
    NotDistinguishable,
    /// Fewer than two pairs: there is no interval.
    NoInterval,
}

impl Paired {
    /// What the interval says. An interval that touches zero holds it.
    pub fn verdict(&self) -> Verdict {
        match self.interval {
            None => Verdict::NoInterval,
            Some(i) if i.low > 0.0 => Verdict::Above,
            Some(i) if i.high < 0.0 => Verdict::Below,
            Some(_) => Verdict::NotDistinguishable,
        }
    }
}

/// Mean and standard deviation (n - 1, none below two values); NaN for no values.
pub fn mean_and_sd(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (values.len() > 1).then(|| libm::sqrt(squares / (n - 1.0))))
}

/// Compares by the differences `score - reference` of `(score, reference)` pairs.
///
/// The interval is `mean ± t(0.975, n - 1) sd / sqrt(n)`. The detectable difference is
/// `(t(0.975, n - 1) + t(0.8, n - 1)) sd / sqrt(n)` (J. H. Zar, "Biostatistical Analysis", 5th
/// edition, equation 7.11, for paired samples as in section 9.1); against the noncentral t
/// distribution it is 5% too small for 3 pairs and 1% for 5.
pub fn paired(pairs: &[(f64, f64)]) -> Paired {
    let differences: Vec<f64> = pairs.iter().map(|(score, reference)| score - reference).collect();
    let (mean, sd) = mean_and_sd(&differences);
    let n = differences.len();
    let scale = |p: &[f64]| {
        let t: f64 = p.iter().map(|p| student_quantile(*p, n - 1)).sum();
        sd.map(|sd| t * sd / libm::sqrt(n as f64))
    };
    let (half, detectable) =
        if n < 2 { (None, None) } else { (scale(&[0.975]), scale(&[0.975, 0.8])) };
    let interval = half.map(|half| Interval { low: mean - half, high: mean + half });
    Paired { pairs: n, mean, sd, interval, detectable }
}

/// Chance that a variable with Student's t distribution of `freedom` degrees stays at or below `t`.
///
/// The finite series of Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.3
/// and 26.7.4. NaN for no degree of freedom.
pub fn student_cdf(t: f64, freedom: usize) -> f64 {
    if freedom == 0 {
        return f64::NAN;
    }
    let nu = freedom as f64;
    let (sin, cos) = (t / libm::sqrt(nu + t * t), libm::sqrt(nu / (nu + t * t)));
    let odd = freedom % 2 == 1;
    // Powers of the cosine with the quotients of the series: 2/3, 4/5 … or 1/2, 3/4 ….
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let first = if odd { 2 } else { 1 };
    for k in (first..freedom).step_by(2) {
        sum += term;
        term *= cos * cos * k as f64 / (k + 1) as f64;
    }
    let within = if odd {
        (libm::atan(t / libm::sqrt(nu)) + sin * sum) * std::f64::consts::FRAC_2_PI
    } else {
        sin * sum
    };
    0.5 + 0.5 * within
}

/// The value that a variable with Student's t distribution stays below with the chance `p`, by
/// halving; infinite for 0 and 1, NaN outside and for no degree of freedom.
pub fn student_quantile(p: f64, freedom: usize) -> f64 {
    if freedom == 0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p < 0.5 {
        return -student_quantile(1.0 - p, freedom);
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    let mut high = 1.0;
    while student_cdf(high, freedom) < p && high < 1e300 {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Until no number lies between.
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if student_cdf(middle, freedom) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_distribution_is_scipys() {
        // scipy.stats.t.cdf
        for (freedom, t, want) in [
            (1, 0.5, 0.647_583_617_650_43),
            (2, -1.3, 0.161_623_515_908_02),
            (3, 2.0, 0.930_337_015_720_58),
            (4, 0.7, 0.738_749_917_203_27),
            (7, 3.1, 0.991_338_855_287_25),
        ] {
            let got = student_cdf(t, freedom);
            assert!((got - want).abs() < 1e-13, "{freedom} {t}: {got}");
        }
        // scipy.stats.t.ppf
        for (freedom, upper, power) in [
            (1, 12.706_204_736_175, 1.376_381_920_471),
            (2, 4.302_652_729_749, 1.060_660_171_780),
            (3, 3.182_446_305_284, 0.978_472_312_363),
            (4, 2.776_445_105_198, 0.940_964_577_235),
            (9, 2.262_157_162_798, 0.883_403_859_686),
            (29, 2.045_229_642_133, 0.854_191_985_882),
            (100, 1.983_971_518_524, 0.845_230_424_491),
        ] {
            assert!((student_quantile(0.975, freedom) - upper).abs() < 1e-10, "{freedom}");
            assert!((student_quantile(0.025, freedom) + upper).abs() < 1e-10, "{freedom}");
            assert!((student_quantile(0.8, freedom) - power).abs() < 1e-10, "{freedom}");
        }
        assert!(student_quantile(0.5, 3).abs() < 1e-15);
        assert!(student_quantile(0.9, 0).is_nan() && student_quantile(1.5, 3).is_nan());
        assert_eq!(student_quantile(1.0, 3), f64::INFINITY);
    }

    #[test]
    fn three_pairs_by_hand() {
        // Differences -0.03, -0.06 and -0.01: mean -1/30, squared distances from it 0.0001 / 9 x
        // (1 + 64 + 49), so the deviation is sqrt(0.0114 / 9 / 2) = 0.025166; its 4.3027 / sqrt(3)
        // fold is 0.062516 (scipy: interval -0.095849 to 0.029183).
        let found = paired(&[(0.47, 0.50), (0.55, 0.61), (0.57, 0.58)]);
        assert_eq!(found.pairs, 3);
        assert!((found.mean + 1.0 / 30.0).abs() < 1e-12);
        assert!((found.sd.unwrap() - 0.025_166_114_784).abs() < 1e-10);
        let interval = found.interval.unwrap();
        assert!((interval.low + 0.095_849_428_127).abs() < 1e-9, "{interval:?}");
        assert!((interval.high - 0.029_182_761_460).abs() < 1e-9, "{interval:?}");
        assert!((found.detectable.unwrap() - 0.077_927_129_801).abs() < 1e-9);
        assert_eq!(found.verdict(), Verdict::NotDistinguishable);
    }

    #[test]
    fn verdicts_follow_the_interval() {
        let shifted = |by: f64| {
            let pairs = [(0.5 + by, 0.5), (0.62 + by, 0.61), (0.39 + by, 0.4)];
            paired(&pairs).verdict()
        };
        assert_eq!(shifted(0.3), Verdict::Above);
        assert_eq!(shifted(-0.3), Verdict::Below);
        assert_eq!(shifted(0.0), Verdict::NotDistinguishable);
        let same = paired(&[(0.5, 0.5), (0.5, 0.5)]);
        assert_eq!((same.sd, same.verdict()), (Some(0.0), Verdict::NotDistinguishable));
    }

    #[test]
    fn one_pair_has_no_interval() {
        let one = paired(&[(0.7, 0.5)]);
        assert!((one.mean - 0.2).abs() < 1e-12);
        assert_eq!((one.sd, one.interval, one.detectable), (None, None, None));
        assert_eq!(one.verdict(), Verdict::NoInterval);
        assert!(paired(&[]).mean.is_nan());
        assert_eq!(paired(&[]).verdict(), Verdict::NoInterval);
        assert_eq!(mean_and_sd(&[1.0, 3.0]), (2.0, Some(std::f64::consts::SQRT_2)));
    }
}
