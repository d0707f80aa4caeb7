//! `crosstick explain`: a story in words, or as JSON.

use std::fmt::Write as _;

use super::{moment, place};
use crate::cli::ExplainArgs;
use crate::exit::{Code, Failure, Outcome};
use crate::journal::explain::story::{CheckSeen, LegSeen, OrderStory, Try};
use crate::journal::explain::{Explained, Stand, Story, Which, explain};
use crate::out;

/// Carries it out.
///
/// # Errors
/// When the session cannot be read, or nothing of that name is in it.
pub fn command(arguments: &ExplainArgs) -> Outcome {
    let which = match (arguments.seq, arguments.opportunity, arguments.at) {
        (Some(seq), ..) => Which::Record(seq),
        (_, Some(number), _) => Which::Opportunity(number),
        (_, _, Some(at_ns)) => Which::At(at_ns),
        // clap asks for one of them.
        (None, None, None) => return Err(Failure::usage("name a record, --opportunity N or --at TIME")),
    };
    let explained = explain(place(&arguments.journal)?.dir(), which).map_err(Failure::usage)?;
    if arguments.json {
        let json = serde_json::to_string_pretty(&explained).map_err(Failure::other)?;
        out::line(json);
        return Ok(Code::Done);
    }
    match &explained {
        Explained::Opportunities(stories) => {
            for (i, story) in stories.iter().enumerate() {
                out::text(format!("{}{}", if i > 0 { "\n" } else { "" }, words(story)));
            }
        }
        Explained::None { at_ns, ways } => out::text(none(*at_ns, ways)),
    }
    Ok(Code::Done)
}

/// ns as ms, for people.
fn ms(ns: u64) -> String {
    format!("{:.3} ms", ns as f64 / 1e6)
}

fn words(story: &Story) -> String {
    let mut text = String::new();
    let begin = &story.begin;
    let (id, market, buy, sell) = (story.opportunity, &story.market, &story.buy_venue, &story.sell_venue);
    let _ = writeln!(text, "opportunity {id}: {market}, buy on {buy}, sell on {sell}");
    let _ = writeln!(text, "  outcome   {}: {}", story.outcome.unwrap_or("unknown"), story.why);
    let _ = writeln!(text, "  begin     {} ({}), record {}", moment(begin.at_ns), begin.at_ns, begin.seq);
    match &story.end {
        Some(end) => {
            let (at, lasted) = (moment(end.at_ns), ms(end.lasted_ns));
            let _ = writeln!(
                text,
                "  end       {at}, after {lasted}, best edge {} ppm, record {}",
                end.best_edge_ppm, end.seq
            );
        }
        None => text += "  end       open at the journal's end\n",
    }
    for (name, word, leg) in [("buy", "ask", &begin.buy), ("sell", "bid", &begin.sell)] {
        let _ = writeln!(text, "  {name:<9} {}", leg_words(leg, word));
    }
    let _ = writeln!(text, "  edge      {}; least {} ppm", begin.edge.formula, begin.edge.least_ppm);
    let size = &begin.size;
    let most = size.notional.as_deref().unwrap_or("no bound");
    let _ = writeln!(
        text,
        "  size      {}: bounded by {} (ask {}, bid {}, max_notional {most}), then down to the legs' steps",
        size.quantity, size.bounded_by, size.ask, size.bid
    );
    for asked in &story.tries {
        tried(&mut text, asked);
    }
    for order in &story.orders {
        ordered(&mut text, order);
    }
    later(&mut text, story);
    text
}

fn leg_words(leg: &LegSeen, word: &str) -> String {
    format!(
        "{} {} {word} {} x {}, {} old, {}; taker fee {} bps",
        leg.venue,
        leg.symbol,
        leg.price,
        leg.size,
        ms(leg.age_ns),
        leg.state,
        leg.fee_bps
    )
}

fn tried(text: &mut String, asked: &Try) {
    let word = if asked.closing { "closing, " } else { "" };
    let at = moment(asked.at_ns);
    let _ = writeln!(text, "  risk      group {} ({word}{at}, record {}): {}", asked.group, asked.seq, asked.verdict);
    for check in &asked.checks {
        let _ = writeln!(text, "            leg {} {}", check.leg, check_words(check));
    }
}

fn check_words(check: &CheckSeen) -> String {
    let verdict = if check.passes { "ok  " } else { "FAIL" };
    if check.unit.is_empty() {
        return format!("{verdict} {}", check.code);
    }
    let used = check.used.as_deref().unwrap_or("none");
    let left = check.headroom.as_ref().map_or_else(String::new, |left| format!(", headroom {left}"));
    format!("{verdict} {:<18} {used} {} {} {}{left}", check.code, check.bound, check.limit, check.unit)
}

fn ordered(text: &mut String, order: &OrderStory) {
    let word = if order.closing { "closing " } else { "" };
    let (id, side, quantity, price) = (order.order, order.side, &order.quantity, &order.price);
    let (venue, symbol, at) = (&order.venue, &order.symbol, moment(order.sent_ns));
    let _ = writeln!(
        text,
        "  order     {id}: {word}{side} {quantity} {venue} {symbol} at {price}, sent {at}, record {}",
        order.seq
    );
    for report in &order.reports {
        let better = match report.better_ppm {
            None => String::new(),
            Some(0) => ", at the quote".into(),
            Some(ppm) if ppm > 0 => format!(", {ppm} ppm better than the quote"),
            Some(ppm) => format!(", {} ppm worse than the quote", -ppm),
        };
        let _ = writeln!(text, "            after {}: {}{better}", ms(report.after_ns), report.what);
    }
}

fn later(text: &mut String, story: &Story) {
    let from = if story.orders.is_empty() { "its begin" } else { "the order" };
    for at in &story.later {
        let _ = write!(text, "  later     {:>3} ms after {from}: ", at.after_ms);
        let _ = match (at.known, at.edge_ppm) {
            (false, _) => writeln!(text, "the journal ends before"),
            (true, None) => writeln!(text, "gone: a price was not usable"),
            (true, Some(edge)) => {
                let there = if at.there { "still there" } else { "gone" };
                writeln!(text, "{there}: {edge} ppm, ask {}, bid {}, size shown {}", at.ask, at.bid, at.size)
            }
        };
    }
}

fn none(at_ns: u64, ways: &[Stand]) -> String {
    let mut text = format!("{}: no opportunity was open; the best edges first:\n", moment(at_ns));
    for way in ways {
        let edge = way.edge_ppm.map_or_else(|| "no edge".into(), |ppm| format!("{ppm} ppm"));
        let _ =
            writeln!(text, "{}, buy on {}, sell on {}: {edge}; {}", way.market, way.buy.venue, way.sell.venue, way.why);
        let _ = writeln!(text, "  buy   {}", leg_words(&way.buy, "ask"));
        let _ = writeln!(text, "  sell  {}", leg_words(&way.sell, "bid"));
    }
    text
}
