//! Exact numbers as people read them. Floats are for drawing alone: nothing is computed with them.

use crosstick_model::Amount;
use crosstick_model::amount::AMOUNT_ONE;

/// An amount with that many decimals, rounded half away from zero, thousands apart.
#[must_use]
pub fn money(amount: Amount, decimals: u32) -> String {
    let unit = 10i128.pow(16u32.saturating_sub(decimals.min(16)));
    let digits = amount.0.unsigned_abs().saturating_add(unit.unsigned_abs() / 2) / unit.unsigned_abs();
    let one = 10u128.pow(decimals.min(16));
    let sign = if amount.0 < 0 && digits > 0 { "-" } else { "" };
    let whole = thousands(digits / one);
    if decimals == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{:0width$}", digits % one, width = decimals as usize)
}

/// A count, thousands apart.
#[must_use]
pub fn count(count: u64) -> String {
    thousands(u128::from(count))
}

fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `part` of `whole` in percent, with one decimal; a dash of nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let tenths = (u128::from(part) * 2_000 + u128::from(whole)) / (2 * u128::from(whole));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A span in ns as people say it, to three digits or so.
#[must_use]
pub fn span(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", tenths(ns, 1_000)),
        1_000_000..1_000_000_000 => format!("{} ms", tenths(ns, 1_000_000)),
        1_000_000_000..120_000_000_000 => format!("{} s", tenths(ns, 1_000_000_000)),
        120_000_000_000..7_200_000_000_000 => format!("{} min", tenths(ns, 60_000_000_000)),
        7_200_000_000_000..172_800_000_000_000 => format!("{} h", tenths(ns, 3_600_000_000_000)),
        _ => format!("{} days", tenths(ns, 86_400_000_000_000)),
    }
}

fn tenths(ns: u64, unit: u64) -> String {
    let tenths = (u128::from(ns) * 20 + u128::from(unit)) / (2 * u128::from(unit));
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// An amount for a chart's axis.
#[must_use]
pub fn drawn(amount: Amount) -> f64 {
    amount.0 as f64 / AMOUNT_ONE as f64
}

/// A number of an axis whose marks are `step` apart: no more digits than that needs.
#[must_use]
pub fn axis(value: f64, step: f64) -> String {
    let decimals = if step > 0.0 && step.is_finite() { (-step.log10()).ceil().clamp(0.0, 9.0) as usize } else { 2 };
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(w, r)| (w, Some(r)));
    let whole = whole.parse::<u128>().map_or_else(|_| whole.to_owned(), thousands);
    let zero = whole == "0" && rest.is_none_or(|r| r.bytes().all(|b| b == b'0'));
    let sign = if zero { "" } else { sign };
    rest.map_or_else(|| format!("{sign}{whole}"), |rest| format!("{sign}{whole}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let amount = |text: &str| Amount::from_decimal(text.parse().unwrap()).unwrap();
        assert_eq!(money(amount("1234567.8951"), 2), "1,234,567.90");
        assert_eq!(money(amount("-0.005"), 2), "-0.01");
        assert_eq!(money(amount("-0.0049"), 2), "0.00");
        assert_eq!(money(amount("999.5"), 0), "1,000");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(2, 2), "100.0 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(
            [999, 1_500, 2_000_000, 59_960_000_000, 3_600_000_000_000].map(span),
            ["999 ns", "1.5 µs", "2 ms", "60 s", "60 min"]
        );
        assert_eq!(axis(-1_234.5, 0.5), "-1,234.5");
        assert_eq!(axis(-0.0001, 0.1), "0.0");
        assert_eq!(axis(20_000.0, 5_000.0), "20,000");
    }
}
