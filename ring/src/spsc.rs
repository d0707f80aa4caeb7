//! HOT: a bounded queue from one thread to one other, with the sequence number in the slot beside the payload.
//!
//! A slot is aligned to a cache line; with a payload of 56 bytes, payload and sequence fill exactly one, so that an
//! item travels between the cores as a single line and neither side reads the other's position to find out whether it
//! is there. The consumer publishes its position only every few items, when it finds the queue empty, and when asked;
//! the producer looks at it only when its own copy says that the queue is full.
//!
//! So `Full` may be told while up to [`Consumer::PUBLISH_EVERY_MAX`] slots are free already. It can't last: a consumer
//! that goes on looking either takes enough items to publish or finds the queue empty, and publishes then. A consumer
//! that stops looking before the queue is empty, and waits for the producer, has to call [`Consumer::publish`] first.
//!
//! Nothing waits in here. On an empty or full answer the caller decides, with [`crate::wait`].
//!
//! ```
//! let (mut producer, mut consumer) = crosstick_ring::spsc::ring::<u64>(8);
//! producer.push(7).unwrap();
//! assert_eq!(consumer.pop(), Some(7));
//! assert_eq!(consumer.pop(), None);
//! ```
//!
//! An end belongs to one thread at a time. It can be sent to another, but neither copied nor shared:
//!
//! ```compile_fail,E0599
//! let (producer, _consumer) = crosstick_ring::spsc::ring::<u64>(8);
//! let second = producer.clone();
//! ```
//!
//! ```compile_fail,E0277
//! fn shared<T: Sync>(_: &T) {}
//! let (producer, _consumer) = crosstick_ring::spsc::ring::<u64>(8);
//! shared(&producer);
//! ```
//!
//! ```compile_fail,E0277
//! fn shared<T: Sync>(_: &T) {}
//! let (_producer, consumer) = crosstick_ring::spsc::ring::<u64>(8);
//! shared(&consumer);
//! ```

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering, UnsafeCell};

/// One place in the queue. Slot `i` holds the item of position `p` (with `p % capacity == i`) once `sequence` is
/// `p + 1`; zero says that it never held one. Positions count from zero and never wrap within 64 bits.
#[repr(C, align(64))]
struct Slot<T> {
    value: UnsafeCell<MaybeUninit<T>>,
    sequence: AtomicU64,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot<[u64; 7]>>() == 64, "56 bytes and their sequence are one cache line");

struct Shared<T> {
    slots: Box<[Slot<T>]>,
    /// How many items the consumer has taken, as far as it has told. Written by the consumer alone.
    taken: CachePadded<AtomicU64>,
    producer_gone: AtomicBool,
    consumer_gone: AtomicBool,
}

/// The rejected value of a push into a full queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<T> std::error::Error for Full<T> {}

/// A queue of at least `capacity` items, rounded up to a power of two.
///
/// All memory is taken and touched here; pushing and popping never allocate nor fault a page.
///
/// # Panics
/// When `capacity` is zero or its power of two is not representable.
#[must_use]
pub fn ring<T: Copy + Send>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    assert!(capacity > 0, "a queue needs room for one item");
    let capacity = capacity.checked_next_power_of_two().expect("capacity is a representable power of two");
    let slots = (0..capacity)
        .map(|_| Slot { value: UnsafeCell::new(MaybeUninit::uninit()), sequence: AtomicU64::new(0) })
        .collect();
    let shared = Arc::new(Shared {
        slots,
        taken: CachePadded::new(AtomicU64::new(0)),
        producer_gone: AtomicBool::new(false),
        consumer_gone: AtomicBool::new(false),
    });
    let slots = NonNull::from(&*shared.slots).cast::<Slot<T>>();
    let mask = capacity as u64 - 1;
    let producer = Producer { slots, mask, tail: 0, taken_seen: 0, shared: shared.clone() };
    let publish_every = (capacity as u64 / 4).clamp(1, Consumer::<T>::PUBLISH_EVERY_MAX);
    let consumer = Consumer { slots, mask, head: 0, published: 0, publish_every, shared };
    (producer, consumer)
}

/// The pushing end.
pub struct Producer<T: Copy + Send> {
    /// The shared slots, kept here so that a push follows one pointer instead of two.
    slots: NonNull<Slot<T>>,
    mask: u64,
    /// Position of the next push.
    tail: u64,
    /// What was last seen of `Shared::taken`; never above it.
    taken_seen: u64,
    shared: Arc<Shared<T>>,
}

// SAFETY: the end owns its positions, and reaches the slots only as the sequence protocol allows, from whichever single
// thread holds it. Items move between threads, hence `T: Send`. It stays `!Sync`, by the pointer it holds.
unsafe impl<T: Copy + Send> Send for Producer<T> {}

