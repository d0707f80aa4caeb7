//! The whole way, from a venue's frame to the order that answers it: `cargo bench --bench tick_to_trade --
//! [loopback|memory] [--turns N]`.
//!
//! Topology: a venue writes a bookTicker frame to a TLS WebSocket on loopback; the client under test takes it and
//! answers with an order on a TLS WebSocket of its own, in a session that was logged on (so orders carry no
//! signature, but where a row says so). Every frame is answered. Ours is the engine's own: reader, price cache,
//! detector, strategy, risk's gate, order encoder, order line; on one thread, or over the ring on two. The rival is
//! the same done with libraries. The floor is bare TCP, non-blocking reads in a loop, on two sockets as well and with as
//! many bytes as the engine's records have: an acknowledgement cannot ride on an answer that goes out elsewhere, which
//! costs a microsecond or two each way, whoever answers. One socket, 180 B down and 120 B up, stands beside it.
//! Threads: the venue on the first core, the client on the second (the core thread of the row with rings on a third),
//! all spinning; the orders' socket is looked at for answers in every eighth idle turn. Contestants take turns, and
//! those whose turn it is not are asleep.
//! Unit: one frame and its order.
//! Measures: on the venue's clock, from before the system call that writes the frame's bytes to after the one that
//! read the order's first byte: the venue's own TLS is left out on both ways, the client's is in. `memory`: the same
//! work without sockets, from TLS record in to order record out, on one thread, with allocations counted. The sum of
//! the engine's stages and of what the loopback takes by itself stands below the table, beside what the venue saw; the
//! loopback's share is that of bare TCP which answers as late as the engine, since one that answers at once gets in
//! the way of the write that is just returning. Fills are told after the way, and are no part of it.
//! Does not measure: a network card, publishing and journalling (they come after the order), the decisions' hash (caught
//! up on in turns that took no tick; a thread without any pays for it every 24 KiB, behind an order), cold caches.

mod alloc;
mod bare;
mod engine;
mod library;
mod memory;
mod rounds;
mod stages;
mod trader;
mod venue;
mod wire;

use std::cell::RefCell;
use std::process::ExitCode;

use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Contest, Measure, Target, Targets};

use engine::Threading;
use stages::Sums;
use trader::Trading;

const TURNS: usize = 25;
const MEASURES: &[Measure] =
    &[Measure::ns("p50"), Measure::ns("p90"), Measure::ns("p99"), Measure::ns("p99.9"), Measure::ns("mean")];
const RATIOS: Targets = &[
    [Some(Target::ratio(1.20, 1.12)), Some(Target::ratio(1.20, 1.12))],
    [None, None],
    [Some(Target::ratio(1.25, 1.25)), Some(Target::ratio(1.25, 1.25))],
    [None, None],
    [None, None],
];

fn main() -> ExitCode {
    let (mut wanted, mut turns) = (Vec::new(), TURNS);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // What cargo says to every benchmark.
            "--bench" => {}
            "--turns" => match arguments.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
                Some(n) => turns = n,
                None => return refuse("--turns takes a number from 1 on"),
            },
            "loopback" | "memory" => wanted.push(argument),
            other => return refuse(&format!("no part or option {other:?}; there are loopback, memory and --turns N")),
        }
    }
    let _ = rounds::cores();
    let mut session = Session::new("tick_to_trade", turns);
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    if runs("memory") {
        memory::run(&mut session);
    }
    let sums = runs("loopback").then(|| loopback(&mut session));
    if let Err(error) = session.finish() {
        eprintln!("tick_to_trade: cannot keep the result: {error}");
        return ExitCode::FAILURE;
    }
    if let Some(sums) = sums {
        println!("{sums}");
    }
    ExitCode::SUCCESS
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("tick_to_trade: {why}");
    ExitCode::from(2)
}

/// All rows over sockets; returns the sum of the stages in words.
fn loopback(session: &mut Session) -> String {
    let cores = rounds::cores().len();
    let tls = wire::Tls::new();
    let mut floor = bare::Bare::new(bare::Kind::OneSocket { down: 180, up: 120 });
    let mut library = library::Library::new(&tls);
    let mut inline = engine::Engine::new(&tls, Threading::Inline, Trading::OneLeg);
    let mut signed = engine::Engine::new(&tls, Threading::Inline, Trading::Signed);
    let mut pair = engine::Engine::new(&tls, Threading::Inline, Trading::Pair);
    // What the loopback takes by itself: as many bytes as the engine's records have, on as many sockets.
    let (down, up) = inline.record_sizes();
    let mut bare = bare::Bare::new(bare::Kind::TwoSockets { down, up });
    let mut share = bare::Bare::new(bare::Kind::TwoSockets { down, up });
    let (seen, shares) = (RefCell::new(Sums::default()), RefCell::new(Sums::default()));

    let contest =
        Contest::new("tick_to_trade/loopback", "a frame to the order that answers it, on the venue's clock", MEASURES)
            .two_threads()
            .rival(&format!("bare TCP, two sockets, {down} B down, {up} B up"), || bare.turn().figures())
            .other("the same, answering as late as the engine does", || {
                share.answer_after(seen.borrow().engine_ns());
                let rounds = share.turn();
                shares.borrow_mut().add_loopback(&rounds, &share.spans());
                rounds.figures()
            })
            .other("bare TCP, one socket, 180 B down, 120 B up", || floor.turn().figures())
            .other("tungstenite + rustls + simd-json + format!", || library.turn().figures())
            .ours("crosstick, inline", RATIOS, || {
                let rounds = inline.turn();
                seen.borrow_mut().add_engine(&rounds, &inline.take_stages());
                rounds.figures()
            })
            .ours("crosstick, inline, each order signed (HMAC)", &[], || signed.turn().figures())
            .ours("crosstick, inline, a pair of two orders, to the first", &[], || pair.turn().figures());
    if cores < 3 {
        contest.run(session);
        println!(
            "crosstick over a ring: needs 3 cores, this machine has {cores}; three threads that spin on fewer say nothing.\n"
        );
    } else {
        let mut rings = engine::Engine::new(&tls, Threading::Rings, Trading::OneLeg);
        contest.ours("crosstick, over a ring", &[], || rings.turn().figures()).run(session);
    }
    let seen = seen.into_inner();
    seen.words(&shares.into_inner())
}

/// Frames of a turn.
const FRAMES: usize = 2_000;
