//! exchangeInfo: limits, contracts, filters. Futures take no choice of symbols: the whole list comes.

use std::fmt::Write;

use crosstick_model::{Decimal, Protocol};
use serde_json::Value;

use super::FuturesVenue;
use crate::instrument::SimInstrument;
use crate::text::{decimal_padded, push_json_string};

impl FuturesVenue {
    pub(super) fn exchange_info(&self, now: u64) -> Value {
        let text = exchange_info(self.protocol, &self.instruments, super::millis(now));
        // It is written in the venue's order of fields, and reading keeps it.
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

fn exchange_info(protocol: Protocol, instruments: &[SimInstrument], millis: u64) -> String {
    let mut body = format!("{{\"timezone\":\"UTC\",\"serverTime\":{millis},");
    if protocol == Protocol::BinanceUsdm {
        body.push_str("\"futuresType\":\"U_MARGINED\",");
    }
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        body,
        "\"rateLimits\":[{{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":\
         2400}},{{\"rateLimitType\":\"ORDERS\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":1200}},\
         {{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,\"limit\":300}}],\
         \"exchangeFilters\":[],\"symbols\":["
    );
    for (i, instrument) in instruments.iter().enumerate() {
        if i > 0 {
            body.push(',');
        }
        push_future(&mut body, protocol, instrument);
    }
    body.push_str("]}");
    body
}

fn field(body: &mut String, name: &str, value: &str) {
    push_json_string(body, name);
    body.push(':');
    push_json_string(body, value);
    body.push(',');
}

fn push_future(body: &mut String, protocol: Protocol, instrument: &SimInstrument) {
    let plain = |value: Decimal| decimal_padded(value, 0);
    let (pair, tail) = instrument.symbol.split_once('_').unwrap_or((&instrument.symbol, "PERP"));
    let contract_type = if tail == "PERP" { "PERPETUAL" } else { "CURRENT_QUARTER" };
    body.push('{');
    field(body, "symbol", &instrument.symbol);
    field(body, "pair", pair);
    field(body, "contractType", contract_type);
    body.push_str("\"deliveryDate\":4133404800000,\"onboardDate\":1567965300000,");
    if protocol == Protocol::BinanceCoinm {
        field(body, "contractStatus", "TRADING");
        let _ = write!(body, "\"contractSize\":{},", instrument.contract_size);
    } else {
        field(body, "status", "TRADING");
    }
    field(body, "baseAsset", &instrument.base);
    field(body, "quoteAsset", &instrument.quote);
    field(body, "marginAsset", &instrument.settle);
    let _ = write!(
        body,
        "\"maintMarginPercent\":\"2.5000\",\"requiredMarginPercent\":\"5.0000\",\"pricePrecision\":{},\
         \"quantityPrecision\":{},\"baseAssetPrecision\":8,\"quotePrecision\":8,\"underlyingType\":\"COIN\",\
         \"underlyingSubType\":[],\"triggerProtect\":\"0.0500\",\"liquidationFee\":\"0.012500\",\
         \"marketTakeBound\":\"0.05\",\"filters\":[\
         {{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"{step}\",\"maxPrice\":\"1000000\",\"tickSize\":\"{step}\"}},\
         {{\"stepSize\":\"{lot}\",\"filterType\":\"LOT_SIZE\",\"maxQty\":\"1000000000\",\"minQty\":\"{least}\"}},\
         {{\"filterType\":\"MAX_NUM_ORDERS\",\"limit\":200}}",
        instrument.price_step.decimals(),
        instrument.quantity_step.decimals(),
        step = plain(instrument.price_step),
        least = plain(instrument.min_quantity),
        lot = plain(instrument.quantity_step),
    );
    if protocol == Protocol::BinanceUsdm && !instrument.min_notional.is_zero() {
        let notional = plain(instrument.min_notional);
        let _ = write!(body, ",{{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"{notional}\"}}");
    }
    body.push_str("],\"orderTypes\":[\"LIMIT\",\"MARKET\"],\"timeInForce\":[\"GTC\",\"IOC\",\"FOK\",\"GTX\"]}");
}
