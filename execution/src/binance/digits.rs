//! HOT. Digits into fields of fixed places.

/// Two digits a step: half the divisions.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// Writes `value` × 10^-`decimals` so that it ends where `field` ends: exactly `decimals` digits behind the point, no
/// point where that is zero, and no zeros before it but the one that must stand there. Returns where it begins; `None`
/// when the field is too short.
#[inline]
pub(super) fn put_right(field: &mut [u8], value: u64, decimals: u8) -> Option<usize> {
    let (mut rest, mut at) = (value, field.len());
    if decimals > 0 {
        at = at.checked_sub(usize::from(decimals))?;
        rest = put_exactly(field.get_mut(at..)?, rest);
        at = at.checked_sub(1)?;
        *field.get_mut(at)? = b'.';
    }
    while rest >= 100 {
        at = at.checked_sub(2)?;
        field.get_mut(at..at + 2)?.copy_from_slice(PAIRS.get((rest % 100) as usize)?);
        rest /= 100;
    }
    if rest >= 10 {
        at = at.checked_sub(2)?;
        field.get_mut(at..at + 2)?.copy_from_slice(PAIRS.get(rest as usize)?);
    } else {
        at = at.checked_sub(1)?;
        *field.get_mut(at)? = b'0' + rest as u8;
    }
    Some(at)
}

/// Fills `field` with the last digits of `value`, zeros in front; returns what did not fit, which is 0 when all did.
#[inline]
pub(super) fn put_exactly(field: &mut [u8], value: u64) -> u64 {
    let mut rest = value;
    let mut pairs = field.rchunks_exact_mut(2);
    for pair in &mut pairs {
        // `rest % 100` is below 100, which the compiler knows.
        pair.copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    for digit in pairs.into_remainder() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn right(width: usize, value: u64, decimals: u8) -> Option<String> {
        let mut field = vec![b' '; width];
        let at = put_right(&mut field, value, decimals)?;
        Some(String::from_utf8(field.split_off(at)).expect("ASCII"))
    }

    #[test]
    fn by_hand() {
        for (value, decimals, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (50, 1, "5.0"),
            (2_341_610, 2, "23416.10"),
            (847, 5, "0.00847"),
            (1, 16, "0.0000000000000001"),
            (99, 0, "99"),
            (100, 0, "100"),
            (u64::MAX, 0, "18446744073709551615"),
            (i64::MAX as u64, 8, "92233720368.54775807"),
        ] {
            assert_eq!(right(21, value, decimals).as_deref(), Some(text));
            assert_eq!(right(text.len(), value, decimals).as_deref(), Some(text), "a field just long enough");
            assert_eq!(right(text.len() - 1, value, decimals), None, "a field too short for {text}");
        }
        assert_eq!(right(0, 0, 0), None);
    }

    proptest! {
        /// Against the standard library's formatting, with the point put in as text.
        #[test]
        fn as_formatted(value: u64, decimals in 0u8..=16) {
            let mut text = format!("{value:0width$}", width = usize::from(decimals) + 1);
            if decimals > 0 {
                text.insert(text.len() - usize::from(decimals), '.');
            }
            prop_assert_eq!(right(24, value, decimals), Some(text));
        }

        #[test]
        fn exactly(value: u64, width in 0usize..24) {
            let mut field = vec![b'x'; width];
            let rest = put_exactly(&mut field, value);
            let all = format!("{value:024}");
            prop_assert_eq!(std::str::from_utf8(&field).unwrap(), &all[24 - width..]);
            prop_assert_eq!(rest, if width >= 20 { 0 } else { value / 10u64.pow(width as u32) });
        }
    }
}
