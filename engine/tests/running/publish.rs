//! What the core shows in shared memory: all that it knows, soon, and never much of it at a time. In virtual time,
//! read as another process would read it.

use crate::flow;
use crate::shown;
use crate::support;

use std::collections::BTreeMap;

use crosstick_engine::config::{Config, Overrides};
use crosstick_engine::report::assemble;
use crosstick_engine::run::publish::{NOTES_A_TURN, PUBLISH_EVERY_NS, ROWS_A_TURN};
use crosstick_ipc::Reader;
use crosstick_ipc::layout::{
    self, EventKind, LimitKind, OpportunityEvent, OrderStatus, Phase, PriceFlags, SpreadFlags, State, outcome_name,
    text,
};
use crosstick_model::{
    Amount, Command, CommandKind, CommandSource, DenyCode, InstrumentId, Line, Quote, Reason, Tick, Universe, VenueId,
};
use flow::START_NS;
use shown::Shown;
use support::demo;

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

fn demo_of(overrides: &Overrides) -> (Config, Universe) {
    demo::load(&demo::config_text(), overrides)
}

/// A session of the demo, a turn a tick and an idle one behind each, and everything that was followed meanwhile.
struct Played {
    shown: Shown,
    reader: Reader,
    opportunities: Vec<OpportunityEvent>,
    orders: Vec<layout::OrderRow>,
    fills: Vec<layout::FillEvent>,
    events: Vec<layout::EngineEvent>,
    ticks: u64,
    ended_ns: u64,
}

fn play(ticks: &[Tick], config: &Config, universe: &Universe) -> Played {
    let mut shown = Shown::new(config, universe);
    let reader = shown.reader();
    let mut follow = (
        reader.opportunities().unwrap(),
        reader.orders().unwrap(),
        reader.fills().unwrap(),
        reader.events().unwrap(),
        reader.ticks().unwrap(),
    );
    let (mut opportunities, mut orders, mut fills, mut events, mut seen) = (vec![], vec![], vec![], vec![], 0);
    let mut followed = |last: &[Tick]| {
        opportunities.extend(follow.0.by_ref());
        orders.extend(follow.1.by_ref());
        fills.extend(follow.2.by_ref());
        events.extend(follow.3.by_ref());
        for (event, tick) in follow.4.by_ref().zip(last) {
            let values = [event.price, event.quantity, event.ask, event.ask_quantity];
            assert_eq!((values, event.recv_ns, event.venue_seq), (tick.values, tick.recv_ns, tick.venue_seq));
            assert_eq!((event.instrument, event.kind), (tick.instrument.0, tick.kind as u8));
            seen += 1;
        }
    };
    shown.bridge.0.started(START_NS);
    for tick in ticks {
        shown.take(tick);
        shown.turn(tick.recv_ns, false);
        followed(std::slice::from_ref(tick));
    }
    let ended_ns = ticks.last().unwrap().recv_ns + 10 * S;
    shown.finish(ended_ns);
    followed(&[]);
    Played { reader, opportunities, orders, fills, events, ticks: seen, ended_ns, shown }
}

fn amount(words: [u64; 2]) -> Amount {
    layout::amount(words)
}

