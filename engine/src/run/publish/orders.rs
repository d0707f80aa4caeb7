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
