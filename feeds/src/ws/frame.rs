//! Server frames out of the receive buffer, client frames into an output buffer.
//!
//! HOT: reader thread. A final, unmasked data frame is parsed with a handful of byte compares and lent as `&mut [u8]`
//! where it lies. Everything else (control frames, fragments, errors) goes through tungstenite's header code.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::buffer::{READ_SIZE, RecvBuffer};

/// Longest data frame, and longest message put together from fragments. The largest that a Binance market stream
/// sends is a few hundred KiB; more is a fault, and the connection is closed rather than the buffer grown.
pub const MESSAGE_MAX: usize = 1 << 20;
/// Limit of a receive buffer that holds such a frame with its header behind an unfinished read.
pub const BUFFER_LIMIT: usize = MESSAGE_MAX + READ_SIZE * 8;
const HEADER_MAX: usize = 14;
const CONTROL_MAX: u64 = 125;

/// Why a server's bytes are not WebSocket as agreed. The connection cannot go on after any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WsError {
    /// Servers must not mask.
    Masked,
    /// A reserved bit is set: compression, which was not negotiated.
    ReservedBits,
    /// An opcode that does not exist.
    UnknownOpcode,
    /// A control frame in fragments.
    FragmentedControl,
    /// A control frame of more than 125 bytes.
    LongControl,
    /// A continuation of nothing.
    StrayContinuation,
    /// A new message inside a fragmented one.
    InterleavedMessage,
    /// Longer than [`MESSAGE_MAX`].
    TooLong,
    /// A close frame with half a code.
    BadClose,
}

impl WsError {
    /// How many reasons there are.
    pub const COUNT: usize = 9;
    /// Every reason, in the order of [`Self::index`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::Masked,
        Self::ReservedBits,
        Self::UnknownOpcode,
        Self::FragmentedControl,
        Self::LongControl,
        Self::StrayContinuation,
        Self::InterleavedMessage,
        Self::TooLong,
        Self::BadClose,
    ];

    /// Dense number.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The reason as reports spell it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Masked => "ws_masked",
            Self::ReservedBits => "ws_reserved_bits",
            Self::UnknownOpcode => "ws_unknown_opcode",
            Self::FragmentedControl => "ws_fragmented_control",
            Self::LongControl => "ws_long_control",
            Self::StrayContinuation => "ws_stray_continuation",
            Self::InterleavedMessage => "ws_interleaved_message",
            Self::TooLong => "ws_too_long",
            Self::BadClose => "ws_bad_close",
        }
    }

    /// The code to close with (RFC 6455, 7.4.1).
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::TooLong => 1009,
            _ => 1002,
        }
    }
}

