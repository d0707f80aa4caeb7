//! The lost wake-up, within loom's memory model. A park has no timeout there, so that a thread which sleeps through a
//! push is a deadlock, and loom reports it.
#![cfg(loom)]

use crosstick_ring::WaitPolicy;
use crosstick_ring::spsc::{Consumer, ring};
use crosstick_ring::wait::{Waiter, pair};
use loom::thread;

fn take(consumers: &mut [Consumer<u64>], waiter: &mut Waiter, count: usize) {
    let mut taken = 0;
    while taken < count {
        let found: usize = consumers.iter_mut().map(|c| c.pop_batch(1, |_| ())).sum();
        taken += found;
        if found > 0 { waiter.active() } else { waiter.idle() }
    }
}

#[test]
fn one_producer_two_pushes() {
    loom::model(|| {
        let (mut producer, consumer) = ring::<u64>(2);
        let (mut waiter, waker) = pair(WaitPolicy::Park, false);
        let pushing = thread::spawn(move || {
            for i in 0..2 {
                producer.push(i).unwrap();
                waker.wake();
            }
        });
        take(&mut [consumer], &mut waiter, 2);
        pushing.join().unwrap();
    });
}

#[test]
fn two_producers_one_push_each() {
    let mut model = loom::model::Builder::new();
    // Two preemptions find every known bug of this kind; without a bound three threads take hours.
    model.preemption_bound = Some(2);
    model.check(|| {
        let (mut first, from_first) = ring::<u64>(2);
        let (mut second, from_second) = ring::<u64>(2);
        let (mut waiter, waker) = pair(WaitPolicy::Park, false);
        let other = waker.clone();
        let pushing = thread::spawn(move || {
            first.push(1).unwrap();
            waker.wake();
        });
        let also = thread::spawn(move || {
            second.push(2).unwrap();
            other.wake();
        });
        take(&mut [from_first, from_second], &mut waiter, 2);
        pushing.join().unwrap();
        also.join().unwrap();
    });
}
