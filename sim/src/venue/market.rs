//! Market streams of a spot venue: which there are, when they are due, and the flow that they show.

use crosstick_model::Side;

use super::{StreamEntry, StreamId, VenueMachine, trading};
use crate::exchange::LevelView;
use crate::flow::FlowTimes;
use crate::market::{Recorded, Told, recorded};
use crate::stats::StreamStats;

/// What market streams have to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Tell what is due.
    Advance(u64),
    /// Tell what happened.
    Take { goes_on: bool },
}

impl VenueMachine {
    /// From now on the streams that it was made with show its book, as all others do. Without this they carry what is
    /// published, and nothing else.
    pub fn show_book(&mut self) {
        self.show_futures_book();
        self.show_mexc_book();
        let (Some(market), Some(spot)) = (self.market.as_mut(), self.spot.as_ref()) else { return };
        for (index, entry) in self.streams.iter().enumerate().filter(|_| !self.shows_book) {
            // Those that somebody asked for already show it.
            if !market.makes(StreamId(index as u32)) {
                market.register(&entry.name, StreamId(index as u32), spot);
            }
        }
        self.shows_book = true;
    }

    /// Whether the streams that it was made with show its book.
    #[must_use]
    pub const fn shows_book(&self) -> bool {
        self.shows_book
    }

    /// The first ids of an instrument's trades and of the sums of trades by taker, as long as nothing was traded.
    pub fn number_trades_from(&mut self, symbol: &str, trade: u64, aggregate: u64) {
        if let Some(venue) = self.trading_mut() {
            trading::number_from(venue, symbol, trade, aggregate);
        }
    }

    /// The flow quotes, best level first; mantissas at the decimals of the instrument's steps. `times` are what frames
    /// state; `now` is when it reaches the venue.
    pub fn flow_quotes(
        &mut self,
        symbol: &str,
        update_id: u64,
        bids: &[LevelView],
        asks: &[LevelView],
        times: FlowTimes,
        now: u64,
    ) {
        self.tick_market(now);
        if self.stands_still(now) {
            return;
        }
        if let Some(venue) = self.trading_mut() {
            trading::flow_quotes(venue, symbol, update_id, bids, asks, times);
        }
        self.deliver(None, now);
    }

    /// The flow trades. Mantissas and times as for [`Self::flow_quotes`].
    pub fn flow_trade(&mut self, symbol: &str, taker: Side, price: i64, quantity: i64, times: FlowTimes, now: u64) {
        self.tick_market(now);
        if self.stands_still(now) {
            return;
        }
        if let Some(venue) = self.trading_mut() {
            trading::flow_trade(venue, symbol, taker, price, (quantity, 1), times);
        }
        self.with_market(Work::Take { goes_on: true });
        self.deliver(None, now);
    }

    /// The flow trades with one order, in so many trades: as [`Self::flow_trade`], but nothing of the order follows.
    pub fn flow_order(
        &mut self,
        symbol: &str,
        taker: Side,
        price: i64,
        (quantity, trades): (i64, u64),
        times: FlowTimes,
        now: u64,
    ) {
        self.tick_market(now);
        if self.stands_still(now) {
            return;
        }
        if let Some(venue) = self.trading_mut() {
            trading::flow_trade(venue, symbol, taker, price, (quantity, trades), times);
        }
        self.deliver(None, now);
    }

    /// Lets a recorded frame move the book behind client orders. The frame itself is published by whoever read it.
    pub fn follow(&mut self, stream: &str, payload: &str, now: u64) {
        self.trouble.now_ns = self.trouble.now_ns.max(now);
        if self.stands_still(now) {
            return;
        }
        let Some(event) = self.trading().and_then(|t| recorded::read(stream, payload, t.exchange())) else { return };
        let times = |order| FlowTimes { match_ns: now, event_ns: now, order };
        match event {
            Recorded::Quote { symbol, update_id, bid, ask } => {
                self.flow_quotes(&symbol, update_id, &[bid], &[ask], times(0), now);
            }
            Recorded::Trade { symbol, id, taker, price, quantity, time } => {
                self.number_trades_from(&symbol, id, 1);
                self.flow_trade(&symbol, taker, price, quantity, times(time), now);
            }
        }
    }

    /// Whether a fault has the simulated market stand still.
    pub(super) fn stands_still(&self, now: u64) -> bool {
        self.trouble.faults.holds(now)
    }

    /// The stream of a name: one that there is, or one that can be made.
    pub(super) fn stream_for(&mut self, name: &str, now: u64) -> Option<StreamId> {
        if let Some(stream) = self.by_name.get(name) {
            return Some(*stream);
        }
        if self.futures.is_some() || self.mexc.is_some() {
            self.tick_market(now);
            return if self.mexc.is_some() { self.mexc_stream(name) } else { self.futures_stream(name) };
        }
        if !self.market.as_ref().is_some_and(|m| m.knows(name)) {
            return None;
        }
        // What is due before it exists is not its concern.
        self.tick_market(now);
        let stream = self.add_stream(name);
        let (Some(market), Some(spot)) = (self.market.as_mut(), self.spot.as_ref()) else { return None };
        market.register(name, stream, spot);
        Some(stream)
    }

    /// A new stream of that name, which nobody gets yet.
    pub(super) fn add_stream(&mut self, name: &str) -> StreamId {
        let stream = StreamId(self.streams.len() as u32);
        let (subscribers, published) = (Vec::new(), StreamStats::default());
        self.streams.push(StreamEntry { name: name.into(), subscribers, published });
        self.by_name.insert(name.into(), stream);
        stream
    }

    /// Sends what streams with a period have to tell up to now.
    pub(super) fn tick_market(&mut self, now: u64) {
        self.with_market(Work::Advance(now));
    }

    /// Sends what the book's last changes mean for streams.
    pub(super) fn publish_market(&mut self) {
        self.with_market(Work::Take { goes_on: false });
    }

    fn with_market(&mut self, work: Work) {
        self.with_futures(work);
        self.with_mexc(work);
        let (Some(mut market), Some(mut spot)) = (self.market.take(), self.spot.take()) else { return };
        let mut frames = std::mem::take(&mut self.frames);
        frames.micros = self.wants_micros();
        let streams = &self.streams;
        let listened = |s: StreamId| streams.get(s.index()).is_some_and(|e| !e.subscribers.is_empty());
        let mut told = Told { frames: &mut frames, listened: &listened };
        match work {
            Work::Advance(now) => market.advance(now, &mut spot, &mut told),
            Work::Take { goes_on } => market.take(goes_on, &mut spot, &mut told),
        }
        frames.iter().for_each(|frame| self.show(frame));
        frames.clear();
        (self.market, self.spot, self.frames) = (Some(market), Some(spot), frames);
    }

    /// When a stream with a period has something to tell next.
    pub(super) fn market_due(&self) -> Option<u64> {
        let listened = |s: StreamId| self.subscribers(s) > 0;
        let market = self.market.as_ref().and_then(|m| m.next_due(&listened));
        market.into_iter().chain(self.futures_due()).chain(self.mexc_due()).min()
    }
}
