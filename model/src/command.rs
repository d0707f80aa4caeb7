//! HOT: core thread. What an operator tells the core: an input like any other, in order with the ticks.

/// What is commanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CommandKind {
    /// Stop trading, closing included, and cancel what rests.
    Halt = 1,
    /// Trade again.
    Resume = 2,
}

impl CommandKind {
    /// The kind of that number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Halt),
            2 => Some(Self::Resume),
            _ => None,
        }
    }
}

/// By which way a command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CommandSource {
    /// A signal to the process.
    Signal = 1,
    /// The control region in shared memory.
    Control = 2,
    /// The halt file.
    File = 3,
    /// The journal, which cannot be written or fell behind.
    Journal = 4,
}

impl CommandSource {
    /// The source of that number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Signal),
            2 => Some(Self::Control),
            3 => Some(Self::File),
            4 => Some(Self::Journal),
            _ => None,
        }
    }

    /// The word for it, as log and halt file spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Control => "command",
            Self::File => "halt file",
            Self::Journal => "journal",
        }
    }
}

/// Longest reason in bytes of UTF-8.
pub const REASON_BYTES: usize = 192;

/// Why a command was given: one line of plain text in a fixed place, so that the core can carry it without allocating.
///
/// Whatever it is made of, it holds valid UTF-8 without control characters: it may be printed anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    bytes: [u8; REASON_BYTES],
    len: u8,
}

impl Reason {
    /// No reason.
    pub const NONE: Self = Self { bytes: [0; REASON_BYTES], len: 0 };

    /// A reason out of any text: what is not printed becomes a blank, blanks in a row become one, and what is longer
    /// than [`REASON_BYTES`] is cut off between two characters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::collect(text.chars())
    }

    /// The same out of any bytes: a zero ends them, and what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let chunks = bytes[..end].utf8_chunks();
        Self::collect(chunks.flat_map(|chunk| {
            let broken = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            chunk.valid().chars().chain(broken)
        }))
    }

    fn collect(chars: impl Iterator<Item = char>) -> Self {
        let (mut bytes, mut len, mut blank) = ([0; REASON_BYTES], 0, false);
        for c in chars {
            if c.is_control() || c.is_whitespace() || is_invisible(c) {
                blank = len > 0;
                continue;
            }
            let end = len + usize::from(blank) + c.len_utf8();
            if end > REASON_BYTES {
                break;
            }
            if blank {
                bytes[len] = b' ';
                (len, blank) = (len + 1, false);
            }
            c.encode_utf8(&mut bytes[len..]);
            len = end;
        }
        Self { bytes, len: len as u8 }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text's bytes, without padding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// All bytes, zero-padded.
    #[must_use]
    pub const fn padded(&self) -> &[u8; REASON_BYTES] {
        &self.bytes
    }

    /// Whether nothing is said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// What changes how a line looks without being seen: directions, joiners, separators.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl std::fmt::Debug for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// A command as the core takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// When the core took it, ns since the epoch.
    pub at_ns: u64,
    /// What.
    pub kind: CommandKind,
    /// By which way.
    pub source: CommandSource,
    /// Why.
    pub reason: Reason,
}

/// What a command led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CommandOutcome {
    /// Trading is halted from here on.
    Halted = 1,
    /// Trading was halted before; whatever could still be closed no longer can.
    AlreadyHalted = 2,
    /// Trading goes on.
    Resumed = 3,
    /// Trading was not halted; nothing changed.
    NotHalted = 4,
    /// Not taken: no such command is known.
    Unknown = 5,
    /// Not taken: trading cannot resume while the halt file is there.
    HaltFileThere = 6,
    /// Not taken: a resume that was given too long ago may no longer be meant.
    TooLate = 7,
    /// Not taken: trading was halted anew after the resume was given, so nobody has looked at that.
    NewerHalt = 8,
    /// Not taken: it could not be handed to the core, which takes nothing at present.
    NotHanded = 9,
}

impl CommandOutcome {
    /// The outcome of that number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Halted,
            2 => Self::AlreadyHalted,
            3 => Self::Resumed,
            4 => Self::NotHalted,
            5 => Self::Unknown,
            6 => Self::HaltFileThere,
            7 => Self::TooLate,
            8 => Self::NewerHalt,
            9 => Self::NotHanded,
            _ => return None,
        })
    }
}
