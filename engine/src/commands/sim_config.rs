//! The config that `crosstick sim --write-config` writes: the venues that are running now, ready for `crosstick run`.

use std::fmt::Write as _;
use std::path::Path;

use crosstick_model::Protocol;
use crosstick_sim::{SimInstrument, VenueAddress};

/// Its text: every instrument with all facts, so that the same config replays the recording, too; a market for
/// each base that several venues list in dollars or the same asset; a strategy that only watches.
pub fn text(venues: &[VenueAddress], ca: Option<&Path>) -> String {
    let mut text = String::from("# Written by crosstick sim: the simulated venues that are running now.\n");
    // What an engine does not read yet would make the file one that it refuses.
    let (venues, left_out): (Vec<VenueAddress>, Vec<VenueAddress>) =
        venues.iter().cloned().partition(|v| v.protocol != Protocol::MexcSpot);
    for venue in &left_out {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "# Left out: {} speaks {}, which `crosstick run` does not read yet.",
            venue.name, venue.protocol
        );
    }
    let venues = venues.as_slice();
    for venue in venues {
        push_venue(&mut text, venue, ca);
    }
    for venue in venues {
        for instrument in &venue.instruments {
            push_instrument(&mut text, &venue.name, instrument);
        }
    }
    for (name, symbols) in markets(venues) {
        let symbols: Vec<String> = symbols.iter().map(|(venue, symbol)| format!("{venue:?} = {symbol:?}")).collect();
        let _ = write!(text, "\n[[market]]\nname = {name:?}\nsymbols = {{ {} }}\n", symbols.join(", "));
    }
    text.push_str("\n[strategy]\nname = \"spread\"\ntrade = false    # true: on paper\n");
    let dollars = venues.iter().any(|v| v.instruments.iter().any(|i| i.quote == "USD"));
    if dollars {
        text.push_str("\n[risk]\ncurrency = \"USDT\"\nrates = { USD = \"1\" }\n");
    }
    text
}

fn push_venue(text: &mut String, venue: &VenueAddress, ca: Option<&Path>) {
    let (name, protocol) = (&venue.name, venue.protocol);
    let streams = streams(venue);
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        text,
        "\n[[venue]]\nname = {name:?}\nprotocol = \"{protocol}\"\nenvironment = \"custom\"\nstreams = {streams:?}\n\
         stream_url = \"{}\"\nrest_url = \"{}\"\n",
        venue.stream_url, venue.rest_url
    );
    if let Some(url) = &venue.api_url {
        let _ = writeln!(text, "api_url = \"{url}\"");
    }
    if let Some(ca) = ca.filter(|_| venue.stream_url.starts_with("wss:")) {
        let ca = std::path::absolute(ca).unwrap_or_else(|_| ca.to_path_buf());
        let _ = writeln!(text, "tls_ca = {:?}", ca.display().to_string());
    }
}

fn push_instrument(text: &mut String, venue: &str, i: &SimInstrument) {
    let (symbol, base, quote, settle, kind) = (&i.symbol, &i.base, &i.quote, &i.settle, i.kind.name());
    let _ = write!(
        text,
        "\n[[instrument]]\nvenue = {venue:?}\nsymbol = {symbol:?}\nbase = {base:?}\nquote = {quote:?}\n\
         settle = {settle:?}\nkind = \"{kind}\"\ncontract_size = \"{}\"\nprice_step = \"{}\"\n\
         quantity_step = \"{}\"\nmin_quantity = \"{}\"\nmin_notional = \"{}\"\n",
        i.contract_size, i.price_step, i.quantity_step, i.min_quantity, i.min_notional
    );
}

/// What the venue has, of what an engine takes: single trades where there are some, else those summed by order.
fn streams(venue: &VenueAddress) -> Vec<&'static str> {
    let has = |kind: &str| venue.streams.iter().any(|s| s.split_once('@').is_some_and(|(_, k)| k == kind));
    let trades = if has("trade") { Some("trade") } else { has("aggTrade").then_some("aggTrade") };
    let streams: Vec<_> = trades.into_iter().chain(has("bookTicker").then_some("bookTicker")).collect();
    let spot = venue.protocol == Protocol::BinanceSpot;
    let usual = if spot { "trade" } else { "aggTrade" };
    if streams.is_empty() { vec![usual, "bookTicker"] } else { streams }
}

type Market<'a> = (String, Vec<(&'a str, &'a str)>);

/// Each base with its first instrument on every venue, where at least two have one.
fn markets(venues: &[VenueAddress]) -> Vec<Market<'_>> {
    let dollar = |quote: &str| matches!(quote, "USD" | "USDT");
    let mut all: Vec<(&SimInstrument, Vec<(&str, &str)>)> = Vec::new();
    for venue in venues {
        for instrument in &venue.instruments {
            let same = |i: &SimInstrument| {
                i.base == instrument.base
                    && (i.quote == instrument.quote || (dollar(&i.quote) && dollar(&instrument.quote)))
            };
            let entry = (venue.name.as_str(), instrument.symbol.as_str());
            match all.iter_mut().find(|(first, _)| same(first)) {
                None => all.push((instrument, vec![entry])),
                Some((_, symbols)) if symbols.iter().all(|(name, _)| *name != venue.name) => symbols.push(entry),
                Some(_) => {}
            }
        }
    }
    let several = all.into_iter().filter(|(_, symbols)| symbols.len() > 1);
    several.map(|(first, symbols)| (format!("{}-{}", first.base, first.quote), symbols)).collect()
}
