//! Which opportunity is meant, from the journal's records alone.

use std::collections::{BTreeMap, BTreeSet};

use crosstick_ipc::journal::{Item, Journal};
use crosstick_model::decision::Route;
use crosstick_model::{Decision, InstrumentId, Intent, Purpose};

use super::ExplainError;
use crate::journal::entry::Entry;
use crate::journal::verify::VerifyError;

/// Names the way between two instruments: to buy, to sell.
pub type Way<'a> = &'a dyn Fn(InstrumentId, InstrumentId) -> Option<Route>;

/// What is to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The opportunity that the journal's record of this number is about: a decision, a report, or an input that led to
    /// one.
    Record(u64),
    /// The opportunity of this number.
    Opportunity(u64),
    /// Every opportunity that was open at this time, ns since the epoch.
    At(u64),
}

/// Which opportunity the groups and orders of a session are of. A group of opening intents follows the begin, or a
/// better edge, of an opportunity of that very way, of which there is one at most.
#[derive(Debug, Default)]
pub struct Links {
    /// By way.
    open: BTreeMap<Route, u64>,
    /// By group.
    groups: BTreeMap<u64, u64>,
    /// The way of each opening group.
    routes: BTreeMap<u64, Route>,
    /// By order.
    orders: BTreeMap<u64, u64>,
    /// By instrument: the opportunity whose pair traded it last.
    last: BTreeMap<InstrumentId, u64>,
    /// The first leg of the group at hand.
    legs: Option<Intent>,
}

impl Links {
    /// The opportunity that a decision is about. `way` names the market and venues of two instruments.
    pub fn decision(&mut self, decision: &Decision, way: Way<'_>) -> Option<u64> {
        match decision {
            Decision::OpportunityBegin { id, route, .. } => {
                self.open.insert(*route, *id);
                Some(*id)
            }
            Decision::OpportunityEnd { id, .. } => {
                self.open.retain(|_, open| open != id);
                Some(*id)
            }
            Decision::Intent { intent, .. } => self.intent(intent, way),
            Decision::Verdict { group, .. } => self.groups.get(&group.0).copied(),
            Decision::Order(order) => {
                let id = self.groups.get(&order.intent.group.0).copied()?;
                self.orders.insert(order.id.0, id);
                self.last.insert(order.intent.instrument, id);
                Some(id)
            }
            Decision::Halt { .. } | Decision::Resume { .. } => None,
        }
    }

    fn intent(&mut self, intent: &Intent, way: Way<'_>) -> Option<u64> {
        let found = if intent.purpose == Purpose::Close {
            self.last.get(&intent.instrument).copied()
        } else if intent.leg == 0 {
            self.legs = Some(*intent);
            None
        } else {
            let first = self.legs.filter(|first| first.group == intent.group)?;
            let route = way(first.instrument, intent.instrument)?;
            self.routes.insert(intent.group.0, route);
            self.open.get(&route).copied()
        };
        if let Some(id) = found {
            self.groups.insert(intent.group.0, id);
        }
        found.or_else(|| self.groups.get(&intent.group.0).copied())
    }

    /// The opportunity that an order is of.
    pub fn order(&self, order: u64) -> Option<u64> {
        self.orders.get(&order).copied()
    }

    /// The opportunity that a group is of.
    pub fn group(&self, group: u64) -> Option<u64> {
        self.groups.get(&group).copied()
    }

    /// The way of an opening group.
    pub fn route(&self, group: u64) -> Option<Route> {
        self.routes.get(&group).copied()
    }
}

/// The numbers of the opportunities that are meant; none where none was open at the time.
pub fn find(journal: &Journal, which: Which, way: Way<'_>) -> Result<Vec<u64>, ExplainError> {
    let mut links = Links::default();
    let mut records = journal.records();
    let (mut open, mut last_ns) = (BTreeSet::new(), 0);
    // The record that was named is an input: what it leads to is meant.
    let mut led = false;
    // An intent's first leg is known by its second.
    let mut first_leg = false;
    while let Some(item) = records.next().map_err(VerifyError::from)? {
        let Item::Record { seq, kind, payload, .. } = item else { break };
        let Some(entry) = Entry::read(kind, payload) else { continue };
        let here = which == Which::Record(seq);
        if let Some(at_ns) = time(&entry) {
            if led {
                return Err(not_there(&format!(
                    "record {seq} follows, and what was named led to no decision of an opportunity"
                )));
            }
            if let Which::At(wanted) = which
                && last_ns == 0
                && at_ns > wanted
            {
                return Err(not_there("the journal begins after that time"));
            }
            last_ns = at_ns.max(last_ns);
            if let Which::At(wanted) = which
                && last_ns > wanted
            {
                return Ok(open.into_iter().collect());
            }
            led = here;
        }
        let about = match &entry {
            Entry::Decision(record) => Decision::read(record).and_then(|decision| {
                match &decision {
                    Decision::OpportunityBegin { id, .. } => {
                        open.insert(*id);
                    }
                    Decision::OpportunityEnd { id, .. } => {
                        open.remove(id);
                    }
                    _ => {}
                }
                links.decision(&decision, way)
            }),
            Entry::Report(report) => links.order(report.order.0),
            _ => None,
        };
        match (which, about) {
            (Which::Opportunity(wanted), Some(id)) if wanted == id => return Ok(vec![id]),
            (Which::Record(_), Some(id)) if here || led || first_leg => return Ok(vec![id]),
            (Which::Record(_), None) if here && is_intent(&entry) => first_leg = true,
            (Which::Record(wanted), None) if here && time(&entry).is_none() => {
                return Err(not_there(&format!("record {wanted} is no input, and no decision about an opportunity")));
            }
            _ => {}
        }
    }
    match which {
        // At the very end what is open was open.
        Which::At(wanted) if last_ns >= wanted => Ok(open.into_iter().collect()),
        Which::At(_) => Err(not_there("the journal ends before that time")),
        Which::Opportunity(wanted) => Err(not_there(&format!("the journal holds no opportunity {wanted}"))),
        Which::Record(wanted) => {
            Err(not_there(&format!("record {wanted} is about no opportunity, or behind the journal's end")))
        }
    }
}

fn is_intent(entry: &Entry<'_>) -> bool {
    matches!(entry, Entry::Decision(record) if matches!(Decision::read(record), Some(Decision::Intent { .. })))
}

fn not_there(text: &str) -> ExplainError {
    ExplainError::NotThere(format!("{text}; crosstick journal cat DIR --no-ticks lists what can be named"))
}

/// The time of an input.
pub fn time(entry: &Entry<'_>) -> Option<u64> {
    match entry {
        Entry::Tick(tick) => Some(tick.recv_ns),
        Entry::Report(report) => Some(report.at_ns),
        Entry::Timer { due_ns } => Some(*due_ns),
        Entry::Command(command) => Some(command.at_ns),
        _ => None,
    }
}
