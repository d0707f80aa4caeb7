//! The status line of a run: what the region says, once a second, in one line. Cold, main thread.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use crosstick_ipc::{Reader, State, layout};
use crosstick_model::DenyCode;

/// How often the line is renewed on a terminal.
const TERMINAL_EVERY: Duration = Duration::from_millis(500);
/// How often a line is printed elsewhere, after the first.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Prints the status.
pub struct StatusLine {
    reader: Reader,
    currency: String,
    started: Instant,
    last: Option<(Instant, u64)>,
    terminal: bool,
    shown: Option<String>,
}

impl StatusLine {
    /// A line over this region.
    #[must_use]
    pub fn new(reader: Reader, currency: String) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self { reader, currency, started: Instant::now(), last: None, terminal, shown: None }
    }

    /// Prints the line when it is time. On a terminal it stands still and changes; elsewhere lines follow each other.
    pub fn turn(&mut self) {
        let every = if self.terminal { TERMINAL_EVERY } else { PLAIN_EVERY };
        let first = self.last.is_none() && self.started.elapsed() >= TERMINAL_EVERY;
        if !first && self.last.is_none_or(|(at, _)| at.elapsed() < every) {
            return;
        }
        let Some(text) = self.text() else { return };
        if self.terminal {
            // Not wrapped: a terminal too narrow for it would keep a piece of every line.
            crate::out::text(format_args!("\r\x1b[K\x1b[?7l{text}\x1b[?7h"));
        } else {
            crate::out::line(&text);
        }
        self.shown = Some(text);
    }

    /// The line as it was last printed.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.shown.as_deref()
    }

    /// Makes room for other output.
    pub fn clear(&self) {
        if self.terminal && self.last.is_some() {
            crate::out::text("\r\x1b[K");
        }
    }

    fn text(&mut self) -> Option<String> {
        let (engine, risk) = (self.reader.engine()?, self.reader.risk()?);
        let now = Instant::now();
        let (since, before) = self.last.unwrap_or((self.started, 0));
        let rate = (engine.ticks.saturating_sub(before)) as f64 / (now - since).as_secs_f64().max(0.001);
        self.last = Some((now, engine.ticks));
        let live = self.reader.feeds();
        let up = live.iter().filter(|f| f.connected == 1).count();
        let p99 = self.reader.latency().into_iter().find(|s| s.name == "reach_core").map(|s| s.counted.summary());
        let p99 = p99.filter(|s| s.count > 0).map(|s| format!("  read to core p99 {} µs", s.p99 / 1000));
        let halted = (State::from_number(engine.state) == Some(State::Halted)).then(|| {
            let code = DenyCode::ALL.get(risk.code as usize).map_or("?", |c| c.code());
            format!("  HALTED by {code}")
        });
        let lagging = (engine.lines_lagging > 0).then(|| format!("  {} LAGGING", engine.lines_lagging));
        Some(format!(
            "{:>4} s{}{}  lines {up}/{}  ticks {} ({rate:.0}/s)  opportunities {} ({} taken)  orders {} filled, \
             {} denied  net {} {}{}",
            self.started.elapsed().as_secs(),
            halted.unwrap_or_default(),
            lagging.unwrap_or_default(),
            live.len(),
            engine.ticks,
            engine.opportunities_seen,
            engine.opportunities_taken,
            engine.orders_filled,
            engine.orders_denied,
            cents(layout::amount(risk.net).0),
            self.currency,
            p99.unwrap_or_default(),
        ))
    }
}

/// An amount with four decimals, rounded down: the report has it exactly.
fn cents(amount: i128) -> String {
    const UNIT: i128 = 1_000_000_000_000;
    let value = amount.div_euclid(UNIT);
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", value.abs() / 10_000, value.abs() % 10_000)
}
