//! The running engine: sockets, readers, halts, what it publishes, how it ends.

#[path = "../../../sim/tests/common/mod.rs"]
mod common;
#[path = "../support/flow.rs"]
mod flow;
#[path = "../support/orders.rs"]
mod orders;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/seat.rs"]
mod seat;
#[path = "../support/shown.rs"]
mod shown;
#[path = "../support/mod.rs"]
mod support;

mod demo;
mod flight;
mod full_ring;
mod halt;
mod halt_core;
mod halt_file;
mod halt_inlet;
mod halt_starting;
mod inline_demo;
mod killed;
mod listener;
mod malformed;
mod notify;
mod order_venue;
mod publish;
mod readers;
mod recorded;
mod shown_run;
