//! Risk's decision on groups of opening intents: all limits set and balances tracked, none of them reached.

use crosstick_risk::Approved;

use super::Stage;
use crate::gate::{GROUPS, GateDesk};

/// One group of so many legs.
pub fn groups(legs: usize) -> Stage {
    let mut desk = GateDesk::new();
    for _ in 0..2 {
        desk.prepare(GROUPS, legs);
        desk.gate_all(legs);
    }
    desk.verify(legs);
    desk.prepare(GROUPS, legs);
    Stage::new(GROUPS, GROUPS * legs as u64, move || {
        desk.gate_all(legs);
        desk.approved.len() as u64
    })
}

/// Orders as the gate approves them, on two venues in turn.
pub fn approved() -> Vec<Approved> {
    let mut desk = GateDesk::new();
    desk.prepare(GROUPS, 2);
    desk.gate_all(2);
    std::mem::take(&mut desk.approved)
}
