//! Two reader threads share three lines: each line's counts stand in its own row of the region.

use crate::run as support;

use serde_json::Value;
use support::{Rig, count, report};

#[test]
fn each_row_has_its_own_counts() {
    let rig = Rig::new();
    let mut command = rig.command(["run", "--duration", "6s", "--seed", "7", "--report", "r.json"]);
    // Two readers; where the machine has one CPU the second runs unpinned, and says so.
    command.env("CROSSTICK_THREADS__READERS__CPUS", "[0, 1]").env("CROSSTICK_THREADS__READERS__WAIT", "park");
    let mut run = rig.start(command);
    let mut shown: Vec<Value> = Vec::new();
    while !run.is_over() {
        let done = rig.run(["status", "--json", "--shm", &rig.shm]);
        if done.code == Some(0) {
            let status: Value = serde_json::from_str(&done.out).expect("JSON");
            shown = status["feeds"].as_array().expect("feeds").clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    run.finish().expect(0);
    let r = report(&rig.path("r.json"));
    let names = |rows: &[Value]| rows.iter().map(|f| f["venue"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>();
    let last = r["feeds"].as_array().expect("feeds");
    assert_eq!(names(last), ["alpha", "beta", "gamma"], "as the config has them");
    assert_eq!(names(&shown), names(last));
    for (shown, last) in shown.iter().zip(last) {
        // Counts only grow; shown shortly before the end, a line's are close to its own last ones.
        let (shown, last) = (count(&shown["frames"]), count(&last["frames"]));
        assert!(shown <= last && shown > last / 2, "{shown} shown, {last} at the end: {r:#}");
    }
}
