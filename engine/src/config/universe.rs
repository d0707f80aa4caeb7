//! From a config and what venues state to the universe of a run: every symbol resolved, every step at its scale.
//!
//! What the config states of an instrument goes before what the venue states. All problems are listed at once.

use std::collections::BTreeMap;

use crosstick_feeds::endpoints;
use crosstick_feeds::facts::{Ask, Facts, SymbolFacts, TIMEOUT};
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::decimal::MAX_DECIMALS;
use crosstick_model::{
    Amount, Decimal, FeeAsset, Fees, Instrument, InstrumentId, Kind, Market, MarketId, Scale, Universe, UniverseError,
    Venue, VenueId,
};

use super::build_venue::kind_of;
use super::mistakes::{Mistakes, Place, closest};
use super::{Config, Environment, FeeAssetName, Stream};

/// What each venue stated, by our name of the venue. A venue that was not asked is left out.
pub type FactsByVenue = BTreeMap<String, Facts>;

/// What to subscribe at a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// The venue.
    pub venue: VenueId,
    /// All its instruments.
    pub instruments: Vec<InstrumentId>,
    /// For each of them.
    pub streams: Vec<Stream>,
}

/// The asset of a recorded instrument of no market that nobody describes: it is counted, never traded.
const NAMELESS: &str = "?";

/// What is done where neither config nor venue state a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It is a mistake: orders would be refused.
    Refused,
    /// The finest step of the scale, no minimum; 8 and 8 decimals where nothing is known. For replay.
    Finest,
}

/// What to ask before [`build`], by index in [`Config::venues`]: venues with an instrument that the config does not
/// state whole. A custom venue without `rest_url` cannot be asked; then [`build`] names what is missing.
#[must_use]
pub fn asks(config: &Config) -> Vec<(usize, Ask)> {
    let wanted = wanted(config);
    let mut asks = Vec::new();
    for (index, venue) in config.venues.iter().enumerate() {
        let here: Vec<&Wanted<'_>> = wanted.iter().filter(|w| w.venue == index).collect();
        let Some(rest_url) = rest_url(venue) else { continue };
        if here.iter().all(|w| w.stated_whole(kind_of(venue.protocol))) {
            continue;
        }
        let ask = Ask {
            protocol: venue.protocol,
            rest_url,
            symbols: here.iter().map(|w| w.symbol.to_owned()).collect(),
            tls_ca: venue.tls_ca.clone(),
            timeout: TIMEOUT,
        };
        asks.push((index, ask));
    }
    asks
}

/// Base of a venue's REST API; `None`: a custom venue without one.
#[must_use]
pub fn rest_url(venue: &super::Venue) -> Option<String> {
    let environment = match venue.environment {
        Environment::Mainnet => endpoints::Environment::Mainnet,
        Environment::Testnet => endpoints::Environment::Testnet,
        Environment::Demo => endpoints::Environment::Demo,
        Environment::Custom => return venue.rest_url.clone(),
    };
    endpoints::rest_base(venue.protocol, environment).map(str::to_owned)
}

/// Builds the universe, and what to subscribe at each venue that has instruments.
///
/// # Errors
/// Everything that keeps an instrument or a market from being used, with its place in the config.
pub fn build(config: &Config, facts: &FactsByVenue, unknown: Unknown) -> Result<(Universe, Vec<Subscribe>), Mistakes> {
    let mut builder = Builder { config, universe: Universe::default(), mistakes: Mistakes::default(), unknown };
    if let Err(error) = builder.all(facts) {
        builder.mistakes.add(&Place::Default, format!("{error}; use fewer"));
    }
    let universe = builder.universe;
    let subscribes = subscribes(config, &universe);
    builder.mistakes.or((universe, subscribes))
}

fn subscribes(config: &Config, universe: &Universe) -> Vec<Subscribe> {
    let venues = universe.venues.iter().zip(&config.venues);
    let all = venues.map(|(venue, stated)| {
        let here = universe.instruments.iter().filter(|i| i.venue == venue.id);
        Subscribe { venue: venue.id, instruments: here.map(|i| i.id).collect(), streams: stated.streams.clone() }
    });
    all.filter(|s| !s.instruments.is_empty()).collect()
}

/// An instrument that the config names.
struct Wanted<'c> {
    venue: usize,
    symbol: &'c str,
    market: Option<usize>,
    place: &'c Place,
    stated: Option<&'c super::Instrument>,
}

