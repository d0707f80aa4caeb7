//! Every benchmark says in its head what its numbers are about.

use std::fs;
use std::path::Path;

#[test]
fn every_benchmark_says_what_it_measures_and_what_not() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    let mut seen = 0;
    for entry in fs::read_dir(dir).expect("the benchmarks") {
        let mut path = entry.expect("an entry").path();
        if path.is_dir() {
            path.push("main.rs");
        }
        let text = fs::read_to_string(&path).expect("a benchmark");
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        for wanted in ["Topology:", "Threads:", "Unit:", "Measures:", "Does not measure:"] {
            let said = head.iter().any(|line| line.strip_prefix("//! ").is_some_and(|line| line.starts_with(wanted)));
            assert!(said, "the head of {} does not say: {wanted}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} benchmarks found");
}
