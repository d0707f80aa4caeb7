//! A journalled session as an input: its ticks, as its core took them. Cold to open and between segments; a copy a
//! tick.
//!
//! Ticks come in the session's order, which is the core's and not always that of their receive times. A journal that a
//! crash cut short ends there; any other damage ends reading with an error, since what is lost may have been ticks.

use std::collections::BTreeMap;
use std::path::Path;

use crosstick_feeds::decode::Reason;
use crosstick_feeds::facts::Facts;
use crosstick_ipc::journal::{Damage, Item, Journal};
use crosstick_model::decimal::POW10;
use crosstick_model::{InstrumentId, Scale, Tick, TickKind, Universe, VenueId};

use super::bytes::ReadCount;
use super::{Input, VenueFeed};
use crate::config::universe::FactsByVenue;
use crate::exit::Failure;
use crate::journal::bundle::{Unpacked, unpack};
use crate::journal::session::{self, Session};
use crate::journal::{Entry, entry};

/// A session that was found, and how it was.
pub(super) struct Found {
    journal: Journal,
    session: Session,
    universe: Universe,
    /// Keeps a bundle's files while they are read.
    unpacked: Option<Unpacked>,
}

/// What an instrument of the session is here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapped {
    /// Its venue's feed.
    pub feed: usize,
    /// The instrument; `None` where the config has none of that symbol.
    pub known: Option<(InstrumentId, Scale)>,
}

impl Found {
    /// The session in a folder, the newest of a folder of sessions, or the one in a bundle.
    ///
    /// # Errors
    /// Usage: when there is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let unpacked = if path.is_file() { Some(unpack(path).map_err(Failure::usage)?) } else { None };
        let dir = match &unpacked {
            Some(unpacked) => unpacked.dir().to_path_buf(),
            None => session::find(path).map_err(Failure::usage)?,
        };
        let (journal, session) = session::read(&dir).map_err(Failure::usage)?;
        let config = session.config().map_err(Failure::usage)?;
        let universe = session.universe(&config).map_err(Failure::usage)?;
        Ok(Self { journal, session, universe, unpacked })
    }

    /// What its venues said of their instruments.
    pub fn facts(&self) -> FactsByVenue {
        let facts = self.session.facts.iter();
        facts.filter_map(|(venue, json)| Some((venue.clone(), Facts::from_json(json)?))).collect()
    }

    /// Names of its venues.
    pub fn venues(&self) -> Vec<String> {
        self.universe.venues.iter().map(|v| v.name.to_string()).collect()
    }

    /// Name of the folder.
    pub fn stem(&self) -> String {
        self.session.folder()
    }

    /// The input. `feeds`: by the session's venue, the feed here, if its ticks are wanted; `venues`: the venue here,
    /// for its line's state; `map`: what a symbol of a feed is here.
    pub fn input(
        self,
        feeds: &[Option<usize>],
        venues: Vec<Option<VenueId>>,
        mut map: impl FnMut(usize, &str) -> Option<(InstrumentId, Scale)>,
        count: &ReadCount,
    ) -> Ticks {
        let mut place = |i: &crosstick_model::Instrument| {
            let feed = feeds.get(i.venue.index()).copied().flatten()?;
            Some((i.scale, Mapped { feed, known: map(feed, &i.symbol) }))
        };
        let mut of = BTreeMap::new();
        for instrument in &self.universe.instruments {
            if let Some((scale, mapped)) = place(instrument) {
                of.insert(instrument.id, (scale, mapped));
            }
        }
        count.expect(self.journal.segments().iter().map(|s| s.bytes).sum());
        Ticks {
            feeds: feeds.to_vec(),
            venues,
            of,
            segment: 0,
            batch: Vec::new(),
            at: 0,
            count: count.clone(),
            journal: self.journal,
            _unpacked: self.unpacked,
        }
    }
}

