//! Pairs through the real strategy, risk and paper gateway, on a market that does its worst: refusals and partial fills
//! by the dozen, thin books, lines that drop, fees taken in what was bought, balances in the quote asset alone, and two
//! markets of one base asset. Whatever happens, no exposure is left open or forgotten, and nothing halts.

use crosstick_engine::core::Core;
use crosstick_engine::driver::{Listener, PaperDriver};
use crosstick_execution::{Paper, PaperConfig};
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{
    Amount, AssetId, Decimal, DenyCode, FeeAsset, Fees, GroupId, Instrument, InstrumentId, Kind, Market, MarketId,
    Order, Protocol, Purpose, Quote, Report, ReportKind, Scale, Tick, Universe, Venue, VenueId,
};
use crosstick_risk::{Balances, Limits, Rates, Risk};
use crosstick_strategy::{Outbox, PriceCache, Spread, SpreadConfig, Strategy, Verdict, View};

const MS: u64 = 1_000_000;
const SCALE: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };
/// Amount mantissas to one quantity mantissa.
const UP: i128 = 100_000_000_000;
/// One price unit of the common price, 60 000.00.
const PRICE: i64 = 6_000_000;

fn amount(text: &str) -> Amount {
    Amount::from_decimal(text.parse::<Decimal>().unwrap()).unwrap()
}

/// The strategy, and all that it was told.
struct Spy {
    spread: Spread,
    orders: Vec<Order>,
    reports: Vec<Report>,
}

impl Strategy for Spy {
    fn name(&self) -> &'static str {
        self.spread.name()
    }
    fn outbox_capacity(&self) -> usize {
        self.spread.outbox_capacity()
    }
    fn on_tick(&mut self, view: View<'_>, tick: &Tick, out: &mut Outbox) {
        self.spread.on_tick(view, tick, out);
    }
    fn on_timer(&mut self, view: View<'_>, out: &mut Outbox) {
        self.spread.on_timer(view, out);
    }
    fn on_verdict(&mut self, view: View<'_>, group: GroupId, verdict: Verdict, out: &mut Outbox) {
        self.spread.on_verdict(view, group, verdict, out);
    }
    fn on_order(&mut self, order: &Order) {
        self.orders.push(*order);
        self.spread.on_order(order);
    }
    fn on_report(&mut self, view: View<'_>, report: &Report, out: &mut Outbox) {
        self.reports.push(*report);
        self.spread.on_report(view, report, out);
    }
    fn on_finish(&mut self, out: &mut Outbox) {
        self.spread.on_finish(out);
    }
    fn next_wake(&self) -> Option<u64> {
        self.spread.next_wake()
    }
}

#[derive(Default)]
struct Halts(Vec<DenyCode>);

impl Listener for Halts {
    fn halted(&mut self, _now_ns: u64, code: DenyCode) {
        self.0.push(code);
    }
}

/// Venues `a` and `b` trade spot and take their fee in what is received; `c` has linear contracts, `d` an inverse one.
/// Markets 0 and 1 have the same base asset; market 2 is spot against inverse in another.
fn universe() -> Universe {
    let mut universe = Universe::default();
    let [usdt, btc, eth, usd] = ["USDT", "BTC", "ETH", "USD"].map(|a| universe.asset(a).unwrap());
    let venues = [(100_000, FeeAsset::Received), (80_000, FeeAsset::Received), (40_000, FeeAsset::Quote)];
    for (name, (taker_e8, asset)) in ["a", "b", "c", "d"].into_iter().zip(venues.into_iter().chain([venues[2]])) {
        let fees = Fees { maker_e8: 0, taker_e8, asset };
        let protocol = Protocol::BinanceSpot;
        universe.add_venue(Venue { id: VenueId(0), name: name.into(), protocol, fees }).unwrap();
    }
    let mut add = |venue: u8, kind, base, step| {
        let inverse = kind == Kind::Inverse;
        let instrument = Instrument {
            id: InstrumentId(0),
            venue: VenueId(venue),
            symbol: "X".into(),
            base,
            quote: if inverse { usd } else { usdt },
            settle: if inverse { base } else { usdt },
            kind,
            contract_size: if inverse { amount("10") } else { Amount(AMOUNT_ONE) },
            scale: SCALE,
            price_step: 1,
            quantity_step: step,
            min_quantity: step,
            min_notional: if kind == Kind::Spot { amount("5") } else { Amount::ZERO },
            market: None,
        };
        universe.add_instrument(instrument).unwrap()
    };
    let markets = [
        vec![add(0, Kind::Spot, btc, 1), add(2, Kind::Linear, btc, 100)],
        vec![add(1, Kind::Spot, btc, 10), add(2, Kind::Linear, btc, 10)],
        vec![add(0, Kind::Spot, eth, 10), add(3, Kind::Inverse, eth, 100_000)],
    ];
    for (name, instruments) in ["M0", "M1", "M2"].into_iter().zip(markets) {
        universe.add_market(Market { id: MarketId(0), name: name.into(), instruments, scale: SCALE }).unwrap();
    }
    universe
}

