//! Our name for an order at the venue: unique for every attempt, and readable back.

use crosstick_model::OrderId;

use super::digits::put_ten;

/// Digits of an order's number.
const DIGITS: usize = 10;
/// Order numbers stay below this in one run: at twenty a second, for fifteen years.
pub const ORDERS_MAX: u64 = 10_000_000_000;
const RUN: usize = 11;
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// One run of the engine: must differ between any two runs that trade for one account. The time of its start in ns
/// since the epoch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunId(pub u64);

/// `newClientOrderId`: `ct`, the run in 11 characters of `0-9A-Za-z-_`, `-`, the order's number in 10 digits.
///
/// 24 characters of those that every Binance API documents; its orders are told from others' by this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId([u8; Self::LEN]);

impl ClientId {
    /// Characters.
    pub const LEN: usize = 2 + RUN + 1 + DIGITS;
    /// Where the number begins.
    pub(super) const NUMBER: usize = Self::LEN - DIGITS;

    /// The name of an order of a run; `None` from [`ORDERS_MAX`] on.
    #[must_use]
    pub fn new(run: RunId, order: OrderId) -> Option<Self> {
        let mut text = [b'-'; Self::LEN];
        let (head, rest) = text.split_at_mut(2);
        head.copy_from_slice(b"ct");
        let (name, rest) = rest.split_at_mut(RUN);
        for (place, character) in name.iter_mut().rev().enumerate() {
            *character = ALPHABET[(run.0 >> (6 * place)) as usize % 64];
        }
        put_number(&mut rest[1..], order).then_some(Self(text))
    }

    /// Reads one back; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<(RunId, OrderId)> {
        let text: &[u8; Self::LEN] = text.as_bytes().try_into().ok()?;
        let mut run: u64 = 0;
        for character in &text[2..2 + RUN] {
            let value = ALPHABET.iter().position(|c| c == character)? as u64;
            run = run.checked_mul(64)?.checked_add(value)?;
        }
        let digits = &text[Self::NUMBER..];
        let number = digits.iter().try_fold(0u64, |n, d| d.is_ascii_digit().then(|| n * 10 + u64::from(d - b'0')))?;
        let (run, order) = (RunId(run), OrderId(number));
        // What has another prefix or separator is not ours.
        (Self::new(run, order)?.0 == *text).then_some((run, order))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Writes an order's number; `false` when it has more digits.
#[inline]
pub(super) fn put_number(field: &mut [u8], order: OrderId) -> bool {
    field.as_mut_array().is_some_and(|field| put_ten(field, order.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let id = |run, order| ClientId::new(RunId(run), OrderId(order));
        assert_eq!(id(0, 1).expect("fits").text(), "ct00000000000-0000000001");
        assert_eq!(id(u64::MAX, ORDERS_MAX - 1).expect("fits").text(), "ctF__________-9999999999");
        assert_eq!(id(1, ORDERS_MAX), None);
        for other in [
            "",
            "x1",
            "ct00000000000-000000000x",
            "cx00000000000-0000000001",
            "ctG__________-0000000001",
            "ct00000000000+0000000001",
            "ct0000000000é-000000001",
        ] {
            assert_eq!(ClientId::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn read_back(run: u64, order in 0..ORDERS_MAX) {
            let id = ClientId::new(RunId(run), OrderId(order)).unwrap();
            prop_assert!(id.text().len() <= 36);
            prop_assert!(id.text().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(ClientId::parse(id.text()), Some((RunId(run), OrderId(order))));
        }
    }
}