impl<T: Copy + Send> Producer<T> {
    /// Puts `value` in, or gives it back when the queue is full as far as the consumer has told.
    ///
    /// # Errors
    /// [`Full`] with the value.
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), Full<T>> {
        if self.tail - self.taken_seen > self.mask && self.look() == 0 {
            return Err(Full(value));
        }
        // SAFETY: `tail - taken_seen <= mask`, and `taken_seen` was loaded with acquire from the consumer.
        unsafe { self.put(value) };
        Ok(())
    }

    /// Puts in as many of the first `values` as fit, in order, and says how many.
    #[inline]
    pub fn push_batch(&mut self, values: &[T]) -> usize {
        let mut free = (self.mask + 1 - (self.tail - self.taken_seen)) as usize;
        if free < values.len() {
            free = self.look();
        }
        let count = free.min(values.len());
        for value in &values[..count] {
            // SAFETY: `count` is at most the number of free slots.
            unsafe { self.put(*value) };
        }
        count
    }

    /// How many items would fit now, as far as the consumer has told. Reads the consumer's line.
    #[inline]
    pub fn free(&mut self) -> usize {
        self.look()
    }

    /// Room for this many items in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.mask as usize + 1
    }

    /// Whether the other end was dropped: nothing pushed from now on will be taken.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.consumer_gone.load(Ordering::Acquire)
    }

    #[cold]
    fn look(&mut self) -> usize {
        // Pairs with the release store in `Consumer::publish`: the items counted there were copied out before it.
        self.taken_seen = self.shared.taken.load(Ordering::Acquire);
        (self.mask + 1 - (self.tail - self.taken_seen)) as usize
    }

    /// # Safety
    /// `tail` must be less than a capacity ahead of a count of taken items that was loaded with acquire.
    #[inline(always)]
    unsafe fn put(&mut self, value: T) {
        // SAFETY: masked, so within the boxed slice, which `shared` keeps alive.
        let slot = unsafe { self.slots.add((self.tail & self.mask) as usize).as_ref() };
        slot.value.with_mut(|place| {
            // SAFETY: the consumer has copied the slot's former item out (the caller's promise) and does not look
            // at the value again before it sees the next sequence.
            unsafe { (*place).write(value) };
        });
        self.tail += 1;
        // Pairs with the acquire load in `Consumer::next`.
        slot.sequence.store(self.tail, Ordering::Release);
    }
}

impl<T: Copy + Send> Drop for Producer<T> {
    fn drop(&mut self) {
        // Pairs with the acquire load in `Consumer::is_closed`: all pushes come before it.
        self.shared.producer_gone.store(true, Ordering::Release);
    }
}

impl<T: Copy + Send> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("capacity", &self.capacity()).field("pushed", &self.tail).finish()
    }
}

/// The popping end.
pub struct Consumer<T: Copy + Send> {
    slots: NonNull<Slot<T>>,
    mask: u64,
    /// Position of the next pop.
    head: u64,
    /// What was last stored to `Shared::taken`.
    published: u64,
    publish_every: u64,
    shared: Arc<Shared<T>>,
}

// SAFETY: as for the producer.
unsafe impl<T: Copy + Send> Send for Consumer<T> {}

impl<T: Copy + Send> Consumer<T> {
    /// The position is told at the latest after this many items, or after a quarter of the capacity if that is less.
    pub const PUBLISH_EVERY_MAX: u64 = 64;

    /// The oldest item, if there is one. Publishes the position when there is none.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let value = self.next();
        if value.is_none() {
            self.publish();
        }
        value
    }

    /// Takes up to `max` items, oldest first, and says how many. Publishes the position when it runs out of them.
    ///
    /// Should `take` panic, the item that it was given counts as taken and those behind it stay.
    #[inline]
    pub fn pop_batch(&mut self, max: usize, mut take: impl FnMut(T)) -> usize {
        let mut count = 0;
        while count < max {
            match self.next() {
                Some(value) => take(value),
                None => {
                    self.publish();
                    break;
                }
            }
            count += 1;
        }
        count
    }

    /// Tells the producer which slots are free, now rather than in a few items. Costs nothing when it knows.
    #[inline]
    pub fn publish(&mut self) {
        if self.published != self.head {
            self.published = self.head;
            // Pairs with the acquire load in `Producer::look`.
            self.shared.taken.store(self.head, Ordering::Release);
        }
    }

    /// Whether a pop would find nothing now.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Pairs with the release store in `Producer::put`.
        self.slot().sequence.load(Ordering::Acquire) != self.head + 1
    }

    /// Room for this many items in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.mask as usize + 1
    }

    /// Whether the other end was dropped. What it pushed before can still be popped; once this was true and a pop
    /// after it found nothing, nothing will ever come.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.producer_gone.load(Ordering::Acquire)
    }

    #[inline(always)]
    fn slot(&self) -> &Slot<T> {
        // SAFETY: masked, so within the boxed slice, which `shared` keeps alive.
        unsafe { self.slots.add((self.head & self.mask) as usize).as_ref() }
    }

    /// The oldest item; publishes only when it is time to.
    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        let slot = self.slot();
        // Pairs with the release store in `Producer::put`.
        if slot.sequence.load(Ordering::Acquire) != self.head + 1 {
            return None;
        }
        // Wrapped at once: the item is then copied straight to where the caller wants it, not by way of the stack.
        let value = slot.value.with(|place| {
            // SAFETY: the sequence says that the item of this position was written, and the producer does not
            // overwrite it before `taken` was published beyond it.
            Some(unsafe { (*place).assume_init_read() })
        });
        self.head += 1;
        if self.head - self.published >= self.publish_every {
            self.publish();
        }
        value
    }
}

impl<T: Copy + Send> Drop for Consumer<T> {
    fn drop(&mut self) {
        // Pairs with the acquire load in `Producer::is_closed`.
        self.shared.consumer_gone.store(true, Ordering::Release);
    }
}

impl<T: Copy + Send> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("capacity", &self.capacity()).field("popped", &self.head).finish()
    }
}
