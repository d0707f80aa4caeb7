//! Turns of a loop that took too long: is it us, or the machine?
//!
//! **Hot**, on the thread whose loop it is: a comparison a look at the clock. **Cold** once a turn was overlong: one
//! `getrusage` of the thread, and a row in the region.
//!
//! What can be told: between two looks lies one input's work, or none. Where the kernel counts an involuntary context
//! switch since it was last asked, it had given the processor to something else: `preempted`. Else, where an input was
//! worked on, it was us: `work` (or something below the kernel that no process sees while we worked). Else nothing of
//! ours took that long (the decisions' hash, caught up on in idle turns, takes microseconds): `stalled` by an
//! interrupt, the hypervisor or the firmware. The count of switches is asked for in idle turns every [`ASK_EVERY_NS`],
//! and at each overlong turn: under load without an idle turn, a switch of a turn that was not overlong may be laid to
//! the next that is. A thread that has waited of its own will starts anew.

use crosstick_ipc::TurnWriter;
use crosstick_ipc::layout::TurnRow;

use super::sys;

/// From how long on a turn is overlong, ns.
pub const LIMIT_NS: u64 = 50_000;
/// How often the count of switches is asked for in idle turns, ns.
pub const ASK_EVERY_NS: u64 = 100_000_000;

/// Watches the turns of one thread's loop.
#[derive(Debug)]
pub struct Turns {
    row: TurnRow,
    writer: Option<TurnWriter>,
    /// The newest look, ns since the epoch; 0: start anew.
    looked_ns: u64,
    asked_ns: u64,
    preemptions: u64,
    ask: fn() -> u64,
}

impl Turns {
    /// For the thread of that name; shown in `writer`.
    #[must_use]
    pub fn new(thread: &str, writer: Option<TurnWriter>) -> Self {
        Self::asking(thread, writer, sys::preemptions)
    }

    /// The same with another way to learn of involuntary context switches.
    #[must_use]
    pub fn asking(thread: &str, writer: Option<TurnWriter>, ask: fn() -> u64) -> Self {
        let row = TurnRow::of(thread, LIMIT_NS);
        Self { row, writer, looked_ns: 0, asked_ns: 0, preemptions: 0, ask }
    }

    /// The clock was looked at. `worked`: something was worked on since the last look.
    #[inline]
    pub fn look(&mut self, now_ns: u64, worked: bool) {
        let gap_ns = now_ns.saturating_sub(self.looked_ns);
        if gap_ns >= LIMIT_NS && self.looked_ns != 0 {
            self.overlong(now_ns, gap_ns, worked);
        }
        self.looked_ns = now_ns;
    }

    /// An idle turn: there is time to ask.
    #[inline]
    pub fn idle(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.asked_ns) >= ASK_EVERY_NS {
            self.asked_ns = now_ns;
            self.preemptions = (self.ask)();
        }
    }

    /// The thread has given the processor away of its own will: what passed meanwhile is nobody's fault.
    #[inline]
    pub fn waited(&mut self) {
        self.looked_ns = 0;
    }

    /// What was counted.
    #[must_use]
    pub const fn row(&self) -> &TurnRow {
        &self.row
    }

    #[cold]
    fn overlong(&mut self, now_ns: u64, gap_ns: u64, worked: bool) {
        let preemptions = (self.ask)();
        let preempted = preemptions > self.preemptions;
        (self.preemptions, self.asked_ns) = (preemptions, now_ns);
        let row = &mut self.row;
        let (count, worst, total) = match (preempted, worked) {
            (true, _) => (&mut row.preempted, &mut row.preempted_worst_ns, &mut row.preempted_total_ns),
            (false, true) => (&mut row.work, &mut row.work_worst_ns, &mut row.work_total_ns),
            (false, false) => (&mut row.stalled, &mut row.stalled_worst_ns, &mut row.stalled_total_ns),
        };
        *count += 1;
        *worst = gap_ns.max(*worst);
        *total += gap_ns;
        row.newest_ns = now_ns;
        if let Some(writer) = &mut self.writer {
            writer.publish(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    const US: u64 = 1_000;

    #[test]
    fn each_gap_is_laid_to_whose_doing_it_was() {
        static SWITCHES: AtomicU64 = AtomicU64::new(7);
        let mut turns = Turns::asking("core", None, || SWITCHES.load(Ordering::Relaxed));
        let mut now = 1_000_000_000;
        let mut pass = |turns: &mut Turns, us: u64, worked: bool| {
            now += us * US;
            turns.look(now, worked);
            now
        };
        // The first look has none before it.
        let now_ns = pass(&mut turns, 0, false);
        turns.idle(now_ns);
        pass(&mut turns, 49, true);
        assert_eq!(turns.row().count(), 0, "short turns do not count");
        pass(&mut turns, 80, true);
        pass(&mut turns, 60, true);
        pass(&mut turns, 300, false);
        SWITCHES.fetch_add(1, Ordering::Relaxed);
        pass(&mut turns, 900, true);
        let last = pass(&mut turns, 70, true);
        let row = *turns.row();
        assert_eq!((row.work, row.work_worst_ns, row.work_total_ns), (3, 80 * US, 210 * US));
        assert_eq!((row.stalled, row.stalled_worst_ns, row.stalled_total_ns), (1, 300 * US, 300 * US));
        assert_eq!((row.preempted, row.preempted_worst_ns, row.preempted_total_ns), (1, 900 * US, 900 * US));
        assert_eq!((row.count(), row.newest_ns), (5, last));

        // A wait of its own will is no turn, whatever it took.
        turns.waited();
        pass(&mut turns, 5_000, false);
        assert_eq!(turns.row().count(), 5);

        // A switch that an idle turn has learned of is not laid to a later turn.
        SWITCHES.fetch_add(1, Ordering::Relaxed);
        for _ in 0..3 {
            for _ in 0..1_001 {
                let now_ns = pass(&mut turns, 40, false);
                turns.idle(now_ns);
            }
        }
        pass(&mut turns, 51, true);
        assert_eq!((turns.row().work, turns.row().preempted), (4, 1));
    }

    /// The calling thread's involuntary context switches, as /proc has them.
    fn told_elsewhere() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
        status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?.trim().parse().ok()
    }

    /// Not for its process, and not for switches of its own will.
    #[test]
    fn the_kernel_is_asked_for_the_involuntary_switches_of_this_thread() {
        if told_elsewhere().is_none() {
            println!("no /proc/thread-self/status that counts switches: nothing to compare with");
            return;
        }
        let cpu = crosstick_ring::pin::cpus().expect("CPUs")[0];
        let stop = AtomicBool::new(false);
        let told = thread::scope(|scope| {
            scope.spawn(|| {
                let _ = crosstick_ring::pin::pin_current_thread(cpu);
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
            let asking = scope.spawn(|| {
                // Beside another on its CPU this thread is switched out, or gives it away, which counts alike.
                let _ = crosstick_ring::pin::pin_current_thread(cpu);
                let end = Instant::now() + Duration::from_secs(5);
                while told_elsewhere() == Some(0) && Instant::now() < end {
                    thread::yield_now();
                }
                (0..20).for_each(|_| thread::sleep(Duration::from_micros(100)));
                (told_elsewhere(), Some(sys::preemptions()), told_elsewhere())
            });
            let told = asking.join();
            stop.store(true, Ordering::Relaxed);
            told
        });
        let (before, asked, after) = told.expect("a thread that asks");
        assert!(before <= asked && asked <= after, "{before:?} {asked:?} {after:?}");
    }
}
