//! What a listener is told: every input before what it leads to, and every decision; from them alone the run can be
//! played again, and its `decisions_hash` worked out.

use crate::flow;
use crate::support;

use crosstick_engine::config::Overrides;
use crosstick_engine::driver::{Listener, PaperDriver};
use crosstick_engine::setup;
use crosstick_execution::OrderState;
use crosstick_model::decision::RECORD_BYTES_MAX;
use crosstick_model::{Decision, Order, Report, ReportKind, Tick};
use crosstick_strategy::Spread;
use support::demo;

#[derive(Debug, Clone, PartialEq)]
enum Told {
    Tick(Tick),
    Timer(u64),
    Report(Report, Option<OrderState>),
    Decision(Decision),
    Sent(Order),
}

#[derive(Default)]
struct All(Vec<Told>);

impl Listener for All {
    fn tick(&mut self, tick: &Tick) {
        self.0.push(Told::Tick(*tick));
    }
    fn report(&mut self, report: &Report, state: Option<OrderState>) {
        self.0.push(Told::Report(*report, state));
    }
    fn timer(&mut self, due_ns: u64) {
        self.0.push(Told::Timer(due_ns));
    }
    fn decision(&mut self, decision: &Decision) {
        self.0.push(Told::Decision(*decision));
    }
    fn order_sent(&mut self, _: u64, order: &Order) {
        self.0.push(Told::Sent(*order));
    }
}

/// The ticks of a generated session of the demo.
fn ticks(count: usize) -> Vec<Tick> {
    let (_, universe) = demo::load(&demo::config_text(), &Overrides::none());
    flow::ticks(&universe, 5, count)
}

/// Quotes go stale within milliseconds, so that timers end opportunities too.
fn driver() -> PaperDriver<Spread> {
    let overrides = Overrides::none().flag("test", &["strategy", "spread", "max_age_ms"], "20");
    let (config, universe) = demo::load(&demo::config_text(), &overrides);
    setup::paper_driver(&config, &universe).unwrap()
}

fn play(ticks: &[Tick]) -> (PaperDriver<Spread>, Vec<Told>) {
    let (mut driver, mut all) = (driver(), All::default());
    ticks.iter().for_each(|tick| driver.take(tick, &mut all));
    driver.finish(&mut all);
    (driver, all.0)
}

#[test]
fn the_hash_is_of_what_a_listener_is_told() {
    let (driver, told) = play(&ticks(60_000));
    let mut hasher = blake3::Hasher::new();
    let mut bytes = [0; RECORD_BYTES_MAX];
    let mut decisions = 0;
    for decision in told.iter().filter_map(|t| if let Told::Decision(d) = t { Some(d) } else { None }) {
        let len = decision.write(&mut bytes);
        hasher.update(&bytes[..len]);
        decisions += 1;
    }
    assert_eq!(decisions, driver.core().hash().records());
    assert_eq!(hasher.finalize().to_hex().to_string(), driver.core().hash().hex());
    assert!(driver.core().counts().taken > 10, "{:?}", driver.core().counts());
}

#[test]
fn every_input_and_order_is_told_in_order() {
    let ticks = ticks(60_000);
    let (driver, told) = play(&ticks);
    let came: Vec<&Tick> = told.iter().filter_map(|t| if let Told::Tick(t) = t { Some(t) } else { None }).collect();
    assert!(came.into_iter().eq(&ticks), "every tick once");

    let (mut sent, mut ended, mut now_ns) = (0, 0, 0);
    let mut decided = None;
    for one in &told {
        match one {
            Told::Decision(Decision::Order(order)) => decided = Some(*order),
            Told::Sent(order) => {
                assert_eq!(decided.take(), Some(*order), "an order is decided, then sent");
                sent += 1;
            }
            Told::Report(report, state) => {
                assert!(report.at_ns >= now_ns, "reports come in core time");
                now_ns = report.at_ns;
                let state = state.expect("no stray report comes from the paper gateway");
                assert_eq!(state == OrderState::Accepted, report.kind == ReportKind::Accepted);
                ended += u64::from(state.is_final());
            }
            Told::Timer(due_ns) => {
                assert!(*due_ns >= now_ns);
                now_ns = *due_ns;
            }
            Told::Tick(tick) => now_ns = now_ns.max(tick.recv_ns),
            Told::Decision(_) => {}
        }
    }
    let counts = driver.order_counts();
    assert!(sent > 20);
    assert_eq!((sent, ended), (counts.sent, counts.sent - driver.open_orders() as u64));
    assert!(told.iter().any(|t| matches!(t, Told::Timer(_))), "quotes become stale");
}

#[test]
fn ticks_that_a_listener_kept_play_the_same_run() {
    let (first, told) = play(&ticks(30_000));
    let kept: Vec<Tick> = told.iter().filter_map(|t| if let Told::Tick(t) = t { Some(*t) } else { None }).collect();
    let (second, again) = play(&kept);
    assert_eq!(told, again);
    assert_eq!(first.core().hash().hex(), second.core().hash().hex());
}
