use proptest::prelude::*;

use super::*;

#[test]
fn what_terminals_send_for_the_keys_used_here() {
    // As xterm, the Linux console, tmux and rxvt send them.
    for (bytes, key) in [
        (&b"q"[..], Key::Char('q')),
        (b"\r", Key::Enter),
        (b"\t", Key::Tab),
        (b"\x1b[Z", Key::BackTab),
        (b"\x1b[A", Key::Up),
        (b"\x1bOB", Key::Down),
        (b"\x1b[1;5A", Key::Up),
        (b"\x1b[5~", Key::PageUp),
        (b"\x1b[6~", Key::PageDown),
        (b"\x1b[H", Key::Home),
        (b"\x1b[1~", Key::Home),
        (b"\x1bOF", Key::End),
        (b"\x1b[8~", Key::End),
        (b"\x7f", Key::Backspace),
        (b"\x03", Key::Interrupt),
        (b"\x1b", Key::Escape),
        ("é".as_bytes(), Key::Char('é')),
        ("€".as_bytes(), Key::Char('€')),
    ] {
        assert_eq!(Parser::default().feed(bytes), [key], "{bytes:?}");
    }
}

#[test]
fn several_keys_may_come_at_once_and_one_in_pieces() {
    assert_eq!(Parser::default().feed(b"1\t\x1b[Bq"), [Key::Char('1'), Key::Tab, Key::Down, Key::Char('q')]);
    let mut parser = Parser::default();
    assert_eq!(parser.feed(b"\x1b["), []);
    assert_eq!(parser.feed(b"5"), []);
    assert_eq!(parser.feed(b"~x"), [Key::PageUp, Key::Char('x')]);
    assert_eq!(Parser::default().feed(b"\x1bq"), [Key::Escape, Key::Char('q')]);
}

#[test]
fn a_key_that_means_nothing_is_swallowed_whole() {
    // F5, a mouse report's beginning, an endless sequence.
    assert_eq!(Parser::default().feed(b"\x1b[15~q"), [Key::Char('q')]);
    let mut parser = Parser::default();
    parser.feed(b"\x1b[");
    parser.feed(&[b'1'; 100]);
    assert!(parser.begun.len() < SEQUENCE_MAX);
}

proptest! {
    #[test]
    fn any_bytes_are_survived_and_nothing_piles_up(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)
    ) {
        let mut parser = Parser::default();
        for piece in pieces {
            let keys = parser.feed(&piece);
            prop_assert!(keys.len() <= piece.len() + SEQUENCE_MAX);
            prop_assert!(parser.begun.len() < SEQUENCE_MAX);
        }
    }
}
