//! The REST answers of this first form: exchangeInfo, time, ping, and the errors for everything else.

use std::fmt::Write;

use crosstick_model::{Decimal, Protocol};

use crate::instrument::SimInstrument;
use crate::rules::{parameter, percent_decode};
use crate::text::{decimal_padded, push_json_string};

const JSON: &str = "application/json;charset=UTF-8";

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Answer {
    fn ok(body: String) -> Self {
        Self { status: 200, content_type: JSON, body }
    }

    fn error(status: u16, code: i32, message: &str) -> Self {
        let mut body = format!("{{\"code\":{code},\"msg\":");
        push_json_string(&mut body, message);
        body.push('}');
        Self { status, content_type: JSON, body }
    }

    pub(crate) fn bad_request(text: &str) -> Self {
        Self { status: 400, content_type: "text/plain", body: text.to_owned() }
    }

    pub(crate) fn upgrade_required() -> Self {
        Self { status: 426, content_type: "text/plain", body: "WebSocket upgrade required".to_owned() }
    }
}

/// Answers a request. `now` is in nanoseconds since the epoch.
pub(crate) fn answer(
    protocol: Protocol,
    instruments: &[SimInstrument],
    method: &str,
    path: &str,
    query: &str,
    now: u64,
) -> Answer {
    let base = match protocol {
        Protocol::BinanceSpot => "/api/v3/",
        Protocol::BinanceUsdm => "/fapi/v1/",
        Protocol::BinanceCoinm => "/dapi/v1/",
    };
    let unknown = || Answer::error(404, -5000, &format!("Path {path}, Method {method} is invalid"));
    let Some(endpoint) = path.strip_prefix(base) else { return unknown() };
    let millis = now / 1_000_000;
    match endpoint {
        "ping" | "time" | "exchangeInfo" if method != "GET" => {
            Answer::error(405, -5000, &format!("Path {path}, Method {method} is invalid"))
        }
        "ping" => Answer::ok("{}".to_owned()),
        "time" => Answer::ok(format!("{{\"serverTime\":{millis}}}")),
        "exchangeInfo" => match protocol {
            Protocol::BinanceSpot => match chosen(instruments, query) {
                Ok(instruments) => Answer::ok(exchange_info(protocol, &instruments, millis)),
                Err(answer) => answer,
            },
            // Futures take no choice of symbols: the whole list comes.
            _ => Answer::ok(exchange_info(protocol, &instruments.iter().collect::<Vec<_>>(), millis)),
        },
        _ => unknown(),
    }
}

/// The instruments that `symbol=` or `symbols=` names; all when neither is given.
fn chosen<'a>(instruments: &'a [SimInstrument], query: &str) -> Result<Vec<&'a SimInstrument>, Answer> {
    let illegal = |name: &str| Answer::error(400, -1100, &format!("Illegal characters found in parameter '{name}'."));
    let names = match (parameter(query, "symbol"), parameter(query, "symbols")) {
        (None, None) => return Ok(instruments.iter().collect()),
        (Some(_), Some(_)) => return Err(Answer::error(400, -1128, "Combination of optional parameters invalid.")),
        (Some(symbol), None) => vec![percent_decode(symbol).ok_or_else(|| illegal("symbol"))?],
        (None, Some(symbols)) => {
            let list = percent_decode(symbols).ok_or_else(|| illegal("symbols"))?;
            serde_json::from_str::<Vec<String>>(&list).map_err(|_| illegal("symbols"))?
        }
    };
    let find = |name: &String| instruments.iter().find(|i| i.symbol == *name);
    names.iter().map(|n| find(n).ok_or_else(|| Answer::error(400, -1121, "Invalid symbol."))).collect()
}

fn exchange_info(protocol: Protocol, instruments: &[&SimInstrument], millis: u64) -> String {
    let mut body = format!("{{\"timezone\":\"UTC\",\"serverTime\":{millis},");
    let (weight, orders) = match protocol {
        Protocol::BinanceSpot => (6000, "\"SECOND\",\"intervalNum\":10,\"limit\":100"),
        _ => (2400, "\"MINUTE\",\"intervalNum\":1,\"limit\":1200"),
    };
    if protocol == Protocol::BinanceUsdm {
        body.push_str("\"futuresType\":\"U_MARGINED\",");
    }
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        body,
        "\"rateLimits\":[{{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":\
         {weight}}},{{\"rateLimitType\":\"ORDERS\",\"interval\":{orders}}}],\"exchangeFilters\":[],\"symbols\":["
    );
    for (i, instrument) in instruments.iter().enumerate() {
        if i > 0 {
            body.push(',');
        }
        match protocol {
            Protocol::BinanceSpot => push_spot(&mut body, instrument),
            Protocol::BinanceUsdm | Protocol::BinanceCoinm => push_future(&mut body, protocol, instrument),
        }
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

fn push_spot(body: &mut String, instrument: &SimInstrument) {
    let pad = |value: Decimal| decimal_padded(value, 8);
    body.push('{');
    field(body, "symbol", &instrument.symbol);
    field(body, "status", "TRADING");
    field(body, "baseAsset", &instrument.base);
    body.push_str("\"baseAssetPrecision\":8,");
    field(body, "quoteAsset", &instrument.quote);
    let _ = write!(
        body,
        "\"quotePrecision\":8,\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,\"quoteCommissionPrecision\":8,\
         \"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\"],\"icebergAllowed\":false,\"ocoAllowed\":false,\
         \"otoAllowed\":false,\"quoteOrderQtyMarketAllowed\":false,\"allowTrailingStop\":false,\
         \"cancelReplaceAllowed\":false,\"amendAllowed\":false,\"isSpotTradingAllowed\":true,\
         \"isMarginTradingAllowed\":false,\"filters\":[\
         {{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"{step}\",\"maxPrice\":\"1000000.00000000\",\
         \"tickSize\":\"{step}\"}},{{\"filterType\":\"LOT_SIZE\",\"minQty\":\"{least}\",\
         \"maxQty\":\"92141578.00000000\",\"stepSize\":\"{lot}\"}}",
        step = pad(instrument.price_step),
        least = pad(instrument.min_quantity),
        lot = pad(instrument.quantity_step),
    );
    if !instrument.min_notional.is_zero() {
        let _ = write!(
            body,
            ",{{\"filterType\":\"NOTIONAL\",\"minNotional\":\"{}\",\"applyMinToMarket\":true,\
             \"maxNotional\":\"9000000.00000000\",\"applyMaxToMarket\":false,\"avgPriceMins\":5}}",
            pad(instrument.min_notional)
        );
    }
    body.push_str(
        "],\"permissions\":[],\"permissionSets\":[[\"SPOT\"]],\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\",\
         \"allowedSelfTradePreventionModes\":[\"EXPIRE_TAKER\",\"EXPIRE_MAKER\",\"EXPIRE_BOTH\"]}",
    );
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
