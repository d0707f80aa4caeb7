//! HOT: core thread. Balances per venue and asset, and what orders in flight and contract positions have set aside of
//! them.

use crosstick_model::{Amount, AssetId, FeeAsset, Universe, VenueId};

use crate::spec::Hold;

/// No slot: the venue's balances are not tracked, and nothing is checked against them.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// What a run starts from.
///
/// A venue without a single entry is not tracked: no order there is denied for its balance. On a tracked venue
/// an asset that is not named starts at zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balances(pub Vec<(VenueId, AssetId, Amount)>);

/// One balance, to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceView {
    /// Where.
    pub venue: VenueId,
    /// Of what.
    pub asset: AssetId,
    /// All of it; fees may take it below zero.
    pub total: Amount,
    /// Set aside for orders in flight.
    pub reserved: Amount,
    /// Set aside for contract positions: once their notional at the average entry price.
    pub margin: Amount,
    /// What a new order may use.
    pub free: Amount,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    venue: VenueId,
    asset: AssetId,
    total: i128,
    reserved: i128,
    margin: i128,
}

impl Slot {
    #[inline]
    const fn free(&self) -> i128 {
        self.total.saturating_sub(self.reserved).saturating_sub(self.margin)
    }

    const fn view(&self) -> BalanceView {
        BalanceView {
            venue: self.venue,
            asset: self.asset,
            total: Amount(self.total),
            reserved: Amount(self.reserved),
            margin: Amount(self.margin),
            free: Amount(self.free()),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Wallet {
    slots: Box<[Slot]>,
}

impl Wallet {
    /// A slot for every asset that an order or a fee on a tracked venue may touch.
    pub(crate) fn new(universe: &Universe, balances: &Balances) -> Self {
        let mut slots: Vec<Slot> = Vec::new();
        let mut touch = |venue: VenueId, asset: AssetId, amount: i128| match slots
            .iter_mut()
            .find(|s| s.venue == venue && s.asset == asset)
        {
            Some(slot) => slot.total = slot.total.saturating_add(amount),
            None => slots.push(Slot { venue, asset, total: amount, reserved: 0, margin: 0 }),
        };
        for &(venue, asset, amount) in &balances.0 {
            touch(venue, asset, amount.0);
        }
        let tracked = |venue: VenueId| balances.0.iter().any(|b| b.0 == venue);
        for i in universe.instruments.iter().filter(|i| tracked(i.venue)) {
            for asset in [i.base, i.quote, i.settle] {
                touch(i.venue, asset, 0);
            }
        }
        for venue in universe.venues.iter().filter(|v| tracked(v.id)) {
            if let FeeAsset::Named(asset) = venue.fees.asset {
                touch(venue.id, asset, 0);
            }
        }
        slots.sort_by_key(|s| (s.venue, s.asset));
        Self { slots: slots.into_boxed_slice() }
    }

    pub(crate) fn find(&self, venue: VenueId, asset: AssetId) -> u32 {
        let found = self.slots.iter().position(|s| s.venue == venue && s.asset == asset);
        found.and_then(|i| u32::try_from(i).ok()).unwrap_or(NO_SLOT)
    }

    /// Sets a hold aside, unless one of its amounts is not free.
    #[inline]
    pub(crate) fn reserve(&mut self, hold: &Hold) -> bool {
        if !self.reserve_one(hold.slot, hold.amount) {
            return false;
        }
        if !self.reserve_one(hold.fee_slot, hold.fee_amount) {
            self.release_one(hold.slot, hold.amount);
            return false;
        }
        true
    }

    #[inline]
    fn reserve_one(&mut self, slot: u32, amount: i128) -> bool {
        let Some(slot) = self.slots.get_mut(slot as usize) else { return true };
        // Nothing needed is never too much, even where fees took the balance below zero.
        if amount > 0 && slot.free() < amount {
            return false;
        }
        slot.reserved += amount;
        true
    }

    #[inline]
    pub(crate) fn release(&mut self, hold: &Hold) {
        self.release_one(hold.slot, hold.amount);
        self.release_one(hold.fee_slot, hold.fee_amount);
    }

    #[inline]
    fn release_one(&mut self, slot: u32, amount: i128) {
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            slot.reserved -= amount;
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, slot: u32, amount: i128) {
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            slot.total = slot.total.saturating_add(amount);
        }
    }

    #[inline]
    pub(crate) fn add_margin(&mut self, slot: u32, amount: i128) {
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            slot.margin = slot.margin.saturating_add(amount);
        }
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = BalanceView> + '_ {
        self.slots.iter().map(Slot::view)
    }

    pub(crate) fn view(&self, index: usize) -> Option<BalanceView> {
        self.slots.get(index).map(Slot::view)
    }
}
