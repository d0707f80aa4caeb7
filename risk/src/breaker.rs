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
    /// Limits reached while trading was halted already, by code: each once a halt, beside the one that halted.
    pub(crate) halted_breaches: [u64; DenyCode::ALL.len()],
    /// Limits reached since trading was halted, by bit.
    reached: u64,
    /// Halts latched, those by command among them.
    pub(crate) halts: u64,
    /// First ns of the next UTC day of core time; 0 before the first input.
    day_end_ns: u64,
    pub(crate) day_start_net: i128,
    pub(crate) peak: i128,
}

const _: () = assert!(DenyCode::ALL.len() <= u64::BITS as usize, "a bit a code");

const fn bit(code: DenyCode) -> u64 {
    1 << code as u64
}

impl Breaker {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_daily_loss: limits.max_daily_loss.0,
            max_drawdown: limits.max_drawdown.0,
            halt: None,
            breaches: [0; DenyCode::ALL.len()],
            halted_breaches: [0; DenyCode::ALL.len()],
            reached: 0,
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
        let lost = self.day_start_net.saturating_sub(net) >= self.max_daily_loss;
        let fell = self.peak.saturating_sub(net) >= self.max_drawdown;
        if lost | fell { self.reach(now_ns, lost, fell, net) } else { None }
    }

    #[cold]
    fn reach(&mut self, now_ns: u64, lost: bool, fell: bool, net: i128) -> Option<Breach> {
        let by_loss = if lost { self.latch(now_ns, DenyCode::DailyLoss, true, net) } else { None };
        let by_fall = if fell { self.latch(now_ns, DenyCode::Drawdown, true, net) } else { None };
        by_loss.or(by_fall)
    }

    /// The first cause stays; a later one can only take away the right to close (`closes` false), never give it.
    #[cold]
    pub(crate) fn latch(&mut self, now_ns: u64, code: DenyCode, closes: bool, net: i128) -> Option<Breach> {
        let bit = if closes { bit(code) } else { 0 };
        if let Some(halt) = &mut self.halt {
            halt.closes &= closes;
            // It halts nothing any more, so nothing else tells of it.
            if bit & !self.reached != 0
                && let Some(count) = self.halted_breaches.get_mut(code as usize)
            {
                *count += 1;
            }
            self.reached |= bit;
            return None;
        }
        self.halt = Some(HaltState { code, at_ns: now_ns, closes });
        self.reached = bit;
        self.halts += 1;
        // A halt by command breaches nothing; it alone forbids closing.
        if closes && let Some(count) = self.breaches.get_mut(code as usize) {
            *count += 1;
        }
        Some(Breach { code, at_ns: now_ns, net: Amount(net) })
    }

    /// Latches a halt that was saved.
    pub(crate) const fn restore(&mut self, halt: HaltState) {
        self.halt = Some(halt);
        self.reached = if halt.closes { bit(halt.code) } else { 0 };
    }

    /// Releases the halt and counts both losses afresh from here.
    pub(crate) fn resume(&mut self, net: i128) {
        self.halt = None;
        self.day_start_net = net;
        self.peak = net;
    }
}
