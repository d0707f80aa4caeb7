//! Opening sources: of which kind each is, whose, and the feeds that they share. Cold.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use crosstick_feeds::decode::{Recognised, SymbolTable, TimeUnit, recognise};
use crosstick_model::{InstrumentId, Protocol, Scale, Universe, VenueId};

use super::bytes::{self, Counted, Opened, ReadCount, Text};
use super::csv::{Rows, Symbols};
use super::text::{Frames, OWN_FRAME, Recording, RecordingError};
use super::{Data, Found, Input, Source, VenueFeed, archive, distinct, journal};
use crate::config::Config;
use crate::config::universe::FactsByVenue;
use crate::exit::Failure;
use crate::record::format::{Chained, Recorded, is_recording};

/// Frames that are looked at to recognise a file.
const RECOGNISE_FRAMES: usize = 2_000;
/// What a bundle's text begins with: tar's name of its first file.
const BUNDLE_HEAD: &[u8] = b"bundle.json\0";

/// Opens all for the venues of a config.
pub(super) fn configured(config: &Config, universe: &Universe, sources: &[Source]) -> Result<Data, Failure> {
    let mode = Mode::Config { config, universe, units: vec![None; config.venues.len()] };
    let mut opener = Opener::new(mode);
    opener.feeds = config.venues.iter().map(|v| VenueFeed::new(v.name.clone())).collect();
    opener.open_all(sources)
}

/// Opens all without a config.
pub(super) fn discovered(sources: &[Source]) -> Result<Data, Failure> {
    Opener::new(Mode::Discover { names: BTreeSet::new() }).open_all(sources)
}

/// What recordings and journals among the sources know of instruments, by the config's venues.
pub(super) fn facts(config: &Config, sources: &[Source]) -> Result<FactsByVenue, Failure> {
    let mut all = FactsByVenue::new();
    for source in sources {
        let known = match kind(&source.path)? {
            Kind::Recording => Recorded::open(&source.path).map_err(Failure::usage)?.description.facts(),
            Kind::Journal => journal::Found::open(&source.path)?.facts(),
            Kind::File => continue,
        };
        for (venue, facts) in known {
            let ours = config.venues.iter().any(|v| v.name == venue && v.protocol == facts.protocol);
            if ours && source.venue.as_ref().is_none_or(|v| *v == venue) {
                match all.entry(venue) {
                    Entry::Vacant(entry) => {
                        entry.insert(facts);
                    }
                    // Of a symbol that several know, the first is taken.
                    Entry::Occupied(mut entry) => {
                        for (symbol, about) in facts.symbols {
                            entry.get_mut().symbols.entry(symbol).or_insert(about);
                        }
                    }
                }
            }
        }
    }
    Ok(all)
}

/// What a path names.
enum Kind {
    /// A folder of `crosstick record`.
    Recording,
    /// A session's folder, a folder of sessions, or a bundle.
    Journal,
    /// Anything that is read by what it begins with.
    File,
}

fn kind(path: &Path) -> Result<Kind, Failure> {
    let about = std::fs::metadata(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    if about.is_dir() {
        return Ok(if is_recording(path) { Kind::Recording } else { Kind::Journal });
    }
    // Of a pipe nothing may be read here; a bundle is a file.
    if !about.is_file() || !crate::journal::bundle::is_bundle(path) {
        return Ok(Kind::File);
    }
    let opened = bytes::open(path, &ReadCount::default(), None);
    let bundle = matches!(opened, Ok(Opened::Text(_, head)) if head.starts_with(BUNDLE_HEAD));
    Ok(if bundle { Kind::Journal } else { Kind::File })
}

enum Mode<'a> {
    Config { config: &'a Config, universe: &'a Universe, units: Vec<Option<TimeUnit>> },
    Discover { names: BTreeSet<String> },
}

struct Opener<'a> {
    mode: Mode<'a>,
    read: ReadCount,
    inputs: Vec<Box<dyn Input>>,
    feeds: Vec<VenueFeed>,
    found: Found,
    told: Vec<String>,
}

