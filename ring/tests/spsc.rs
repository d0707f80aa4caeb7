//! The queue from the outside: one thread against a model, two threads with checksums.
#![cfg(not(loom))]

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crosstick_ring::spsc::{Consumer, Full, Producer, ring};
use proptest::prelude::*;

#[test]
fn first_in_first_out_over_many_rounds() {
    let (mut producer, mut consumer) = ring::<u64>(4);
    for round in 0..100u64 {
        for i in 0..3 {
            producer.push(round * 3 + i).unwrap();
        }
        for i in 0..3 {
            assert_eq!(consumer.pop(), Some(round * 3 + i));
        }
        assert_eq!(consumer.pop(), None);
    }
}

#[test]
fn a_full_queue_gives_the_value_back_and_keeps_the_rest() {
    let (mut producer, mut consumer) = ring::<u64>(4);
    for i in 0..4 {
        producer.push(i).unwrap();
    }
    assert_eq!(producer.push(99), Err(Full(99)));
    assert_eq!(producer.free(), 0);
    assert_eq!(consumer.pop(), Some(0));
    assert_eq!(producer.push(4), Ok(()), "a queue of four publishes with each item");
    let mut rest = Vec::new();
    assert_eq!(consumer.pop_batch(usize::MAX, |v| rest.push(v)), 4);
    assert_eq!(rest, [1, 2, 3, 4]);
}

#[test]
fn capacity_is_rounded_up_to_a_power_of_two() {
    for (asked, given) in [(1, 1), (2, 2), (3, 4), (5, 8), (1000, 1024)] {
        let (producer, consumer) = ring::<u8>(asked);
        assert_eq!((producer.capacity(), consumer.capacity()), (given, given));
    }
}

#[test]
#[should_panic(expected = "room for one item")]
fn capacity_zero_is_refused() {
    let _ = ring::<u8>(0);
}

#[test]
fn a_queue_of_one_works() {
    let (mut producer, mut consumer) = ring::<u64>(1);
    for i in 0..10 {
        assert_eq!(producer.push(i), Ok(()));
        assert_eq!(producer.push(i), Err(Full(i)));
        assert_eq!(consumer.pop(), Some(i));
        assert_eq!(consumer.pop(), None);
    }
}

#[test]
fn the_position_is_published_lazily_but_never_too_late() {
    let (mut producer, mut consumer) = ring::<u64>(1024);
    let every = Consumer::<u64>::PUBLISH_EVERY_MAX;
    assert_eq!(producer.push_batch(&[7; 2000]), 1024);
    for _ in 0..every - 1 {
        consumer.pop().unwrap();
    }
    assert_eq!(producer.free(), 0, "not told yet");
    consumer.pop().unwrap();
    assert_eq!(producer.free() as u64, every, "told with the last of so many");
    consumer.pop().unwrap();
    consumer.publish();
    assert_eq!(producer.free() as u64, every + 1, "told when asked");
    let left = consumer.pop_batch(usize::MAX, |_| ());
    assert_eq!(left as u64, 1024 - every - 1);
    assert_eq!(producer.free(), 1024, "told when found empty");
}

#[test]
fn push_batch_takes_what_fits_in_order() {
    let (mut producer, mut consumer) = ring::<u64>(8);
    let values: Vec<u64> = (0..20).collect();
    assert_eq!(producer.push_batch(&values), 8);
    assert_eq!(producer.push_batch(&values[8..]), 0);
    assert_eq!(producer.push_batch(&[]), 0);
    let mut out = Vec::new();
    assert_eq!(consumer.pop_batch(5, |v| out.push(v)), 5);
    consumer.publish();
    assert_eq!(producer.push_batch(&values[8..]), 5);
    assert_eq!(consumer.pop_batch(100, |v| out.push(v)), 8);
    assert_eq!(out, values[..13]);
}

#[test]
fn a_panic_in_a_batch_loses_and_repeats_nothing_else() {
    let (mut producer, mut consumer) = ring::<u64>(8);
    producer.push_batch(&[0, 1, 2, 3]);
    let mut seen = Vec::new();
    let result = catch_unwind(AssertUnwindSafe(|| {
        consumer.pop_batch(4, |v| {
            seen.push(v);
            assert_ne!(v, 1, "as planned");
        })
    }));
    assert!(result.is_err());
    consumer.pop_batch(4, |v| seen.push(v));
    assert_eq!(seen, [0, 1, 2, 3]);
}

#[test]
fn a_dropped_end_is_seen_and_its_items_survive_it() {
    let (mut producer, mut consumer) = ring::<u64>(8);
    assert!(!consumer.is_closed() && !producer.is_closed());
    producer.push(1).unwrap();
    drop(producer);
    assert!(consumer.is_closed());
    assert_eq!(consumer.pop(), Some(1));
    assert_eq!(consumer.pop(), None);

    let (producer, consumer) = ring::<u64>(8);
    drop(consumer);
    assert!(producer.is_closed());
}

