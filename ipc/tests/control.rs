//! The control file from both of its ends, and with contents of every kind.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crosstick_ipc::control::{AnswerRow, CONTROL_BYTES, CommandError, Commander, Control, ControlCore, Sent};
use crosstick_ipc::{Place, RegionError};
use crosstick_model::{CommandKind, CommandOutcome, Reason};
use proptest::prelude::*;

const COMMAND_AT: u64 = 2048;
const PATIENCE: Duration = Duration::from_secs(60);
const NOW_NS: u64 = 1_700_000_000_000_000_000;

struct Rig {
    dir: tempfile::TempDir,
    place: Place,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::in_dir(dir.path(), "engine").unwrap();
        Self { dir, place }
    }

    fn control(&self) -> Control {
        Control::create(&self.place, Path::new("/var/lib/crosstick/halt"), NOW_NS).unwrap()
    }

    /// Puts a control file of any content where a commander looks.
    fn put(&self, bytes: &[u8]) {
        let path = self.place.control_path();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.place.control_path()).unwrap()
    }
}

fn halt<'a>(commander: &'a Commander, reason: &str) -> Sent<'a> {
    commander.send(CommandKind::Halt, &Reason::new(reason), NOW_NS, PATIENCE).unwrap()
}

/// Takes and answers one command, as the core thread does.
fn serve(core: &mut ControlCore, outcome: CommandOutcome) -> (Option<CommandKind>, Reason) {
    let end = Instant::now() + PATIENCE;
    let called = loop {
        if core.is_called()
            && let Some(called) = core.take()
        {
            break called;
        }
        assert!(Instant::now() < end, "no command came");
        thread::yield_now();
    };
    let row =
        AnswerRow { command: called.number, outcome: outcome as u64, orders_sent: 7, orders_open: 2, taken_ns: 1 };
    core.answer(&row);
    (called.kind, called.reason)
}

#[test]
fn a_command_is_taken_once_and_answered() {
    let rig = Rig::new();
    let Control { mut core, mut main } = rig.control();
    assert!(!core.is_called() && core.take().is_none() && main.take().is_none());
    let commander = Commander::open(&rig.place).unwrap();
    assert!(commander.process().is_alive());
    assert_eq!(commander.halt_file().as_deref(), Some(Path::new("/var/lib/crosstick/halt")));

    let serving = thread::spawn(move || {
        let first = serve(&mut core, CommandOutcome::Halted);
        let second = serve(&mut core, CommandOutcome::AlreadyHalted);
        assert!(!core.is_called() && core.take().is_none());
        (first, second)
    });
    let first = halt(&commander, "prices look\nwrong").answer(PATIENCE).unwrap();
    assert_eq!((first.outcome, first.orders_sent, first.orders_open), (CommandOutcome::Halted, 7, 2));
    let second = halt(&commander, "").answer(PATIENCE).unwrap();
    assert_eq!(second.outcome, CommandOutcome::AlreadyHalted);
    let (first, second) = serving.join().unwrap();
    assert_eq!((first.0, first.1.text()), (Some(CommandKind::Halt), "prices look wrong"));
    assert_eq!((second.0, second.1.text()), (Some(CommandKind::Halt), ""));
    // The main thread sees the newest one, and each once.
    assert!(main.take().is_some_and(|c| c.kind == Some(CommandKind::Halt)));
    assert_eq!(main.take(), None);
}

#[test]
fn the_main_thread_refuses_what_the_core_is_not_told() {
    let rig = Rig::new();
    let Control { core: _core, mut main } = rig.control();
    let commander = Commander::open(&rig.place).unwrap();
    let sent = commander.send(CommandKind::Resume, &Reason::new("all good"), NOW_NS, PATIENCE).unwrap();
    let called = main.take().unwrap();
    assert_eq!((called.kind, called.reason.text()), (Some(CommandKind::Resume), "all good"));
    main.refuse(called.number, CommandOutcome::HaltFileThere);
    assert_eq!(sent.answer(PATIENCE).unwrap().outcome, CommandOutcome::HaltFileThere);
}

#[test]
fn one_commander_at_a_time() {
    let rig = Rig::new();
    let Control { mut core, main: _main } = rig.control();
    let (first, second) = (Commander::open(&rig.place).unwrap(), Commander::open(&rig.place).unwrap());
    let sent = halt(&first, "one");
    let busy = second.send(CommandKind::Halt, &Reason::NONE, NOW_NS, Duration::from_millis(20));
    assert!(matches!(busy, Err(CommandError::Busy)));
    drop(sent);
    let sent = halt(&second, "two");
    // The first one was never looked at: what counts is the newest.
    assert_eq!(serve(&mut core, CommandOutcome::Halted).1.text(), "two");
    assert!(sent.answer(PATIENCE).is_some());
    drop(sent);

    // Many at once: each has its own answer.
    let serving = thread::spawn(move || {
        (0..16).for_each(|_| {
            serve(&mut core, CommandOutcome::AlreadyHalted);
        })
    });
    let commanders: Vec<_> = (0..16)
        .map(|i| {
            let place = rig.place.clone();
            thread::spawn(move || {
                let commander = Commander::open(&place).unwrap();
                let sent = halt(&commander, &format!("number {i}"));
                sent.answer(PATIENCE).unwrap().outcome
            })
        })
        .collect();
    for commander in commanders {
        assert_eq!(commander.join().unwrap(), CommandOutcome::AlreadyHalted);
    }
    serving.join().unwrap();
}

