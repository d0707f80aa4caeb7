//! `crosstick replay --journal DIR [--set KEY=VALUE ...]`: what would have been different, as a table.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;

use crosstick_ipc::journal::Journal;
use crosstick_model::Amount;

use super::{bar, moment, place};
use crate::config::Overrides;
use crate::exit::{Code, Failure, Outcome};
use crate::journal::whatif::{Side, WhatIf, whatif};
use crate::out;

/// Carries it out.
///
/// # Errors
/// When the session cannot be read, or a value is refused.
pub fn command(dir: &Path, set: &[String]) -> Outcome {
    let overrides = overrides(set)?;
    let place = place(dir)?;
    let dir = place.dir();
    let total: u64 = Journal::open(dir).map_err(Failure::usage)?.segments().iter().map(|s| s.bytes).sum();
    let bar = bar(total, "replaying");
    let result = whatif(dir, &overrides, &mut |bytes| bar.to(bytes)).map_err(Failure::usage)?;
    bar.clear();
    out::text(table(&result, set));
    Ok(Code::Done)
}

/// `KEY=VALUE` arguments as overrides.
fn overrides(set: &[String]) -> Result<Overrides, Failure> {
    let mut overrides = Overrides::none();
    for setting in set {
        let Some((key, value)) = setting.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(Failure::usage(format!(
                "--set {setting}: write KEY=VALUE, such as strategy.spread.min_edge_bps=2; config explain lists all keys"
            )));
        };
        let path: Vec<&str> = key.trim().split('.').collect();
        overrides = overrides.flag(&format!("--set {}", key.trim()), &path, value.trim());
    }
    Ok(overrides)
}

/// The table: only rows in which one side has something.
fn table(result: &WhatIf, set: &[String]) -> String {
    let (recorded, changed) = (&result.recorded, &result.changed);
    let mut rows = Rows::default();
    rows.count("opportunities seen", recorded.seen, changed.seen);
    rows.count("opportunities taken", recorded.taken, changed.taken);
    let reasons: BTreeSet<_> = recorded.declined.keys().chain(changed.declined.keys()).collect();
    for reason in reasons {
        let of = |side: &Side| side.declined.get(reason).copied().unwrap_or(0);
        rows.count(&format!("  declined {reason}"), of(recorded), of(changed));
    }
    rows.count("orders sent", recorded.orders.sent, changed.orders.sent);
    rows.some("  filled", recorded.orders.filled, changed.orders.filled);
    rows.some("  partly filled", recorded.orders.partly_filled, changed.orders.partly_filled);
    rows.some("  unfilled", recorded.orders.unfilled, changed.orders.unfilled);
    rows.some("  rejected", recorded.orders.rejected, changed.orders.rejected);
    rows.some("  open", recorded.open_orders, changed.open_orders);
    let codes: BTreeSet<_> = recorded.denied.keys().chain(changed.denied.keys()).collect();
    for code in codes {
        let of = |side: &Side| side.denied.get(code).copied().unwrap_or(0);
        rows.count(&format!("groups denied {code}"), of(recorded), of(changed));
    }
    rows.count("fills", recorded.fills, changed.fills);
    rows.count("pairs clean", recorded.pairs.clean, changed.pairs.clean);
    rows.some("  empty", recorded.pairs.empty, changed.pairs.empty);
    rows.some("  closed", recorded.pairs.closed, changed.pairs.closed);
    rows.some("  unhedged", recorded.pairs.failed, changed.pairs.failed);
    let currency = &result.currency;
    rows.money(&format!("realised {currency}"), recorded.pnl.realised, changed.pnl.realised);
    rows.money(&format!("fees {currency}"), recorded.pnl.fees, changed.pnl.fees);
    rows.money(&format!("unrealised {currency}"), recorded.pnl.unrealised, changed.pnl.unrealised);
    rows.money(&format!("net {currency}"), recorded.pnl.net, changed.pnl.net);
    if recorded.halted.is_some() || changed.halted.is_some() {
        let code = |side: &Side| side.halted.map_or("-", |c| c.code()).to_owned();
        rows.push("halted", code(recorded), code(changed), String::new());
    }
    let mut text = rows.text();
    text += &footer(result, set);
    text
}

fn footer(result: &WhatIf, set: &[String]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let (from, to) = (moment(result.span_ns.0), moment(result.span_ns.1));
    let _ = writeln!(text, "{} inputs from {from} to {to}; money in {}", result.inputs, result.currency);
    if result.recorded.hash == result.changed.hash {
        let _ = writeln!(text, "the same decisions: hash {}", result.recorded.hash);
    } else {
        let _ = writeln!(text, "decisions: hash {} as recorded, {} changed", result.recorded.hash, result.changed.hash);
        if set.is_empty() {
            text +=
                "nothing was changed: the orders did not go to this build's paper gateway, or it fills otherwise now\n";
        }
    }
    if !result.has_clock {
        text +=
            "an older journal: it does not tell when orders reached the venue; a few fills may differ for that alone\n";
    }
    for damage in &result.damage {
        let _ = writeln!(text, "damaged: {damage}; what follows was not looked at");
    }
    if result.lost > 0 {
        let _ = writeln!(text, "incomplete: the run could not write {} entries at its end", result.lost);
    } else if !result.complete && result.damage.is_empty() {
        text += "the journal ends before the run did: it was killed, is still running, or its disk had no room\n";
    }
    text
}

#[derive(Default)]
struct Rows(Vec<[String; 4]>);

impl Rows {
    fn push(&mut self, name: &str, recorded: impl Display, changed: impl Display, difference: impl Display) {
        self.0.push([name.to_owned(), recorded.to_string(), changed.to_string(), difference.to_string()]);
    }

    fn count(&mut self, name: &str, recorded: u64, changed: u64) {
        let difference = i128::from(changed) - i128::from(recorded);
        self.push(name, recorded, changed, if difference == 0 { String::new() } else { format!("{difference:+}") });
    }

    /// A row that is left out where both are zero.
    fn some(&mut self, name: &str, recorded: u64, changed: u64) {
        if recorded > 0 || changed > 0 {
            self.count(name, recorded, changed);
        }
    }

    fn money(&mut self, name: &str, recorded: Amount, changed: Amount) {
        let difference = match changed.checked_sub(recorded) {
            Some(Amount(0)) | None => String::new(),
            Some(more) if more.0 > 0 => format!("+{more}"),
            Some(less) => less.to_string(),
        };
        self.push(name, recorded, changed, difference);
    }

    fn text(&self) -> String {
        use std::fmt::Write as _;
        let head = ["", "recorded", "changed", "difference"].map(str::to_owned);
        let lines = || std::iter::once(&head).chain(&self.0);
        let width = |column: usize| lines().map(|row| row[column].len()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        let mut text = String::new();
        for [name, recorded, changed, difference] in lines() {
            let line = format!(
                "{name:<0$}  {recorded:>1$}  {changed:>2$}  {difference:>3$}",
                widths[0], widths[1], widths[2], widths[3]
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}
