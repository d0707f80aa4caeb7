//! exchangeInfo: symbols with their precisions and least amounts.

use crosstick_model::{Decimal, InstrumentId};
use serde_json::{Map, Value, json};

use super::errors::{BAD_SYMBOL, MexcError};
use super::read::text;
use super::render::{put, rate_text};
use super::{Call, MexcVenue, amount_text, plain, quantity_text};
use crate::exchange::{AccountSpec, TradingStatus};

const ORDER_TYPES: [&str; 5] = ["LIMIT", "MARKET", "LIMIT_MAKER", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"];

impl MexcVenue {
    /// The instruments that `symbol` or `symbols` (comma separated) names; all where neither is given.
    fn chosen(&self, call: &Call<'_>) -> Result<Vec<InstrumentId>, MexcError> {
        let named = text(call.params, "symbol").or_else(|| text(call.params, "symbols"));
        let Some(named) = named else { return Ok(self.exchange.instruments().map(|(id, _)| id).collect()) };
        named.split(',').map(|n| self.exchange.instrument(n).ok_or(BAD_SYMBOL)).collect()
    }

    pub(super) fn exchange_info(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let symbols: Vec<Value> = self.chosen(call)?.into_iter().map(|id| self.symbol_json(id)).collect();
        Ok(json!({
            "timezone": "CST", "serverTime": self.stamp(call.now), "rateLimits": [], "exchangeFilters": [],
            "symbols": symbols,
        }))
    }

    /// Symbols that are open to the API; here all are.
    pub(super) fn symbols(&self, call: &Call<'_>) -> Value {
        let names: Vec<&str> = self.exchange.instruments().map(|(_, spec)| spec.symbol.as_str()).collect();
        json!({ "code": 0, "data": names, "msg": "success", "timestamp": self.stamp(call.now) })
    }

    fn symbol_json(&self, id: InstrumentId) -> Value {
        let spec = self.spec(id);
        let status = self.exchange.status(id);
        let (base, quote) = (self.asset_name(spec.base), self.asset_name(spec.quote));
        let usual = AccountSpec::default();
        let least = amount_text(spec.filters.notional.map_or(crosstick_model::Amount::ZERO, |n| n.min));
        let most = amount_text(spec.filters.notional.map_or(crosstick_model::Amount::ZERO, |n| n.max));
        let mut body = Map::new();
        put(&mut body, "symbol", spec.symbol.as_str());
        // 1 online, 2 paused.
        put(&mut body, "status", if status == TradingStatus::Trading { "1" } else { "2" });
        put(&mut body, "baseAsset", base);
        put(&mut body, "baseAssetPrecision", spec.scale.quantity_decimals);
        put(&mut body, "quoteAsset", quote);
        put(&mut body, "quotePrecision", spec.scale.price_decimals);
        put(&mut body, "quoteAssetPrecision", spec.scale.price_decimals);
        put(&mut body, "baseCommissionPrecision", spec.scale.quantity_decimals);
        put(&mut body, "quoteCommissionPrecision", spec.scale.price_decimals);
        put(&mut body, "orderTypes", ORDER_TYPES.to_vec());
        put(&mut body, "isSpotTradingAllowed", status == TradingStatus::Trading);
        put(&mut body, "isMarginTradingAllowed", false);
        put(&mut body, "quoteAmountPrecision", least.as_str());
        // The step of quantities; the least quantity is told nowhere.
        put(&mut body, "baseSizePrecision", spec.filters.lot.map(|lot| quantity_text(spec.scale, lot.step)));
        put(&mut body, "permissions", vec!["SPOT"]);
        put(&mut body, "filters", self.symbol_filters(id));
        put(&mut body, "maxQuoteAmount", most.as_str());
        put(&mut body, "makerCommission", rate_text(usual.maker_e8));
        put(&mut body, "takerCommission", rate_text(usual.taker_e8));
        put(&mut body, "quoteAmountPrecisionMarket", least);
        put(&mut body, "maxQuoteAmountMarket", most);
        put(&mut body, "fullName", base);
        put(&mut body, "tradeSideType", 1);
        Value::Object(body)
    }

    /// How far an order's price may be from the last one, as a share of it.
    pub(super) fn symbol_filters(&self, id: InstrumentId) -> Vec<Value> {
        const ONE: i128 = 100_000_000;
        let Some([bid, ask]) = self.spec(id).filters.percent_price_by_side else { return Vec::new() };
        let share = |e8: i128| plain(Decimal::new(e8, 8));
        vec![json!({
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": share(i128::from(bid.up_e8) - ONE),
            "askMultiplierDown": share(ONE - i128::from(ask.down_e8)),
        })]
    }
}