#[test]
fn is_empty_agrees_with_pop() {
    let (mut producer, mut consumer) = ring::<u64>(2);
    assert!(consumer.is_empty());
    producer.push(1).unwrap();
    assert!(!consumer.is_empty());
    consumer.pop();
    assert!(consumer.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    PushBatch(usize),
    Pop,
    PopBatch(usize),
    Publish,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Push),
        2 => (0usize..200).prop_map(Step::PushBatch),
        4 => Just(Step::Pop),
        2 => (0usize..200).prop_map(Step::PopBatch),
        1 => Just(Step::Publish),
    ];
    proptest::collection::vec(step, 0..400)
}

/// The queue beside what it is meant to be.
struct Model {
    producer: Producer<u64>,
    consumer: Consumer<u64>,
    expected: VecDeque<u64>,
    next: u64,
}

impl Model {
    /// Free slots as the producer may see them: exact after a publication, less by the unpublished otherwise.
    fn check_free(&mut self, published: bool) {
        let free = self.producer.free();
        let really = self.producer.capacity() - self.expected.len();
        let unpublished_max = (self.producer.capacity() as u64 / 4).clamp(1, 64) as usize - 1;
        assert!(free <= really && free + unpublished_max >= really, "{free} of {really}");
        assert!(!published || free == really, "{free} of {really}");
    }

    fn pushed(&mut self, values: &[u64]) {
        self.expected.extend(values);
        self.next += values.len() as u64;
        assert!(self.expected.len() <= self.producer.capacity());
    }

    fn step(&mut self, step: &Step) {
        let mut published = false;
        match *step {
            Step::Push => {
                let free = self.producer.free();
                let result = self.producer.push(self.next);
                assert_eq!(result.is_ok(), free > 0);
                match result {
                    Ok(()) => self.pushed(&[self.next]),
                    Err(Full(value)) => assert_eq!(value, self.next),
                }
            }
            Step::PushBatch(len) => {
                let values: Vec<u64> = (self.next..).take(len).collect();
                let free = self.producer.free();
                let count = self.producer.push_batch(&values);
                assert_eq!(count, free.min(len));
                self.pushed(&values[..count]);
            }
            Step::Pop => {
                let value = self.consumer.pop();
                published = value.is_none();
                assert_eq!(value, self.expected.pop_front());
            }
            Step::PopBatch(max) => {
                let mut out = Vec::new();
                let count = self.consumer.pop_batch(max, |v| out.push(v));
                published = count < max;
                assert_eq!(count, self.expected.len().min(max));
                assert_eq!(out, self.expected.drain(..count).collect::<Vec<_>>());
            }
            Step::Publish => {
                self.consumer.publish();
                published = true;
            }
        }
        self.check_free(published);
    }
}

proptest! {
    #[test]
    fn behaves_like_a_bounded_deque(capacity in 1usize..300, steps in steps()) {
        let (producer, consumer) = ring::<u64>(capacity);
        let mut model = Model { producer, consumer, expected: VecDeque::new(), next: 0 };
        for step in &steps {
            model.step(step);
        }
    }
}

type Payload = [u64; 7];

/// Seven words that all depend on the item's number, so that a mixture of two items is seen.
fn payload(i: u64) -> Payload {
    let mut x = i;
    std::array::from_fn(|_| {
        x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = x;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// Pauses, and now and then gives the core away: the other end may be waiting for it.
fn wait(turns: &mut u32) {
    *turns += 1;
    if turns.is_multiple_of(32) { thread::yield_now() } else { std::hint::spin_loop() }
}

fn stress(capacity: usize, count: u64, batches: bool) {
    let (mut producer, mut consumer) = ring::<Payload>(capacity);
    let pushing = thread::spawn(move || {
        let mut turns = 0;
        let mut i = 0;
        while i < count {
            let len = if batches { (i % 37 + 1).min(count - i) } else { 1 };
            let values: Vec<Payload> = (i..i + len).map(payload).collect();
            let done =
                if batches { producer.push_batch(&values) as u64 } else { u64::from(producer.push(values[0]).is_ok()) };
            i += done;
            if done == 0 {
                wait(&mut turns);
            }
        }
    });
    let (mut turns, mut next, mut sum) = (0, 0, 0u64);
    while next < count {
        let before = next;
        let mut take = |value: Payload| {
            assert_eq!(value, payload(next), "item {next}");
            sum = sum.wrapping_add(value.iter().fold(0, |a, w| a ^ w));
            next += 1;
        };
        if batches {
            consumer.pop_batch(23, &mut take);
        } else if let Some(value) = consumer.pop() {
            take(value);
        }
        if next == before {
            wait(&mut turns);
        }
    }
    pushing.join().unwrap();
    assert_eq!(consumer.pop(), None);
    assert!(consumer.is_closed());
    let expected = (0..count).fold(0u64, |a, i| a.wrapping_add(payload(i).iter().fold(0, |a, w| a ^ w)));
    assert_eq!(sum, expected);
}

#[test]
fn two_threads_lose_repeat_and_tear_nothing_one_by_one() {
    stress(4096, 500_000, false);
}

#[test]
fn two_threads_lose_repeat_and_tear_nothing_in_batches() {
    stress(1024, 1_000_000, true);
}

#[test]
fn two_threads_at_the_edge_of_full_and_empty() {
    stress(1, 20_000, false);
    stress(2, 40_000, true);
}
