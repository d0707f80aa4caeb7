//! The hunt for torn reads, over processes: a writer at full speed, and readers that check every field of every record.
//!
//! ```sh
//! cargo run --example hammer -- write DIR SECONDS       # creates the region `hammer` in DIR and writes for so long
//! cargo run --example hammer -- read DIR [--map]        # reads until the writer has ended
//! ```
//!
//! Every number of a record follows from one counter `n`: 8, 16 and 32 bits wide it is `n` cut off, wider it is `n`
//! repeated every 32 bits. So a record with bytes of two writes shows, in any language that knows the fields.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crosstick_ipc::layout::{OpportunityEvent, PriceRow, RiskRow, TickEvent};
use crosstick_ipc::{Place, Reader, Shape, State, Writer};
use crosstick_model::{
    Amount, FeeAsset, Fees, Instrument, InstrumentId, Kind, Market, MarketId, Protocol, Scale, Universe, Venue, VenueId,
};

/// A value that follows from the counter.
trait Follows {
    fn from_counter(n: u32) -> Self;
}

macro_rules! follows {
    ($($int:ty),*) => {$(
        impl Follows for $int {
            fn from_counter(n: u32) -> Self {
                (u64::from(n) << 32 | u64::from(n)) as $int
            }
        }
    )*};
}
follows!(u8, u16, u32, u64, i32, i64);

impl<T: Follows + Copy, const N: usize> Follows for [T; N] {
    fn from_counter(n: u32) -> Self {
        [T::from_counter(n); N]
    }
}

/// A record whose fields all follow; each that the schema tells of must be named, since readers check them all.
macro_rules! record {
    ($row:ident, $n:expr; $($field:ident),*) => {
        $row { $($field: Follows::from_counter($n),)* ..$row::ZERO }
    };
}

fn price(n: u32) -> PriceRow {
    record!(PriceRow, n; bid, bid_quantity, ask, ask_quantity, trade_price, trade_quantity, quote_recv_ns,
        trade_recv_ns, quote_seq, trade_seq, exchange_offset_us, flags, quotes, trades, usable_until_ns)
}

fn risk(n: u32) -> RiskRow {
    record!(RiskRow, n; halted, code, changed_ns, net, realised, fees, unrealised, gross, breaches, currency, reason)
}

#[allow(clippy::needless_update, reason = "nothing of this record is reserved")]
fn tick(n: u32) -> TickEvent {
    record!(TickEvent, n; price, quantity, ask, ask_quantity, recv_ns, venue_seq, exchange_offset_us, instrument, kind,
        flags)
}

fn opportunity(n: u32) -> OpportunityEvent {
    record!(OpportunityEvent, n; id, phase, outcome, market, buy_venue, sell_venue, buy_instrument, sell_instrument,
        begin_ns, end_ns, first_edge_ppm, best_edge_ppm, buy_price, sell_price, quantity)
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(0))
}

fn universe() -> Option<Universe> {
    let mut universe = Universe::default();
    let fees = Fees { maker_e8: 0, taker_e8: 0, asset: FeeAsset::Received };
    let venue = Venue { id: VenueId(0), name: "alpha".into(), protocol: Protocol::BinanceSpot, fees };
    universe.add_venue(venue).ok()?;
    let (base, quote, scale) = (universe.asset("BTC").ok()?, universe.asset("USDT").ok()?, Scale::new(2, 5)?);
    let instrument = Instrument {
        id: InstrumentId(0),
        venue: VenueId(0),
        symbol: "BTCUSDT".into(),
        base,
        quote,
        settle: quote,
        kind: Kind::Spot,
        contract_size: Amount(crosstick_model::amount::AMOUNT_ONE),
        scale,
        price_step: 1,
        quantity_step: 1,
        min_quantity: 1,
        min_notional: Amount(0),
        market: None,
    };
    universe.add_instrument(instrument).ok()?;
    let market = Market { id: MarketId(0), name: "BTC-USDT".into(), instruments: vec![InstrumentId(0)], scale };
    universe.add_market(market).ok()?;
    Some(universe)
}

fn write(place: &Place, seconds: u64) -> Result<(), String> {
    let universe = universe().ok_or("the universe is refused")?;
    let shape = Shape { build: "hammer", now_ns: now_ns(), ..Shape::of(&universe) };
    let mut writer = Writer::create(place, &shape).map_err(|e| e.to_string())?;
    writer.owner.set_state(State::Running);
    println!("ready");
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut n = 0u32;
    while Instant::now() < end {
        for _ in 0..10_000 {
            n = n.wrapping_add(1);
            writer.core.prices.publish(0, &price(n));
            writer.core.risk(&risk(n));
            writer.core.ticks.push(&tick(n));
            writer.core.opportunities.push(&opportunity(n));
        }
        writer.owner.beat(now_ns());
    }
    println!("{{\"writes\": {}}}", u64::from(n) * 4);
    Ok(())
}

#[derive(Default)]
struct Counted {
    rows: u64,
    records: u64,
    torn: u64,
    unreadable: u64,
}

impl Counted {
    fn row<T: PartialEq>(&mut self, seen: Option<T>, n: fn(&T) -> u32, whole: fn(u32) -> T) {
        match seen {
            Some(row) => {
                self.rows += 1;
                self.torn += u64::from(whole(n(&row)) != row);
            }
            None => self.unreadable += 1,
        }
    }

    fn records<T: PartialEq>(&mut self, seen: impl Iterator<Item = T>, n: fn(&T) -> u32, whole: fn(u32) -> T) {
        for record in seen {
            self.records += 1;
            self.torn += u64::from(whole(n(&record)) != record);
        }
    }
}

fn read(place: &Place, mapped: bool) -> Result<bool, String> {
    let reader = if mapped { Reader::map(place) } else { Reader::open(place) }.map_err(|e| e.to_string())?;
    let mut ticks = reader.ticks().ok_or("no ticks")?;
    let mut opportunities = reader.opportunities().ok_or("no opportunities")?;
    let mut counted = Counted::default();
    while reader.identity().is_some_and(|i| i.is_live()) {
        for _ in 0..100 {
            counted.row(reader.price(InstrumentId(0)), |r| r.quotes as u32, price);
            counted.row(reader.risk(), |r| r.code, risk);
        }
        counted.records(ticks.by_ref().take(10_000), |t| t.venue_seq as u32, tick);
        counted.records(opportunities.by_ref().take(10_000), |o| o.market, opportunity);
    }
    println!(
        "{{\"rows\": {}, \"records\": {}, \"missed\": {}, \"torn\": {}, \"unreadable\": {}}}",
        counted.rows,
        counted.records,
        ticks.missed() + opportunities.missed(),
        counted.torn,
        counted.unreadable
    );
    Ok(counted.torn == 0 && counted.rows > 0)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["write", dir, seconds] => place(dir)
            .and_then(|p| write(&p, seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?))
            .map(|()| true),
        ["read", dir] => place(dir).and_then(|p| read(&p, false)),
        ["read", dir, "--map"] => place(dir).and_then(|p| read(&p, true)),
        _ => Err("usage: hammer write DIR SECONDS | read DIR [--map]".to_owned()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("hammer: {why}");
            ExitCode::from(2)
        }
    }
}

fn place(dir: &str) -> Result<Place, String> {
    Place::in_dir(Path::new(dir), "hammer").map_err(|e| e.to_string())
}
