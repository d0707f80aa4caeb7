//! The stages: each on fixed inputs, warmed up, its answer checked before it is counted.

mod decode;
mod detect;
mod encode;
mod frame;
mod gate;
mod ring;

use crate::counted_region;

/// A stage that is ready to be run once.
pub struct Stage {
    /// Operations of that run, such as ticks or orders.
    pub operations: u64,
    /// The run. What it returns keeps the compiler from leaving it out.
    run: Box<dyn FnMut() -> u64>,
    /// What it has to return.
    answer: u64,
}

impl Stage {
    fn new(operations: u64, answer: u64, run: impl FnMut() -> u64 + 'static) -> Self {
        Self { operations, run: Box::new(run), answer }
    }

    /// The run, in the region that is counted.
    ///
    /// # Errors
    /// When its answer is wrong, in words.
    pub fn count(&mut self) -> Result<(), String> {
        let answer = counted_region(&mut *self.run).wrapping_sub(1);
        if answer == self.answer { Ok(()) } else { Err(format!("its answer is {answer} and not {}", self.answer)) }
    }
}

/// Makes a stage: runs it several times, and panics when an answer is wrong.
pub type Make = fn() -> Stage;

/// All stages by name.
pub const ALL: &[(&str, Make)] = &[
    ("ring/push_pop", ring::push_pop),
    ("ring/batch_64", ring::batch_64),
    ("frame/next", frame::next),
    ("decode/spot_trade", || decode::fast(decode::SPOT_TRADE)),
    ("decode/spot_bookTicker", || decode::fast(decode::SPOT_QUOTE)),
    ("decode/usdm_aggTrade", || decode::fast(decode::USDM_TRADE)),
    ("decode/usdm_bookTicker", || decode::fast(decode::USDM_QUOTE)),
    ("decode/slow_trade", || decode::slow(decode::SPOT_TRADE)),
    ("decode/slow_bookTicker", || decode::slow(decode::SPOT_QUOTE)),
    ("detect/quiet_2", || detect::quotes(2, false)),
    ("detect/busy_2", || detect::quotes(2, true)),
    ("detect/quiet_8", || detect::quotes(8, false)),
    ("detect/busy_8", || detect::quotes(8, true)),
    ("gate/one_leg", || gate::groups(1)),
    ("gate/two_legs", || gate::groups(2)),
    ("encode/session", encode::session),
    ("encode/hmac", encode::hmac),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counted_run_gives_its_answer() {
        for (name, make) in ALL {
            let mut stage = make();
            assert_eq!(stage.count(), Ok(()), "{name}");
            stage.answer = stage.answer.wrapping_add(1);
            assert!(stage.count().is_err(), "{name}: a wrong one is seen");
        }
    }
}
