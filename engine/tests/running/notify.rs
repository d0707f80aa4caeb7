//! What systemd hears from a run: a socket of the test's own takes the messages of the real program.

use crate::run as support;

use std::fs;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use crosstick_engine::run::notify::{Watchdog, beat};
use support::{PATIENCE, Rig, Running};

/// Systemd's end.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    fn on(socket: UnixDatagram) -> Self {
        socket.set_nonblocking(true).expect("a socket");
        Self { socket, heard: Vec::new() }
    }

    fn listen(&mut self) {
        let mut buffer = [0; 4_096];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(len) => self.heard.push(String::from_utf8(buffer[..len].to_vec()).expect("text")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// How many messages have that line.
    fn count(&self, line: &str) -> usize {
        self.heard.iter().filter(|m| m.lines().any(|l| l == line)).count()
    }

    /// Listens until the line was heard often enough.
    fn until(&mut self, run: &mut Running, line: &str, times: usize) {
        run.until(line, |_| {
            self.listen();
            self.count(line) >= times
        });
    }
}

fn watched(rig: &Rig, socket: &str, pid: Option<&str>) -> Running {
    let mut command = rig.command(["run", "--seed", "3"]);
    command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "900000").env_remove("WATCHDOG_PID");
    if let Some(pid) = pid {
        command.env("WATCHDOG_PID", pid);
    }
    rig.start(command)
}

#[test]
fn ready_then_alive_then_stopping() {
    let rig = Rig::new();
    let path = rig.path("notify");
    let mut manager = Manager::on(UnixDatagram::bind(&path).expect("a socket"));
    let mut run = watched(&rig, path.to_str().expect("text"), None);
    manager.until(&mut run, "READY=1", 1);
    manager.until(&mut run, "WATCHDOG=1", 3);
    run.until("a status", |_| {
        manager.listen();
        manager.heard.iter().any(|m| m.starts_with("STATUS=") && m.contains("ticks ") && m.contains("net "))
    });
    assert_eq!(manager.count("STOPPING=1"), 0);
    run.signal("TERM");
    run.finish().expect(0);
    manager.listen();
    assert_eq!((manager.count("READY=1"), manager.count("STOPPING=1")), (1, 1), "{:?}", manager.heard);
    let at = |line: &str| manager.heard.iter().position(|m| m.lines().any(|l| l == line));
    assert_eq!(at("READY=1"), Some(0), "nothing is said before: {:?}", manager.heard);
    assert!(at("WATCHDOG=1") < at("STOPPING=1"));
    for message in &manager.heard {
        for line in message.lines() {
            let known = ["READY=1", "WATCHDOG=1", "STOPPING=1"].contains(&line) || line.starts_with("STATUS=");
            assert!(known, "{line:?}");
        }
    }
}

#[test]
fn a_socket_without_a_file_is_one_too() {
    let rig = Rig::new();
    let name = format!("crosstick-test-{}", rig.shm);
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let mut manager = Manager::on(UnixDatagram::bind_addr(&address).expect("a socket"));
    // Another process's watchdog is not ours to feed.
    let mut run = watched(&rig, &format!("@{name}"), Some("1"));
    manager.until(&mut run, "READY=1", 1);
    run.until("the run", |r| {
        manager.listen();
        r.out().contains("lines 3/3")
    });
    run.signal("TERM");
    run.finish().expect(0);
    manager.listen();
    assert_eq!((manager.count("STOPPING=1"), manager.count("WATCHDOG=1")), (1, 0), "{:?}", manager.heard);
}

#[test]
fn nobody_there_or_nobody_listening_holds_nothing_up() {
    let rig = Rig::new();
    // A manager that never takes a message: its queue is full after some.
    let path = rig.path("deaf");
    let _deaf = UnixDatagram::bind(&path).expect("a socket");
    for socket in [path.to_str().expect("text"), "/no/such/socket", "@no-such-name", ""] {
        let mut command = rig.command(["run", "--seed", "3", "--duration", "4s"]);
        // A ping every 10 ms fills the queue of any system long before the end.
        command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "30000");
        let done = rig.start(command).finish().expect(0);
        assert!(done.out.contains("ended by duration"), "{socket}: {}", done.out);
        assert!(done.took < PATIENCE);
    }
    let left: Vec<_> = fs::read_dir(rig.tmp()).expect("a folder").flatten().map(|e| e.path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_core_that_stands_still_is_not_vouched_for() {
    let (mut core, pulse) = beat();
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let mut watchdog = Watchdog::new(Duration::from_millis(3_000));
    core.turn();
    assert!(watchdog.due(at(0), pulse.turns()));
    assert!(!watchdog.due(at(999), pulse.turns()), "not yet");
    // The core hangs: whatever time it is, there is no ping.
    for ms in [1_000, 2_000, 3_000, 60_000] {
        assert!(!watchdog.due(at(ms), pulse.turns()), "at {ms} ms");
    }
    core.turn();
    assert!(watchdog.due(at(60_001), pulse.turns()), "it goes on");
    for ms in (60_100..70_000).step_by(100) {
        core.turn();
        watchdog.due(at(ms), pulse.turns());
    }
    core.turn();
    assert!(!watchdog.due(at(69_950), pulse.turns()), "at most one in a third of the time");
}
