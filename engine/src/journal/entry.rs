//! What a journal holds, and its bytes. A contract: see [`FORMAT`].
//!
//! | kind | entry | payload, little-endian |
//! |---|---|---|
//! | 1 | session | JSON, in parts: flag 1 on all but the last |
//! | 2 | tick | the 56 bytes of a tick: four i64, `recv_ns`, `venue_seq`, offset i32, instrument u16, kind, flags |
//! | 3 | report | `at_ns` u64, order u64, instrument u16, tag u8, and what the tag says |
//! | 4 | timer | `due_ns` u64 |
//! | 5 | command | `at_ns` u64, kind u8, source u8, reason: the rest, UTF-8 |
//! | 6 | unsent | order u64: the gateway had no room for it |
//! | 7 | decision | the record that `decisions_hash` is made of |
//! | 8 | state | inputs u64, decisions u64, 32 bytes of hash |
//! | 9 | finish | nothing: the end of input |
//! | 10 | lost | u64: entries that could not be written, and this is why the journal ends here |
//! | 11 | clock | `at_ns` u64: core time at which an order reached the paper venue (from format 2) |

use crosstick_model::command::REASON_BYTES;
use crosstick_model::{
    Amount, AssetId, Command, CommandKind, CommandSource, Fill, InstrumentId, Liquidity, OrderId, Reason, RejectReason,
    Report, ReportKind, Tick, TickFlags, TickKind,
};

/// Version of these bytes; the session's JSON carries it.
pub const FORMAT: u32 = 2;
/// The oldest version that is read.
pub const OLDEST_FORMAT: u32 = 1;

/// Numbers of the kinds.
pub mod kind {
    /// [`Entry`](super::Entry)s of a session's description.
    pub const SESSION: u8 = 1;
    /// A tick.
    pub const TICK: u8 = 2;
    /// A report.
    pub const REPORT: u8 = 3;
    /// A wake-up of the strategy.
    pub const TIMER: u8 = 4;
    /// A command.
    pub const COMMAND: u8 = 5;
    /// An order that the gateway had no room for.
    pub const UNSENT: u8 = 6;
    /// A decision.
    pub const DECISION: u8 = 7;
    /// A hash of the state.
    pub const STATE: u8 = 8;
    /// The end of input.
    pub const FINISH: u8 = 9;
    /// Entries lost.
    pub const LOST: u8 = 10;
    /// How far the gateway's time had gone.
    pub const CLOCK: u8 = 11;
}

/// Names of the kinds, by their numbers.
pub const KIND_NAMES: [&str; 12] = [
    "unknown", "session", "tick", "report", "timer", "command", "unsent", "decision", "state", "finish", "lost",
    "clock",
];

/// Flag of a part that others follow.
pub const MORE: u8 = 1;
/// The longest payload of an entry that comes from the core.
pub const CORE_PAYLOAD_MAX: usize = 10 + REASON_BYTES;

/// One entry of a journal, as the core makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Market data, or a line going live or down.
    Tick(Tick),
    /// What a gateway said.
    Report(Report),
    /// A wake-up of the strategy, at this core time.
    Timer {
        /// ns since the epoch.
        due_ns: u64,
    },
    /// An operator's command.
    Command(Command),
    /// The gateway had no room for this order.
    Unsent(OrderId),
    /// What the core decided: the record's bytes.
    Decision(&'a [u8]),
    /// A hash of the core's state after this many inputs and decisions.
    State {
        /// Inputs so far.
        inputs: u64,
        /// Decisions so far.
        decisions: u64,
        /// [`Core::state_hash`](crate::core::Core::state_hash).
        hash: [u8; 32],
    },
    /// The end of input.
    Finish,
    /// An order reached the paper venue, at this core time: nothing that the core takes, but a counterfactual has to
    /// meet the same venue.
    Clock {
        /// ns since the epoch.
        at_ns: u64,
    },
    /// So many entries could not be written; nothing follows.
    Lost(u64),
}

