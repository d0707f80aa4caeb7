//! The tables of a region as JSON rows: names instead of indices, decimals as text, ages in milliseconds. Cold.

use crosstick_ipc::Reader;
use crosstick_ipc::layout::{InstrumentRow, LimitKind, OrderStatus, PriceFlags, SpreadFlags, SpreadRow, amount, text};
use crosstick_model::{Amount, Decimal, InstrumentId, Purpose, Side};
use serde_json::{Map, Value, json};

/// What rows refer to by index.
pub struct Names {
    venues: Vec<String>,
    markets: Vec<(String, u8, u8)>,
    instruments: Vec<InstrumentRow>,
}

impl Names {
    pub fn new(reader: &Reader) -> Self {
        let markets = reader.markets();
        Self {
            venues: reader.venues().iter().map(|v| text(&v.name)).collect(),
            markets: markets.iter().map(|m| (text(&m.name), m.price_decimals, m.quantity_decimals)).collect(),
            instruments: reader.instruments(),
        }
    }

    fn venue(&self, index: u32) -> &str {
        self.venues.get(index as usize).map_or("?", String::as_str)
    }
}

fn decimal(mantissa: i64, decimals: u8) -> String {
    Decimal::new(i128::from(mantissa), decimals).to_string()
}

/// Milliseconds from then to now; nothing where there is no then.
fn age_ms(then_ns: u64, now_ns: u64) -> Option<u64> {
    (then_ns != 0).then(|| now_ns.saturating_sub(then_ns) / 1_000_000)
}

pub fn feeds(reader: &Reader, names: &Names, now_ns: u64) -> Vec<Value> {
    let rows = reader.feeds().into_iter().map(|f| {
        json!({"venue": names.venue(f.venue), "line": f.line, "connected": f.connected == 1, "frames": f.frames,
               "trades": f.trades, "quotes": f.quotes, "refused": f.refused, "trade_gaps": f.trade_gaps,
               "connects": f.connects, "ring_full": f.ring_full, "age_ms": age_ms(f.last_recv_ns, now_ns),
               "lag_us": f.lag_us})
    });
    rows.collect()
}

pub fn latency(reader: &Reader) -> Map<String, Value> {
    let stages = reader.latency().into_iter().map(|s| (s.counted.summary(), s));
    let rows = stages.filter(|(summary, _)| summary.count > 0).map(|(n, s)| {
        let row = json!({"from": s.from, "to": s.to, "count": n.count, "p50": n.p50, "p90": n.p90, "p99": n.p99,
                         "p999": n.p999, "max": n.max});
        (s.name, row)
    });
    rows.collect()
}

pub fn instruments(reader: &Reader, names: &Names, now_ns: u64) -> Vec<Value> {
    let rows = names.instruments.iter().enumerate().filter_map(|(index, instrument)| {
        let id = InstrumentId(u16::try_from(index).ok()?);
        let (price, position) = (reader.price(id)?, reader.position(id)?);
        let p = |mantissa: i64| decimal(mantissa, instrument.price_decimals);
        let q = |mantissa: i64| decimal(mantissa, instrument.quantity_decimals);
        Some(json!({
            "venue": names.venue(instrument.venue), "symbol": text(&instrument.symbol), "bid": p(price.bid),
            "bid_quantity": q(price.bid_quantity), "ask": p(price.ask), "ask_quantity": q(price.ask_quantity),
            "last": p(price.trade_price), "usable": price.flags & PriceFlags::USABLE != 0,
            "lagging": price.flags & PriceFlags::LAGGING != 0, "quote_age_ms": age_ms(price.quote_recv_ns, now_ns),
            "quotes": price.quotes, "trades": price.trades, "position": amount(position.exact_quantity).to_string(),
            "realised": amount(position.realised).to_string(), "fees": amount(position.fees).to_string(),
            "unrealised": amount(position.unrealised).to_string(), "net": amount(position.net).to_string(),
        }))
    });
    rows.collect()
}