impl<'a> Opener<'a> {
    fn new(mode: Mode<'a>) -> Self {
        Self {
            mode,
            read: ReadCount::default(),
            inputs: Vec::new(),
            feeds: Vec::new(),
            found: Found::default(),
            told: Vec::new(),
        }
    }

    fn open_all(mut self, sources: &[Source]) -> Result<Data, Failure> {
        for source in sources {
            match kind(&source.path)? {
                Kind::Recording => self.recording(source)?,
                Kind::Journal => self.journal(source)?,
                Kind::File => self.file(source)?,
            }
        }
        if let Mode::Config { config, universe, units } = &self.mode {
            for ((venue, unit), feed) in config.venues.iter().zip(units).zip(&mut self.feeds) {
                let id = universe.find_venue(&venue.name).map(|v| v.id);
                let ours = universe.instruments.iter().filter(|i| Some(i.venue) == id);
                let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).map_err(Failure::usage)?;
                feed.decode(venue.protocol, unit.unwrap_or(TimeUnit::Milli), symbols);
            }
        }
        let Self { read, inputs, feeds, found, told, .. } = self;
        let heads = vec![None; inputs.len()];
        Ok(Data { inputs, heads, current: None, begun: false, feeds, found, told, read, span_ns: None })
    }

    /// The feed that a source's data goes to: its venue's, or a new one of its name.
    fn feed_of(&mut self, source: &Source) -> Result<usize, Failure> {
        match &mut self.mode {
            Mode::Config { config, .. } => venue_of(config, source),
            Mode::Discover { names } => {
                let name = distinct(source.venue.clone().unwrap_or_else(|| source.stem()), names);
                self.feeds.push(VenueFeed::new(name));
                Ok(self.feeds.len() - 1)
            }
        }
    }

    /// The feed of a venue that the data itself names; `None` where it is not wanted.
    fn feed_named(&mut self, source: &Source, venue: &str) -> Option<usize> {
        if source.venue.as_ref().is_some_and(|wanted| wanted != venue) {
            return None;
        }
        match &mut self.mode {
            Mode::Config { config, .. } => config.venues.iter().position(|v| v.name == venue),
            Mode::Discover { names } => {
                self.feeds.push(VenueFeed::new(distinct(venue.to_owned(), names)));
                Some(self.feeds.len() - 1)
            }
        }
    }

    /// The id of a feed's venue, where there is a universe.
    fn venue_id(&self, feed: usize) -> Option<VenueId> {
        let Mode::Config { universe, .. } = &self.mode else { return None };
        universe.find_venue(&self.feeds[feed].name).map(|v| v.id)
    }

    /// What a feed's symbols stand for.
    fn symbols(&self, feed: usize) -> Symbols {
        match &self.mode {
            Mode::Config { universe, .. } => {
                let id = self.venue_id(feed);
                let ours = universe.instruments.iter().filter(|i| Some(i.venue) == id);
                Symbols::of(ours.map(|i| (&*i.symbol, i.id, i.scale)))
            }
            Mode::Discover { .. } => Symbols::discovered(register(feed, &self.found)),
        }
    }

    /// Frames of that protocol go to that feed.
    fn frames(
        &mut self,
        recording: Recording,
        feed: usize,
        protocol: Option<Protocol>,
        unit: Option<TimeUnit>,
    ) -> Result<(), Failure> {
        let path = recording.path().display().to_string();
        match &mut self.mode {
            Mode::Config { config, units, .. } => {
                let venue = &config.venues[feed];
                if let Some(found) = protocol.filter(|p| *p != venue.protocol) {
                    return Err(Failure::usage(format!(
                        "{path}: these are {found} frames, but venue {} speaks {}",
                        venue.name, venue.protocol
                    )));
                }
                units[feed] = units[feed].or(unit);
            }
            Mode::Discover { .. } => {
                let protocol = protocol.ok_or_else(|| {
                    Failure::usage(format!(
                        "{path}: no protocol recognised in its first frames; known are binance-spot, binance-usdm, \
                         binance-coinm"
                    ))
                })?;
                let symbols = SymbolTable::default().discover(register(feed, &self.found));
                self.told.push(format!("{}: {path} speaks {protocol}", self.feeds[feed].name));
                self.feeds[feed].decode(protocol, unit.unwrap_or(TimeUnit::Milli), symbols);
            }
        }
        let venue = self.venue_id(feed);
        self.inputs.push(Box::new(Frames::new(recording, feed, venue)));
        Ok(())
    }

    fn file(&mut self, source: &Source) -> Result<(), Failure> {
        let feed = self.feed_of(source)?;
        let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", source.path.display()));
        match bytes::open(&source.path, &self.read, None).map_err(failed)? {
            Opened::Zip => {
                let path = source.path.display();
                let members = archive::members(&source.path, &self.read).map_err(failed)?;
                if members.is_empty() {
                    return Err(Failure::usage(format!("{path}: the archive holds no file")));
                }
                for (name, text) in members {
                    let (text, head) =
                        bytes::peeked(text).map_err(|e| Failure::usage(format!("{path}: {name}: {e}")))?;
                    let place = format!("{path}: {name}");
                    self.text(source, feed, text, &head, &place, &name)?;
                }
                Ok(())
            }
            Opened::Text(text, head) => {
                let name = source.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let place = source.path.display().to_string();
                self.text(source, feed, text, &head, &place, &name)
            }
        }
    }

    /// Frames or rows, whichever the text begins like.
    fn text(
        &mut self,
        source: &Source,
        feed: usize,
        text: Text,
        head: &[u8],
        place: &str,
        name: &str,
    ) -> Result<(), Failure> {
        if is_rows(head) {
            let symbols = self.symbols(feed);
            let name = name.rsplit('/').next().unwrap_or_default();
            let rows = Rows::open(place.to_owned(), name, text, source.symbol.as_deref(), symbols, feed)?;
            self.told.push(format!("{}: {place} has rows of {}", self.feeds[feed].name, rows.words()));
            self.inputs.push(Box::new(rows));
            return Ok(());
        }
        let mut recording = Recording::over(Path::new(place), text);
        let known = look_ahead(&mut recording).map_err(Failure::usage)?;
        self.frames(recording, feed, known.map(|k| k.protocol), known.and_then(|k| k.unit))
    }

    fn recording(&mut self, source: &Source) -> Result<(), Failure> {
        let recorded = Recorded::open(&source.path).map_err(Failure::usage)?;
        let (venues, mut any) = (&recorded.description.venues, false);
        // Two lines of a venue share its feed.
        let mut feeds: Vec<Option<Option<usize>>> = vec![None; venues.len()];
        for line in &recorded.lines {
            let about = &venues[line.venue];
            let known = *feeds[line.venue].get_or_insert_with(|| self.feed_named(source, &about.name));
            let Some(feed) = known else { continue };
            any = true;
            let protocol = about.protocol().ok_or_else(|| {
                let (dir, name) = (recorded.dir.display(), &about.protocol);
                Failure::usage(format!("{dir}: this build knows no protocol {name}"))
            })?;
            let bytes: u64 = line.parts.iter().map(|p| p.bytes).sum();
            if bytes == 0 {
                // Broken off before its first block was whole.
                continue;
            }
            self.read.expect(bytes);
            let whole = Counted::new(Chained::new(&line.parts), self.read.clone());
            let text: Text = Box::new(BufReader::with_capacity(
                1 << 18,
                zstd::stream::read::Decoder::new(whole).map_err(Failure::usage)?,
            ));
            let place = recorded.dir.join(format!("{}.{}", about.name, line.line));
            self.frames(Recording::over(&place, text), feed, Some(protocol), Some(about.unit()))?;
        }
        let dir = recorded.dir.display();
        if recorded.torn_bytes() > 0 {
            let bytes = recorded.torn_bytes();
            self.told.push(format!("{dir}: {bytes} bytes were not finished when the recording broke off; left out"));
        }
        if !any && !recorded.lines.is_empty() {
            let names: Vec<&str> = venues.iter().map(|v| v.name.as_str()).collect();
            return Err(self.nobody(source, &names));
        }
        Ok(())
    }

    fn journal(&mut self, source: &Source) -> Result<(), Failure> {
        let session = journal::Found::open(&source.path)?;
        let names = session.venues();
        let feeds: Vec<Option<usize>> = names.iter().map(|venue| self.feed_named(source, venue)).collect();
        if feeds.iter().all(Option::is_none) {
            return Err(self.nobody(source, &names.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        let venues = feeds.iter().map(|feed| feed.and_then(|feed| self.venue_id(feed))).collect();
        self.told.push(format!("{} is the journal of {}", source.path.display(), session.stem()));
        let input = match &self.mode {
            Mode::Config { config, universe, .. } => {
                let map = |feed: usize, symbol: &str| {
                    let venue = universe.find_venue(&config.venues.get(feed)?.name)?.id;
                    universe.find(venue, symbol).map(|i| (i.id, i.scale))
                };
                session.input(&feeds, venues, map, &self.read)
            }
            Mode::Discover { .. } => {
                let found = &self.found;
                session.input(&feeds, venues, |feed, symbol| register(feed, found)(symbol), &self.read)
            }
        };
        self.inputs.push(Box::new(input));
        Ok(())
    }

    /// None of a source's venues is one of ours.
    fn nobody(&self, source: &Source, names: &[&str]) -> Failure {
        let path = source.path.display();
        let ours: Vec<&str> = self.feeds.iter().map(|f| f.name.as_str()).collect();
        let wanted = match &source.venue {
            Some(venue) => format!("no venue {venue}"),
            None => format!("none of the config's venues ({})", ours.join(", ")),
        };
        Failure::usage(format!("{path}: {wanted} in it; its venues: {}", names.join(", ")))
    }
}

/// Whether a text begins with rows rather than with recorded frames.
fn is_rows(head: &[u8]) -> bool {
    let line = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty()).unwrap_or_default();
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    // A frame's line is a time, a blank and a frame, whatever the frame is.
    let frame = line.get(digits) == Some(&b' ') && matches!(digits, 16 | 19);
    !frame && line.contains(&b',') && !line.starts_with(b"{") && !line.starts_with(b"[")
}

/// Index of the config's venue that a source belongs to.
fn venue_of(config: &Config, source: &Source) -> Result<usize, Failure> {
    let names = || config.venues.iter().map(|v| v.name.as_str()).collect::<Vec<_>>().join(", ");
    match &source.venue {
        Some(name) => config
            .venues
            .iter()
            .position(|v| v.name == *name)
            .ok_or_else(|| Failure::usage(format!("{name} is no venue of the config; its venues: {}", names()))),
        None if config.venues.len() == 1 => Ok(0),
        None => {
            let file = source.path.display();
            Err(Failure::usage(format!("{file}: write VENUE={file}, with one of the venues {}", names())))
        }
    }
}

/// What the first frames of a recording tell; `None` when they tell nothing.
fn look_ahead(recording: &mut Recording) -> Result<Option<Recognised>, RecordingError> {
    let mut best: Option<Recognised> = None;
    recording.peek(RECOGNISE_FRAMES, |frame| {
        if !frame.starts_with(OWN_FRAME)
            && let Some(found) = recognise(frame)
            && best.is_none_or(|b| b.unit.is_none())
        {
            best = Some(found);
        }
        best.is_some_and(|b| b.unit.is_some())
    })?;
    Ok(best)
}

/// Gives a new symbol of a feed the next number, at the default scale of 8 and 8 decimals.
fn register(feed: usize, found: &Found) -> impl FnMut(&str) -> Option<(InstrumentId, Scale)> + Send + 'static + use<> {
    let found = Arc::clone(found);
    move |symbol| {
        let mut list = found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = list.iter().position(|(f, s)| *f == feed && s == symbol);
        let id = u16::try_from(known.unwrap_or(list.len())).ok().filter(|id| *id < u16::MAX)?;
        if known.is_none() {
            list.push((feed, symbol.to_owned()));
        }
        Some((InstrumentId(id), Scale::DEFAULT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::universe;
    use crate::record::format::made;

    #[test]
    fn frames_and_rows_are_told_apart() {
        for text in [
            "1700000000000000000 {\"e\":1,\"s\":2}\n",
            "\n\n1700000000000000 <html>, no frame\n",
            "",
            "{\"lastUpdateId\":1,\"bids\":[]}\n",
        ] {
            assert!(!is_rows(text.as_bytes()), "{text}");
        }
        for text in ["id,price,qty\n", "1,2,3\n", "\r\n1700000000000,1,2", "\u{feff}time,price,qty\n"] {
            assert!(is_rows(text.as_bytes()), "{text}");
        }
    }

    fn config() -> Config {
        let text = "[[venue]]\nname = \"spot\"\nprotocol = \"binance-spot\"\n\
                    [[instrument]]\nvenue = \"spot\"\nsymbol = \"BTCUSDT\"\n";
        Config::parse("c.toml", text, Path::new("/"), &crate::config::Overrides::none()).unwrap()
    }

    fn sources(folder: &Path, names: &[&str]) -> Vec<Source> {
        names.iter().map(|name| Source { venue: None, symbol: None, path: folder.join(name) }).collect()
    }

    #[test]
    fn facts_of_several_recordings_add_up() {
        let folder = tempfile::tempdir().unwrap();
        made::recording(&folder.path().join("a"), &[("BTCUSDT", "0.1")], &[]);
        made::recording(&folder.path().join("b"), &[("BTCUSDT", "0.5"), ("ETHUSDT", "0.01")], &[]);
        let facts = facts(&config(), &sources(folder.path(), &["a", "b"])).unwrap();
        let steps = facts["spot"].symbols.values().map(|s| (s.symbol.as_str(), s.price_step.unwrap().to_string()));
        let wanted = [("BTCUSDT", "0.1".to_owned()), ("ETHUSDT", "0.01".to_owned())];
        assert_eq!(steps.collect::<Vec<_>>(), wanted, "all symbols, of each what came first");
    }

    #[test]
    fn what_is_no_file_is_a_gap_in_a_recording() {
        let quote = "1700000000000000000 {\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}\n";
        for name in ["spot.0.000000.idx.csv", "spot.0.000001.txt.zst"] {
            let folder = tempfile::tempdir().unwrap();
            made::recording(folder.path(), &[], &[&[(quote, b"")]]);
            let _ = std::fs::remove_file(folder.path().join(name));
            assert!(std::process::Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap().success());
            let error = Data::discover(&sources(folder.path(), &[""])).err().expect("a gap").to_string();
            assert!(error.contains("is no file: a gap in the recording"), "{error}");
        }
    }

    #[test]
    fn lines_and_parts_without_a_whole_block_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let torn: &[u8] = &[0x28, 0xB5, 0x2F];
        let quote = "1700000000000000000 {\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}\n";
        let lines: &[&[(&str, &[u8])]] = &[&[(quote, b""), ("", torn)], &[("", torn)], &[("", b"")]];
        made::recording(&folder.path().join("rec"), &[], lines);
        let sources = sources(folder.path(), &["rec"]);
        let (universe, _) = universe::build(&config(), &FactsByVenue::new(), universe::Unknown::Finest).unwrap();
        for mut data in [Data::discover(&sources).unwrap(), Data::open(&config(), &universe, &sources).unwrap()] {
            let ticks = std::iter::from_fn(|| data.next_tick().unwrap()).count();
            assert_eq!(ticks, 1);
            assert!(data.told().iter().any(|told| told.contains("6 bytes were not finished")), "{:?}", data.told());
        }
    }
}
