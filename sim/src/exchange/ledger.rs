//! Who has what: free and locked, to the last 1e-16.

use crosstick_model::{Amount, AssetId};

use super::types::{AccountId, BalanceView};

/// Balances of all accounts.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    assets: usize,
    balances: Vec<Vec<BalanceView>>,
    touched: Vec<(AccountId, AssetId)>,
}

impl Ledger {
    pub(super) fn new(assets: usize) -> Self {
        Self { assets, ..Self::default() }
    }

    pub(super) fn add_account(&mut self) {
        self.balances.push(vec![BalanceView::default(); self.assets]);
    }

    pub(super) fn balance(&self, account: AccountId, asset: AssetId) -> BalanceView {
        self.balances.get(account.index()).and_then(|b| b.get(asset.index())).copied().unwrap_or_default()
    }

    pub(super) fn of(&self, account: AccountId) -> &[BalanceView] {
        self.balances.get(account.index()).map_or(&[], Vec::as_slice)
    }

    /// Adds to what is free; below zero takes.
    pub(super) fn credit(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        self.at(account, asset).free.0 += amount;
    }

    /// Moves from free to locked; below zero moves back.
    pub(super) fn lock(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        let balance = self.at(account, asset);
        balance.free.0 -= amount;
        balance.locked.0 += amount;
    }

    /// Takes from what is locked.
    pub(super) fn spend_locked(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        self.at(account, asset).locked.0 -= amount;
    }

    /// The assets of an account that changed since this was last asked, in the order of their ids.
    pub(super) fn touched(&mut self, account: AccountId) -> Vec<(AssetId, Amount, Amount)> {
        let mut assets: Vec<AssetId> =
            self.touched.extract_if(.., |(a, _)| *a == account).map(|(_, asset)| asset).collect();
        assets.sort_unstable();
        assets.dedup();
        let view = |asset| {
            let b = self.balance(account, asset);
            (asset, b.free, b.locked)
        };
        assets.into_iter().map(view).collect()
    }

    fn at(&mut self, account: AccountId, asset: AssetId) -> &mut BalanceView {
        // The house and the fee account have nobody to tell.
        if account.0 > AccountId::FEES.0 && !self.touched.contains(&(account, asset)) {
            self.touched.push((account, asset));
        }
        &mut self.balances[account.index()][asset.index()]
    }
}
