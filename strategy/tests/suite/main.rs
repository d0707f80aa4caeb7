//! The strategy crate from the outside: against a naive detector in unbounded integers, and as a small model of all
//! that can happen to a pair.

mod against_naive;
mod closing;
mod lifetimes;
mod naive;
mod pairs;
mod sizes;
mod trading;
mod world;
