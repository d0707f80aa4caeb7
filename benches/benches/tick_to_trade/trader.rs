//! The engine's core with a gateway that writes orders to a line: what a reader's sink is in the inline topology.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crosstick_benches::turns::Clock;
use crosstick_benches::worlds::one_market;
use crosstick_engine::clock::WallClock;
use crosstick_engine::core::{Core, Outside, Stamp};
use crosstick_execution::binance::{Auth, Encoder, EncoderSpec, RunId, Signer};
use crosstick_feeds::TickSink;
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{
    Amount, AssetId, DenyCode, Fill, InstrumentId, Liquidity, OrderId, Quote, Report, ReportKind, Side, Tick, Universe,
    VenueId,
};
use crosstick_risk::{Approved, Balances, Limits, Rates, Risk};
use crosstick_strategy::{
    Detector, Leg, Opportunity, Outbox, PriceCache, Sighting, Spread, SpreadConfig, Strategy, View,
};

use crate::stages::Stamps;
use crate::wire::{API_KEY, OTHER_ASK, OTHER_BID};

/// The instrument whose frames come over the socket; the other one's quote stands.
pub const OURS: InstrumentId = InstrumentId(0);
const OTHER: InstrumentId = InstrumentId(1);
/// A key that Binance's documentation publishes.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
                   -----END PRIVATE KEY-----\n";

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trading {
    /// One order a frame, in a session that was logged on.
    OneLeg,
    /// The same, each order signed by HMAC-SHA256.
    Signed,
    /// The spread strategy's pair: two orders a frame.
    Pair,
}

/// Wall time for the reader and the core, and the counter at the last read.
#[derive(Clone)]
pub struct ReadClock {
    clock: Arc<Clock>,
    anchor_ns: u64,
    anchor_ticks: u64,
    ns_per_tick_e32: u64,
    /// The counter when a socket was read last.
    pub read: Arc<AtomicU64>,
}

impl ReadClock {
    pub fn new() -> Self {
        let clock = Clock::new();
        let anchor_ns = WallClock::anchored_now().now_ns();
        let ns_per_tick_e32 = (clock.ns(1 << 32)) as u64;
        let anchor_ticks = clock.ticks();
        Self { clock: Arc::new(clock), anchor_ns, anchor_ticks, ns_per_tick_e32, read: Arc::default() }
    }

    fn wall_ns(&self, ticks: u64) -> u64 {
        self.anchor_ns + ((u128::from(ticks - self.anchor_ticks) * u128::from(self.ns_per_tick_e32)) >> 32) as u64
    }
}

/// One reading of the counter, as the engine's clock is.
impl crosstick_feeds::Clock for ReadClock {
    #[inline]
    fn now_ns(&self) -> u64 {
        let ticks = self.clock.ticks();
        self.read.store(ticks, Ordering::Relaxed);
        self.wall_ns(ticks)
    }
}

/// Where encoded frames go: a line, or memory.
pub trait Wire {
    /// Takes the frame, encrypted.
    fn queue(&mut self, frame: &[u8]);
    /// Sends it.
    fn flush(&mut self);
}

impl Wire for crosstick_execution::OrderLine {
    #[inline]
    fn queue(&mut self, frame: &[u8]) {
        crosstick_execution::OrderLine::queue(self, frame).expect("the venue is there");
    }

    #[inline]
    fn flush(&mut self) {
        crosstick_execution::OrderLine::flush(self).expect("the venue is there");
    }
}

/// Sends what the core approves, stamps the way there, and has every order filled afterwards.
pub struct Gateway<W> {
    encoder: Encoder,
    pub wire: W,
    clock: ReadClock,
    now: Stamps,
    first: bool,
    orders: Vec<(OrderId, InstrumentId, i64, i64)>,
    /// Of each frame since they were last taken.
    pub stamps: Vec<Stamps>,
    stamping: bool,
}

