//! Generated flow: seeded, in virtual time, without sockets. The same seed and spec give the same events on every
//! machine: all arithmetic is in integers.
//!
//! A market has one price that wanders around its start; its venues follow it, each with its own delay, noise, lag
//! and spread. Now and then a gap opens: one venue's quotes rise, another's fall, and tens of milliseconds later both
//! are back. Which venue rises and which falls is dealt from a deck that holds every ordered pair once, so that what
//! somebody buys on one venue is soon sold there again.

mod leg;
pub(crate) mod payload;
pub(crate) mod rng;
mod spec;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

use self::leg::Leg;
use self::rng::{ONE_Q16, Rng};
pub use self::spec::{FlowLeg, FlowMarket, FlowSpec, FlowVenue, Moods};
use crate::error::SimError;
use crate::market::Ladder;
use crate::rules::{StreamKind, TimeUnit};

const MS: u64 = 1_000_000;
/// Mean time between steps of the common price.
const STEP_EVERY_NS: u64 = 150 * MS;
/// Each step takes the price 1/1200 of the way back: it forgets where it was in about three minutes.
const REVERSION: i64 = 1200;
/// √0.15 s in thousandths: what a step's deviation is of a second's.
const STEP_SHARE_MILLE: i64 = 387;
/// Quotes that move the price rather than a quantity, in thousandths: recordings show 3 to 10 %.
const PRICE_MOVE_MILLE: u64 = 60;
/// Deviation of a venue's own noise when it is redrawn, in 1e-8; it settles at about 0.3 bps.
const NOISE_E8: i64 = 1_450;
/// How long a venue takes to follow the common price or a gap.
const REACTION_NS: (u64, u64) = (200_000, 3_000_000);
/// Burst lengths: median 1, 90 % below 7, 99 % below 30, as recorded.
const BURST_SIGMA_Q16: i64 = 21 * ONE_Q16 / 10;
const BURST_MAX: u64 = 300;
/// Between frames of one burst.
const FRAME_APART_NS: u64 = 1_500;

/// What happened. Mantissas are at the decimals of the instrument's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The best quote changed.
    Quote {
        /// Grows with each change of the book.
        update_id: u64,
        /// Best bid.
        bid: i64,
        /// Quantity there.
        bid_quantity: i64,
        /// Best ask.
        ask: i64,
        /// Quantity there.
        ask_quantity: i64,
    },
    /// A trade.
    Trade {
        /// Contiguous per instrument.
        id: u64,
        /// Price.
        price: i64,
        /// Quantity.
        quantity: i64,
        /// Whether the taker sold.
        taker_sold: bool,
    },
    /// All trades of one taker order.
    AggTrade {
        /// Contiguous per instrument.
        id: u64,
        /// First trade id.
        first: u64,
        /// Last trade id.
        last: u64,
        /// Price.
        price: i64,
        /// Quantity of all of them.
        quantity: i64,
        /// Whether the taker sold.
        taker_sold: bool,
    },
}

/// One frame of a flow. Times are nanoseconds from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowEvent {
    /// When the frame is sent. Never decreases from event to event.
    pub at_ns: u64,
    /// What the venue states as matching time.
    pub match_ns: u64,
    /// What the venue states as event time; not after `at_ns`.
    pub event_ns: u64,
    /// The venue's number.
    pub venue: usize,
    /// The instrument: counts the legs of all markets in order.
    pub leg: usize,
    /// What happened.
    pub body: Body,
}

/// Times that a venue states of a flow's event, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowTimes {
    /// When it was matched.
    pub match_ns: u64,
    /// Event time, not before it.
    pub event_ns: u64,
    /// Trades of one side with the same number, one after the other, are those of one taker order.
    pub order: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Step(usize),
    Follow(usize, i64),
    Displace(usize, i64),
    Quote(usize),
    Burst(usize),
    GapOpen(usize),
    GapClose(usize),
    Mood(usize),
}

