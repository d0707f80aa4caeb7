//! The page of a backtest. Cold.

use crosstick_model::decision::Route;
use crosstick_model::{Amount, Kind, Universe};
use crosstick_risk::{Pnl, Risk};

use super::charts;
use super::collect::{OfRoute, Story};
use super::latency::Rerun;
use super::measure::Measures;
use crate::config::Config;
use crate::page::number::{count, money, percent, span};
use crate::page::{Datum, Page};
use crate::report::SessionReport;

/// All that the page shows.
pub struct Shown<'a> {
    /// The config.
    pub config: &'a Config,
    /// Its universe.
    pub universe: &'a Universe,
    /// The `--data` arguments.
    pub data: &'a [String],
    /// The report.
    pub report: &'a SessionReport,
    /// The figures.
    pub measures: &'a Measures,
    /// What happened.
    pub story: &'a Story,
    /// Results by instrument.
    pub by_instrument: &'a [OfInstrument],
    /// The session at other latencies.
    pub reruns: &'a [Rerun],
}

/// An instrument's result, in the risk currency.
pub struct OfInstrument {
    market: String,
    venue: String,
    symbol: String,
    position: String,
    pnl: Pnl,
}

/// Every instrument's result.
pub fn by_instrument(universe: &Universe, risk: &Risk) -> Vec<OfInstrument> {
    let rows = risk.positions().map(|position| {
        let instrument = universe.instrument(position.instrument);
        let unit = match instrument.kind {
            Kind::Inverse => "contracts",
            Kind::Spot | Kind::Linear => universe.asset_name(instrument.base),
        };
        OfInstrument {
            market: instrument.market.map_or("–", |m| &*universe.markets[m.index()].name).to_owned(),
            venue: universe.venue(instrument.venue).name.to_string(),
            symbol: instrument.symbol.to_string(),
            position: format!("{} {unit}", position.quantity),
            pnl: position.pnl,
        }
    });
    rows.collect()
}

/// Writes it.
pub fn page(shown: &Shown<'_>) -> String {
    let report = shown.report;
    let span_words = span((report.duration_s * 1e9) as u64);
    let subtitle = format!("{span_words} of recorded market, {} ticks, in virtual time", count(report.ticks));
    let mut page = Page::new("Backtest", subtitle);
    page.note(shown.data.join("  "));
    if let Some(halt) = &report.halt {
        page.warning(format!("Trading halted by {}. {}", halt.code, halt.reason));
    }
    page.tiles(&tiles(shown));

    page.heading("Result over time");
    page.charts(&charts::equity(&shown.story.equity, &report.pnl.currency));
    page.heading("Opportunities");
    if shown.story.opportunities.is_empty() {
        page.note(
            "There was none: no spread was worth min_edge_bps after both fees. See strategy.spread in the config.",
        );
    } else {
        page.charts(&charts::opportunities(&shown.story.opportunities));
    }
    page.heading("Fills against edge");
    if shown.story.pairs.is_empty() {
        page.note("No pair of orders was sent and ended.");
    } else {
        page.charts(&charts::fills(&shown.story.pairs));
    }
    latency(&mut page, shown);
    routes(&mut page, shown);
    instruments(&mut page, shown);
    feeds(&mut page, report);
    page.heading("What this is");
    page.note(
        "Recorded ticks went through the core, risk gate and paper gateway of a run, in virtual time. An order meets \
         the quote that stands when it arrives, latency after the decision, and takes the size shown there, less what \
         ours took before. It does not move the market: nobody reacts to it, and what it took is not missing from \
         later quotes of another size. Resting orders fill only when a trade prints through their price or the other \
         side reaches it. docs/paper.md says the rest.",
    );
    page.note(format!("decisions_hash {}", report.decisions_hash));
    page.folded("The effective config", shown.config.effective());
    page.html()
}

fn tiles(shown: &Shown<'_>) -> Vec<(&'static str, String, String)> {
    let (r, m) = (shown.report, shown.measures);
    let currency = &r.pnl.currency;
    let share = |part: u64, whole: u64, of: &str| format!("{} of {of}", percent(part, whole));
    let per_pair = if m.pairs == 0 { "–".into() } else { money(Amount(m.net.0 / i128::from(m.pairs)), 4) };
    vec![
        ("Net result", format!("{} {currency}", money(m.net, 2)), format!("{per_pair} a pair")),
        ("Before fees", money(m.realised, 2), "realised".into()),
        ("Fees", money(m.fees, 2), String::new()),
        ("Deepest drawdown", money(m.drawdown, 2), "looked at after every tick".into()),
        ("Opportunities", count(m.seen), share(m.taken, m.seen, "them taken")),
        ("Orders", count(m.orders), share(r.orders.filled, m.orders, "them filled whole")),
        ("Pairs", count(m.pairs), share(m.clean, m.pairs, "them clean")),
        ("One leg failed", count(m.closed + m.unhedged), format!("{} could not be closed", count(m.unhedged))),
    ]
}

