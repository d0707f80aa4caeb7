//! An account of a simulated venue: what it starts with, what it pays, which keys speak for it.

use crosstick_model::{Amount, Decimal};

use crate::api::ApiKey;
use crate::api::auth::Keyring;
use crate::exchange::{AccountSpec, AssetSpec, Exchange};

/// An account that clients of a simulated venue trade with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimAccount {
    /// Our name for it: letters, digits, points and dashes, as it names files.
    pub name: String,
    /// The venue that it is on; `None`: on every venue, with the same keys and balances of its own on each.
    pub venue: Option<String>,
    /// What it has at start: asset and amount.
    pub balances: Vec<(String, Decimal)>,
    /// Commission of resting orders, at 1e-8 of what is received (futures: of what is traded).
    pub maker_e8: i64,
    /// Commission of aggressive orders, likewise.
    pub taker_e8: i64,
    /// Its keys; where there are none, `Sim::start` makes some.
    pub keys: Vec<ApiKey>,
}

impl SimAccount {
    /// An account with 10 bps commission, no balances and no keys.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let name = name.to_owned();
        Self { name, venue: None, balances: Vec::new(), maker_e8: 100_000, taker_e8: 100_000, keys: Vec::new() }
    }

    /// The same with this much of an asset.
    #[must_use]
    pub fn with_balance(mut self, asset: &str, amount: Decimal) -> Self {
        self.balances.push((asset.to_owned(), amount));
        self
    }

    /// The same with this key.
    #[must_use]
    pub fn with_key(mut self, key: ApiKey) -> Self {
        self.keys.push(key);
        self
    }
}

/// All assets of these names and accounts, in the order in which they first come.
pub(crate) fn assets<'a>(
    named: impl Iterator<Item = &'a String>,
    accounts: &'a [SimAccount],
    commission_decimals: u8,
) -> Vec<AssetSpec> {
    let mut list: Vec<AssetSpec> = Vec::new();
    for name in named.chain(accounts.iter().flat_map(|a| a.balances.iter().map(|(asset, _)| asset))) {
        if !list.iter().any(|a| a.name == *name) {
            list.push(AssetSpec { name: name.clone(), commission_decimals });
        }
    }
    list
}

/// Opens accounts at an exchange, which is nobody's news, and gives their keys. Balances that the ledger cannot hold
/// are left out.
pub(crate) fn open(accounts: &[SimAccount], exchange: &mut Exchange) -> Keyring {
    let mut keyring = Keyring::default();
    for account in accounts {
        let fees = AccountSpec { maker_e8: account.maker_e8, taker_e8: account.taker_e8, ..AccountSpec::default() };
        let id = exchange.add_account(fees);
        for (asset, balance) in &account.balances {
            if let (Some(asset), Some(balance)) = (exchange.asset(asset), Amount::from_decimal(*balance)) {
                // What it refuses is left out, as said.
                let _ = exchange.deposit(0, id, asset, balance);
            }
        }
        account.keys.iter().for_each(|key| keyring.add(key.clone(), id.index()));
    }
    exchange.drain_events(&mut Vec::new());
    keyring
}
