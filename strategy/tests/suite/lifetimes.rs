//! When opportunities begin and end, input by input.

use crosstick_model::{InstrumentId, Scale, Tick, TickFlags, VenueId};
use crosstick_strategy::{PriceCache, Source, SpreadConfig};

use crate::against_naive::run;
use crate::naive::Seen;
use crate::world::{SPOT, quote, trade, universe};

const BTC: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };

/// Buy on 0 at `ask`, sell on 1 at 10050.
fn cheap(at_ns: u64, ask: i64) -> Tick {
    quote(0, at_ns, 900_000, 5, ask, 5)
}

fn dear(at_ns: u64) -> Tick {
    quote(1, at_ns, 1_005_000, 5, 1_100_000, 5)
}

/// `+at` for a begin, `*at` for a better edge, `-at` for an end.
fn story(config: impl FnOnce(&mut SpreadConfig), ticks: &[Tick]) -> Vec<String> {
    let universe = universe(&[(BTC, &[SPOT; 2])]);
    let mut settings = SpreadConfig { max_age_ns: 100, ..SpreadConfig::watch(&universe) };
    config(&mut settings);
    let (seen, naive) = run(&universe, &settings, ticks);
    assert_eq!(seen, naive);
    let tell = |s: &Seen| match s {
        Seen::Begin { at_ns, .. } => format!("+{at_ns}"),
        Seen::Better { at_ns, .. } => format!("*{at_ns}"),
        Seen::End { end_ns, .. } => format!("-{end_ns}"),
    };
    seen.iter().map(tell).collect()
}

/// An input that changes nothing, to let time pass.
fn later(at_ns: u64) -> Tick {
    trade(0, at_ns, 1, 1)
}

#[test]
fn one_record_however_many_ticks_it_lasts() {
    let ticks =
        [cheap(10, 1_000_000), dear(20), cheap(30, 1_000_100), dear(40), cheap(50, 999_000), cheap(60, 1_010_000)];
    assert_eq!(story(|_| {}, &ticks), ["+20", "*50", "-60"]);
}

#[test]
fn ends_at_the_very_nanosecond_at_which_a_quote_becomes_stale() {
    assert_eq!(story(|_| {}, &[cheap(10, 1_000_000), dear(20), later(109)]), ["+20"]);
    assert_eq!(story(|_| {}, &[cheap(10, 1_000_000), dear(20), later(110)]), ["+20", "-110"]);
    assert_eq!(story(|_| {}, &[cheap(10, 1_000_000), dear(20), later(5_000)]), ["+20", "-110"]);
}

#[test]
fn a_refreshed_quote_moves_the_end_and_a_tick_at_the_due_time_comes_too_late() {
    let open = [cheap(10, 1_000_000), dear(20)];
    let refreshed = [open[0], open[1], cheap(109, 1_000_000), later(5_000)];
    assert_eq!(story(|_| {}, &refreshed), ["+20", "-120"], "now the other quote is the older one");
    let too_late = [open[0], open[1], cheap(110, 1_000_000), later(5_000)];
    assert_eq!(story(|_| {}, &too_late), ["+20", "-110", "+110", "-120"]);
}

#[test]
fn begins_again_after_an_end() {
    let ticks = [cheap(10, 1_000_000), dear(20), cheap(30, 1_010_000), cheap(40, 1_000_000), later(500)];
    assert_eq!(story(|_| {}, &ticks), ["+20", "-30", "+40", "-120"]);
}

#[test]
fn a_stale_quote_begins_nothing() {
    assert_eq!(story(|_| {}, &[cheap(10, 1_000_000), dear(110)]), [""; 0]);
    assert_eq!(story(|_| {}, &[cheap(10, 1_000_000), dear(109), later(500)]), ["+109", "-110"]);
    assert_eq!(
        story(|c| c.max_age_ns = u64::MAX, &[cheap(10, 1_000_000), dear(u64::MAX - 1)]),
        [format!("+{}", u64::MAX - 1)]
    );
}

#[test]
fn a_quote_from_the_past_is_as_old_as_it_says() {
    // Core time is 200; the quote received at 90 has been stale since 190.
    assert_eq!(story(|_| {}, &[cheap(200, 1_000_000), dear(90)]), [""; 0]);
}

fn lagged(tick: Tick, lag_us: i32) -> Tick {
    Tick { exchange_offset_us: -lag_us, ..tick }
}

