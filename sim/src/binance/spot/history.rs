//! What was traded of one instrument: bars of a second and of a minute, and the newest sums by taker.

use std::collections::VecDeque;

use crosstick_model::{Amount, Scale, Side};

use crate::exchange::Trade;
use crate::rules::SECOND_NS;

pub(crate) const MINUTE_NS: u64 = 60 * SECOND_NS;
/// Sums by taker that are kept.
const AGGREGATES_MAX: usize = 10_000;
/// Six hours of seconds.
const SECONDS_MAX: usize = 21_600;
/// Thirty-one days of minutes.
const MINUTES_MAX: usize = 44_640;

/// What was traded in a stretch of time. Price mantissas at the instrument's scale; volumes are sums of mantissas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) start_ns: u64,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) volume: i128,
    pub(crate) quote_volume: Amount,
    pub(crate) taker_volume: i128,
    pub(crate) taker_quote_volume: Amount,
    pub(crate) first_id: u64,
    pub(crate) last_id: u64,
    pub(crate) count: u64,
}

impl Bar {
    /// A bar in which nothing was traded.
    pub(crate) const fn empty(start_ns: u64, price: i64) -> Self {
        Self {
            start_ns,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            quote_volume: Amount::ZERO,
            taker_volume: 0,
            taker_quote_volume: Amount::ZERO,
            first_id: 0,
            last_id: 0,
            count: 0,
        }
    }

    /// Adds a later bar to this one.
    pub(crate) fn merge(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = Self { start_ns: self.start_ns, ..*later };
            return;
        }
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.quote_volume.0 += later.quote_volume.0;
        self.taker_volume += later.taker_volume;
        self.taker_quote_volume.0 += later.taker_quote_volume.0;
        self.last_id = later.last_id;
        self.count += later.count;
    }

    fn of(trade: &Trade, value: Amount, span_ns: u64) -> Self {
        let bought = trade.taker_side == Side::Buy;
        let mut bar = Self::empty(trade.at_ns - trade.at_ns % span_ns, trade.price);
        bar.volume = i128::from(trade.quantity);
        bar.quote_volume = value;
        if bought {
            bar.taker_volume = bar.volume;
            bar.taker_quote_volume = value;
        }
        (bar.first_id, bar.last_id, bar.count) = (trade.id, trade.id, 1);
        bar
    }
}

/// What was traded of one instrument.
#[derive(Debug)]
pub(crate) struct History {
    scale: Scale,
    pub(crate) seconds: VecDeque<Bar>,
    pub(crate) minutes: VecDeque<Bar>,
    /// Sums of the trades of one taker at one price; ids count them from 1.
    pub(crate) aggregates: VecDeque<Aggregate>,
    next_aggregate: u64,
    /// The last sum was told to the world: nothing more is added to it.
    sealed: bool,
}

/// The trades of one taker order at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aggregate {
    pub(crate) id: u64,
    pub(crate) first_id: u64,
    pub(crate) last_id: u64,
    pub(crate) price: i64,
    pub(crate) quantity: i64,
    pub(crate) at_ns: u64,
    pub(crate) taker_side: Side,
    taker_order: u64,
}

impl History {
    pub(crate) const fn new(scale: Scale) -> Self {
        Self {
            scale,
            seconds: VecDeque::new(),
            minutes: VecDeque::new(),
            aggregates: VecDeque::new(),
            next_aggregate: 1,
            sealed: false,
        }
    }

    /// Adds a trade; the id of the sum that it went into.
    pub(crate) fn push(&mut self, trade: &Trade) -> u64 {
        let value = Amount::notional(trade.price, trade.quantity, self.scale).unwrap_or(Amount::ZERO);
        self.push_bars(trade, value);
        self.aggregate(trade)
    }

    /// Adds a trade of that value to the bars alone.
    pub(crate) fn push_bars(&mut self, trade: &Trade, value: Amount) {
        for (bars, span_ns, most) in
            [(&mut self.seconds, SECOND_NS, SECONDS_MAX), (&mut self.minutes, MINUTE_NS, MINUTES_MAX)]
        {
            let bar = Bar::of(trade, value, span_ns);
            match bars.back_mut().filter(|last| last.start_ns >= bar.start_ns) {
                Some(last) => last.merge(&bar),
                None => keep(bars, bar, most),
            }
        }
    }

    /// The first sum's id, as long as there is none.
    pub(crate) fn number_from(&mut self, aggregate: u64) {
        if self.aggregates.is_empty() {
            self.next_aggregate = aggregate;
        }
    }

    /// What was summed last is told to the world now, so the next trade begins a new sum.
    pub(super) const fn seal(&mut self) {
        self.sealed = true;
    }

    fn aggregate(&mut self, trade: &Trade) -> u64 {
        let sealed = std::mem::take(&mut self.sealed);
        let same = |a: &&mut Aggregate| {
            !sealed && a.taker_order == trade.taker_order.0 && a.price == trade.price && a.at_ns == trade.at_ns
        };
        if let Some(last) = self.aggregates.back_mut().filter(same) {
            last.last_id = trade.id;
            last.quantity += trade.quantity;
            return last.id;
        }
        let aggregate = Aggregate {
            id: self.next_aggregate,
            first_id: trade.id,
            last_id: trade.id,
            price: trade.price,
            quantity: trade.quantity,
            at_ns: trade.at_ns,
            taker_side: trade.taker_side,
            taker_order: trade.taker_order.0,
        };
        self.next_aggregate += 1;
        keep(&mut self.aggregates, aggregate, AGGREGATES_MAX);
        aggregate.id
    }

    /// All that was traded since then, to the minute; `None` when nothing was.
    pub(crate) fn since(&self, from_ns: u64) -> Option<Bar> {
        let mut bars = self.minutes.range(self.minutes.partition_point(|b| b.start_ns < from_ns)..);
        let mut sum = *bars.next()?;
        bars.for_each(|bar| sum.merge(bar));
        Some(sum)
    }

    /// The last price before then.
    pub(crate) fn close_before(&self, from_ns: u64) -> Option<i64> {
        self.minutes.iter().rev().find(|b| b.start_ns < from_ns).map(|b| b.close)
    }
}

fn keep<T>(list: &mut VecDeque<T>, value: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(value);
}
