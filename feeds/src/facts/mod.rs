//! Instrument facts: what a venue's exchangeInfo says of its instruments, read over REST at start.
//!
//! **Thread:** main, before readers start; cold. **Deliberately absent:** retries (one bounded call, then the copy
//! of an earlier one, then an error that says what to do), and any judgement of the facts: what is missing stays
//! `None` here, and whoever needs it names it.

mod cache;
mod error;
mod fetch;
mod parse;
mod tls;

use std::collections::BTreeMap;
use std::fmt;

use crosstick_model::{Decimal, Kind, Protocol};

pub use cache::{AGE_WARN_S, cache_path, load, load_at};
pub use error::FactsError;
pub use fetch::{Ask, BODY_MAX, TIMEOUT, fetch, url_of};
pub use parse::parse;

/// What a venue says of one instrument. `None`: it does not say, or switched the rule off with a zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolFacts {
    /// The venue's spelling.
    pub symbol: String,
    /// The venue's word for whether it trades, such as `TRADING`.
    pub status: Option<String>,
    /// What is bought and sold.
    pub base: Option<String>,
    /// What prices are in.
    pub quote: Option<String>,
    /// What profit and loss are settled in.
    pub settle: Option<String>,
    /// What a contract is worth.
    pub kind: Kind,
    /// Quote units that one inverse contract is worth.
    pub contract_size: Option<Decimal>,
    /// Smallest price increment.
    pub price_step: Option<Decimal>,
    /// Smallest quantity increment; contracts where inverse.
    pub quantity_step: Option<Decimal>,
    /// Least quantity of an order.
    pub min_quantity: Option<Decimal>,
    /// Least notional of an order, in the quote asset.
    pub min_notional: Option<Decimal>,
}

impl SymbolFacts {
    /// The venue takes orders for it now.
    #[must_use]
    pub fn trading(&self) -> bool {
        self.status.as_deref() == Some("TRADING")
    }
}

/// What a venue says of its instruments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What the venue speaks.
    pub protocol: Protocol,
    /// By symbol: those asked for, or all of the venue's.
    pub symbols: BTreeMap<String, SymbolFacts>,
}

/// Where facts come from.
#[derive(Debug)]
pub enum Source {
    /// The venue's answer.
    Venue,
    /// The copy of an earlier answer, since there was none now.
    Copy {
        /// How old the copy is, seconds.
        age_s: u64,
        /// Why there was no answer.
        because: FactsError,
    },
}

/// Facts, and what is to be said about them.
#[derive(Debug)]
pub struct Loaded {
    /// The facts.
    pub facts: Facts,
    /// Where they come from.
    pub source: Source,
    /// What should be told to the operator, one line each: a copy in use, one that is old, one that could not be
    /// written.
    pub notices: Vec<String>,
}

/// An age as people say it.
struct Age(u64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s @ 0..=119 => write!(f, "{s} s"),
            s @ 120..=7199 => write!(f, "{} min", s / 60),
            s @ 7200..=172_799 => write!(f, "{} h", s / 3600),
            s => write!(f, "{} days", s / 86_400),
        }
    }
}
