//! From config and venue facts to the universe: scales, steps, and what keeps a market from being used.

use std::path::Path;

use crosstick_engine::config::universe::{FactsByVenue, Unknown, asks, build};
use crosstick_engine::config::{Config, Overrides, Stream};
use crosstick_feeds::facts;
use crosstick_model::{Amount, FeeAsset, Kind, Protocol, Scale};

const VENUES: &str = r#"
[[venue]]
name = "spot"
protocol = "binance-spot"
fees = { taker_bps = "7.5", asset = "BNB" }
[[venue]]
name = "usdm"
protocol = "binance-usdm"
[[venue]]
name = "coinm"
protocol = "binance-coinm"
[risk]
rates = { USD = "1", BNB = "600", EUR = "1.1" }
"#;
const MARKET: &str =
    "[[market]]\nname = \"BTC\"\nsymbols = { spot = \"BTCUSDT\", usdm = \"BTCUSDT\", coinm = \"BTCUSD_PERP\" }\n";

fn config(text: &str) -> Config {
    Config::parse("u.toml", text, Path::new("/"), &Overrides::none()).unwrap_or_else(|m| panic!("{m}"))
}

fn symbol(name: &str, base: &str, quote: &str, steps: (&str, &str), extra: &str) -> String {
    format!(
        r#"{{"symbol":"{name}","status":"TRADING","baseAsset":"{base}","quoteAsset":"{quote}","filters":[
        {{"filterType":"PRICE_FILTER","tickSize":"{}"}},{{"filterType":"LOT_SIZE","stepSize":"{1}","minQty":"{1}"}},
        {{"filterType":"NOTIONAL","minNotional":"5.00000000"}}]{extra}}}"#,
        steps.0, steps.1
    )
}

fn facts_of(protocol: Protocol, symbols: &[String]) -> facts::Facts {
    facts::parse(protocol, format!("{{\"symbols\":[{}]}}", symbols.join(",")).as_bytes()).expect("facts")
}

