//! Halting an engine that is still starting: nothing is traded, and the halt is kept.

use crate::run as support;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Finished, PATIENCE, Rig, Running};

/// Venues, and an engine that has asked one of them for its facts and gets no answer yet.
struct Starting {
    rig: Rig,
    sim: Running,
    run: Running,
    asked: TcpStream,
    venue: String,
}

impl Starting {
    fn new() -> Self {
        let rig = Rig::new();
        rig.write("sim.toml", "[sim]\nseed = 1\n\n[[venue]]\nname = \"alpha\"\nport = 0\n");
        let sim = ["sim", "--config", "sim.toml", "--plain", "--write-config", "c.toml", "--duration", "10m"];
        let mut sim = rig.start(rig.command(sim));
        sim.until("a config", |s| s.out().contains("wrote c.toml"));
        // Between engine and venue, so that the answer comes when the test says so.
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        let config = fs::read_to_string(rig.path("c.toml")).expect("a config");
        let url = config.lines().find_map(|line| line.strip_prefix("rest_url = \"http://")).expect("a URL");
        let venue = url.split(['"', '/']).next().expect("an address").to_owned();
        let ours = format!("http://{}", door.local_addr().expect("an address"));
        // Without one of its facts there is something to ask for.
        let config = config.replacen("min_notional = \"5\"\n", "", 1);
        rig.write("c.toml", config.replace(&format!("http://{venue}"), &ours));
        let run = rig.start(rig.command(["run", "--config", "c.toml", "--duration", "2s"]));
        Self { asked: accept(&door), rig, sim, run, venue }
    }

    /// Lets the venue answer, and the run end.
    fn answered(self) -> (Rig, Finished) {
        let mut venue = TcpStream::connect(&self.venue).expect("the venue");
        let (mut ask, mut to_venue) = (self.asked.try_clone().expect("a socket"), venue.try_clone().expect("a socket"));
        std::thread::spawn(move || std::io::copy(&mut ask, &mut to_venue));
        let mut answer = self.asked;
        std::thread::spawn(move || std::io::copy(&mut venue, &mut answer));
        let done = self.run.finish();
        drop(self.sim);
        (self.rig, done)
    }

    /// Lets the venue hang up, and the run end.
    fn unanswered(self) -> (Rig, Finished) {
        drop(self.asked);
        (self.rig, self.run.finish())
    }
}

fn accept(door: &TcpListener) -> TcpStream {
    door.set_nonblocking(true).expect("a socket");
    let end = Instant::now() + PATIENCE;
    loop {
        if let Ok((socket, _)) = door.accept() {
            socket.set_nonblocking(false).expect("a socket");
            return socket;
        }
        assert!(Instant::now() < end, "the engine asks for no facts");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn reason_kept(rig: &Rig) -> String {
    let kept: Value = serde_json::from_slice(&fs::read(rig.path("state/halt")).expect("a halt file")).expect("JSON");
    kept["reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn by_command() {
    let starting = Starting::new();
    let done = starting.rig.run(["halt", "--reason", "not now"]).expect(0);
    assert!(done.out.contains("no engine runs"), "{}", done.out);
    let (rig, done) = starting.answered();
    assert!(!done.out.contains("opportunities"), "no session came about: {}", done.out);
    done.fails(3, &["halted by OPERATOR (not now)"]);
    assert_eq!(reason_kept(&rig), "not now");
    assert!(rig.left_in_shm().is_empty(), "{:?}", rig.left_in_shm());
    rig.run(["resume", "--reason", "now"]).expect(0);
}

#[test]
fn by_signal_and_the_start_fails() {
    let starting = Starting::new();
    starting.run.signal("USR1");
    let (rig, done) = starting.unanswered();
    done.expect(1);
    assert_eq!(reason_kept(&rig), "signal SIGUSR1");
    rig.run(["run", "--config", "c.toml", "--duration", "1s"]).fails(3, &["halted by OPERATOR (signal SIGUSR1)"]);
}

#[test]
fn by_signal_and_the_start_succeeds() {
    let starting = Starting::new();
    starting.run.signal("USR1");
    let (rig, done) = starting.answered();
    let done = done.expect(3);
    assert!(done.out.contains("HALTED by OPERATOR") && done.out.contains("0 sent"), "{}", done.out);
    assert_eq!(reason_kept(&rig), "signal SIGUSR1");
}
