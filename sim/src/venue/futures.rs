//! The trading side of a futures venue, and the market streams of its book.

use super::market::Work;
use super::{StreamId, VenueMachine};
use crate::account::SimAccount;
use crate::api::Limits;
use crate::binance::futures::FuturesVenue;
use crate::binance::futures::streams::Streams;
use crate::instrument::SimInstrument;
use crate::market::Told;
use crosstick_model::Protocol;

/// What trades, and the streams that show it.
#[derive(Debug)]
pub(super) struct Futures {
    pub(super) venue: FuturesVenue,
    streams: Streams,
}

impl Futures {
    pub(super) fn new(
        protocol: Protocol,
        instruments: Vec<SimInstrument>,
        accounts: &[SimAccount],
        limits: &Limits,
    ) -> Self {
        let venue = FuturesVenue::new(protocol, instruments, accounts, limits);
        Self { streams: Streams::new(&venue), venue }
    }
}

impl VenueMachine {
    /// From now on the streams that it was made with show its book.
    pub(super) fn show_futures_book(&mut self) {
        let Some(futures) = self.futures.as_mut() else { return };
        for (index, entry) in self.streams.iter().enumerate() {
            futures.streams.register(&entry.name, StreamId(index as u32), &futures.venue);
        }
        self.shows_book = true;
    }

    /// A stream that can be made.
    pub(super) fn futures_stream(&mut self, name: &str) -> Option<StreamId> {
        self.futures.as_ref().filter(|f| f.streams.knows(name))?;
        let stream = self.add_stream(name);
        let futures = self.futures.as_mut()?;
        futures.streams.register(name, stream, &futures.venue);
        Some(stream)
    }

    /// Lets market streams tell what is due, or what happened.
    pub(super) fn with_futures(&mut self, work: Work) {
        let Some(mut futures) = self.futures.take() else { return };
        let mut frames = std::mem::take(&mut self.frames);
        let streams = &self.streams;
        let listened = |s: StreamId| streams.get(s.index()).is_some_and(|e| !e.subscribers.is_empty());
        let mut told = Told { frames: &mut frames, listened: &listened };
        let Futures { venue, streams } = &mut *futures;
        match work {
            Work::Advance(now) => {
                streams.advance(now, venue, &mut told);
                venue.end_keys(now);
            }
            Work::Take { goes_on } => streams.take(goes_on, venue, &mut told),
        }
        frames.iter().for_each(|frame| self.show(frame));
        frames.clear();
        (self.futures, self.frames) = (Some(futures), frames);
        self.tell_listeners();
    }

    /// When a stream with a period has something to tell next, or a listen key ends.
    pub(super) fn futures_due(&self) -> Option<u64> {
        let futures = self.futures.as_ref()?;
        let listened = |s: StreamId| self.subscribers(s) > 0;
        futures.streams.next_due(&listened).into_iter().chain(futures.venue.next_key_end()).min()
    }
}
