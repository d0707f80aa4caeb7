//! What an operator of the simulation does behind a futures venue's back.

use crosstick_model::{Amount, Decimal};
use serde_json::{Value, json};

use super::FuturesVenue;
use crate::exchange::{AccountId, Exchange};
use crate::operator::books::Races;

impl FuturesVenue {
    /// Lets an operator act on the exchange; accounts and streams are told what follows.
    pub(crate) fn operate<R>(&mut self, act: impl FnOnce(&mut Exchange) -> R) -> R {
        let result = act(&mut self.exchange);
        self.settle();
        result
    }

    /// Pays into an account, or out of it where the amount is below zero; why not, in words.
    pub(crate) fn deposit(&mut self, id: AccountId, asset: &str, amount: Decimal, now: u64) -> Result<(), String> {
        let asset = self.exchange.asset(asset).ok_or_else(|| format!("no asset is named {asset}"))?;
        let amount = Amount::from_decimal(amount).ok_or_else(|| format!("{amount} has more than 16 decimals"))?;
        self.exchange.deposit(now, id, asset, amount).map_err(|e| e.to_string())?;
        self.settle();
        Ok(())
    }

    /// Every symbol with its status.
    pub(crate) fn list_symbols(&self) -> Vec<Value> {
        let list =
            self.exchange.instruments().map(|(_, spec)| json!({ "symbol": spec.symbol, "status": spec.status.name() }));
        list.collect()
    }

    /// Fills that cancels race with.
    pub(crate) const fn races(&mut self) -> &mut Races {
        &mut self.races
    }
}