#[test]
fn everything_that_is_shown_is_what_the_core_knows() {
    let (config, universe) = demo_of(&Overrides::none());
    let ticks = flow::ticks(&universe, 3, 60_000);
    let played = play(&ticks, &config, &universe);
    let (reader, driver) = (&played.reader, &played.shown.driver);
    let (core, risk, counts) = (driver.core(), driver.core().risk(), driver.core().counts());

    let engine = reader.engine().unwrap();
    let orders = driver.order_counts();
    assert_eq!(engine.state, State::Stopped as u32);
    assert_eq!((engine.ticks, played.ticks), (ticks.len() as u64, ticks.len() as u64), "every tick, none missed");
    assert_eq!((engine.opportunities_seen, engine.opportunities_taken), (counts.seen, counts.taken));
    assert_eq!((engine.opportunities_open, engine.rows_waiting, engine.orders_not_shown), (0, 0, 0));
    assert_eq!((engine.orders_sent, engine.orders_filled), (orders.sent, orders.filled));
    assert_eq!((engine.orders_partly_filled, engine.orders_unfilled), (orders.partly_filled, orders.unfilled));
    assert_eq!((engine.orders_rejected, engine.orders_open), (orders.rejected, driver.open_orders() as u64));
    let pairs = core.strategy().pair_stats();
    assert_eq!((engine.pairs_sent, engine.pairs_clean), (pairs.sent, pairs.clean));
    assert_eq!((engine.pairs_closed, engine.pairs_empty), (pairs.closed, pairs.empty));
    assert!(counts.taken > 20 && orders.filled > 40, "{counts:?} {orders:?}");

    for instrument in &universe.instruments {
        let (price, position) = (reader.price(instrument.id).unwrap(), reader.position(instrument.id).unwrap());
        let (quote, at_ns) = core.cache().last_quote(instrument.id).unwrap();
        assert_eq!([price.bid, price.bid_quantity, price.ask, price.ask_quantity], {
            let Quote { bid, bid_quantity, ask, ask_quantity } = quote;
            [bid, bid_quantity, ask, ask_quantity]
        });
        assert_eq!(price.quote_recv_ns, at_ns);
        let tally = &core.tallies()[instrument.id.index()];
        assert_eq!((price.quotes, price.trades), (tally.quotes, tally.trades));
        // Ten seconds later nothing is fresh.
        assert_eq!(price.flags & PriceFlags::USABLE, 0);
        assert_eq!(price.usable_until_ns, at_ns + config.strategy.max_age_ns);
        let known = risk.position(instrument.id).unwrap();
        assert_eq!(amount(position.exact_quantity), known.quantity);
        let rest = known.quantity.0 - Amount::quantity(position.quantity, instrument.scale).unwrap().0;
        assert!(rest.abs() < Amount::quantity(1, instrument.scale).unwrap().0, "rounded by less than a step");
        assert_eq!(amount(position.realised), known.pnl.realised);
        assert_eq!(amount(position.fees), known.pnl.fees);
        assert_eq!(amount(position.unrealised), known.pnl.unrealised);
        assert_eq!(amount(position.net), known.pnl.net);
        assert_eq!(amount(position.exposure), known.exposure);
    }
    check_money(&played, &universe);
    check_histories(&played, &universe);
}

fn check_money(played: &Played, universe: &Universe) {
    let (reader, risk) = (&played.reader, played.shown.driver.core().risk());
    let balances = reader.balances();
    assert_eq!(balances.len(), risk.balances().count());
    for (row, known) in balances.iter().zip(risk.balances()) {
        assert_eq!(
            (row.venue, text(&row.asset).as_str()),
            (u32::from(known.venue.0), universe.asset_name(known.asset))
        );
        assert_eq!((amount(row.free), amount(row.total)), (known.free, known.total));
        assert_eq!(amount(row.locked).0, known.reserved.0 + known.margin.0);
    }
    let start = balances.iter().find(|b| b.venue == 0 && text(&b.asset) == "BTC").unwrap();
    assert_eq!(amount(start.initial).to_string(), "0.2", "what the config says");
    assert!(balances.iter().any(|b| b.initial != b.total), "it traded");

    let row = reader.risk().unwrap();
    let pnl = risk.pnl();
    assert_eq!((amount(row.net), amount(row.realised)), (pnl.net, pnl.realised));
    assert_eq!((amount(row.fees), amount(row.unrealised)), (pnl.fees, pnl.unrealised));
    assert_eq!((amount(row.gross), text(&row.currency).as_str(), row.halted), (risk.gross(), "USDT", 0));
    let denied = reader.denied().unwrap();
    assert!(risk.denied().all(|(code, n)| denied.counts[code as usize] == n));
    let all: u64 = risk.denied().map(|(_, n)| n).sum();
    assert!(all > 0, "some are denied");
    assert_eq!((row.breaches, reader.engine().unwrap().orders_denied), (all, all));

    let limits: BTreeMap<String, _> = reader.limits().into_iter().map(|l| (text(&l.name), l)).collect();
    let uses = risk.limit_uses(played.ended_ns);
    assert_eq!(limits.len(), uses.len());
    for (name, limit) in [("max_order_notional", "600"), ("max_position_notional", "900"), ("max_drawdown", "1000")] {
        let row = &limits[name];
        assert_eq!((row.kind, row.decimals), (LimitKind::Currency as u32, 16));
        assert_eq!(amount(row.limit).to_string(), limit, "{name}: what the config says");
    }
    assert_eq!(amount(limits["max_open_orders"].limit).0, 8);
    // 50 bps are 5000 ppm, in hundredths.
    let collar = &limits["price_collar_bps"];
    assert_eq!((amount(collar.limit).0, collar.decimals, collar.kind), (500_000, 2, LimitKind::Ppm as u32));
    for used in uses {
        let row = limits.values().find(|l| l.code == used.code as u32).unwrap();
        assert_eq!((amount(row.headroom).0, amount(row.used).0), (used.headroom(), used.used));
        assert_eq!(row.denied, denied.counts[used.code as usize]);
        let halts = [DenyCode::DailyLoss, DenyCode::Drawdown].contains(&used.code);
        assert_eq!((row.halting == 1, row.breaches > 0 && halts), (halts, false));
    }
}

