//! What the flight recorder kept, from the region: the worst ticks and overlong turns. Cold, at the end.

use std::fmt::Write;

use crosstick_ipc::Reader;
use crosstick_ipc::layout::{LedTo, Reached, TurnRow, WorstTickRow, table, text};
use crosstick_model::{DenyCode, InstrumentId, TickKind, Universe};
use serde::Serialize;

/// A tick that took long, with every stamp of its way.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WorstTick {
    /// Our name of the venue.
    pub venue: String,
    /// The venue's symbol.
    pub symbol: String,
    /// `quote` or `trade`.
    pub kind: &'static str,
    /// Which of the venue's lines.
    pub line: u32,
    /// The venue's number of it.
    pub venue_seq: u64,
    /// When it was read, ns since the epoch.
    pub recv_ns: u64,
    /// Ticks of the same socket read; left out where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_ticks: Option<u32>,
    /// From the socket read to the last of taken, decided, gated and sent, ns.
    pub total_ns: u64,
    /// When each stage was reached, ns from the first.
    pub stamps_ns: Stamps,
    /// `nothing`, `denied`, `orders`, or `unsent`.
    pub led_to: &'static str,
    /// Risk's code, where it was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Orders that a gateway took.
    pub orders: u32,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_order: Option<u64>,
}

/// When each stage was reached, ns from the first that there is; left out where it was not reached, or not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stamps {
    /// The kernel received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<u64>,
    /// The socket was read.
    pub read: u64,
    /// All ticks of the read were in the ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoded: Option<u64>,
    /// The core took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<u64>,
    /// The strategy's intents were out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<u64>,
    /// Risk had answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gated: Option<u64>,
    /// The gateway had the orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
    /// The core took the first report of the first order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<u64>,
}

impl Stamps {
    fn of(row: &WorstTickRow) -> Self {
        let there = |bit| row.reached & bit != 0;
        let read = if there(Reached::KERNEL) { row.kernel_ns } else { 0 };
        let at = |bit, ns: u64| there(bit).then(|| read.saturating_add(ns));
        Self {
            kernel: there(Reached::KERNEL).then_some(0),
            read,
            decoded: at(Reached::DECODED, row.decoded_ns),
            taken: at(Reached::TAKEN, row.taken_ns),
            decided: at(Reached::DECIDED, row.decided_ns),
            gated: at(Reached::GATED, row.gated_ns),
            sent: at(Reached::SENT, row.sent_ns),
            acknowledged: at(Reached::ACKNOWLEDGED, row.acknowledged_ns),
        }
    }

    fn columns(&self) -> [Option<u64>; 8] {
        let Self { kernel, read, decoded, taken, decided, gated, sent, acknowledged } = *self;
        [kernel, Some(read), decoded, taken, decided, gated, sent, acknowledged]
    }
}

/// The worst ticks that the region tells of, the worst first.
#[must_use]
pub fn worst(universe: &Universe, region: &Reader) -> Vec<WorstTick> {
    let mut rows: Vec<WorstTickRow> = region.rows(table::WORST_TICKS);
    rows.retain(|row| row.total_ns > 0 && (row.instrument as usize) < universe.instruments.len());
    rows.sort_by_key(|row| (std::cmp::Reverse(row.total_ns), row.recv_ns));
    rows.iter().map(|row| worst_tick(universe, row)).collect()
}

fn worst_tick(universe: &Universe, row: &WorstTickRow) -> WorstTick {
    let instrument = universe.instrument(InstrumentId(row.instrument as u16));
    let led_to = LedTo::from_number(row.led_to).unwrap_or(LedTo::Nothing);
    let code = DenyCode::ALL.iter().find(|code| **code as u32 == row.code);
    WorstTick {
        venue: universe.venue(instrument.venue).name.to_string(),
        symbol: instrument.symbol.to_string(),
        kind: if row.kind == TickKind::Trade as u32 { "trade" } else { "quote" },
        line: row.line,
        venue_seq: row.venue_seq,
        recv_ns: row.recv_ns,
        read_ticks: (row.read_ticks > 0).then_some(row.read_ticks),
        total_ns: row.total_ns,
        stamps_ns: Stamps::of(row),
        led_to: led_to.name(),
        code: code.filter(|_| led_to == LedTo::Denied).map(|code| code.code()),
        orders: row.orders,
        first_order: (row.orders > 0).then_some(row.first_order),
    }
}

/// Turns of hot threads' loops that took too long, by whose doing it was.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OverlongTurns {
    /// From how long on a turn counts, ns.
    pub limit_ns: u64,
    /// Time that the hypervisor took from this machine's CPUs during the run, all of them together, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_ms: Option<u64>,
    /// One entry a hot thread.
    pub threads: Vec<ThreadTurns>,
}

/// The overlong turns of one thread.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ThreadTurns {
    /// The thread.
    pub thread: String,
    /// With work of ours, and the kernel did not take the CPU away: us.
    pub work: Overlong,
    /// The kernel gave the CPU to something else.
    pub preempted: Overlong,
    /// Without work of ours, and the kernel did not take the CPU away: interrupt, hypervisor, firmware.
    pub stalled: Overlong,
}

