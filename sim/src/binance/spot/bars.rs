//! Intervals of klines: where each begins and ends, in any time zone.

use super::history::{Bar, History, MINUTE_NS};
use crate::api::errors::ApiError;
use crate::rules::SECOND_NS;

const DAY_NS: u64 = 86_400 * SECOND_NS;
/// Monday, 1970-01-05: weeks begin on Mondays.
const MONDAY_NS: u64 = 4 * DAY_NS;

/// How long a bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interval {
    /// So many nanoseconds.
    Span(u64),
    Week,
    Month,
}

impl Interval {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let span = |minutes: u64| Ok(Self::Span(minutes * MINUTE_NS));
        match text {
            "1s" => Ok(Self::Span(SECOND_NS)),
            "1m" => span(1),
            "3m" => span(3),
            "5m" => span(5),
            "15m" => span(15),
            "30m" => span(30),
            "1h" => span(60),
            "2h" => span(120),
            "4h" => span(240),
            "6h" => span(360),
            "8h" => span(480),
            "12h" => span(720),
            "1d" => span(1_440),
            "3d" => span(3 * 1_440),
            "1w" => Ok(Self::Week),
            "1M" => Ok(Self::Month),
            _ => Err(ApiError::new(-1120, "Invalid interval.")),
        }
    }

    /// The beginning of the bar that holds `at`, both on the same clock.
    fn start(self, at: u64) -> u64 {
        match self {
            Self::Span(span) => at - at % span,
            Self::Week => {
                let since = at.saturating_sub(MONDAY_NS);
                MONDAY_NS + since - since % (7 * DAY_NS)
            }
            Self::Month => {
                let (year, month) = month_of(at / DAY_NS);
                day_of(year, month) * DAY_NS
            }
        }
    }

    /// The beginning of the next bar.
    fn next(self, start: u64) -> u64 {
        match self {
            Self::Span(span) => start + span,
            Self::Week => start + 7 * DAY_NS,
            Self::Month => {
                let (year, month) = month_of(start / DAY_NS);
                let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                day_of(year, month) * DAY_NS
            }
        }
    }
}

/// `timeZone`: hours, or hours and minutes, from -12:00 to +14:00; in seconds.
pub(crate) fn zone_s(text: &str) -> Result<i64, ApiError> {
    let wrong = || ApiError::invalid("timeZone");
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let number = |part: &str| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<i64>().map_err(|_| wrong()) } else { Err(wrong()) }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = sign * (hours * 3_600 + minutes * 60);
    if minutes < 60 && (-12 * 3_600..=14 * 3_600).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
}

/// A bar and its last nanosecond.
pub(crate) type Kline = (Bar, u64);

/// Bars of an instrument up to now, oldest first; those without trades stand at the price before them.
pub(crate) fn klines(history: &History, interval: Interval, zone_s: i64, now: u64) -> Vec<Kline> {
    let source = if interval == Interval::Span(SECOND_NS) { &history.seconds } else { &history.minutes };
    let Some(first) = source.front() else { return Vec::new() };
    let shift = zone_s * SECOND_NS as i64;
    let local = |at: u64| at.saturating_add_signed(shift);
    let utc = |at: u64| at.saturating_add_signed(-shift);
    let mut list: Vec<Kline> = Vec::new();
    let mut bars = source.iter().peekable();
    let (mut start, mut price) = (interval.start(local(first.start_ns)), first.open);
    while utc(start) <= now {
        let end = interval.next(start);
        let mut bar = Bar::empty(utc(start), price);
        while let Some(part) = bars.next_if(|b| b.start_ns < utc(end)) {
            bar.merge(part);
        }
        price = bar.close;
        list.push((bar, utc(end) - 1));
        start = end;
    }
    list
}

/// Those that begin within a stretch of time: the first so many where its beginning is named, else the last.
pub(crate) fn within(mut list: Vec<Kline>, (from, to): (Option<u64>, Option<u64>), most: usize) -> Vec<Kline> {
    list.retain(|(bar, _)| from.is_none_or(|f| bar.start_ns >= f) && to.is_none_or(|t| bar.start_ns <= t));
    if from.is_none() {
        list.drain(..list.len().saturating_sub(most));
    }
    list.truncate(most);
    list
}

/// The bar that holds `at` and its last nanosecond, with the trades up to now; where nothing traded in it, it stands at
/// the price before it. `None`: nothing was traded yet.
pub(crate) fn bar_at(history: &History, interval: Interval, zone_s: i64, at: u64) -> Option<Kline> {
    let source = if interval == Interval::Span(SECOND_NS) { &history.seconds } else { &history.minutes };
    let shift = zone_s * SECOND_NS as i64;
    let start = interval.start(at.saturating_add_signed(shift));
    let (first, end) = (start.saturating_add_signed(-shift), interval.next(start).saturating_add_signed(-shift));
    let from = source.partition_point(|b| b.start_ns < first);
    let before = from.checked_sub(1).and_then(|i| source.get(i)).map(|b| b.close);
    let mut inside = source.range(from..).take_while(|b| b.start_ns < end).peekable();
    let price = before.or_else(|| inside.peek().map(|b| b.open))?;
    let mut bar = Bar::empty(first, price);
    inside.for_each(|part| bar.merge(part));
    Some((bar, end - 1))
}

/// Year and month of a day counted from 1970-01-01 (Howard Hinnant's civil_from_days).
fn month_of(day: u64) -> (u64, u64) {
    let z = day + 719_468;
    let era = z / 146_097;
    let of_era = z % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month)
}

/// The first day of a month, counted from 1970-01-01.
fn day_of(year: u64, month: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year % 400;
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 14:00:00 UTC, a Friday.
    const FRIDAY: u64 = 1_795_183_200 * SECOND_NS;

    #[test]
    fn bars_begin_where_the_calendar_says() {
        let start = |text: &str| Interval::parse(text).expect("known").start(FRIDAY) / SECOND_NS;
        assert_eq!(start("4h"), 1_795_176_000, "12:00");
        assert_eq!(start("1d"), 1_795_132_800, "2026-11-20");
        assert_eq!(start("1w"), 1_794_787_200, "Monday 2026-11-16");
        assert_eq!(start("1M"), 1_793_491_200, "2026-11-01");
        let next = Interval::Month.next(1_793_491_200 * SECOND_NS) / SECOND_NS;
        assert_eq!(next, 1_796_083_200, "2026-12-01");
        assert_eq!(Interval::Month.next(next * SECOND_NS) / SECOND_NS, 1_798_761_600, "2027-01-01");
        assert_eq!(Interval::parse("7m"), Err(ApiError::new(-1120, "Invalid interval.")));
    }

    #[test]
    fn zones_have_bounds() {
        assert_eq!(zone_s("8"), Ok(28_800));
        assert_eq!(zone_s("-3:30"), Ok(-12_600));
        assert_eq!(zone_s("+05:45"), Ok(20_700));
        for wrong in ["15", "-12:30", "a", "", "1:60", "1:2:3"] {
            assert!(zone_s(wrong).is_err(), "{wrong}");
        }
    }
}
