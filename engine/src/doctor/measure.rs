//! What this machine does, measured: how often a CPU is taken away, and what a clock read, a system call and a hop
//! from core to core cost.
//!
//! Nothing here depends on the config but the CPUs; the loops are those of a spinning thread with nothing to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crosstick_ring::pin::pin_current_thread;
use hdrhistogram::Histogram;
use quanta::Clock;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, Group};

/// Calls in a batch; a batch is timed as a whole, and the median batch counts.
const BATCH: u32 = 1_000;
/// Batches.
const BATCHES: usize = 101;
/// Round trips in a batch of hops.
const HOPS: u32 = 500;
/// Longest time spent on hops: threads that share a CPU with others may wait long for each other.
const HOPS_TIME: Duration = Duration::from_millis(500);
/// A longer gap between two looks at the counter means that something else had the CPU, ns.
const GAP_NS: u64 = 1_000;
/// Longest gap that the histogram tells apart, ns.
const GAP_MAX_NS: u64 = 60_000_000_000;
/// Looks at the counter between two looks at the time that is left.
const LOOKS: u32 = 4_096;
/// Where the counted gaps begin, ns.
const STEPS_NS: [u64; 6] = [0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// The same in words.
pub const STEPS: [&str; STEPS_NS.len()] =
    ["below 1 µs", "from 1 µs", "from 10 µs", "from 100 µs", "from 1 ms", "from 10 ms"];

/// Gaps from this length on, up to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// Shortest, ns.
    pub from_ns: u64,
    /// How many.
    pub count: u64,
}

/// How steadily a spinning thread has its CPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jitter {
    /// The CPU.
    pub cpu: usize,
    /// How long it was watched, ns.
    pub watched_ns: u64,
    /// Looks at the counter.
    pub looks: u64,
    /// Median time between two looks, ns.
    pub p50_ns: u64,
    /// 99 % of them are this or shorter, ns.
    pub p99_ns: u64,
    /// 99.9 %, ns.
    pub p999_ns: u64,
    /// 99.999 %, ns.
    pub p99999_ns: u64,
    /// The longest, ns.
    pub max_ns: u64,
    /// Share of the time that went in gaps longer than 1 µs, in millionths.
    pub lost_ppm: u64,
    /// The gaps by length.
    pub gaps: Vec<Gaps>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Reading the engine's clock once, ns.
    pub clock_read_ns: f64,
    /// The cheapest system call, ns.
    pub syscall_ns: f64,
    /// A cache line from one of the CPUs to another, ns; `None` with one CPU, or when they were too busy.
    pub hop_ns: Option<f64>,
    /// The CPUs between which it went.
    pub hop_cpus: Option<(usize, usize)>,
    /// A row a CPU.
    pub jitter: Vec<Jitter>,
    /// CPUs that could not be watched, and why.
    pub unwatched: Vec<String>,
}

/// Measures on these CPUs, which are watched at the same time, for `watch`.
#[must_use]
pub fn measure(cpus: &[usize], watch: Duration) -> Measured {
    let clock = Clock::new();
    let clock_read_ns = median_ns(&clock, || {
        std::hint::black_box(clock.raw());
    });
    let syscall_ns = median_ns(&clock, || {
        std::hint::black_box(std::os::unix::process::parent_id());
    });
    let pair = match cpus {
        [first, second, ..] => Some((*first, *second)),
        _ => None,
    };
    let hop_ns = pair.and_then(|(a, b)| hop(&clock, a, b));
    let watchers: Vec<_> = cpus
        .iter()
        .map(|cpu| {
            let (cpu, clock) = (*cpu, clock.clone());
            (cpu, thread::Builder::new().name(format!("ct-doctor-{cpu}")).spawn(move || jitter(&clock, cpu, watch)))
        })
        .collect();
    let (mut rows, mut unwatched) = (Vec::new(), Vec::new());
    for (cpu, watcher) in watchers {
        match watcher.map(thread::JoinHandle::join) {
            Ok(Ok(Ok(row))) => rows.push(row),
            Ok(Ok(Err(error))) => unwatched.push(error),
            Ok(Err(_)) => unwatched.push(format!("cpu {cpu}: its watcher panicked")),
            Err(error) => unwatched.push(format!("cpu {cpu}: {error}")),
        }
    }
    let hop_cpus = pair.filter(|_| hop_ns.is_some());
    Measured { clock_read_ns, syscall_ns, hop_ns, hop_cpus, jitter: rows, unwatched }
}

