//! Keys out of the bytes that a terminal sends.

/// A key that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Enter,
    Escape,
    Backspace,
    Tab,
    BackTab,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// Ctrl-C: the terminal does not make a signal of it here.
    Interrupt,
    /// Ctrl-L.
    Redraw,
    /// Ctrl-Z.
    Suspend,
}

/// Longest escape sequence that is waited for; a longer one is dropped.
const SEQUENCE_MAX: usize = 16;

/// Takes bytes as they come, in pieces of any length.
#[derive(Debug, Default)]
pub struct Parser {
    /// The beginning of an escape sequence, or of a character of several bytes.
    begun: Vec<u8>,
}

impl Parser {
    /// Keys of these bytes. An ESC that ends a piece is the key itself: terminals send sequences in one go.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        for byte in bytes {
            self.begun.push(*byte);
            match read(&self.begun) {
                Read::More if self.begun.len() < SEQUENCE_MAX => {}
                Read::More | Read::Nothing => self.begun.clear(),
                Read::Key(key) => {
                    keys.push(key);
                    self.begun.clear();
                }
                // An ESC by itself, and then this byte.
                Read::Apart => {
                    keys.push(Key::Escape);
                    self.begun.drain(..1);
                    if let Read::Key(key) = read(&self.begun) {
                        keys.push(key);
                        self.begun.clear();
                    }
                }
            }
        }
        if self.begun == [0x1b] {
            keys.push(Key::Escape);
            self.begun.clear();
        }
        keys
    }
}

enum Read {
    More,
    Nothing,
    Apart,
    Key(Key),
}

fn read(bytes: &[u8]) -> Read {
    match bytes {
        [0x1b] | [0x1b, b'[' | b'O'] => Read::More,
        [0x1b, b'[' | b'O', parameters @ .., last] => match last {
            0x40..=0x7e => sequence(parameters, *last),
            0x20..=0x3f => Read::More,
            _ => Read::Nothing,
        },
        [0x1b, ..] => Read::Apart,
        [single] if *single < 0x80 => plain(*single),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.chars().next().map_or(Read::Nothing, |c| Read::Key(Key::Char(c))),
            Err(error) if error.error_len().is_none() => Read::More,
            Err(_) => Read::Nothing,
        },
    }
}

fn plain(byte: u8) -> Read {
    Read::Key(match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x03 => Key::Interrupt,
        0x0c => Key::Redraw,
        0x1a => Key::Suspend,
        0x08 | 0x7f => Key::Backspace,
        0x20..=0x7e => Key::Char(char::from(byte)),
        _ => return Read::Nothing,
    })
}

fn sequence(parameters: &[u8], last: u8) -> Read {
    // Modifiers stand behind the first number; they change nothing here.
    let first = parameters.split(|b| *b == b';').next().unwrap_or_default();
    Read::Key(match (last, first) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'Z', _) => Key::BackTab,
        (b'~', b"5") => Key::PageUp,
        (b'~', b"6") => Key::PageDown,
        (b'M', _) => Key::Enter,
        // To the left and right: panes.
        (b'D', _) => Key::BackTab,
        (b'C', _) => Key::Tab,
        _ => return Read::Nothing,
    })
}

#[cfg(test)]
mod tests;