/// Limits in the unit that each is counted in; `null` where there is none.
pub fn limits(reader: &Reader, currency: &str) -> Vec<Value> {
    let rows = reader.limits().into_iter().map(|row| {
        let unit = match LimitKind::from_number(row.kind) {
            Some(LimitKind::Currency) => currency,
            Some(other) => other.name(),
            None => "?",
        };
        let decimals = u8::try_from(row.decimals).unwrap_or(u8::MAX).min(38);
        let unlimited = amount(row.limit) == Amount::MAX;
        let shown = |words| Decimal::new(amount(words).0, decimals).to_string();
        let (used, limit) = (amount(row.used).0, amount(row.limit).0);
        json!({
            "name": text(&row.name), "unit": unit, "used": shown(row.used),
            "limit": (!unlimited).then(|| shown(row.limit)), "headroom": (!unlimited).then(|| shown(row.headroom)),
            // In whole percent, so that nobody has to read decimals to compare them.
            "used_percent": if unlimited { 0 } else { used.saturating_mul(100) / limit.max(1) } as i64,
            "denied": row.denied, "breaches": row.breaches, "halting": row.halting == 1,
        })
    });
    rows.collect()
}

pub fn spreads(reader: &Reader, names: &Names) -> Vec<Value> {
    reader.spreads().iter().map(|row| spread(row, names)).collect()
}

fn spread(row: &SpreadRow, names: &Names) -> Value {
    let unknown = (String::from("?"), 0, 0);
    let (market, price, quantity) = names.markets.get(row.market as usize).unwrap_or(&unknown);
    let usable = row.flags & SpreadFlags::USABLE != 0;
    json!({
        "market": market, "buy_venue": names.venue(row.buy_venue), "sell_venue": names.venue(row.sell_venue),
        "edge_ppm": usable.then_some(row.edge_ppm),
        "best_edge_ppm": (row.flags & SpreadFlags::HAS_BEST != 0).then_some(row.best_edge_ppm),
        "open": row.flags & SpreadFlags::OPEN != 0, "buy_price": decimal(row.buy_price, *price),
        "sell_price": decimal(row.sell_price, *price), "quantity": decimal(row.quantity, *quantity),
        "buy_fee": decimal(row.buy_fee, 8), "sell_fee": decimal(row.sell_fee, 8), "seen": row.seen,
        "taken": row.taken,
    })
}

pub fn balances(reader: &Reader, names: &Names) -> Vec<Value> {
    let rows = reader.balances().into_iter().map(|b| {
        let shown = |words| amount(words).to_string();
        json!({"venue": names.venue(b.venue), "asset": text(&b.asset), "free": shown(b.free),
               "locked": shown(b.locked), "total": shown(b.total), "initial": shown(b.initial)})
    });
    rows.collect()
}

pub fn open_orders(reader: &Reader, names: &Names, now_ns: u64) -> Vec<Value> {
    let mut orders = reader.open_orders();
    orders.retain(|o| o.status != OrderStatus::Free as u32);
    orders.sort_by_key(|o| o.id);
    let rows = orders.into_iter().filter_map(|o| {
        let instrument = names.instruments.get(o.instrument as usize)?;
        Some(json!({
            "id": o.id, "venue": names.venue(instrument.venue), "symbol": text(&instrument.symbol),
            "side": if o.side == Side::Buy as u8 { "buy" } else { "sell" },
            "purpose": if o.purpose == Purpose::Open as u8 { "open" } else { "close" },
            "status": OrderStatus::from_number(o.status).map_or("?", OrderStatus::name),
            "price": decimal(o.price, instrument.price_decimals),
            "quantity": decimal(o.quantity, instrument.quantity_decimals),
            "filled": decimal(o.filled, instrument.quantity_decimals), "age_ms": age_ms(o.sent_ns, now_ns),
        }))
    });
    rows.collect()
}
