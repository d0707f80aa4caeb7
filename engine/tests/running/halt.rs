//! Halting a running engine by each of its ways, and with each other part of it gone first.

use crate::run as support;

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Finished, PATIENCE, Rig, Running, count, report};

/// What `status` tells, when there is a region.
fn status(rig: &Rig) -> Option<Value> {
    let done = rig.run(["status", "--json", "--shm", &rig.shm]);
    (done.code == Some(0)).then(|| serde_json::from_str(&done.out).expect("JSON"))
}

/// The demo with a state directory that outlives it, so that a halt is sticky as with a config.
fn config(rig: &Rig) -> PathBuf {
    rig.path("kept")
}

/// Starts the demo and waits until it trades.
fn trading(rig: &Rig) -> Running {
    let mut command = rig.command(["run", "--report", "r.json"]);
    command.env("CROSSTICK_ENGINE__HALT_FILE", config(rig).join("halt"));
    let mut run = rig.start(command);
    // Its own: a killed one may have left its numbers.
    run.until("orders", |r| {
        let ours = |s: Value| count(&s["pid"]) == u64::from(r.pid()) && count(&s["orders"]["sent"]) > 0;
        status(rig).is_some_and(ours)
    });
    run
}

fn halt_file(rig: &Rig) -> PathBuf {
    config(rig).join("halt")
}

/// Waits until the region shows a halt, then looks for a while whether orders still go out.
fn halted(rig: &Rig, run: &mut Running) -> Value {
    run.until("a halt", |_| status(rig).is_some_and(|s| s["state"] == "halted" && !s["halt"].is_null()));
    let sent = count(&status(rig).expect("a region")["orders"]["sent"]);
    let ticks = count(&status(rig).expect("a region")["ticks"]);
    run.until("data to flow on", |_| status(rig).is_some_and(|s| count(&s["ticks"]) > ticks + 500));
    let shown = status(rig).expect("a region");
    assert_eq!(count(&shown["orders"]["sent"]), sent, "nothing goes out after a halt");
    shown
}

/// Ends a halted run: exit 3, and its report and the halt file say why.
fn ends_halted(rig: &Rig, run: Running, reason: &str) -> Value {
    run.signal("INT");
    let done = run.finish().expect(3);
    assert!(done.out.contains("HALTED by OPERATOR"), "{}", done.out);
    let r = report(&rig.path("r.json"));
    assert_eq!((r["halt"]["code"].as_str(), r["ended"].as_str()), (Some("OPERATOR"), Some("signal")));
    assert_eq!(r["halt"]["reason"].as_str(), Some(reason));
    let kept: Value = serde_json::from_slice(&fs::read(halt_file(rig)).expect("a halt file")).expect("JSON");
    assert_eq!((kept["code"].as_str(), kept["reason"].as_str()), (Some("OPERATOR"), Some(reason)));
    assert!(rig.left_in_shm().is_empty(), "{:?}", rig.left_in_shm());
    r
}

/// Halts that the log beside the file tells of.
fn logged(rig: &Rig, event: &str) -> Vec<Value> {
    let text = fs::read_to_string(config(rig).join("halts.jsonl")).unwrap_or_default();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    all.filter(|entry| entry["event"] == event).collect()
}

fn with_halt_file(rig: &Rig, arguments: &[&str]) -> Finished {
    let mut command = rig.command(arguments.iter().copied());
    command.env("CROSSTICK_ENGINE__HALT_FILE", halt_file(rig));
    rig.start(command).finish()
}

