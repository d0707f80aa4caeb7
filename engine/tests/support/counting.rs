//! An allocator that counts, thread by thread.
#![allow(unsafe_code, reason = "an allocator is unsafe to write")]
#![allow(dead_code, reason = "each test uses its part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what the thread that asks allocates; tests run side by side.
pub struct Counting;

thread_local! {
    /// Calls that gave out memory.
    pub static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes given out and not given back.
    pub static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
}

fn note(calls: u64, bytes: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + calls);
    LIVE_BYTES.set(LIVE_BYTES.get() + bytes);
}

// SAFETY: hands every call to the system's allocator as it is; counting touches const thread-locals without a
// destructor, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the caller's layout, as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: the caller's pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as i64 - layout.size() as i64);
        // SAFETY: the caller's pointer came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
