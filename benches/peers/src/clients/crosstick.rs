//! Ours: the reader as the engine runs it, with the callback where the ring's producer would be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::{AttemptBudget, Clock, LineSpec, Reader, Rules, SocketOptions, TickSink, TlsClient};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick, TickKind, VenueId};

use crate::stamps::Stamps;

/// The reader's receive stamps: read as in the engine, from the same counter.
struct Tsc(quanta::Clock);

impl Clock for Tsc {
    fn now_ns(&self) -> u64 {
        // An engine adds its anchor; the reader needs no more than a time that grows.
        self.at_ns(self.0.raw())
    }

    #[inline]
    fn stamp(&self) -> u64 {
        self.0.raw()
    }

    #[inline]
    fn at_ns(&self, stamp: u64) -> u64 {
        self.0.delta_as_nanos(0, stamp)
    }
}

struct Callback(Arc<Stamps>);

impl TickSink for Callback {
    #[inline]
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        if tick.kind == TickKind::Trade {
            self.0.callback(tick.venue_seq);
        }
        Ok(())
    }
}

/// Runs it until the turn is over.
pub fn run(address: SocketAddr, stamps: &Arc<Stamps>) -> Result<(), String> {
    let (protocol, id) = (Protocol::BinanceSpot, InstrumentId(0));
    let url = format!("ws://{address}");
    let streams = [StreamKind::Trade];
    let sockets = plan(protocol, Environment::Custom(&url), TimeUnit::Milli, &streams, [(id, "BTCUSDT")]);
    let line = LineSpec {
        venue: VenueId(0),
        protocol,
        line: 0,
        unit: TimeUnit::Milli,
        sockets: sockets.map_err(|e| e.to_string())?,
        symbols: vec![("BTCUSDT".into(), id, Scale::DEFAULT)],
        rules: Rules::of(protocol),
        tls: TlsClient::new(None).map_err(|e| e.to_string())?,
        options: SocketOptions::default(),
        attempts: AttemptBudget::new(300, 300_000_000_000),
        seed: 1,
    };
    let (events, told) = sync_channel(64);
    let clock = Tsc(stamps.clock().clone());
    let (mut reader, _) =
        Reader::new(vec![line], 1, Callback(Arc::clone(stamps)), clock, (), events).map_err(|e| e.to_string())?;
    while !reader.is_live() {
        reader.turn();
        if reader.is_stopped() || stamps.is_stopped() {
            return Err(format!("the line never came up: {:?}", told.try_iter().collect::<Vec<_>>()));
        }
    }
    stamps.set_ready();
    while !stamps.is_stopped() {
        if reader.turn() == 0 {
            std::hint::spin_loop();
        }
    }
    reader.shut_down();
    Ok(())
}