impl Wanted<'_> {
    fn stated_whole(&self, kind: Kind) -> bool {
        self.stated.is_some_and(|i| {
            let sized = kind != Kind::Inverse || i.contract_size.is_some();
            let named = i.base.is_some() && i.quote.is_some();
            let stepped = i.price_step.is_some() && i.quantity_step.is_some();
            sized && named && stepped && i.min_quantity.is_some() && i.min_notional.is_some()
        })
    }
}

/// All instruments: those of markets in the config's order, then those of no market.
fn wanted(config: &Config) -> Vec<Wanted<'_>> {
    let venue_of = |name: &str| config.venues.iter().position(|v| v.name == name);
    let stated_of =
        |venue: &str, symbol: &str| config.instruments.iter().find(|i| i.venue == venue && i.symbol == symbol);
    let mut list: Vec<Wanted<'_>> = Vec::new();
    for (market, stated) in config.markets.iter().enumerate() {
        for s in &stated.symbols {
            let Some(venue) = venue_of(&s.venue) else { continue };
            let stated = stated_of(&s.venue, &s.symbol);
            list.push(Wanted { venue, symbol: &s.symbol, market: Some(market), place: &s.place, stated });
        }
    }
    for instrument in &config.instruments {
        let Some(venue) = venue_of(&instrument.venue) else { continue };
        if list.iter().all(|w| w.venue != venue || w.symbol != instrument.symbol) {
            let (symbol, place) = (instrument.symbol.as_str(), &instrument.place);
            list.push(Wanted { venue, symbol, market: None, place, stated: Some(instrument) });
        }
    }
    list
}

/// What is known of an instrument, config before venue.
struct Known<'c> {
    wanted: Wanted<'c>,
    base: Option<String>,
    quote: Option<String>,
    settle: Option<String>,
    kind: Kind,
    contract_size: Option<Decimal>,
    price_step: Option<Decimal>,
    quantity_step: Option<Decimal>,
    min_quantity: Decimal,
    min_notional: Decimal,
}

struct Builder<'c> {
    config: &'c Config,
    universe: Universe,
    mistakes: Mistakes,
    unknown: Unknown,
}

impl<'c> Builder<'c> {
    fn all(&mut self, facts: &FactsByVenue) -> Result<(), UniverseError> {
        self.universe.asset(&self.config.risk.currency)?;
        self.venues()?;
        let mut known: Vec<Known<'c>> = Vec::new();
        for wanted in wanted(self.config) {
            known.extend(self.resolve(wanted, facts));
        }
        let mut members: Vec<Vec<InstrumentId>> = vec![Vec::new(); self.config.markets.len()];
        let mut scales: Vec<Option<Scale>> = Vec::new();
        for market in 0..self.config.markets.len() {
            let here: Vec<&Known<'c>> = known.iter().filter(|k| k.wanted.market == Some(market)).collect();
            self.market_fits(market, &here);
            scales.push(self.market_scale(market, &here));
        }
        for known in &known {
            let scale = match known.wanted.market {
                Some(market) => scales[market],
                None => self.scale(known.wanted.place, known.wanted.symbol, (None, None), &[known]),
            };
            let Some(scale) = scale else { continue };
            let id = self.instrument(known, scale)?;
            if let (Some(id), Some(market)) = (id, known.wanted.market) {
                members[market].push(id);
            }
        }
        for (market, instruments) in members.into_iter().enumerate() {
            let stated = &self.config.markets[market];
            // Short only when a mistake is on the list.
            if let (Some(scale), true) = (scales[market], instruments.len() == stated.symbols.len()) {
                let name = stated.name.as_str().into();
                self.universe.add_market(Market { id: MarketId(0), name, instruments, scale })?;
            }
        }
        Ok(())
    }

    fn venues(&mut self) -> Result<(), UniverseError> {
        for venue in &self.config.venues {
            let asset = match &venue.fee_asset {
                FeeAssetName::Quote => FeeAsset::Quote,
                FeeAssetName::Received => FeeAsset::Received,
                FeeAssetName::Named(name) => FeeAsset::Named(self.universe.asset(name)?),
            };
            for (asset, _) in &venue.balances {
                self.universe.asset(asset)?;
            }
            let fees = Fees { maker_e8: venue.maker_e8, taker_e8: venue.taker_e8, asset };
            let name = venue.name.as_str().into();
            self.universe.add_venue(Venue { id: VenueId(0), name, protocol: venue.protocol, fees })?;
        }
        Ok(())
    }

