//! Venues, instruments and markets, and what contradicts what among them.

use std::path::Path;

use crosstick_model::decimal::MAX_DECIMALS;
use crosstick_model::{Amount, Decimal, Kind, Protocol};

use super::build::{bps_e8, no_venue, path};
use super::mistakes::{Mistakes, Place};
use super::read::{Node, Val};
use super::types::{Engine, Environment, FeeAssetName, Instrument, Market, MarketSymbol, Mode, Risk, Stream, Venue};

/// One `[[venue]]`. What could not be read stands as a default; a mistake is on the list then.
pub(super) fn venue(node: &mut Node, engine: &Engine, risk: &Risk, base: &Path, mistakes: &mut Mistakes) -> Venue {
    let protocol = node.str("protocol").and_then(Protocol::from_name);
    let environment = match node.str("environment") {
        Some("testnet") => Environment::Testnet,
        Some("demo") => Environment::Demo,
        Some("custom") => Environment::Custom,
        _ => Environment::Mainnet,
    };
    if let Some(protocol) = protocol {
        default_streams(node, protocol);
    }
    let streams = streams(node, protocol, environment, mistakes);
    if node.int("lines") == Some(2) {
        mistakes.add(node.place("lines"), "[[venue]] lines: 2 is not available yet in this build; write 1");
    }
    urls(node, environment, mistakes);
    let tls_ca = path(node, "tls_ca", base);
    let fee_asset = fee_asset(node.node_mut("fees"), protocol, risk, mistakes);
    if engine.mode == Mode::Live && node.slot("balances").given {
        let text = "[[venue]] balances: paper only; live balances are the venue's, leave it out";
        mistakes.add(&node.slot("balances").place, text);
    }
    let text = |key: &str| node.str(key).map(|t| t.trim_end_matches('/').to_owned());
    let balances = node.map("balances").iter();
    Venue {
        name: node.str("name").unwrap_or_default().to_owned(),
        protocol: protocol.unwrap_or(Protocol::BinanceSpot),
        environment,
        streams,
        lines: 1,
        stream_url: text("stream_url"),
        api_url: node.str("api_url").map(str::to_owned),
        rest_url: text("rest_url"),
        tls_ca,
        maker_e8: bps_e8(node.node("fees"), "maker_bps"),
        taker_e8: bps_e8(node.node("fees"), "taker_bps"),
        fee_asset,
        balances: balances
            .filter_map(|(asset, _, value)| match value {
                Val::Dec(amount) => Amount::from_decimal(*amount).map(|a| (asset.clone(), a)),
                _ => None,
            })
            .collect(),
        place: node.place.clone(),
    }
}

fn default_streams(node: &mut Node, protocol: Protocol) {
    let spot = matches!(protocol, Protocol::BinanceSpot | Protocol::MexcSpot);
    let trades = if spot { "trade" } else { "aggTrade" };
    let list = [trades, "bookTicker"].map(|s| Val::Str(s.to_owned()));
    node.default_to("streams", Val::List(list.to_vec()));
}

fn streams(node: &Node, protocol: Option<Protocol>, environment: Environment, mistakes: &mut Mistakes) -> Vec<Stream> {
    let mut streams = Vec::new();
    let Some(list) = node.list("streams") else { return streams };
    let at = node.place("streams").clone();
    for item in list {
        let stream = match item {
            Val::Str(name) if name == "trade" => Stream::Trade,
            Val::Str(name) if name == "aggTrade" => Stream::AggTrade,
            _ => Stream::BookTicker,
        };
        if streams.contains(&stream) {
            mistakes.add(&at, format!("[[venue]] streams: \"{}\" is listed twice", stream.name()));
        }
        // The futures venues publish plain trades, undocumented and on changing paths: known addresses alone.
        let futures = protocol.is_some_and(|p| !matches!(p, Protocol::BinanceSpot | Protocol::MexcSpot));
        if futures && stream == Stream::Trade && environment != Environment::Custom {
            let name = protocol.map_or("", Protocol::name);
            let text = format!(
                "[[venue]] streams: {name} offers \"aggTrade\", \"bookTicker\"; \"trade\" with environment = \
                 \"custom\" only"
            );
            mistakes.add(&at, text);
        }
        streams.push(stream);
    }
    if streams.contains(&Stream::Trade) && streams.contains(&Stream::AggTrade) {
        let text = "[[venue]] streams: \"trade\" and \"aggTrade\" tell the same trades twice; keep one";
        mistakes.add(&at, text);
    }
    if streams.is_empty() {
        mistakes.add(&at, "[[venue]] streams: an empty list subscribes nothing; list \"trade\" or \"bookTicker\"");
    }
    streams
}

