//! `crosstick status`: what a running engine publishes, once, in words or as JSON. Cold; maps the region read-only.

use crosstick_ipc::layout::{self, PriceFlags, text};
use crosstick_ipc::{Place, Reader};
use crosstick_model::{Amount, Decimal, DenyCode, InstrumentId};
use serde_json::{Value, json};

use crate::cli::StatusArgs;
use crate::clock::system_ns;
use crate::exit::{Code, Failure, Outcome};
use crate::out;

/// A heartbeat older than this is no sign of life.
const STALE_HEARTBEAT_S: u64 = 5;

/// Prints the status.
///
/// # Errors
/// When there is no region of that name, or it cannot be read.
pub fn command(arguments: &StatusArgs) -> Outcome {
    let place = Place::new(&arguments.shm).map_err(Failure::usage)?;
    let reader = Reader::open(&place).map_err(Failure::other)?;
    let status = status(&reader, system_ns()).ok_or_else(|| {
        Failure::other(format!(
            "{}: its owner died while writing; the next start takes it over",
            place.path().display()
        ))
    })?;
    if arguments.json {
        out::line(serde_json::to_string_pretty(&status).map_err(Failure::other)?);
    } else {
        out::text(words(&status));
    }
    Ok(Code::Done)
}

/// The status as JSON; `None` when the head of the region is torn.
#[must_use]
pub fn status(reader: &Reader, now_ns: u64) -> Option<Value> {
    let (identity, engine, risk) = (reader.identity()?, reader.engine()?, reader.risk()?);
    let age_s = now_ns.saturating_sub(identity.heartbeat_ns) / 1_000_000_000;
    let state = match identity.state {
        _ if !identity.is_live() => "dead",
        _ if age_s > STALE_HEARTBEAT_S => "stalled",
        Some(state) => state.name(),
        None => "unknown",
    };
    let venues: Vec<String> = reader.venues().iter().map(|v| text(&v.name)).collect();
    let venue = |index: u32| venues.get(index as usize).cloned().unwrap_or_default();
    let feeds: Vec<Value> = reader
        .feeds()
        .iter()
        .map(|f| {
            json!({"venue": venue(f.venue), "line": f.line, "connected": f.connected == 1, "frames": f.frames,
                   "trades": f.trades, "quotes": f.quotes, "refused": f.refused, "trade_gaps": f.trade_gaps,
                   "connects": f.connects, "ring_full": f.ring_full})
        })
        .collect();
    let latency: serde_json::Map<String, Value> = reader
        .latency()
        .into_iter()
        .map(|s| (s.counted.summary(), s))
        .filter(|(summary, _)| summary.count > 0)
        .map(|(n, s)| {
            let row = json!({"from": s.from, "to": s.to, "count": n.count, "p50": n.p50, "p90": n.p90, "p99": n.p99,
                             "p999": n.p999, "max": n.max});
            (s.name, row)
        })
        .collect();
    let halt = (risk.halted == 1).then(|| {
        let code = DenyCode::ALL.get(risk.code as usize).map_or("?", |c| c.code());
        json!({"code": code, "reason": text(&risk.reason), "at_ns": risk.changed_ns})
    });
    Some(json!({
        "pid": identity.pid, "state": state, "generation": identity.generation, "build": identity.build,
        "heartbeat_age_s": age_s, "started_ns": identity.started_ns, "ticks": engine.ticks, "lines_lagging": engine.lines_lagging,
        "opportunities": {"seen": engine.opportunities_seen, "taken": engine.opportunities_taken,
                          "open": engine.opportunities_open},
        "orders": {"sent": engine.orders_sent, "filled": engine.orders_filled, "denied": engine.orders_denied},
        "net": layout::amount(risk.net).to_string(), "gross": layout::amount(risk.gross).to_string(),
        "currency": text(&risk.currency), "halt": halt, "feeds": feeds, "instruments": instruments(reader, &venues),
        "latency_ns": latency,
    }))
}

fn instruments(reader: &Reader, venues: &[String]) -> Vec<Value> {
    let rows = reader.instruments().into_iter().enumerate().filter_map(|(index, instrument)| {
        let id = InstrumentId(u16::try_from(index).ok()?);
        let price = reader.price(id)?;
        let position = reader.position(id)?;
        let p = |mantissa: i64| Decimal::new(i128::from(mantissa), instrument.price_decimals).to_string();
        let q = |mantissa: i64| Decimal::new(i128::from(mantissa), instrument.quantity_decimals).to_string();
        let venue = venues.get(instrument.venue as usize).cloned().unwrap_or_default();
        Some(json!({
            "venue": venue, "symbol": text(&instrument.symbol), "bid": p(price.bid), "bid_quantity": q(price.bid_quantity),
            "ask": p(price.ask), "ask_quantity": q(price.ask_quantity), "last": p(price.trade_price),
            "usable": price.flags & PriceFlags::USABLE != 0, "quotes": price.quotes, "trades": price.trades,
            "position": q(position.quantity), "fees": Amount::to_decimal(layout::amount(position.fees)).to_string(),
        }))
    });
    rows.collect()
}

fn words(s: &Value) -> String {
    let mut out = format!(
        "engine {} (pid {}, generation {}), heartbeat {} s ago\n",
        plain(&s["state"]),
        s["pid"],
        s["generation"],
        s["heartbeat_age_s"]
    );
    if let Some(halt) = s["halt"].as_object() {
        out += &format!("HALTED by {}: {}\n", plain(&halt["code"]), plain(&halt["reason"]));
    }
    out += &format!(
        "ticks {}; opportunities {} seen, {} taken, {} open; orders {} sent, {} filled, {} denied; net {} {}\n",
        s["ticks"],
        s["opportunities"]["seen"],
        s["opportunities"]["taken"],
        s["opportunities"]["open"],
        s["orders"]["sent"],
        s["orders"]["filled"],
        s["orders"]["denied"],
        plain(&s["net"]),
        plain(&s["currency"])
    );
    for f in s["feeds"].as_array().into_iter().flatten() {
        let up = if f["connected"] == true { "live" } else { "down" };
        out += &format!(
            "  {} line {}: {up}, {} frames, {} trades, {} quotes, {} refused\n",
            plain(&f["venue"]),
            f["line"],
            f["frames"],
            f["trades"],
            f["quotes"],
            f["refused"]
        );
    }
    for i in s["instruments"].as_array().into_iter().flatten() {
        let unusable = if i["usable"] == true { "" } else { "  (not usable)" };
        out += &format!(
            "  {:<10} {:<14} {} x {}  /  {} x {}  last {}  position {}{unusable}\n",
            plain(&i["venue"]),
            plain(&i["symbol"]),
            plain(&i["bid"]),
            plain(&i["bid_quantity"]),
            plain(&i["ask"]),
            plain(&i["ask_quantity"]),
            plain(&i["last"]),
            plain(&i["position"])
        );
    }
    out
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