#[derive(Debug)]
struct Market {
    offset_e8: i64,
    step_e8: i64,
    legs: std::ops::Range<usize>,
    gap_every_ns: u64,
    gap_ns: (u64, u64),
    gap_e8: (u64, u64),
    deck: Vec<(usize, usize)>,
    open: Option<(usize, usize)>,
    /// What all rates are multiplied with.
    factor_q16: u64,
    moods: Option<Moods>,
}

#[derive(Debug)]
struct Line {
    lag_ns: u64,
    jitter_ns: u64,
    last_at_ns: u64,
}

/// A generated flow: an endless iterator of [`FlowEvent`]s.
#[derive(Debug)]
pub struct Flow {
    rng: Rng,
    markets: Vec<Market>,
    legs: Vec<Leg>,
    lines: Vec<Line>,
    actions: BinaryHeap<Reverse<(u64, u64, Action)>>,
    ready: BinaryHeap<Reverse<Ready>>,
    sequence: u64,
}

/// An event that waits for its time, ordered by that and then by when it was made.
#[derive(Debug)]
struct Ready(u64, u64, FlowEvent);

impl PartialEq for Ready {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ready {}

impl PartialOrd for Ready {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ready {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl Flow {
    /// A flow from its beginning.
    ///
    /// # Errors
    /// When the spec contradicts itself.
    pub fn new(seed: u64, spec: &FlowSpec) -> Result<Self, SimError> {
        spec.check()?;
        let line = |v: &FlowVenue| Line {
            lag_ns: u64::from(v.lag_us) * 1_000,
            jitter_ns: u64::from(v.jitter_us) * 1_000,
            last_at_ns: 0,
        };
        let mut flow = Self {
            rng: Rng::new(seed),
            markets: Vec::new(),
            legs: Vec::new(),
            lines: spec.venues.iter().map(line).collect(),
            actions: BinaryHeap::new(),
            ready: BinaryHeap::new(),
            sequence: 0,
        };
        for market in &spec.markets {
            flow.add_market(spec, market);
        }
        Ok(flow)
    }

    /// The streams of a venue that the flow has data for.
    #[must_use]
    pub fn streams(&self, venue: usize) -> Vec<String> {
        let legs = self.legs.iter().filter(|l| l.venue == venue);
        legs.flat_map(|l| {
            StreamKind::ALL_GENERATED.into_iter().filter(|k| l.publishes(*k)).map(|k| l.stream(k).to_owned())
        })
        .collect()
    }

    /// The stream that an event belongs to.
    #[must_use]
    pub fn stream_of(&self, event: &FlowEvent) -> &str {
        self.legs.get(event.leg).map_or("", |leg| leg.stream(event.body.kind()))
    }

    /// The symbol that an event is about.
    #[must_use]
    pub fn symbol_of(&self, event: &FlowEvent) -> &str {
        self.legs.get(event.leg).map_or("", |leg| &leg.writer.symbol)
    }

    /// What the book behind an event's instrument is made of.
    pub(crate) fn ladder_of(&self, event: &FlowEvent) -> Option<Ladder> {
        self.legs.get(event.leg).map(|leg| Ladder {
            price_step: leg.price_step,
            quantity_step: leg.quantity_step,
            shown_steps: leg.shown_steps,
        })
    }

    /// Whether the flow has every single trade of an event's instrument.
    pub(crate) fn has_trades(&self, event: &FlowEvent) -> bool {
        self.legs.get(event.leg).is_some_and(|leg| leg.trades)
    }

    /// Venue, symbol, and the ids that the next trade and the next sum of trades of each instrument will have.
    pub(crate) fn next_ids(&self) -> impl Iterator<Item = (usize, &str, u64, u64)> {
        self.legs.iter().map(|l| (l.venue, l.writer.symbol.as_str(), l.trade_id + 1, l.agg_id + 1))
    }

