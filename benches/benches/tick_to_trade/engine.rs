//! Ours: the engine's reader, core, encoder and order line, on one thread or over a ring.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use crosstick_execution::OrderLine;
use crosstick_feeds::connection::AttemptBudget;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::{Clock as _, Endpoint, LineSpec, Reader, RingSink, Rules, SocketOptions, TickSink, TlsClient};
use crosstick_model::{Protocol, Tick, VenueId};
use crosstick_ring::spsc::{self, Consumer};
use crosstick_strategy::Strategy;

use crate::rounds::{Client, LOOK_EVERY, Seen, Work};
use crate::stages::Stamps;
use crate::trader::{OURS, OneLeg, ReadClock, Trader, Trading, spread};
use crate::venue::{Doors, Venue};
use crate::wire::{SYMBOL, Tls};
use crosstick_benches::worlds::SCALE;

/// Which threads do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threading {
    /// One does all.
    Inline,
    /// A reader and a core, with a ring between them.
    Rings,
}

type Held = Arc<Mutex<Vec<Stamps>>>;
type LiveTrader<S> = Trader<S, OrderLine>;

/// Reader and core in one.
struct Inline<S: Strategy> {
    reader: Reader<LiveTrader<S>, ReadClock>,
    idle: u32,
    held: Held,
}

impl<S: Strategy + Send + 'static> Work for Inline<S> {
    fn begin(&mut self) {
        self.reader.sink().refresh();
    }

    #[inline]
    fn turn(&mut self) {
        if self.reader.turn() > 0 {
            self.reader.sink().settle();
        } else {
            look(&mut self.idle, self.reader.sink());
        }
    }

    fn end(&mut self) {
        finish(self.reader.sink(), &self.held);
    }
}

/// Looks for answers now and then; this venue gives none.
#[inline]
fn look<S: Strategy>(idle: &mut u32, trader: &mut LiveTrader<S>) {
    *idle += 1;
    if idle.is_multiple_of(LOOK_EVERY) {
        trader.gateway.wire.read(|_| {}).expect("the venue is there");
    }
}

fn finish<S: Strategy>(trader: &mut LiveTrader<S>, held: &Held) {
    assert_eq!(trader.denied(), 0, "risk approves every order");
    std::mem::swap(&mut *held.lock().expect("nobody panicked"), &mut trader.gateway.stamps);
}

/// The reader alone.
struct Reading(Reader<RingSink, ReadClock>);

impl Work for Reading {
    #[inline]
    fn turn(&mut self) {
        self.0.turn();
    }
}

/// The core alone.
struct Deciding<S: Strategy> {
    ring: Consumer<Tick>,
    idle: u32,
    trader: LiveTrader<S>,
    held: Held,
}

impl<S: Strategy + Send + 'static> Work for Deciding<S> {
    fn begin(&mut self) {
        self.trader.refresh();
    }

    #[inline]
    fn turn(&mut self) {
        let trader = &mut self.trader;
        let taken = self.ring.pop_batch(256, |tick| {
            let _ = trader.push(tick);
        });
        if taken > 0 {
            trader.settle();
        } else {
            look(&mut self.idle, trader);
        }
    }

    fn end(&mut self) {
        finish(&mut self.trader, &self.held);
    }
}

/// Venue and engine.
pub struct Engine {
    venue: Venue,
    clients: Vec<Client>,
    held: Held,
}

impl Engine {
    pub fn new(tls: &Tls, threading: Threading, trading: Trading) -> Self {
        match trading {
            Trading::Pair => Self::with(tls, threading, trading, spread),
            Trading::OneLeg | Trading::Signed => Self::with(tls, threading, trading, OneLeg::new),
        }
    }

    fn with<S: Strategy + Send + 'static>(
        tls: &Tls,
        threading: Threading,
        trading: Trading,
        strategy: fn() -> S,
    ) -> Self {
        let doors = Doors::new(tls);
        let (url, pem) = (doors.url(), tls.pem().to_owned());
        let held = Held::default();
        let clock = ReadClock::new();
        // A stamp more or less says nothing where another thread took the first one.
        let stamping = threading == Threading::Inline;
        let trader = {
            let (url, pem, clock) = (url.clone(), pem.clone(), clock.clone());
            move || Trader::new(strategy(), order_line(&url, &pem, &clock), trading, clock, stamping)
        };
        let theirs = Arc::clone(&held);
        let clients = match threading {
            Threading::Inline => {
                vec![Client::start(1, move || {
                    let reader = reader(&url, &pem, clock, trader());
                    Box::new(Inline { reader, idle: 0, held: theirs })
                })]
            }
            Threading::Rings => {
                let (producer, ring) = spsc::ring(1024);
                let (tell, told) = sync_channel::<()>(1);
                vec![
                    Client::start(1, move || {
                        // The venue takes the orders' socket first.
                        told.recv().expect("the core's thread");
                        Box::new(Reading(reader(&url, &pem, clock, RingSink::new(producer, None))))
                    }),
                    Client::start(2, move || {
                        let trader = trader();
                        tell.send(()).expect("the reader's thread");
                        Box::new(Deciding { ring, idle: 0, trader, held: theirs })
                    }),
                ]
            }
        };
        let orders = if trading == Trading::Pair { 2 } else { 1 };
        let mut engine = Self { venue: doors.open(orders), clients, held };
        // Proves its answers before it is measured, and tells how long its records are.
        engine.turn();
        engine
    }

    /// One turn.
    pub fn turn(&mut self) -> Seen {
        self.venue.turn(&self.clients)
    }

    /// The stamps of the last turn, a frame each.
    pub fn take_stages(&self) -> Vec<Stamps> {
        std::mem::take(&mut *self.held.lock().expect("nobody panicked"))
    }

    /// Bytes on the wire: of a frame, of the order that answers it.
    pub fn record_sizes(&self) -> (usize, usize) {
        self.venue.record_sizes()
    }
}

fn order_line(url: &str, pem: &str, clock: &ReadClock) -> OrderLine {
    let endpoint = Endpoint::parse(&format!("{url}/ws-api/v3")).expect("an address");
    let tls = TlsClient::with_pem(pem.as_bytes()).expect("a certificate");
    let mut line = OrderLine::dial(endpoint, tls, SocketOptions::default(), clock.now_ns());
    while !line.connect(clock.now_ns()).unwrap_or_else(|error| panic!("{error}")) {
        std::thread::yield_now();
    }
    line
}

fn reader<T: TickSink>(url: &str, pem: &str, clock: ReadClock, sink: T) -> Reader<T, ReadClock> {
    let (protocol, unit) = (Protocol::BinanceSpot, TimeUnit::Milli);
    let streams = [StreamKind::BookTicker];
    let spec = LineSpec {
        venue: VenueId(0),
        protocol,
        line: 0,
        unit,
        sockets: plan(protocol, Environment::Custom(url), unit, &streams, [(OURS, SYMBOL)]).expect("a plan"),
        symbols: vec![(SYMBOL.into(), OURS, SCALE)],
        rules: Rules::of(protocol),
        tls: TlsClient::with_pem(pem.as_bytes()).expect("a certificate"),
        options: SocketOptions::default(),
        attempts: AttemptBudget::binance(),
        seed: 1,
    };
    let (tell, told) = sync_channel(64);
    let (mut reader, _) = Reader::new(vec![spec], 2, sink, clock, (), tell).expect("a reader");
    while !reader.is_live() {
        assert!(!reader.is_stopped(), "{:?}", told.try_iter().last());
        reader.turn();
        std::thread::yield_now();
    }
    reader
}
