//! WebSocket frames: RFC 6455's own examples, tungstenite as the other side, every way to cut the bytes.

use std::io::Cursor;

use crosstick_feeds::buffer::RecvBuffer;
use crosstick_feeds::ws::frame::{BUFFER_LIMIT, MESSAGE_MAX};
use crosstick_feeds::ws::{Frame, Frames, MaskKeys, Opcode, WsError, write_frame};
use proptest::prelude::*;
use tungstenite::protocol::frame::Frame as Encoder;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::{Role, WebSocket};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, Vec<u8>),
}

fn seen(frame: &Frame<'_>) -> Seen {
    match frame {
        Frame::Text(p) => Seen::Text(p.to_vec()),
        Frame::Binary(p) => Seen::Binary(p.to_vec()),
        Frame::Ping(p) => Seen::Ping(p.to_vec()),
        Frame::Pong(p) => Seen::Pong(p.to_vec()),
        Frame::Close(code, p) => Seen::Close(*code, p.to_vec()),
    }
}

/// Everything that comes out of `bytes`, given in pieces that end at `cuts`.
fn read_all(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Seen>, WsError> {
    let mut buffer = RecvBuffer::new(BUFFER_LIMIT);
    let mut frames = Frames::default();
    let mut all = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        assert!(buffer.extend(&bytes[from..to]), "the buffer holds what one message may be");
        from = to;
        while let Some(frame) = frames.next(&mut buffer)? {
            all.push(seen(&frame));
        }
    }
    Ok(all)
}

fn encode(frame: Encoder) -> Vec<u8> {
    let mut out = Vec::new();
    frame.format(&mut out).expect("memory takes it");
    out
}

fn fragment(payload: &[u8], opcode: Data, last: bool) -> Vec<u8> {
    encode(Encoder::message(payload.to_vec(), OpCode::Data(opcode), last))
}

