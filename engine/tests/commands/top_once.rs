//! `crosstick top` as a program: one frame as text, and what it refuses.

use crate::engine_region;

use std::process::{Command, Output, Stdio};

use crosstick_ipc::Place;
use engine_region::EngineRegion;

/// Nothing of it lasts.
struct Name(String);

impl Name {
    fn new(what: &str) -> Self {
        Self(format!("crosstick-test-once-{what}-{}", std::process::id()))
    }
}

fn top(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.arg("top").args(args).stdin(Stdio::null());
    command.output().unwrap()
}

fn frame(args: &[&str]) -> String {
    let output = top(args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(args: &[&str]) -> String {
    let output = top(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn one_frame_of_a_region_in_the_usual_place() {
    let name = Name::new("frame");
    let mut region = EngineRegion::start(&Place::new(&name.0).unwrap());
    region.history(5);
    region.publish(0);
    let text = frame(&["--once", "--shm", &name.0]);
    assert_eq!(text.lines().count(), 24);
    assert!(!text.contains('\x1b'), "no colours where nobody looks");
    // Its heartbeat is of 2023, while this process, its owner, is alive.
    for shown in ["● stalled", "STALLED: no sign of life", "1,274,000", "position_notional", "gamma 0  down"] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    let text = frame(&["--once", "--shm", &name.0, "--pane", "opp", "--size", "132x50"]);
    assert_eq!(text.lines().count(), 50);
    assert!(text.contains("POSITION_NOTIONAL") && text.contains("1,500 seen, 1,000 taken"), "{text}");
}

#[test]
fn one_frame_of_nothing_says_what_to_start() {
    let text = frame(&["--once", "--shm", &Name::new("nothing").0]);
    assert!(text.contains("Waiting for an engine called") && text.contains("crosstick run"), "{text}");
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    for (args, says) in [
        (&[][..], "crosstick top --once"),
        (&["--once", "--pane", "nine"], "9 Latency"),
        (&["--once", "--pane", "10"], "9 Latency"),
        (&["--once", "--size", "80"], "120x40"),
        (&["--once", "--size", "0x24"], "1000x1000"),
        (&["--size", "80x24"], "--once"),
        (&["--interval", "1ms"], "50ms to 1m"),
        (&["--once", "--shm", "../etc/passwd"], "../etc/passwd"),
    ] {
        let said = refused(args);
        assert!(said.contains(says), "{args:?}: {said}");
    }
}