/// Overlong turns of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Overlong {
    /// How many.
    pub count: u64,
    /// The longest, ns.
    pub worst_ns: u64,
    /// All together, ns.
    pub total_ns: u64,
}

impl From<&TurnRow> for ThreadTurns {
    fn from(row: &TurnRow) -> Self {
        let kind = |count, worst_ns, total_ns| Overlong { count, worst_ns, total_ns };
        Self {
            thread: text(&row.thread),
            work: kind(row.work, row.work_worst_ns, row.work_total_ns),
            preempted: kind(row.preempted, row.preempted_worst_ns, row.preempted_total_ns),
            stalled: kind(row.stalled, row.stalled_worst_ns, row.stalled_total_ns),
        }
    }
}

/// The overlong turns that the region tells of; `None` where it has no such rows.
#[must_use]
pub fn overlong(region: &Reader, steal_ms: Option<u64>) -> Option<OverlongTurns> {
    let rows: Vec<TurnRow> = region.rows(table::TURNS);
    let limit_ns = rows.first()?.limit_ns;
    Some(OverlongTurns { limit_ns, steal_ms, threads: rows.iter().map(ThreadTurns::from).collect() })
}

/// Time that the hypervisor took from this machine's CPUs since its start, ms; `None` where the kernel does not tell.
#[must_use]
pub fn steal_ms() -> Option<u64> {
    steal_of(&std::fs::read_to_string("/proc/stat").ok()?)
}

fn steal_of(stat: &str) -> Option<u64> {
    // Hundredths of a second, whatever the kernel's own tick: user, nice, system, idle, iowait, irq, softirq, steal.
    let cpus = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    cpus.split_whitespace().nth(7)?.parse::<u64>().ok()?.checked_mul(10)
}

/// Both in words.
pub(super) fn words(out: &mut String, worst: &[WorstTick], turns: Option<&OverlongTurns>) -> std::fmt::Result {
    if let Some(turns) = turns {
        overlong_words(out, turns)?;
    }
    if worst.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nThe {} ticks that took longest, stamps in ns from the first", worst.len())?;
    write!(out, "  {:<28}", "tick")?;
    for stage in ["kernel", "read", "decoded", "taken", "decided", "gated", "sent", "acknowledged"] {
        write!(out, " {stage:>12}")?;
    }
    writeln!(out, "  led to")?;
    for tick in worst {
        write!(out, "  {:<28}", format!("{} {} {}", tick.venue, tick.symbol, tick.kind))?;
        for stamp in tick.stamps_ns.columns() {
            match stamp {
                Some(ns) => write!(out, " {ns:>12}")?,
                None => write!(out, " {:>12}", "-")?,
            }
        }
        match (tick.code, tick.first_order) {
            (Some(code), _) => writeln!(out, "  denied: {code}")?,
            (None, Some(first)) => writeln!(out, "  {} orders from {first}", tick.orders)?,
            (None, None) => writeln!(out, "  {}", tick.led_to)?,
        }
    }
    Ok(())
}

fn overlong_words(out: &mut String, turns: &OverlongTurns) -> std::fmt::Result {
    let steal = turns.steal_ms.map_or(String::new(), |ms| format!("; the hypervisor took {ms} ms of all CPUs"));
    writeln!(out, "\nLoop turns of {} µs and more: how many, the longest in µs{steal}", turns.limit_ns / 1_000)?;
    writeln!(out, "  {:<14} {:>18} {:>18} {:>18}", "thread", "our own work", "preempted", "stalled below us")?;
    for thread in &turns.threads {
        write!(out, "  {:<14}", thread.thread)?;
        for kind in [thread.work, thread.preempted, thread.stalled] {
            let longest = if kind.count == 0 { "-".to_owned() } else { (kind.worst_ns / 1_000).to_string() };
            write!(out, " {:>18}", format!("{} {longest:>8}", kind.count))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_eighth_number() {
        assert_eq!(steal_of("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 99 9 10\n"), Some(80));
        assert_eq!(steal_of("cpu  1 2 3\n"), None);
        assert_eq!(steal_of(""), None);
    }

    #[test]
    fn stamps_count_from_the_first_that_there_is() {
        let all = Reached::TAKEN | Reached::DECODED;
        let row = WorstTickRow { reached: all, decoded_ns: 5, taken_ns: 9, sent_ns: 77, ..WorstTickRow::ZERO };
        let plain = Stamps::of(&row);
        assert_eq!(plain, Stamps { read: 0, decoded: Some(5), taken: Some(9), ..Stamps::default() });
        let told = Stamps::of(&WorstTickRow { reached: all | Reached::KERNEL, kernel_ns: 100, ..row });
        let expected = Stamps { kernel: Some(0), read: 100, decoded: Some(105), taken: Some(109), ..Stamps::default() };
        assert_eq!(told, expected);
    }
}
