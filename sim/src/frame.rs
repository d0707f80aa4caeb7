//! WebSocket frames as a server reads and writes them (RFC 6455), written anew so that a client's frame code is not
//! tested against itself.

/// Longest message taken from a client, in bytes: a subscription of 1024 long names fits.
pub(crate) const MESSAGE_MAX: usize = 64 * 1024;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn is_control(self) -> bool {
        self.bits() >= 8
    }
}

/// A client's frame, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientFrame {
    pub(crate) opcode: Opcode,
    pub(crate) last: bool,
    pub(crate) payload: Vec<u8>,
}

/// Why a client's bytes are no frame, with the close code that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameError {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

const fn protocol_error(reason: &'static str) -> FrameError {
    FrameError { code: 1002, reason }
}

/// The first frame in `bytes` and its length there; `None` when more bytes are needed.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(ClientFrame, usize)>, FrameError> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(protocol_error("Reserved bits set"));
    }
    let opcode = Opcode::from_bits(first & 0x0f).ok_or(protocol_error("Unknown opcode"))?;
    let last = first & 0x80 != 0;
    if second & 0x80 == 0 {
        return Err(protocol_error("Unmasked client frame"));
    }
    let short = usize::from(second & 0x7f);
    if opcode.is_control() && (!last || short > 125) {
        return Err(protocol_error("Bad control frame"));
    }
    let (length, head) = match short {
        126 => match rest {
            [a, b, ..] => (u64::from(u16::from_be_bytes([*a, *b])), 4),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(eight) => (u64::from_be_bytes(*eight), 10),
            None => return Ok(None),
        },
        short => (short as u64, 2),
    };
    // Refused before the bytes come, so that a stated length alone costs no memory.
    if length > MESSAGE_MAX as u64 {
        return Err(FrameError { code: 1009, reason: "Message too big" });
    }
    let end = head + 4 + length as usize;
    let Some(frame) = bytes.get(..end) else { return Ok(None) };
    let (mask, masked) = frame[head..].split_at(4);
    let payload = masked.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Ok(Some((ClientFrame { opcode, last, payload }, end)))
}

/// Appends a final, unmasked frame.
pub(crate) fn push(out: &mut Vec<u8>, opcode: Opcode, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    out.push(0x80 | opcode.bits());
    match length {
        0..=125 => out.push(length as u8),
        126..=65535 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a close frame.
pub(crate) fn push_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    push(out, Opcode::Close, &[&code.to_be_bytes(), reason.as_bytes()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_masked_hello() {
        // RFC 6455, 5.7: a single-frame masked text message.
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let (frame, used) = parse(&bytes).expect("good").expect("whole");
        assert_eq!((frame.opcode, frame.last, frame.payload.as_slice(), used), (Opcode::Text, true, &b"Hello"[..], 11));
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn the_documented_unmasked_lengths() {
        let mut out = Vec::new();
        push(&mut out, Opcode::Text, &[b"Hel", b"lo"]);
        assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        let mut out = Vec::new();
        push(&mut out, Opcode::Binary, &[&[0u8; 256]]);
        assert_eq!(out[..4], [0x82, 0x7e, 0x01, 0x00]);
        let mut out = Vec::new();
        push(&mut out, Opcode::Binary, &[&[0u8; 65536]]);
        assert_eq!(out[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn what_is_no_frame_is_refused_at_its_head() {
        assert_eq!(parse(&[0x81, 0x05, 1, 2]).expect_err("unmasked").code, 1002);
        assert_eq!(parse(&[0xc1, 0x85]).expect_err("compressed").code, 1002);
        assert_eq!(parse(&[0x83, 0x85]).expect_err("reserved opcode").code, 1002);
        assert_eq!(parse(&[0x09, 0x85]).expect_err("cut ping").code, 1002);
        let huge = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(parse(&huge).expect_err("huge").code, 1009);
    }
}