    /// Appends an event's payload, without the combined wrapper, as its venue writes it. Its times count from
    /// `start_ns`, in nanoseconds since the epoch.
    pub fn push_payload(&self, out: &mut Vec<u8>, event: &FlowEvent, start_ns: u64, unit: TimeUnit) {
        if let Some(leg) = self.legs.get(event.leg) {
            leg.writer.push(out, event, start_ns, unit);
        }
    }

    /// Writes the first `duration_ns` of the flow in the format of recordings, one sink a venue: lines of
    /// `receive-time-in-ns combined-frame`. Receive time is when the frame is sent. Returns how many lines.
    ///
    /// # Errors
    /// When a sink fails.
    pub fn write_session<W: Write>(mut self, start_ns: u64, duration_ns: u64, sinks: &mut [W]) -> io::Result<u64> {
        let mut lines = 0;
        let mut payload = Vec::new();
        while let Some(event) = self.next() {
            if event.at_ns >= duration_ns {
                break;
            }
            payload.clear();
            self.push_payload(&mut payload, &event, start_ns, TimeUnit::Millis);
            let Some(sink) = sinks.get_mut(event.venue) else { continue };
            write!(sink, "{} {{\"stream\":\"{}\",\"data\":", start_ns + event.at_ns, self.stream_of(&event))?;
            sink.write_all(&payload)?;
            sink.write_all(b"}\n")?;
            lines += 1;
        }
        Ok(lines)
    }

    fn add_market(&mut self, spec: &FlowSpec, market: &FlowMarket) {
        let id = self.markets.len();
        let first = self.legs.len();
        for leg in &market.legs {
            let index = self.legs.len();
            let leg = Leg::new(spec, market, leg, id, &mut self.rng);
            let (burst_in, quote_in) = (self.rng.exponential(leg.burst_every_ns), index as u64 * 10_000);
            if leg.burst_every_ns > 0 {
                self.at(burst_in + 10 * MS, Action::Burst(index));
            }
            self.at(quote_in, Action::Quote(index));
            self.legs.push(leg);
        }
        self.markets.push(Market {
            offset_e8: 0,
            step_e8: i64::from(market.volatility_e8) * STEP_SHARE_MILLE / 1000,
            legs: first..self.legs.len(),
            gap_every_ns: u64::from(market.gap_every_ms) * MS,
            gap_ns: (u64::from(market.gap_ms.0) * MS, u64::from(market.gap_ms.1) * MS),
            gap_e8: (u64::from(market.gap_e8.0), u64::from(market.gap_e8.1)),
            deck: Vec::new(),
            open: None,
            factor_q16: ONE_Q16 as u64,
            moods: market.moods,
        });
        if market.moods.is_some() {
            self.at(0, Action::Mood(id));
        }
        let step_in = self.rng.exponential(STEP_EVERY_NS);
        self.at(step_in, Action::Step(id));
        if market.gap_every_ms > 0 && market.legs.len() > 1 {
            let gap_in = self.rng.exponential(u64::from(market.gap_every_ms) * MS);
            self.at(gap_in + 50 * MS, Action::GapOpen(id));
        }
    }

    fn at(&mut self, time: u64, action: Action) {
        self.sequence += 1;
        self.actions.push(Reverse((time, self.sequence, action)));
    }

    fn react(&mut self, now: u64, action: Action) {
        let delay = self.rng.between(REACTION_NS.0, REACTION_NS.1);
        self.at(now + delay, action);
    }

