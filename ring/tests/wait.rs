//! Waiting and pinning from the outside.
#![cfg(not(loom))]

use std::thread;
use std::time::{Duration, Instant};

use crosstick_ring::WaitPolicy;
use crosstick_ring::pin::{PinError, cpus, pin_current_thread};
use crosstick_ring::spsc::{Consumer, Producer, ring};
use crosstick_ring::wait::{Waiter, Waker, pair};

/// Long enough that a test in which a wake-up is lost cannot end before.
const LOST: Duration = Duration::from_secs(60);

fn take(consumer: &mut Consumer<u64>, waiter: &mut Waiter) -> u64 {
    loop {
        if let Some(value) = consumer.pop() {
            waiter.active();
            return value;
        }
        waiter.idle();
    }
}

fn ping_pong(policy: WaitPolicy, spare_core: bool, rounds: u64) {
    let ends = || {
        let (producer, consumer) = ring::<u64>(4);
        let (mut waiter, waker) = pair(policy, spare_core);
        waiter.set_park_max(LOST);
        (producer, waker, consumer, waiter)
    };
    let (mut there, wake_there, mut from_here, mut waiter_there) = ends();
    let (mut back, wake_back, mut from_there, mut waiter_here) = ends();
    let send = |producer: &mut Producer<u64>, waker: &Waker, value| {
        producer.push(value).unwrap();
        waker.wake();
    };
    let start = Instant::now();
    let echo = thread::spawn(move || {
        for _ in 0..rounds {
            let value = take(&mut from_here, &mut waiter_there);
            send(&mut back, &wake_back, value + 1);
        }
    });
    for i in 0..rounds {
        send(&mut there, &wake_there, i);
        assert_eq!(take(&mut from_there, &mut waiter_here), i + 1);
    }
    echo.join().unwrap();
    assert!(start.elapsed() < LOST, "a wake-up was lost");
}

#[test]
fn a_parked_thread_is_woken_by_every_push() {
    ping_pong(WaitPolicy::Park, false, 5_000);
}

#[test]
fn auto_without_a_spare_core_is_woken_by_every_push() {
    ping_pong(WaitPolicy::Auto, false, 5_000);
}

#[test]
fn a_yielding_thread_needs_no_waking() {
    ping_pong(WaitPolicy::Yield, false, 2_000);
}

#[test]
fn one_waiter_is_woken_by_several_producers() {
    const EACH: u64 = 3_000;
    let (mut waiter, waker) = pair(WaitPolicy::Park, false);
    waiter.set_park_max(LOST);
    let start = Instant::now();
    let (threads, mut consumers): (Vec<_>, Vec<_>) = (0..3)
        .map(|_| {
            let (mut producer, consumer) = ring::<u64>(8);
            let waker = waker.clone();
            let thread = thread::spawn(move || {
                for i in 0..EACH {
                    while producer.push(i).is_err() {
                        thread::yield_now();
                    }
                    waker.wake();
                }
            });
            (thread, consumer)
        })
        .unzip();
    let mut taken = 0;
    while taken < 3 * EACH {
        let count: usize = consumers.iter_mut().map(|c| c.pop_batch(4, |_| ())).sum();
        taken += count as u64;
        if count > 0 { waiter.active() } else { waiter.idle() }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(start.elapsed() < LOST, "a wake-up was lost");
}

#[test]
fn a_park_without_a_wake_up_ends_by_itself() {
    let (mut waiter, _waker) = pair(WaitPolicy::Park, false);
    waiter.set_park_max(Duration::from_millis(1));
    for _ in 0..1_000 {
        waiter.idle();
    }
}

#[test]
fn auto_spins_only_with_a_spare_core() {
    let parks = |policy, spare| pair(policy, spare).0.parks();
    assert!(!parks(WaitPolicy::Auto, true));
    assert!(parks(WaitPolicy::Auto, false));
    for spare in [false, true] {
        assert!(!parks(WaitPolicy::Spin, spare) && !parks(WaitPolicy::Yield, spare) && parks(WaitPolicy::Park, spare));
    }
}

/// Idle turns until the thread would block.
fn turns_until_block(policy: WaitPolicy, waiter: &mut Waiter) -> Option<u32> {
    (0..10_000).find(|_| {
        let mut blocked = false;
        waiter.idle_with(|longest| {
            assert!(longest > Duration::ZERO, "{policy}");
            blocked = true;
        });
        blocked
    })
}

#[test]
fn blocking_comes_after_pausing_and_yielding_and_starts_anew_with_work() {
    for (policy, spare, blocks) in [
        (WaitPolicy::Spin, false, false),
        (WaitPolicy::Yield, false, false),
        (WaitPolicy::Auto, true, false),
        (WaitPolicy::Park, true, true),
        (WaitPolicy::Auto, false, true),
    ] {
        let (mut waiter, _waker) = pair(policy, spare);
        let first = turns_until_block(policy, &mut waiter);
        assert_eq!(first.is_some(), blocks, "{policy}");
        if blocks {
            assert!(first > Some(0));
            assert_eq!(turns_until_block(policy, &mut waiter), Some(0), "it stays blocking while idle");
            waiter.active();
            assert_eq!(turns_until_block(policy, &mut waiter), first);
        }
    }
}

#[test]
fn policies_are_spelled_as_in_the_config() {
    for policy in WaitPolicy::ALL {
        assert_eq!(policy.name().parse(), Ok(policy));
    }
    assert_eq!("Spin".parse::<WaitPolicy>().unwrap_err().to_string(), "wait is one of spin, yield, park, auto");
}

#[test]
fn a_thread_is_pinned_to_a_cpu_that_exists() {
    thread::spawn(|| {
        let all = cpus().unwrap();
        let last = *all.last().unwrap();
        pin_current_thread(last).unwrap();
        assert_eq!(cpus().unwrap(), [last]);
    })
    .join()
    .unwrap();
}

#[test]
fn a_cpu_that_does_not_exist_is_refused_and_changes_nothing() {
    thread::spawn(|| {
        let before = cpus().unwrap();
        for cpu in [1023, 1024, usize::MAX] {
            assert_eq!(pin_current_thread(cpu), Err(PinError::Refused { cpu }));
        }
        assert_eq!(cpus().unwrap(), before);
        assert!(PinError::Refused { cpu: 9 }.to_string().contains("cpu 9"));
    })
    .join()
    .unwrap();
}
