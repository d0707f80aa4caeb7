//! The report in words.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::SessionReport;

pub(super) fn render(report: &SessionReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut text, report);
    text
}

fn write_all(out: &mut String, r: &SessionReport) -> std::fmt::Result {
    writeln!(out, "\nReport of {:.1} s in {} mode, ended by {}", r.duration_s, r.mode, r.ended)?;
    if let Some(halt) = &r.halt {
        writeln!(out, "  HALTED by {}: {}", halt.code, halt.reason)?;
    }
    if !r.breaches_while_halted.is_empty() {
        writeln!(out, "  reached while halted{}", reasons(": ", &r.breaches_while_halted))?;
    }
    feeds(out, r)?;
    writeln!(out, "\nTrading")?;
    writeln!(
        out,
        "  opportunities  {} seen, {} taken{}",
        r.opportunities.seen,
        r.opportunities.taken,
        reasons(", declined: ", &r.opportunities.declined)
    )?;
    let o = &r.orders;
    writeln!(
        out,
        "  orders         {} sent, {} filled, {} partly filled, {} unfilled, {} rejected{}",
        o.sent,
        o.filled,
        o.partly_filled,
        o.unfilled,
        o.rejected,
        reasons(", denied: ", &o.denied)
    )?;
    let p = &r.pairs;
    if p.sent > 0 {
        writeln!(
            out,
            "  pairs          {} sent: {} clean, {} unfilled, {} closed out after one leg failed, {} unhedged, {} in flight; \
             {} left dust",
            p.sent, p.clean, p.empty, p.closed, p.unhedged, p.in_flight, p.dust
        )?;
    }
    let p = &r.pnl;
    writeln!(
        out,
        "  profit, {}   net {} = realised {} - fees {} + unrealised {}",
        p.currency, p.net, p.realised, p.fees, p.unrealised
    )?;
    for position in &r.positions {
        writeln!(out, "  position       {} {} {}", position.venue, position.asset, position.quantity)?;
    }
    latency(out, r)?;
    super::flight::words(out, &r.worst_ticks, r.overlong_turns.as_ref())?;
    journal(out, r)?;
    writeln!(out, "\ndecisions_hash {}", r.decisions_hash)
}

fn feeds(out: &mut String, r: &SessionReport) -> std::fmt::Result {
    writeln!(out, "\nMarket data: {} ticks", r.ticks)?;
    for feed in &r.feeds {
        let ticks = feed.trades + feed.quotes;
        let fast = (feed.fast_path * 1000).checked_div(ticks).unwrap_or(0);
        writeln!(
            out,
            "  {} line {}: {} frames ({} trades, {} quotes, {} other), fast path {}.{} %, trade gaps {}, duplicates {}, \
             connects {}, ring full {}{}{}",
            feed.venue,
            feed.line,
            feed.frames,
            feed.trades,
            feed.quotes,
            feed.other,
            fast / 10,
            fast % 10,
            feed.trade_gaps,
            feed.trade_duplicates,
            feed.connects,
            feed.ring_full,
            if feed.lost_at_stop > 0 { format!(", lost at stop {}", feed.lost_at_stop) } else { String::new() },
            reasons(", refused: ", &feed.refused)
        )?;
    }
    for i in &r.instruments {
        writeln!(
            out,
            "  {} {}: {} trades ({} off-market), {} quotes, traded {} for {}",
            i.venue, i.symbol, i.trades, i.off_market, i.quotes, i.quantity, i.notional
        )?;
    }
    Ok(())
}

fn journal(out: &mut String, r: &SessionReport) -> std::fmt::Result {
    let Some(journal) = &r.journal else { return Ok(()) };
    writeln!(out, "\nJournal: {} entries, {} bytes in {}", journal.entries, journal.bytes, journal.dir)?;
    match &journal.trouble {
        Some(trouble) => writeln!(out, "  trouble: {trouble}; {} entries lost", journal.lost),
        None if journal.lost > 0 => writeln!(out, "  it fell behind: {} entries lost", journal.lost),
        None => Ok(()),
    }
}

fn latency(out: &mut String, r: &SessionReport) -> std::fmt::Result {
    if r.latency_ns.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nLatency in ns")?;
    writeln!(
        out,
        "  {:<13} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10}",
        "stage", "count", "p50", "p90", "p99", "p99.9", "max"
    )?;
    for (name, s) in &r.latency_ns {
        writeln!(
            out,
            "  {name:<13} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10}  from {} to {}",
            s.count, s.p50, s.p90, s.p99, s.p999, s.max, s.from, s.to
        )?;
    }
    Ok(())
}

fn reasons<K: Display>(lead: &str, counts: &BTreeMap<K, u64>) -> String {
    let list: Vec<String> = counts.iter().filter(|(_, n)| **n > 0).map(|(k, n)| format!("{n} {k}")).collect();
    if list.is_empty() { String::new() } else { format!("{lead}{}", list.join(", ")) }
}
