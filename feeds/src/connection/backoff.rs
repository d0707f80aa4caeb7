//! How long to wait before the next attempt: doubling, with jitter from a seed.

/// A small seeded generator (splitmix64), for jitter alone.
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// The same seed gives the same jitter.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // Multiply-shift instead of a remainder: no bias worth naming, no division by zero.
        ((u128::from(z) * u128::from(bound)) >> 64) as u64
    }
}

/// Waiting times that double from `min_ns` to `max_ns`; each is taken between its half and itself, so that lines which
/// failed together do not return together.
#[derive(Debug, Clone)]
pub struct Backoff {
    min_ns: u64,
    max_ns: u64,
    next_ns: u64,
    jitter: Jitter,
}

impl Backoff {
    /// Starts at `min_ns`.
    #[must_use]
    pub const fn new(min_ns: u64, max_ns: u64, seed: u64) -> Self {
        Self { min_ns, max_ns, next_ns: min_ns, jitter: Jitter::new(seed) }
    }

    /// The next waiting time.
    pub fn next_ns(&mut self) -> u64 {
        let full = self.next_ns;
        self.next_ns = full.saturating_mul(2).min(self.max_ns);
        full - self.jitter.below(full / 2)
    }

    /// The longest waiting time, for what hardly heals by itself; so is the next one.
    pub fn longest_ns(&mut self) -> u64 {
        self.next_ns = self.max_ns;
        self.next_ns()
    }

    /// A short wait without doubling, for an end that is nobody's fault.
    pub fn prompt_ns(&mut self) -> u64 {
        self.jitter.below(self.min_ns / 4)
    }

    /// Starts over, after a healthy time.
    pub const fn reset(&mut self) {
        self.next_ns = self.min_ns;
    }

    /// The generator, for other spreads in time.
    pub const fn jitter(&mut self) -> &mut Jitter {
        &mut self.jitter
    }
}
