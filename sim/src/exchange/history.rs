//! The latest trades of an instrument, and their average price over some minutes.

use std::collections::VecDeque;

use super::types::Trade;

const SECOND_NS: u64 = 1_000_000_000;
/// Trades that are kept.
const KEPT: usize = 20_000;
/// The longest average, in seconds.
const AVERAGE_S: u64 = 30 * 60;

/// Trades and what averages need of them.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) trades: VecDeque<Trade>,
    /// One second each: its number, Σ price × quantity, Σ quantity.
    seconds: VecDeque<(u64, i128, i128)>,
}

impl History {
    pub(super) fn push(&mut self, trade: Trade) {
        if self.trades.len() == KEPT {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        let second = trade.at_ns / SECOND_NS;
        let quantity = i128::from(trade.quantity);
        let product = i128::from(trade.price) * quantity;
        match self.seconds.back_mut() {
            Some((s, products, quantities)) if *s == second => {
                *products = products.saturating_add(product);
                *quantities += quantity;
            }
            _ => {
                while self.seconds.front().is_some_and(|(s, ..)| s + AVERAGE_S < second) {
                    self.seconds.pop_front();
                }
                self.seconds.push_back((second, product, quantity));
            }
        }
    }

    pub(super) fn last_price(&self) -> Option<i64> {
        self.trades.back().map(|t| t.price)
    }

    /// The trades' average price, weighted by quantity and rounded down, over the seconds that began within the last
    /// `minutes` (30 at most); the last price where nothing traded in them or `minutes` is 0.
    pub(super) fn average(&self, now_ns: u64, minutes: u32) -> Option<i64> {
        let since = (now_ns / SECOND_NS).saturating_sub(u64::from(minutes) * 60);
        let (mut products, mut quantities) = (0i128, 0i128);
        for (_, product, quantity) in self.seconds.iter().rev().take_while(|(s, ..)| *s > since) {
            products = products.saturating_add(*product);
            quantities += quantity;
        }
        if minutes == 0 || quantities == 0 {
            return self.last_price();
        }
        i64::try_from(products / quantities).ok()
    }
}
