//! What gives the venues their frames: the generator or recordings, as time and clients allow.

use std::path::PathBuf;
use std::time::Duration;

use crosstick_model::Side;

use crate::config::{ReplaySpec, Speed};
use crate::error::SimError;
use crate::exchange::LevelView;
use crate::flow::{Body, Flow, FlowEvent, FlowTimes};
use crate::recorded::{Merge, Scan};
use crate::rules::{SECOND_NS, StreamKind, TimeUnit};
use crate::venue::{Frame, StreamId, VenueMachine};

/// Frames given out before sockets are looked at again.
const BATCH: usize = 512;
/// At full speed, feeding pauses while so much waits for any client.
const PAUSE_BYTES: usize = 256 * 1024;
/// A flow that is so far behind (the machine slept) goes on from now instead of catching up.
const BEHIND_NS: u64 = SECOND_NS;

/// When a feed wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At once.
    Now,
    /// At this time.
    At(u64),
    /// When a client subscribed or took what waits for it.
    Clients,
    /// Never: it ended.
    Ended,
}

/// A source of frames.
pub(crate) enum Feed {
    Flow(FlowFeed),
    Replay(ReplayFeed),
}

impl Feed {
    pub(crate) fn pump(&mut self, now: u64, venues: &mut [VenueMachine]) -> Result<Pace, SimError> {
        match self {
            Self::Flow(feed) => Ok(feed.pump(now, venues)),
            Self::Replay(feed) => feed.pump(now, venues),
        }
    }

    pub(crate) fn unserved(&self) -> u64 {
        match self {
            Self::Flow(_) => 0,
            Self::Replay(feed) => feed.merge.unserved(),
        }
    }
}

/// The generator.
pub(crate) struct FlowFeed {
    flow: Flow,
    next: Option<FlowEvent>,
    start_ns: Option<u64>,
    /// Venue, symbol and first ids of each instrument.
    first_ids: Vec<(usize, String, u64, u64)>,
    millis: Vec<u8>,
    micros: Vec<u8>,
    levels: [Vec<LevelView>; 2],
}

impl FlowFeed {
    pub(crate) fn new(mut flow: Flow) -> Self {
        let ids = flow.next_ids().map(|(venue, symbol, trade, sum)| (venue, symbol.to_owned(), trade, sum));
        let first_ids = ids.collect();
        let next = flow.next();
        Self {
            flow,
            next,
            start_ns: None,
            first_ids,
            millis: Vec::new(),
            micros: Vec::new(),
            levels: Default::default(),
        }
    }

    pub(crate) fn pump(&mut self, now: u64, venues: &mut [VenueMachine]) -> Pace {
        for (venue, symbol, trade, sum) in self.first_ids.drain(..) {
            if let Some(venue) = venues.get_mut(venue) {
                venue.show_book();
                venue.number_trades_from(&symbol, trade, sum);
            }
        }
        let mut start = *self.start_ns.get_or_insert(now);
        for _ in 0..BATCH {
            let Some(event) = self.next else { return Pace::Ended };
            let due = start + event.at_ns;
            if due > now {
                return Pace::At(due);
            }
            if now - due > BEHIND_NS {
                start += now - due;
                self.start_ns = Some(start);
            }
            if let Some(venue) = venues.get_mut(event.venue) {
                if venue.shows_book() {
                    self.meet(venue, &event, start);
                } else {
                    self.publish(venue, &event, start);
                }
            }
            self.next = self.flow.next();
        }
        Pace::Now
    }

    /// Lets the flow meet client orders in the venue's book, which the streams show.
    fn meet(&mut self, venue: &mut VenueMachine, event: &FlowEvent, start: u64) {
        let symbol = self.flow.symbol_of(event);
        let times =
            FlowTimes { match_ns: start + event.match_ns, event_ns: start + event.event_ns, order: event.match_ns };
        let due = start + event.at_ns;
        match event.body {
            Body::Quote { update_id, bid, bid_quantity, ask, ask_quantity } => {
                let Some(ladder) = self.flow.ladder_of(event) else { return };
                let [bids, asks] = &mut self.levels;
                ladder.fill(bids, Side::Buy, LevelView { price: bid, quantity: bid_quantity }, event.at_ns);
                ladder.fill(asks, Side::Sell, LevelView { price: ask, quantity: ask_quantity }, event.at_ns);
                venue.flow_quotes(symbol, update_id, bids, asks, times, due);
            }
            Body::Trade { price, quantity, taker_sold, .. } => {
                let taker = if taker_sold { Side::Sell } else { Side::Buy };
                venue.flow_trade(symbol, taker, price, quantity, times, due);
            }
            // Where the flow has no single trades, all of an order's are one.
            Body::AggTrade { first, last, price, quantity, taker_sold, .. } if !self.flow.has_trades(event) => {
                let taker = if taker_sold { Side::Sell } else { Side::Buy };
                let trades = last.saturating_sub(first) + 1;
                venue.flow_order(symbol, taker, price, (quantity, trades), times, due);
            }
            // The venue makes it of the single trades.
            Body::AggTrade { .. } => {}
        }
    }

