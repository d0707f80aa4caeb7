//! `[[fault]]` in the file of `crosstick sim --config`: what goes wrong at a simulated venue, and when.

use crosstick_sim::{FaultSpec, FlowSpec};

use super::mistakes::Mistakes;
use super::read::Node;
use super::schema::{Kind, Left, Table, Word, key};

/// Reads the faults; their kinds' own rules are asked of the simulation.
pub(super) fn faults(nodes: &[Node], spec: &FlowSpec, mistakes: &mut Mistakes) -> Vec<FaultSpec> {
    let mut list = Vec::new();
    for node in nodes {
        // A missing one is on the list of mistakes already.
        let (Some(venue), Some(_)) = (node.str("venue"), node.str("kind")) else { continue };
        let fault = read(node);
        let Some(at) = spec.venues.iter().position(|v| v.name == venue) else {
            let text = format!("[[fault]] venue: \"{venue}\" is no venue of this file");
            mistakes.add(node.place("venue"), text);
            continue;
        };
        if let Err(error) = fault.check() {
            mistakes.add(node.place(error.field), format!("[[fault]] {error}"));
        }
        let listed = || spec.instruments(at).into_iter().map(|i| i.symbol);
        if let Some(symbol) = fault.symbol.as_ref().filter(|s| listed().all(|known| known != **s)) {
            let known = listed().collect::<Vec<_>>().join(", ");
            let text = format!("[[fault]] symbol: {venue} has no \"{symbol}\"; it has {known}");
            mistakes.add(node.place("symbol"), text);
        }
        list.push(fault);
    }
    list
}

fn read(node: &Node) -> FaultSpec {
    let text = |name: &str| node.str(name).map(str::to_owned);
    let count = |name: &str| node.int(name).and_then(|n| u64::try_from(n).ok());
    let decimal = |name: &str| node.dec(name).map(|d| d.to_string());
    FaultSpec {
        venue: text("venue").unwrap_or_default(),
        kind: text("kind").unwrap_or_default(),
        scope: text("scope"),
        at_ms: count("at_ms"),
        every_ms: count("every_ms"),
        for_ms: count("for_ms"),
        after: count("after"),
        count: count("count"),
        symbol: text("symbol"),
        stream: text("stream"),
        request: text("request"),
        delay_ms: count("delay_ms"),
        skew_ms: node.int("skew_ms"),
        http_status: node.int("http_status").and_then(|n| u16::try_from(n).ok()),
        code: node.int("code").and_then(|n| i32::try_from(n).ok()),
        done: node.bool("done"),
        ending: text("ending"),
        layer: text("layer"),
        mode: text("mode"),
        trading_status: text("trading_status"),
        price_step: decimal("price_step"),
        quantity_step: decimal("quantity_step"),
        min_quantity: decimal("min_quantity"),
        min_notional: decimal("min_notional"),
        max_orders: count("max_orders"),
        percent: count("percent"),
    }
}

const TIME: Kind = Kind::Int { min: 0, max: 31_622_400_000 };
const COUNT: Kind = Kind::Int { min: 0, max: i64::MAX };
const STEP: Kind = Kind::Dec { min: "0", max: "1000000000", decimals: 16 };
const NONE: Left = Left::Out("none");
const KIND: Left = Left::Out("as the kind says");

/// One fault.
pub(super) static FAULT: Table = Table {
    header: "[[fault]]",
    doc: "What goes wrong at a simulated venue; docs/simulated-venues.md lists the kinds and what each takes.",
    keys: &[
        key("venue", Kind::Word(Word::Name), Left::Required, "", "Which venue."),
        key("kind", Kind::Word(Word::Name), Left::Required, "", "What goes wrong: drop, stall, lose-answer, ..."),
        key(
            "scope",
            Kind::Enum(&["any", "stream", "rest", "ws-api", "user-data"], &[]),
            KIND,
            "",
            "Which connections or messages.",
        ),
        key("at_ms", TIME, Left::Out("at once"), "ms", "When it begins, from the start."),
        key("every_ms", TIME, Left::Out("once"), "ms", "It begins anew so long after each beginning."),
        key("for_ms", TIME, KIND, "ms", "How long it lasts."),
        key(
            "after",
            COUNT,
            Left::Out("none has to"),
            "",
            "It begins when so many messages or requests of its scope have passed.",
        ),
        key(
            "count",
            COUNT,
            Left::Out("one, or all of for_ms"),
            "",
            "How many messages, requests or connections it hits.",
        ),
        key("symbol", Kind::Word(Word::Symbol), Left::Out("all"), "", "Which symbol alone."),
        key("stream", Kind::Word(Word::Text), Left::Out("all"), "", "Which stream alone: btcusdt@trade."),
        key("request", Kind::Word(Word::Text), KIND, "", "Which request alone: order.place, POST /api/v3/order."),
        key("delay_ms", TIME, KIND, "ms", "How long something is late."),
        key(
            "skew_ms",
            Kind::Int { min: -31_622_400_000, max: 31_622_400_000 },
            NONE,
            "ms",
            "How far the venue's clock is ahead; below zero: behind.",
        ),
        key("http_status", Kind::Int { min: 400, max: 599 }, KIND, "", "HTTP status of a refusal."),
        key("code", Kind::Int { min: -1007, max: -1006 }, Left::Out("-1007"), "", "Error code of unknown-outcome."),
        key("done", Kind::Bool, Left::Out("false"), "", "Whether the request was carried out all the same."),
        key("ending", Kind::Enum(&["silence", "drop"], &[]), Left::Out("silence"), "", "What follows a lost answer."),
        key("layer", Kind::Enum(&["payload", "frame"], &[]), Left::Out("payload"), "", "What garbage stands for."),
        key("mode", Kind::Enum(&["alert", "certificate"], &[]), Left::Out("alert"), "", "How TLS fails."),
        key(
            "trading_status",
            Kind::Enum(&["TRADING", "CANCEL_ONLY", "HALT", "BREAK", "END_OF_DAY"], &[]),
            NONE,
            "",
            "A symbol's new status.",
        ),
        key("price_step", STEP, NONE, "", "A symbol's new price step."),
        key("quantity_step", STEP, NONE, "", "A symbol's new quantity step."),
        key("min_quantity", STEP, NONE, "", "A symbol's new least quantity."),
        key("min_notional", STEP, NONE, "", "A symbol's new least notional."),
        key("max_orders", COUNT, NONE, "", "A symbol's new limit of open orders an account."),
        key("percent", Kind::Int { min: 1, max: 100 }, KIND, "%", "Share of an order's open quantity that is filled."),
    ],
};