fn usual() -> FactsByVenue {
    let spot = [
        symbol("BTCUSDT", "BTC", "USDT", ("0.01000000", "0.00001000"), ""),
        symbol("BTCEUR", "BTC", "EUR", ("0.01", "0.00001"), ""),
        symbol("BTCTRY", "BTC", "TRY", ("1", "0.00001"), ""),
        symbol("ETHUSDT", "ETH", "USDT", ("0.01", "0.0001"), ""),
        symbol("BTTCUSDT", "BTTC", "USDT", ("0.000000000001", "0.00001"), ""),
    ];
    let usdm = [
        symbol("BTCUSDT", "BTC", "USDT", ("0.10", "0.001"), r#","marginAsset":"USDT""#),
        symbol("BTTCUSDT", "BTTC", "USDT", ("0.00000001", "1"), r#","marginAsset":"USDT""#),
        symbol("HALTUSDT", "BTC", "USDT", ("1", "1"), r#","marginAsset":"USDT""#).replace("TRADING", "SETTLING"),
    ];
    let coinm = [symbol("BTCUSD_PERP", "BTC", "USD", ("0.1", "1"), r#","marginAsset":"BTC","contractSize":100"#)];
    FactsByVenue::from([
        ("spot".into(), facts_of(Protocol::BinanceSpot, &spot)),
        ("usdm".into(), facts_of(Protocol::BinanceUsdm, &usdm)),
        ("coinm".into(), facts_of(Protocol::BinanceCoinm, &coinm)),
    ])
}

fn mistakes(text: &str, facts: &FactsByVenue) -> String {
    build(&config(text), facts, Unknown::Refused).expect_err("mistakes").to_string()
}

#[test]
fn a_market_shares_the_finest_scale_of_its_steps() {
    let text =
        format!("{VENUES}{MARKET}[[instrument]]\nvenue = \"spot\"\nsymbol = \"ETHUSDT\"\nmin_notional = \"7\"\n");
    let config = config(&text);
    let (universe, subscribe) = build(&config, &usual(), Unknown::Refused).unwrap_or_else(|m| panic!("{m}"));
    let scale = Scale::new(2, 5).expect("a scale");
    assert_eq!(universe.markets[0].scale, scale);
    assert_eq!(universe.markets[0].instruments.iter().map(|i| i.0).collect::<Vec<_>>(), [0, 1, 2]);
    let [spot, usdm, coinm, eth] = universe.instruments.as_slice() else { panic!("four") };
    assert_eq!((spot.price_step, spot.quantity_step, spot.min_quantity), (1, 1, 1));
    assert_eq!((usdm.price_step, usdm.quantity_step, usdm.kind), (10, 100, Kind::Linear));
    assert_eq!((coinm.price_step, coinm.quantity_step, coinm.kind), (10, 100_000, Kind::Inverse));
    assert_eq!(coinm.contract_size, Amount(100 * crosstick_model::amount::AMOUNT_ONE));
    assert_eq!(universe.asset_name(coinm.settle), "BTC");
    assert_eq!(spot.contract_size, Amount(crosstick_model::amount::AMOUNT_ONE));
    // Of no market: a scale of its own, and the config's word before the venue's.
    assert_eq!((eth.scale, eth.market), (Scale::new(2, 4).expect("a scale"), None));
    assert_eq!(eth.min_notional, Amount(7 * crosstick_model::amount::AMOUNT_ONE));
    assert_eq!(universe.venues[0].fees.taker_e8, 75_000);
    let FeeAsset::Named(bnb) = universe.venues[0].fees.asset else { panic!("named") };
    assert_eq!(universe.asset_name(bnb), "BNB");
    assert_eq!(subscribe.len(), 3);
    assert_eq!(subscribe[0].instruments.iter().map(|i| i.0).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(subscribe[0].streams, [Stream::Trade, Stream::BookTicker]);
    assert_eq!(subscribe[2].streams, [Stream::AggTrade, Stream::BookTicker]);
}

#[test]
fn venues_are_asked_for_what_the_config_leaves_out() {
    let whole = "[[instrument]]\nvenue = \"usdm\"\nsymbol = \"BTCUSDT\"\nbase = \"BTC\"\nquote = \"USDT\"\nprice_step = \"0.1\"\n\
                 quantity_step = \"0.001\"\nmin_quantity = \"0.001\"\nmin_notional = \"50\"\n";
    let config = config(&format!("{VENUES}{MARKET}{whole}"));
    let asked = asks(&config);
    let names: Vec<_> =
        asked.iter().map(|(venue, ask)| (config.venues[*venue].name.as_str(), ask.rest_url.as_str())).collect();
    assert_eq!(names, [("spot", "https://api.binance.com"), ("coinm", "https://dapi.binance.com")]);
    assert_eq!(asked[0].1.symbols, ["BTCUSDT"]);
    let mut facts = usual();
    facts.remove("usdm");
    let (universe, _) = build(&config, &facts, Unknown::Refused).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(universe.asset_name(universe.instruments[1].settle), "USDT");
}

#[test]
fn everything_that_keeps_markets_from_use_is_told_at_once() {
    let text = format!(
        "{VENUES}{}{}{}{}{}",
        "[[market]]\nname = \"A\"\nsymbols = { spot = \"BTCUSDX\", usdm = \"HALTUSDT\" }\n",
        "[[market]]\nname = \"B\"\nsymbols = { spot = \"ETHUSDT\", usdm = \"BTCUSDT\" }\n",
        "[[market]]\nname = \"C\"\nsymbols = { spot = \"BTCTRY\", coinm = \"BTCUSD_PERP\" }\n",
        "[[market]]\nname = \"D\"\nsymbols = { spot = \"BTTCUSDT\", usdm = \"BTTCUSDT\" }\n",
        "[[market]]\nname = \"E\"\nsymbols = { spot = \"BTCUSDT\", usdm = \"NOTHINGLIKEIT\" }\nprice_decimals = 1\n",
    );
    assert_eq!(
        mistakes(&text, &usual()),
        "u.toml:16:13: BTCUSDX on spot: the venue has no such symbol; did you mean \"BTCUSDT\"?\n\
         u.toml:16:31: HALTUSDT on usdm does not trade now: the venue's status is SETTLING\n\
         u.toml:19:31: market B: ETHUSDT on spot trades ETH, BTCUSDT on usdm trades BTC; one market is one pair\n\
         u.toml:22:13: market C: BTCTRY on spot is quoted in TRY, whose worth in USDT is not stated; add TRY = \"1\" to \
         [risk] rates if you hold them equal\n\
         u.toml:23:1: market D: its steps need 12 decimals for prices and 5 for quantities; the two add up to 16 at most\n\
         u.toml:28:13: BTCUSDT on spot: price_step 0.01 does not fit 1 decimals; state more in its [[market]]\n\
         u.toml:28:31: NOTHINGLIKEIT on usdm: the venue has no such symbol"
    );
}

#[test]
fn quotes_of_different_worth_do_not_meet() {
    let text = format!("{VENUES}[[market]]\nname = \"A\"\nsymbols = {{ spot = \"BTCEUR\", usdm = \"BTCUSDT\" }}\n");
    let told = mistakes(&text, &usual());
    assert!(told.contains("USDT and EUR have different [risk] rates"), "{told}");
    let equal = text.replace("EUR = \"1.1\"", "EUR = \"1\"");
    assert!(build(&config(&equal), &usual(), Unknown::Refused).is_ok());
}

#[test]
fn what_nobody_states_is_not_guessed() {
    let text = format!("{VENUES}{MARKET}");
    let told = mistakes(&text, &FactsByVenue::new());
    assert_eq!(
        told,
        "u.toml:16:13: BTCUSDT on spot: base, quote, price_step, quantity_step not known; state it in its [[instrument]]\n\
         u.toml:16:31: BTCUSDT on usdm: base, quote, price_step, quantity_step not known; state it in its [[instrument]]\n\
         u.toml:16:49: BTCUSD_PERP on coinm: base, quote, contract_size, price_step, quantity_step not known; state it in \
         its [[instrument]]"
    );
    // A replay takes 8 and 8 where steps are unknown, yet never guesses what is traded.
    let told = build(&config(&text), &FactsByVenue::new(), Unknown::Finest).expect_err("no assets").to_string();
    assert!(told.contains("u.toml:16:13: BTCUSDT on spot: base, quote not known"), "{told}");
    assert!(told.contains("u.toml:16:49: BTCUSD_PERP on coinm: base, quote, contract_size not known"), "{told}");
}

#[test]
fn a_replay_takes_the_default_scale_where_steps_are_unknown() {
    let text = format!(
        "{VENUES}{}{}{}{}",
        "[[market]]\nname = \"BTC\"\nsymbols = { spot = \"BTCUSDT\", usdm = \"BTCUSDT\" }\n",
        "[[instrument]]\nvenue = \"spot\"\nsymbol = \"BTCUSDT\"\nbase = \"BTC\"\nquote = \"USDT\"\n",
        "[[instrument]]\nvenue = \"usdm\"\nsymbol = \"BTCUSDT\"\nbase = \"BTC\"\nquote = \"USDT\"\nprice_step = \"0.1\"\nquantity_step = \"0.001\"\n",
        "[[instrument]]\nvenue = \"spot\"\nsymbol = \"XYZ\"\n",
    );
    let (universe, _) = build(&config(&text), &FactsByVenue::new(), Unknown::Finest).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(universe.markets[0].scale, Scale::DEFAULT);
    let [spot, usdm, xyz] = universe.instruments.as_slice() else { panic!("three") };
    assert_eq!((spot.price_step, spot.quantity_step, spot.min_quantity, spot.min_notional), (1, 1, 0, Amount::ZERO));
    assert_eq!((usdm.price_step, usdm.quantity_step), (10_000_000, 100_000));
    assert_eq!((xyz.scale, xyz.market), (Scale::DEFAULT, None));
}

#[test]
fn a_contract_of_many_units_is_refused() {
    let mut facts = usual();
    let odd = symbol("BTCUSDT", "BTC", "USDT", ("0.1", "1"), r#","marginAsset":"USDT","contractSize":10"#);
    facts.insert("usdm".into(), facts_of(Protocol::BinanceUsdm, &[odd]));
    let told = mistakes(&format!("{VENUES}{MARKET}"), &facts);
    assert!(told.contains("a linear contract of more than one base unit is not supported"), "{told}");
}