impl<'a> Entry<'a> {
    /// Its kind.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Tick(_) => kind::TICK,
            Self::Report(_) => kind::REPORT,
            Self::Timer { .. } => kind::TIMER,
            Self::Command(_) => kind::COMMAND,
            Self::Unsent(_) => kind::UNSENT,
            Self::Decision(_) => kind::DECISION,
            Self::State { .. } => kind::STATE,
            Self::Finish => kind::FINISH,
            Self::Lost(_) => kind::LOST,
            Self::Clock { .. } => kind::CLOCK,
        }
    }

    /// Whether the core takes it, rather than gives it.
    #[must_use]
    pub const fn is_input(&self) -> bool {
        matches!(self, Self::Tick(_) | Self::Report(_) | Self::Timer { .. } | Self::Command(_) | Self::Finish)
    }

    /// Writes the payload and returns its length.
    #[inline]
    pub fn write(&self, bytes: &mut [u8; CORE_PAYLOAD_MAX]) -> usize {
        let mut out = Out { bytes, len: 0 };
        match self {
            Self::Tick(tick) => out.tick(tick),
            Self::Report(report) => out.report(report),
            Self::Timer { due_ns } => out.put(&due_ns.to_le_bytes()),
            Self::Command(command) => {
                out.put(&command.at_ns.to_le_bytes());
                out.put(&[command.kind as u8, command.source as u8]);
                out.put(command.reason.as_bytes());
            }
            Self::Unsent(order) => out.put(&order.0.to_le_bytes()),
            Self::Decision(record) => out.put(record),
            Self::State { inputs, decisions, hash } => {
                out.put(&inputs.to_le_bytes());
                out.put(&decisions.to_le_bytes());
                out.put(hash);
            }
            Self::Finish => {}
            Self::Lost(count) => out.put(&count.to_le_bytes()),
            Self::Clock { at_ns } => out.put(&at_ns.to_le_bytes()),
        }
        out.len
    }

    /// The entry of that kind and payload; `None` when they are none, or not one of the core's.
    #[must_use]
    pub fn read(kind: u8, payload: &'a [u8]) -> Option<Self> {
        let mut from = From(payload);
        let entry = match kind {
            kind::TICK => Self::Tick(from.tick()?),
            kind::REPORT => Self::Report(from.report()?),
            kind::TIMER => Self::Timer { due_ns: from.u64()? },
            kind::COMMAND => Self::Command(Command {
                at_ns: from.u64()?,
                kind: CommandKind::from_number(u64::from(from.u8()?))?,
                source: CommandSource::from_number(u64::from(from.u8()?))?,
                reason: Reason::from_bytes(from.rest()),
            }),
            kind::UNSENT => Self::Unsent(OrderId(from.u64()?)),
            kind::DECISION => Self::Decision(from.rest()),
            kind::STATE => Self::State { inputs: from.u64()?, decisions: from.u64()?, hash: from.array()? },
            kind::FINISH => Self::Finish,
            kind::LOST => Self::Lost(from.u64()?),
            kind::CLOCK => Self::Clock { at_ns: from.u64()? },
            _ => return None,
        };
        from.0.is_empty().then_some(entry)
    }
}

struct Out<'a> {
    bytes: &'a mut [u8; CORE_PAYLOAD_MAX],
    len: usize,
}

impl Out<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        // Longest of all is a report of a fill, far below the room; a longer record would be a bug and is cut.
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    #[inline]
    fn tick(&mut self, tick: &Tick) {
        for value in tick.values {
            self.put(&value.to_le_bytes());
        }
        self.put(&tick.recv_ns.to_le_bytes());
        self.put(&tick.venue_seq.to_le_bytes());
        self.put(&tick.exchange_offset_us.to_le_bytes());
        self.put(&tick.instrument.0.to_le_bytes());
        self.put(&[tick.kind as u8, tick.flags.bits()]);
    }

    fn report(&mut self, report: &Report) {
        self.put(&report.at_ns.to_le_bytes());
        self.put(&report.order.0.to_le_bytes());
        self.put(&report.instrument.0.to_le_bytes());
        match &report.kind {
            ReportKind::Accepted => self.put(&[0]),
            ReportKind::Filled(fill) => {
                self.put(&[1]);
                self.put(&fill.price.to_le_bytes());
                self.put(&fill.quantity.to_le_bytes());
                self.put(&fill.fee.0.to_le_bytes());
                self.put(&fill.fee_asset.0.to_le_bytes());
                self.put(&[fill.liquidity as u8]);
            }
            ReportKind::Cancelled { unfilled } => {
                self.put(&[2]);
                self.put(&unfilled.to_le_bytes());
            }
            ReportKind::Rejected(reason) => self.put(&[3, *reason as u8]),
        }
    }
}

/// Bytes that are read front to back.
struct From<'a>(&'a [u8]);

impl<'a> From<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn tick(&mut self) -> Option<Tick> {
        Some(Tick {
            values: [self.i64()?, self.i64()?, self.i64()?, self.i64()?],
            recv_ns: self.u64()?,
            venue_seq: self.u64()?,
            exchange_offset_us: self.array().map(i32::from_le_bytes)?,
            instrument: InstrumentId(self.u16()?),
            kind: TickKind::from_number(self.u8()?)?,
            flags: TickFlags::from_bits(self.u8()?),
        })
    }

    fn report(&mut self) -> Option<Report> {
        let (at_ns, order, instrument) = (self.u64()?, OrderId(self.u64()?), InstrumentId(self.u16()?));
        let kind = match self.u8()? {
            0 => ReportKind::Accepted,
            1 => ReportKind::Filled(Fill {
                price: self.i64()?,
                quantity: self.i64()?,
                fee: Amount(self.array().map(i128::from_le_bytes)?),
                fee_asset: AssetId(self.u16()?),
                liquidity: match self.u8()? {
                    0 => Liquidity::Maker,
                    1 => Liquidity::Taker,
                    _ => return None,
                },
            }),
            2 => ReportKind::Cancelled { unfilled: self.i64()? },
            3 => ReportKind::Rejected(match self.u8()? {
                0 => RejectReason::Simulated,
                1 => RejectReason::NoQuote,
                2 => RejectReason::Venue,
                _ => return None,
            }),
            _ => return None,
        };
        Some(Report { order, instrument, at_ns, kind })
    }
}

// Numbers written above, so that renumbering one of these enums fails to compile.
const _: () = {
    assert!(Liquidity::Maker as u8 == 0 && Liquidity::Taker as u8 == 1);
    assert!(RejectReason::Simulated as u8 == 0 && RejectReason::NoQuote as u8 == 1 && RejectReason::Venue as u8 == 2);
    assert!(size_of::<Tick>() == 56);
};