impl<W: Wire> Outside for Gateway<W> {
    #[inline]
    fn send(&mut self, now_ns: u64, order: Approved) -> Result<(), Approved> {
        let first = std::mem::replace(&mut self.first, false);
        if first {
            self.stamp_at(4);
        }
        let record = *order.order();
        let frame = self.encoder.place(order, now_ns / 1_000_000).map_err(|unplaced| unplaced.order)?;
        if first && self.stamping {
            self.now[5] = self.clock.clock.ticks();
        }
        self.wire.queue(frame);
        if first {
            self.stamp_at(6);
        }
        self.wire.flush();
        let intent = &record.intent;
        self.orders.push((record.id, intent.instrument, intent.price, intent.quantity));
        Ok(())
    }

    fn cancel(&mut self, _now_ns: u64, _order: OrderId) {}

    fn closed(&mut self, _opportunity: &Opportunity) {}

    fn halted(&mut self, _now_ns: u64, code: DenyCode) {
        panic!("halted: {}", code.code());
    }

    #[inline]
    fn stamp(&mut self, stamp: Stamp) {
        match stamp {
            Stamp::Decided => self.stamp_at(2),
            Stamp::Gated => self.stamp_at(3),
            Stamp::Sent => {}
        }
    }
}

impl<W> Gateway<W> {
    #[inline]
    fn stamp_at(&mut self, place: usize) {
        if self.stamping {
            self.now[place] = self.clock.clock.ticks();
        }
    }
}

/// Core and gateway.
pub struct Trader<S, W> {
    core: Core<S>,
    pub gateway: Gateway<W>,
    reports: Vec<Report>,
}

impl<S: Strategy, W: Wire> TickSink for Trader<S, W> {
    #[inline]
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        self.gateway.now[0] = self.gateway.clock.read.load(Ordering::Relaxed);
        self.gateway.stamp_at(1);
        self.core.on_tick(&tick, &mut self.gateway);
        Ok(())
    }
}

impl<S: Strategy, W: Wire> Trader<S, W> {
    /// `stamping`: takes stamps of its stages.
    pub fn new(strategy: S, wire: W, trading: Trading, clock: ReadClock, stamping: bool) -> Self {
        let universe = one_market(2);
        let cache = PriceCache::new(&universe, config(&universe).freshness());
        let (signer, auth) = match trading {
            Trading::Signed => {
                (Signer::hmac("a secret of sixty-four characters, as long as a venue makes them"), Auth::PerRequest)
            }
            Trading::OneLeg | Trading::Pair => (Signer::ed25519_pem(PEM), Auth::Session),
        };
        let signer = signer.expect("a key");
        let spec = EncoderSpec { api_key: API_KEY, signer, auth, run: RunId(1), recv_window_ms: None };
        let gateway = Gateway {
            encoder: Encoder::new(spec, &universe.instruments).expect("spot instruments"),
            wire,
            clock,
            now: Stamps::default(),
            first: true,
            orders: Vec::with_capacity(64),
            stamps: Vec::with_capacity(1 << 16),
            stamping,
        };
        Self { core: Core::new(&universe, cache, strategy, risk(&universe)), gateway, reports: Vec::with_capacity(64) }
    }

    /// The other venue's quote, new, so that it does not age.
    pub fn refresh(&mut self) {
        let now_ns = crosstick_feeds::Clock::now_ns(&self.gateway.clock);
        let live = Tick::line_state(VenueId(1), 0, true, now_ns);
        let quote = Quote { bid: OTHER_BID, bid_quantity: 5_000_000, ask: OTHER_ASK, ask_quantity: 5_000_000 };
        for tick in [live, Tick::quote(OTHER, 0, quote, now_ns, now_ns)] {
            self.core.on_tick(&tick, &mut self.gateway);
        }
        self.settle();
        self.gateway.stamps.clear();
    }

