//! What happened as rows of tables: names for numbers, exact decimals for mantissas. Cold.

use crosstick_model::{
    Command, CommandKind, Fill, Instrument, InstrumentId, Intent, Liquidity, Market, MarketId, Purpose, Report,
    ReportKind, Tick, TickFlags, TickKind, TimeInForce, Universe, VenueId,
};

use super::table::Cell;
use super::trail::{End, Placed, Seen};

/// Names and decimals of a universe. A number that is none of it has no name: its cell is null.
#[derive(Clone, Copy)]
pub struct Names<'u>(pub &'u Universe);

impl<'u> Names<'u> {
    fn venue(self, id: VenueId) -> Cell<'u> {
        self.0.venues.get(usize::from(id.0)).map(|v| &*v.name).into()
    }

    fn market(self, id: Option<MarketId>) -> Option<&'u Market> {
        self.0.markets.get(usize::from(id?.0))
    }

    fn market_name(self, id: Option<MarketId>) -> Cell<'u> {
        self.market(id).map(|m| &*m.name).into()
    }

    fn instrument(self, id: InstrumentId) -> Option<&'u Instrument> {
        self.0.instruments.get(id.index())
    }

    fn place(self, id: InstrumentId) -> [Cell<'u>; 2] {
        let instrument = self.instrument(id);
        let venue = instrument.map_or(Cell::Null, |i| self.venue(i.venue));
        [venue, instrument.map(|i| &*i.symbol).into()]
    }

    fn asset(self, id: crosstick_model::AssetId) -> Cell<'u> {
        self.0.assets.get(id.index()).map(|name| &**name).into()
    }

    fn price(self, id: InstrumentId, mantissa: i64) -> Cell<'u> {
        self.instrument(id).map(|i| i.scale.price(mantissa)).into()
    }

    fn quantity(self, id: InstrumentId, mantissa: i64) -> Cell<'u> {
        self.instrument(id).map(|i| i.scale.quantity(mantissa)).into()
    }

    /// A row of [`super::columns::TICKS`].
    #[must_use]
    pub fn tick(self, tick: &Tick) -> [Cell<'u>; 16] {
        let mut row = [Cell::Null; 16];
        row[0] = Cell::Count(tick.recv_ns);
        row[14] = Cell::Count(u64::from(tick.flags.line()));
        if let Some((venue, live)) = tick.as_line_state() {
            row[1] = Cell::Text("line");
            row[2] = self.venue(venue);
            row[15] = Cell::Flag(live);
            return row;
        }
        [row[2], row[3]] = self.place(tick.instrument);
        let price = |mantissa: i64| self.price(tick.instrument, mantissa);
        let quantity = |mantissa: i64| self.quantity(tick.instrument, mantissa);
        let [a, b, c, d] = tick.values;
        if tick.kind == TickKind::Quote {
            row[1] = Cell::Text("quote");
            [row[4], row[5], row[6], row[7]] = [price(a), quantity(b), price(c), quantity(d)];
        } else {
            row[1] = Cell::Text("trade");
            [row[8], row[9]] = [price(a), quantity(b)];
            row[10] = Cell::Text(if tick.flags.has(TickFlags::TAKER_SOLD) { "sell" } else { "buy" });
            row[11] = Cell::Flag(tick.flags.has(TickFlags::OFF_MARKET));
        }
        row[12] = Cell::Count(tick.venue_seq);
        if tick.exchange_offset_us != Tick::NO_EXCHANGE_TIME {
            row[13] = Cell::Int(i64::from(tick.exchange_offset_us));
        }
        row
    }

    /// A row of [`super::columns::OPPORTUNITIES`].
    #[must_use]
    pub fn opportunity(self, seen: &Seen) -> [Cell<'u>; 12] {
        let scale = self.market(Some(seen.route.market)).map(|m| m.scale);
        let price = |mantissa| scale.map(|s| s.price(mantissa)).into();
        [
            Cell::Count(seen.id),
            self.market_name(Some(seen.route.market)),
            self.venue(seen.route.buy),
            self.venue(seen.route.sell),
            Cell::Count(seen.begin_ns),
            seen.end_ns.into(),
            Cell::Int(seen.first_edge_ppm),
            seen.best_edge_ppm.into(),
            price(seen.buy_price),
            price(seen.sell_price),
            scale.map(|s| s.quantity(seen.quantity)).into(),
            seen.outcome.map(|o| o.code()).into(),
        ]
    }

    /// A row of [`super::columns::INTENTS`].
    #[must_use]
    pub fn intent(self, at_ns: u64, intent: &Intent) -> [Cell<'u>; 11] {
        let [venue, symbol] = self.place(intent.instrument);
        [
            Cell::Count(at_ns),
            Cell::Count(intent.group.0),
            Cell::Count(u64::from(intent.leg)),
            self.market_name(self.instrument(intent.instrument).and_then(|i| i.market)),
            venue,
            symbol,
            Cell::Text(intent.side.name()),
            purpose(intent.purpose),
            time_in_force(intent.time_in_force),
            self.price(intent.instrument, intent.price),
            self.quantity(intent.instrument, intent.quantity),
        ]
    }

    /// A row of [`super::columns::ORDERS`].
    #[must_use]
    pub fn order(self, placed: &Placed) -> [Cell<'u>; 20] {
        let intent = &placed.order.intent;
        let [venue, symbol] = self.place(intent.instrument);
        let reject = match placed.end {
            End::Rejected(reason) => Cell::Text(reason.name()),
            _ => Cell::Null,
        };
        [
            Cell::Count(placed.order.id.0),
            Cell::Count(intent.group.0),
            Cell::Count(u64::from(intent.leg)),
            placed.opportunity.into(),
            placed.edge_ppm.into(),
            self.market_name(self.instrument(intent.instrument).and_then(|i| i.market)),
            venue,
            symbol,
            Cell::Text(intent.side.name()),
            purpose(intent.purpose),
            time_in_force(intent.time_in_force),
            self.price(intent.instrument, intent.price),
            self.quantity(intent.instrument, intent.quantity),
            Cell::Count(placed.order.decided_ns),
            placed.first_report_ns.into(),
            placed.ended_ns.into(),
            Cell::Text(placed.end.name()),
            reject,
            self.quantity(intent.instrument, placed.filled),
            placed.notional.into(),
        ]
    }

    /// A row of [`super::columns::FILLS`]; what only the order tells is null where it is not known.
    #[must_use]
    pub fn fill(self, report: &Report, fill: &Fill, placed: Option<&Placed>) -> [Cell<'u>; 18] {
        let intent = placed.map(|p| &p.order.intent);
        let instrument = self.instrument(report.instrument);
        let [venue, symbol] = self.place(report.instrument);
        let base = instrument.and_then(|i| Some(i.scale.quantity(i.base_quantity(fill.price, fill.quantity)?)));
        [
            Cell::Count(report.at_ns),
            Cell::Count(report.order.0),
            intent.map(|i| i.group.0).into(),
            intent.map(|i| u64::from(i.leg)).into(),
            placed.and_then(|p| p.opportunity).into(),
            self.market_name(instrument.and_then(|i| i.market)),
            venue,
            symbol,
            intent.map(|i| i.side.name()).into(),
            intent.map_or(Cell::Null, |i| purpose(i.purpose)),
            self.price(report.instrument, fill.price),
            self.quantity(report.instrument, fill.quantity),
            base.into(),
            instrument.and_then(|i| i.notional(fill.price, fill.quantity)).into(),
            instrument.map_or(Cell::Null, |i| self.asset(i.quote)),
            fill.fee.into(),
            self.asset(fill.fee_asset),
            liquidity(fill.liquidity),
        ]
    }

    /// A row of [`super::columns::REPORTS`].
    #[must_use]
    pub fn report(self, report: &Report) -> [Cell<'u>; 12] {
        let mut row = [Cell::Null; 12];
        row[0] = Cell::Count(report.at_ns);
        row[1] = Cell::Count(report.order.0);
        [row[2], row[3]] = self.place(report.instrument);
        match &report.kind {
            ReportKind::Accepted => row[4] = Cell::Text("accepted"),
            ReportKind::Filled(fill) => {
                row[4] = Cell::Text("filled");
                row[5] = self.price(report.instrument, fill.price);
                row[6] = self.quantity(report.instrument, fill.quantity);
                row[7] = fill.fee.into();
                row[8] = self.asset(fill.fee_asset);
                row[9] = liquidity(fill.liquidity);
            }
            ReportKind::Cancelled { unfilled } => {
                row[4] = Cell::Text("cancelled");
                row[10] = self.quantity(report.instrument, *unfilled);
            }
            ReportKind::Rejected(reason) => {
                row[4] = Cell::Text("rejected");
                row[11] = Cell::Text(reason.name());
            }
        }
        row
    }
}

/// A row of [`super::columns::COMMANDS`].
#[must_use]
pub fn command(command: &Command) -> [Cell<'_>; 4] {
    let kind = match command.kind {
        CommandKind::Halt => "halt",
        CommandKind::Resume => "resume",
    };
    [Cell::Count(command.at_ns), Cell::Text(kind), Cell::Text(command.source.name()), Cell::Text(command.reason.text())]
}

fn purpose(purpose: Purpose) -> Cell<'static> {
    Cell::Text(match purpose {
        Purpose::Open => "open",
        Purpose::Close => "close",
    })
}

fn time_in_force(time: TimeInForce) -> Cell<'static> {
    Cell::Text(match time {
        TimeInForce::Ioc => "ioc",
        TimeInForce::Gtc => "gtc",
    })
}

fn liquidity(liquidity: Liquidity) -> Cell<'static> {
    Cell::Text(match liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    })
}
