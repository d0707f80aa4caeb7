//! What each wait policy costs and gives: CPU time of a waiting thread, and how soon it sees what is pushed.
//!
//! Topology: the benchmark's thread pushes stamps into a ring and wakes; a second thread takes them, or waits by its
//! policy. Bursts come at fixed times, with a sleep of the pushing thread between them.
//! Threads: two, not pinned, on whatever CPUs there are.
//! Unit: one stamp's way from the push to the pop; CPU time as a part of one CPU; context switches a second.
//! Measures: the first stamp of each burst, the one that meets a waiting thread; CPU time and switches of that thread by
//! `/proc/thread-self`, over the whole row. `auto` is what it is on a machine without a spare core.
//! Does not measure: readers, which block in a poll of their sockets rather than in a park; a pinned and isolated core,
//! where spinning is faster still.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crosstick_engine::clock::WallClock;
use crosstick_ring::WaitPolicy;
use crosstick_ring::spsc::ring;
use crosstick_ring::wait::pair;

/// How long a row takes.
const ROW: Duration = Duration::from_secs(3);
/// Bursts a second and stamps in each.
const LOADS: [(u64, u64); 4] = [(0, 0), (200, 5), (1_000, 1), (5_000, 4)];

/// CPU time in ns, voluntary and involuntary switches of the calling thread so far.
fn used() -> [u64; 3] {
    let words = fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let cpu_ns = words.split_whitespace().next().and_then(|w| w.parse().ok()).expect("a number");
    let status = fs::read_to_string("/proc/thread-self/status").expect("status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.trim().parse().expect("a number")
    };
    [cpu_ns, field("voluntary_ctxt_switches:"), field("nonvoluntary_ctxt_switches:")]
}

/// Latencies of each burst's first stamp, sorted, ns; and what the waiting thread used a second.
fn row(policy: WaitPolicy, (bursts, stamps): (u64, u64), clock: &WallClock) -> (Vec<u64>, [f64; 3]) {
    let (mut producer, mut consumer) = ring::<(u64, bool)>(1_024);
    let (mut waiter, waker) = pair(policy, false);
    let taking = {
        let clock = clock.clone();
        thread::spawn(move || {
            let mut latencies = Vec::with_capacity(1 << 16);
            let (begun, before) = (Instant::now(), used());
            loop {
                let closed = consumer.is_closed();
                let taken = consumer.pop_batch(64, |(pushed_ns, first)| {
                    if first {
                        latencies.push(clock.now_ns().saturating_sub(pushed_ns));
                    }
                });
                match taken {
                    0 if closed => break,
                    0 => waiter.idle(),
                    _ => waiter.active(),
                }
            }
            let (seconds, after) = (begun.elapsed().as_secs_f64(), used());
            let a_second = std::array::from_fn(|i| (after[i] - before[i]) as f64 / seconds);
            latencies.sort_unstable();
            (latencies, a_second)
        })
    };
    let (begun, mut sent) = (Instant::now(), 0);
    while begun.elapsed() < ROW {
        if bursts == 0 {
            thread::sleep(ROW);
            continue;
        }
        let due = Duration::from_nanos(sent * 1_000_000_000 / bursts);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        for number in 0..stamps {
            producer.push((clock.now_ns(), number == 0)).expect("room");
        }
        waker.wake();
        sent += 1;
    }
    drop(producer);
    waker.wake();
    let (latencies, used) = taking.join().expect("the waiting thread");
    assert_eq!(latencies.len() as u64, sent, "every burst was taken");
    (latencies, used)
}

fn main() {
    let clock = WallClock::anchored_now();
    println!(
        "| wait | bursts a second × stamps | CPU % | switches a second: own | taken away | push to pop p50, µs | p99 | most |\n\
         |---|---|---|---|---|---|---|---|"
    );
    for load in LOADS {
        for policy in WaitPolicy::ALL {
            let (latencies, [cpu_ns, own, taken]) = row(policy, load, &clock);
            let at = |part: usize| match latencies.len() {
                0 => "–".to_owned(),
                n => format!("{:.1}", latencies[(n - 1) * part / 1000] as f64 / 1000.0),
            };
            println!(
                "| {policy} | {} × {} | {:.1} | {own:.0} | {taken:.0} | {} | {} | {} |",
                load.0,
                load.1,
                cpu_ns / 1e7,
                at(500),
                at(990),
                at(1000)
            );
        }
    }
}