fn check_histories(played: &Played, universe: &Universe) {
    let driver = &played.shown.driver;
    let counts = driver.core().counts();
    let ends: Vec<_> = played.opportunities.iter().filter(|o| o.phase == Phase::End as u32).collect();
    let begins: Vec<_> = played.opportunities.iter().filter(|o| o.phase == Phase::Begin as u32).collect();
    assert_eq!((begins.len() as u64, ends.len() as u64), (counts.seen, counts.seen), "each begins and ends once");
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for end in &ends {
        *outcomes.entry(outcome_name(end.outcome).unwrap()).or_default() += 1;
        let begin = begins.iter().find(|b| b.id == end.id).unwrap();
        let same = |o: &OpportunityEvent| {
            (o.market, o.buy_venue, o.sell_venue, o.buy_instrument, o.sell_instrument, o.begin_ns, o.quantity)
        };
        assert_eq!(same(begin), same(end));
        assert_eq!((begin.first_edge_ppm, begin.outcome), (end.first_edge_ppm, 0));
        let buy = universe.instrument(InstrumentId(end.buy_instrument as u16));
        let sell = universe.instrument(InstrumentId(end.sell_instrument as u16));
        assert_eq!((u32::from(buy.venue.0), u32::from(sell.venue.0)), (end.buy_venue, end.sell_venue));
        assert_eq!(buy.market.map(|m| u32::from(m.0)), Some(end.market));
    }
    assert_eq!(outcomes.remove("taken"), Some(counts.taken));
    let declined = DenyCode::ALL.iter().zip(&counts.declined_by_risk).filter(|(_, n)| **n > 0);
    for (code, n) in declined {
        assert_eq!(outcomes.remove(code.code()), Some(*n), "{code:?}");
    }
    assert_eq!(outcomes.values().sum::<u64>(), counts.declined_by_strategy.iter().sum::<u64>());
    let spreads = played.reader.spreads();
    assert_eq!(spreads.iter().map(|s| s.seen).sum::<u64>(), counts.seen);
    assert_eq!(spreads.iter().map(|s| s.taken).sum::<u64>(), counts.taken);

    let sent = played.orders.iter().filter(|o| o.status == OrderStatus::Sent as u32).count() as u64;
    let ended = |status: OrderStatus| played.orders.iter().filter(|o| o.status == status as u32).count() as u64;
    let orders = driver.order_counts();
    assert_eq!((sent, ended(OrderStatus::Filled), ended(OrderStatus::Rejected)), (orders.sent, orders.filled, 0));
    assert_eq!(ended(OrderStatus::Cancelled), orders.partly_filled + orders.unfilled);
    assert!(played.reader.open_orders().iter().all(|o| o.status == OrderStatus::Free as u32), "all have ended");

    // Positions are what the fills make of them: bought minus sold, less fees that were taken in what was bought.
    let mut bought: BTreeMap<u32, i128> = BTreeMap::new();
    for fill in &played.fills {
        let instrument = universe.instrument(InstrumentId(fill.instrument as u16));
        let order = played.orders.iter().find(|o| o.id == fill.order).unwrap();
        assert_eq!((order.side, order.instrument, order.group), (fill.side, fill.instrument, fill.group));
        let sign = if fill.side == 0 { 1 } else { -1 };
        let quantity = Amount::quantity(fill.quantity, instrument.scale).unwrap().0 * sign;
        let in_base = text(&fill.fee_asset) == universe.asset_name(instrument.base);
        *bought.entry(fill.instrument).or_default() += quantity - if in_base { amount(fill.fee).0 } else { 0 };
    }
    assert_eq!(played.fills.len() as u64, played.reader.engine().unwrap().fills);
    for position in driver.core().risk().positions() {
        let made = bought.get(&u32::from(position.instrument.0)).copied().unwrap_or(0);
        assert_eq!(made, position.quantity.0, "{:?}", position.instrument);
    }
    let kinds: Vec<u32> = played.events.iter().map(|e| e.kind).collect();
    assert_eq!(kinds.first(), Some(&(EventKind::Started as u32)));
    assert_eq!(kinds.last(), Some(&(EventKind::Stopping as u32)));
}

