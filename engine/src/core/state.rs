//! A hash of what the core holds, for journals: two cores with the same hash took the same way. Microseconds, and only
//! when asked.

use crosstick_strategy::Strategy;

use super::Core;

impl<S: Strategy> Core<S> {
    /// BLAKE3 over all decisions, core time, the counters, and each position with its exact cash flows and balances.
    #[must_use]
    pub fn state_hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.hash.digest());
        for word in [self.now_ns, self.counts.ticks, self.counts.seen, self.counts.taken, self.counts.orders] {
            hasher.update(&word.to_le_bytes());
        }
        for position in self.risk.positions() {
            hasher.update(&position.instrument.0.to_le_bytes());
            for amount in [position.quantity, position.pnl.net, position.exposure] {
                hasher.update(&amount.0.to_le_bytes());
            }
        }
        for balance in self.risk.balances() {
            hasher.update(&balance.free.0.to_le_bytes());
        }
        hasher.finalize().into()
    }
}