    /// Lays what the config states over what the venue states.
    fn resolve(&mut self, wanted: Wanted<'c>, facts: &FactsByVenue) -> Option<Known<'c>> {
        let venue = &self.config.venues[wanted.venue];
        let kind = kind_of(venue.protocol);
        let label = format!("{} on {}", wanted.symbol, venue.name);
        let told = match facts.get(&venue.name) {
            Some(facts) => {
                let told = facts.symbols.get(wanted.symbol);
                if told.is_none() && !wanted.stated_whole(kind) {
                    self.mistakes.add(wanted.place, unknown_symbol(&label, wanted.symbol, facts));
                    return None;
                }
                told
            }
            None => None,
        };
        if let Some(told) = told.filter(|t| !t.trading()) {
            let status = told.status.as_deref().unwrap_or("unknown");
            self.mistakes.add(wanted.place, format!("{label} does not trade now: the venue's status is {status}"));
            return None;
        }
        let stated = wanted.stated;
        let text = |own: fn(&super::Instrument) -> &Option<String>, theirs: fn(&SymbolFacts) -> &Option<String>| {
            stated.and_then(|s| own(s).clone()).or_else(|| told.and_then(|t| theirs(t).clone()))
        };
        let number = |own: fn(&super::Instrument) -> Option<Decimal>, theirs: fn(&SymbolFacts) -> Option<Decimal>| {
            stated.and_then(own).or_else(|| told.and_then(theirs))
        };
        let (base, quote) = (text(|i| &i.base, |t| &t.base), text(|i| &i.quote, |t| &t.quote));
        // Where nobody says, a contract settles as its kind does.
        let usual = if kind == Kind::Inverse { base.clone() } else { quote.clone() };
        let known = Known {
            settle: text(|i| &i.settle, |t| &t.settle).or(usual),
            base,
            quote,
            kind,
            contract_size: number(|i| i.contract_size, |t| t.contract_size),
            price_step: number(|i| i.price_step, |t| t.price_step),
            quantity_step: number(|i| i.quantity_step, |t| t.quantity_step),
            // A venue that has no such rule states no minimum.
            min_quantity: number(|i| i.min_quantity, |t| t.min_quantity).unwrap_or(Decimal::ZERO),
            min_notional: number(|i| i.min_notional, |t| t.min_notional).unwrap_or(Decimal::ZERO),
            wanted,
        };
        self.complete(&label, known)
    }

    /// What must be known is; otherwise the missing keys are named.
    fn complete(&mut self, label: &str, known: Known<'c>) -> Option<Known<'c>> {
        let strict = self.unknown == Unknown::Refused;
        let needs = [
            ("base", known.base.is_none() && (strict || known.wanted.market.is_some())),
            ("quote", known.quote.is_none() && (strict || known.wanted.market.is_some())),
            ("contract_size", known.kind == Kind::Inverse && known.contract_size.is_none()),
            ("price_step", strict && known.price_step.is_none()),
            ("quantity_step", strict && known.quantity_step.is_none()),
        ];
        let missing: Vec<&str> = needs.iter().filter(|(_, missing)| *missing).map(|(key, _)| *key).collect();
        if !missing.is_empty() {
            let text = format!("{label}: {} not known; state it in its [[instrument]]", missing.join(", "));
            self.mistakes.add(known.wanted.place, text);
            return None;
        }
        if known.kind != Kind::Inverse && known.contract_size.is_some_and(|s| s != Decimal::from(1)) {
            let text = format!("{label}: a {} contract of more than one base unit is not supported", known.kind.name());
            self.mistakes.add(known.wanted.place, text);
            return None;
        }
        Some(known)
    }

    /// One pair: the same base everywhere, and quotes that meet under stated rates.
    fn market_fits(&mut self, market: usize, members: &[&Known<'c>]) {
        let Some((first, rest)) = members.split_first() else { return };
        let stated = &self.config.markets[market];
        let name_of = |k: &Known<'c>| format!("{} on {}", k.wanted.symbol, self.config.venues[k.wanted.venue].name);
        let risk = &self.config.risk;
        for other in rest.iter().filter(|o| o.base != first.base) {
            let (a, b) = (first.base.as_deref().unwrap_or(""), other.base.as_deref().unwrap_or(""));
            let (first, second) = (name_of(first), name_of(other));
            let text =
                format!("market {}: {first} trades {a}, {second} trades {b}; one market is one pair", stated.name);
            self.mistakes.add(other.wanted.place, text);
        }
        let mut rates: Vec<(&str, i64)> = Vec::new();
        for member in members {
            let Some(quote) = member.quote.as_deref() else { continue };
            if rates.iter().any(|(known, _)| *known == quote) {
                continue;
            }
            let label = name_of(member);
            match risk.rate(quote) {
                None => {
                    let text = format!(
                        "market {}: {label} is quoted in {quote}, whose worth in {} is not stated; \
                         add {quote} = \"1\" to [risk] rates if you hold them equal",
                        stated.name, risk.currency
                    );
                    self.mistakes.add(member.wanted.place, text);
                }
                Some(rate) => {
                    if let Some((known, _)) = rates.iter().find(|(_, r)| *r != rate) {
                        let text = format!(
                            "market {}: {quote} and {known} have different [risk] rates; quotes meet only where \
                             one is worth the other",
                            stated.name
                        );
                        self.mistakes.add(member.wanted.place, text);
                    }
                    rates.push((quote, rate));
                }
            }
        }
        for member in members.iter().filter(|m| m.kind == Kind::Linear && m.settle != m.quote) {
            let text = format!("market {}: {} settles in another asset than its quote", stated.name, name_of(member));
            self.mistakes.add(member.wanted.place, text);
        }
    }

    fn market_scale(&mut self, market: usize, members: &[&Known<'c>]) -> Option<Scale> {
        let stated = &self.config.markets[market];
        let label = format!("market {}", stated.name);
        self.scale(&stated.place, &label, (stated.price_decimals, stated.quantity_decimals), members)
    }

    /// What is stated, else enough for all steps, else 8.
    fn scale(
        &mut self,
        place: &Place,
        label: &str,
        stated: (Option<u8>, Option<u8>),
        members: &[&Known<'c>],
    ) -> Option<Scale> {
        let most = |step: fn(&Known<'c>) -> Option<Decimal>| {
            let decimals = |k: &&Known<'c>| step(k).map_or(8, |d| d.normalised().decimals());
            members.iter().map(decimals).max().unwrap_or(8)
        };
        let price = stated.0.unwrap_or_else(|| most(|k| k.price_step));
        let quantity = stated.1.unwrap_or_else(|| most(|k| k.quantity_step));
        let scale = Scale::new(price, quantity);
        if scale.is_none() {
            let text = format!(
                "{label}: its steps need {price} decimals for prices and {quantity} for quantities; the two add up to \
                 {MAX_DECIMALS} at most"
            );
            self.mistakes.add(place, text);
        }
        scale
    }

    fn instrument(&mut self, known: &Known<'c>, scale: Scale) -> Result<Option<InstrumentId>, UniverseError> {
        let label = format!("{} on {}", known.wanted.symbol, self.config.venues[known.wanted.venue].name);
        let mut fixed = |name: &str, value: Option<Decimal>, decimals: u8, least: i64| match value {
            None => Some(least),
            Some(value) => value.at_scale(decimals).or_else(|| {
                let text =
                    format!("{label}: {name} {value} does not fit {decimals} decimals; state more in its [[market]]");
                self.mistakes.add(known.wanted.place, text);
                None
            }),
        };
        let price_step = fixed("price_step", known.price_step, scale.price_decimals, 1);
        let quantity_step = fixed("quantity_step", known.quantity_step, scale.quantity_decimals, 1);
        let min_quantity = fixed("min_quantity", Some(known.min_quantity), scale.quantity_decimals, 0);
        let mut exact = |name: &str, value: Option<Decimal>, otherwise: Amount| match value {
            None => Some(otherwise),
            Some(value) => Amount::from_decimal(value).or_else(|| {
                self.mistakes.add(known.wanted.place, format!("{label}: {name} {value} has more than 16 decimals"));
                None
            }),
        };
        let min_notional = exact("min_notional", Some(known.min_notional), Amount::ZERO);
        let contract_size = known.contract_size.filter(|_| known.kind == Kind::Inverse);
        let contract_size = exact("contract_size", contract_size, Amount(AMOUNT_ONE));
        let (Some(price_step), Some(quantity_step), Some(min_quantity)) = (price_step, quantity_step, min_quantity)
        else {
            return Ok(None);
        };
        let (Some(min_notional), Some(contract_size)) = (min_notional, contract_size) else { return Ok(None) };
        let mut asset = |name: &Option<String>| self.universe.asset(name.as_deref().unwrap_or(NAMELESS));
        let instrument = Instrument {
            id: InstrumentId(0),
            venue: VenueId(known.wanted.venue as u8),
            symbol: known.wanted.symbol.into(),
            base: asset(&known.base)?,
            quote: asset(&known.quote)?,
            settle: asset(&known.settle)?,
            kind: known.kind,
            contract_size,
            scale,
            price_step,
            quantity_step,
            min_quantity,
            min_notional,
            market: None,
        };
        self.universe.add_instrument(instrument).map(Some)
    }
}

fn unknown_symbol(label: &str, symbol: &str, facts: &Facts) -> String {
    let near = closest(symbol, facts.symbols.keys().map(String::as_str));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
    format!("{label}: the venue has no such symbol{hint}")
}