    fn run(&mut self, now: u64, action: Action) {
        match action {
            Action::Step(id) => self.step(now, id),
            Action::Follow(leg, reference_e8) => {
                self.legs[leg].reference_e8 = reference_e8;
                self.requote(now, leg, false);
            }
            Action::Displace(leg, displaced_e8) => {
                self.legs[leg].displaced_e8 = displaced_e8;
                self.requote(now, leg, false);
                if displaced_e8 != 0 && self.rng.per_mille(500) {
                    self.burst(now, leg);
                }
            }
            Action::Quote(leg) => {
                if self.rng.per_mille(PRICE_MOVE_MILLE) {
                    let noise = self.rng.normal_q16() * NOISE_E8 / ONE_Q16;
                    self.legs[leg].noise_e8 = self.legs[leg].noise_e8 * 7 / 8 + noise;
                }
                self.requote(now, leg, true);
                let wait = self.wait(leg, self.legs[leg].quote_every_ns);
                self.at(now + wait, Action::Quote(leg));
            }
            Action::Burst(leg) => {
                self.burst(now, leg);
                let wait = self.wait(leg, self.legs[leg].burst_every_ns);
                self.at(now + wait, Action::Burst(leg));
            }
            Action::GapOpen(id) => self.open_gap(now, id),
            Action::Mood(id) => self.change_mood(now, id),
            Action::GapClose(id) => {
                if let Some((buy, sell)) = self.markets[id].open.take() {
                    self.react(now, Action::Displace(buy, 0));
                    self.react(now, Action::Displace(sell, 0));
                }
                let wait = self.rng.exponential(self.markets[id].gap_every_ns);
                self.at(now + wait + 20 * MS, Action::GapOpen(id));
            }
        }
    }

    /// A waiting time of an instrument, in its market's mood.
    fn wait(&mut self, leg: usize, every_ns: u64) -> u64 {
        let factor = self.markets[self.legs[leg].market].factor_q16;
        let mean = u128::from(every_ns) * ONE_Q16 as u128 / u128::from(factor.max(1));
        self.rng.exponential(u64::try_from(mean).unwrap_or(u64::MAX)).max(1)
    }

    fn change_mood(&mut self, now: u64, id: usize) {
        let Some(moods) = self.markets[id].moods else { return };
        // Sixteen times lively at most: whatever comes once in hours must not stand for a second of a demo.
        self.markets[id].factor_q16 =
            self.rng.log_normal(ONE_Q16 as u64, leg::sigma_q16(moods.deviation_mille)).min(16 << 16);
        let wait = self.rng.exponential(u64::from(moods.every_ms) * MS);
        self.at(now + wait.max(MS), Action::Mood(id));
    }

    fn step(&mut self, now: u64, id: usize) {
        let normal = self.rng.normal_q16();
        let market = &mut self.markets[id];
        market.offset_e8 += normal * market.step_e8 / ONE_Q16 - market.offset_e8 / REVERSION;
        let (legs, offset_e8) = (market.legs.clone(), market.offset_e8);
        for leg in legs {
            self.react(now, Action::Follow(leg, offset_e8));
        }
        let wait = self.rng.exponential(STEP_EVERY_NS);
        self.at(now + wait.max(1), Action::Step(id));
    }

    fn open_gap(&mut self, now: u64, id: usize) {
        let market = &mut self.markets[id];
        if market.deck.is_empty() {
            let legs = market.legs.clone();
            market.deck =
                legs.clone().flat_map(|b| legs.clone().map(move |s| (b, s))).filter(|(b, s)| b != s).collect();
            for i in (1..market.deck.len()).rev() {
                market.deck.swap(i, self.rng.below(i as u64 + 1) as usize);
            }
        }
        let Some((buy, sell)) = market.deck.pop() else { return };
        market.open = Some((buy, sell));
        let edge = self.rng.between(market.gap_e8.0, market.gap_e8.1) as i64;
        let lasts = self.rng.between(market.gap_ns.0, market.gap_ns.1);
        // What the spreads and, on average, rounding to price steps eat of the edge.
        let cost = |leg: &Leg| leg.half_spread_e8 + leg.step_e8 / 2;
        let apart = edge + cost(&self.legs[buy]) + cost(&self.legs[sell]);
        self.react(now, Action::Displace(sell, apart / 2));
        self.react(now, Action::Displace(buy, apart / 2 - apart));
        self.at(now + lasts, Action::GapClose(id));
    }

