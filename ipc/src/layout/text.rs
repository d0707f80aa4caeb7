//! COLD: texts and amounts as records hold them.

use crosstick_model::Amount;

/// `text` in `N` bytes, zero-padded; what doesn't fit is cut off between two characters.
#[must_use]
pub fn fixed_text<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let length = text.floor_char_boundary(N);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    bytes
}

/// The text in zero-padded bytes; what is not UTF-8 reads as U+FFFD.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let length = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

/// An amount as two words, the lower first: together a little-endian 128-bit two's complement at 1e-16.
#[inline]
#[must_use]
pub const fn amount_words(amount: Amount) -> [u64; 2] {
    [amount.0 as u64, (amount.0 >> 64) as u64]
}

/// The amount in two words.
#[inline]
#[must_use]
pub const fn amount(words: [u64; 2]) -> Amount {
    Amount((words[0] as u128 | (words[1] as u128) << 64) as i128)
}

/// A 128-bit number as two words, the lower first.
#[inline]
#[must_use]
pub const fn wide_words(number: i128) -> [u64; 2] {
    amount_words(Amount(number))
}

/// The 128-bit number in two words.
#[inline]
#[must_use]
pub const fn wide(words: [u64; 2]) -> i128 {
    amount(words).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_padded_and_cut_between_characters() {
        assert_eq!(fixed_text::<4>("ab"), *b"ab\0\0");
        assert_eq!(fixed_text::<4>("abcde"), *b"abcd");
        assert_eq!(fixed_text::<4>("abcä"), *b"abc\0");
        assert_eq!(
            (text(b"ab\0x").as_str(), text(b"abcd").as_str(), text(b"a\xff").as_str()),
            ("ab", "abcd", "a\u{fffd}")
        );
    }

    #[test]
    fn amounts_keep_their_sign_and_all_their_bits() {
        for n in [0, 1, -1, i128::MAX, i128::MIN, -(1 << 64), (1 << 64) - 1] {
            assert_eq!(amount(amount_words(Amount(n))), Amount(n));
        }
        assert_eq!(amount_words(Amount(-2)), [u64::MAX - 1, u64::MAX]);
    }
}
