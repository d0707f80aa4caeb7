//! Engines that are killed in the middle of a write, again and again, with readers attached: what those see is whole,
//! and they find the next engine by themselves. `CROSSTICK_ALL=1` kills more of them.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::hunt::{Counts, Hunter, write_core, write_feed};
use common::{place, shape, universe};
use crosstick_ipc::{Health, Place, Reader, Writer};

/// The directory in which the child process is to create the region.
const CHILD_DIR: &str = "CROSSTICK_TEST_KILLED_DIR";
const DEADLINE: Duration = Duration::from_secs(60);

/// Not a test of its own: what the child processes of the test below run, until they are killed.
#[test]
fn child_writes_at_full_speed() {
    let Ok(dir) = std::env::var(CHILD_DIR) else { return };
    let universe = universe();
    let Writer { mut core, mut feeds, owner, .. } =
        Writer::create(&place(dir.as_ref()), &shape(&universe)).expect("the former owner is dead");
    writeln!(std::io::stdout(), "\nanswer {}", owner.generation()).unwrap();
    for n in 1.. {
        write_feed(&mut feeds[0], n);
        write_core(&mut core, n);
        // An orphan ends by itself.
        if n.is_multiple_of(1 << 20) && std::os::unix::process::parent_id() == 1 {
            return;
        }
    }
}

struct Engine(Child);

impl Engine {
    /// Starts one and waits until its region is there; gives its generation.
    fn start(place: &Place) -> (Self, u64) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_writes_at_full_speed", "--nocapture"])
            .env(CHILD_DIR, place.dir())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let answer = lines.find_map(|l| l.strip_prefix("answer ").map(str::to_owned));
        let engine = Self(child);
        (engine, answer.expect("the child has a region").parse().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads whatever engine there is, until done; tells the newest generation that it has read rows of.
fn attend(place: &Place, mapped: bool, done: &AtomicBool, newest: &AtomicU64, counts: &Counts) {
    let open = || if mapped { Reader::map(place) } else { Reader::open(place) };
    let mut hunter: Option<Hunter> = None;
    while !done.load(Ordering::Acquire) {
        if hunter.as_ref().is_none_or(|h| h.reader.is_replaced()) {
            // The events come last in the first round: once there is one, every row is of the kind that is hunted.
            let began = |reader: &Reader| reader.events().is_some_and(|e| e.written() > 0);
            hunter = open().ok().filter(began).map(Hunter::new);
        }
        let Some(hunter) = &mut hunter else { continue };
        hunter.turn(counts);
        newest.store(hunter.reader.generation(), Ordering::Release);
        thread::yield_now();
    }
}

#[test]
fn readers_survive_engines_that_are_killed_while_they_write() {
    let kills: u64 = if std::env::var_os("CROSSTICK_ALL").is_some() { 50 } else { 8 };
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let (done, counts) = (AtomicBool::new(false), Counts::default());
    let newest = [AtomicU64::new(0), AtomicU64::new(0)];
    thread::scope(|scope| {
        for (mapped, newest) in [true, false].into_iter().zip(&newest) {
            let (place, done, counts) = (&place, &done, &counts);
            scope.spawn(move || attend(place, mapped, done, newest, counts));
        }
        // Whatever fails here must not leave the readers at it.
        let played = std::panic::catch_unwind(|| play(&place, kills, &newest));
        done.store(true, Ordering::Release);
        played.unwrap();
    });
    let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
    println!("{kills} kills; {} whole reads, {} given up, 0 torn", load(&counts.reads), load(&counts.given_up));
}

fn play(place: &Place, kills: u64, newest: &[AtomicU64]) {
    for generation in 1..=kills {
        let (engine, told) = Engine::start(place);
        assert_eq!(told, generation);
        let began = Instant::now();
        while newest.iter().any(|n| n.load(Ordering::Acquire) < generation) {
            assert!(began.elapsed() < DEADLINE, "a reader did not find engine {generation}: {newest:?}");
            thread::sleep(Duration::from_millis(1));
        }
        // Killed at another moment every time.
        thread::sleep(Duration::from_micros(generation * 137 % 5000));
        drop(engine);
        let reader = Reader::open(place).unwrap();
        assert_eq!((reader.generation(), reader.health(u64::MAX)), (generation, Health::Dead));
        // At most the one record that it was writing can't be read.
        let counts = Counts::default();
        Hunter::new(reader).turn(&counts);
        assert!(counts.given_up.load(Ordering::Relaxed) <= 1);
    }
}
