//! `crosstick status`: what a running engine publishes, once, in words or as JSON. Cold; maps the region read-only.

mod rows;
mod words;

use crosstick_ipc::layout::{Mode, amount, text};
use crosstick_ipc::{Health, Reader};
use crosstick_model::DenyCode;
use serde_json::{Value, json};

use super::target;
use crate::cli::StatusArgs;
use crate::clock::system_ns;
use crate::exit::{Code, Failure, Outcome};
use crate::out;

/// Prints the status.
///
/// # Errors
/// When there is no region of that name, or it cannot be read.
pub fn command(arguments: &StatusArgs) -> Outcome {
    let (place, _) = target::named(&arguments.engine)?;
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
        out::text(words::words(&status));
    }
    Ok(Code::Done)
}

/// The status as JSON; `None` when the head of the region is torn.
#[must_use]
pub fn status(reader: &Reader, now_ns: u64) -> Option<Value> {
    let (identity, engine, risk) = (reader.identity()?, reader.engine()?, reader.risk()?);
    let state = match (reader.health(now_ns), identity.state) {
        (Health::Live, Some(state)) => state.name(),
        (Health::Live, None) => "unknown",
        (Health::Stopped, _) => "stopped",
        (Health::Stalled, _) => "stalled",
        (Health::Dead | Health::Replaced | Health::CutOff, _) => "dead",
    };
    let names = rows::Names::new(reader);
    let halt = (risk.halted == 1).then(|| {
        let code = DenyCode::ALL.get(risk.code as usize).map_or("?", |c| c.code());
        json!({"code": code, "reason": text(&risk.reason), "at_ns": risk.changed_ns})
    });
    Some(json!({
        "pid": identity.pid, "state": state, "generation": identity.generation, "build": identity.build,
        "mode": Mode::from_number(engine.mode).map_or("?", Mode::name),
        "heartbeat_age_s": now_ns.saturating_sub(identity.heartbeat_ns) / 1_000_000_000,
        "started_ns": identity.started_ns, "ticks": engine.ticks, "lines_lagging": engine.lines_lagging,
        "rows_waiting": engine.rows_waiting,
        "opportunities": {"seen": engine.opportunities_seen, "taken": engine.opportunities_taken,
                          "open": engine.opportunities_open},
        "orders": {"sent": engine.orders_sent, "filled": engine.orders_filled,
                   "partly_filled": engine.orders_partly_filled, "unfilled": engine.orders_unfilled,
                   "rejected": engine.orders_rejected, "denied": engine.orders_denied, "open": engine.orders_open,
                   "not_shown": engine.orders_not_shown, "fills": engine.fills},
        "pairs": {"sent": engine.pairs_sent, "clean": engine.pairs_clean, "empty": engine.pairs_empty,
                  "closed": engine.pairs_closed, "unhedged": engine.pairs_unhedged,
                  "in_flight": engine.pairs_in_flight},
        "net": amount(risk.net).to_string(), "realised": amount(risk.realised).to_string(),
        "fees": amount(risk.fees).to_string(), "unrealised": amount(risk.unrealised).to_string(),
        "gross": amount(risk.gross).to_string(), "currency": text(&risk.currency), "halt": halt,
        "limits": rows::limits(reader, &text(&risk.currency)), "feeds": rows::feeds(reader, &names, now_ns),
        "instruments": rows::instruments(reader, &names, now_ns), "spreads": rows::spreads(reader, &names),
        "balances": rows::balances(reader, &names), "open_orders": rows::open_orders(reader, &names, now_ns),
        "latency_ns": rows::latency(reader),
        "overlong_turns": crate::report::flight::overlong(reader, None),
    }))
}