fn driver(universe: &Universe, paper: PaperConfig) -> PaperDriver<Spy> {
    let config = SpreadConfig {
        min_edge_e8: 20_000,
        max_age_ns: 1_000 * MS,
        max_notional: amount("4000"),
        cooldown_ns: 20 * MS,
        trade: true,
        close_collar_e8: 500_000,
        ..SpreadConfig::watch(universe)
    };
    let limits = Limits {
        price_collar_e8: 500_000,
        max_age_ns: config.max_age_ns,
        max_orders_per_second: 40,
        max_open_orders: 8,
        max_daily_loss: amount("1000000"),
        ..Limits::NONE
    };
    let (usdt, usd) = (universe.find_asset("USDT").unwrap(), universe.find_asset("USD").unwrap());
    let rates = Rates::new(universe, usdt, &[(usd, 100_000_000)]);
    // Quote asset alone; the inverse contract's venue is not tracked, or there would be no margin for it.
    let balances = Balances((0..3).map(|v| (VenueId(v), usdt, funds())).collect());
    let paper = Paper::new(universe, paper, &rates);
    let cache = PriceCache::new(universe, config.freshness());
    let spread = Spread::new(universe, &config).unwrap();
    let spy = Spy { spread, orders: Vec::new(), reports: Vec::new() };
    let risk = Risk::new(universe, limits, rates, Some(&balances));
    PaperDriver::new(Core::new(universe, cache, spy, risk), paper)
}

/// Reports come seven milliseconds after the decision.
const KIND: PaperConfig = PaperConfig { seed: 1, latency_ns: 4 * MS, ack_ns: 3 * MS, reject_ppm: 0, partial_ppm: 0 };

fn funds() -> Amount {
    amount("300000")
}

/// Knuth's linear congruential generator.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The market as it is made up: a price that wanders, by which each instrument is off for a while.
struct Flow {
    random: Lcg,
    now_ns: u64,
    price: i64,
    off_bps: [i64; 6],
    /// When a venue's line comes back.
    down_until_ns: [u64; 4],
    last: [Quote; 6],
}

impl Flow {
    fn new(seed: u64) -> Self {
        let last = [Quote::default(); 6];
        Self {
            random: Lcg(seed),
            now_ns: 1_700_000_000_000 * MS,
            price: PRICE,
            off_bps: [0; 6],
            down_until_ns: [0; 4],
            last,
        }
    }

    fn next(&mut self, universe: &Universe, calm: bool) -> Option<Tick> {
        let r = &mut self.random;
        self.now_ns += MS / 4 + r.below(MS);
        for venue in 0..4u8 {
            let until = &mut self.down_until_ns[usize::from(venue)];
            if *until != 0 && *until <= self.now_ns {
                *until = 0;
                return Some(Tick::line_state(VenueId(venue), 0, true, self.now_ns));
            }
            if *until == 0 && !calm && r.below(8_000) == 0 {
                *until = self.now_ns + r.below(6_000) * MS;
                return Some(Tick::line_state(VenueId(venue), 0, false, self.now_ns));
            }
        }
        let i = r.below(6) as usize;
        let instrument = &universe.instruments[i];
        if self.down_until_ns[instrument.venue.index()] != 0 {
            return None;
        }
        if r.below(60) == 0 {
            self.off_bps[i] = r.below(61) as i64 - 30;
        }
        if calm || r.below(40) == 0 {
            self.off_bps[i] = 0;
        }
        self.price += r.below(401) as i64 - 200;
        let middle = self.price + self.price / 10_000 * self.off_bps[i];
        let half = 60 + r.below(120) as i64;
        let thin = |r: &mut Lcg| {
            let most = if r.below(3) == 0 { 3 } else { 90 };
            let lots = 1 + r.below(most) as i64 + if calm { 1_000 } else { 0 };
            lots * instrument.quantity_step * [10, 1, 3, 3, 10, 5][i]
        };
        let quote = Quote { bid: middle - half, bid_quantity: thin(r), ask: middle + half, ask_quantity: thin(r) };
        self.last[i] = quote;
        Some(Tick::quote(instrument.id, 0, quote, self.now_ns, 0))
    }
}