fn latency(page: &mut Page, shown: &Shown<'_>) {
    if shown.reruns.is_empty() {
        return;
    }
    page.heading("Sensitivity to latency");
    let currency = &shown.report.pnl.currency;
    page.charts(&charts::latency(shown.reruns, currency));
    let rows: Vec<Vec<Datum>> = shown
        .reruns
        .iter()
        .map(|run| {
            let m = &run.measures;
            let own = if run.own { " (the config's)" } else { "" };
            vec![
                Datum::number(format!("{}{own}", span(run.latency_us * 1_000))),
                Datum::number(money(m.net, 4)),
                Datum::number(money(m.drawdown, 4)),
                Datum::number(count(m.pairs)),
                Datum::number(percent(m.clean, m.pairs)),
                Datum::number(percent(m.empty, m.pairs)),
                Datum::number(percent(m.closed + m.unhedged, m.pairs)),
                Datum::words(m.halted.as_deref().unwrap_or("")),
            ]
        })
        .collect();
    let net = format!("net, {currency}");
    let fall = format!("drawdown, {currency}");
    page.table(&["latency", &net, &fall, "pairs", "clean", "empty", "one leg failed", "halted"], &rows);
}

fn routes(page: &mut Page, shown: &Shown<'_>) {
    if shown.story.routes.is_empty() {
        return;
    }
    page.heading("By market and pair of venues");
    let universe = shown.universe;
    let mut routes: Vec<(&Route, &OfRoute)> = shown.story.routes.iter().collect();
    routes.sort_by_key(|(route, of)| (std::cmp::Reverse(of.captured), **route));
    let name = |route: &Route| {
        let (buy, sell) = (&universe.venue(route.buy).name, &universe.venue(route.sell).name);
        [universe.markets[route.market.index()].name.to_string(), buy.to_string(), sell.to_string()]
    };
    let bars: Vec<(String, Amount)> = routes
        .iter()
        .filter(|(_, of)| of.pairs > 0)
        .map(|(route, of)| {
            let [market, buy, sell] = name(route);
            (format!("{market} {buy} > {sell}"), of.captured)
        })
        .collect();
    let currency = &shown.report.pnl.currency;
    if !bars.is_empty() {
        page.charts(&charts::routes(&bars, currency));
    }
    let rows: Vec<Vec<Datum>> = routes
        .iter()
        .map(|(route, of)| {
            let [market, buy, sell] = name(route);
            vec![
                Datum::words(market),
                Datum::words(buy),
                Datum::words(sell),
                Datum::number(count(of.seen)),
                Datum::number(count(of.taken)),
                Datum::number(bps(of.best_edge_ppm)),
                Datum::number(count(of.pairs)),
                Datum::number(percent(of.whole, of.pairs)),
                Datum::number(money(of.captured, 4)),
            ]
        })
        .collect();
    let captured = format!("captured, {currency}");
    page.table(
        &["market", "buy on", "sell on", "seen", "taken", "best edge, bps", "pairs", "both legs whole", &captured],
        &rows,
    );
    page.note(
        "Captured: of what both legs of a pair filled alike, sold minus bought minus the fees of both. What one leg filled \
         more, its closing and its price since are in the results by instrument alone.",
    );
}

fn bps(ppm: i64) -> String {
    format!("{}{}.{:02}", if ppm < 0 { "-" } else { "" }, ppm.unsigned_abs() / 100, ppm.unsigned_abs() % 100)
}

fn instruments(page: &mut Page, shown: &Shown<'_>) {
    page.heading("By instrument");
    let rows: Vec<Vec<Datum>> = shown
        .by_instrument
        .iter()
        .map(|of| {
            vec![
                Datum::words(&of.market),
                Datum::words(&of.venue),
                Datum::words(&of.symbol),
                Datum::number(&of.position),
                Datum::number(money(of.pnl.realised, 4)),
                Datum::number(money(of.pnl.fees, 4)),
                Datum::number(money(of.pnl.unrealised, 4)),
                Datum::number(money(of.pnl.net, 4)),
            ]
        })
        .collect();
    let net = format!("net, {}", shown.report.pnl.currency);
    page.table(&["market", "venue", "symbol", "position", "realised", "fees", "unrealised", &net], &rows);
}

fn feeds(page: &mut Page, report: &SessionReport) {
    page.heading("The data");
    let rows: Vec<Vec<Datum>> = report
        .feeds
        .iter()
        .map(|feed| {
            let refused: Vec<String> = feed.refused.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
            vec![
                Datum::words(&feed.venue),
                Datum::number(count(feed.frames)),
                Datum::number(count(feed.quotes)),
                Datum::number(count(feed.trades)),
                Datum::number(count(feed.other)),
                Datum::number(count(feed.trade_gaps)),
                Datum::words(if refused.is_empty() { "none".into() } else { refused.join(", ") }),
            ]
        })
        .collect();
    page.table(&["venue", "frames or rows", "quotes", "trades", "other", "trades missing", "refused"], &rows);
}
