//! What an operator of the simulation sees and does behind the venue's back: faults and the control API.

use crosstick_model::{Amount, Decimal};
use serde_json::{Value, json};

use super::SpotVenue;
use crate::exchange::{Exchange, Filters, TradingStatus};
use crate::fault::FaultSpec;
use crate::operator::books::Races;

impl SpotVenue {
    /// Lets an operator act on the exchange; accounts and streams are told what follows.
    pub(crate) fn operate<R>(&mut self, act: impl FnOnce(&mut Exchange) -> R) -> R {
        let result = act(&mut self.exchange);
        self.settle();
        result
    }

    /// Fills that cancels race with.
    pub(crate) const fn races(&mut self) -> &mut Races {
        &mut self.races
    }

    /// A symbol's status; what it was. `None`: no such symbol.
    pub(crate) fn set_status(&mut self, symbol: &str, status: TradingStatus, now: u64) -> Option<TradingStatus> {
        let id = self.exchange.instrument(symbol)?;
        let before = self.exchange.status(id);
        self.exchange.set_status(now, id, status).ok()?;
        self.settle();
        Some(before)
    }

    /// A symbol's filters; what they were. `None`: no such symbol.
    pub(crate) fn set_filters(&mut self, symbol: &str, filters: Filters) -> Option<Filters> {
        let id = self.exchange.instrument(symbol)?;
        let before = self.spec(id).filters.clone();
        self.exchange.set_filters(id, filters).ok()?;
        Some(before)
    }

    /// A symbol's filters as a fault changes them. `Err`: what of it the symbol's decimals cannot hold.
    pub(crate) fn filters_by(&self, symbol: &str, spec: &FaultSpec) -> Result<Filters, &'static str> {
        let id = self.exchange.instrument(symbol).ok_or("symbol")?;
        let scale = self.spec(id).scale;
        let mut filters = self.spec(id).filters.clone();
        let at = |text: &Option<String>, decimals, field| match text.as_deref().map(str::parse::<Decimal>) {
            None => Ok(None),
            Some(Ok(value)) => value.at_scale(decimals).map(Some).ok_or(field),
            Some(Err(_)) => Err(field),
        };
        if let (Some(step), Some(rule)) =
            (at(&spec.price_step, scale.price_decimals, "price_step")?, filters.price.as_mut())
        {
            (rule.step, rule.min) = (step, step);
        }
        let lot = filters.lot.as_mut();
        if let Some(lot) = lot {
            lot.step = at(&spec.quantity_step, scale.quantity_decimals, "quantity_step")?.unwrap_or(lot.step);
            lot.min = at(&spec.min_quantity, scale.quantity_decimals, "min_quantity")?.unwrap_or(lot.min);
        }
        if let Some(text) = &spec.min_notional {
            let least = text.parse().ok().and_then(Amount::from_decimal).ok_or("min_notional")?;
            filters.notional.as_mut().ok_or("min_notional")?.min = least;
        }
        if let Some(most) = spec.max_orders {
            filters.max_orders = Some(usize::try_from(most).unwrap_or(usize::MAX));
        }
        Ok(filters)
    }

    /// Every symbol with its status and filters, as exchangeInfo states them.
    pub(crate) fn list_symbols(&self) -> Vec<Value> {
        let list = self.exchange.instruments().map(|(id, spec)| {
            let filters = super::info::filters_json(spec);
            json!({ "symbol": spec.symbol, "status": self.exchange.status(id).name(), "filters": filters })
        });
        list.collect()
    }
}
