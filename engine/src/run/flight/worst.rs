//! The ticks that took longest, with every stamp of their way.
//!
//! **Hot:** one comparison a tick. **Cold:** a tick that gets in takes the place of the shortest; that happens ever
//! more rarely. Takes its memory at start. What the reader knows of a tick is looked up later, between turns.

use crosstick_ipc::Table;
use crosstick_ipc::layout::{Reached, WorstTickRow};

use super::batches::{self, Batches};

/// How many are kept.
pub const WORST: usize = 32;
/// Least time between two publications, ns.
const EVERY_NS: u64 = 1_000_000;
/// Rows looked up, and rows written, at one time.
const AT_ONCE: u32 = 4;
/// How often the reader's half is looked for: a reader that was held up writes it late.
const TRIES: u16 = 1_000;

#[derive(Debug, Clone, Copy)]
struct Slot {
    row: WorstTickRow,
    reader: u16,
    tries: u16,
}

/// The worst so far.
#[derive(Debug)]
pub struct Worst {
    slots: Box<[Slot; WORST]>,
    /// The shortest total of all slots; 0 while one is free.
    floor_ns: u64,
    /// Where it is.
    floor_at: usize,
    /// Slots whose reader's half is not found yet, by bit.
    unfound: u32,
    /// Slots with news for the region, by bit.
    unshown: u32,
    /// Slots that wait for the first report of an order, by bit.
    unanswered: u32,
    done_ns: u64,
    table: Option<Table<WorstTickRow>>,
}

const _: () = assert!(WORST == u32::BITS as usize, "a bit a slot");

impl Worst {
    /// None yet; shown in `table`.
    #[must_use]
    pub fn new(table: Option<Table<WorstTickRow>>) -> Self {
        let free = Slot { row: WorstTickRow::ZERO, reader: 0, tries: 0 };
        Self {
            slots: Box::new([free; WORST]),
            floor_ns: 0,
            floor_at: 0,
            unfound: 0,
            unshown: 0,
            unanswered: 0,
            done_ns: 0,
            table,
        }
    }

    /// Whether a tick that took so long gets in.
    #[inline]
    #[must_use]
    pub const fn takes(&self, total_ns: u64) -> bool {
        total_ns > self.floor_ns
    }

    /// A tick that came by reader number `reader` and got in.
    #[cold]
    pub fn put(&mut self, row: WorstTickRow, reader: u16) {
        let bit = 1 << self.floor_at;
        let Some(slot) = self.slots.get_mut(self.floor_at) else { return };
        *slot = Slot { row, reader, tries: 0 };
        self.unfound |= bit;
        self.unshown |= bit;
        self.unanswered = if row.orders > 0 { self.unanswered | bit } else { self.unanswered & !bit };
        let totals = self.slots.iter().map(|slot| slot.row.total_ns).enumerate();
        // Of a total of nothing, the first free one.
        (self.floor_at, self.floor_ns) = totals.min_by_key(|(_, total)| *total).unwrap_or_default();
    }

    /// The first report of an order came at `at_ns`, ns since the epoch.
    #[inline]
    pub fn answered(&mut self, order: u64, at_ns: u64) {
        if self.unanswered != 0 {
            self.note_answer(order, at_ns);
        }
    }

    #[cold]
    fn note_answer(&mut self, order: u64, at_ns: u64) {
        for at in bits(self.unanswered) {
            let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.row.first_order == order) else { continue };
            slot.row.acknowledged_ns = at_ns.saturating_sub(slot.row.recv_ns);
            slot.row.reached |= Reached::ACKNOWLEDGED;
            self.unanswered &= !(1 << at);
            self.unshown |= 1 << at;
        }
    }

    /// Between turns: looks up what readers know, and shows what has news; some at a time.
    #[inline]
    pub fn turn(&mut self, now_ns: u64, batches: &[Batches]) {
        if self.unfound | self.unshown != 0 && now_ns.saturating_sub(self.done_ns) >= EVERY_NS {
            self.done_ns = now_ns;
            self.work(batches, AT_ONCE);
        }
    }

    /// The end of the run: everything.
    #[cold]
    pub fn finish(&mut self, batches: &[Batches]) {
        self.work(batches, u32::BITS);
    }

    /// The worst so far, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &WorstTickRow> {
        self.slots.iter().map(|slot| &slot.row).filter(|row| row.total_ns > 0)
    }

    fn work(&mut self, batches: &[Batches], at_once: u32) {
        for at in bits(self.unfound).take(at_once as usize) {
            let Some(slot) = self.slots.get_mut(at) else { continue };
            slot.tries += 1;
            let found = batches.get(usize::from(slot.reader)).and_then(|b| batches::find(b, slot.row.recv_ns));
            if let Some(found) = found {
                let row = &mut slot.row;
                row.read_ticks = u32::try_from(found.ticks).unwrap_or(u32::MAX);
                row.decoded_ns = found.pushed_ns.saturating_sub(found.read_ns);
                row.reached |= Reached::DECODED;
                if found.kernel_ns != 0 {
                    row.kernel_ns = found.read_ns.saturating_sub(found.kernel_ns);
                    row.reached |= Reached::KERNEL;
                }
                self.unshown |= 1 << at;
            }
            if found.is_some() || slot.tries >= TRIES {
                self.unfound &= !(1 << at);
            }
        }
        for at in bits(self.unshown).take(at_once as usize) {
            self.unshown &= !(1 << at);
            if let (Some(table), Some(slot)) = (&mut self.table, self.slots.get(at)) {
                table.publish(at, &slot.row);
            }
        }
    }
}

/// The places of the bits that are set.
fn bits(mut set: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (at < u32::BITS).then_some(at as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(total_ns: u64, order: u64) -> WorstTickRow {
        WorstTickRow { total_ns, recv_ns: 1, first_order: order, orders: u32::from(order > 0), ..WorstTickRow::ZERO }
    }

    proptest! {
        /// Whatever comes in whatever order: the largest are kept.
        #[test]
        fn the_largest_are_kept(totals in proptest::collection::vec(1u64..500, 0..300)) {
            let mut worst = Worst::new(None);
            for total in &totals {
                if worst.takes(*total) {
                    worst.put(row(*total, 0), 0);
                }
            }
            let mut expected = totals;
            expected.sort_unstable_by(|a, b| b.cmp(a));
            expected.truncate(WORST);
            let mut kept: Vec<u64> = worst.rows().map(|row| row.total_ns).collect();
            kept.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn an_answer_goes_to_the_tick_whose_order_it_is() {
        let mut worst = Worst::new(None);
        worst.put(row(10, 7), 0);
        worst.put(row(20, 8), 0);
        worst.put(row(30, 0), 0);
        worst.answered(8, 501);
        worst.answered(8, 901);
        worst.answered(9, 901);
        let answers: Vec<_> = worst.rows().map(|row| (row.first_order, row.acknowledged_ns)).collect();
        assert_eq!(answers, [(7, 0), (8, 500), (0, 0)]);
    }
}
