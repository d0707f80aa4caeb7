//! Entries in words: what the journal's commands print. Cold.

use crosstick_model::decision::{Outcome, Route};
use crosstick_model::{Decimal, Decision, Intent, Side, Universe};

/// A decision record in one line: names instead of numbers, exact decimals.
#[must_use]
pub fn decision(record: &[u8], universe: &Universe) -> String {
    let Some(decision) = Decision::read(record) else {
        let hex: String = record.iter().map(|b| format!("{b:02x}")).collect();
        return format!("a decision that is none: {hex}");
    };
    match decision {
        Decision::OpportunityBegin { id, route, at_ns, edge_ppm, buy_price, sell_price, quantity } => {
            let scale = universe.markets.get(usize::from(route.market.0)).map(|m| m.scale);
            let (prices, quantities) = scale.map_or((0, 0), |s| (s.price_decimals, s.quantity_decimals));
            format!(
                "{at_ns} opportunity {id} begins: {}, {} ppm, buy at {}, sell at {}, quantity {}",
                way(route, universe),
                edge_ppm,
                decimal(buy_price, prices),
                decimal(sell_price, prices),
                decimal(quantity, quantities)
            )
        }
        Decision::OpportunityEnd { id, at_ns, best_edge_ppm, outcome } => {
            let outcome = match outcome {
                Outcome::Taken => "taken".to_owned(),
                other => format!("declined {}", other.code()),
            };
            format!("{at_ns} opportunity {id} ends: {outcome}, best edge {best_edge_ppm} ppm")
        }
        Decision::Intent { at_ns, intent } => format!("{at_ns} intent {}", intent_words(&intent, universe)),
        Decision::Verdict { at_ns, group, denied: None } => format!("{at_ns} group {} approved", group.0),
        Decision::Verdict { at_ns, group, denied: Some((leg, code)) } => {
            format!("{at_ns} group {} denied at leg {leg}: {} ({})", group.0, code.code(), code.sentence())
        }
        Decision::Order(order) => {
            format!("{} order {}: {}", order.decided_ns, order.id.0, intent_words(&order.intent, universe))
        }
        Decision::Halt { at_ns, code } => format!("{at_ns} halt: {} ({})", code.code(), code.sentence()),
        Decision::Resume { at_ns } => format!("{at_ns} resume"),
    }
}

fn way(route: Route, universe: &Universe) -> String {
    let market = universe.markets.get(usize::from(route.market.0)).map_or("?", |m| &*m.name);
    let venue = |id: crosstick_model::VenueId| {
        universe.venues.get(usize::from(id.0)).map_or_else(|| "?".to_owned(), |v| v.name.to_string())
    };
    format!("{market}, buy on {}, sell on {}", venue(route.buy), venue(route.sell))
}

fn intent_words(intent: &Intent, universe: &Universe) -> String {
    let instrument = universe.instruments.get(intent.instrument.index());
    let (name, prices, quantities) = instrument.map_or_else(
        || (format!("instrument {}", intent.instrument.0), 0, 0),
        |i| {
            let venue = universe.venues.get(usize::from(i.venue.0)).map_or("?", |v| &*v.name);
            (format!("{venue} {}", i.symbol), i.scale.price_decimals, i.scale.quantity_decimals)
        },
    );
    let side = match intent.side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    };
    format!(
        "group {} leg {}: {side} {} {name} at {} ({:?}, {:?})",
        intent.group.0,
        intent.leg,
        decimal(intent.quantity, quantities),
        decimal(intent.price, prices),
        intent.time_in_force,
        intent.purpose
    )
}

fn decimal(mantissa: i64, decimals: u8) -> Decimal {
    Decimal::new(i128::from(mantissa), decimals)
}