/// The median over batches of what one call costs.
fn median_ns(clock: &Clock, mut call: impl FnMut()) -> f64 {
    let mut batches: Vec<u64> = (0..BATCHES)
        .map(|_| {
            let before = clock.raw();
            for _ in 0..BATCH {
                call();
            }
            clock.delta_as_nanos(before, clock.raw())
        })
        .collect();
    batches.sort_unstable();
    tenths(batches[BATCHES / 2] as f64 / f64::from(BATCH))
}

/// One digit behind the point: more is noise.
fn tenths(ns: f64) -> f64 {
    (ns * 10.0).round() / 10.0
}

/// Half of a round trip between two pinned threads; `None` when they cannot be pinned or never got a batch done.
fn hop(clock: &Clock, a: usize, b: usize) -> Option<f64> {
    struct Table {
        ball: AtomicU32,
        over: AtomicBool,
    }
    let table = Arc::new(Table { ball: AtomicU32::new(0), over: AtomicBool::new(false) });
    let other = Arc::clone(&table);
    let answer = thread::Builder::new().name("ct-doctor-hop".into()).spawn(move || {
        if pin_current_thread(b).is_err() {
            other.over.store(true, Ordering::Relaxed);
        }
        while !other.over.load(Ordering::Relaxed) {
            let ball = other.ball.load(Ordering::Acquire);
            // Odd: it was sent; even: it is back.
            if ball % 2 == 1 {
                other.ball.store(ball.wrapping_add(1), Ordering::Release);
            }
            std::hint::spin_loop();
        }
    });
    let clock = clock.clone();
    let table_a = Arc::clone(&table);
    let serve = thread::Builder::new().name("ct-doctor-hop".into()).spawn(move || {
        let mut batches = Vec::with_capacity(BATCHES);
        let end = Instant::now() + HOPS_TIME;
        if pin_current_thread(a).is_err() {
            return batches;
        }
        'all: while batches.len() < BATCHES {
            let before = clock.raw();
            for _ in 0..HOPS {
                let sent = table_a.ball.load(Ordering::Relaxed).wrapping_add(1);
                table_a.ball.store(sent, Ordering::Release);
                let mut looks = 0_u32;
                while table_a.ball.load(Ordering::Acquire) == sent {
                    std::hint::spin_loop();
                    looks = looks.wrapping_add(1);
                    if looks.is_multiple_of(1_024) && (table_a.over.load(Ordering::Relaxed) || Instant::now() >= end) {
                        break 'all;
                    }
                }
            }
            batches.push(clock.delta_as_nanos(before, clock.raw()));
        }
        batches
    });
    let batches = serve.map(thread::JoinHandle::join);
    table.over.store(true, Ordering::Relaxed);
    if let Ok(answer) = answer {
        let _ = answer.join();
    }
    let mut batches = batches.ok()?.ok()?;
    batches.sort_unstable();
    batches.get(batches.len() / 2).map(|ns| tenths(*ns as f64 / f64::from(HOPS) / 2.0))
}

