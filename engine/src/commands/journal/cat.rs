//! `crosstick journal cat`: entries in words.

use std::fmt::Write as _;
use std::path::Path;

use crosstick_ipc::journal::Item;
use crosstick_model::{Decimal, ReportKind, Tick, TickKind, Universe};

use crate::exit::{Code, Failure, Outcome};
use crate::journal::entry::{Entry, kind};
use crate::journal::{session, verify, words};
use crate::out;

/// Lines printed in one go.
const CHUNK_BYTES: usize = 1 << 16;

pub(super) fn print(dir: &Path, from: u64, count: u64, ticks: bool) -> Outcome {
    let (journal, session) = session::read(dir).map_err(Failure::usage)?;
    let (_, universe) = verify::parts(&session).map_err(Failure::usage)?;
    let mut records = journal.records_near(from);
    let (mut text, mut left) = (String::new(), count);
    while left > 0 {
        match records.next().map_err(Failure::other)? {
            None => break,
            Some(Item::Damage(damage)) => {
                let _ = writeln!(text, "-- damaged: {damage}");
            }
            Some(Item::Record { seq, kind, payload, .. }) => {
                if seq < from || (kind == kind::TICK && !ticks) {
                    continue;
                }
                left -= 1;
                let _ = writeln!(text, "{seq} {}", line(kind, payload, &universe));
            }
        }
        if text.len() > CHUNK_BYTES {
            out::text(std::mem::take(&mut text));
        }
    }
    out::text(text);
    Ok(Code::Done)
}

fn line(kind: u8, payload: &[u8], universe: &Universe) -> String {
    if kind == kind::SESSION {
        return format!("session  {} bytes of description (crosstick journal stat shows it)", payload.len());
    }
    match Entry::read(kind, payload) {
        None => format!("unknown  kind {kind}, {} bytes", payload.len()),
        Some(Entry::Tick(tick)) => tick_words(&tick, universe),
        Some(Entry::Report(report)) => {
            let what = match report.kind {
                ReportKind::Accepted => "accepted".to_owned(),
                ReportKind::Filled(fill) => {
                    let scale = universe.instruments.get(report.instrument.index()).map(|i| i.scale);
                    let (prices, quantities) = scale.map_or((0, 0), |s| (s.price_decimals, s.quantity_decimals));
                    let fee_asset = universe.assets.get(usize::from(fill.fee_asset.0)).map_or("?", |a| a);
                    format!(
                        "filled {} at {}, fee {} {fee_asset}",
                        decimal(fill.quantity, quantities),
                        decimal(fill.price, prices),
                        fill.fee
                    )
                }
                ReportKind::Cancelled { unfilled } => format!("cancelled with {unfilled} unfilled (mantissa)"),
                ReportKind::Rejected(reason) => format!("rejected: {}", reason.name()),
            };
            format!("report   {} order {} {what}", report.at_ns, report.order.0)
        }
        Some(Entry::Timer { due_ns }) => format!("timer    {due_ns}"),
        Some(Entry::Command(command)) => {
            let (kind, source) = (command.kind, command.source.name());
            format!("command  {} {kind:?} by {source}: {}", command.at_ns, command.reason)
        }
        Some(Entry::Unsent(order)) => format!("unsent   order {}: the gateway had no room", order.0),
        Some(Entry::Decision(record)) => format!("decision {}", words::decision(record, universe)),
        Some(Entry::State { inputs, decisions, hash }) => {
            let hash = blake3::Hash::from(hash).to_hex();
            format!("state    {hash} after {inputs} inputs and {decisions} decisions")
        }
        Some(Entry::Finish) => "finish   the end of input".to_owned(),
        Some(Entry::Clock { at_ns }) => format!("clock    {at_ns} an order reached the venue"),
        Some(Entry::Lost(count)) => format!("lost     {count} entries could not be written; the journal ends here"),
    }
}

fn tick_words(tick: &Tick, universe: &Universe) -> String {
    if let Some((venue, live)) = tick.as_line_state() {
        let name = universe.venues.get(usize::from(venue.0)).map_or("?", |v| &*v.name);
        let state = if live { "live" } else { "down" };
        return format!("line     {} {name} line {} is {state}", tick.recv_ns, tick.flags.line());
    }
    let instrument = universe.instruments.get(tick.instrument.index());
    let name = instrument.map_or_else(
        || format!("instrument {}", tick.instrument.0),
        |i| format!("{} {}", universe.venue(i.venue).name, i.symbol),
    );
    let (prices, quantities) = instrument.map_or((0, 0), |i| (i.scale.price_decimals, i.scale.quantity_decimals));
    let [a, b, c, d] = tick.values;
    match tick.kind {
        TickKind::Quote => format!(
            "quote    {} {name} {} x {} / {} x {}, id {}",
            tick.recv_ns,
            decimal(a, prices),
            decimal(b, quantities),
            decimal(c, prices),
            decimal(d, quantities),
            tick.venue_seq
        ),
        _ => format!(
            "trade    {} {name} {} x {}, id {}",
            tick.recv_ns,
            decimal(a, prices),
            decimal(b, quantities),
            tick.venue_seq
        ),
    }
}

fn decimal(mantissa: i64, decimals: u8) -> Decimal {
    Decimal::new(i128::from(mantissa), decimals)
}
