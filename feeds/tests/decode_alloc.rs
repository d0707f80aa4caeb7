//! Decoders allocate nothing for a tick, by either path, from the first frame on; nor for a refusal.
#![allow(missing_docs)]
// A counting allocator cannot be written without it; tests alone.
#![allow(unsafe_code)]

mod decode_support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crosstick_feeds::decode::{Decoded, SequenceTracker};
use crosstick_model::Protocol;
use decode_support::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is going away has no counter any more, and no test either.
    let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the pointer is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and the pointer is from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| {}), 0);
}

#[test]
fn ticks_and_refusals_allocate_nothing() {
    let frames = tick_fixtures();
    let refused = fixture("refused.txt");
    let other = fixture("other.txt");
    for protocol in Protocol::BINANCE {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        let mut sequence = SequenceTracker::new(SYMBOLS.len());
        let mut scratch = [0u8; 8 << 10];
        let mut ticks = 0;
        let count = allocations(|| {
            for round in 0..3 {
                for (_, _, frame) in frames.iter().filter(|f| f.0 == protocol) {
                    for slow in [true, false] {
                        let copy = &mut scratch[..frame.len()];
                        copy.copy_from_slice(frame.as_bytes());
                        let mut sink = |tick| {
                            ticks += 1;
                            let _ = sequence.see(&tick);
                        };
                        let decoded = if slow {
                            decoder.decode_slow_only(copy, RECV_NS + round, &mut sink)
                        } else {
                            decoder.decode(copy, RECV_NS + round, &mut sink)
                        };
                        assert!(matches!(decoded, Decoded::Tick { .. }));
                    }
                }
                // Not the answers, whose texts are kept: those are cold.
                let texts = refused.iter().map(|line| &line[2]).chain(other.iter().map(|line| &line[1]));
                for frame in texts.filter(|text| !text.contains("\"id\"")) {
                    let copy = &mut scratch[..frame.len()];
                    copy.copy_from_slice(frame.as_bytes());
                    let _ = decoder.decode(copy, RECV_NS, &mut |_| ());
                }
            }
        });
        assert_eq!(count, 0, "{protocol}: {ticks} ticks");
        assert!(ticks > 20, "{protocol}");
    }
}

#[test]
fn a_frame_of_eight_kib_is_within_what_was_made_ready() {
    let mut decoder = knowing(Protocol::BinanceSpot, SCALE, &SYMBOLS);
    let mut frame = br#"{"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4","x":["#.to_vec();
    while frame.len() < (8 << 10) - 8 {
        frame.extend_from_slice(b"0,");
    }
    frame.extend_from_slice(b"0]}");
    let count = allocations(|| {
        assert_eq!(decoder.decode(&mut frame, RECV_NS, &mut |_| ()), Decoded::Tick { fast: false });
    });
    assert_eq!(count, 0);
}