#[test]
fn by_command_sticky_until_resumed() {
    let rig = Rig::new();
    let mut run = trading(&rig);
    let done = rig.run(["halt", "--shm", &rig.shm, "--reason", "prices look\nodd \u{1b}[31m"]).expect(0);
    for words in ["halted: engine ct-test-", "answered", "µs after the word", "kept in ", "resume --reason"] {
        assert!(done.out.contains(words), "{words}: {}", done.out);
    }
    assert!(done.out.contains("positions"), "{}", done.out);
    let shown = halted(&rig, &mut run);
    assert_eq!(shown["halt"]["code"], "OPERATOR");
    assert_eq!(shown["halt"]["reason"], "prices look odd [31m");
    let again = rig.run(["halt", "--shm", &rig.shm]).expect(0);
    assert!(again.out.contains("halted before: "), "{}", again.out);
    let r = ends_halted(&rig, run, "prices look odd [31m");
    assert_eq!(count(&r["orders"]["sent"]), count(&shown["orders"]["sent"]));
    assert_eq!(logged(&rig, "halt").len(), 1, "the first cause, once");

    // Sticky: no start, until somebody says why it may go on.
    for _ in 0..2 {
        with_halt_file(&rig, &["run", "--duration", "1s"]).fails(3, &["halted by OPERATOR (prices look odd [31m)"]);
    }
    with_halt_file(&rig, &["resume"]).expect(2);
    let resumed = with_halt_file(&rig, &["resume", "--reason", "looked at"]).expect(0);
    assert!(resumed.out.contains("resumed: OPERATOR (prices look odd [31m)"), "{}", resumed.out);
    assert_eq!(logged(&rig, "resume")[0]["reason"], "looked at");
    with_halt_file(&rig, &["run", "--duration", "1s"]).expect(0);
}

#[test]
fn by_signal() {
    let rig = Rig::new();
    let mut run = trading(&rig);
    run.signal("USR1");
    halted(&rig, &mut run);
    run.until("the halt on disk", |_| halt_file(&rig).exists());
    run.signal("USR1");
    assert!(run.err().contains("trading is halted by signal: OPERATOR: signal SIGUSR1"), "{}", run.err());
    ends_halted(&rig, run, "signal SIGUSR1");
}

#[test]
fn by_a_file_that_somebody_makes() {
    for (text, reason) in [("", "the halt file is there and gives no reason"), ("lunch\u{7}\n\n", "lunch")] {
        let rig = Rig::new();
        let mut run = trading(&rig);
        fs::create_dir_all(config(&rig)).expect("a folder");
        fs::write(halt_file(&rig), text).expect("a file");
        halted(&rig, &mut run);
        run.until("the log", |_| !logged(&rig, "halt").is_empty());
        assert_eq!(logged(&rig, "halt")[0]["halt"]["reason"], reason);
        assert_eq!(fs::read_to_string(halt_file(&rig)).expect("the file"), text, "the file stays as it was made");
        run.signal("INT");
        run.finish().expect(3);
        assert_eq!(report(&rig.path("r.json"))["halt"]["reason"], reason);
        with_halt_file(&rig, &["run", "--duration", "1s"]).fails(3, &["halted by OPERATOR", reason]);
    }
}

#[test]
fn a_running_engine_resumes_by_command_alone() {
    let rig = Rig::new();
    let mut run = trading(&rig);
    rig.run(["resume", "--shm", &rig.shm, "--reason", "why not"]).fails(1, &["not halted, nothing to resume"]);
    for round in 1..=2 {
        rig.run(["halt", "--shm", &rig.shm, "--reason", "a drill"]).expect(0);
        let sent = count(&halted(&rig, &mut run)["orders"]["sent"]);
        // Without its file it stays halted: that somebody removed it is no reason.
        if round == 2 {
            run.until("the log", |_| logged(&rig, "halt").len() == 2);
            fs::remove_file(halt_file(&rig)).expect("the file");
            halted(&rig, &mut run);
        }
        let done = rig.run(["resume", "--shm", &rig.shm, "--reason", "drill over"]).expect(0);
        assert!(done.out.contains("trades again"), "{}", done.out);
        let trades = |s: Value| s["state"] == "running" && s["halt"].is_null() && count(&s["orders"]["sent"]) > sent;
        run.until("orders again", |_| status(&rig).is_some_and(trades));
        assert!(!halt_file(&rig).exists());
        assert_eq!(logged(&rig, "resume").len(), round);
    }
    assert!(run.err().contains("trading was resumed by command: drill over"), "{}", run.err());
    run.signal("INT");
    run.finish().expect(0);
    assert!(report(&rig.path("r.json")).get("halt").is_none());
}

