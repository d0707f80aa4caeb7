//! The general way for plain text: JSON without blanks, escapes, fractions, negative numbers or lists, which is all
//! that venues send in any order of fields, onto the tape of simd-json, a word at a time. Whatever else it meets it
//! leaves to simd-json, which alone says what is wrong with a text.

use simd_json::{Node, StaticNode};

/// Objects within one another: the envelope and the message.
const DEPTH_MAX: u32 = 2;
/// So many digits are always below 2^64.
const DIGITS_MAX: usize = 19;

/// That byte in all eight places of a word.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of each byte that does not stand for itself in a string: quotes, backslashes, controls, and what is
/// beyond ASCII. Exact up to the first such byte, from the lowest on.
#[inline]
const fn special(word: u64) -> u64 {
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(all(1)) & !word
    }
    let controls = word.wrapping_sub(all(0x20)) & !word;
    (zeros(word ^ all(b'"')) | zeros(word ^ all(b'\\')) | controls | word) & all(0x80)
}

/// Appends the nodes of `text` to `nodes`; false where it is not plain, and then what was appended means nothing.
pub(super) fn scan<'f>(text: &'f str, nodes: &mut Vec<Node<'f>>) -> bool {
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0, nodes };
    scan.object(1).is_some() && scan.at == text.len()
}

struct Scan<'f, 'n> {
    text: &'f str,
    bytes: &'f [u8],
    at: usize,
    nodes: &'n mut Vec<Node<'f>>,
}

impl<'f> Scan<'f, '_> {
    #[inline]
    fn here(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn takes(&mut self, byte: u8) -> Option<()> {
        if self.here()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        self.takes(b'{')?;
        let start = self.nodes.len();
        self.nodes.push(Node::Object { len: 0, count: 0 });
        let mut len = 0;
        if self.here()? == b'}' {
            self.at += 1;
        } else {
            loop {
                self.string()?;
                self.takes(b':')?;
                self.value(depth)?;
                len += 1;
                match self.here()? {
                    b',' => self.at += 1,
                    b'}' => break self.at += 1,
                    _ => return None,
                }
            }
        }
        let count = self.nodes.len() - start - 1;
        *self.nodes.get_mut(start)? = Node::Object { len, count };
        Some(())
    }

    #[inline]
    fn value(&mut self, depth: u32) -> Option<()> {
        match self.here()? {
            b'"' => self.string(),
            b'0'..=b'9' => self.number(),
            b'{' if depth < DEPTH_MAX => self.object(depth + 1),
            b't' => self.word("true", StaticNode::Bool(true)),
            b'f' => self.word("false", StaticNode::Bool(false)),
            b'n' => self.word("null", StaticNode::Null),
            _ => None,
        }
    }

    #[inline]
    fn string(&mut self) -> Option<()> {
        // Almost all keys have one character.
        if let Some([b'"', byte @ b'A'..=b'z', b'"', ..]) = self.bytes.get(self.at..)
            && *byte != b'\\'
        {
            self.nodes.push(Node::String(self.text.get(self.at + 1..self.at + 2)?));
            self.at += 3;
            return Some(());
        }
        self.takes(b'"')?;
        let begin = self.at;
        loop {
            let rest = self.bytes.get(self.at..)?;
            let word = match rest.first_chunk() {
                Some(word) => u64::from_le_bytes(*word),
                None => last(rest),
            };
            let found = special(word);
            if found == 0 {
                self.at += 8;
                continue;
            }
            self.at += found.trailing_zeros() as usize / 8;
            self.nodes.push(Node::String(self.text.get(begin..self.at)?));
            return self.takes(b'"');
        }
    }

    #[inline]
    fn number(&mut self) -> Option<()> {
        let begin = self.at;
        let mut value: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.here() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - begin;
        // A zero in front, a fraction or an exponent; what follows is looked at by the object.
        if digits > DIGITS_MAX || (digits > 1 && self.bytes.get(begin) == Some(&b'0')) {
            return None;
        }
        self.nodes.push(Node::Static(StaticNode::U64(value)));
        Some(())
    }

    fn word(&mut self, word: &str, node: StaticNode) -> Option<()> {
        if !self.bytes.get(self.at..)?.starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        self.nodes.push(Node::Static(node));
        Some(())
    }
}

/// Fewer than eight bytes, with zeros behind, which are special.
#[cold]
fn last(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &str) -> Option<String> {
        let mut nodes = Vec::new();
        scan(text, &mut nodes).then(|| format!("{nodes:?}"))
    }

    /// What simd-json makes of it.
    fn general(text: &str) -> Option<String> {
        let mut bytes = text.as_bytes().to_vec();
        simd_json::to_tape(&mut bytes).ok().map(|tape| format!("{:?}", tape.0))
    }

    #[test]
    fn what_is_plain_becomes_the_tape_of_simd_json() {
        for text in [
            "{}",
            r#"{"a":1}"#,
            r#"{"e":"trade","E":1723161255032,"s":"BTCUSDT","t":0,"p":"0.001","m":true,"M":false,"x":null,"":""}"#,
            r#"{"stream":"btcusdt@bookTicker","data":{"u":400900217,"b":"25.35190000","B":"31.21000000"}}"#,
            r#"{"a":9999999999999999999,"b":18446744073709551615}"#,
            r#"{"a":{},"b":{"c":{}}}"#,
            r#"{"a":1,"a":2}"#,
        ] {
            assert!(general(text).is_some(), "{text}");
            if let Some(tape) = plain(text) {
                assert_eq!(Some(tape), general(text), "{text}");
            }
        }
        assert!(plain(r#"{"s":"BTCUSDT","t":12,"m":true,"data":{"p":"1.5"}}"#).is_some());
    }

    #[test]
    fn what_is_not_plain_is_left_alone() {
        for text in [
            "",
            "{",
            "}",
            "[]",
            "1",
            "\"a\"",
            "{} ",
            " {}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{\"a\":}",
            "{,}",
            "{\"a\":01}",
            "{\"a\":-1}",
            "{\"a\":1.5}",
            "{\"a\":1e5}",
            "{\"a\":[1]}",
            "{\"a\": 1}",
            "{\"a\":\"\\n\"}",
            "{\"a\":\"é\"}",
            "{\"a\":tru}",
            "{\"a\":nulll}",
            "{\"a\":18446744073709551615}",
            "{\"a\":{\"b\":{}}}",
            "{\"a\":1}{",
            "{\"a\":\"\n\"}",
            "{\"a\":\"",
            "{\"a",
            "{\"a\":1",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    proptest! {
        /// What it takes, simd-json takes, and makes the same of it; also where a byte of a good text was changed.
        #[test]
        fn never_takes_what_simd_json_refuses(
            values in prop::collection::vec(
                ("[a-zA-Z]{0,4}", "[0-9]{1,20}|\"[ -~]{0,12}\"|true|false|null|\\{\\}"),
                0..8
            ),
            at in any::<prop::sample::Index>(),
            byte in prop::option::of(0x20u8..0x7f),
        ) {
            let fields: Vec<String> = values.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let mut text = format!("{{{}}}", fields.join(",")).into_bytes();
            if let Some(byte) = byte {
                let at = at.index(text.len());
                text[at] = byte;
            }
            let text = String::from_utf8(text).unwrap();
            if let Some(tape) = plain(&text) {
                prop_assert_eq!(Some(tape), general(&text), "{}", text);
            }
        }
    }
}
