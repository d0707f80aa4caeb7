//! A full ring: trades all arrive in order, quotes arrive newest, and never behind a later tick of their instrument.

use std::collections::{HashMap, VecDeque};

use crosstick_feeds::outlet::Fit;
use crosstick_feeds::{Outlet, RingSink, TickSink};
use crosstick_model::{InstrumentId, Quote, Tick, TickFlags, TickKind, Trade, VenueId};
use proptest::prelude::*;

/// A ring of `room` places that a test empties.
#[derive(Debug, Default)]
struct Bounded {
    inside: VecDeque<Tick>,
    room: usize,
    wakes: usize,
}

impl TickSink for Bounded {
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        if self.inside.len() >= self.room {
            return Err(tick);
        }
        self.inside.push_back(tick);
        Ok(())
    }

    fn wake(&mut self) {
        self.wakes += 1;
    }
}

fn trade(instrument: u16, id: u64) -> Tick {
    Tick::trade(InstrumentId(instrument), 0, Trade::default(), 1, id)
}

fn quote(instrument: u16, id: u64) -> Tick {
    Tick::quote(InstrumentId(instrument), 0, Quote::default(), 1, id)
}

fn outlet(room: usize) -> Outlet<Bounded> {
    Outlet::new(Bounded { room, ..Bounded::default() }, 4)
}

/// One tick as a batch of its own.
fn send(outlet: &mut Outlet<Bounded>, tick: Tick) -> Fit {
    assert_eq!(outlet.offer(tick), Fit::Pushed, "nothing was held");
    outlet.end_batch()
}

fn take(outlet: &mut Outlet<Bounded>, count: usize) -> Vec<(u16, TickKind, u64)> {
    let inside = &mut outlet.sink().inside;
    let count = count.min(inside.len());
    inside.drain(..count).map(|t| (t.instrument.0, t.kind, t.venue_seq)).collect()
}

#[test]
fn the_newest_quote_waits_and_a_trade_stops() {
    let mut outlet = outlet(1);
    assert_eq!(send(&mut outlet, quote(0, 1)), Fit::Pushed);
    assert_eq!(send(&mut outlet, quote(0, 2)), Fit::Kept);
    assert_eq!(send(&mut outlet, quote(1, 7)), Fit::Kept);
    assert_eq!(send(&mut outlet, quote(0, 3)), Fit::Replaced);
    assert!(!outlet.is_stopped());
    assert_eq!(send(&mut outlet, trade(0, 50)), Fit::Stopped);
    assert!(outlet.is_stopped() && !outlet.drain());
    let mut out = Vec::new();
    while !outlet.is_clear() || !outlet.sink().inside.is_empty() {
        out.extend(take(&mut outlet, 1));
        outlet.drain();
    }
    let (q, t) = (TickKind::Quote, TickKind::Trade);
    assert_eq!(out, [(0, q, 1), (0, q, 3), (1, q, 7), (0, t, 50)]);
}

#[test]
fn the_last_tick_of_each_batch_is_marked() {
    let mut outlet = outlet(100);
    for batch in [1u64, 3, 2] {
        for i in 0..batch {
            outlet.offer(trade(0, batch * 10 + i));
        }
        outlet.end_batch();
        assert_eq!(outlet.end_batch(), Fit::Pushed, "an empty batch sends nothing");
    }
    let marks: Vec<bool> = outlet.sink().inside.iter().map(|t| t.flags.has(TickFlags::LAST_OF_BATCH)).collect();
    assert_eq!(marks, [true, false, false, true, false, true]);
}

#[test]
fn line_states_are_never_replaced() {
    let mut outlet = outlet(0);
    assert_eq!(send(&mut outlet, Tick::line_state(VenueId(0), 0, true, 1)), Fit::Stopped);
    outlet.offer(Tick::line_state(VenueId(0), 0, false, 2));
    assert_eq!(outlet.end_batch(), Fit::Stopped);
    outlet.sink().room = 8;
    assert!(outlet.drain());
    let states: Vec<_> = outlet.sink().inside.iter().map(Tick::as_line_state).collect();
    assert_eq!(states, [Some((VenueId(0), true)), Some((VenueId(0), false))]);
}