#[test]
fn a_lagging_line_ends_and_its_recovery_begins() {
    let limit = |c: &mut SpreadConfig| c.max_lag_us = 50;
    let ticks = [
        lagged(cheap(10, 1_000_000), 100),
        dear(20),
        lagged(later(30), 150), // 50 above the minimum is not above the limit
        lagged(later(31), 151), // a trade of the same line turns it
        cheap(32, 999_000),     // no time in it: the line stays as it is
        lagged(later(33), 120),
    ];
    assert_eq!(story(limit, &ticks), ["+20", "-31", "+33"]);
    assert_eq!(story(|_| {}, &ticks), ["+20", "*32"], "zero switches it off");
}

#[test]
fn the_lag_is_taken_before_the_quote_of_the_same_tick() {
    let limit = |c: &mut SpreadConfig| c.max_lag_us = 50;
    let ticks = [lagged(cheap(10, 1_000_000), 100), dear(20), lagged(cheap(30, 999_000), 151)];
    assert_eq!(story(limit, &ticks), ["+20", "-30"]);
    let ticks = [lagged(later(5), 0), lagged(cheap(10, 1_000_000), 100), dear(20), lagged(cheap(30, 999_000), 0)];
    assert_eq!(story(limit, &ticks), ["+30"]);
}

#[test]
fn an_off_market_trade_counts_for_lag_and_never_for_prices() {
    let mut off = trade(0, 30, 1, 1);
    off.flags = off.flags.with(TickFlags::OFF_MARKET);
    let ticks = [trade(0, 10, 1_000_000, 5), trade(1, 20, 1_005_000, 5), off];
    assert_eq!(story(|c| c.source = Source::Trades, &ticks), ["+20"]);
    let limit = |c: &mut SpreadConfig| (c.source, c.max_lag_us) = (Source::Trades, 50);
    let ticks = [lagged(ticks[0], 0), ticks[1], lagged(off, 51)];
    assert_eq!(story(limit, &ticks), ["+20", "-30"]);
}

/// The dear venue's line, or another of its lines.
fn line_state(line: u8, live: bool, at_ns: u64) -> Tick {
    Tick::line_state(VenueId(1), line, live, at_ns)
}

#[test]
fn a_line_that_goes_down_takes_its_quotes_along_for_good() {
    let open = [cheap(10, 1_000_000), dear(20), line_state(1, false, 25)];
    let went = |more: &[Tick]| story(|_| {}, &[&open[..], more].concat());
    assert_eq!(went(&[line_state(0, false, 30)]), ["+20", "-30"]);
    // Back, but what it had said before says nothing about now.
    assert_eq!(went(&[line_state(0, false, 30), line_state(0, true, 35), later(36)]), ["+20", "-30"]);
    // What came after the end and before it was live again counts once it is live.
    let early = [line_state(0, false, 30), dear(32), line_state(0, true, 35)];
    assert_eq!(went(&early), ["+20", "-30", "+35"]);
    let fresh = [line_state(0, false, 30), line_state(0, true, 35), dear(40), line_state(0, false, 50), dear(60)];
    assert_eq!(went(&fresh), ["+20", "-30", "+40", "-50"]);
}

#[test]
fn only_the_newest_prices_of_the_line_itself_go_with_it() {
    let other = |tick: Tick| Tick { flags: TickFlags::new(1, 0), ..tick };
    let down_up = |line: u8| [line_state(line, false, 30), line_state(line, true, 35)];
    let ticks = |line| [&[cheap(10, 1_000_000), dear(15), other(dear(20))][..], &down_up(line)].concat();
    assert_eq!(story(|_| {}, &ticks(0)), ["+15"], "the other line had brought it anew");
    assert_eq!(story(|_| {}, &ticks(1)), ["+15", "-30"]);
}

#[test]
fn a_line_that_went_down_while_lagging_forgets_as_well() {
    let limit = |c: &mut SpreadConfig| c.max_lag_us = 50;
    let lagging = |at_ns, lag_us| lagged(trade(1, at_ns, 1, 1), lag_us);
    let ticks = [
        cheap(10, 1_000_000),
        dear(20),
        lagging(22, 0),
        lagging(25, 51),
        line_state(0, false, 30),
        line_state(0, true, 35),
    ];
    let ticks = [&ticks[..], &[lagging(40, 0), lagging(41, 0)]].concat();
    assert_eq!(story(limit, &ticks), ["+20", "-25"]);
    assert_eq!(story(limit, &[&ticks[..], &[dear(50)]].concat()), ["+20", "-25", "+50"]);
}

