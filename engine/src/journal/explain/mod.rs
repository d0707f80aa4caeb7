//! Why a candidate was or was not traded, by running the core again to that point: the state is then what it was. Cold.
//!
//! A first pass over the journal finds out which opportunity is meant; a second runs the core on the recorded inputs
//! and writes down what it sees of it: prices, edge and size as it begins, every check as risk is asked, orders and
//! reports, and how the same way stood a while later.

mod find;
pub mod story;
mod teller;
mod views;

use std::path::Path;

use crosstick_ipc::journal::Item;

pub use find::Which;
pub use story::{Explained, Stand, Story};

use super::entry::{Entry, kind};
use super::session;
use super::verify::VerifyError;
use crate::setup;
use teller::Teller;
use views::Facts;

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The session cannot be run again.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Nothing of that number or time is there.
    #[error("{0}")]
    NotThere(String),
    /// This build's core does not come to it.
    #[error(
        "opportunity {0} does not begin when this build's core runs the journal again; replay --journal --verify shows why"
    )]
    Differs(u64),
}

/// Most ways that are told of where no opportunity was open.
const WAYS_MAX: usize = 20;

/// Explains what `which` names of the session in `dir`.
///
/// # Errors
/// When the session cannot be read or run again, or `which` names nothing.
pub fn explain(dir: &Path, which: Which) -> Result<Explained, ExplainError> {
    let (journal, session) = session::read(dir).map_err(VerifyError::from)?;
    let config = session.config().map_err(VerifyError::from)?;
    let universe = session.universe(&config).map_err(VerifyError::from)?;
    let facts = Facts { config: &config, universe: &universe };
    let meant = find::find(&journal, which, &|buy, sell| facts.way(buy, sell))?;
    let mut core = setup::core(&config, &universe).map_err(VerifyError::from)?;
    let mut teller = Teller::new(&facts, &meant);
    // Where nothing was open at that time, the core is taken up to it.
    let until_ns = match which {
        Which::At(at_ns) if meant.is_empty() => at_ns,
        _ => u64::MAX,
    };
    let mut held = None::<(u64, u8, Vec<u8>)>;
    let mut records = journal.records();
    loop {
        // Behind damage the state is not known any more.
        let next = match records.next().map_err(VerifyError::from)? {
            Some(Item::Record {
                kind: kind::SESSION | kind::DECISION | kind::STATE | kind::CLOCK | kind::LOST,
                ..
            }) => {
                continue;
            }
            Some(Item::Record { kind: kind::UNSENT, payload, .. }) => {
                teller.unsent(payload);
                continue;
            }
            Some(Item::Record { seq, kind, payload, .. }) => Some((seq, kind, payload.to_vec())),
            Some(Item::Damage(_)) | None => None,
        };
        let ends = next.is_none();
        // An input is taken when all that belongs to it was read.
        if let Some((seq, kind, payload)) = std::mem::replace(&mut held, next)
            && let Some(entry) = Entry::read(kind, &payload)
        {
            if find::time(&entry).is_some_and(|t| t > until_ns) {
                break;
            }
            teller.take(&mut core, seq, &entry);
        }
        if ends || (teller.is_done() && !meant.is_empty()) {
            break;
        }
    }
    if until_ns < u64::MAX {
        return Ok(Explained::None { at_ns: until_ns, ways: teller::ways(&core, &facts, until_ns, WAYS_MAX) });
    }
    teller.stories(&core).map(Explained::Opportunities)
}