/// `markets` markets on two venues, with equal fees and without minimums.
fn wide(markets: usize) -> (Config, Universe) {
    let mut config = String::from("[engine]\nmode = \"paper\"\n");
    for venue in ["a", "b"] {
        config += &format!(
            "[[venue]]\nname = \"{venue}\"\nprotocol = \"binance-spot\"\nenvironment = \"mainnet\"\n\
             fees = {{ maker_bps = \"10\", taker_bps = \"10\", asset = \"quote\" }}\nbalances = {{ USDT = \"1000000\" }}\n"
        );
    }
    for n in 0..markets {
        config += &format!("[[market]]\nname = \"M{n}\"\nsymbols = {{ a = \"C{n}USDT\", b = \"C{n}USDT\" }}\n");
        for venue in ["a", "b"] {
            config += &format!(
                "[[instrument]]\nvenue = \"{venue}\"\nsymbol = \"C{n}USDT\"\nbase = \"C{n}\"\nquote = \"USDT\"\n\
                 settle = \"USDT\"\nkind = \"spot\"\nprice_step = \"0.01\"\nquantity_step = \"0.01\"\n\
                 min_quantity = \"0.01\"\nmin_notional = \"1\"\n"
            );
        }
    }
    config += "[strategy]\nname = \"spread\"\ntrade = true\n[strategy.spread]\nmin_edge_bps = \"1\"\n\
               max_age_ms = 1000\nmax_lag_ms = 0\nmax_notional = \"500\"\n[paper]\npreset = \"honest\"\nseed = 1\n\
               [risk]\ncurrency = \"USDT\"\nmax_order_notional = \"600\"\nmax_position_notional = \"1000\"\n\
               max_gross_notional = \"100000\"\nmax_net_notional = \"2000\"\nmax_open_orders = 500\n\
               max_orders_per_second = 10000\nprice_collar_bps = \"100\"\nmax_daily_loss = \"100000\"\n\
               max_drawdown = \"100000\"\n";
    demo::load(&config, &Overrides::none())
}

fn quote(instrument: u16, bid: i64, at_ns: u64) -> Tick {
    let quote = Quote { bid, bid_quantity: 1_000_000, ask: bid + 100, ask_quantity: 1_000_000 };
    Tick::quote(InstrumentId(instrument), 0, quote, at_ns, at_ns)
}

