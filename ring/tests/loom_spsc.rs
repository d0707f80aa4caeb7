//! Every interleaving of the queue's two ends, within loom's memory model.
#![cfg(loom)]

use crosstick_ring::spsc::{Consumer, Producer, ring};
use loom::thread;

fn push_all(mut producer: Producer<[u64; 2]>, count: u64) {
    for i in 0..count {
        let mut value = [i, !i];
        while let Err(full) = producer.push(value) {
            value = full.0;
            thread::yield_now();
        }
    }
}

fn pop_all(consumer: &mut Consumer<[u64; 2]>, count: u64) {
    for i in 0..count {
        let value = loop {
            match consumer.pop() {
                Some(value) => break value,
                None => thread::yield_now(),
            }
        };
        assert_eq!(value, [i, !i]);
    }
    assert!(consumer.is_empty());
}

/// The slot is overwritten at once: the payload races unless both edges of the protocol hold.
#[test]
fn a_queue_of_one_is_reused_without_a_race() {
    loom::model(|| {
        let (producer, mut consumer) = ring(1);
        let pushing = thread::spawn(move || push_all(producer, 3));
        pop_all(&mut consumer, 3);
        pushing.join().unwrap();
    });
}

#[test]
fn a_queue_of_two_wraps_without_a_race() {
    loom::model(|| {
        let (producer, mut consumer) = ring(2);
        let pushing = thread::spawn(move || push_all(producer, 3));
        pop_all(&mut consumer, 3);
        pushing.join().unwrap();
    });
}

/// A queue of eight publishes every second item only. Once the consumer has found it empty, the producer sees all of it
/// free, whatever number of items that was.
#[test]
fn a_queue_found_empty_is_free_to_the_last_slot() {
    loom::model(|| {
        let (mut producer, mut consumer) = ring(8);
        let popping = thread::spawn(move || {
            let mut taken = 0;
            loop {
                match consumer.pop_batch(2, |_| ()) {
                    0 if taken == 3 => break,
                    0 => thread::yield_now(),
                    count => taken += count,
                }
            }
        });
        assert_eq!(producer.push_batch(&[[0; 2]; 3]), 3);
        popping.join().unwrap();
        assert_eq!(producer.free(), 8);
    });
}

#[test]
fn all_items_of_a_dropped_producer_arrive() {
    loom::model(|| {
        let (mut producer, mut consumer) = ring(4);
        let pushing = thread::spawn(move || {
            producer.push([1, 1]).unwrap();
            producer.push([2, 2]).unwrap();
        });
        let mut count = 0;
        loop {
            let closed = consumer.is_closed();
            match consumer.pop() {
                Some(_) => count += 1,
                None if closed => break,
                None => thread::yield_now(),
            }
        }
        assert_eq!(count, 2);
        pushing.join().unwrap();
    });
}
