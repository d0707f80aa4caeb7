//! Seeded random numbers in integers alone, so that a seed means the same flow on every machine.

/// SplitMix64: one multiplication chain per number, any seed is good.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

/// One in the fixed-point numbers of this module.
pub(crate) const ONE_Q16: i64 = 1 << 16;

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a thousand.
    pub(crate) fn per_mille(&mut self, mille: u64) -> bool {
        self.below(1000) < mille
    }

    /// Normal with mean 0 and deviation [`ONE_Q16`]: the sum of twelve uniforms.
    pub(crate) fn normal_q16(&mut self) -> i64 {
        let mut sum = 0i64;
        for _ in 0..3 {
            let four = self.next();
            sum += (0..4).map(|i| ((four >> (16 * i)) & 0xffff) as i64).sum::<i64>();
        }
        sum - 6 * ONE_Q16
    }

    /// Waiting time with mean `mean`, near enough exponential: −log2 of a uniform, linear between powers of two.
    pub(crate) fn exponential(&mut self, mean: u64) -> u64 {
        let uniform = self.next() | 1;
        let zeros = uniform.leading_zeros();
        let mantissa = ((uniform << zeros) >> 47) & 0xffff;
        let log2_q16 = (u64::from(zeros) << 16) + (0x1_0000 - mantissa);
        // The mean of log2_q16 is 1.5; so this has mean `mean`.
        ((u128::from(log2_q16) * u128::from(mean) * 2) / (3 << 16)) as u64
    }

    /// Log-normal-like: `median` × 2^(`sigma_q16` × normal), 1 at least.
    pub(crate) fn log_normal(&mut self, median: u64, sigma_q16: i64) -> u64 {
        let exponent = ((self.normal_q16() * sigma_q16) >> 16).clamp(-12 * ONE_Q16, 12 * ONE_Q16);
        let whole = exponent >> 16;
        let scaled = u128::from(median) * (ONE_Q16 + (exponent & 0xffff)) as u128;
        let value = if whole >= 0 { scaled << whole } else { scaled >> -whole } >> 16;
        u64::try_from(value).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_vector() {
        // Published first outputs of SplitMix64 from seed 1234567.
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn moments() {
        let mut rng = Rng::new(7);
        let n = 100_000i64;
        let (mut sum, mut squares) = (0i64, 0i128);
        for _ in 0..n {
            let x = rng.normal_q16();
            sum += x;
            squares += i128::from(x) * i128::from(x);
        }
        assert!((sum / n).abs() < ONE_Q16 / 100, "mean {}", sum / n);
        let variance = squares / i128::from(n) * 1000 / i128::from(ONE_Q16 * ONE_Q16);
        assert!((980..1020).contains(&variance), "variance {variance} of 1000");
        let mean = (0..n).map(|_| rng.exponential(1_000_000)).sum::<u64>() / n as u64;
        assert!((980_000..1_020_000).contains(&mean), "mean {mean}");
        let mut sizes: Vec<u64> = (0..n).map(|_| rng.log_normal(5_000, ONE_Q16)).collect();
        sizes.sort_unstable();
        let (p50, p84) = (sizes[sizes.len() / 2], sizes[sizes.len() * 84 / 100]);
        assert!((4_800..5_200).contains(&p50), "median {p50}");
        assert!((9_000..11_000).contains(&p84), "84th percentile {p84}: one deviation is a factor of two");
    }
}