/// Every ring is full all the time: turns of 256 ticks, 100 µs each, over 400 instruments of 200 markets, some of them
/// with opportunities that begin and end.
#[test]
fn under_load_a_turn_shows_little_and_nothing_waits_long() {
    const INSTRUMENTS: u16 = 400;
    const TURN_NS: u64 = 100_000;
    let (config, universe) = wide(usize::from(INSTRUMENTS) / 2);
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    let rings = || {
        let written = [reader.opportunities().unwrap().written(), reader.events().unwrap().written()];
        written.iter().sum::<u64>() + reader.orders().unwrap().written()
    };
    let mut changed_ns = vec![None; usize::from(INSTRUMENTS)];
    let (mut now_ns, mut n, mut before) = (START_NS, 0u64, (vec![0; usize::from(INSTRUMENTS)], 0));
    let (mut longest_ns, mut most, mut notes) = (0, 0, 0);
    for _ in 0..600 {
        for _ in 0..256 {
            n += 1;
            let (instrument, at_ns) = ((n % u64::from(INSTRUMENTS)) as u16, now_ns + n % 256 * (TURN_NS / 256));
            // Every hundredth or so jumps by 5 %: more than fees, so that an opportunity begins, and ends.
            let bid = 1_000_000 + if n.is_multiple_of(97) { 50_000 } else { (n % 50) as i64 * 10 };
            shown.take(&quote(instrument, bid, at_ns));
            changed_ns[usize::from(instrument)].get_or_insert(at_ns);
        }
        now_ns += TURN_NS;
        shown.turn(now_ns, true);
        let rows: Vec<u64> = (0..INSTRUMENTS).map(|i| reader.price(InstrumentId(i)).unwrap().quotes).collect();
        let written = rows.iter().zip(&before.0).filter(|(now, was)| now != was).count();
        let happened = rings();
        most = most.max(written);
        notes = notes.max(happened - before.1);
        for (i, since) in changed_ns.iter_mut().enumerate() {
            if rows[i] != before.0[i] {
                *since = None;
            }
            longest_ns = longest_ns.max(since.map_or(0, |at_ns| now_ns - at_ns));
        }
        before = (rows, happened);
    }
    assert!(shown.driver.core().counts().seen > 500, "{:?}", shown.driver.core().counts());
    assert!(most > 0 && most <= ROWS_A_TURN, "{most} price rows in one turn");
    // An order's change and an execution are one note.
    assert!(notes > 0 && notes <= 2 * NOTES_A_TURN as u64, "{notes} records in one turn");
    // 400 rows are out 25 turns after it is time.
    let bound_ns = PUBLISH_EVERY_NS + (u64::from(INSTRUMENTS).div_ceil(ROWS_A_TURN as u64) + 1) * TURN_NS;
    assert!(bound_ns < 10 * MS && longest_ns <= bound_ns, "a row waited {longest_ns} ns");

    // And when it gets quiet, idle turns bring everything out.
    let mut turns = 0;
    while shown.bridge.0.waiting() > 0 {
        shown.turn(now_ns, false);
        turns += 1;
        assert!(turns < 200, "{} wait", shown.bridge.0.waiting());
    }
    assert_eq!(reader.engine().unwrap().rows_waiting, 0);
    let engine = reader.engine().unwrap();
    let over = engine.opportunities_seen - engine.opportunities_open;
    assert_eq!(
        reader.opportunities().unwrap().written(),
        engine.opportunities_seen + over,
        "no begin and no end is lost"
    );
    assert_eq!(engine.opportunities_seen, shown.driver.core().counts().seen);
}

#[test]
fn between_publications_a_busy_turn_writes_ticks_alone() {
    let (config, universe) = wide(2);
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    shown.turn(START_NS, false);
    while shown.bridge.0.waiting() > 0 {
        shown.turn(START_NS, false);
    }
    shown.take(&quote(0, 1_000_000, START_NS + MS));
    shown.turn(START_NS + MS, true);
    assert_eq!(reader.price(InstrumentId(0)).unwrap().quotes, 0);
    assert_eq!(reader.ticks().unwrap().written(), 1, "the history of ticks is written at once");
    shown.turn(START_NS + PUBLISH_EVERY_NS, true);
    assert_eq!(reader.price(InstrumentId(0)).unwrap().quotes, 1);
}