/// A resume that does not go by the command, or comes while the file is there, changes nothing.
#[test]
fn nobody_resumes_over_a_halt_file() {
    let rig = Rig::new();
    let mut run = trading(&rig);
    rig.run(["halt", "--shm", &rig.shm]).expect(0);
    halted(&rig, &mut run);
    let control = OpenOptions::new().write(true).read(true).open(format!("/dev/shm/{}.control", rig.shm));
    let control = control.expect("a control file");
    let mut version = [0; 8];
    control.read_exact_at(&mut version, 2048).expect("a version");
    control.write_all_at(&2u64.to_le_bytes(), 2056).expect("a resume");
    control.write_all_at(&(u64::from_le_bytes(version) + 2).to_le_bytes(), 2048).expect("its version");
    // 6: the main thread's refusal, because the file is there.
    run.until("a refusal", |_| {
        let mut outcome = [0; 8];
        control.read_exact_at(&mut outcome, 3072 + 16).expect("a refusal");
        u64::from_le_bytes(outcome) == 6
    });
    halted(&rig, &mut run);
    ends_halted(&rig, run, "crosstick halt, without a reason");
}

/// The main thread is blocked (its log is a pipe that nobody reads): the core halts all the same, by word and signal.
#[test]
fn with_the_main_thread_blocked() {
    for way in ["halt", "USR1"] {
        let rig = Rig::new();
        let log = rig.path("engine.log");
        let mut command = rig.command(["run", "--report", "r.json"]);
        command.env("CROSSTICK_ENGINE__LOG", &log).env("CROSSTICK_ENGINE__HALT_FILE", halt_file(&rig));
        let mut run = rig.start(command);
        run.until("orders", |_| status(&rig).is_some_and(|s| count(&s["orders"]["sent"]) > 0));
        fs::remove_file(&log).expect("the log");
        assert!(Command::new("mkfifo").arg(&log).status().expect("mkfifo").success());
        // It opens the log anew, and waits for a reader.
        run.signal("HUP");
        let stalled = |s: Value| count(&s["heartbeat_age_s"]) >= 2;
        run.until("the main thread to block", |_| status(&rig).is_some_and(stalled));
        if way == "halt" {
            rig.run(["halt", "--shm", &rig.shm, "--reason", "main is gone"]).expect(0);
            assert!(halt_file(&rig).exists(), "kept by the command itself");
            // A resume needs the whole engine.
            rig.run(["resume", "--shm", &rig.shm, "--reason", "too early"])
                .fails(1, &["does not answer", "stays halted"]);
        } else {
            run.signal("USR1");
        }
        let begun = Instant::now();
        let denied = || status(&rig).is_some_and(|s| !s["halt"].is_null());
        while !denied() {
            assert!(begun.elapsed() < PATIENCE, "no halt");
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = |s: Value| count(&s["orders"]["sent"]);
        let before = sent(status(&rig).expect("a region"));
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(sent(status(&rig).expect("a region")), before);
        // Somebody reads the log after all: the main thread goes on, and keeps what the core told meanwhile.
        let reader = std::thread::spawn({
            let log = log.clone();
            move || fs::read_to_string(log).unwrap_or_default()
        });
        run.until("the halt on disk", |_| halt_file(&rig).exists() && !logged(&rig, "halt").is_empty());
        run.signal("INT");
        run.finish().expect(3);
        assert!(reader.join().expect("a reader").contains("trading is halted"));
    }
}

/// Everything that shared memory holds is gone: file and signal still halt, and the command says that it finds nobody.
#[test]
fn with_shared_memory_gone() {
    let rig = Rig::new();
    let run = trading(&rig);
    for path in rig.left_in_shm() {
        fs::remove_file(path).expect("a file");
    }
    let done = with_halt_file(&rig, &["halt", "--shm", &rig.shm, "--reason", "blind"]).expect(0);
    assert!(done.out.contains("halted: no engine runs under the name"), "{}", done.out);
    let begun = Instant::now();
    while !run.err().contains("trading is halted by halt file: OPERATOR: blind") {
        assert!(begun.elapsed() < PATIENCE, "{}", run.err());
        std::thread::sleep(Duration::from_millis(5));
    }
    run.signal("INT");
    run.finish().expect(3);
}

#[test]
fn an_engine_that_stands_still_or_was_killed() {
    let rig = Rig::new();
    let run = trading(&rig);
    run.signal("STOP");
    let pid = run.pid().to_string();
    let error = rig.run(["halt", "--shm", &rig.shm, "--reason", "hung"]);
    let error = error.fails(1, &["does not answer within 5 s and may trade", &format!("kill -9 {pid}"), "is written"]);
    assert!(error.contains(&*halt_file(&rig).to_string_lossy()), "{error}");
    run.signal("KILL");
    assert_eq!(run.finish().code, None);
    // What it left in shared memory is nobody's; the command says so, and the halt stays.
    let done = with_halt_file(&rig, &["halt", "--shm", &rig.shm]).expect(0);
    assert!(done.out.contains("halted before: no engine runs"), "{}", done.out);
    with_halt_file(&rig, &["run", "--duration", "1s"]).fails(3, &["halted by OPERATOR (hung)"]);
    assert_eq!(logged(&rig, "halt").len(), 1);
    with_halt_file(&rig, &["resume", "--shm", &rig.shm, "--reason", "killed by hand"]).expect(0);
    // The next engine takes the control file over.
    let mut run = trading(&rig);
    rig.run(["halt", "--shm", &rig.shm]).expect(0);
    halted(&rig, &mut run);
    run.signal("INT");
    run.finish().expect(3);
}

#[test]
fn without_an_engine() {
    let rig = Rig::new();
    let done = rig.run(["halt", "--reason", "not today"]).expect(0);
    assert!(done.out.contains("halted: no engine runs under the name ct-test-"), "{}", done.out);
    let text = fs::read_to_string(rig.path("state/halt")).expect("a halt file");
    assert!(text.contains("\"code\":\"OPERATOR\"") && text.contains("not today"), "{text}");
    assert_eq!(fs::metadata(rig.path("state/halt")).expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(rig.run(["halt"]).expect(0).out.contains("halted before"));
    let left: Vec<_> = fs::read_dir(rig.path("state")).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left.len(), 2, "the halt and the log, nothing half-made: {left:?}");
    rig.run(["resume", "--reason", "tomorrow"]).expect(0);
    rig.run(["resume", "--reason", "tomorrow"]).fails(1, &["not halted, nothing to resume"]);

    // Where nothing can be written nothing is promised.
    fs::remove_dir_all(rig.path("state")).expect("a folder");
    rig.write("state", "a file where the folder should be");
    rig.run(["halt"]).fails(1, &["state", "halt state must be readable and writable"]);
    rig.run(["halt", "--shm", "../x"]).fails(2, &["no region name"]);
    rig.run(["halt", "--config", "gone.toml"]).fails(2, &["gone.toml"]);
}

#[test]
fn two_halts_at_once_and_a_commander_that_hangs() {
    let rig = Rig::new();
    let mut run = trading(&rig);
    let both: Vec<Running> = ["one", "two", "three"]
        .into_iter()
        .map(|reason| rig.start(rig.command(["halt", "--shm", &rig.shm, "--reason", reason])))
        .collect();
    let said: Vec<String> = both.into_iter().map(|halt| halt.finish().expect(0).out).collect();
    assert_eq!(said.iter().filter(|s| s.starts_with("halted: ")).count(), 1, "{said:?}");
    assert_eq!(said.iter().filter(|s| s.starts_with("halted before: ")).count(), 2, "{said:?}");
    halted(&rig, &mut run);
    rig.run(["resume", "--shm", &rig.shm, "--reason", "again"]).expect(0);
    run.until("orders again", |_| status(&rig).is_some_and(|s| s["state"] == "running"));

    // Somebody holds the lock and does nothing: the halt file is the other way in.
    let control = fs::File::open(format!("/dev/shm/{}.control", rig.shm)).expect("a control file");
    control.lock().expect("a lock");
    let done = rig.run(["halt", "--shm", &rig.shm, "--reason", "in spite of it"]).expect(0);
    assert!(done.out.contains("halted by its halt file: engine"), "{}", done.out);
    halted(&rig, &mut run);
    drop(control);
    ends_halted(&rig, run, "in spite of it");
}

#[test]
fn reasons_of_any_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let rig = Rig::new();
    let long = "ä".repeat(5_000);
    let odd: [&[u8]; 5] = [b"\xff\xfe half", b"", b"\n\n", "\u{202e}back".as_bytes(), long.as_bytes()];
    for bytes in odd {
        let mut command = rig.command(["halt", "--reason"]);
        command.arg(OsStr::from_bytes(bytes));
        rig.start(command).finish().expect(0);
        let kept: Value = serde_json::from_slice(&fs::read(rig.path("state/halt")).expect("a file")).expect("JSON");
        let reason = kept["reason"].as_str().expect("a reason");
        assert!(!reason.is_empty() && reason.len() <= 192 && !reason.chars().any(char::is_control), "{reason:?}");
        rig.run(["resume", "--reason", "next"]).expect(0);
    }
}

