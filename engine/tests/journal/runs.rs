//! Runs over sockets with a journal: each is run again from it, whatever ended it, and a disk that fails halts trading,
//! not the process.

use crate::run as support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Rig, Running, count, latency, report};

const JOURNAL: [(&str, &str); 2] = [("CROSSTICK_JOURNAL__SEGMENT_KIB", "64"), ("CROSSTICK_JOURNAL__FSYNC", "order")];

fn demo(rig: &Rig, arguments: &[&str]) -> Command {
    let mut command = rig.command(["run"].iter().chain(arguments).copied());
    command.envs(JOURNAL).env("CROSSTICK_JOURNAL__DIR", rig.path("journal"));
    command
}

/// The only session of a folder.
fn session(folder: &Path) -> PathBuf {
    let all: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()).collect();
    let [one] = &all[..] else { panic!("one session, not {all:?}") };
    one.clone()
}

fn segments(session: &Path) -> usize {
    let names = fs::read_dir(session).map(|d| d.flatten().map(|e| e.file_name()).collect::<Vec<_>>());
    names.unwrap_or_default().iter().filter(|n| n.to_string_lossy().ends_with(".seg")).count()
}

fn until_segments(running: &mut Running, folder: &Path, least: usize) {
    running.until("another segment", |_| {
        fs::read_dir(folder)
            .is_ok_and(|mut d| d.next().is_some_and(|e| segments(&e.expect("an entry").path()) >= least))
    });
}

#[test]
fn a_run_with_a_halt_and_a_resume_replays_to_the_same_hash() {
    let rig = Rig::new();
    let mut running = rig.start(demo(&rig, &["--duration", "20s", "--report", "r.json"]));
    until_segments(&mut running, &rig.path("journal"), 3);
    let pid = running.pid().to_string();
    let state = rig.tmp().join(format!("crosstick-demo-{pid}"));
    let mut halt = rig.command(["halt", "--reason", "a test's halt"]);
    halt.env("CROSSTICK_ENGINE__STATE_DIR", &state).env("CROSSTICK_ENGINE__HALT_FILE", state.join("halt"));
    let halted = rig.start(halt).finish().expect(0);
    // The demo's state goes with it, and so does a halt that is kept there.
    let promised = "nothing is traded until: crosstick resume --reason TEXT; the demo's next start trades again";
    assert!(halted.out.contains(promised) && !halted.out.contains("restart"), "{}", halted.out);
    let mut resume = rig.command(["resume", "--reason", "a test's resume"]);
    resume.env("CROSSTICK_ENGINE__STATE_DIR", &state).env("CROSSTICK_ENGINE__HALT_FILE", state.join("halt"));
    rig.start(resume).finish().expect(0);
    running.finish().expect(0);
    let report = report(&rig.path("r.json"));
    assert_eq!((count(&report["journal"]["lost"]), report["journal"].get("trouble")), (0, None));
    let hash = report["decisions_hash"].as_str().expect("a hash");
    assert!(count(&report["orders"]["sent"]) > 0, "{report:#}");

    let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(0);
    assert!(verified.out.contains("identical: ") && verified.out.contains(hash), "{}", verified.out);
    let cat = rig.run(["journal", "cat", "journal", "--no-ticks"]).expect(0);
    for words in ["Halt by command: a test's halt", "halt: OPERATOR", "Resume by command: a test's resume", "finish"] {
        assert!(cat.out.contains(words), "{words:?} is not in\n{}", cat.out);
    }
    let listed = rig.run(["journal", "ls", "journal"]).expect(0);
    assert!(listed.out.lines().nth(1).is_some_and(|l| l.ends_with("complete")), "{}", listed.out);
    let stat = rig.run(["journal", "stat", "journal", "--json"]).expect(0);
    let stat: serde_json::Value = serde_json::from_str(&stat.out).expect("JSON");
    assert_eq!(count(&stat["entries"]["command"]), 2);
    let all = rig.run(["journal", "cat", "journal"]).expect(0);
    let of = |word: &str| all.out.lines().filter(|l| l.split_whitespace().nth(1) == Some(word)).count() as u64;
    assert_eq!(of("quote") + of("trade"), count(&report["ticks"]));
    assert_eq!(count(&stat["entries"]["tick"]), count(&report["ticks"]) + of("line"));
    assert!(of("line") >= 3, "three venues went live");
}

#[test]
fn a_killed_run_replays_up_to_where_it_was_killed() {
    let rig = Rig::new();
    let mut running = rig.start(demo(&rig, &[]));
    until_segments(&mut running, &rig.path("journal"), 2);
    running.signal("KILL");
    running.finish();
    for _ in 0..2 {
        let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(0);
        assert!(verified.out.contains("identical up to there: "), "{}", verified.out);
        assert!(verified.out.contains("killed"), "{}", verified.out);
        // Mending changes nothing of what can be read.
        rig.run(["journal", "recover", "journal"]).expect(0);
    }
    // The next run has a session of its own.
    rig.start(demo(&rig, &["--duration", "1s"])).finish().expect(0);
    let listed = rig.run(["journal", "ls", "journal"]).expect(0);
    let ends: Vec<_> = listed.out.lines().skip(1).map(|l| l.rsplit(' ').next().unwrap_or_default()).collect();
    assert_eq!(ends, ["open", "complete"]);
}

