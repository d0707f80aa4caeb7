//! What a fault is made from: the fields of a `[[fault]]` table and of the control API's JSON, and their rules.

use crosstick_model::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kind::{KINDS, Kind, Scope};
use crate::exchange::TradingStatus;

/// A fault as it is asked for. Times are in milliseconds; what is left out is `None`. Which kinds there are and what
/// they take: docs/simulated-venues.md.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultSpec {
    /// Which venue.
    pub venue: String,
    /// What goes wrong.
    pub kind: String,
    /// Which connections or messages: any, stream, rest, ws-api, user-data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When it begins, counted from the start of the venues or, over the control API, from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// It begins anew so long after each beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// How long it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// It begins when so many messages (or requests) of its scope have passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// How many messages, requests or connections it hits; one, or all of `for_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Which symbol alone, in the venue's spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Which stream alone, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Which request alone: a method of the WebSocket API (`order.place`), or verb and path (`POST /api/v3/order`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// How long something is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// How far the venue's clock is ahead; below zero: behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
    /// HTTP status of a refusal, 400 to 599.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Error code: -1006 or -1007.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Whether the request was carried out all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// What follows a lost answer: silence or drop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    /// What garbage stands for: payload or frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// How TLS fails: alert or certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// A symbol's new status: TRADING, CANCEL_ONLY, HALT, BREAK, END_OF_DAY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trading_status: Option<String>,
    /// A symbol's new price step, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_step: Option<String>,
    /// A symbol's new quantity step, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity_step: Option<String>,
    /// A symbol's new least quantity, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_quantity: Option<String>,
    /// A symbol's new least notional, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_notional: Option<String>,
    /// A symbol's new limit of open orders an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_orders: Option<u64>,
    /// Share of an order's open quantity that is filled, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u64>,
}

/// Why a fault makes no sense: which field, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {text}")]
pub struct FaultError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub text: String,
}

fn wrong(field: &'static str, text: impl Into<String>) -> FaultError {
    FaultError { field, text: text.into() }
}

/// The status of a word.
pub(crate) fn trading_status(word: &str) -> Option<TradingStatus> {
    use TradingStatus::{Break, CancelOnly, EndOfDay, Halt, Trading};
    [Trading, CancelOnly, Halt, Break, EndOfDay].into_iter().find(|s| s.name() == word)
}

impl FaultSpec {
    /// A fault of this kind on this venue, that begins at once.
    #[must_use]
    pub fn new(venue: &str, kind: &str) -> Self {
        Self { venue: venue.to_owned(), kind: kind.to_owned(), ..Self::default() }
    }

