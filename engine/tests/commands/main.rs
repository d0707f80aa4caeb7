//! The command line, the config, `doctor` and `top`: what a user types and reads.

#[path = "../support/engine_region.rs"]
mod engine_region;
#[path = "../support/hosts.rs"]
mod hosts;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/tmux.rs"]
mod tmux;

mod config_mistakes;
mod config_universe;
mod config_values;
mod doctor_host;
mod doctor_hosts;
mod doctor_scripts;
mod errors;
mod top_frames;
mod top_once;
mod top_terminal;
