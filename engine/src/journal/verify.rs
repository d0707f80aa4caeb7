//! Running the core again on a journal's inputs, and comparing every decision and every hash. Cold around a hot loop.
//!
//! The new core is fed what the old one took, reports included: no gateway, no clock, no venue takes part. So this is
//! the same for paper and for anything else that sends orders. An order that the gateway had no room for is refused
//! here at the same place.

use std::collections::VecDeque;
use std::path::Path;

use crosstick_ipc::journal::{Damage, Item, Journal, Records};
use crosstick_model::decision::RECORD_BYTES_MAX;
use crosstick_model::{Decision, DenyCode, OrderId, Universe};
use crosstick_risk::Approved;
use crosstick_strategy::{Opportunity, Spread};

use super::entry::{Entry, KIND_NAMES, kind};
use super::session::{self, Session, SessionError};
use crate::core::{Core, DecisionHash, Outside};
use crate::setup::{self, SetupError};

/// Why a session cannot be run again.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The journal cannot be read.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The files cannot be read.
    #[error(transparent)]
    Journal(#[from] crosstick_ipc::journal::JournalError),
    /// The core cannot be built.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Where the two differ first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Number of the journal's record.
    pub seq: u64,
    /// Inputs taken before it, the one that led to it included.
    pub input: u64,
    /// What the journal has there.
    pub journalled: String,
    /// What the core came to now.
    pub replayed: String,
}

/// What running a session again came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Inputs taken.
    pub inputs: u64,
    /// Decisions compared.
    pub decisions: u64,
    /// Hashes of the state compared.
    pub states: u64,
    /// The hash of the journal's decisions that the core came to as well, in hex: of a whole run, the run's.
    pub hash: String,
    /// The first difference; what follows one is not looked at.
    pub difference: Option<Difference>,
    /// Damage of the files; what follows a loss is not looked at.
    pub damage: Vec<Damage>,
    /// Entries that the run could not write, where it says so.
    pub lost: u64,
    /// Decisions that the core came to now and that the journal ends before; they are in neither count nor hash.
    pub unrecorded: u64,
    /// The journal goes to the run's end in order.
    pub complete: bool,
    /// Core time of the first and the last input, ns since the epoch.
    pub span_ns: (u64, u64),
}

impl Verified {
    /// Every decision in the journal is the same, and nothing of it was lost; it may end before the run did.
    #[must_use]
    pub const fn is_identical(&self) -> bool {
        self.difference.is_none() && self.damage.is_empty() && self.lost == 0
    }
}

/// Runs the session in `dir` again. `progress` is told the bytes read so far now and then.
///
/// # Errors
/// When the session cannot be read or its core not be built; differences and damage are results, not errors.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(u64)) -> Result<Verified, VerifyError> {
    let (journal, session) = session::read(dir)?;
    let config = session.config()?;
    let universe = session.universe(&config)?;
    let core = setup::core(&config, &universe)?;
    Run::new(core, &universe).over(&journal, progress)
}

/// As [`verify`], with the parts at hand.
///
/// # Errors
/// As [`verify`].
pub fn parts(session: &Session) -> Result<(Core<Spread>, Universe), VerifyError> {
    let config = session.config()?;
    let universe = session.universe(&config)?;
    Ok((setup::core(&config, &universe)?, universe))
}

/// What the core does now, beside what the journal says it did.
#[derive(Debug, Default)]
struct Beside {
    /// Decisions of the input at hand, still to be compared.
    made: VecDeque<Vec<u8>>,
    /// Orders that the gateway had no room for then.
    unsent: Vec<OrderId>,
}

impl Outside for Beside {
    fn send(&mut self, _now_ns: u64, order: Approved) -> Result<(), Approved> {
        if self.unsent.contains(&order.order().id) { Err(order) } else { Ok(()) }
    }

    fn decision(&mut self, decision: &Decision) {
        let mut record = [0; RECORD_BYTES_MAX];
        let length = decision.write(&mut record);
        self.made.push_back(record[..length].to_vec());
    }

    fn cancel(&mut self, _now_ns: u64, _order: OrderId) {}

    fn closed(&mut self, _opportunity: &Opportunity) {}

    fn halted(&mut self, _now_ns: u64, _code: DenyCode) {}
}

struct Run<'u> {
    core: Core<Spread>,
    universe: &'u Universe,
    beside: Beside,
    result: Verified,
    /// Over the decisions that both have.
    hash: DecisionHash,
    /// The journal may end before the last decisions of the input at hand: they could not be written, or it was killed.
    may_lack: bool,
}

/// A record of the journal, and those behind it that the same input led to.
struct Led {
    seq: u64,
    kind: u8,
    payload: Vec<u8>,
}