/// What fills say of one instrument, worked out here: base units, cash and fees at 1e-16.
#[derive(Debug, Default, Clone, Copy)]
struct Ledger {
    /// Bought less sold, less fees in the base asset where spot; contracts where inverse.
    position: i128,
    /// The same in base units: contracts at the price of each fill.
    base: i128,
    /// In the quote asset; in the base asset where inverse.
    cash: i128,
    fees: i128,
    fills: i128,
}

fn ledgers(universe: &Universe, spy: &Spy) -> Vec<Ledger> {
    let mut ledgers = vec![Ledger::default(); universe.instruments.len()];
    for report in &spy.reports {
        let ReportKind::Filled(fill) = report.kind else { continue };
        let order = spy.orders.iter().find(|o| o.id == report.order).expect("a fill of an order of ours");
        let facts = universe.instrument(order.intent.instrument);
        let ledger = &mut ledgers[facts.id.index()];
        let quantity = i128::from(fill.quantity * order.intent.side.sign());
        let price = i128::from(fill.price);
        ledger.fills += 1;
        ledger.position += quantity * UP;
        match facts.kind {
            Kind::Inverse => {
                // 10 a contract; prices have two decimals.
                let worth = (quantity * UP * 10 * 100).div_euclid(price);
                ledger.base += worth;
                ledger.cash += worth;
                ledger.fees += fill.fee.0;
                assert_eq!(fill.fee_asset, facts.base);
            }
            kind => {
                ledger.base += quantity * UP;
                ledger.cash -= quantity * price * (UP / 100);
                if fill.fee_asset == facts.base {
                    assert_eq!(kind, Kind::Spot);
                    ledger.base -= fill.fee.0;
                    ledger.position -= fill.fee.0;
                } else {
                    assert_eq!(fill.fee_asset, facts.quote);
                    ledger.fees += fill.fee.0;
                }
            }
        }
    }
    ledgers
}

/// The net result in the quote asset at the last quotes: long at the bid, short at the ask, against us.
fn net(universe: &Universe, ledgers: &[Ledger], last: &[Quote]) -> i128 {
    let one = |i: usize| {
        let (l, kind) = (ledgers[i], universe.instruments[i].kind);
        let mark = i128::from(if l.position > 0 { last[i].bid } else { last[i].ask });
        match kind {
            Kind::Inverse => {
                let marked = -(l.position * 10 * 100).div_euclid(mark);
                (l.cash + marked - l.fees) * i128::from(last[i].bid) / 100
            }
            _ => l.cash + (l.position * mark).div_euclid(100) - l.fees,
        }
    };
    (0..ledgers.len()).map(one).sum()
}

/// Sums over seeds, so that the test can tell that what it is about did happen.
#[derive(Debug, Default)]
struct Seen {
    legged: u64,
    clean: u64,
    closes: u64,
    balance: u64,
    /// Steps at which both markets of one base asset had a pair in flight.
    overlap: u64,
    /// Steps at which a pair was in flight while a line of its market was down.
    cut_off: u64,
}