#[test]
fn what_lies_where_the_control_file_should_be() {
    let rig = Rig::new();
    let path = PathBuf::from(format!("/dev/shm/{}.control", rig.shm));
    fs::write(&path, [0xa5; 4096]).expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
    let error = rig.run(["halt", "--shm", &rig.shm]).fails(1, &["is not a region of crosstick", "remove it"]);
    assert!(error.contains("any other one is not halted"), "{error}");
    assert!(rig.path("state/halt").exists(), "what can be done was done");
    rig.run(["run", "--duration", "1s"]).fails(1, &["is not a region of crosstick", "remove it"]);
    assert_eq!(fs::read(&path).expect("the file"), [0xa5; 4096], "nobody's file is touched");
    fs::remove_file(&path).expect("the file");
    rig.run(["run", "--duration", "1s"]).expect(0);
}

/// Who may not write the control file may not halt; he is told what does. Needs root, to be somebody else.
#[test]
fn another_user() {
    let rig = Rig::new();
    let mut run = trading(&rig);
    let mut command = Command::new("setpriv");
    let inner = rig.command(["halt", "--shm", &rig.shm]);
    command.args(["--reuid", "65534", "--clear-groups"]).arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let open = tempfile::tempdir().expect("a folder");
    fs::set_permissions(open.path(), Permissions::from_mode(0o777)).expect("a mode");
    command.env("CROSSTICK_ENGINE__STATE_DIR", open.path()).current_dir(open.path());
    let done = rig.start(command).finish();
    if done.err.contains("setpriv:") || done.err.contains("Permission denied (os error 13)") && done.code == Some(126) {
        eprintln!("not tested here, we cannot be another user: {}", done.err);
    } else {
        done.fails(1, &["no permission for /dev/shm/ct-test-", "run as the user who owns it"]);
        assert!(status(&rig).expect("a region")["halt"].is_null());
    }
    run.until("it to trade on", |_| status(&rig).is_some_and(|s| s["state"] == "running"));
    run.signal("INT");
    run.finish().expect(0);
}
