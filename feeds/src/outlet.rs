//! From the decoder into the ring, and what happens when the ring is full.
//!
//! HOT: reader thread. The newest quote of each instrument is kept aside; the first trade that does not fit stops the
//! reader, so that TCP becomes the buffer. A kept quote goes out before any later tick of its instrument, and nothing
//! is discarded but quotes that a newer one of the same instrument replaced, which are counted.

use std::collections::VecDeque;

use crosstick_model::{Tick, TickFlags, TickKind};
use crosstick_ring::Waker;
use crosstick_ring::spsc::Producer;

/// Where ticks go.
pub trait TickSink {
    /// Takes a tick, or gives it back when there is no room.
    ///
    /// # Errors
    /// The tick.
    fn push(&mut self, tick: Tick) -> Result<(), Tick>;

    /// After one or more pushes: the other side may have to be woken.
    fn wake(&mut self) {}

    /// Whether nobody will take anything any more.
    fn is_closed(&self) -> bool {
        false
    }
}

/// The ring to the core thread, with the means to wake it where it may park.
#[derive(Debug)]
pub struct RingSink {
    producer: Producer<Tick>,
    waker: Option<Waker>,
}

impl RingSink {
    /// `waker`: left out where the consumer never parks.
    #[must_use]
    pub const fn new(producer: Producer<Tick>, waker: Option<Waker>) -> Self {
        Self { producer, waker }
    }
}

impl TickSink for RingSink {
    #[inline]
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        self.producer.push(tick).map_err(|full| full.0)
    }

    #[inline]
    fn wake(&mut self) {
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }

    fn is_closed(&self) -> bool {
        self.producer.is_closed()
    }
}

/// What became of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It is in the ring.
    Pushed,
    /// A quote was put aside.
    Kept,
    /// A quote was put aside and replaced an older one.
    Replaced,
    /// It waits; no more may be read until [`Outlet::drain`] says so.
    Stopped,
}

/// The end of a reader: ring-full policy, and the mark on the last tick of each read.
#[derive(Debug)]
pub struct Outlet<S> {
    sink: S,
    /// By instrument.
    kept: Vec<Option<Tick>>,
    /// Instruments with a kept quote, longest waiting first, each once.
    waiting: VecDeque<u16>,
    /// Trades and line states that did not fit, and what came after them; a handful at most.
    stopped: VecDeque<Tick>,
    /// The newest tick of the batch being read: only its successor, or the end of the batch, tells its last flag.
    held: Option<Tick>,
    pushed: bool,
}

impl<S: TickSink> Outlet<S> {
    /// For instruments with ids below `instruments`.
    #[must_use]
    pub fn new(sink: S, instruments: usize) -> Self {
        Self {
            sink,
            kept: vec![None; instruments],
            waiting: VecDeque::with_capacity(instruments),
            stopped: VecDeque::with_capacity(16),
            held: None,
            pushed: false,
        }
    }

    /// Takes the next tick of a batch. What is returned is about the tick before it.
    #[inline]
    pub fn offer(&mut self, tick: Tick) -> Fit {
        match self.held.replace(tick) {
            Some(before) => self.push(before),
            None => Fit::Pushed,
        }
    }

    /// The batch is over: its last tick is marked and sent.
    #[inline]
    pub fn end_batch(&mut self) -> Fit {
        match self.held.take() {
            Some(mut last) => {
                last.flags = last.flags.with(TickFlags::LAST_OF_BATCH);
                self.push(last)
            }
            None => Fit::Pushed,
        }
    }

    /// Whether nothing more may be read until [`Self::drain`] returns true.
    #[inline]
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        !self.stopped.is_empty()
    }

    /// Whether nothing waits here.
    #[inline]
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.stopped.is_empty() && self.waiting.is_empty()
    }

    /// Sends what waits: kept quotes, then what stopped the reader. True when all of it went.
    pub fn drain(&mut self) -> bool {
        while let Some(&instrument) = self.waiting.front() {
            if let Some(slot) = self.kept.get_mut(usize::from(instrument))
                && let Some(tick) = slot.take()
                && let Err(tick) = self.sink.push(tick)
            {
                *slot = Some(tick);
                return false;
            }
            self.pushed = true;
            self.waiting.pop_front();
        }
        while let Some(&tick) = self.stopped.front() {
            if self.sink.push(tick).is_err() {
                return false;
            }
            self.pushed = true;
            self.stopped.pop_front();
        }
        true
    }

    /// Gives up what waits here, tick by tick, at the end of a run.
    #[cold]
    pub fn abandon(&mut self, mut tell: impl FnMut(&Tick)) {
        self.kept.iter_mut().filter_map(Option::take).for_each(|tick| tell(&tick));
        self.waiting.clear();
        self.stopped.drain(..).chain(self.held.take()).for_each(|tick| tell(&tick));
    }

    /// Once a turn: wakes the other side if anything was sent.
    #[inline]
    pub fn wake(&mut self) {
        if self.pushed {
            self.pushed = false;
            self.sink.wake();
        }
    }

    /// Where the ticks go.
    pub const fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Where the ticks go, when nothing more comes.
    pub fn into_sink(self) -> S {
        self.sink
    }

    #[inline]
    fn push(&mut self, tick: Tick) -> Fit {
        // What waits is older, so it goes first, or this tick waits as well.
        if (self.is_clear() || self.drain()) && self.sink.push(tick).is_ok() {
            self.pushed = true;
            return Fit::Pushed;
        }
        self.put_aside(tick)
    }

    #[cold]
    fn put_aside(&mut self, tick: Tick) -> Fit {
        if self.stopped.is_empty()
            && tick.kind == TickKind::Quote
            && let Some(slot) = self.kept.get_mut(tick.instrument.index())
        {
            if slot.replace(tick).is_some() {
                return Fit::Replaced;
            }
            self.waiting.push_back(tick.instrument.0);
            return Fit::Kept;
        }
        self.stopped.push_back(tick);
        Fit::Stopped
    }
}
