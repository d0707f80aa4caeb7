//! `kill -9` of a writer at any moment, most of them around the change of a segment: everything that it had written is
//! read, up to the record that it was writing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crosstick_ipc::journal::format::SessionId;
use crosstick_ipc::journal::{Damage, Item, Journal, Options, Writer, recover};

fn payload(i: u64) -> Vec<u8> {
    (0..i * 7 % 91).map(|k| (i * 31 + k * 17 + 1) as u8).collect()
}

/// The child: writes until it is killed, in segments that hold some eighty records.
#[test]
#[ignore = "killed by the test below"]
fn a_child_that_writes() {
    let dir = std::env::var_os("CT_DIR").expect("run by the other test");
    let options = Options { session: SessionId([3; 16]), segment_bytes: 4096, now_ns: 1, durable: false };
    let mut writer = Writer::create(Path::new(&dir), options).expect("a new session");
    println!("writing");
    for i in 0..u64::MAX {
        writer.append(1, 0, &payload(i), i).expect("room");
        writer.prepare().expect("room");
    }
}

#[test]
fn a_writer_that_is_killed_leaves_all_that_it_wrote() {
    let home = tempfile::tempdir().expect("a folder");
    let (mut torn, mut unborn) = (0, 0);
    for kill in 0..40u64 {
        let dir = home.path().join(kill.to_string());
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "a_child_that_writes", "--ignored", "--nocapture"])
            .env("CT_DIR", &dir)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        assert!(out.lines().map_while(Result::ok).any(|line| line.contains("writing")));
        std::thread::sleep(Duration::from_micros(200 + kill * 977 % 4_000));
        child.kill().expect("killed");
        child.wait().expect("its end");

        let journal = Journal::open(&dir).expect("opens");
        let (mut i, mut damage) = (0, Vec::new());
        let mut records = journal.records();
        while let Some(item) = records.next().expect("readable") {
            match item {
                Item::Record { payload: found, .. } => {
                    assert!(damage.is_empty(), "records behind damage: {damage:?}");
                    assert_eq!(found, payload(i), "record {i} of kill {kill}");
                    i += 1;
                }
                Item::Damage(d) => damage.push(d),
            }
        }
        // Every segment but the last is full, so nothing is missing in between.
        assert!(
            i >= 20 * (journal.segments().len() as u64 - 1),
            "{i} records in {} segments",
            journal.segments().len()
        );
        match &damage[..] {
            [] => {}
            [Damage::TornTail { .. }] => torn += 1,
            // It was writing the header of the next segment.
            [Damage::BadSegment { .. }] => unborn += 1,
            _ => panic!("{damage:?}"),
        }
        let found = recover(&dir).expect("recovers");
        assert_eq!(found.records, i);
        assert_eq!(recover(&dir).expect("recovers").damage, []);
        fs::remove_dir_all(&dir).expect("removed");
    }
    println!("40 kills, {torn} torn tails, {unborn} half-written headers");
}