    /// Publishes the flow's own frames, where a venue has no book.
    fn publish(&mut self, venue: &mut VenueMachine, event: &FlowEvent, start: u64) {
        let Some(stream) = venue.stream(self.flow.stream_of(event)) else { return };
        self.millis.clear();
        self.flow.push_payload(&mut self.millis, event, start, TimeUnit::Millis);
        self.micros.clear();
        if venue.wants_micros() {
            self.flow.push_payload(&mut self.micros, event, start, TimeUnit::Micros);
        }
        let micros = Some(self.micros.as_slice()).filter(|m| !m.is_empty());
        venue.publish(Frame { stream, trade_id: event.body.trade_id(), millis: &self.millis, micros });
    }
}

/// Recordings.
pub(crate) struct ReplayFeed {
    merge: Merge,
    /// The venue of each file.
    venues: Vec<usize>,
    /// The trade and quote streams of each venue.
    tick_streams: Vec<Vec<StreamId>>,
    speed: Speed,
    repeat: bool,
    clients: usize,
    grace: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Until all venues have their clients: how many subscription changes were seen, and when the last came.
    Waiting {
        changes: u64,
        changed_ns: u64,
    },
    /// Frames received at `first_ns` are due at `start_ns`.
    Running {
        start_ns: u64,
        first_ns: u64,
    },
    Ended,
}

impl ReplayFeed {
    pub(crate) fn new(
        spec: &ReplaySpec,
        venues: Vec<usize>,
        scans: &[Scan],
        machines: &[VenueMachine],
    ) -> Result<Self, SimError> {
        let paths: Vec<PathBuf> = spec.files.iter().map(|f| f.path.clone()).collect();
        let mut tick_streams = vec![Vec::new(); machines.len()];
        for (scan, &venue) in scans.iter().zip(&venues) {
            let ticks = scan.streams.keys().filter(|s| StreamKind::of(s) != StreamKind::Other);
            tick_streams[venue].extend(ticks.filter_map(|s| machines[venue].stream(s)));
        }
        Ok(Self {
            merge: Merge::open(&paths)?,
            venues,
            tick_streams,
            speed: spec.speed,
            repeat: spec.repeat,
            clients: spec.clients.max(1),
            grace: spec.grace,
            state: State::Waiting { changes: 0, changed_ns: 0 },
        })
    }

    fn pump(&mut self, now: u64, machines: &mut [VenueMachine]) -> Result<Pace, SimError> {
        match self.state {
            State::Waiting { changes, changed_ns } => self.wait(now, machines, changes, changed_ns),
            State::Running { start_ns, first_ns } => self.feed(now, machines, start_ns, first_ns),
            State::Ended => Ok(Pace::Ended),
        }
    }

    /// Starts once every venue has its clients, and these have had time to subscribe to all they want.
    fn wait(&mut self, now: u64, machines: &[VenueMachine], seen: u64, changed_ns: u64) -> Result<Pace, SimError> {
        let changes: u64 = machines.iter().map(VenueMachine::subscription_changes).sum();
        let changed_ns = if changes == seen { changed_ns } else { now };
        self.state = State::Waiting { changes, changed_ns };
        if machines.iter().any(|m| m.subscribed_clients() < self.clients) {
            return Ok(Pace::Clients);
        }
        let mut pairs = machines.iter().zip(&self.tick_streams);
        let all_served = pairs.all(|(m, streams)| streams.iter().all(|s| m.subscribers(*s) >= self.clients));
        let settled_ns = changed_ns.saturating_add(u64::try_from(self.grace.as_nanos()).unwrap_or(u64::MAX));
        if !all_served && now < settled_ns {
            return Ok(Pace::At(settled_ns));
        }
        self.state = match self.merge.peek_ns() {
            Some(first_ns) => State::Running { start_ns: now, first_ns },
            None => State::Ended,
        };
        Ok(Pace::Now)
    }

    fn feed(&mut self, now: u64, machines: &mut [VenueMachine], start: u64, first: u64) -> Result<Pace, SimError> {
        for _ in 0..BATCH {
            let Some(recv_ns) = self.merge.peek_ns() else { return self.finish(now) };
            match self.speed {
                Speed::Times(times) => {
                    let due = start.saturating_add(((recv_ns - first) as f64 / times) as u64);
                    if due > now {
                        return Ok(Pace::At(due));
                    }
                }
                Speed::Max if machines.iter().any(|m| m.queue_bytes() >= PAUSE_BYTES) => return Ok(Pace::Clients),
                Speed::Max => {}
            }
            let Some(frame) = self.merge.next_frame()? else { return self.finish(now) };
            let venue = self.venues.get(frame.file).and_then(|v| machines.get_mut(*v));
            if let Some((venue, stream)) = venue.and_then(|v| v.stream(&frame.stream).map(|s| (v, s))) {
                venue.follow(&frame.stream, &frame.payload, now);
                let millis = frame.payload.as_bytes();
                venue.publish(Frame { stream, trade_id: frame.trade_id, millis, micros: None });
            }
        }
        Ok(Pace::Now)
    }

    fn finish(&mut self, now: u64) -> Result<Pace, SimError> {
        if self.repeat {
            self.merge.rewind()?;
            if let Some(first_ns) = self.merge.peek_ns() {
                self.state = State::Running { start_ns: now, first_ns };
                return Ok(Pace::Now);
            }
        }
        self.state = State::Ended;
        Ok(Pace::Ended)
    }
}

#[cfg(test)]
mod tests;