/// The session's ticks, a segment of them in memory.
pub(super) struct Ticks {
    journal: Journal,
    feeds: Vec<Option<usize>>,
    venues: Vec<Option<VenueId>>,
    /// By the session's instrument: its scale there, and what it is here.
    of: BTreeMap<InstrumentId, (Scale, Mapped)>,
    segment: usize,
    batch: Vec<Tick>,
    at: usize,
    count: ReadCount,
    _unpacked: Option<Unpacked>,
}

impl Ticks {
    /// Reads the ticks of the next segment; `false` when there is none.
    fn read_segment(&mut self) -> Result<bool, Failure> {
        let segments = self.journal.segments();
        let Some(this) = segments.get(self.segment) else { return Ok(false) };
        let end = segments.get(self.segment + 1).map_or(u64::MAX, |next| next.header.first_seq);
        self.batch.clear();
        self.at = 0;
        let first = self.segment == 0;
        let mut records = if first { self.journal.records() } else { self.journal.records_near(this.header.first_seq) };
        while let Some(item) = records.next().map_err(Failure::other)? {
            match item {
                Item::Record { seq, .. } if seq >= end => break,
                Item::Record { seq, kind: entry::kind::TICK, payload, .. } if seq >= this.header.first_seq => {
                    if let Some(Entry::Tick(tick)) = Entry::read(entry::kind::TICK, payload) {
                        self.batch.push(tick);
                    }
                }
                Item::Record { .. } => {}
                Item::Damage(Damage::TornTail { .. }) => break,
                Item::Damage(damage) => {
                    return Err(Failure::other(format!("{damage}; what is lost may have been ticks")));
                }
            }
        }
        self.count.add(this.bytes);
        self.segment += 1;
        Ok(true)
    }
}

impl Input for Ticks {
    fn advance(&mut self) -> Result<bool, Failure> {
        self.at += 1;
        while self.at > self.batch.len() {
            if !self.read_segment()? {
                return Ok(false);
            }
            self.at = 1;
        }
        Ok(true)
    }

    fn recv_ns(&self) -> u64 {
        self.batch[self.at - 1].recv_ns
    }

    fn take(&mut self, feeds: &mut [VenueFeed]) -> Option<Tick> {
        let tick = self.batch[self.at - 1];
        if tick.kind == TickKind::Line {
            let there = usize::try_from(tick.values[0]).ok()?;
            let here = self.venues.get(there).copied().flatten()?;
            self.feeds.get(there).copied().flatten()?;
            return Some(Tick { values: [i64::from(here.0), tick.values[1], 0, 0], ..tick });
        }
        let (there, mapped) = self.of.get(&tick.instrument)?;
        let read = match mapped.known {
            None => Err(Reason::UnknownSymbol.code()),
            Some((instrument, here)) => rescaled(&tick, *there, here)
                .map(|values| Some(Tick { instrument, values, ..tick }))
                .ok_or(Reason::TooPrecise.code()),
        };
        feeds[mapped.feed].row(read, size_of::<Tick>() as u64, true)
    }
}

/// A tick's numbers at another scale; `None` where they do not fit it exactly.
fn rescaled(tick: &Tick, from: Scale, to: Scale) -> Option<[i64; 4]> {
    if from == to {
        return Some(tick.values);
    }
    let price = |value| rescale(value, from.price_decimals, to.price_decimals);
    let quantity = |value| rescale(value, from.quantity_decimals, to.quantity_decimals);
    let [a, b, c, d] = tick.values;
    // A trade's last two are zeros.
    Some([price(a)?, quantity(b)?, price(c)?, quantity(d)?])
}

fn rescale(value: i64, from: u8, to: u8) -> Option<i64> {
    if to >= from {
        return value.checked_mul(*POW10.get(usize::from(to - from))?);
    }
    let unit = *POW10.get(usize::from(from - to))?;
    (value % unit == 0).then_some(value / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_worth_at_another_scale() {
        assert_eq!(rescale(150, 2, 4), Some(15_000));
        assert_eq!(rescale(15_000, 4, 2), Some(150));
        assert_eq!(rescale(15_001, 4, 2), None, "not rounded");
        assert_eq!(rescale(i64::MAX, 0, 1), None);
    }
}