    /// After the orders of a frame: they are filled, and the next frame may lead to others.
    #[inline]
    pub fn settle(&mut self) {
        if self.gateway.orders.is_empty() {
            return;
        }
        self.gateway.first = true;
        if self.gateway.stamping {
            self.gateway.stamps.push(self.gateway.now);
        }
        let at_ns = self.core.now_ns();
        for (order, instrument, price, quantity) in self.gateway.orders.drain(..) {
            let fill = Fill { price, quantity, fee: Amount::ZERO, fee_asset: AssetId(0), liquidity: Liquidity::Taker };
            self.reports.push(Report { order, instrument, at_ns, kind: ReportKind::Filled(fill) });
        }
        for report in self.reports.drain(..) {
            self.core.on_report(&report, &mut self.gateway);
        }
        assert!(self.gateway.orders.is_empty(), "filled pairs leave nothing to close");
        // What a turn without a tick does; no part of the way.
        self.core.idle();
    }

    /// How often risk said no.
    pub fn denied(&self) -> u64 {
        self.core.risk().denied().map(|(_, count)| count).sum()
    }

    /// Why, and how often.
    pub fn denials(&self) -> String {
        let named = self.core.risk().denied().filter(|(_, count)| *count > 0);
        named.map(|(code, count)| format!("{} {count}", code.code())).collect::<Vec<_>>().join(", ")
    }
}

/// Buys ours where it is cheaper than the other venue's bid pays, sells it where it is dearer: the leg of each
/// opportunity that is on our venue.
pub struct OneLeg {
    detector: Detector,
}

impl OneLeg {
    pub fn new() -> Self {
        let universe = one_market(2);
        Self { detector: Detector::new(&universe, &config(&universe)).expect("a universe that can be traded") }
    }
}

impl Strategy for OneLeg {
    fn name(&self) -> &'static str {
        "one-leg"
    }

    #[inline]
    fn on_tick(&mut self, view: View<'_>, tick: &Tick, out: &mut Outbox) {
        self.detector.on_tick(view.now_ns, tick, view.cache, &mut |sighting| {
            let Sighting::Begin(it) = sighting else { return };
            let leg = match it.buy {
                OURS => Leg::ioc(OURS, Side::Buy, it.buy_price, it.buy_quantity),
                _ => Leg::ioc(OURS, Side::Sell, it.sell_price, it.sell_quantity),
            };
            out.group(&[leg]);
        });
    }

    fn next_wake(&self) -> Option<u64> {
        self.detector.next_wake()
    }
}

/// The spread strategy, trading.
pub fn spread() -> Spread {
    let universe = one_market(2);
    Spread::new(&universe, &config(&universe)).expect("a universe that can be traded")
}

const fn currency(units: i128) -> Amount {
    Amount(units * AMOUNT_ONE)
}

fn config(universe: &Universe) -> SpreadConfig {
    SpreadConfig {
        min_edge_e8: 10_000,
        max_age_ns: 60_000_000_000,
        max_lag_us: 250_000,
        max_notional: currency(500),
        trade: true,
        ..SpreadConfig::watch(universe)
    }
}

/// All limits set, balances tracked.
fn risk(universe: &Universe) -> Risk {
    let limits = Limits {
        max_order_notional: currency(600),
        max_position_notional: currency(20_000),
        max_gross_notional: currency(100_000),
        max_net_notional: currency(20_000),
        max_open_orders: 64,
        max_orders_per_second: 1 << 18,
        price_collar_e8: 50_000_000,
        max_daily_loss: currency(1_000_000),
        max_drawdown: currency(1_000_000),
        max_age_ns: 60_000_000_000,
    };
    let (usdt, btc) = (AssetId(0), AssetId(1));
    let rates = Rates::new(universe, usdt, &[]);
    let balances =
        [VenueId(0), VenueId(1)].iter().flat_map(|v| [(*v, usdt, currency(1 << 30)), (*v, btc, currency(1_000))]);
    Risk::new(universe, limits, rates, Some(&Balances(balances.collect())))
}
