//! Workplaces that several benchmarks put the same work through.

pub mod gate;
pub mod spread;

pub use gate::GateDesk;
pub use spread::SpreadDesk;
