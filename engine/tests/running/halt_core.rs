//! A command as an input of the core: what it stops, what it cancels, that it replays, and what a resume gives back.

use crate::support;

use crosstick_engine::config::Overrides;
use crosstick_engine::core::Core;
use crosstick_engine::driver::{Listener, PaperDriver};
use crosstick_engine::setup;
use crosstick_execution::{OrderState, Paper, PaperConfig};
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{
    Amount, Command, CommandKind, CommandOutcome, CommandSource, Decision, DenyCode, FeeAsset, Fees, Instrument,
    InstrumentId, Kind, Market, MarketId, Order, Protocol, Purpose, Quote, Reason, Report, ReportKind, Scale, Side,
    Tick, TimeInForce, Universe, Venue, VenueId,
};
use crosstick_risk::{Limits, Rates, Risk};
use crosstick_strategy::{Freshness, Leg, Outbox, PriceCache, Spread, Strategy, View};
use support::demo;

const START_NS: u64 = 1_754_000_000_000_000_000;
const MS: u64 = 1_000_000;

#[derive(Default)]
struct Told {
    sent: Vec<Order>,
    reports: Vec<(Report, Option<OrderState>)>,
    decisions: Vec<Decision>,
    commands: Vec<Command>,
    halts: Vec<DenyCode>,
}

impl Listener for Told {
    fn order_sent(&mut self, _: u64, order: &Order) {
        self.sent.push(*order);
    }
    fn report(&mut self, report: &Report, state: Option<OrderState>) {
        self.reports.push((*report, state));
    }
    fn decision(&mut self, decision: &Decision) {
        self.decisions.push(*decision);
    }
    fn command(&mut self, command: &Command) {
        self.commands.push(*command);
    }
    fn halted(&mut self, _: u64, code: DenyCode) {
        self.halts.push(code);
    }
}

fn command<S: Strategy>(driver: &PaperDriver<S>, kind: CommandKind, reason: &str) -> Command {
    let at_ns = driver.halt_ns(START_NS);
    Command { at_ns, kind, source: CommandSource::Control, reason: Reason::new(reason) }
}

fn demo_driver(preset: &str) -> PaperDriver<Spread> {
    let overrides = Overrides::none().flag("test", &["paper", "preset"], preset);
    let (config, universe) = demo::load(&demo::config_text(), &overrides);
    setup::paper_driver(&config, &universe).unwrap()
}

/// A third of the ticks, a halt, a third, a resume, the rest.
fn play(ticks: &[Tick]) -> (PaperDriver<Spread>, Told, [usize; 3]) {
    let (mut driver, mut told, mut sent) = (demo_driver("honest"), Told::default(), [0; 3]);
    for (third, part) in ticks.chunks(ticks.len().div_ceil(3)).enumerate() {
        match third {
            1 => {
                let halt = command(&driver, CommandKind::Halt, "a drill");
                assert_eq!(driver.command(&halt, &mut told), CommandOutcome::Halted);
                assert_eq!(driver.core().halt_reason(), Some("a drill"));
                assert_eq!(driver.command(&halt, &mut told), CommandOutcome::AlreadyHalted);
            }
            2 => {
                let resume = command(&driver, CommandKind::Resume, "drill over");
                assert_eq!(driver.command(&resume, &mut told), CommandOutcome::Resumed);
                assert_eq!(driver.command(&resume, &mut told), CommandOutcome::NotHalted);
                assert!(driver.core().risk().halted().is_none() && driver.core().halt_reason().is_none());
            }
            _ => {}
        }
        let before = told.sent.len();
        part.iter().for_each(|tick| driver.take(tick, &mut told));
        sent[third] = told.sent.len() - before;
    }
    driver.finish(&mut told);
    (driver, told, sent)
}

#[test]
fn no_order_between_halt_and_resume_and_the_same_decisions_each_time() {
    let ticks = demo::ticks(5, START_NS, 60_000);
    let (driver, told, sent) = play(&ticks);
    assert!(sent[0] > 0 && sent[2] > 0, "{sent:?}");
    assert_eq!(sent[1], 0, "nothing goes out while halted");
    let denied: u64 = driver.core().risk().denied().filter(|(code, _)| *code == DenyCode::Operator).map(|d| d.1).sum();
    assert!(denied > 0, "opportunities went on, and were denied under the halt's own code");
    assert_eq!((told.halts, told.commands.len()), (vec![DenyCode::Operator], 4));
    let changes = |d: &&Decision| matches!(d, Decision::Halt { .. } | Decision::Resume { .. });
    let changes: Vec<_> = told.decisions.iter().filter(changes).collect();
    assert!(matches!(changes[..], [Decision::Halt { code: DenyCode::Operator, .. }, Decision::Resume { .. }]));
    let again = play(&ticks).0;
    assert_eq!(driver.core().hash().hex(), again.core().hash().hex());
    let mut unhalted = demo_driver("honest");
    ticks.iter().for_each(|tick| unhalted.take(tick, &mut ()));
    unhalted.finish(&mut ());
    assert_ne!(driver.core().hash().hex(), unhalted.core().hash().hex(), "the halt is part of what was decided");
}