#[test]
fn the_other_side_is_woken_once_a_turn_and_only_for_something() {
    let mut outlet = outlet(10);
    outlet.wake();
    assert_eq!(outlet.sink().wakes, 0);
    send(&mut outlet, trade(0, 1));
    send(&mut outlet, trade(0, 2));
    outlet.wake();
    outlet.wake();
    assert_eq!(outlet.sink().wakes, 1);
}

#[test]
fn an_instrument_beyond_the_table_waits_like_a_trade() {
    let mut outlet = outlet(0);
    assert_eq!(send(&mut outlet, quote(900, 1)), Fit::Stopped);
}

#[test]
fn through_the_real_ring() {
    let (producer, mut consumer) = crosstick_ring::spsc::ring(4);
    let mut outlet = Outlet::new(RingSink::new(producer, None), 4);
    let mut out = Vec::new();
    for id in 0..1000u64 {
        outlet.offer(trade(0, id));
        outlet.end_batch();
        for _ in 0..10_000 {
            if !outlet.is_stopped() {
                break;
            }
            while let Some(tick) = consumer.pop() {
                out.push(tick.venue_seq);
            }
            consumer.publish();
            outlet.drain();
        }
    }
    while let Some(tick) = consumer.pop() {
        out.push(tick.venue_seq);
    }
    assert_eq!(out, (0..1000).collect::<Vec<u64>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Each step: one tick arrives (in a batch of random length) if the reader may read, and the consumer takes a few.
    #[test]
    fn nothing_is_lost_but_replaced_quotes(
        room in 1usize..5,
        steps in proptest::collection::vec((0u16..4, any::<bool>(), any::<bool>(), 0usize..3), 1..400),
    ) {
        let mut outlet = outlet(room);
        let mut out = Vec::new();
        let mut sent_trades: Vec<u64> = Vec::new();
        let mut newest: HashMap<u16, u64> = HashMap::new();
        let mut fits = HashMap::new();
        let mut quotes = 0usize;
        for (id, (instrument, is_trade, ends, takes)) in (1u64..).zip(steps) {
            out.extend(take(&mut outlet, takes));
            if !outlet.is_clear() {
                outlet.drain();
            }
            if outlet.is_stopped() {
                continue;
            }
            let tick = if is_trade { trade(instrument, id) } else { quote(instrument, id) };
            if is_trade {
                sent_trades.push(id);
            } else {
                newest.insert(instrument, id);
                quotes += 1;
            }
            *fits.entry(outlet.offer(tick)).or_insert(0usize) += 1;
            if ends && !outlet.is_stopped() {
                *fits.entry(outlet.end_batch()).or_insert(0) += 1;
            }
        }
        *fits.entry(outlet.end_batch()).or_insert(0) += 1;
        for _ in 0..1000 {
            out.extend(take(&mut outlet, usize::MAX));
            outlet.drain();
        }
        out.extend(take(&mut outlet, usize::MAX));
        prop_assert!(outlet.is_clear());
        let trades: Vec<u64> = out.iter().filter(|t| t.1 == TickKind::Trade).map(|t| t.2).collect();
        prop_assert_eq!(trades, sent_trades, "all trades, in order");
        let mut last: HashMap<u16, u64> = HashMap::new();
        for (instrument, kind, id) in &out {
            let before = last.insert(*instrument, *id).unwrap_or(0);
            prop_assert!(before < *id, "instrument {} goes back from {} to {} ({:?})", instrument, before, id, kind);
        }
        for (instrument, id) in newest {
            let quote = out.iter().rev().find(|t| t.0 == instrument && t.1 == TickKind::Quote);
            prop_assert_eq!(quote.map(|t| t.2), Some(id), "the newest quote of {}", instrument);
        }
        let arrived = out.iter().filter(|t| t.1 == TickKind::Quote).count();
        let replaced = fits.get(&Fit::Replaced).copied().unwrap_or(0);
        prop_assert_eq!(arrived + replaced, quotes, "what did not arrive is counted");
    }
}
