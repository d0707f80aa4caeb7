//! What points are compared by. Cold; in integers.

use crosstick_model::Amount;

use crate::backtest::measure::Measures;
use crate::page::number::{count, money, percent};

/// What a point is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Measure {
    /// Net result in the risk currency: more is better.
    Net,
    /// Net result a pair sent: more is better.
    NetPerPair,
    /// Deepest drawdown: less is better.
    Drawdown,
    /// Share of pairs whose legs filled alike: more is better.
    CleanShare,
    /// Opportunities taken: more is better.
    Taken,
}

impl Measure {
    /// What it is called, with its unit.
    #[must_use]
    pub fn title(self, currency: &str) -> String {
        match self {
            Self::Net => format!("net result, {currency}"),
            Self::NetPerPair => format!("net result a pair, {currency}"),
            Self::Drawdown => format!("deepest drawdown, {currency}"),
            Self::CleanShare => "clean pairs, %".into(),
            Self::Taken => "opportunities taken".into(),
        }
    }

    /// The more, the better.
    #[must_use]
    pub fn score(self, m: &Measures) -> i128 {
        match self {
            Self::Net => m.net.0,
            Self::NetPerPair => {
                if m.pairs == 0 {
                    0
                } else {
                    m.net.0.div_euclid(i128::from(m.pairs))
                }
            }
            Self::Drawdown => -m.drawdown.0,
            Self::CleanShare => {
                if m.pairs == 0 {
                    0
                } else {
                    i128::from(m.clean) * 1_000_000 / i128::from(m.pairs)
                }
            }
            Self::Taken => i128::from(m.taken),
        }
    }

    /// For people.
    #[must_use]
    pub fn words(self, m: &Measures) -> String {
        match self {
            Self::Net => money(m.net, 4),
            Self::NetPerPair => money(Amount(self.score(m)), 6),
            Self::Drawdown => money(m.drawdown, 4),
            Self::CleanShare => percent(m.clean, m.pairs),
            Self::Taken => count(m.taken),
        }
    }

    /// For a chart's colours and axes.
    #[must_use]
    pub fn drawn(self, m: &Measures) -> f64 {
        let amount = |amount: i128| crate::page::number::drawn(Amount(amount));
        match self {
            Self::Net | Self::NetPerPair => amount(self.score(m)),
            Self::Drawdown => amount(m.drawdown.0),
            Self::CleanShare => self.score(m) as f64 / 10_000.0,
            Self::Taken => m.taken as f64,
        }
    }
}

/// The parts of a session as one: sums, the deepest of the drawdowns, the first halt. One part is itself.
#[must_use]
pub fn whole(parts: &[Measures]) -> Option<Measures> {
    let (first, rest) = parts.split_first()?;
    let mut sum = first.clone();
    for part in rest {
        let add = |a: Amount, b: Amount| a.checked_add(b).unwrap_or(a);
        sum.net = add(sum.net, part.net);
        sum.realised = add(sum.realised, part.realised);
        sum.fees = add(sum.fees, part.fees);
        sum.drawdown = sum.drawdown.max(part.drawdown);
        for (to, more) in [
            (&mut sum.ticks, part.ticks),
            (&mut sum.seen, part.seen),
            (&mut sum.taken, part.taken),
            (&mut sum.orders, part.orders),
            (&mut sum.fills, part.fills),
            (&mut sum.pairs, part.pairs),
            (&mut sum.clean, part.clean),
            (&mut sum.empty, part.empty),
            (&mut sum.closed, part.closed),
            (&mut sum.unhedged, part.unhedged),
        ] {
            *to += more;
        }
        sum.halted = sum.halted.or_else(|| part.halted.clone());
        sum.hash = String::new();
    }
    Some(sum)
}