    /// Moves the quote to where it belongs; when it is there already and `always`, changes a quantity.
    fn requote(&mut self, now: u64, index: usize, always: bool) {
        let leg = &mut self.legs[index];
        let target = leg.target();
        let mut changed = false;
        for (side, price) in target.into_iter().enumerate() {
            if leg.price[side] != price {
                leg.price[side] = price;
                leg.quantity[side] = leg.draw_shown(&mut self.rng);
                changed = true;
            }
        }
        if !changed {
            if !always {
                return;
            }
            let side = self.rng.below(2) as usize;
            let before = leg.quantity[side];
            leg.quantity[side] = leg.draw_shown(&mut self.rng);
            if leg.quantity[side] == before {
                leg.quantity[side] = before.saturating_add(leg.quantity_step);
            }
        }
        self.emit_quote(now, index);
    }

    fn emit_quote(&mut self, now: u64, index: usize) {
        let leg = &mut self.legs[index];
        leg.update_id += 1 + self.rng.below(40);
        let body = Body::Quote {
            update_id: leg.update_id,
            bid: leg.price[0],
            bid_quantity: leg.quantity[0],
            ask: leg.price[1],
            ask_quantity: leg.quantity[1],
        };
        if leg.quotes {
            self.emit(now, index, &[body]);
        }
    }

    fn burst(&mut self, now: u64, index: usize) {
        let leg = &mut self.legs[index];
        if leg.price[0] <= 0 {
            return;
        }
        // In a gap the takers push the price where it goes.
        let sold_mille = 500 - 300 * leg.displaced_e8.signum();
        let taker_sold = self.rng.per_mille(sold_mille as u64);
        let side = usize::from(!taker_sold);
        let count = self.rng.log_normal(1, BURST_SIGMA_Q16).min(BURST_MAX);
        let (price, first) = (leg.price[side], leg.trade_id + 1);
        let mut total = 0i64;
        let mut bodies = Vec::with_capacity(count as usize + 1);
        for _ in 0..count {
            let quantity = leg.draw_traded(&mut self.rng);
            total = total.saturating_add(quantity);
            leg.trade_id += 1;
            if leg.trades {
                bodies.push(Body::Trade { id: leg.trade_id, price, quantity, taker_sold });
            }
        }
        leg.agg_id += 1;
        if leg.agg_trades {
            let (id, last) = (leg.agg_id, leg.trade_id);
            bodies.push(Body::AggTrade { id, first, last, price, quantity: total, taker_sold });
        }
        let left = leg.quantity[side] - total;
        leg.quantity[side] = if left > 0 { left } else { leg.draw_shown(&mut self.rng) };
        self.emit(now, index, &bodies);
        self.emit_quote(now, index);
    }

    fn emit(&mut self, now: u64, index: usize, bodies: &[Body]) {
        let venue = self.legs[index].venue;
        let line = &mut self.lines[venue];
        let event_ns = now + self.rng.below(line.lag_ns.min(MS));
        let sent = now + line.lag_ns + self.rng.below(line.jitter_ns);
        let mut at_ns = sent.max(line.last_at_ns);
        for &body in bodies {
            at_ns += FRAME_APART_NS;
            self.sequence += 1;
            let event = FlowEvent { at_ns, match_ns: now, event_ns, venue, leg: index, body };
            self.ready.push(Reverse(Ready(at_ns, self.sequence, event)));
        }
        line.last_at_ns = at_ns;
    }
}

/// Never ends, unless the spec has no instrument at all.
impl Iterator for Flow {
    type Item = FlowEvent;

    fn next(&mut self) -> Option<FlowEvent> {
        loop {
            let next_action = self.actions.peek().map(|Reverse((time, ..))| *time)?;
            // An action yet to come cannot send anything before its own time.
            if self.ready.peek().is_some_and(|Reverse(r)| r.0 <= next_action) {
                return self.ready.pop().map(|Reverse(r)| r.2);
            }
            if self.legs.is_empty() {
                return None;
            }
            let Reverse((now, _, action)) = self.actions.pop()?;
            self.run(now, action);
        }
    }
}
