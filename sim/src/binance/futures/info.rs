//! exchangeInfo: limits, contracts, filters. Futures take no choice of symbols: the whole list comes.

use crosstick_model::InstrumentId;
use serde_json::{Map, Value, json};

use super::render::put;
use super::{FuturesVenue, price_text, quantity_text};
use crate::exchange::Range;
use crate::text::decimal_padded;

impl FuturesVenue {
    pub(super) fn exchange_info(&self, now: u64) -> Value {
        let mut body = Map::new();
        put(&mut body, "timezone", "UTC");
        put(&mut body, "serverTime", self.stamp(now));
        if !self.is_coin() {
            put(&mut body, "futuresType", "U_MARGINED");
        }
        let limit = |kind: &str, interval: &str, number: u32, limit: u32| {
            let (kind, interval) = (json!(kind), json!(interval));
            json!({ "rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit })
        };
        let limits = [
            limit("REQUEST_WEIGHT", "MINUTE", 1, 2_400),
            limit("ORDERS", "MINUTE", 1, 1_200),
            limit("ORDERS", "SECOND", 10, 300),
        ];
        put(&mut body, "rateLimits", limits.to_vec());
        put(&mut body, "exchangeFilters", Vec::<Value>::new());
        let symbols: Vec<Value> = self.exchange.instruments().map(|(id, _)| self.contract(id)).collect();
        put(&mut body, "symbols", symbols);
        Value::Object(body)
    }

    fn contract(&self, id: InstrumentId) -> Value {
        let spec = self.spec(id);
        let (pair, tail) = spec.symbol.split_once('_').unwrap_or((&spec.symbol, "PERP"));
        let status = self.exchange.status(id).name();
        let mut body = Map::new();
        put(&mut body, "symbol", spec.symbol.as_str());
        put(&mut body, "pair", pair);
        put(&mut body, "contractType", if tail == "PERP" { "PERPETUAL" } else { "CURRENT_QUARTER" });
        put(&mut body, "deliveryDate", 4_133_404_800_000_u64);
        put(&mut body, "onboardDate", 1_567_965_300_000_u64);
        if self.is_coin() {
            put(&mut body, "contractStatus", status);
            let size = self.instruments.get(id.index()).map(|i| i.contract_size.to_string());
            put(&mut body, "contractSize", size.and_then(|s| s.parse::<u64>().ok()));
        } else {
            put(&mut body, "status", status);
        }
        put(&mut body, "baseAsset", self.asset_name(spec.base));
        put(&mut body, "quoteAsset", self.asset_name(spec.quote));
        put(&mut body, "marginAsset", self.asset_name(spec.settle));
        put(&mut body, "maintMarginPercent", "2.5000");
        put(&mut body, "requiredMarginPercent", "5.0000");
        put(&mut body, "pricePrecision", spec.scale.price_decimals);
        put(&mut body, "quantityPrecision", spec.scale.quantity_decimals);
        put(&mut body, "baseAssetPrecision", 8);
        put(&mut body, "quotePrecision", 8);
        put(&mut body, "underlyingType", "COIN");
        put(&mut body, "underlyingSubType", Vec::<Value>::new());
        put(&mut body, "triggerProtect", "0.0500");
        put(&mut body, "liquidationFee", "0.012500");
        put(&mut body, "marketTakeBound", "0.05");
        put(&mut body, "filters", self.symbol_filters(id));
        put(&mut body, "orderTypes", vec!["LIMIT", "MARKET"]);
        put(&mut body, "timeInForce", vec!["GTC", "IOC", "FOK", "GTX"]);
        Value::Object(body)
    }

    /// A contract's filters as they are now.
    pub(super) fn symbol_filters(&self, id: InstrumentId) -> Vec<Value> {
        let spec = self.spec(id);
        let scale = spec.scale;
        let mut list = Vec::new();
        if let Some(Range { min, max, step }) = spec.filters.price {
            let [min, max, step] = [min, max, step].map(|p| trimmed(&price_text(scale, p)));
            list.push(json!({ "filterType": "PRICE_FILTER", "minPrice": min, "maxPrice": max, "tickSize": step }));
        }
        if let Some(Range { min, max, step }) = spec.filters.lot {
            let [min, max, step] = [min, max, step].map(|q| trimmed(&quantity_text(scale, q)));
            list.push(json!({ "stepSize": step, "filterType": "LOT_SIZE", "maxQty": max, "minQty": min }));
        }
        list.push(json!({ "filterType": "MAX_NUM_ORDERS", "limit": spec.filters.max_orders }));
        let least = self.instruments.get(id.index()).map(|i| i.min_notional).filter(|n| !n.is_zero());
        if let (Some(least), false) = (least, self.is_coin()) {
            list.push(json!({ "filterType": "MIN_NOTIONAL", "notional": decimal_padded(least, 0) }));
        }
        list
    }
}

/// A number without zeros behind its last whole digit, where that is all there is behind the point.
fn trimmed(text: &str) -> String {
    let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    whole.map_or(text, |(whole, _)| whole).to_owned()
}