/// A pair that has one leg filled is not closed under a halt by command, is closed under one by a limit, and is closed
/// after the resume.
#[test]
fn a_command_stops_closing_too_and_a_resume_gives_it_back() {
    let ticks = demo::ticks(5, START_NS, 200_000);
    let (mut driver, mut told) = (demo_driver("harsh"), Told::default());
    let mut ticks = ticks.iter();
    // Up to a pair that has to be closed: its legs have ended, and it is still in flight.
    for tick in ticks.by_ref() {
        driver.take(tick, &mut told);
        if driver.open_orders() == 0 && driver.pairs_in_flight() > 0 {
            break;
        }
    }
    assert_eq!((driver.open_orders(), driver.pairs_in_flight()), (0, 1), "harsh enough for a leg to stay open");
    let halt = command(&driver, CommandKind::Halt, "");
    driver.command(&halt, &mut told);
    let sent = told.sent.len();
    for tick in ticks.by_ref().take(5_000) {
        driver.take(tick, &mut told);
    }
    assert_eq!((told.sent.len(), driver.pairs_in_flight()), (sent, 1), "not even a closing order");
    assert!(driver.core().risk().pnl().net != Amount::ZERO, "what is open stays booked and valued");
    let resume = command(&driver, CommandKind::Resume, "closing by machine");
    driver.command(&resume, &mut told);
    for tick in ticks.by_ref().take(20_000) {
        driver.take(tick, &mut told);
    }
    let closing = told.sent[sent..].iter().filter(|o| o.intent.purpose == Purpose::Close).count();
    assert!(closing > 0 && driver.core().strategy().pair_stats().closed > 0, "{closing}");
}

/// Rests two buy orders below the market at the first quote.
struct Rester {
    rested: bool,
}

impl Strategy for Rester {
    fn name(&self) -> &'static str {
        "rester"
    }
    fn on_tick(&mut self, _: View<'_>, tick: &Tick, out: &mut Outbox) {
        if let Some(quote) = tick.as_quote()
            && !std::mem::replace(&mut self.rested, true)
        {
            let resting = Leg { time_in_force: TimeInForce::Gtc, ..Leg::ioc(tick.instrument, Side::Buy, 1, 10) };
            let price = Leg { price: quote.bid - 100, ..resting };
            out.group(&[price, Leg { price: quote.bid - 200, ..resting }]);
        }
    }
}

fn one_venue() -> Universe {
    let mut universe = Universe::default();
    let (usdt, btc) = (universe.asset("USDT").unwrap(), universe.asset("BTC").unwrap());
    let fees = Fees { maker_e8: 0, taker_e8: 0, asset: FeeAsset::Quote };
    let venue = Venue { id: VenueId(0), name: "a".into(), protocol: Protocol::BinanceSpot, fees };
    let venue = universe.add_venue(venue).unwrap();
    let scale = Scale { price_decimals: 2, quantity_decimals: 5 };
    let instrument = Instrument {
        id: InstrumentId(0),
        venue,
        symbol: "BTCUSDT".into(),
        base: btc,
        quote: usdt,
        settle: usdt,
        kind: Kind::Spot,
        contract_size: Amount(AMOUNT_ONE),
        scale,
        price_step: 1,
        quantity_step: 1,
        min_quantity: 1,
        min_notional: Amount::ZERO,
        market: None,
    };
    let id = universe.add_instrument(instrument).unwrap();
    universe.add_market(Market { id: MarketId(0), name: "M".into(), instruments: vec![id], scale }).unwrap();
    universe
}

fn quote(at_ns: u64) -> Tick {
    let quote = Quote { bid: 6_000_000, bid_quantity: 1_000, ask: 6_000_100, ask_quantity: 1_000 };
    Tick::quote(InstrumentId(0), 0, quote, at_ns, at_ns)
}

fn resting_driver() -> PaperDriver<Rester> {
    let universe = one_venue();
    let usdt = universe.find_asset("USDT").unwrap();
    let rates = Rates::new(&universe, usdt, &[]);
    let paper = Paper::new(&universe, PaperConfig { latency_ns: MS, ack_ns: MS, ..PaperConfig::HONEST }, &rates);
    let limits = Limits { max_age_ns: 1_000 * MS, price_collar_e8: 1_000_000, max_open_orders: 8, ..Limits::NONE };
    let risk = Risk::new(&universe, limits, rates, None);
    let cache = PriceCache::new(&universe, Freshness { max_age_ns: 1_000 * MS, max_lag_us: 0 });
    PaperDriver::new(Core::new(&universe, cache, Rester { rested: false }, risk), paper)
}

#[test]
fn what_rests_is_cancelled_and_so_is_what_is_on_its_way_to_rest() {
    // Halted once both rest, and halted while both are still on their way.
    for after_ms in [10, 0] {
        let (mut driver, mut told) = (resting_driver(), Told::default());
        driver.take(&quote(START_NS), &mut told);
        assert_eq!((told.sent.len(), driver.open_orders()), (2, 2));
        driver.wake_until(START_NS + after_ms * MS, &mut told);
        driver.take(&quote(START_NS + after_ms * MS), &mut told);
        let halt = command(&driver, CommandKind::Halt, "");
        assert_eq!(driver.command(&halt, &mut told), CommandOutcome::Halted);
        assert_eq!(driver.open_orders(), 2, "a cancel takes its time, as an order does");
        driver.wake_until(START_NS + (after_ms + 10) * MS, &mut told);
        let cancelled = told.reports.iter().filter(|(r, _)| matches!(r.kind, ReportKind::Cancelled { .. })).count();
        assert_eq!((cancelled, driver.open_orders(), told.sent.len()), (2, 0, 2), "after {after_ms} ms");
    }
}

/// A halt is stamped with core time: what would have come due since the last input comes after it.
#[test]
fn a_halt_goes_before_wake_ups_that_core_time_has_not_reached() {
    let (mut driver, mut told) = (resting_driver(), Told::default());
    driver.take(&quote(START_NS), &mut told);
    let halt = command(&driver, CommandKind::Halt, "");
    assert_eq!(halt.at_ns, START_NS);
    driver.command(&halt, &mut told);
    assert!(told.reports.is_empty() && driver.core().now_ns() == START_NS);
    let fresh = resting_driver();
    assert_eq!(fresh.halt_ns(7), 7, "before the first input there is only the clock");
}