/// It left an odd version: no command, nothing that would keep the core busy, and the next command is taken.
#[test]
fn a_commander_that_died_while_it_wrote() {
    let rig = Rig::new();
    let Control { mut core, main: _main } = rig.control();
    let file = OpenOptions::new().write(true).open(rig.place.control_path()).unwrap();
    file.write_all_at(&[0xff; 64], COMMAND_AT + 8).unwrap();
    file.write_all_at(&5u64.to_le_bytes(), COMMAND_AT).unwrap();
    assert!(core.is_called());
    assert_eq!(core.take(), None);
    assert!(!core.is_called(), "it is looked at once");
    let commander = Commander::open(&rig.place).unwrap();
    let sent = halt(&commander, "after it");
    assert_eq!(serve(&mut core, CommandOutcome::Halted).1.text(), "after it");
    assert!(sent.answer(PATIENCE).is_some());
}

#[test]
fn an_engine_that_is_gone_is_not_waited_for() {
    let rig = Rig::new();
    let control = rig.control();
    let mut bytes = rig.bytes();
    // A start time that no process has: the number was given to another one since.
    bytes[40..48].copy_from_slice(&u64::MAX.to_le_bytes());
    drop(control);
    rig.put(&bytes);
    let commander = Commander::open(&rig.place).unwrap();
    assert!(!commander.process().is_alive());
    let begun = Instant::now();
    assert_eq!(halt(&commander, "anyone?").answer(Duration::from_secs(3600)), None);
    assert!(begun.elapsed() < PATIENCE);
    // The next engine replaces it.
    let Control { core, main } = rig.control();
    assert!(Commander::open(&rig.place).unwrap().process().is_alive());
    drop((core, main));
    assert!(!rig.place.control_path().exists(), "an engine that ends leaves nothing");
}

#[test]
fn the_file_is_its_owners_alone_and_goes_with_the_engine() {
    let rig = Rig::new();
    let Control { core, main } = rig.control();
    let path = rig.place.control_path();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(&path).unwrap().len(), CONTROL_BYTES as u64);
    // Somebody removed it and put something of his own there: that is not ours to remove.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    drop((core, main));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert!(matches!(Control::create(&rig.place, Path::new("/h"), 1), Err(RegionError::Foreign { .. })));
    fs::write(&path, "").unwrap();
    drop(Control::create(&rig.place, Path::new("/h"), 1).unwrap());
    // A path that does not fit is not told, rather than cut.
    let long = format!("/{}", "x".repeat(2000));
    let _control = Control::create(&rig.place, Path::new(&long), 1).unwrap();
    assert_eq!(Commander::open(&rig.place).unwrap().halt_file(), None);
}

#[test]
fn what_is_no_control_file_is_refused() {
    let rig = Rig::new();
    let path = rig.place.control_path();
    let refused = |why: &str| match Commander::open(&rig.place) {
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(why) && text.contains("engine.control"), "{why}: {text}");
        }
        Ok(_) => panic!("{why}: opened"),
    };
    refused("there is no region");
    let control = rig.control();
    let good = rig.bytes();
    drop(control);
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        rig.put(&file);
    };
    changed(0, b"XTICKSHM");
    refused("its first bytes are others");
    changed(16, &2u32.to_le_bytes());
    refused("layout 2");
    changed(20, &[1, 2, 3, 4]);
    refused("another order");
    changed(8, &[3]);
    refused("its head is not whole");
    rig.put(&good[..4095]);
    refused("its size");
    rig.put(&[]);
    refused("its size");
    rig.put(&good);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    refused("others than its owner");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("a directory");
    assert!(matches!(Control::create(&rig.place, Path::new("/h"), 1), Err(RegionError::Foreign { .. })));
    fs::remove_dir(&path).unwrap();
    let elsewhere = rig.dir.path().join("elsewhere");
    File::create(&elsewhere).unwrap().write_all(&good).unwrap();
    symlink(&elsewhere, &path).unwrap();
    refused("a symbolic link");
    assert!(matches!(Control::create(&rig.place, Path::new("/h"), 1), Err(RegionError::Foreign { .. })));
    fs::remove_file(&path).unwrap();
    // A path that is not absolute is none to write to.
    changed(80, b"relative\0");
    assert_eq!(Commander::open(&rig.place).unwrap().halt_file(), None);
    rig.put(&good);
    assert!(Commander::open(&rig.place).unwrap().halt_file().is_some());
    // Another user's: only root may command it, and does not write where it says.
    if std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).is_ok() {
        assert_eq!(Commander::open(&rig.place).unwrap().halt_file(), None);
    }
}

proptest! {
    /// Whatever is in the slot: at most one command a change, and a reason that may be printed.
    #[test]
    fn any_bytes_in_the_slot(writes in proptest::collection::vec((0u64..64, any::<u64>()), 1..40)) {
        let rig = Rig::new();
        let Control { mut core, mut main } = rig.control();
        let file = OpenOptions::new().write(true).open(rig.place.control_path()).unwrap();
        for (word, value) in writes {
            file.write_all_at(&value.to_le_bytes(), COMMAND_AT + word * 8).unwrap();
            let called = core.is_called().then(|| core.take()).flatten();
            prop_assert_eq!(main.take(), called);
            prop_assert!(!core.is_called() && core.take().is_none());
            prop_assert!(called.is_none_or(|c| !c.reason.text().chars().any(char::is_control)));
        }
    }
}