    /// The names of all kinds, with what each does.
    pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
        KINDS.iter().map(|info| (info.name, info.doc))
    }

    /// All kinds with their scopes and parameters.
    pub(crate) fn kinds_json() -> Value {
        let one = |info: &super::kind::Info| {
            let scopes: Vec<&str> = info.scopes.iter().map(|s| s.name()).collect();
            json!({
                "kind": info.name, "does": info.doc, "scopes": scopes, "needs": info.needs, "takes": info.takes,
            })
        };
        KINDS.iter().map(one).collect()
    }

    /// Whether the fields make a fault together. The venue and its symbols are not looked at.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), FaultError> {
        self.kind_and_scope().map(|_| ())
    }

    /// What it is, once checked.
    pub(crate) fn kind_and_scope(&self) -> Result<(Kind, Scope), FaultError> {
        let kind = Kind::of(&self.kind).ok_or_else(|| {
            let names: Vec<&str> = KINDS.iter().map(|i| i.name).collect();
            wrong("kind", format!("there is no fault {:?}; one of {}", self.kind, names.join(", ")))
        })?;
        let scope = self.check_scope(kind)?;
        self.check_fields(kind)?;
        self.check_times(kind)?;
        self.check_values()?;
        Ok((kind, scope))
    }

    fn check_scope(&self, kind: Kind) -> Result<Scope, FaultError> {
        let info = kind.info();
        let Some(word) = &self.scope else { return Ok(info.scopes.first().copied().unwrap_or(Scope::Any)) };
        if info.scopes.is_empty() {
            return Err(wrong("scope", format!("{} concerns the whole venue; leave it out", info.name)));
        }
        Scope::of(word).filter(|s| info.scopes.contains(s)).ok_or_else(|| {
            let names: Vec<&str> = info.scopes.iter().map(|s| s.name()).collect();
            wrong("scope", format!("{} acts on one of {}", info.name, names.join(", ")))
        })
    }

    /// Which fields are there, besides venue, kind, scope, at_ms and every_ms.
    fn given(&self) -> [(&'static str, bool); 21] {
        [
            ("for_ms", self.for_ms.is_some()),
            ("after", self.after.is_some()),
            ("count", self.count.is_some()),
            ("symbol", self.symbol.is_some()),
            ("stream", self.stream.is_some()),
            ("request", self.request.is_some()),
            ("delay_ms", self.delay_ms.is_some()),
            ("skew_ms", self.skew_ms.is_some()),
            ("http_status", self.http_status.is_some()),
            ("code", self.code.is_some()),
            ("done", self.done.is_some()),
            ("ending", self.ending.is_some()),
            ("layer", self.layer.is_some()),
            ("mode", self.mode.is_some()),
            ("trading_status", self.trading_status.is_some()),
            ("price_step", self.price_step.is_some()),
            ("quantity_step", self.quantity_step.is_some()),
            ("min_quantity", self.min_quantity.is_some()),
            ("min_notional", self.min_notional.is_some()),
            ("max_orders", self.max_orders.is_some()),
            ("percent", self.percent.is_some()),
        ]
    }

    fn check_fields(&self, kind: Kind) -> Result<(), FaultError> {
        let info = kind.info();
        for (field, given) in self.given() {
            if given && !info.needs.contains(&field) && !info.takes.contains(&field) {
                let may: Vec<&str> = info.needs.iter().chain(info.takes).copied().collect();
                let may = if may.is_empty() { "at_ms, every_ms".to_owned() } else { may.join(", ") };
                return Err(wrong(field, format!("{} does not take it; it takes {may}", info.name)));
            }
            if !given && info.needs.contains(&field) {
                return Err(wrong(field, format!("{} needs it", info.name)));
            }
        }
        let filters = ["price_step", "quantity_step", "min_quantity", "min_notional", "max_orders"];
        if kind == Kind::SymbolFilters && !self.given().iter().any(|(f, given)| *given && filters.contains(f)) {
            return Err(wrong("price_step", format!("symbol-filters needs one of {}", filters.join(", "))));
        }
        Ok(())
    }

    fn check_times(&self, kind: Kind) -> Result<(), FaultError> {
        const MOST_MS: u64 = 366 * 86_400 * 1_000;
        let times = [("at_ms", self.at_ms), ("every_ms", self.every_ms), ("for_ms", self.for_ms)];
        for (field, value) in times.into_iter().chain([("delay_ms", self.delay_ms)]) {
            if value.is_some_and(|v| v > MOST_MS) {
                return Err(wrong(field, format!("at most {MOST_MS}: a year")));
            }
        }
        let above_zero = [("every_ms", self.every_ms), ("for_ms", self.for_ms), ("count", self.count)];
        for (field, value) in above_zero {
            if value == Some(0) {
                return Err(wrong(field, "must be above zero; leave it out otherwise"));
            }
        }
        if self.skew_ms.is_some_and(|s| s.unsigned_abs() > MOST_MS) {
            return Err(wrong("skew_ms", format!("at most {MOST_MS}, ahead or behind: a year")));
        }
        match (self.every_ms, self.for_ms) {
            (Some(every), Some(lasts)) if every <= lasts => Err(wrong("every_ms", "must be longer than for_ms")),
            (Some(_), None) if !kind.is_instant() && !kind.is_counted() => {
                Err(wrong("every_ms", "needs for_ms: what never ends cannot begin anew"))
            }
            _ => Ok(()),
        }
    }

    fn check_values(&self) -> Result<(), FaultError> {
        let word = |field, value: &Option<String>, words: &[&str]| match value {
            Some(value) if !words.contains(&value.as_str()) => {
                Err(wrong(field, format!("{value:?} is none of {}", words.join(", "))))
            }
            _ => Ok(()),
        };
        word("ending", &self.ending, &["silence", "drop"])?;
        word("layer", &self.layer, &["payload", "frame"])?;
        word("mode", &self.mode, &["alert", "certificate"])?;
        if let Some(status) = &self.trading_status
            && trading_status(status).is_none()
        {
            let text = format!("{status:?} is none of TRADING, CANCEL_ONLY, HALT, BREAK, END_OF_DAY");
            return Err(wrong("trading_status", text));
        }
        if self.http_status.is_some_and(|s| !(400..=599).contains(&s)) {
            return Err(wrong("http_status", "from 400 to 599"));
        }
        if self.code.is_some_and(|c| !matches!(c, -1006 | -1007)) {
            return Err(wrong("code", "-1006 or -1007"));
        }
        if self.percent.is_some_and(|p| !(1..=100).contains(&p)) {
            return Err(wrong("percent", "from 1 to 100"));
        }
        let decimals = [
            ("price_step", &self.price_step),
            ("quantity_step", &self.quantity_step),
            ("min_quantity", &self.min_quantity),
            ("min_notional", &self.min_notional),
        ];
        for (field, value) in decimals {
            let Some(text) = value else { continue };
            let good = text.parse::<Decimal>().is_ok_and(|d| !d.is_negative() && !d.is_zero());
            if !good {
                return Err(wrong(field, format!("{text:?} is no decimal above zero")));
            }
        }
        Ok(())
    }
}
