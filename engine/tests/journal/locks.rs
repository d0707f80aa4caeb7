//! Whether a session is being written shows by a lock on its last file: what is not locked may be mended, and what
//! cannot be locked may be read. Locks are those of the system calls, as a library answers them that is loaded before
//! the binary (`support/locks.c`).

use crate::run::{Finished, Rig};
use crate::slow;
use crate::support;

use std::fs;
use std::path::PathBuf;

use crosstick_ipc::journal::format::{SEAL_BYTES, segment_name};
use support::journalled::journalled;

/// A session whose last record is torn: its folder and its one file.
fn torn(rig: &Rig) -> (PathBuf, PathBuf) {
    let (dir, _, _) = journalled(&rig.path("journal"), 2_000, 64 << 20);
    let path = dir.join(segment_name(0));
    let mut bytes = fs::read(&path).unwrap();
    // In place of the seal.
    bytes.truncate(bytes.len() - SEAL_BYTES);
    bytes.extend(b"half of a record");
    fs::write(&path, &bytes).unwrap();
    (dir, path)
}

fn run(rig: &Rig, arguments: [&str; 3], locks: bool) -> Finished {
    let mut command = rig.command(arguments);
    command.env("LD_PRELOAD", slow::library(rig, "locks")).env("CT_CUT_LOG", rig.path("cuts"));
    if !locks {
        command.env("CT_NO_LOCKS", "1");
    }
    rig.start(command).finish()
}

#[test]
fn a_session_on_a_file_system_without_locks_is_read_and_not_mended() {
    let rig = Rig::new();
    let (dir, path) = torn(&rig);
    let before = fs::read(&path).unwrap();
    let file = format!("{}/000000.seg is being written", dir.file_name().unwrap().display());
    let refused = ["cannot tell whether", &file, "no lock can be had", "mend the copy"];
    run(&rig, ["journal", "recover", "journal"], false).fails(1, &refused);
    assert!(fs::read(&path).unwrap() == before, "it was left alone");
    let listed = run(&rig, ["journal", "ls", "journal"], false).expect(0);
    assert!(listed.out.lines().nth(1).is_some_and(|l| l.ends_with("damaged")), "{}", listed.out);
    let stat = run(&rig, ["journal", "stat", "journal"], false).expect(0);
    assert!(stat.out.contains(": damaged"), "{}", stat.out);
}

#[test]
fn a_session_is_locked_while_it_is_cut() {
    let rig = Rig::new();
    let (_, path) = torn(&rig);
    let before = fs::metadata(&path).unwrap().len();
    let mended = run(&rig, ["journal", "recover", "journal"], true).expect(0);
    assert!(mended.out.contains("16 bytes cut off"), "{}", mended.out);
    assert_eq!(fs::metadata(&path).unwrap().len(), before - 16);
    assert_eq!(fs::read_to_string(rig.path("cuts")).unwrap(), "held\n");
}