#[test]
fn last_trades_go_with_their_line() {
    let open = [trade(0, 10, 1_000_000, 5), trade(1, 20, 1_005_000, 5)];
    let by_trade = |more: &[Tick]| story(|c| c.source = Source::Trades, &[&open[..], more].concat());
    let down_up = [line_state(0, false, 30), line_state(0, true, 35)];
    assert_eq!(by_trade(&down_up), ["+20", "-30"]);
    assert_eq!(by_trade(&[down_up[0], down_up[1], trade(1, 40, 1_005_000, 5)]), ["+20", "-30", "+40"]);
}

#[test]
fn a_line_takes_all_its_markets_along_in_order() {
    let universe = universe(&[(BTC, &[SPOT; 3]), (BTC, &[SPOT; 3])]);
    let config = SpreadConfig::watch(&universe);
    let ticks = [
        quote(0, 1, 900_000, 5, 1_000_000, 5),
        quote(3, 2, 900_000, 5, 1_000_000, 5),
        quote(1, 3, 1_005_000, 5, 1_100_000, 5),
        quote(4, 4, 1_005_000, 5, 1_100_000, 5),
        quote(2, 5, 1_005_000, 5, 1_100_000, 5),
        Tick::line_state(VenueId(0), 0, false, 6),
        quote(0, 7, 900_000, 5, 1_000_000, 5),
        quote(3, 8, 900_000, 5, 1_000_000, 5),
        Tick::line_state(VenueId(0), 0, true, 9),
    ];
    let (seen, naive) = run(&universe, &config, &ticks);
    assert_eq!(seen, naive);
    let keys = |seen: &[Seen]| -> Vec<_> {
        seen.iter()
            .map(|s| if let Seen::End { key, .. } | Seen::Begin { key, .. } = s { *key } else { panic!() })
            .collect()
    };
    let all = [(0, 0, 1), (0, 0, 2), (1, 0, 1)];
    assert_eq!(keys(&seen[3..6]), all);
    assert_eq!(keys(&seen[6..]), all);
}

#[test]
fn the_cache_answers_for_what_it_does_not_know() {
    let universe = universe(&[(BTC, &[SPOT; 2])]);
    let mut cache = PriceCache::new(&universe, SpreadConfig::watch(&universe).freshness());
    cache.apply(&quote(77, 1, 1, 1, 2, 1));
    cache.apply(&Tick::line_state(VenueId(200), 7, false, 1));
    assert_eq!(cache.prices(Source::Quotes, InstrumentId(77)), None);
    assert_eq!(cache.usable(Source::Quotes, InstrumentId(0), 0), None);
    assert!(cache.line_usable(VenueId(0), 0) && !cache.line_usable(VenueId(200), 7));
    assert_eq!((cache.lag_us(VenueId(0), 0), cache.last_trade(InstrumentId(0))), (None, None));
    cache.apply(&lagged(trade(0, 9, 7, 3), 30));
    cache.apply(&lagged(trade(0, 11, 8, 2), 45));
    assert_eq!(cache.lag_us(VenueId(0), 0), Some((45, 15)));
    assert!(!cache.line_lagging(VenueId(0), 0) && !cache.line_lagging(VenueId(200), 7), "zero switches it off");
    let limit = SpreadConfig { max_lag_us: 14, ..SpreadConfig::watch(&universe) }.freshness();
    let mut limited = PriceCache::new(&universe, limit);
    limited.apply(&lagged(trade(0, 9, 7, 3), 30));
    limited.apply(&lagged(trade(0, 11, 8, 2), 45));
    assert!(limited.line_lagging(VenueId(0), 0) && !limited.line_usable(VenueId(0), 0));
    let (last, recv_ns) = cache.last_trade(InstrumentId(0)).unwrap();
    assert_eq!((last.price, last.quantity, recv_ns), (8, 2, 11));
    cache.apply(&quote(0, 12, 1, 1, 2, 1));
    cache.apply(&Tick::line_state(VenueId(0), 0, false, 13));
    assert_eq!((cache.last_trade(InstrumentId(0)), cache.last_quote(InstrumentId(0))), (None, None));
    assert_eq!(cache.lag_us(VenueId(0), 0), Some((45, 15)), "the clocks are still what they were");
}
