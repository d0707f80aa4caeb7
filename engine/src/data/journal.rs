//! A journalled session as an input: its ticks, as its core took them. Cold to open and between segments; a copy a
//! tick.
//!
//! Ticks come in the session's order, which is the core's and not always that of their receive times. A journal that a
//! crash cut short ends there; any other damage ends reading with an error, since what is lost may have been ticks, and
//! so does a tick of which the session's description knows nothing. Lines that go live or down are no rows and are not
//! counted, as in a recording.

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
            instruments: self.universe.instruments.len(),
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
    /// How many instruments the session has.
    instruments: usize,
    /// Those whose ticks are wanted. By the session's instrument: its scale there, and what it is here.
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
                    match Entry::read(entry::kind::TICK, payload) {
                        Some(Entry::Tick(tick)) if is_of(&tick, self.venues.len(), self.instruments) => {
                            self.batch.push(tick);
                        }
                        _ => {
                            let path = this.path.display();
                            return Err(Failure::other(format!(
                                "{path}: record {seq} is no tick of the session that the journal describes"
                            )));
                        }
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
        // What is not found belongs to a venue that nobody asked for.
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
                .map_err(Reason::code),
        };
        feeds[mapped.feed].row(read, size_of::<Tick>() as u64, true)
    }
}

/// Whether a tick is of a session of so many venues and instruments.
fn is_of(tick: &Tick, venues: usize, instruments: usize) -> bool {
    if tick.kind == TickKind::Line {
        return usize::try_from(tick.values[0]).is_ok_and(|venue| venue < venues);
    }
    tick.instrument.index() < instruments
}

/// A tick's numbers at another scale, exactly; else why not.
fn rescaled(tick: &Tick, from: Scale, to: Scale) -> Result<[i64; 4], Reason> {
    if from == to {
        return Ok(tick.values);
    }
    let price = |value| rescale(value, from.price_decimals, to.price_decimals);
    let quantity = |value| rescale(value, from.quantity_decimals, to.quantity_decimals);
    let [a, b, c, d] = tick.values;
    // A trade's last two are zeros.
    Ok([price(a)?, quantity(b)?, price(c)?, quantity(d)?])
}

fn rescale(value: i64, from: u8, to: u8) -> Result<i64, Reason> {
    let unit = *POW10.get(usize::from(from.abs_diff(to))).ok_or(Reason::NumberTooLarge)?;
    if to >= from {
        return value.checked_mul(unit).ok_or(Reason::NumberTooLarge);
    }
    if value % unit == 0 { Ok(value / unit) } else { Err(Reason::TooPrecise) }
}

#[cfg(test)]
mod tests {
    use crosstick_model::Quote;

    use super::*;
    use crate::config::{Config, Overrides};
    use crate::data::{Data, Source};

    #[test]
    fn numbers_keep_their_worth_at_another_scale() {
        assert_eq!(rescale(150, 2, 4), Ok(15_000));
        assert_eq!(rescale(15_000, 4, 2), Ok(150));
        assert_eq!(rescale(15_001, 4, 2), Err(Reason::TooPrecise), "not rounded");
        assert_eq!(rescale(i64::MAX, 0, 1), Err(Reason::NumberTooLarge));
        assert_eq!(rescale(1, 0, 200), Err(Reason::NumberTooLarge));
    }

    const CONFIG: &str = r#"
[[venue]]
name = "spot"
protocol = "binance-spot"
[[instrument]]
venue = "spot"
symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"
settle = "USDT"
kind = "spot"
contract_size = "1"
price_step = "0.01"
quantity_step = "0.00001"
min_quantity = "0.00001"
min_notional = "5"
"#;

    /// The data of a session that took these ticks.
    fn data(dir: &Path, ticks: &[Tick]) -> Data {
        let config = Config::parse("c.toml", CONFIG, Path::new("/"), &Overrides::none()).unwrap();
        let session = Session::new(&config, &BTreeMap::new(), 1_700_000_000_000_000_000);
        let mut writer = session.begin(dir, 1 << 16, false).unwrap();
        for tick in ticks {
            let mut bytes = [0; entry::CORE_PAYLOAD_MAX];
            let length = Entry::Tick(*tick).write(&mut bytes);
            writer.append(entry::kind::TICK, 0, &bytes[..length], tick.recv_ns).unwrap();
        }
        writer.close().unwrap();
        Data::discover(&[Source { venue: None, symbol: None, path: dir.to_path_buf() }]).unwrap()
    }

    fn quote(instrument: u16, bid: i64) -> Tick {
        let quote = Quote { bid, bid_quantity: 1, ask: bid + 1, ask_quantity: 1 };
        Tick::quote(InstrumentId(instrument), 0, quote, 1_700_000_000_000_000_001, 1)
    }

    #[test]
    fn a_tick_is_counted_under_its_reason_or_ends_reading() {
        let folder = tempfile::tempdir().unwrap();
        // At 2 decimals; discovered instruments have 8.
        let mut large = data(&folder.path().join("a"), &[quote(0, 5), quote(0, 1 << 50), quote(0, 7)]);
        let bids = std::iter::from_fn(|| large.next_tick().unwrap()).map(|t| t.values[0]).collect::<Vec<_>>();
        assert_eq!(bids, [5_000_000, 7_000_000]);
        let refused = &large.feeds()[0].refused;
        assert_eq!(refused.iter().map(|(r, n)| (r.as_str(), *n)).collect::<Vec<_>>(), [("number_too_large", 1)]);

        let stray = [quote(1, 5), Tick::line_state(VenueId(1), 0, true, 1_700_000_000_000_000_001)];
        for (name, stray) in ["b", "c"].into_iter().zip(stray) {
            let mut data = data(&folder.path().join(name), &[quote(0, 5), stray]);
            let error = std::iter::from_fn(|| data.next_tick().transpose()).find_map(Result::err).expect("an error");
            assert!(error.to_string().contains("is no tick of the session"), "{error}");
        }
    }
}
