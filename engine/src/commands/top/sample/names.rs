//! What indices in rows mean: names, decimals. Written once by an engine, so read once.

use crosstick_ipc::Reader;
use crosstick_ipc::layout::{InstrumentRow, text};

use crate::commands::top::units::{NONE, Number, at_step, decimals_of_step};

/// More of a name than this is not shown.
const NAME_MAX: usize = 400;

pub struct Names {
    venues: Vec<String>,
    markets: Vec<Market>,
    instruments: Vec<Instrument>,
}

struct Market {
    name: String,
    price: Digits,
    quantity: Digits,
}

pub struct Instrument {
    pub symbol: String,
    pub market: String,
    pub venue: String,
    /// What quantities are in.
    pub unit: String,
    price: Digits,
    quantity: Digits,
}

/// Decimals of a mantissa, and how many of them are worth showing.
#[derive(Clone, Copy, Default)]
struct Digits {
    decimals: u8,
    shown: u8,
}

impl Digits {
    fn number(self, mantissa: i64) -> Number {
        at_step(mantissa, self.decimals, self.shown)
    }

    /// Enough for both.
    fn widen(&mut self, other: Self) {
        self.shown = self.shown.max(other.shown).min(self.decimals);
    }
}

/// A text from outside, without what would move the cursor.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).take(NAME_MAX).collect()
}

fn digits(step: i64, decimals: u8) -> Digits {
    Digits { decimals, shown: decimals_of_step(step, decimals) }
}

impl Names {
    pub fn of(reader: &Reader) -> Self {
        let venues: Vec<String> = reader.venues().iter().map(|v| clean(&text(&v.name))).collect();
        let rows = reader.instruments();
        let market = |row: &crosstick_ipc::layout::MarketRow| Market {
            name: clean(&text(&row.name)),
            price: Digits { decimals: row.price_decimals.min(18), shown: 0 },
            quantity: Digits { decimals: row.quantity_decimals.min(18), shown: 0 },
        };
        let mut markets: Vec<Market> = reader.markets().iter().map(market).collect();
        for row in &rows {
            if let Some(market) = markets.get_mut(row.market as usize) {
                market.price.widen(digits(row.price_step, row.price_decimals.min(18)));
                market.quantity.widen(digits(row.quantity_step, row.quantity_decimals.min(18)));
            }
        }
        let instruments = rows.iter().map(|row| instrument(row, &venues, &markets)).collect();
        Self { venues, markets, instruments }
    }

    pub fn venue(&self, index: u32) -> String {
        self.venues.get(index as usize).cloned().unwrap_or_else(|| NONE.into())
    }

    pub fn market(&self, index: u32) -> String {
        self.markets.get(index as usize).map_or_else(|| NONE.into(), |m| m.name.clone())
    }

    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// Venue and symbol of an instrument.
    pub fn instrument(&self, index: u32) -> (String, String) {
        match self.instruments.get(index as usize) {
            Some(i) => (i.venue.clone(), i.symbol.clone()),
            None => (NONE.into(), NONE.into()),
        }
    }

    pub fn price(&self, instrument: u32, mantissa: i64) -> Number {
        self.instruments.get(instrument as usize).map_or_else(Number::none, |i| i.price.number(mantissa))
    }

    pub fn quantity(&self, instrument: u32, mantissa: i64) -> Number {
        self.instruments.get(instrument as usize).map_or_else(Number::none, |i| i.quantity.number(mantissa))
    }

    pub fn market_price(&self, market: u32, mantissa: i64) -> Number {
        self.markets.get(market as usize).map_or_else(Number::none, |m| m.price.number(mantissa))
    }

    pub fn market_quantity(&self, market: u32, mantissa: i64) -> Number {
        self.markets.get(market as usize).map_or_else(Number::none, |m| m.quantity.number(mantissa))
    }
}

fn instrument(row: &InstrumentRow, venues: &[String], markets: &[Market]) -> Instrument {
    const INVERSE: u8 = crosstick_model::Kind::Inverse as u8;
    let unit = if row.kind == INVERSE { "contracts".into() } else { clean(&text(&row.base)) };
    let market = markets.get(row.market as usize);
    let (mut price, mut quantity) =
        (digits(row.price_step, row.price_decimals.min(18)), digits(row.quantity_step, row.quantity_decimals.min(18)));
    if let Some(market) = market {
        // Alike in a market, for the eye to compare.
        price.widen(market.price);
        quantity.widen(market.quantity);
    }
    Instrument {
        symbol: clean(&text(&row.symbol)),
        market: market.map_or_else(|| NONE.into(), |m| m.name.clone()),
        venue: venues.get(row.venue as usize).cloned().unwrap_or_else(|| NONE.into()),
        unit,
        price,
        quantity,
    }
}