#[test]
fn a_folder_that_goes_away_halts_trading_and_keeps_the_process() {
    let rig = Rig::new();
    let mut running = rig.start(demo(&rig, &["--report", "r.json"]));
    until_segments(&mut running, &rig.path("journal"), 1);
    let home = session(&rig.path("journal"));
    fs::rename(&home, rig.path("away")).expect("moved");
    running.until("the halt", |r| r.err().contains("trading is halted by journal: JOURNAL"));
    assert!(running.err().contains("the journal's folder must stay where it is"), "{}", running.err());
    let status = rig.run(["status", "--json", "--shm", &rig.shm]).expect(0);
    let status: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
    assert_eq!(status["state"].as_str(), Some("halted"));
    // An operator who resumes does not get orders past the journal: trading halts again before the next input.
    let state = rig.tmp().join(format!("crosstick-demo-{}", running.pid()));
    running.until("the halt file", |_| state.join("halt").exists());
    let mut resume = rig.command(["resume", "--reason", "a test's resume"]);
    resume.env("CROSSTICK_ENGINE__STATE_DIR", &state).env("CROSSTICK_ENGINE__HALT_FILE", state.join("halt"));
    rig.start(resume).finish().expect(0);
    running.until("the halt again", |r| r.err().matches("trading is halted by journal: JOURNAL").count() == 2);
    running.signal("INT");
    running.finish().expect(3);
    let report = report(&rig.path("r.json"));
    assert_eq!(report["halt"]["code"], "JOURNAL");
    assert!(report["journal"]["trouble"].as_str().expect("a trouble").contains("is gone"));
    // What was written is whole, the halt in it; whether its end had room as well depends on how soon it was stopped.
    let verified = rig.run(["replay", "--journal", "away", "--verify"]).expect(0);
    assert!(verified.out.contains("identical"), "{}", verified.out);
    let cat = rig.run(["journal", "cat", "away", "--no-ticks"]).expect(0);
    assert!(cat.out.contains("halt: JOURNAL"), "{}", cat.out);
}

#[test]
fn a_folder_that_is_removed_halts_trading_and_keeps_the_process() {
    let rig = Rig::new();
    let mut running = rig.start(demo(&rig, &["--report", "r.json"]));
    until_segments(&mut running, &rig.path("journal"), 1);
    fs::remove_dir_all(rig.path("journal")).expect("removed");
    running.until("the halt", |r| r.err().contains("trading is halted by journal: JOURNAL"));
    let ticks = |rig: &Rig| {
        let status = rig.run(["status", "--json", "--shm", &rig.shm]).expect(0);
        count(&serde_json::from_str::<serde_json::Value>(&status.out).expect("JSON")["ticks"])
    };
    let before = ticks(&rig);
    running.until("ticks", |_| ticks(&rig) > before + 500);
    running.signal("INT");
    running.finish().expect(3);
    let report = report(&rig.path("r.json"));
    assert!(report["journal"]["trouble"].as_str().expect("a trouble").contains("is gone"), "{report:#}");
    assert_eq!(report["halt"]["code"], "JOURNAL");
    latency("a folder that was removed", &report);
}

/// Runs a script in a mount namespace of its own, a tmpfs of `size` at `journal`; `None` where the system allows none.
fn in_namespace(rig: &Rig, size: &str, script: &str) -> Option<support::Finished> {
    fs::create_dir(rig.path("journal")).expect("a folder");
    let script = format!("mount -t tmpfs -o size={size} none journal || exit 77\n{script}");
    let inner = demo(rig, &[]);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command.arg(inner.get_program()).current_dir(rig.path("."));
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let done = rig.start(command).finish();
    if done.err.contains("unshare:") || done.code == Some(77) {
        eprintln!("not tested here, no mount namespace: {}", done.err);
        return None;
    }
    Some(done)
}

#[test]
fn a_full_disk_halts_trading_and_loses_nothing_before_it() {
    let rig = Rig::new();
    let script =
        r#""$1" run --duration 12s --report r.json; echo "run ended with $?"; "$1" replay --journal journal --verify"#;
    let Some(done) = in_namespace(&rig, "200k", script) else { return };
    assert!(done.out.contains("run ended with 3"), "{}\n{}", done.out, done.err);
    assert!(done.err.contains("has no room for a journal segment of 65536 bytes"), "{}", done.err);
    let report = report(&rig.path("r.json"));
    assert_eq!(report["halt"]["code"], "JOURNAL");
    assert!(report["duration_s"].as_f64().expect("seconds") >= 11.9, "the process lives on");
    latency("a disk that was full after 200 KiB", &report);
    assert!(done.out.contains("identical"), "{}", done.out);
}

#[test]
fn a_folder_that_turns_read_only_halts_trading() {
    let rig = Rig::new();
    let script = r#"
        "$1" run --report r.json & run=$!
        while [ -z "$(ls journal/*/000000.seg 2>/dev/null)" ]; do sleep 0.05; done
        mount --bind journal journal && mount -o remount,ro,bind journal
        while ! grep -q "trading is halted by journal" err-0; do kill -0 $run || exit 1; sleep 0.05; done
        kill -INT $run; wait $run; echo "run ended with $?"
        "$1" replay --journal journal --verify"#;
    let Some(done) = in_namespace(&rig, "8m", script) else { return };
    let done = done.expect(0);
    assert!(done.out.contains("run ended with 3") && done.out.contains("identical"), "{}\n{}", done.out, done.err);
    assert!(done.err.contains("no permission for"), "{}", done.err);
}

#[test]
fn a_journal_that_cannot_begin_keeps_the_run_from_starting() {
    let rig = Rig::new();
    rig.write("journal", "a file");
    let line = rig.start(demo(&rig, &["--duration", "1s"])).finish().fails(1, &["[journal] dir"]);
    assert!(line.contains("journal"), "{line}");
    assert!(rig.left_in_shm().is_empty(), "{:?}", rig.left_in_shm());
    rig.run(["replay", "--journal", "none", "--verify"]).fails(2, &["none is not there"]);
    rig.run(["journal", "ls", "none"]).fails(2, &["none is not there"]);
    rig.run(["replay", "--journal", "none"]).expect(2);
}