/// Edges by the formula, in whole numbers, from what the price rows say.
#[test]
fn spreads_are_the_edges_of_the_prices() {
    let (config, universe) = demo_of(&Overrides::none());
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    let mut checked = 0;
    let mut best: BTreeMap<usize, i64> = BTreeMap::new();
    for (n, tick) in flow::ticks(&universe, 9, 20_000).iter().enumerate() {
        shown.take(tick);
        shown.turn(tick.recv_ns, false);
        let spreads = reader.spreads();
        assert_eq!(spreads.len(), 6 + 6 + 2, "every two venues of three markets, both ways");
        for (row, spread) in spreads.iter().enumerate() {
            let [buy, sell] = [spread.buy_instrument, spread.sell_instrument].map(|i| InstrumentId(i as u16));
            let (ask, bid) = (reader.price(buy).unwrap(), reader.price(sell).unwrap());
            assert_eq!((spread.buy_price, spread.sell_price), (ask.ask, bid.bid), "tick {n}");
            let usable = ask.flags & bid.flags & PriceFlags::USABLE != 0;
            assert_eq!(spread.flags & SpreadFlags::USABLE != 0, usable);
            let taker = |id| universe.venue(universe.instrument(id).venue).fees.taker_e8;
            assert_eq!((spread.buy_fee, spread.sell_fee), (taker(buy), taker(sell)));
            if usable {
                let one = 100_000_000_i128;
                let gain = (one - i128::from(taker(sell))) * i128::from(bid.bid)
                    - (one + i128::from(taker(buy))) * i128::from(ask.ask);
                let edge = gain.div_euclid(100 * i128::from(ask.ask)) as i64;
                assert_eq!((spread.edge_ppm, spread.quantity), (edge, ask.ask_quantity.min(bid.bid_quantity)));
                let best = best.entry(row).or_insert(edge);
                *best = edge.max(*best);
                // All of it lasts less than a minute.
                assert_eq!(spread.best_edge_ppm, *best);
                checked += 1;
            }
        }
    }
    assert!(checked > 10_000 && best.len() == 14, "{checked} edges of {} ways", best.len());
}

#[test]
fn lines_and_halts_are_events() {
    let (config, universe) = demo_of(&Overrides::none().flag("test", &["risk", "max_drawdown"], "0.01"));
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    for (at_ns, live) in [(START_NS - 2, true), (START_NS - 1, false), (START_NS, true)] {
        shown.take(&Tick::line_state(VenueId(1), 0 as Line, live, at_ns));
    }
    let ticks = flow::ticks(&universe, 3, 60_000);
    for tick in &ticks {
        shown.take(tick);
        shown.turn(tick.recv_ns, false);
        if shown.driver.core().risk().halted().is_some() && reader.risk().unwrap().halted == 1 {
            break;
        }
    }
    let halt = shown.driver.core().risk().halted().expect("a cent of a loss is soon lost");
    let now_ns = shown.driver.core().now_ns() + S;
    shown.turn(now_ns, false);
    let risk = reader.risk().unwrap();
    assert_eq!((risk.halted, risk.code, risk.changed_ns), (1, halt.code as u32, halt.at_ns));
    assert_eq!(text(&risk.reason), text(&layout::fixed_text::<64>(halt.code.sentence())));
    let engine = reader.engine().unwrap();
    assert_eq!((engine.state, engine.halts), (State::Halted as u32, 1));
    let row = reader.limits().into_iter().find(|l| l.code == DenyCode::Drawdown as u32).unwrap();
    assert_eq!((row.breaches, row.halting), (1, 1));
    assert!(amount(row.headroom).0 <= 0, "it is used up");

    let events: Vec<_> = reader.events().unwrap().map(|e| (EventKind::from_number(e.kind).unwrap(), e)).collect();
    let kinds: Vec<EventKind> = events.iter().map(|(kind, _)| *kind).collect();
    use EventKind::{Breach, Halted, LineDown, LineLive};
    let of_lines: Vec<_> = kinds.iter().filter(|k| [LineLive, LineDown].contains(k)).copied().collect();
    assert_eq!(of_lines, [LineLive, LineDown, LineLive]);
    assert!(events[..3].iter().all(|(_, e)| (e.venue, e.line, e.code) == (1, 0, layout::NO_ROW)));
    let of_halt: Vec<_> = events.iter().filter(|(k, _)| [Breach, Halted].contains(k)).collect();
    assert_eq!(of_halt.iter().map(|(k, _)| *k).collect::<Vec<_>>(), [Breach, Halted]);
    assert!(of_halt.iter().all(|(_, e)| (e.code, e.at_ns) == (halt.code as u32, halt.at_ns)));
}

