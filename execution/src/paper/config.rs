//! COLD: start. How kind the simulated venue is.

/// The `[paper]` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperConfig {
    /// Seeds every random choice.
    pub seed: u64,
    /// From our decision to the order's arrival at the venue, in ns.
    pub latency_ns: u64,
    /// From what happens at the venue to its report reaching us, in ns.
    pub ack_ns: u64,
    /// Chance in a million that the venue refuses an order.
    pub reject_ppm: u32,
    /// Chance in a million that of what could fill on arrival only a part does.
    pub partial_ppm: u32,
}

impl PaperConfig {
    /// `honest`: what a well-placed host sees.
    pub const HONEST: Self = Self { seed: 1, latency_ns: 2_000_000, ack_ns: 2_000_000, reject_ppm: 0, partial_ppm: 0 };

    /// `harsh`: a bad day. One order in fifty is refused, one in four fills only in part.
    pub const HARSH: Self =
        Self { seed: 1, latency_ns: 10_000_000, ack_ns: 10_000_000, reject_ppm: 20_000, partial_ppm: 250_000 };

    /// The preset of that name.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "honest" => Some(Self::HONEST),
            "harsh" => Some(Self::HARSH),
            _ => None,
        }
    }

    /// The same with another seed.
    #[must_use]
    pub const fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}
