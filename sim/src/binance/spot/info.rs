//! exchangeInfo: symbols, their filters, the limits; and choosing symbols, which the tickers do in the same way.

use crosstick_model::{Amount, Decimal, InstrumentId, Scale};
use serde_json::{Value, json};

use super::{Call, PAD, SpotVenue, amount_text, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::api::params::{Params, check_symbol};
use crate::exchange::{Filters, InstrumentSpec, PercentPrice, StpMode, TradingStatus};
use crate::text::decimal_padded;

const STATUSES: [(&str, TradingStatus); 5] = [
    ("TRADING", TradingStatus::Trading),
    ("CANCEL_ONLY", TradingStatus::CancelOnly),
    ("HALT", TradingStatus::Halt),
    ("BREAK", TradingStatus::Break),
    ("END_OF_DAY", TradingStatus::EndOfDay),
];

/// The symbols that a request is about.
pub(super) struct Chosen {
    pub(super) instruments: Vec<InstrumentId>,
    /// Named by `symbol`: the answer is an object, not a list.
    pub(super) single: bool,
}

/// `symbolStatus`.
fn status(params: &Params) -> Result<Option<TradingStatus>, ApiError> {
    let Some(word) = params.text("symbolStatus")? else { return Ok(None) };
    let known = STATUSES.iter().find(|(name, _)| *name == word).map(|(_, status)| *status);
    known.map(Some).ok_or_else(|| ApiError::new(-1122, "Invalid symbolStatus."))
}

/// What a list of symbols looks like.
const LIST_RANGE: &str = r#"^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$"#;

/// A list of words in JSON.
fn list(params: &Params, name: &str) -> Result<Option<Vec<String>>, ApiError> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    let broken = || ApiError::illegal(name, LIST_RANGE);
    let words: Vec<String> = serde_json::from_str(text).map_err(|_| broken())?;
    if words.is_empty() { Err(broken()) } else { Ok(Some(words)) }
}

impl SpotVenue {
    /// The symbols named by `symbol` or `symbols`; all where neither is given.
    pub(super) fn choose(&self, params: &Params) -> Result<Chosen, ApiError> {
        let status = status(params)?;
        let find = |name: &str| self.exchange.instrument(name).ok_or_else(ApiError::bad_symbol);
        if params.get("symbol").is_some() && params.get("symbols").is_some() {
            return Err(ApiError::bad_combination());
        }
        let symbols = list(params, "symbols")?;
        let mut chosen = match (params.get("symbol"), symbols) {
            (Some(_), _) => {
                return Ok(Chosen { instruments: vec![self.one(params)?], single: true });
            }
            (None, Some(names)) => {
                let mut ids = Vec::with_capacity(names.len());
                for name in &names {
                    check_symbol(name, "symbols")?;
                    let id = find(name)?;
                    if ids.contains(&id) {
                        return Err(ApiError::new(-1151, "Symbol is present multiple times in the list."));
                    }
                    ids.push(id);
                }
                ids
            }
            (None, None) => self.instruments.iter().filter_map(|i| self.exchange.instrument(&i.symbol)).collect(),
        };
        // Of many, those with another status are left out without a word.
        chosen.retain(|id| status.is_none_or(|s| self.exchange.status(*id) == s));
        Ok(Chosen { instruments: chosen, single: false })
    }

    /// The symbol named by `symbol`, in the status asked for.
    pub(super) fn one(&self, params: &Params) -> Result<InstrumentId, ApiError> {
        let status = status(params)?;
        let id = self.exchange.instrument(params.symbol()?).ok_or_else(ApiError::bad_symbol)?;
        if status.is_some_and(|s| self.exchange.status(id) != s) {
            return Err(ApiError::new(-1220, "The symbol's status does not match the requested symbolStatus."));
        }
        Ok(id)
    }

    pub(super) fn exchange_info(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let params = call.params;
        let named = params.get("symbol").is_some() || params.get("symbols").is_some();
        let filtered = params.get("permissions").is_some() || params.get("symbolStatus").is_some();
        if named && filtered {
            return Err(ApiError::bad_combination());
        }
        let spot = match params.text("permissions")? {
            None | Some("SPOT") => true,
            Some(text) if text.starts_with('[') => {
                list(params, "permissions")?.is_some_and(|l| l.iter().any(|p| p == "SPOT"))
            }
            Some(_) => false,
        };
        let sets = params.boolean("showPermissionSets")?.unwrap_or(true);
        let chosen = self.choose(params)?;
        let symbols = chosen.instruments.iter().filter(|_| spot).map(|id| self.symbol_json(*id, sets));
        Ok(json!({
            "timezone": "UTC",
            "serverTime": call.stamp().at(call.now),
            "rateLimits": self.limits.stated(),
            "exchangeFilters": [],
            "symbols": symbols.collect::<Vec<Value>>(),
        }))
    }

