//! HOT: core thread. The breaker: latches a halt on the day's loss or the fall from the best result. One clock, no
//! overrides.

use crosstick_model::{Amount, DenyCode};

use crate::limits::Limits;

const DAY_NS: u64 = 86_400_000_000_000;

/// A halt as it is latched: plain data, to save and to start from again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaltState {
    /// What tripped it; for a command what its caller named it, [`DenyCode::Operator`] or [`DenyCode::Journal`].
    pub code: DenyCode,
    /// Core time at which it was latched.
    pub at_ns: u64,
    /// Whether closing orders still pass: so after a breach, not after a command.
    pub closes: bool,
}

/// A limit that was reached; trading is halted from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// Which one.
    pub code: DenyCode,
    /// Core time.
    pub at_ns: u64,
    /// Net result in the risk currency at that moment.
    pub net: Amount,
}

#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    max_daily_loss: i128,
    max_drawdown: i128,
    pub(crate) halt: Option<HaltState>,
    /// Halts latched by a limit, by code.
    pub(crate) breaches: [u64; DenyCode::ALL.len()],
    /// Halts latched, those by command among them.
    pub(crate) halts: u64,
    /// First ns of the next UTC day of core time; 0 before the first input.
    day_end_ns: u64,
    pub(crate) day_start_net: i128,
    pub(crate) peak: i128,
}

impl Breaker {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_daily_loss: limits.max_daily_loss.0,
            max_drawdown: limits.max_drawdown.0,
            halt: None,
            breaches: [0; DenyCode::ALL.len()],
            halts: 0,
            day_end_ns: 0,
            day_start_net: 0,
            peak: 0,
        }
    }

    /// Starts a new day's account when core time has left the old one. Never releases a halt.
    #[inline]
    pub(crate) fn roll_day(&mut self, now_ns: u64, net: i128) {
        if now_ns >= self.day_end_ns {
            self.day_start_net = net;
            self.day_end_ns = (now_ns / DAY_NS).saturating_add(1).saturating_mul(DAY_NS);
        }
    }

    /// Looks at a changed net result; tells a breach once, when it latches.
    #[inline]
    pub(crate) fn evaluate(&mut self, now_ns: u64, net: i128) -> Option<Breach> {
        self.peak = self.peak.max(net);
        let code = if self.day_start_net.saturating_sub(net) >= self.max_daily_loss {
            DenyCode::DailyLoss
        } else if self.peak.saturating_sub(net) >= self.max_drawdown {
            DenyCode::Drawdown
        } else {
            return None;
        };
        self.latch(now_ns, code, true, net)
    }

    /// The first cause stays; a later one can only take away the right to close (`closes` false), never give it.
    #[cold]
    pub(crate) fn latch(&mut self, now_ns: u64, code: DenyCode, closes: bool, net: i128) -> Option<Breach> {
        if let Some(halt) = &mut self.halt {
            halt.closes &= closes;
            return None;
        }
        self.halt = Some(HaltState { code, at_ns: now_ns, closes });
        self.halts += 1;
        // A halt by command breaches nothing; it alone forbids closing.
        if closes && let Some(count) = self.breaches.get_mut(code as usize) {
            *count += 1;
        }
        Some(Breach { code, at_ns: now_ns, net: Amount(net) })
    }

    /// Releases the halt and counts both losses afresh from here.
    pub(crate) fn resume(&mut self, net: i128) {
        self.halt = None;
        self.day_start_net = net;
        self.peak = net;
    }
}
