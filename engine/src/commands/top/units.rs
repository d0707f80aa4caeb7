//! Numbers as people read them: grouped, rounded, with their unit. What is exact stands in the region and the report.

use crosstick_model::decimal::pow10_i128;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

/// Stands where there is no number.
pub const NONE: &str = "–";

/// A number, as it is shown and as it sorts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Number {
    pub text: String,
    pub key: f64,
}

impl Number {
    pub fn none() -> Self {
        Self { text: NONE.into(), key: f64::NEG_INFINITY }
    }

    pub fn count(n: u64) -> Self {
        Self { text: grouped(n), key: n as f64 }
    }

    pub fn rate(rate: Option<f64>) -> Self {
        rate.map_or_else(Self::none, |r| Self { text: self::rate(r), key: r })
    }

    /// A mantissa with every decimal that it may need.
    pub fn fixed(mantissa: i128, decimals: u8) -> Self {
        Self { text: fixed(mantissa, decimals), key: mantissa as f64 / pow10_i128(u32::from(decimals)) as f64 }
    }

    /// An amount at 1e-16, rounded to `shown` decimals.
    pub fn amount(amount: i128, shown: u8) -> Self {
        Self { text: amount_text(amount, shown), key: amount as f64 / 1e16 }
    }

    /// The same with a plus before what is above zero.
    pub fn signed(amount: i128, shown: u8) -> Self {
        let mut number = Self::amount(amount, shown);
        if amount > 0 {
            number.text.insert(0, '+');
        }
        number
    }

    /// Millionths, as basis points.
    pub fn bps(ppm: i64) -> Self {
        let plus = if ppm > 0 { "+" } else { "" };
        Self { text: format!("{plus}{}", fixed(i128::from(ppm), 2)), key: ppm as f64 }
    }

    /// Time since `then_ns`; none when that never was.
    pub fn age(now_ns: u64, then_ns: u64) -> Self {
        if then_ns == 0 {
            return Self::none();
        }
        let ns = now_ns.saturating_sub(then_ns);
        Self { text: age(ns), key: ns as f64 }
    }

    /// A latency in ns.
    pub fn latency(ns: u64) -> Self {
        Self { text: latency(ns), key: ns as f64 }
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    group_digits(&n.to_string())
}

fn group_digits(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate a second: one decimal below ten.
pub fn rate(rate: f64) -> String {
    if rate <= 0.0 {
        "0".into()
    } else if rate < 9.95 {
        format!("{rate:.1}")
    } else {
        grouped(rate.round() as u64)
    }
}

/// A mantissa with `decimals` decimals, its whole part grouped.
pub fn fixed(mantissa: i128, decimals: u8) -> String {
    let sign = if mantissa < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", mantissa.unsigned_abs(), usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    let point = if decimals > 0 { "." } else { "" };
    format!("{sign}{}{point}{fraction}", group_digits(whole))
}

/// An amount at 1e-16 with `shown` decimals, rounded to the nearest. What rounds to nothing has no sign.
pub fn amount_text(amount: i128, shown: u8) -> String {
    let unit = pow10_i128(u32::from(crosstick_model::amount::AMOUNT_DECIMALS.saturating_sub(shown)));
    let half = unit / 2;
    let rounded = if amount < 0 {
        -(amount.saturating_neg().saturating_add(half) / unit)
    } else {
        amount.saturating_add(half) / unit
    };
    fixed(rounded, shown)
}

/// How many decimals a market's numbers need when all are multiples of `step`.
pub fn decimals_of_step(step: i64, decimals: u8) -> u8 {
    let (mut step, mut left) = (step, decimals);
    while step > 0 && step % 10 == 0 && left > 0 {
        step /= 10;
        left -= 1;
    }
    left
}

/// A mantissa at `decimals`, with only the `wanted` of them unless it has more.
pub fn at_step(mantissa: i64, decimals: u8, wanted: u8) -> Number {
    let (mut short, mut left) = (mantissa, decimals);
    while left > wanted && short % 10 == 0 {
        short /= 10;
        left -= 1;
    }
    Number::fixed(i128::from(short), left)
}

/// How long ago, or how long: `340 ms`, `1.2 s`, `45 s`, `3 min`, `2 h`, `5 d`.
pub fn age(ns: u64) -> String {
    match ns {
        0..MS => "<1 ms".into(),
        MS..S => format!("{} ms", ns / MS),
        _ if ns < 10 * S => format!("{}.{} s", ns / S, ns % S / (S / 10)),
        _ if ns < 120 * S => format!("{} s", ns / S),
        _ if ns < 7_200 * S => format!("{} min", ns / (60 * S)),
        _ if ns < 172_800 * S => format!("{} h", ns / (3_600 * S)),
        _ => format!("{} d", ns / (86_400 * S)),
    }
}

/// A running time to the second: `0:12:34`, `3 d 04:05:06`.
pub fn clockwork(ns: u64) -> String {
    let s = ns / S;
    let (days, hours, minutes, seconds) = (s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60);
    if days > 0 {
        format!("{days} d {hours:02}:{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

/// Time of day, UTC, to the millisecond.
pub fn time_of_day(ns: u64) -> String {
    let s = ns / S;
    format!("{:02}:{:02}:{:02}.{:03}", s / 3_600 % 24, s / 60 % 60, s % 60, ns % S / MS)
}

/// A latency with three significant digits.
pub fn latency(ns: u64) -> String {
    let (value, unit) = match ns {
        0..US => return format!("{ns} ns"),
        US..MS => (ns as f64 / US as f64, "µs"),
        MS..S => (ns as f64 / MS as f64, "ms"),
        _ => (ns as f64 / S as f64, "s"),
    };
    if value < 9.995 {
        format!("{value:.2} {unit}")
    } else if value < 99.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A share in percent: one decimal below ten, and where it would round to a hundred but is less.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if (99.5..100.0).contains(&percent) {
        return format!("{:.1} %", percent.min(99.9));
    }
    if percent > 0.0 && percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests;