#[test]
fn the_examples_of_the_standard() {
    // RFC 6455, 5.7, those that a server may send.
    let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(read_all(&hello, &[]), Ok(vec![Seen::Text(b"Hello".to_vec())]));
    let two = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!(read_all(&two, &[]), Ok(vec![Seen::Text(b"Hello".to_vec())]));
    let ping = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(read_all(&ping, &[]), Ok(vec![Seen::Ping(b"Hello".to_vec())]));
    let mut medium = vec![0x82, 0x7e, 0x01, 0x00];
    medium.extend([7; 256]);
    assert_eq!(read_all(&medium, &[]), Ok(vec![Seen::Binary(vec![7; 256])]));
    let mut long = vec![0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0];
    long.extend([9; 65536]);
    assert_eq!(read_all(&long, &[]), Ok(vec![Seen::Binary(vec![9; 65536])]));
    // Its masked "Hello" is what a client sends; and no server may.
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    let mut out = Vec::new();
    write_frame(&mut out, Opcode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
    assert_eq!(out, masked);
    assert_eq!(read_all(&masked, &[]), Err(WsError::Masked));
}

#[test]
fn every_single_cut() {
    let mut bytes = Vec::new();
    bytes.extend(fragment(b"{\"a\":1}", Data::Text, true));
    bytes.extend(encode(Encoder::ping(b"1700000000000".to_vec())));
    bytes.extend(fragment(b"{\"b\":", Data::Text, false));
    bytes.extend(encode(Encoder::pong(b"".to_vec())));
    bytes.extend(fragment(b"", Data::Continue, false));
    bytes.extend(fragment(b"2}", Data::Continue, true));
    bytes.extend(fragment(&[b'x'; 300], Data::Text, true));
    bytes.extend([0x88, 0x05, 0x03, 0xf0, b'b', b'y', b'e']);
    let want = vec![
        Seen::Text(b"{\"a\":1}".to_vec()),
        Seen::Ping(b"1700000000000".to_vec()),
        Seen::Pong(vec![]),
        Seen::Text(b"{\"b\":2}".to_vec()),
        Seen::Text(vec![b'x'; 300]),
        Seen::Close(Some(1008), b"bye".to_vec()),
    ];
    for cut in 0..=bytes.len() {
        assert_eq!(read_all(&bytes, &[cut]).as_ref(), Ok(&want), "cut at {cut}");
    }
    let each: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(read_all(&bytes, &each), Ok(want));
}

#[test]
fn what_a_server_must_not_send() {
    let cases: [(&[u8], WsError); 12] = [
        (&[0x81, 0x80, 0, 0, 0, 0], WsError::Masked),
        (&[0x82, 0xfe, 0, 200, 1, 2, 3, 4], WsError::Masked),
        (&[0xc1, 0x01, b'x'], WsError::ReservedBits),
        (&[0xa1, 0x01, b'x'], WsError::ReservedBits),
        (&[0x91, 0x01, b'x'], WsError::ReservedBits),
        (&[0x83, 0x00], WsError::UnknownOpcode),
        (&[0x8b, 0x00], WsError::UnknownOpcode),
        (&[0x09, 0x00], WsError::FragmentedControl),
        (&[0x89, 0x7e, 0x00, 0x7e], WsError::LongControl),
        (&[0x80, 0x01, b'x'], WsError::StrayContinuation),
        (&[0x01, 0x01, b'x', 0x81, 0x01, b'y'], WsError::InterleavedMessage),
        (&[0x88, 0x01, 0x03], WsError::BadClose),
    ];
    for (bytes, error) in cases {
        assert_eq!(read_all(bytes, &[]), Err(error), "{bytes:02x?}");
        let each: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(read_all(bytes, &each), Err(error), "{bytes:02x?}, byte by byte");
    }
}

#[test]
fn too_long_is_refused_on_the_header_alone() {
    for length in [MESSAGE_MAX as u64 + 1, 5 << 20, u64::MAX] {
        let mut bytes = vec![0x81, 0x7f];
        bytes.extend(length.to_be_bytes());
        assert_eq!(read_all(&bytes, &[]), Err(WsError::TooLong), "{length}");
    }
    // Fragments add up.
    let mut bytes = fragment(&vec![b'x'; MESSAGE_MAX - 10], Data::Text, false);
    bytes.extend(fragment(&[b'x'; 11], Data::Continue, true));
    let cuts: Vec<usize> = (1..bytes.len()).step_by(4096).collect();
    assert_eq!(read_all(&bytes, &cuts), Err(WsError::TooLong));
    // The longest that is allowed comes through whole.
    let bytes = fragment(&vec![b'y'; MESSAGE_MAX], Data::Text, true);
    let cuts: Vec<usize> = (1..bytes.len()).step_by(4096).collect();
    assert_eq!(read_all(&bytes, &cuts), Ok(vec![Seen::Text(vec![b'y'; MESSAGE_MAX])]));
}

#[test]
fn a_message_is_not_copied() {
    let mut buffer = RecvBuffer::new(BUFFER_LIMIT);
    let mut frames = Frames::default();
    for payload in [&b"abc"[..], &[b'z'; 1000]] {
        assert!(buffer.extend(&fragment(payload, Data::Text, true)));
        let inside = buffer.unread().as_ptr_range();
        let Ok(Some(Frame::Text(text))) = frames.next(&mut buffer) else { panic!("a text frame") };
        assert!(inside.contains(&text.as_ptr()), "lent where it lies");
        assert_eq!(text, payload);
    }
}

#[test]
fn a_server_understands_what_we_write() {
    let mut keys = MaskKeys::secure();
    let mut out = Vec::new();
    let long = "x".repeat(70_000);
    for text in ["", "a", r#"{"method":"SUBSCRIBE"}"#, &"y".repeat(126), &long] {
        write_frame(&mut out, Opcode::Text, text.as_bytes(), keys.next_key());
    }
    write_frame(&mut out, Opcode::Pong, b"1700000000000", keys.next_key());
    write_frame(&mut out, Opcode::Close, &1000u16.to_be_bytes(), keys.next_key());
    let mut server = WebSocket::from_raw_socket(Cursor::new(out), Role::Server, None);
    let mut texts = Vec::new();
    let mut pong = None;
    loop {
        match server.read() {
            Ok(tungstenite::Message::Text(text)) => texts.push(text.len()),
            Ok(tungstenite::Message::Pong(bytes)) => pong = Some(bytes),
            Ok(tungstenite::Message::Close(close)) => {
                assert_eq!(close.map(|c| u16::from(c.code)), Some(1000));
                break;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(texts, [0, 1, 22, 126, 70_000]);
    assert_eq!(pong.as_deref(), Some(&b"1700000000000"[..]));
}

#[derive(Debug, Clone)]
enum Sent {
    Message { text: bool, parts: Vec<Vec<u8>>, pings: bool },
    Ping(Vec<u8>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let part = proptest::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        4 => (any::<bool>(), proptest::collection::vec(part, 1..4), any::<bool>())
            .prop_map(|(text, parts, pings)| Sent::Message { text, parts, pings }),
        1 => proptest::collection::vec(any::<u8>(), 0..=125).prop_map(Sent::Ping),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_server_sends_arrives_however_it_is_cut(
        list in proptest::collection::vec(sent(), 1..12),
        seeds in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        let mut want = Vec::new();
        for item in list {
            match item {
                Sent::Ping(payload) => {
                    bytes.extend(encode(Encoder::ping(payload.clone())));
                    want.push(Seen::Ping(payload));
                }
                Sent::Message { text, parts, pings } => {
                    let kind = if text { Data::Text } else { Data::Binary };
                    let last = parts.len() - 1;
                    for (i, part) in parts.iter().enumerate() {
                        bytes.extend(fragment(part, if i == 0 { kind } else { Data::Continue }, i == last));
                        if pings && i != last {
                            bytes.extend(encode(Encoder::ping(vec![1])));
                            want.push(Seen::Ping(vec![1]));
                        }
                    }
                    let whole = parts.concat();
                    want.push(if text { Seen::Text(whole) } else { Seen::Binary(whole) });
                }
            }
        }
        let mut cuts: Vec<usize> = seeds.iter().map(|s| s.index(bytes.len())).collect();
        cuts.sort_unstable();
        prop_assert_eq!(read_all(&bytes, &cuts), Ok(want));
    }

    #[test]
    fn garbage_neither_panics_nor_grows(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read_all(&bytes, &[]);
    }
}

#[test]
fn the_opcode_table_is_tungstenites() {
    // What we take for control frames must be what the standard calls so.
    for byte in 0..16u8 {
        let control = matches!(OpCode::from(byte), OpCode::Control(Control::Ping | Control::Pong | Control::Close));
        let ours = matches!(
            read_all(&[0x80 | byte, 0], &[]),
            Ok(ref all) if matches!(all[..], [Seen::Ping(_) | Seen::Pong(_) | Seen::Close(..)])
        );
        assert_eq!(control, ours, "opcode {byte}");
    }
}
