//! exchangeInfo as the venues write it: unknown fields, filters and words are fine, decimals are taken exactly.

use std::collections::BTreeMap;
use std::fmt;

use crosstick_model::{Decimal, Kind, Protocol};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Facts, SymbolFacts};

/// A text or whole number; anything else counts as absent, so that one odd field does not cost all instruments.
#[derive(Default)]
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Text, E> {
                Ok(Text(Some(n.to_string())))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Text, E> {
                Ok(Text(Some(n.to_string())))
            }
            // A float has lost its digits already.
            fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
                Ok(Text(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
                Ok(Text(None))
            }
            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Text {
    /// A decimal above zero.
    fn positive(&self) -> Option<Decimal> {
        self.decimal().filter(|d| !d.is_zero())
    }

    fn decimal(&self) -> Option<Decimal> {
        let value: Decimal = self.0.as_deref()?.parse().ok()?;
        (!value.is_negative()).then(|| value.normalised())
    }

    fn word(self) -> Option<String> {
        self.0.filter(|t| !t.is_empty())
    }
}

#[derive(Deserialize)]
struct Body {
    symbols: Vec<Symbol>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Symbol {
    symbol: Text,
    status: Text,
    contract_status: Text,
    base_asset: Text,
    quote_asset: Text,
    margin_asset: Text,
    contract_size: Text,
    filters: Vec<Filter>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    filter_type: Text,
    tick_size: Text,
    step_size: Text,
    min_qty: Text,
    min_notional: Text,
    notional: Text,
}

/// Reads an exchangeInfo.
///
/// # Errors
/// What is wrong with it, in words, when it is JSON but no exchangeInfo; the JSON error otherwise.
pub fn parse(protocol: Protocol, body: &[u8]) -> Result<Facts, serde_json::Error> {
    let body: Body = serde_json::from_slice(body)?;
    let mut symbols = BTreeMap::new();
    for raw in body.symbols {
        if let Some(facts) = symbol(protocol, raw) {
            symbols.insert(facts.symbol.clone(), facts);
        }
    }
    Ok(Facts { protocol, symbols })
}

fn symbol(protocol: Protocol, raw: Symbol) -> Option<SymbolFacts> {
    let name = raw.symbol.word()?;
    let (quote, margin) = (raw.quote_asset.word(), raw.margin_asset.word());
    let (kind, settle) = match protocol {
        Protocol::BinanceSpot | Protocol::MexcSpot => (Kind::Spot, quote.clone()),
        Protocol::BinanceUsdm => (Kind::Linear, margin),
        Protocol::BinanceCoinm => (Kind::Inverse, margin),
    };
    let mut facts = SymbolFacts {
        symbol: name,
        status: raw.status.word().or_else(|| raw.contract_status.word()),
        base: raw.base_asset.word(),
        quote,
        settle,
        kind,
        contract_size: raw.contract_size.positive(),
        price_step: None,
        quantity_step: None,
        min_quantity: None,
        min_notional: None,
    };
    for filter in &raw.filters {
        match filter.filter_type.0.as_deref() {
            Some("PRICE_FILTER") => facts.price_step = filter.tick_size.positive(),
            Some("LOT_SIZE") => {
                facts.quantity_step = filter.step_size.positive();
                facts.min_quantity = filter.min_qty.decimal();
            }
            // Spot calls the number minNotional, in NOTIONAL or (before 2023) MIN_NOTIONAL; futures call it notional.
            Some("NOTIONAL" | "MIN_NOTIONAL") => {
                let stated = filter.min_notional.decimal().or_else(|| filter.notional.decimal());
                facts.min_notional = stated.or(facts.min_notional);
            }
            _ => {}
        }
    }
    Some(facts)
}
