//! Side by side: crosstick's reader, barter-data and binance-sdk on one market-data server of this machine, and beside
//! them a socket that is read and nothing done with it.
//!
//! Topology: a server thread writes Binance spot trades over a plain WebSocket on loopback, one `write` a frame at its
//! due time; the client's callback stamps each.
//! Threads: the server's, pinned to one CPU, spins; the client's, pinned to another, is all that the client has (a
//! tokio runtime of one thread; ours polls). Contestants take turns in a rotated order.
//! Unit: one frame.
//! Measures: write to callback, p50, p99 and p99.9 of a turn, the first tenth left out; of each the median, least and
//! most over the turns. At `max`, frames a second at the callback.
//! Does not measure: TLS, several sockets, what a callback would do, two CPUs for a client, p99.9 of the program (on a
//! shared machine that is the machine's).

mod clients;
mod server;
mod stamps;
mod table;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use crosstick_ring::pin::pin_current_thread;
use quanta::Clock;

use clients::Peer;
use server::{Pace, Served};
use stamps::Stamps;
use table::{Figures, Row};

/// Measures market-data clients side by side on loopback; prints a table.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Options {
    /// Contestants; all of them when none is named.
    #[arg(value_enum)]
    peers: Vec<Peer>,
    /// Frames a second, in the order of the rows; `max`: as fast as the client takes them.
    #[arg(long, value_name = "RATE", value_delimiter = ',', default_value = "1000,10000,50000,max")]
    rates: Vec<String>,
    /// How long each turn sends, s.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Turns of each contestant at each rate.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    turns: u64,
    /// CPU of the server.
    #[arg(long, default_value_t = 0)]
    server_cpu: usize,
    /// CPU of the client.
    #[arg(long, default_value_t = 1)]
    client_cpu: usize,
    /// Writes the rows as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One turn of one contestant.
fn turn(peer: Peer, pace: Pace, clock: &Clock, listener: &TcpListener, options: &Options) -> Result<Figures, String> {
    let frames = match pace {
        Pace::Due { frames, .. } => frames as usize,
        Pace::Max(_) => 0,
    };
    let stamps = Arc::new(Stamps::new(clock.clone(), frames));
    let address: SocketAddr = listener.local_addr().map_err(|e| e.to_string())?;
    let (at_client, cpu) = (Arc::clone(&stamps), options.client_cpu);
    let client = std::thread::Builder::new().name(peer.name().into()).spawn(move || {
        pin_current_thread(cpu).map_err(|e| e.to_string())?;
        peer.run(address, &at_client)
    });
    let client = client.map_err(|e| e.to_string())?;
    let served = server::serve(listener, pace, peer.combined(), &stamps);
    stamps.set_stop();
    let ended = client.join().map_err(|_| "the client panicked".to_owned()).and_then(|result| result);
    let of = |side: &str, error: String| format!("{} at {pace:?}: {side}: {error}", peer.name());
    let served: Served = match (served, ended) {
        (Ok((served, _)), Ok(())) => served,
        (Err(error), Ok(())) => return Err(of("server", error)),
        (_, Err(error)) => return Err(of("client", error)),
    };
    Figures::of(&stamps, served).map_err(|e| of("figures", e))
}

fn paces(options: &Options) -> Result<Vec<(String, Pace)>, String> {
    let pace = |rate: &String| {
        if rate == "max" {
            return Ok((rate.clone(), Pace::Max(Duration::from_secs(options.seconds))));
        }
        match rate.parse::<u64>() {
            Ok(per_second @ 1..=1_000_000) => {
                Ok((rate.clone(), Pace::Due { per_second, frames: per_second * options.seconds }))
            }
            _ => Err(format!("--rates: {rate:?} is neither max nor a number from 1 to 1000000")),
        }
    };
    options.rates.iter().map(pace).collect()
}

fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let peers: &[Peer] = if options.peers.is_empty() { &Peer::ALL } else { &options.peers };
    let paces = paces(options)?;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    if options.server_cpu == options.client_cpu || cpus < 2 {
        return Err("server and client need a CPU each".into());
    }
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    // Clients' threads are pinned by themselves; this one serves.
    pin_current_thread(options.server_cpu).map_err(|e| e.to_string())?;
    let clock = Clock::new();
    let mut rows: Vec<Row> = Vec::new();
    for (rate, _) in &paces {
        rows.extend(peers.iter().map(|peer| Row::new(*peer, rate)));
    }
    for round in 0..options.turns as usize {
        for (r, (rate, pace)) in paces.iter().enumerate() {
            eprintln!("turn {} of {}, {rate} frames a second", round + 1, options.turns);
            for step in 0..peers.len() {
                let which = (round + step) % peers.len();
                let figures = turn(peers[which], *pace, &clock, &listener, options)?;
                rows[r * peers.len() + which].turns.push(figures);
            }
        }
    }
    Ok(rows)
}

fn main() -> ExitCode {
    let options = Options::parse();
    let rows = match measure(&options) {
        Ok(rows) => rows,
        Err(error) => {
            eprintln!("crosstick-peers: {error}");
            return ExitCode::FAILURE;
        }
    };
    print!("{}", table::markdown(&rows));
    let written = options.json.as_ref().map_or(Ok(()), |path| std::fs::write(path, table::json(&rows)));
    if let Err(error) = written {
        eprintln!("crosstick-peers: cannot write the JSON: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
