//! The stages against their rivals, in turns: `cargo bench --bench versus -- [GROUP...] [--turns N] [--list]`.
//!
//! Topology: each group's own; its file beside this one says it. Rivals are at their best settings, and every
//! contestant proves its answer in every turn or before the first.
//! Threads: one, or two pinned to the first two cores (`ring`, `sustained`), which spin with a PAUSE while they wait.
//! Unit: a tick, frame, record, order or stamp, as the table says.
//! Measures: medians over turns that contestants take in a rotated order, and ratios of those medians; where two
//! threads are at work, near and far placement of the cores apart. Results also go to `crosstick-bench/GROUP.json` in
//! the target directory.
//! Does not measure: a running engine. Times are of loops, so that one unit overlaps the next in the processor.

mod core_thread;
mod decode;
mod reference;
mod ring;
mod stamps;
mod sustained;
mod tls;
mod ws;

use std::process::ExitCode;

use crosstick_benches::turns::result::Session;

type Group = (&'static str, fn(&mut Session), &'static str);

const GROUPS: [Group; 9] = [
    ("ring", ring::run, "a tick between two threads; rtrb, disruptor, crossbeam"),
    ("decode", decode::run, "a frame's text to a tick; simd-json, sonic-rs"),
    ("ws", ws::run, "WebSocket frames in memory; tungstenite, fastwebsockets"),
    ("tls", tls::run, "one TLS record in; rustls + aws-lc-rs (--features aws-lc)"),
    ("spread", core_thread::spread, "cache and detector over 2, 4 and 8 venues"),
    ("gate", core_thread::gate, "risk's decision on an order"),
    ("publish", core_thread::publish, "one record to shared memory"),
    ("stamps", stamps::run, "one reading of a clock; quanta, std"),
    ("sustained", sustained::run, "frames a second from one socket; tungstenite + simd-json"),
];
const TURNS: usize = 15;

fn main() -> ExitCode {
    let (mut wanted, mut turns) = (Vec::new(), TURNS);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // What cargo says to every benchmark.
            "--bench" => {}
            "--list" => {
                GROUPS.iter().for_each(|(name, _, about)| println!("{name:<10} {about}"));
                return ExitCode::SUCCESS;
            }
            "--turns" => match arguments.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
                Some(n) => turns = n,
                None => return refuse("--turns takes a number from 1 on"),
            },
            name if GROUPS.iter().any(|(group, ..)| *group == name) => wanted.push(name.to_owned()),
            other => return refuse(&format!("no group or option {other:?}; --list shows the groups")),
        }
    }
    for (name, run, _) in GROUPS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            let mut session = Session::new(name, turns);
            run(&mut session);
            if let Err(error) = session.finish() {
                eprintln!("versus: cannot keep the result: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("versus: {why}");
    ExitCode::from(2)
}
