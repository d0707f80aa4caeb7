//! The halt file by itself: what is kept, and what a resume may end.

use std::fs;
use std::sync::Barrier;

use crosstick_engine::state::halt::{self, Halt, HaltFileError, LOG_NAME};

const SECOND_NS: u64 = 1_000_000_000;

fn halted(reason: &str, at_ns: u64) -> Halt {
    Halt { code: halt::OPERATOR.into(), reason: reason.into(), at_ns, pid: 1 }
}

#[test]
fn a_resume_ends_no_halt_that_came_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("halt");
    assert!(halt::keep(&path, &halted("later", 2 * SECOND_NS)).expect("kept"));
    let error = halt::resume(&path, "looked at the one before", 3 * SECOND_NS, SECOND_NS).expect_err("halted anew");
    assert!(matches!(&error, HaltFileError::Anew { reason, .. } if reason == "later"), "{error}");
    assert!(halt::is_there(&path) && !folder.path().join(LOG_NAME).exists(), "nothing was resumed");
    assert_eq!(
        halt::resume(&path, "looked at", 3 * SECOND_NS, 2 * SECOND_NS).expect("resumed"),
        halted("later", 2 * SECOND_NS)
    );
    assert!(!halt::is_there(&path));
    // One by hand has no time: whoever resumes has seen it.
    fs::write(&path, "by hand").expect("a file");
    assert_eq!(halt::resume(&path, "looked at", 3 * SECOND_NS, 1).expect("resumed").reason, "by hand");
}

#[test]
fn of_many_resumes_at_once_the_others_find_nothing_halted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("halt");
    for _ in 0..50 {
        assert!(halt::keep(&path, &halted("once", 1)).expect("kept"));
        let together = Barrier::new(4);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let resume = || {
                together.wait();
                halt::resume(&path, "four of us", 2, u64::MAX)
            };
            let all: Vec<_> = (0..4).map(|_| scope.spawn(resume)).collect();
            all.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        let resumed = outcomes.iter().filter(|o| o.is_ok()).count();
        let rest = outcomes.iter().filter(|o| matches!(o, Err(HaltFileError::NotHalted { .. }))).count();
        assert_eq!((resumed, rest), (1, 3), "{outcomes:?}");
    }
}