impl<'u> Run<'u> {
    fn new(core: Core<Spread>, universe: &'u Universe) -> Self {
        let result = Verified {
            inputs: 0,
            decisions: 0,
            states: 0,
            hash: String::new(),
            difference: None,
            damage: Vec::new(),
            lost: 0,
            unrecorded: 0,
            complete: false,
            span_ns: (0, 0),
        };
        Self { core, universe, beside: Beside::default(), result, hash: DecisionHash::default(), may_lack: false }
    }

    fn over(mut self, journal: &Journal, progress: &mut dyn FnMut(u64)) -> Result<Verified, VerifyError> {
        let mut records = journal.records();
        let (mut input, mut led): (Option<Led>, Vec<Led>) = (None, Vec::new());
        let (mut bytes, mut told) = (0u64, 0u64);
        while let Some(next) = self.next(&mut records)? {
            bytes += next.payload.len() as u64 + 8;
            if bytes - told > 1 << 22 {
                told = bytes;
                progress(bytes);
            }
            if input.as_ref().is_some_and(|input| input.kind == kind::LOST) {
                // The journal thread writes it last of all; what it stands for is where the ring was full.
                self.take(input.take(), &mut led);
                let name = KIND_NAMES.get(usize::from(next.kind)).unwrap_or(&KIND_NAMES[0]);
                self.differ(next.seq, format!("{name} (kind {}) behind lost entries", next.kind), "nothing".into());
                break;
            }
            match next.kind {
                kind::SESSION => {}
                kind::DECISION | kind::UNSENT => led.push(next),
                _ => {
                    self.may_lack = next.kind == kind::LOST;
                    self.take(input.take(), &mut led);
                    input = Some(next);
                }
            }
            if self.result.difference.is_some() {
                break;
            }
        }
        // What damage cut off from its decisions is not compared with them; a run that was killed, or whose disk was
        // full, may have left an input without all it led to. Only a journal that was closed behind the end of input
        // has it all.
        if self.result.damage.is_empty() && self.result.difference.is_none() {
            let finished = input.as_ref().is_some_and(|input| input.kind == kind::FINISH) && records.is_closed();
            self.may_lack = !finished;
            self.take(input, &mut led);
        }
        self.result.hash = self.hash.hex();
        progress(bytes);
        Ok(self.result)
    }

    /// The next record; `None` at the end, or where something is missing.
    fn next(&mut self, records: &mut Records<'_>) -> Result<Option<Led>, VerifyError> {
        match records.next()? {
            None => Ok(None),
            Some(Item::Record { seq, kind, payload, .. }) => Ok(Some(Led { seq, kind, payload: payload.to_vec() })),
            Some(Item::Damage(damage)) => {
                self.result.damage.push(damage);
                while let Some(item) = records.next()? {
                    if let Item::Damage(damage) = item {
                        self.result.damage.push(damage);
                    }
                }
                Ok(None)
            }
        }
    }

    /// Takes an input and compares what it leads to with what it led to.
    fn take(&mut self, input: Option<Led>, led: &mut Vec<Led>) {
        let Some(input) = input else {
            if let Some(first) = led.first() {
                let (seq, words) = (first.seq, self.words(&first.payload));
                self.differ(seq, words, "no decision before the first input".into());
            }
            return;
        };
        self.beside.unsent.clear();
        for entry in led.iter().filter(|l| l.kind == kind::UNSENT) {
            if let Some(Entry::Unsent(order)) = Entry::read(entry.kind, &entry.payload) {
                self.beside.unsent.push(order);
            }
        }
        let Some(entry) = Entry::read(input.kind, &input.payload) else {
            self.differ(input.seq, format!("an entry of kind {} that is none", input.kind), "nothing".into());
            return;
        };
        self.apply(&entry, input.seq);
        for decision in led.drain(..).filter(|l| l.kind == kind::DECISION) {
            let made = self.beside.made.pop_front();
            self.result.decisions += 1;
            if made.as_deref() != Some(&decision.payload[..]) {
                let replayed = made.map_or_else(|| "no decision".into(), |m| self.words(&m));
                let journalled = self.words(&decision.payload);
                self.differ(decision.seq, journalled, replayed);
                return;
            }
            self.hash.add_written(&decision.payload);
        }
        if self.may_lack {
            self.result.unrecorded += self.beside.made.len() as u64;
            self.result.complete &= self.beside.made.is_empty();
            self.beside.made.clear();
        } else if let Some(extra) = self.beside.made.pop_front() {
            let replayed = self.words(&extra);
            self.differ(input.seq + 1, "no decision".into(), replayed);
        }
    }

