//! HOT: what a thread does when a turn of its loop found nothing to do, and how a producer wakes it.
//!
//! Only a thread that may park costs its producers anything: [`Waker::wake`] is a load of a constant for the others.
//! A parking thread parks in two turns: the first idle call raises a flag and returns, so that the caller looks at all
//! its queues once more; if that turn is idle too, the next call parks. A producer pushes first and looks at the flag
//! then. Both put a sequentially consistent fence between their two steps, so one of them sees the other's: no wake-up
//! is lost. Besides, every park is bounded, for the sake of timers and signals.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::sync::{Arc, AtomicBool, Ordering, Thread, current, fence, park_timeout, spin_loop, yield_now};

/// How a thread waits, as the config states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitPolicy {
    /// Pause and look again: the lowest latency, a whole core.
    Spin,
    /// Give the core away and look again.
    Yield,
    /// Sleep until woken, after a moment of pausing.
    Park,
    /// Spin where the machine has a free core for it; else as [`Self::Park`].
    Auto,
}

impl WaitPolicy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Spin, Self::Yield, Self::Park, Self::Auto];

    /// The name used in the config.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Yield => "yield",
            Self::Park => "park",
            Self::Auto => "auto",
        }
    }

    const fn plan(self, spare_core: bool) -> Plan {
        match self {
            Self::Spin => Plan { spins: u32::MAX, yields: 0 },
            Self::Yield => Plan { spins: 0, yields: u32::MAX },
            Self::Park => Plan { spins: PARK_SPINS, yields: 0 },
            Self::Auto if spare_core => Self::Spin.plan(spare_core),
            // Yields between the pauses and the park were measured to gain nothing: a thread that parks is woken as
            // soon, and one that yields takes turns away from those that have work.
            Self::Auto => Self::Park.plan(spare_core),
        }
    }
}

impl fmt::Display for WaitPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no wait policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWaitPolicy;

impl fmt::Display for UnknownWaitPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wait is one of spin, yield, park, auto")
    }
}

impl std::error::Error for UnknownWaitPolicy {}

impl FromStr for WaitPolicy {
    type Err = UnknownWaitPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownWaitPolicy> {
        Self::ALL.into_iter().find(|p| p.name() == text).ok_or(UnknownWaitPolicy)
    }
}

/// Idle turns spent pausing before a parking thread gives way: some microseconds, about the cost of a futex call, so
/// that a burst is not chopped into sleeps.
#[cfg(not(loom))]
const PARK_SPINS: u32 = 128;
/// Under loom each turn multiplies the executions, and none of them adds a case.
#[cfg(loom)]
const PARK_SPINS: u32 = 0;
/// Longest park unless [`Waiter::set_park_max`] says otherwise.
const PARK_MAX: Duration = Duration::from_micros(500);

/// How many idle turns to pause, then how many to yield, before parking; `u32::MAX` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    spins: u32,
    yields: u32,
}

impl Plan {
    const fn parks(self) -> bool {
        self.spins != u32::MAX && self.yields != u32::MAX
    }
}

struct Shared {
    /// Raised by the waiter before its last look, lowered by whoever gets there first.
    parked: CachePadded<AtomicBool>,
    /// The waiting thread, known from its first park on.
    thread: OnceLock<Thread>,
}

/// A waiter and the waker that its producers copy.
///
/// `spare_core` says whether the machine has a core for this thread alone; it decides what `auto` means.
#[must_use]
pub fn pair(policy: WaitPolicy, spare_core: bool) -> (Waiter, Waker) {
    let plan = policy.plan(spare_core);
    let shared = Arc::new(Shared { parked: CachePadded::new(AtomicBool::new(false)), thread: OnceLock::new() });
    let waiter = Waiter { plan, idle_turns: 0, announced: false, park_max: PARK_MAX, shared: shared.clone() };
    (waiter, Waker { parks: plan.parks(), shared })
}

/// Held by the thread that waits. It may be sent there after construction, but stays where it first idled.
pub struct Waiter {
    plan: Plan,
    idle_turns: u32,
    /// The flag was raised before the turn that just ended.
    announced: bool,
    park_max: Duration,
    shared: Arc<Shared>,
}

impl Waiter {
    /// After a turn that found work.
    #[inline]
    pub fn active(&mut self) {
        self.idle_turns = 0;
        if self.announced {
            self.announced = false;
            self.shared.parked.swap(false, Ordering::AcqRel);
        }
    }

    /// After a turn that found none. The caller looks at everything it waits for between two calls.
    #[inline]
    pub fn idle(&mut self) {
        // The test is one of a constant where the thread spins for ever, and that branch does nothing else.
        if self.plan.spins == u32::MAX {
            spin_loop();
        } else {
            self.idle_slow();
        }
    }

    /// Like [`Self::idle`], for a thread that is woken by something other than a [`Waker`], say a socket: where it
    /// would park, `block` is called instead, with the longest time that it may take.
    #[inline]
    pub fn idle_with(&mut self, block: impl FnOnce(Duration)) {
        if !self.pause_or_yield() {
            block(self.park_max);
        }
    }

    /// Bounds each park; a thread that owes somebody a timer sets it before each idle turn. Default: 500 µs.
    #[inline]
    pub fn set_park_max(&mut self, park_max: Duration) {
        self.park_max = park_max;
    }

    /// Whether this thread may ever park, or block in [`Self::idle_with`].
    #[must_use]
    pub fn parks(&self) -> bool {
        self.plan.parks()
    }

    #[cold]
    fn idle_slow(&mut self) {
        if !self.pause_or_yield() {
            self.park();
        }
    }

    /// One step of the plan; `false` when it is time to park.
    #[inline]
    fn pause_or_yield(&mut self) -> bool {
        let Plan { spins, yields } = self.plan;
        if self.idle_turns < spins {
            spin_loop();
        } else if self.idle_turns - spins < yields {
            yield_now();
        } else {
            return false;
        }
        if self.plan.parks() {
            self.idle_turns += 1;
        }
        true
    }

    fn park(&mut self) {
        // A flag that a waker lowered meanwhile has to be raised, and the queues looked at, anew.
        if self.announced && self.shared.parked.load(Ordering::Relaxed) {
            park_timeout(self.park_max);
            return;
        }
        self.shared.thread.get_or_init(current);
        self.announced = true;
        // All changes of the flag are swaps, so that they are ordered. Pairs with the swap in `Waker::unpark`, also
        // for the thread handle.
        self.shared.parked.swap(true, Ordering::AcqRel);
        // Pairs with the fence in `Waker::wake`: the look that the caller takes now sees the push, or the push's
        // waker sees the flag.
        fence(Ordering::SeqCst);
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Held by each producer of a waiting thread.
#[derive(Clone)]
pub struct Waker {
    parks: bool,
    shared: Arc<Shared>,
}

impl Waker {
    /// After one or more pushes: wakes the thread if it is parked or about to be. Nothing for one that never parks.
    #[inline]
    pub fn wake(&self) {
        if self.parks {
            self.wake_parked();
        }
    }

    #[inline]
    fn wake_parked(&self) {
        // Pairs with the fence in `Waiter::park`.
        fence(Ordering::SeqCst);
        if self.shared.parked.load(Ordering::Relaxed) {
            self.unpark();
        }
    }

    #[cold]
    fn unpark(&self) {
        // One of several producers makes the call.
        if self.shared.parked.swap(false, Ordering::AcqRel)
            && let Some(thread) = self.shared.thread.get()
        {
            thread.unpark();
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("parks", &self.parks).finish_non_exhaustive()
    }
}
