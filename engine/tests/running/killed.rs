//! `kill -9` at any moment: the next start needs no cleaning.

use crate::run as support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Rig, count, report};

/// What `status` tells as JSON, when there is a region to tell of.
fn status(rig: &Rig) -> Option<Value> {
    let done = rig.run(["status", "--json", "--shm", &rig.shm]);
    (done.code == Some(0)).then(|| serde_json::from_str(&done.out).expect("JSON"))
}

#[test]
fn killed_at_random_moments() {
    let rig = Rig::new();
    let mut generation = 0;
    // From the first instant of the start to well into trading; odd numbers, so that no step is met each time.
    for after_ms in [3, 17, 41, 73, 131, 257, 613, 1103] {
        let started = Instant::now();
        let mut run = rig.start(rig.command(["run"]));
        while started.elapsed() < Duration::from_millis(after_ms) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(!run.is_over(), "{}", run.err());
        run.signal("KILL");
        assert_eq!(run.finish().code, None);
        // It may have died before there was a region of its own.
        if let Some(status) = status(&rig) {
            assert_eq!(status["state"], "dead", "after {after_ms} ms");
            let now = count(&status["generation"]);
            assert!(now >= generation, "{now} after {generation}");
            generation = now;
        }
    }
    assert!(generation > 0, "some lived long enough to have a region");

    let words = rig.run(["status", "--shm", &rig.shm]).expect(0);
    assert!(words.out.starts_with("engine dead (pid "), "{}", words.out);

    let mut run = rig.start(rig.command(["run", "--report", "r.json"]));
    run.until("live lines", |r| r.out().contains("lines 3/3"));
    let status = status(&rig).expect("a region");
    assert_eq!((status["state"].as_str(), count(&status["generation"])), (Some("running"), generation + 1));
    run.signal("INT");
    run.finish().expect(0);
    assert!(count(&report(&rig.path("r.json"))["ticks"]) > 0);
    assert!(rig.left_in_shm().is_empty(), "{:?}", rig.left_in_shm());
}

/// A demo that was killed leaves its directory; the next one clears it away, and takes no halt over from it.
#[test]
fn directories_of_killed_demos_go() {
    let rig = Rig::new();
    let strange = rig.tmp().join("crosstick-demo-not-a-number");
    std::fs::create_dir(&strange).expect("a directory");
    // The largest number that Linux ever gives, and that hardly any process has.
    let gone = rig.tmp().join("crosstick-demo-4194303");
    std::fs::create_dir(&gone).expect("a directory");
    std::fs::write(gone.join("halt"), "").expect("a file");
    let other = rig.tmp().join("somebody-elses");
    std::fs::create_dir(&other).expect("a directory");
    rig.run(["run", "--duration", "300ms"]).expect(0);
    assert!(!gone.exists() && other.exists() && strange.exists());
}