#[test]
fn an_operators_halt_is_shown_until_trading_is_resumed() {
    let (config, universe) = demo_of(&Overrides::none());
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    let command = |kind, at_ns| Command { at_ns, kind, source: CommandSource::Control, reason: Reason::new("lunch") };
    let mut expected = Vec::new();
    for (kind, at_ns, halted) in [(CommandKind::Halt, START_NS + S, 1), (CommandKind::Resume, START_NS + 2 * S, 0)] {
        let _ = shown.driver.command(&command(kind, at_ns), &mut shown.bridge);
        shown.turn(at_ns + MS, false);
        let (risk, engine) = (reader.risk().unwrap(), reader.engine().unwrap());
        assert_eq!((risk.halted, risk.changed_ns, engine.halts), (halted, at_ns, 1), "{kind:?}");
        assert_eq!(engine.state, if halted == 1 { State::Halted } else { State::Running } as u32);
        expected.push((if halted == 1 { EventKind::Halted } else { EventKind::Resumed }, at_ns));
    }
    let events = reader.events().unwrap().map(|e| (EventKind::from_number(e.kind).unwrap(), e.at_ns));
    assert_eq!(events.collect::<Vec<_>>(), expected, "a halt by an operator is no breach of a limit");
}

/// A limit that is reached while an operator has halted trading halts nothing any more, and shows all the same.
#[test]
fn a_limit_that_is_reached_under_a_halt_is_counted() {
    let (config, universe) = demo_of(&Overrides::none().flag("test", &["risk", "max_drawdown"], "0.01"));
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    for tick in &flow::ticks(&universe, 3, 60_000) {
        shown.take(tick);
        if shown.driver.open_orders() > 0 {
            break;
        }
    }
    let at_ns = shown.driver.core().now_ns();
    let (kind, source, reason) = (CommandKind::Halt, CommandSource::Control, Reason::new("lunch"));
    let _ = shown.driver.command(&Command { at_ns, kind, source, reason }, &mut shown.bridge);
    // Its orders are filled, at a loss.
    shown.finish(at_ns + S);
    let risk = shown.driver.core().risk();
    assert_eq!(risk.halted().map(|halt| halt.code), Some(DenyCode::Operator));
    let denied: u64 = risk.denied().map(|(_, n)| n).sum();
    assert_eq!(reader.risk().unwrap().breaches, denied + 1);
    let report = assemble::trading(&universe, "USDT", &shown.driver);
    assert_eq!(report.breaches_while_halted, BTreeMap::from([("DRAWDOWN", 1)]));
    assert!(report.words().contains("reached while halted: "), "{}", report.words());
}

/// Orders in flight stand in slots while they are open.
#[test]
fn orders_in_flight_have_slots() {
    let (config, universe) = demo_of(&Overrides::none());
    let mut shown = Shown::new(&config, &universe);
    let reader = shown.reader();
    let (mut most, mut now_ns) = (0, 0);
    for tick in &flow::ticks(&universe, 3, 60_000) {
        shown.take(tick);
        // An idle turn wakes what is due; one more shows it.
        now_ns = tick.recv_ns;
        shown.turn(now_ns, false);
        let known: BTreeMap<u64, i64> =
            shown.driver.core().risk().open_orders().map(|(order, left)| (order.id.0, left)).collect();
        let slots = reader.open_orders().into_iter().filter(|o| o.status != OrderStatus::Free as u32);
        let seen: BTreeMap<u64, i64> = slots.map(|o| (o.id, o.quantity - o.filled)).collect();
        assert_eq!(seen, known);
        most = most.max(seen.len());
    }
    assert!(most >= 2, "a pair is in flight for a while");
    shown.finish(now_ns + 10 * S);
    assert_eq!(reader.engine().unwrap().orders_not_shown, 0);
}
