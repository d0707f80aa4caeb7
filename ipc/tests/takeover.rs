//! Who has a region: refusal while its owner lives, takeover once it is dead, one winner of a race.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Barrier;

use common::{place, shape, universe};
use crosstick_ipc::{Health, Place, ProcessIdentity, Reader, RegionError, State, Writer};

/// The directory in which the child process is to create the region.
const CHILD_DIR: &str = "CROSSTICK_TEST_REGION_DIR";

/// Not a test of its own: what the child processes of the tests below run. Says `won` or why not, then holds the
/// region until its input ends.
#[test]
fn child_holds_region() {
    let Ok(dir) = std::env::var(CHILD_DIR) else { return };
    let universe = universe();
    let answer = match Writer::create(&place(Path::new(&dir)), &shape(&universe)) {
        Ok(mut writer) => {
            writer.owner.set_state(State::Running);
            writeln!(std::io::stdout(), "\nanswer won").unwrap();
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            return;
        }
        Err(error) => error.to_string(),
    };
    writeln!(std::io::stdout(), "\nanswer {answer}").unwrap();
}

struct Starter {
    child: Child,
    /// Closing it ends a child in order.
    input: Option<ChildStdin>,
    output: BufReader<std::process::ChildStdout>,
}

impl Starter {
    fn spawn(dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_holds_region", "--nocapture"])
            .env(CHILD_DIR, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(answer) = line.trim().strip_prefix("answer ") {
                return answer.to_owned();
            }
            line.clear();
        }
        panic!("the child ended without an answer");
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_live_owner_is_named_and_a_killed_one_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut first = Starter::spawn(dir.path());
    assert_eq!(first.answer(), "won");
    let old = Reader::open(&place).unwrap();
    assert!(old.identity().unwrap().is_live());

    let error = Writer::create(&place, &shape(&universe)).unwrap_err();
    assert!(matches!(&error, RegionError::Owned { pid, name } if *pid == first.child.id() && name == "region"));
    assert!(error.to_string().contains(&first.child.id().to_string()));

    first.kill();
    assert!(!old.identity().unwrap().is_live(), "dead, though it could not say so");
    assert!(!old.is_replaced());
    assert_eq!(old.health(0), Health::Dead);
    let writer = Writer::create(&place, &shape(&universe)).unwrap();
    assert_eq!((old.generation(), writer.owner.generation()), (1, 2));
    assert!(old.is_replaced());
    assert_eq!(old.health(0), Health::Replaced);
    assert_eq!(old.identity().unwrap().pid, u64::from(first.child.id()), "the old map is the old owner's");
    let new = Reader::open(&place).unwrap();
    assert_eq!(new.identity().unwrap().process, ProcessIdentity::this());
    assert_eq!((new.generation(), new.identity().unwrap().generation), (2, 2));
}

#[test]
fn killing_again_and_again_needs_no_cleaning() {
    let dir = tempfile::tempdir().unwrap();
    for generation in 1..=10 {
        let mut starter = Starter::spawn(dir.path());
        assert_eq!(starter.answer(), "won");
        assert_eq!(Reader::open(&place(dir.path())).unwrap().generation(), generation);
        starter.kill();
    }
}

#[test]
fn an_orderly_end_lets_the_next_begin_anew() {
    let dir = tempfile::tempdir().unwrap();
    let universe = universe();
    for _ in 0..3 {
        let writer = Writer::create(&place(dir.path()), &shape(&universe)).unwrap();
        assert_eq!(writer.owner.generation(), 1);
    }
}

#[test]
fn of_many_processes_at_once_one_wins_and_the_rest_name_it() {
    let dir = tempfile::tempdir().unwrap();
    // A dead owner's region and lock lie there, as after a crash.
    let mut dead = Starter::spawn(dir.path());
    assert_eq!(dead.answer(), "won");
    dead.kill();
    let mut starters: Vec<Starter> = (0..6).map(|_| Starter::spawn(dir.path())).collect();
    let answers: Vec<(u32, String)> = starters.iter_mut().map(|s| (s.child.id(), s.answer())).collect();
    let winners: Vec<u32> = answers.iter().filter(|(_, a)| a == "won").map(|(pid, _)| *pid).collect();
    let [winner] = winners[..] else { panic!("{answers:?}") };
    for (pid, answer) in answers {
        assert!(pid == winner || answer.contains(&format!("process {winner}:")), "{answer}");
    }
    assert_eq!(Reader::open(&place(dir.path())).unwrap().identity().unwrap().pid, u64::from(winner));
}

#[test]
fn of_many_threads_at_once_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    for _ in 0..10 {
        let barrier = Barrier::new(4);
        let results: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                barrier.wait();
                Writer::create(&place, &shape(&universe))
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
        for error in results.into_iter().filter_map(Result::err) {
            assert!(matches!(error, RegionError::Owned { pid, .. } if pid == std::process::id()), "{error}");
        }
    }
}

