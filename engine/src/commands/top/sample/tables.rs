//! Tables of the region, row by row.

use crosstick_ipc::Reader;
use crosstick_ipc::layout::{
    self, FeedRow, LimitKind, OrderStatus, PriceFlags, PriceRow, SpreadFlags, SpreadRow, TurnRow, text,
};
use crosstick_model::{DenyCode, InstrumentId, Purpose, Side};

use super::names::{Names, clean};
use super::rates::{Key, Rates};
use crate::commands::top::scene::{
    Balance, Counter, Edge, Feed, Limit, OpenOrder, Position, Price, Scene, Stage, Turns,
};
use crate::commands::top::units::{Number, amount_text, fixed, grouped};

/// Fills all of the scene that comes from tables with a row for each thing.
pub fn fill(reader: &Reader, names: &Names, rates: &mut Rates, scene: &mut Scene) {
    scene.feeds = reader.feeds().iter().map(|row| feed(row, names, rates)).collect();
    prices_and_positions(reader, names, rates, scene);
    scene.edges = reader.spreads().iter().map(|row| edge(row, names)).collect();
    scene.orders = reader.open_orders().iter().map(|row| order(row, names)).collect();
    scene.balances = balances(reader, names);
    scene.limits = reader.limits().iter().map(limit).collect();
    if let Some(row) = reader.denied() {
        let named = |(code, count): (&DenyCode, &u64)| (code.code().to_owned(), *count);
        scene.denied = DenyCode::ALL.iter().zip(&row.counts).map(named).collect();
    }
    scene.stages = stages(reader);
    scene.turns = reader.rows(layout::table::TURNS).iter().map(turns).collect();
}

fn counter(rates: &mut Rates, key: Key, count: u64) -> Counter {
    Counter { count, rate: rates.of(key, count) }
}

fn feed(row: &FeedRow, names: &Names, rates: &mut Rates) -> Feed {
    let line = u64::from(row.venue) << 32 | u64::from(row.line);
    Feed {
        venue: names.venue(row.venue),
        line: row.line,
        live: row.connected == 1,
        lagging: false,
        frames: counter(rates, ("frames", line), row.frames),
        bytes: counter(rates, ("bytes", line), row.bytes),
        trades: counter(rates, ("line trades", line), row.trades),
        quotes: counter(rates, ("line quotes", line), row.quotes),
        last_recv_ns: row.last_recv_ns,
        lag_us: (row.last_recv_ns != 0).then_some(row.lag_us),
        refused: row.refused,
        gaps: row.trade_gaps,
        duplicates: row.trade_duplicates,
        connects: row.connects,
        ring_full: row.ring_full,
    }
}

fn prices_and_positions(reader: &Reader, names: &Names, rates: &mut Rates, scene: &mut Scene) {
    let (mut prices, mut positions) = (Vec::new(), Vec::new());
    let mut lagging: Vec<String> = Vec::new();
    for (index, instrument) in names.instruments().iter().enumerate() {
        let Ok(id) = u16::try_from(index) else { break };
        let i = u32::from(id);
        let row = reader.price(InstrumentId(id)).unwrap_or(PriceRow::ZERO);
        if row.flags & PriceFlags::LAGGING != 0 && !lagging.contains(&instrument.venue) {
            lagging.push(instrument.venue.clone());
        }
        let (quoted, traded) = (row.flags & PriceFlags::HAS_QUOTE != 0, row.flags & PriceFlags::HAS_TRADE != 0);
        let price = |there: bool, mantissa: i64| if there { names.price(i, mantissa) } else { Number::none() };
        let quantity = |there: bool, mantissa: i64| if there { names.quantity(i, mantissa) } else { Number::none() };
        prices.push(Price {
            market: instrument.market.clone(),
            venue: instrument.venue.clone(),
            symbol: instrument.symbol.clone(),
            bid: price(quoted, row.bid),
            bid_quantity: quantity(quoted, row.bid_quantity),
            ask: price(quoted, row.ask),
            ask_quantity: quantity(quoted, row.ask_quantity),
            last: price(traded, row.trade_price),
            spread_ppm: spread_ppm(&row).filter(|_| quoted),
            quote_ns: if quoted { row.quote_recv_ns } else { 0 },
            trade_ns: if traded { row.trade_recv_ns } else { 0 },
            // As of when the row was written; a quote gets stale without a new row.
            usable: row.flags & PriceFlags::USABLE != 0
                && (row.usable_until_ns == 0 || scene.now_ns < row.usable_until_ns),
            quotes: counter(rates, ("quotes", u64::from(i)), row.quotes),
            trades: counter(rates, ("trades", u64::from(i)), row.trades),
        });
        if let Some(row) = reader.position(InstrumentId(id)) {
            positions.push(Position {
                venue: instrument.venue.clone(),
                symbol: instrument.symbol.clone(),
                unit: instrument.unit.clone(),
                quantity: names.quantity(i, row.quantity),
                realised: layout::amount(row.realised).0,
                fees: layout::amount(row.fees).0,
                unrealised: layout::amount(row.unrealised).0,
            });
        }
    }
    for feed in &mut scene.feeds {
        feed.lagging = lagging.contains(&feed.venue);
    }
    // Market by market, as the eye compares them.
    prices.sort_by(|a, b| a.market.cmp(&b.market));
    (scene.prices, scene.positions) = (prices, positions);
}

