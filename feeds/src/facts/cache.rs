//! The copy of a venue's last answer, for when it does not answer.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crosstick_model::{Decimal, Kind, Protocol};
use serde::{Deserialize, Serialize};

use super::{Age, Ask, Facts, FactsError, Loaded, Source, SymbolFacts, fetch};

/// A copy older than this is used as well, with a warning: seven days.
pub const AGE_WARN_S: u64 = 7 * 86_400;
/// Longest copy that is read.
const BYTES_MAX: u64 = 64 << 20;
const VERSION: u32 = 1;

/// Where the copy of a venue's answer is kept. `venue` is its name in the config.
#[must_use]
pub fn cache_path(state_dir: &Path, venue: &str) -> PathBuf {
    state_dir.join("facts").join(format!("{venue}.json"))
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    protocol: String,
    rest_url: String,
    fetched_unix_s: u64,
    symbols: Vec<StoredSymbol>,
}

#[derive(Serialize, Deserialize)]
struct StoredSymbol {
    symbol: String,
    status: Option<String>,
    base: Option<String>,
    quote: Option<String>,
    settle: Option<String>,
    kind: String,
    contract_size: Option<String>,
    price_step: Option<String>,
    quantity_step: Option<String>,
    min_quantity: Option<String>,
    min_notional: Option<String>,
}

/// Asks the venue and keeps a copy of its answer at `path`; where it does not answer, takes the copy that is there.
///
/// # Errors
/// As [`load_at`], which this is with the time of day.
pub fn load(ask: &Ask, path: &Path) -> Result<Loaded, FactsError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    load_at(ask, path, now.as_secs())
}

/// [`load`] at a given time: `now_unix_s` is seconds since the epoch. A copy is of use only if it comes from the same
/// address and has all the symbols asked for; its age is never a reason to refuse it.
///
/// # Errors
/// The venue's failure, when there is no copy of use, when the config must be changed, or when the venue refuses us for
/// more than a moment (418, 403, 451).
pub fn load_at(ask: &Ask, path: &Path, now_unix_s: u64) -> Result<Loaded, FactsError> {
    let because = match fetch(ask) {
        Ok(facts) => {
            let mut notices = Vec::new();
            if let Err(error) = write(ask, path, &facts, now_unix_s) {
                let path = path.display();
                notices.push(format!("{path}: no copy of the instrument facts could be kept ({error})"));
            }
            return Ok(Loaded { facts, source: Source::Venue, notices });
        }
        Err(error) if error.config_is_wrong() => return Err(error),
        // Refused for good or for long: going on with a copy would only mean to connect all the same.
        Err(error @ (FactsError::Banned { .. } | FactsError::Forbidden { .. } | FactsError::Location { .. })) => {
            return Err(error);
        }
        Err(error) => error,
    };
    match read(ask, path) {
        Ok((facts, fetched_unix_s)) => {
            let age_s = now_unix_s.saturating_sub(fetched_unix_s);
            let old = if age_s > AGE_WARN_S { "; it is old: steps and minimums may have changed since" } else { "" };
            let (age, path) = (Age(age_s), path.display());
            let notice = format!("{because}; instrument facts are from the copy of {age} ago in {path}{old}");
            Ok(Loaded { facts, source: Source::Copy { age_s, because }, notices: vec![notice] })
        }
        Err(why) => Err(FactsError::NoCopy { cause: Box::new(because), why }),
    }
}

fn write(ask: &Ask, path: &Path, facts: &Facts, now_unix_s: u64) -> io::Result<()> {
    let stored = Stored {
        version: VERSION,
        protocol: ask.protocol.name().to_owned(),
        rest_url: ask.rest_url.clone(),
        fetched_unix_s: now_unix_s,
        symbols: facts.symbols.values().map(StoredSymbol::from).collect(),
    };
    let bytes = serde_json::to_vec(&stored)?;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    // Written beside and renamed, so that a crash leaves the old copy or the new one.
    let beside = path.with_extension(format!("json.{}", std::process::id()));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn read(ask: &Ask, path: &Path) -> Result<(Facts, u64), String> {
    let shown = path.display();
    let size = fs::metadata(path).map_err(|_| format!("{shown} is not there"))?.len();
    if size > BYTES_MAX {
        return Err(format!("{shown} is too large to be one"));
    }
    let bytes = fs::read(path).map_err(|e| format!("{shown}: {e}"))?;
    let stored: Stored = serde_json::from_slice(&bytes).map_err(|_| format!("{shown} is damaged"))?;
    if stored.version != VERSION {
        return Err(format!("{shown} is of another version"));
    }
    if stored.protocol != ask.protocol.name() || stored.rest_url != ask.rest_url {
        return Err(format!("{shown} is from {} ({})", stored.rest_url, stored.protocol));
    }
    let symbols = stored.symbols.into_iter().map(|s| SymbolFacts::try_from(s).map(|f| (f.symbol.clone(), f)));
    let symbols = symbols.collect::<Result<std::collections::BTreeMap<_, _>, _>>();
    let symbols = symbols.map_err(|()| format!("{shown} is damaged"))?;
    if let Some(missing) = ask.symbols.iter().find(|s| !symbols.contains_key(*s)) {
        return Err(format!("{shown} has no {missing}"));
    }
    Ok((Facts { protocol: ask.protocol, symbols }, stored.fetched_unix_s))
}

impl Facts {
    /// As JSON, to keep them with what was decided on them.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let symbols: Vec<StoredSymbol> = self.symbols.values().map(StoredSymbol::from).collect();
        serde_json::json!({"protocol": self.protocol.name(), "symbols": symbols})
    }

    /// Back from [`Self::to_json`]; `None` when it is not of that shape.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Option<Self> {
        let protocol = Protocol::from_name(json["protocol"].as_str()?)?;
        let stored: Vec<StoredSymbol> = serde_json::from_value(json["symbols"].clone()).ok()?;
        let symbols = stored.into_iter().map(|s| SymbolFacts::try_from(s).map(|f| (f.symbol.clone(), f)));
        Some(Self { protocol, symbols: symbols.collect::<Result<_, ()>>().ok()? })
    }
}

impl From<&SymbolFacts> for StoredSymbol {
    fn from(facts: &SymbolFacts) -> Self {
        let text = |d: Option<Decimal>| d.map(|d| d.to_string());
        Self {
            symbol: facts.symbol.clone(),
            status: facts.status.clone(),
            base: facts.base.clone(),
            quote: facts.quote.clone(),
            settle: facts.settle.clone(),
            kind: facts.kind.name().to_owned(),
            contract_size: text(facts.contract_size),
            price_step: text(facts.price_step),
            quantity_step: text(facts.quantity_step),
            min_quantity: text(facts.min_quantity),
            min_notional: text(facts.min_notional),
        }
    }
}

impl TryFrom<StoredSymbol> for SymbolFacts {
    type Error = ();

    fn try_from(stored: StoredSymbol) -> Result<Self, ()> {
        let decimal = |text: Option<String>| -> Result<Option<Decimal>, ()> {
            text.map(|t| t.parse().map_err(|_| ())).transpose()
        };
        Ok(Self {
            symbol: stored.symbol,
            status: stored.status,
            base: stored.base,
            quote: stored.quote,
            settle: stored.settle,
            kind: Kind::from_name(&stored.kind).ok_or(())?,
            contract_size: decimal(stored.contract_size)?,
            price_step: decimal(stored.price_step)?,
            quantity_step: decimal(stored.quantity_step)?,
            min_quantity: decimal(stored.min_quantity)?,
            min_notional: decimal(stored.min_notional)?,
        })
    }
}
