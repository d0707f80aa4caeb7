//! The checks, one file a group. Each is a pure function of a host's files: no clock, no environment, no writing.

pub mod clocks;
pub mod cores;
pub mod interrupts;
pub mod limits;
pub mod memory;
pub mod network;
pub mod power;

use super::finding::Finding;
use super::host::Host;

/// A check.
pub type Check = fn(&Host<'_>) -> Finding;

/// All of them, in the order in which they are shown.
pub const ALL: &[Check] = &[
    cores::placement,
    cores::smt,
    cores::isolation,
    cores::nohz_full,
    cores::rcu_nocbs,
    cores::numa,
    cores::numa_balancing,
    power::governor,
    power::turbo,
    power::c_states,
    interrupts::default_affinity,
    interrupts::affinity,
    interrupts::watchdog,
    clocks::source,
    clocks::tsc,
    memory::transparent_huge_pages,
    memory::huge_pages,
    memory::swap,
    memory::locking,
    memory::shared,
    network::card,
    network::card_node,
    limits::quota,
    limits::cpuset,
    limits::real_time,
    limits::real_time_throttling,
    limits::virtualisation,
    limits::steal,
    limits::mitigations,
];