fn urls(node: &Node, environment: Environment, mistakes: &mut Mistakes) {
    if node.slot("environment").value.is_none() {
        return;
    }
    if environment == Environment::Custom {
        if !node.slot("stream_url").given {
            let text = "[[venue]] environment: \"custom\" needs stream_url (and rest_url, unless each \
                        [[instrument]] states its facts)";
            mistakes.add(node.place("environment"), text);
        }
        return;
    }
    for key in ["stream_url", "api_url", "rest_url"] {
        if node.slot(key).given {
            let name = environment.name();
            let text = format!(
                "[[venue]] {key}: environment \"{name}\" has its own; write environment = \"custom\", or leave it out"
            );
            mistakes.add(&node.slot(key).place, text);
        }
    }
}

fn fee_asset(node: &mut Node, protocol: Option<Protocol>, risk: &Risk, mistakes: &mut Mistakes) -> FeeAssetName {
    let spot = protocol.is_none_or(|p| matches!(p, Protocol::BinanceSpot | Protocol::MexcSpot));
    let usual = if spot { "received" } else { "quote" };
    node.default_to("asset", Val::Str(usual.to_owned()));
    match node.str("asset") {
        Some("received") => {
            if !spot {
                let text = "[[venue]] fees asset: \"received\" is for spot alone; write \"quote\"";
                mistakes.add(node.place("asset"), text);
            }
            FeeAssetName::Received
        }
        Some("quote") | None => FeeAssetName::Quote,
        Some(name) => {
            if risk.rate(name).is_none() {
                let text = format!("[[venue]] fees asset: {name} has no rate; add {name} = \"...\" to [risk] rates");
                mistakes.add(node.place("asset"), text);
            }
            FeeAssetName::Named(name.to_owned())
        }
    }
}

/// The kind of a protocol's instruments.
pub(super) const fn kind_of(protocol: Protocol) -> Kind {
    match protocol {
        Protocol::BinanceSpot | Protocol::MexcSpot => Kind::Spot,
        Protocol::BinanceUsdm => Kind::Linear,
        Protocol::BinanceCoinm => Kind::Inverse,
    }
}

/// All `[[instrument]]`.
pub(super) fn instruments(root: &Node, venues: &[Venue], mistakes: &mut Mistakes) -> Vec<Instrument> {
    let mut list: Vec<Instrument> = Vec::new();
    for node in root.nodes("instrument") {
        let text = |key: &str| node.str(key).map(str::to_owned);
        let instrument = Instrument {
            venue: text("venue").unwrap_or_default(),
            symbol: text("symbol").unwrap_or_default(),
            base: text("base"),
            quote: text("quote"),
            settle: text("settle"),
            kind: node.str("kind").and_then(Kind::from_name),
            contract_size: node.dec("contract_size"),
            price_step: node.dec("price_step"),
            quantity_step: node.dec("quantity_step"),
            min_quantity: node.dec("min_quantity"),
            min_notional: node.dec("min_notional"),
            place: node.place.clone(),
        };
        let complete = node.str("venue").is_some() && node.str("symbol").is_some();
        let twin = list.iter().find(|i| i.venue == instrument.venue && i.symbol == instrument.symbol);
        if let (true, Some(twin)) = (complete, twin) {
            let text = format!(
                "[[instrument]] symbol: \"{}\" on \"{}\" is stated twice (first at {})",
                instrument.symbol, instrument.venue, twin.place
            );
            mistakes.add(node.place("symbol"), text);
        }
        instrument_fits(node, &instrument, venues, mistakes);
        list.push(instrument);
    }
    list
}