#[test]
fn a_region_whose_lock_was_deleted_is_still_its_owners() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut owner = Starter::spawn(dir.path());
    assert_eq!(owner.answer(), "won");
    fs::remove_file(place.lock_path()).unwrap();
    let error = Writer::create(&place, &shape(&universe)).unwrap_err();
    assert!(matches!(error, RegionError::Owned { pid, .. } if pid == owner.child.id()), "{error}");
}

#[test]
fn leftovers_of_a_start_that_was_killed_are_no_hindrance() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    fs::write(dir.path().join("region.new"), b"half").unwrap();
    fs::write(place.lock_path(), b"4194304 1 00").unwrap();
    let writer = Writer::create(&place, &shape(&universe)).unwrap();
    assert_eq!(writer.owner.generation(), 1);
}

#[test]
fn a_file_that_is_no_region_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    fs::write(place.path(), [7; 5000]).unwrap();
    let error = Writer::create(&place, &shape(&universe)).unwrap_err();
    assert!(matches!(error, RegionError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(place.path()).unwrap(), [7; 5000]);
    assert!(!place.lock_path().exists(), "and so is the directory");
}

#[test]
fn links_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("target");
    fs::write(&target, b"precious").unwrap();
    let universe = universe();
    let lock_linked = Place::in_dir(dir.path(), "a").unwrap();
    symlink(&target, lock_linked.lock_path()).unwrap();
    let region_linked = Place::in_dir(dir.path(), "b").unwrap();
    symlink(&target, region_linked.path()).unwrap();
    for place in [lock_linked, region_linked] {
        let error = Writer::create(&place, &shape(&universe)).unwrap_err();
        assert!(matches!(error, RegionError::Foreign { .. }), "{error}");
    }
    assert_eq!(fs::read(target).unwrap(), b"precious");
}

#[test]
fn a_missing_directory_is_named_with_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let universe = universe();
    let nowhere = place(&dir.path().join("nowhere"));
    let error = Writer::create(&nowhere, &shape(&universe)).unwrap_err();
    assert!(matches!(error, RegionError::NoDirectory { .. }));
    assert!(error.to_string().contains("mount"), "{error}");
}

/// Runs a child in a mount namespace of its own with a tmpfs of those options over `dir`; `None` where the system
/// doesn't allow it.
fn answer_on_tmpfs(dir: &Path, options: &str) -> Option<String> {
    let script = r#"mount -t tmpfs -o "$1" none "$2" || exit 77
        exec "$3" --exact child_holds_region --nocapture"#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", options])
        .arg(dir)
        .arg(std::env::current_exe().unwrap())
        .env(CHILD_DIR, dir)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = text.lines().find_map(|l| l.strip_prefix("answer ")).map(str::to_owned);
    if answer.is_none() {
        eprintln!("not tested here, no mount namespace: {}", String::from_utf8_lossy(&output.stderr));
    }
    answer
}

#[test]
fn a_full_or_read_only_directory_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    if let Some(answer) = answer_on_tmpfs(dir.path(), "size=32k") {
        assert!(answer.contains("has no room for a region of"), "{answer}");
    }
    if let Some(answer) = answer_on_tmpfs(dir.path(), "ro") {
        assert!(answer.contains("is read-only"), "{answer}");
    }
    if let Some(answer) = answer_on_tmpfs(dir.path(), "size=8m") {
        assert_eq!(answer, "won");
    }
}