fn play(seed: u64, seen: &mut Seen) -> String {
    let universe = universe();
    let paper = PaperConfig { seed, reject_ppm: 300_000, partial_ppm: 300_000, ..KIND };
    let mut driver = driver(&universe, paper);
    let mut flow = Flow::new(seed);
    let mut halts = Halts::default();
    let steps = 60_000;
    for step in 0..steps + 20_000 {
        if let Some(tick) = flow.next(&universe, step >= steps) {
            driver.take(&tick, &mut halts);
        }
        let in_flight = |m: u16| driver.core().strategy().spread.in_flight(MarketId(m));
        seen.overlap += u64::from(in_flight(0) && in_flight(1));
        let down = |venue: usize| flow.down_until_ns[venue] != 0;
        seen.cut_off += u64::from(in_flight(0) && (down(0) || down(2)));
    }
    driver.wake_until(flow.now_ns, &mut halts);
    driver.finish(&mut halts);
    assert_eq!(halts.0, [], "seed {seed}");
    check(seed, &universe, &driver, &flow, seen);
    driver.core().hash().hex()
}

fn check(seed: u64, universe: &Universe, driver: &PaperDriver<Spy>, flow: &Flow, seen: &mut Seen) {
    let (core, spy) = (driver.core(), driver.core().strategy());
    let (risk, spread, about) = (core.risk(), &spy.spread, format!("seed {seed}"));
    // Every pair ended, and every legged one was closed.
    let stats = *spread.pair_stats();
    assert_eq!((risk.halted(), spread.suspended(), stats.failed, stats.unknown_fills), (None, false, 0, 0), "{about}");
    assert_eq!(stats.sent, stats.clean + stats.empty + stats.closed, "{about}: {stats:?}");
    assert_eq!(stats.legged, stats.closed, "{about}: {stats:?}");
    assert!((0..3).all(|m| !spread.in_flight(MarketId(m))), "{about}");
    assert_eq!((driver.open_orders(), risk.open_orders().count()), (0, 0), "{about}");
    assert!(risk.balances().all(|b| b.reserved == Amount::ZERO), "{about}");
    // seen = taken + declined.
    let counters = *spread.counters();
    let declined: u64 = counters.declined.iter().chain(&counters.denied).sum();
    assert_eq!(counters.seen, counters.taken + declined, "{about}");
    assert_eq!((core.counts().seen, core.counts().taken), (counters.seen, counters.taken), "{about}");

    let ledgers = ledgers(universe, spy);
    let of_market = |m: &Market| m.instruments.iter().map(|i| ledgers[i.index()].base).sum::<i128>();
    let fills: i128 = ledgers.iter().map(|l| l.fills).sum();
    for market in &universe.markets {
        let open = of_market(market);
        let told = risk.open_base(market.instruments[0]).0;
        assert!((open - told).abs() <= fills, "{about} {}: {open} by fills, {told} by risk", market.name);
        // Strategy and risk count the same, to less than a mantissa.
        let carried = spread.carried(market.id);
        assert!((told - carried * UP).abs() <= 2 * UP, "{about} {}: {told} open, {carried} carried", market.name);
        // At most a lot or the least notional, and the fees of a sixteenth of the largest pair: 4 000 / 16 are 250.
        let lot = market.instruments.iter().map(|i| universe.instrument(*i).quantity_step).max().unwrap().min(1_000);
        assert!(carried.abs() <= i128::from(lot) + 420 + 10, "{about} {}: {carried} carried", market.name);
    }
    for name in ["BTC", "ETH"] {
        let asset = universe.find_asset(name).unwrap();
        let of_asset = |m: &&Market| universe.instrument(m.instruments[0]).base == asset;
        let open: i128 = universe.markets.iter().filter(of_asset).map(of_market).sum();
        assert!((risk.net_base(asset).0 - open).abs() <= fills, "{about} {name}");
    }
    // Profit and loss from fills alone, and what the balances say.
    let (here, told) = (net(universe, &ledgers, &flow.last), risk.pnl().net.0);
    assert!((here - told).abs() <= fills * 1_000_000, "{about}: {here} by fills, {told} by risk");
    balances(&about, universe, risk, &ledgers);

    seen.legged += stats.legged;
    seen.clean += stats.clean;
    seen.closes += spy.orders.iter().filter(|o| o.intent.purpose == Purpose::Close).count() as u64;
    seen.balance += risk.denied().find(|d| d.0 == DenyCode::Balance).unwrap().1;
}