fn instrument_fits(node: &Node, instrument: &Instrument, venues: &[Venue], mistakes: &mut Mistakes) {
    let Some(name) = node.str("venue") else { return };
    let Some(venue) = venues.iter().find(|v| v.name == name) else {
        mistakes.add(node.place("venue"), no_venue("[[instrument]] venue", name, venues));
        return;
    };
    let kind = kind_of(venue.protocol);
    if let Some(stated) = instrument.kind.filter(|k| *k != kind) {
        let (stated, protocol, kind) = (stated.name(), venue.protocol, kind.name());
        let text = format!("[[instrument]] kind: \"{stated}\" contradicts {protocol}, which has \"{kind}\"");
        mistakes.add(node.place("kind"), text);
    }
    if kind != Kind::Inverse && instrument.contract_size.is_some_and(|s| s != Decimal::from(1)) {
        let text = format!("[[instrument]] contract_size: a {} contract is one base unit; write \"1\"", kind.name());
        mistakes.add(node.place("contract_size"), text);
    }
    if instrument.base.is_some() && instrument.base == instrument.quote {
        mistakes.add(node.place("quote"), "[[instrument]] quote: base and quote are the same asset");
    }
}

/// All `[[market]]`.
pub(super) fn markets(root: &Node, venues: &[Venue], mistakes: &mut Mistakes) -> Vec<Market> {
    let mut list: Vec<Market> = Vec::new();
    // Symbols that a market has already, with where.
    let mut taken: Vec<(String, String, Place)> = Vec::new();
    for node in root.nodes("market") {
        let mut symbols: Vec<MarketSymbol> = Vec::new();
        for (name, place, value) in node.map("symbols") {
            let Val::Str(symbol) = value else { continue };
            if venues.iter().all(|v| v.name != *name) {
                mistakes.add(place, no_venue("[[market]] symbols", name, venues));
            }
            if let Some((.., first)) = taken.iter().find(|(v, s, _)| v == name && s == symbol) {
                let text = format!("[[market]] symbols: \"{symbol}\" on \"{name}\" is in another market (at {first})");
                mistakes.add(place, text);
            }
            taken.push((name.clone(), symbol.clone(), place.clone()));
            symbols.push(MarketSymbol { venue: name.clone(), symbol: symbol.clone(), place: place.clone() });
        }
        if symbols.len() < 2 && node.slot("symbols").value.is_some() {
            let text = "[[market]] symbols: a market needs two venues at least; to watch one, use [[instrument]]";
            mistakes.add(node.place("symbols"), text);
        }
        symbols.sort_by_key(|s| venues.iter().position(|v| v.name == s.venue));
        let decimals = |key: &str| node.int(key).and_then(|n| u8::try_from(n).ok());
        let (price_decimals, quantity_decimals) = (decimals("price_decimals"), decimals("quantity_decimals"));
        let sum = price_decimals.unwrap_or(0) + quantity_decimals.unwrap_or(0);
        if sum > MAX_DECIMALS {
            let text = format!(
                "[[market]] quantity_decimals: with price_decimals it makes {sum}; the two add up to \
                 {MAX_DECIMALS} at most"
            );
            mistakes.add(node.place("quantity_decimals"), text);
        }
        list.push(Market {
            name: node.str("name").unwrap_or_default().to_owned(),
            symbols,
            price_decimals,
            quantity_decimals,
            place: node.place.clone(),
        });
    }
    list
}
