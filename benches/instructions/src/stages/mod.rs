//! The stages: each on fixed inputs, warmed up, its answer checked before it is counted.

mod decode;
mod detect;
mod encode;
mod frame;
mod gate;
mod ring;
mod world;

/// A stage that is ready to be run once.
pub struct Stage {
    /// Operations of that run, such as ticks or orders.
    pub operations: u64,
    /// The run. What it returns keeps the compiler from leaving it out.
    pub run: Box<dyn FnMut() -> u64>,
}

impl Stage {
    fn new(operations: u64, run: impl FnMut() -> u64 + 'static) -> Self {
        Self { operations, run: Box::new(run) }
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