/// Watches the counter from `cpu`: a gap is a time in which something else ran there.
fn jitter(clock: &Clock, cpu: usize, watch: Duration) -> Result<Jitter, String> {
    pin_current_thread(cpu).map_err(|error| error.to_string())?;
    let mut histogram = Histogram::<u64>::new_with_bounds(1, GAP_MAX_NS, 2).map_err(|error| error.to_string())?;
    let watch_ns = u64::try_from(watch.as_nanos()).unwrap_or(u64::MAX);
    let mut counts = [0_u64; STEPS_NS.len()];
    let (mut lost_ns, mut max_ns) = (0_u64, 0_u64);
    let start = clock.raw();
    let mut last = start;
    while clock.delta_as_nanos(start, last) < watch_ns {
        for _ in 0..LOOKS {
            let now = clock.raw();
            let gap_ns = clock.delta_as_nanos(last, now);
            last = now;
            histogram.saturating_record(gap_ns);
            max_ns = max_ns.max(gap_ns);
            if gap_ns >= GAP_NS {
                lost_ns += gap_ns;
                let step = STEPS_NS.iter().rposition(|from| gap_ns >= *from).unwrap_or(0);
                counts[step] += 1;
            }
        }
    }
    let watched_ns = clock.delta_as_nanos(start, last).max(1);
    let looks = histogram.len();
    counts[0] = looks - counts[1..].iter().sum::<u64>();
    let at = |quantile: f64| histogram.value_at_quantile(quantile).min(max_ns);
    Ok(Jitter {
        cpu,
        watched_ns,
        looks,
        p50_ns: at(0.5),
        p99_ns: at(0.99),
        p999_ns: at(0.999),
        p99999_ns: at(0.999_99),
        max_ns,
        lost_ppm: u64::try_from(u128::from(lost_ns) * 1_000_000 / u128::from(watched_ns)).unwrap_or(u64::MAX),
        gaps: STEPS_NS.iter().zip(counts).map(|(from_ns, count)| Gaps { from_ns: *from_ns, count }).collect(),
    })
}

/// What the measured figures say.
#[must_use]
pub fn findings(measured: &Measured) -> Vec<Finding> {
    const GROUP: Group = Group::Measured;
    let mut all = vec![
        clock_read(measured.clock_read_ns),
        Finding::info(GROUP, "syscall", format!("the cheapest system call costs {} ns", measured.syscall_ns)),
        match (measured.hop_ns, measured.hop_cpus) {
            (Some(ns), Some((a, b))) => {
                Finding::info(GROUP, "hop", format!("a cache line goes from cpu {a} to cpu {b} in {ns} ns"))
            }
            _ => Finding::unknown(GROUP, "hop", "two CPUs are needed, with time to answer each other"),
        },
    ];
    all.extend(measured.jitter.iter().map(of_jitter));
    all.extend(measured.unwatched.iter().map(|error| Finding::unknown(GROUP, "jitter", error)));
    all
}

fn clock_read(ns: f64) -> Finding {
    const CHECK: &str = "clock_read";
    let found = format!("reading the clock costs {ns} ns");
    // A TSC is read in some ten ns, also in a guest; a clock that needs the kernel or a device costs far more.
    if ns < 100.0 {
        return Finding::fine(Group::Measured, CHECK, found);
    }
    Finding::hurts(Group::Measured, CHECK, found)
        .wanted("below 100 ns")
        .why("hot threads stamp every tick several times")
        .fix("see tsc and clock_source; a hypervisor that traps the TSC makes every stamp slow")
}

fn of_jitter(row: &Jitter) -> Finding {
    const CHECK: &str = "jitter";
    let seconds = (row.watched_ns as f64 / 1e9 * 10.0).round() / 10.0;
    let (whole, part) = (row.lost_ppm / 10_000, row.lost_ppm % 10_000);
    let found = format!(
        "cpu {}: {whole}.{part:04} % of {seconds} s lost; gaps p99.999 {}, longest {}",
        row.cpu,
        span(row.p99999_ns),
        span(row.max_ns)
    );
    let finding = match (row.lost_ppm, row.max_ns) {
        (0..1_000, 0..100_000) => return Finding::fine(Group::Measured, CHECK, found),
        (0..10_000, 0..1_000_000) => Finding::advice(Group::Measured, CHECK, found),
        _ => Finding::hurts(Group::Measured, CHECK, found),
    };
    finding
        .wanted("below 0.1 % lost, no gap of 100 µs")
        .why("whatever takes the CPU away delays the tick that comes then by that long")
        .fix("isolate the CPU (isolation, nohz_full, irq_affinity above) and stop what else runs on this host")
}

/// A time with a unit that suits it.
fn span(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{} µs", ns / 1_000),
        _ => format!("{} ms", ns / 1_000_000),
    }
}