fn spread_ppm(row: &PriceRow) -> Option<i64> {
    let (bid, ask) = (i128::from(row.bid), i128::from(row.ask));
    if bid <= 0 { None } else { i64::try_from((ask - bid) * 1_000_000 / bid).ok() }
}

fn edge(row: &SpreadRow, names: &Names) -> Edge {
    let usable = row.flags & SpreadFlags::USABLE != 0;
    Edge {
        market: names.market(row.market),
        buy: names.venue(row.buy_venue),
        sell: names.venue(row.sell_venue),
        ask: if row.buy_price > 0 { names.market_price(row.market, row.buy_price) } else { Number::none() },
        bid: if row.sell_price > 0 { names.market_price(row.market, row.sell_price) } else { Number::none() },
        // From 1e-8 to 1e-6.
        fees_ppm: row.buy_fee.saturating_add(row.sell_fee) / 100,
        edge_ppm: usable.then_some(row.edge_ppm),
        best_ppm: (row.flags & SpreadFlags::HAS_BEST != 0).then_some(row.best_edge_ppm),
        usable,
    }
}

fn order(row: &layout::OrderRow, names: &Names) -> OpenOrder {
    let (venue, symbol) = names.instrument(row.instrument);
    OpenOrder {
        id: row.id,
        venue,
        symbol,
        buy: row.side == Side::Buy as u8,
        price: names.price(row.instrument, row.price),
        quantity: names.quantity(row.instrument, row.quantity),
        filled: names.quantity(row.instrument, row.filled),
        sent_ns: row.sent_ns,
        state: OrderStatus::from_number(row.status).map_or("unknown", OrderStatus::name).replace('_', " "),
        purpose: if row.purpose == Purpose::Close as u8 { "close" } else { "open" }.into(),
    }
}

fn balances(reader: &Reader, names: &Names) -> Vec<Balance> {
    let row = |row: &layout::BalanceRow| Balance {
        venue: names.venue(row.venue),
        asset: clean(&text(&row.asset)),
        free: layout::amount(row.free).0,
        locked: layout::amount(row.locked).0,
        total: layout::amount(row.total).0,
        initial: layout::amount(row.initial).0,
    };
    reader.balances().iter().map(row).collect()
}

fn limit(row: &layout::LimitRow) -> Limit {
    let decimals = u8::try_from(row.decimals).unwrap_or(0).min(18);
    let kind = LimitKind::from_number(row.kind);
    let number = |words| {
        let value = layout::wide(words);
        let key = value as f64;
        let text = match kind {
            Some(LimitKind::Currency) if decimals == crosstick_model::amount::AMOUNT_DECIMALS => amount_text(value, 2),
            Some(LimitKind::Orders) if decimals == 0 && value >= 0 => {
                u64::try_from(value).map_or_else(|_| fixed(value, 0), grouped)
            }
            _ => fixed(value, decimals),
        };
        Number { text, key }
    };
    let (used, of) = (layout::wide(row.used), layout::wide(row.limit));
    // A collar is no store that fills up.
    let fills_up = of > 0 && matches!(kind, Some(LimitKind::Currency | LimitKind::Orders));
    Limit {
        name: clean(&text(&row.name)),
        unit: kind.map_or("", LimitKind::name).to_owned(),
        used: number(row.used),
        limit: number(row.limit),
        headroom: number(row.headroom),
        share: fills_up.then(|| used as f64 / of as f64),
        breaches: row.breaches,
        denied: row.denied,
        halts: row.halting != 0,
    }
}

fn turns(row: &TurnRow) -> Turns {
    let kinds =
        [(row.work, row.work_worst_ns), (row.preempted, row.preempted_worst_ns), (row.stalled, row.stalled_worst_ns)];
    Turns { thread: clean(&text(&row.thread)), limit_ns: row.limit_ns, kinds }
}

fn stages(reader: &Reader) -> Vec<Stage> {
    let stage = |s: crosstick_ipc::reader::StageLatency| {
        let summary = s.counted.summary();
        Stage {
            name: clean(&s.name),
            from: clean(&s.from),
            to: clean(&s.to),
            count: summary.count,
            p50: summary.p50,
            p90: summary.p90,
            p99: summary.p99,
            p999: summary.p999,
            max: summary.max,
            buckets: s.counted.buckets().collect(),
        }
    };
    reader.latency().into_iter().map(stage).collect()
}
