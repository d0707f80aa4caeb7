//! Orders in flight, in slots. Hot; takes its memory at start.

use crosstick_execution::OrderState;
use crosstick_ipc::layout::{self, FillEvent, OrderRow, OrderStatus};
use crosstick_model::{Fill, Order, OrderId, Report, ReportKind};

/// Ended orders remembered for fills that come late.
const ENDED: usize = 64;
/// The slot of an order that found none.
const NO_SLOT: usize = usize::MAX;

#[derive(Debug, Clone, Copy)]
struct Followed {
    row: OrderRow,
    slot: usize,
}

/// Every order in flight or resting, as its row stands.
#[derive(Debug)]
pub struct Orders {
    open: Vec<Followed>,
    free: Vec<usize>,
    ended: Box<[OrderRow]>,
    ended_next: usize,
    /// Orders that found no free slot so far.
    pub not_shown: u64,
    /// Fills of known orders reported so far.
    pub fills: u64,
}

/// What a change has to be written as.
pub struct Change {
    /// The order as it stands after it.
    pub row: OrderRow,
    /// Its slot, if it has one, and what stands there now.
    pub slot: Option<(usize, OrderRow)>,
}

impl Orders {
    /// `slots`: rows of the table. `open_max`: as many orders as risk lets be open at a time.
    pub fn new(slots: usize, open_max: usize) -> Self {
        Self {
            open: Vec::with_capacity(open_max),
            free: (0..slots).rev().collect(),
            ended: vec![OrderRow::ZERO; ENDED].into(),
            ended_next: 0,
            not_shown: 0,
            fills: 0,
        }
    }

    /// An order was given to a gateway.
    pub fn sent(&mut self, at_ns: u64, order: &Order) -> Change {
        let intent = &order.intent;
        let row = OrderRow {
            id: order.id.0,
            group: intent.group.0,
            instrument: u32::from(intent.instrument.0),
            status: OrderStatus::Sent as u32,
            side: intent.side as u8,
            time_in_force: intent.time_in_force as u8,
            purpose: intent.purpose as u8,
            leg: intent.leg,
            price: intent.price,
            quantity: intent.quantity,
            sent_ns: at_ns,
            changed_ns: at_ns,
            ..OrderRow::ZERO
        };
        // Risk lets no more be open than there is room for; the vector would have to grow, and must not.
        let room = self.open.len() < self.open.capacity();
        let slot = if room { self.free.pop().unwrap_or(NO_SLOT) } else { NO_SLOT };
        self.not_shown += u64::from(slot == NO_SLOT);
        if room {
            self.open.push(Followed { row, slot });
        }
        Change { row, slot: (slot != NO_SLOT).then_some((slot, row)) }
    }

    /// News of an order; `None` when it is none of ours, or ended long ago.
    pub fn reported(&mut self, report: &Report, state: Option<OrderState>) -> Option<Change> {
        let Some(at) = self.open.iter().position(|o| o.row.id == report.order.0) else {
            return self.late(report);
        };
        let followed = self.open.get_mut(at)?;
        let row = &mut followed.row;
        apply(row, report, &mut self.fills);
        // A stray report moves no order.
        if let Some(state) = state {
            row.status = status(state) as u32;
        }
        let (row, slot) = (followed.row, followed.slot);
        let shown = if state.is_some_and(OrderState::is_final) {
            self.end(at);
            OrderRow::ZERO
        } else {
            row
        };
        Some(Change { row, slot: (slot != NO_SLOT).then_some((slot, shown)) })
    }

    fn end(&mut self, at: usize) {
        let ended = self.open.swap_remove(at);
        if ended.slot != NO_SLOT {
            self.free.push(ended.slot);
        }
        if let Some(place) = self.ended.get_mut(self.ended_next) {
            *place = ended.row;
            self.ended_next = (self.ended_next + 1) % ENDED;
        }
    }

    /// A report of an order that has ended: it keeps its status.
    fn late(&mut self, report: &Report) -> Option<Change> {
        let row = self.ended.iter_mut().find(|row| row.id == report.order.0 && row.id != 0)?;
        apply(row, report, &mut self.fills);
        Some(Change { row: *row, slot: None })
    }

    /// The order of that id as it stands, ended not long ago or open.
    pub fn find(&self, id: OrderId) -> Option<&OrderRow> {
        let open = self.open.iter().map(|o| &o.row);
        open.chain(&self.ended).find(|row| row.id == id.0 && row.id != 0)
    }
}

fn apply(row: &mut OrderRow, report: &Report, fills: &mut u64) {
    row.changed_ns = report.at_ns;
    match report.kind {
        ReportKind::Filled(fill) => {
            row.filled = row.filled.saturating_add(fill.quantity);
            *fills += 1;
        }
        ReportKind::Rejected(reason) => row.reason = layout::reject_number(Some(reason)),
        ReportKind::Accepted | ReportKind::Cancelled { .. } => {}
    }
}

