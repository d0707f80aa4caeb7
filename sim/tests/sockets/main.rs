//! The venues behind sockets.

#[path = "../common/mod.rs"]
mod common;
#[path = "../desk/mod.rs"]
mod desk;
#[path = "../mexc_desk/mod.rs"]
mod mexc_desk;

mod fault_sockets;
mod futures_served;
mod idle;
mod mexc_served;
mod recordings;
mod rest_served;
mod served;
