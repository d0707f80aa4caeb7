//! The matching engine: its rules, and its agreement with a slow and simple one.

#[path = "../exchange_cases/mod.rs"]
mod exchange_cases;
#[path = "../oracle/mod.rs"]
mod oracle;

mod agreement;
mod filters;
mod futures;
mod house;
mod rules;