/// One whole frame, or a message put together from fragments.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A text message.
    Text(&'a mut [u8]),
    /// A binary message.
    Binary(&'a mut [u8]),
    /// To be answered with a pong of the same payload.
    Ping(&'a [u8]),
    /// An answer to a ping of ours, or a sign of life.
    Pong(&'a [u8]),
    /// The server closes; its code, if it gave one, and its reason.
    Close(Option<u16>, &'a [u8]),
}

/// What the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// A JSON request.
    Text,
    /// End of the connection.
    Close,
    /// Answer to a ping.
    Pong,
}

/// The frames of one connection, with the fragments of an unfinished message.
#[derive(Debug, Default)]
pub struct Frames {
    fragments: Vec<u8>,
    open: Option<Data>,
}

impl Frames {
    /// Takes the next whole frame out of `buffer`; `None` until more bytes have come. A fragment is put aside and the
    /// next frame looked at.
    ///
    /// # Errors
    /// [`WsError`], after which the connection must be closed. A frame that is too long is refused on its header.
    #[inline]
    pub fn next<'a>(&'a mut self, buffer: &'a mut RecvBuffer) -> Result<Option<Frame<'a>>, WsError> {
        if self.open.is_none() {
            let unread = buffer.unread();
            if unread.len() < 2 {
                // How every read ends: not worth the general way.
                return Ok(None);
            }
            let [first @ (0x81 | 0x82), second, ..] = *unread else { return self.next_other(buffer) };
            let (header, length) = match second {
                0..=125 => (2, usize::from(second)),
                126 => {
                    let [_, _, high, low, ..] = *unread else { return Ok(None) };
                    (4, usize::from(u16::from_be_bytes([high, low])))
                }
                // 64-bit lengths and masked frames
                _ => return self.next_other(buffer),
            };
            if unread.len() < header + length {
                return Ok(None);
            }
            let payload = buffer.take(header + length).get_mut(header..).unwrap_or(&mut []);
            return Ok(Some(if first == 0x81 { Frame::Text(payload) } else { Frame::Binary(payload) }));
        }
        self.next_other(buffer)
    }

    /// Forgets an unfinished message, for a new connection.
    pub fn clear(&mut self) {
        self.open = None;
        self.fragments = Vec::new();
    }

    #[cold]
    fn next_other<'a>(&'a mut self, buffer: &'a mut RecvBuffer) -> Result<Option<Frame<'a>>, WsError> {
        // What to lend is settled first and borrowed once, after the loop over fragments.
        let whole = loop {
            let Some(head) = Head::parse(buffer.unread())? else { return Ok(None) };
            if buffer.len() < head.header + head.length {
                return Ok(None);
            }
            let data = match head.opcode {
                OpCode::Control(_) => break Some(head),
                OpCode::Data(data) => data,
            };
            self.check_order(data)?;
            if head.last && self.open.is_none() {
                break Some(head);
            }
            if self.open.is_none() {
                self.open = Some(data);
                self.fragments.clear();
            }
            if self.fragments.len() + head.length > MESSAGE_MAX {
                return Err(WsError::TooLong);
            }
            let frame = buffer.take(head.header + head.length);
            self.fragments.extend_from_slice(frame.get(head.header..).unwrap_or(&[]));
            if head.last {
                break None;
            }
        };
        let Some(head) = whole else {
            let kind = self.open.take();
            let message = &mut self.fragments[..];
            return Ok(Some(if kind == Some(Data::Binary) { Frame::Binary(message) } else { Frame::Text(message) }));
        };
        let payload = buffer.take(head.header + head.length).get_mut(head.header..).unwrap_or(&mut []);
        match head.opcode {
            OpCode::Data(Data::Binary) => Ok(Some(Frame::Binary(payload))),
            OpCode::Data(_) => Ok(Some(Frame::Text(payload))),
            OpCode::Control(control) => control_frame(control, payload).map(Some),
        }
    }

    fn check_order(&self, data: Data) -> Result<(), WsError> {
        match (data, self.open) {
            (Data::Continue, None) => Err(WsError::StrayContinuation),
            (Data::Text | Data::Binary, Some(_)) => Err(WsError::InterleavedMessage),
            _ => Ok(()),
        }
    }
}

/// A header that passed every rule for frames from a server.
#[derive(Debug)]
struct Head {
    header: usize,
    length: usize,
    last: bool,
    opcode: OpCode,
}

impl Head {
    fn parse(unread: &[u8]) -> Result<Option<Self>, WsError> {
        let mut cursor = Cursor::new(unread.get(..HEADER_MAX).unwrap_or(unread));
        // Reading from memory cannot fail, so an error is always about the opcode.
        let Some((frame, length)) = FrameHeader::parse(&mut cursor).map_err(|_| WsError::UnknownOpcode)? else {
            return Ok(None);
        };
        if frame.mask.is_some() {
            return Err(WsError::Masked);
        }
        if frame.rsv1 || frame.rsv2 || frame.rsv3 {
            return Err(WsError::ReservedBits);
        }
        if matches!(frame.opcode, OpCode::Control(_)) {
            if !frame.is_final {
                return Err(WsError::FragmentedControl);
            }
            if length > CONTROL_MAX {
                return Err(WsError::LongControl);
            }
        }
        let length = usize::try_from(length).ok().filter(|l| *l <= MESSAGE_MAX).ok_or(WsError::TooLong)?;
        let header = usize::try_from(cursor.position()).unwrap_or(HEADER_MAX);
        Ok(Some(Self { header, length, last: frame.is_final, opcode: frame.opcode }))
    }
}

fn control_frame(control: Control, payload: &[u8]) -> Result<Frame<'_>, WsError> {
    match control {
        Control::Ping => Ok(Frame::Ping(payload)),
        Control::Pong => Ok(Frame::Pong(payload)),
        Control::Close => match payload {
            [] => Ok(Frame::Close(None, &[])),
            [_] => Err(WsError::BadClose),
            [high, low, reason @ ..] => Ok(Frame::Close(Some(u16::from_be_bytes([*high, *low])), reason)),
        },
        Control::Reserved(_) => Err(WsError::UnknownOpcode),
    }
}

/// Appends a masked client frame to `out`. Allocates only when `out` has to grow.
pub fn write_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], key: [u8; 4]) {
    let opcode = match opcode {
        Opcode::Text => OpCode::Data(Data::Text),
        Opcode::Close => OpCode::Control(Control::Close),
        Opcode::Pong => OpCode::Control(Control::Pong),
    };
    let header = FrameHeader { opcode, mask: Some(key), ..FrameHeader::default() };
    let before = out.len();
    if header.format(payload.len() as u64, out).is_err() {
        // Writing to memory cannot fail; should it, half a header must not stay.
        out.truncate(before);
        return;
    }
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}