/// Spot balances are what fills made of them, and never below zero: nothing was sold that was not there.
fn balances(about: &str, universe: &Universe, risk: &Risk, ledgers: &[Ledger]) {
    let usdt = universe.find_asset("USDT").unwrap();
    let total = |venue: VenueId, asset: AssetId| {
        risk.balances().find(|b| (b.venue, b.asset) == (venue, asset)).map_or(0, |b| b.total.0)
    };
    let spot = |i: &&Instrument| i.kind == Kind::Spot;
    for instrument in universe.instruments.iter().filter(spot) {
        let held = total(instrument.venue, instrument.base);
        assert_eq!(held, ledgers[instrument.id.index()].position, "{about}");
        assert!(held >= 0, "{about}: {held}");
    }
    for venue in [VenueId(0), VenueId(1)] {
        let here = universe.instruments.iter().filter(|i| i.venue == venue);
        let moved: i128 = here.map(|i| ledgers[i.id.index()].cash - ledgers[i.id.index()].fees).sum();
        assert_eq!(total(venue, usdt), funds().0 + moved, "{about}");
    }
}

#[test]
fn every_pair_ends_closed_whatever_the_market_does() {
    let mut seen = Seen::default();
    for seed in 1..=60 {
        play(seed, &mut seen);
    }
    assert!(seen.legged > 100 && seen.clean > 100 && seen.closes > 100, "{seen:?}");
    assert!(seen.balance > 100 && seen.overlap > 1_000 && seen.cut_off > 1_000, "{seen:?}");
}

#[test]
fn the_same_seed_decides_the_same() {
    let mut seen = Seen::default();
    assert_eq!(play(7, &mut seen), play(7, &mut seen));
}

/// One market's leg cannot be closed for a minute, so trading halts; another market's pair, legged before that, is
/// closed after it all the same.
#[test]
fn a_halt_over_one_market_leaves_the_others_their_closes() {
    let universe = universe();
    let mut driver = driver(&universe, KIND);
    let mut halts = Halts::default();
    let start = 1_700_000_000_000 * MS;
    let quote = |i: u16, at_ms: u64, bid: i64| {
        let quote = Quote { bid, bid_quantity: 1_000, ask: bid + 100, ask_quantity: 1_000 };
        Tick::quote(InstrumentId(i), 0, quote, start + at_ms * MS, 0)
    };
    let line = |venue: u8, live: bool, at_ms: u64| Tick::line_state(VenueId(venue), 0, live, start + at_ms * MS);
    // Bought on spot, but the contract's bid is gone before the order to sell arrives; then the spot line drops.
    let legged = |spot: u16, venue: u8, at_ms: u64| {
        let contract = spot + 1;
        [
            quote(spot, at_ms, PRICE),
            quote(contract, at_ms + 1, PRICE + 30_000),
            quote(contract, at_ms + 2, PRICE),
            line(venue, false, at_ms + 6),
        ]
    };
    let minute = 60_000;
    let first = legged(0, 0, 0);
    let second = legged(2, 1, minute - 100);
    for tick in first.into_iter().chain(second) {
        driver.take(&tick, &mut halts);
    }
    driver.wake_until(start + minute * MS, &mut halts);
    assert_eq!((halts.0.len(), driver.core().strategy().spread.pair_stats().legged), (0, 2));
    driver.wake_until(start + (minute + 100) * MS, &mut halts);
    assert_eq!(halts.0, [DenyCode::Unhedged]);
    for tick in [line(1, true, minute + 150), quote(2, minute + 151, PRICE)] {
        driver.take(&tick, &mut halts);
    }
    driver.wake_until(start + (minute + 500) * MS, &mut halts);
    let (spread, risk) = (&driver.core().strategy().spread, driver.core().risk());
    let stats = *spread.pair_stats();
    assert_eq!((stats.sent, stats.failed, stats.closed), (2, 1, 1));
    assert!(!spread.in_flight(MarketId(1)));
    assert_eq!((halts.0, risk.halted().map(|h| h.closes)), (vec![DenyCode::Unhedged], Some(true)));
    // What could not be closed is still booked: the first market's bought leg, less its fee of 0.1 %.
    assert_eq!(risk.open_base(InstrumentId(0)), amount("0.00999"));
    assert_eq!(risk.open_base(InstrumentId(2)).0.abs() / UP, 9, "1000 less a fee of 0.8, of which 990 could be closed");
}
