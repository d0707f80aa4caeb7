//! The venues as state machines, bytes in and bytes out, in virtual time.

#[path = "../common/mod.rs"]
mod common;
#[path = "../desk/mod.rs"]
mod desk;
#[path = "../futures_desk/mod.rs"]
mod futures_desk;
#[path = "../mexc_desk/mod.rs"]
mod mexc_desk;

mod fault;
mod flow;
mod futures;
mod futures_bars;
mod futures_streams;
mod futures_symbols;
mod hostile;
mod machine;
mod market;
mod mexc;
mod mexc_faults;
mod mexc_hostile;
mod mexc_streams;
mod rest;
mod rest_errors;
mod rest_limits;
mod signing;
mod streams;
mod user_data;
mod user_data_property;
mod ws_api;