    fn apply(&mut self, entry: &Entry<'_>, seq: u64) {
        if entry.is_input() {
            self.result.inputs += 1;
        }
        match entry {
            Entry::Tick(tick) => self.core.on_tick(tick, &mut self.beside),
            Entry::Report(report) => self.core.on_report(report, &mut self.beside),
            Entry::Timer { due_ns } => self.core.on_timer(*due_ns, &mut self.beside),
            Entry::Command(command) => {
                self.core.on_command(command, &mut self.beside);
            }
            Entry::Finish => {
                self.result.complete = true;
                self.core.finish(&mut self.beside);
            }
            Entry::State { inputs, decisions, hash } => {
                self.result.states += 1;
                let ours = (self.result.inputs, self.core.hash().records(), self.core.state_hash());
                if (*inputs, *decisions, *hash) != ours {
                    let words = |(i, d, h): (u64, u64, [u8; 32])| {
                        format!("state {} after {i} inputs and {d} decisions", blake3::Hash::from(h).to_hex())
                    };
                    self.differ(seq, words((*inputs, *decisions, *hash)), words(ours));
                }
            }
            Entry::Lost(count) => {
                self.result.lost = *count;
                self.result.complete = false;
            }
            Entry::Unsent(_) | Entry::Decision(_) | Entry::Clock { .. } => {}
        }
        let now_ns = self.core.now_ns();
        if self.result.span_ns.0 == 0 {
            self.result.span_ns.0 = now_ns;
        }
        self.result.span_ns.1 = now_ns;
    }

    fn differ(&mut self, seq: u64, journalled: String, replayed: String) {
        let input = self.result.inputs;
        self.result.difference.get_or_insert(Difference { seq, input, journalled, replayed });
    }

    fn words(&self, record: &[u8]) -> String {
        super::words::decision(record, self.universe)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crosstick_ipc::journal::format::{SessionId, segment_name};
    use crosstick_ipc::journal::{Options, Writer};

    use super::*;
    use crate::config::universe::{self, FactsByVenue, Unknown};
    use crate::config::{Config, Overrides};

    const CONFIG: &str = "[[venue]]\nname = \"spot\"\nprotocol = \"binance-spot\"\n\
        [[instrument]]\nvenue = \"spot\"\nsymbol = \"BTCUSDT\"\nbase = \"BTC\"\nquote = \"USDT\"\n\
        price_step = \"0.01\"\nquantity_step = \"0.001\"\nmin_quantity = \"0.001\"\nmin_notional = \"5\"\n";

    /// Runs the journal in `dir` again with a core that decides three things at the end of input. The spread strategy
    /// decides nothing there, though a strategy may.
    fn run(dir: &Path) -> Verified {
        let config = Config::parse("c.toml", CONFIG, Path::new("/"), &Overrides::none()).unwrap();
        let (universe, _) = universe::build(&config, &FactsByVenue::new(), Unknown::Refused).unwrap();
        let mut run = Run::new(setup::core(&config, &universe).unwrap(), &universe);
        run.beside.made.extend([b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]);
        run.over(&Journal::open(dir).unwrap(), &mut |_| ()).unwrap()
    }

    /// Killed between the end of input and what that led to: not the run's end. Who closed the journal had written all.
    #[test]
    fn a_finish_without_its_decisions_is_a_difference_only_where_the_journal_was_closed() {
        for (decisions, close) in [(0, false), (0, true), (1, false), (1, true), (3, false), (3, true)] {
            let home = tempfile::tempdir().unwrap();
            let dir = home.path().join("session");
            let options = Options { session: SessionId([7; 16]), segment_bytes: 4096, now_ns: 1, durable: false };
            let mut writer = Writer::create(&dir, options).unwrap();
            writer.append(kind::FINISH, 0, &[], 1).unwrap();
            for decision in [b"a", b"b", b"c"].into_iter().take(decisions) {
                writer.append(kind::DECISION, 0, decision, 1).unwrap();
            }
            let of = format!("{decisions} decisions, closed: {close}");
            let missing = 3 - decisions as u64;
            let cut_off = |found: &Verified| {
                assert_eq!(
                    (&found.difference, found.unrecorded, found.complete),
                    (&None, missing, missing == 0),
                    "{of}"
                );
                let held: &[u8] = &b"abc"[..decisions];
                assert_eq!((found.decisions, &*found.hash), (3 - missing, &*blake3::hash(held).to_hex()), "{of}");
            };
            if !close {
                drop(writer);
                cut_off(&run(&dir));
                continue;
            }
            writer.close().unwrap();
            let closed = run(&dir);
            assert_eq!(closed.difference.map(|d| d.journalled), (missing > 0).then(|| "no decision".into()), "{of}");
            // The file was full and closed, and the next one, prepared already, not begun.
            fs::write(dir.join(segment_name(1)), vec![0; 4096]).unwrap();
            cut_off(&run(&dir));
        }
    }
}