const fn status(state: OrderState) -> OrderStatus {
    match state {
        OrderState::Sent => OrderStatus::Sent,
        OrderState::Accepted => OrderStatus::Accepted,
        OrderState::PartlyFilled => OrderStatus::PartlyFilled,
        OrderState::Filled => OrderStatus::Filled,
        OrderState::Cancelled => OrderStatus::Cancelled,
        OrderState::Rejected => OrderStatus::Rejected,
    }
}

/// A fill of an order as its record.
pub fn fill_event(order: &OrderRow, at_ns: u64, fill: &Fill, fee_asset: [u8; 16]) -> FillEvent {
    FillEvent {
        order: order.id,
        group: order.group,
        instrument: order.instrument,
        side: order.side,
        liquidity: fill.liquidity as u8,
        purpose: order.purpose,
        leg: order.leg,
        at_ns,
        price: fill.price,
        quantity: fill.quantity,
        fee: layout::amount_words(fill.fee),
        fee_asset,
        ..FillEvent::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crosstick_model::{
        Amount, AssetId, GroupId, InstrumentId, Intent, Liquidity, Purpose, RejectReason, Side, TimeInForce,
    };

    fn order(id: u64) -> Order {
        let intent = Intent {
            group: GroupId(id),
            leg: 0,
            instrument: InstrumentId(3),
            side: Side::Sell,
            price: 100,
            quantity: 10,
            time_in_force: TimeInForce::Ioc,
            purpose: Purpose::Close,
        };
        Order { id: OrderId(id), intent, decided_ns: 1 }
    }

    fn report(id: u64, at_ns: u64, kind: ReportKind) -> Report {
        Report { order: OrderId(id), instrument: InstrumentId(3), at_ns, kind }
    }

    fn filled(quantity: i64) -> ReportKind {
        let (fee, fee_asset) = (Amount::ZERO, AssetId(0));
        ReportKind::Filled(Fill { price: 99, quantity, fee, fee_asset, liquidity: Liquidity::Taker })
    }

    #[test]
    fn a_slot_is_free_again_when_its_order_has_ended() {
        let mut orders = Orders::new(1, 8);
        let first = orders.sent(5, &order(1));
        assert_eq!(first.slot.map(|(slot, row)| (slot, row.id, row.status)), Some((0, 1, OrderStatus::Sent as u32)));
        // No room: not shown in a slot, but followed all the same.
        assert!(orders.sent(5, &order(2)).slot.is_none());
        assert_eq!(orders.not_shown, 1);

        let part = orders.reported(&report(1, 6, filled(4)), Some(OrderState::PartlyFilled)).unwrap();
        assert_eq!((part.row.filled, part.row.changed_ns, part.slot.unwrap().1), (4, 6, part.row));
        let ended = ReportKind::Cancelled { unfilled: 6 };
        let over = orders.reported(&report(1, 7, ended), Some(OrderState::Cancelled)).unwrap();
        assert_eq!((over.row.status, over.row.filled), (OrderStatus::Cancelled as u32, 4));
        assert_eq!(over.slot, Some((0, OrderRow::ZERO)), "the slot is free");

        let refused = ReportKind::Rejected(RejectReason::NoQuote);
        let second = orders.reported(&report(2, 8, refused), Some(OrderState::Rejected)).unwrap();
        assert_eq!((second.row.id, second.row.reason, second.slot), (2, RejectReason::NoQuote as u32 + 1, None));
        assert_eq!(orders.sent(9, &order(3)).slot.map(|(slot, _)| slot), Some(0));
        assert_eq!((orders.not_shown, orders.fills), (1, 1));
    }

    #[test]
    fn a_late_fill_still_finds_its_order() {
        let mut orders = Orders::new(1, 8);
        orders.sent(5, &order(1));
        orders.reported(&report(1, 6, ReportKind::Cancelled { unfilled: 10 }), Some(OrderState::Cancelled)).unwrap();
        let late = orders.reported(&report(1, 7, filled(2)), None).unwrap();
        assert_eq!((late.row.filled, late.row.status, late.slot), (2, OrderStatus::Cancelled as u32, None));
        assert_eq!(orders.find(OrderId(1)).map(|row| row.side), Some(Side::Sell as u8));
        assert!(orders.reported(&report(9, 7, filled(2)), None).is_none(), "an order that was never sent");
    }

    #[test]
    fn more_orders_than_risk_lets_be_open_take_no_memory() {
        let mut orders = Orders::new(4, 2);
        let room = orders.open.capacity();
        for id in 1..=room as u64 + 5 {
            assert_eq!(orders.sent(1, &order(id)).row.id, id);
        }
        assert_eq!((orders.open.len(), orders.open.capacity()), (room, room));
    }
}
