//! Workplaces that several benchmarks put the same work through.

pub mod spread;

pub use crosstick_instructions::gate::{self, GateDesk};
pub use spread::SpreadDesk;