    fn symbol_json(&self, id: InstrumentId, sets: bool) -> Value {
        let spec = self.spec(id);
        let stp: Vec<&str> = spec.allowed_stp.iter().filter(|m| **m != StpMode::None).map(|m| m.name()).collect();
        json!({
            "symbol": spec.symbol,
            "status": self.exchange.status(id).name(),
            "baseAsset": self.asset_name(spec.base),
            "baseAssetPrecision": PAD,
            "quoteAsset": self.asset_name(spec.quote),
            "quotePrecision": PAD,
            "quoteAssetPrecision": PAD,
            "baseCommissionPrecision": PAD,
            "quoteCommissionPrecision": PAD,
            "orderTypes": [
                "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
            ],
            "icebergAllowed": true,
            "ocoAllowed": false,
            "otoAllowed": false,
            "opoAllowed": false,
            "quoteOrderQtyMarketAllowed": true,
            "allowTrailingStop": false,
            "cancelReplaceAllowed": true,
            "amendAllowed": true,
            "pegInstructionsAllowed": false,
            "isSpotTradingAllowed": true,
            "isMarginTradingAllowed": false,
            "filters": filters_json(spec),
            "permissions": [],
            "permissionSets": if sets { json!([["SPOT"]]) } else { json!([]) },
            "defaultSelfTradePreventionMode": spec.default_stp.name(),
            "allowedSelfTradePreventionModes": stp,
        })
    }
}

pub(super) fn filters_json(spec: &InstrumentSpec) -> Vec<Value> {
    let scale = spec.scale;
    let filters = &spec.filters;
    let mut list = Vec::new();
    push_ranges(&mut list, filters, scale);
    let e8 = |value: i64| decimal_padded(Decimal::new(i128::from(value), 8).normalised(), 0);
    if let Some(MinMax { min, max, mins, to_market }) = notional(filters) {
        list.push(json!({
            "filterType": "NOTIONAL", "minNotional": amount_text(min), "applyMinToMarket": to_market.0,
            "maxNotional": amount_text(max), "applyMaxToMarket": to_market.1, "avgPriceMins": mins,
        }));
    }
    if let Some(rule) = &filters.min_notional {
        list.push(json!({
            "filterType": "MIN_NOTIONAL", "minNotional": amount_text(rule.min),
            "applyToMarket": rule.apply_to_market, "avgPriceMins": rule.avg_price_mins,
        }));
    }
    if let Some(PercentPrice { up_e8, down_e8, avg_price_mins }) = filters.percent_price {
        list.push(json!({
            "filterType": "PERCENT_PRICE", "multiplierUp": e8(up_e8), "multiplierDown": e8(down_e8),
            "avgPriceMins": avg_price_mins,
        }));
    }
    if let Some([bid, ask]) = filters.percent_price_by_side {
        list.push(json!({
            "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": e8(bid.up_e8),
            "bidMultiplierDown": e8(bid.down_e8), "askMultiplierUp": e8(ask.up_e8),
            "askMultiplierDown": e8(ask.down_e8), "avgPriceMins": bid.avg_price_mins,
        }));
    }
    push_counts(&mut list, filters);
    list
}

struct MinMax {
    min: Amount,
    max: Amount,
    mins: u32,
    to_market: (bool, bool),
}

fn notional(filters: &Filters) -> Option<MinMax> {
    let rule = filters.notional?;
    let to_market = (rule.apply_min_to_market, rule.apply_max_to_market);
    Some(MinMax { min: rule.min, max: rule.max, mins: rule.avg_price_mins, to_market })
}

fn push_ranges(list: &mut Vec<Value>, filters: &Filters, scale: Scale) {
    if let Some(range) = filters.price {
        list.push(json!({
            "filterType": "PRICE_FILTER", "minPrice": price_text(scale, range.min),
            "maxPrice": price_text(scale, range.max), "tickSize": price_text(scale, range.step),
        }));
    }
    for (name, range) in [("LOT_SIZE", filters.lot), ("MARKET_LOT_SIZE", filters.market_lot)] {
        if let Some(range) = range {
            list.push(json!({
                "filterType": name, "minQty": quantity_text(scale, range.min),
                "maxQty": quantity_text(scale, range.max), "stepSize": quantity_text(scale, range.step),
            }));
        }
    }
    if let Some(limit) = filters.iceberg_parts {
        list.push(json!({ "filterType": "ICEBERG_PARTS", "limit": limit }));
    }
}

fn push_counts(list: &mut Vec<Value>, filters: &Filters) {
    if let Some(most) = filters.max_orders {
        list.push(json!({ "filterType": "MAX_NUM_ORDERS", "maxNumOrders": most }));
    }
    if let Some(most) = filters.max_algo_orders {
        list.push(json!({ "filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": most }));
    }
    if let Some(most) = filters.max_iceberg_orders {
        list.push(json!({ "filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": most }));
    }
    if let Some(most) = filters.max_amends {
        list.push(json!({ "filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": most }));
    }
    if let Some(most) = filters.max_position {
        list.push(json!({ "filterType": "MAX_POSITION", "maxPosition": amount_text(most) }));
    }
}
