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

/// A queue of eight publishes every second item only; the producer must not be told "full" for ever.
#[test]
fn lazy_publication_ends_with_the_empty_look() {
    loom::model(|| {
        let (mut producer, mut consumer) = ring(8);
        assert_eq!(producer.push_batch(&[[0; 2]; 7]), 7);
        assert_eq!(consumer.pop_batch(6, |_| ()), 6);
        let popping = thread::spawn(move || {
            let mut left = 3;
            while left > 0 {
                left -= consumer.pop_batch(2, |_| ());
                if left > 0 {
                    thread::yield_now();
                }
            }
        });
        for _ in 0..2 {
            while producer.push([0; 2]).is_err() {
                thread::yield_now();
            }
        }
        popping.join().unwrap();
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
