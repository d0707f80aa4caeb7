//! The doctor on the machine that runs the tests: whatever it says, it ends as it says, and its figures hang together.

use crate::run as support;

use std::time::Duration;

use crosstick_engine::config::Config;
use crosstick_engine::doctor::{self, Diagnosis, Group, Manifest, Verdict};
use serde_json::Value;
use support::Rig;

/// The exit code that goes with a verdict.
fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fine | Verdict::Info | Verdict::Unknown => 0,
        Verdict::Advice => 10,
        Verdict::WillHurt => 11,
    }
}

fn diagnosis(out: &str) -> Diagnosis {
    serde_json::from_str(out).expect("a diagnosis")
}

#[test]
fn this_machine_is_examined_and_measured() {
    let rig = Rig::new();
    let done = rig.run(["doctor", "--json", "--seconds", "1"]);
    let d = diagnosis(&done.out);
    assert_eq!(done.code, Some(i32::from(d.exit_code)), "{}", done.err);
    assert_eq!(d.exit_code, code(d.verdict));
    assert_eq!(d.root, "/");
    assert_eq!(d.not_measured, None);
    let threads: Vec<&str> = d.threads.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(threads, ["ct-core", "ct-reader-0"], "the demo's");
    // The tests run on Linux with /proc: what it says must have been read, not guessed.
    assert!(d.manifest.kernel.is_some() && d.manifest.cpu.is_some() && d.manifest.cpus_online.is_some());

    let m = d.manifest.measured.expect("measured");
    assert!(m.clock_read_ns > 0.0 && m.syscall_ns > 0.0, "{m:?}");
    assert_eq!(m.hop_ns.is_some(), m.hop_cpus.is_some());
    assert!(!m.jitter.is_empty() || !m.unwatched.is_empty(), "each CPU is watched, or said not to be");
    for row in &m.jitter {
        assert!(row.watched_ns >= 1_000_000_000, "a second was asked for: {row:?}");
        let ordered = [row.p50_ns, row.p99_ns, row.p999_ns, row.p99999_ns, row.max_ns];
        assert!(ordered.is_sorted(), "{row:?}");
        assert_eq!(row.gaps.iter().map(|g| g.count).sum::<u64>(), row.looks);
        assert!(row.gaps.iter().map(|g| g.from_ns).is_sorted());
        assert!(row.lost_ppm <= 1_000_000 && row.max_ns <= row.watched_ns);
        // The longest gap stands in the bucket where it belongs, and in none above.
        let longest = row.gaps.iter().rposition(|g| g.count > 0).expect("looks");
        assert!(row.gaps[longest].from_ns <= row.max_ns);
        assert!(row.gaps.get(longest + 1).is_none_or(|next| row.max_ns < next.from_ns));
    }
    let measured = d.findings.iter().filter(|f| f.group == Group::Measured).count();
    assert_eq!(measured, 3 + m.jitter.len() + m.unwatched.len());
}

#[test]
fn without_measuring_it_says_so_and_takes_no_figure() {
    let rig = Rig::new();
    let done = rig.run(["doctor", "--json", "--no-measure"]);
    let d = diagnosis(&done.out);
    assert_eq!(done.code, Some(i32::from(d.exit_code)), "{}", done.err);
    assert_eq!(d.not_measured.as_deref(), Some("--no-measure"));
    assert!(d.manifest.measured.is_none());
    assert!(d.findings.iter().all(|f| f.group != Group::Measured));
    let words = rig.run(["doctor", "--no-measure"]);
    assert_eq!(words.code, done.code);
    for finding in &d.findings {
        assert!(words.out.contains(&format!("  {:<22}  ", finding.check)), "{} is not in words", finding.check);
    }
}

#[test]
fn overrides_of_the_config_count() {
    let rig = Rig::new();
    let mut command = rig.command(["doctor", "--json", "--no-measure"]);
    command.env("CROSSTICK_THREADS__CORE__CPU", "1023");
    let done = rig.start(command).finish().expect(11);
    let d = diagnosis(&done.out);
    assert_eq!(d.threads[0].cpu, Some(1023));
    let placement = d.findings.iter().find(|f| f.check == "placement").expect("a finding");
    assert_eq!(placement.verdict, Verdict::WillHurt);
    assert!(placement.found.contains("cpu 1023"), "{placement:?}");
}

/// What is measured is there: a thread that takes its share of the same CPU leaves gaps. The busier the machine, the
/// longer they are.
#[test]
fn a_rival_on_the_same_cpu_is_seen() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let cpu = crosstick_ring::pin::cpus().expect("CPUs")[0];
    let over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&over);
    let rival = std::thread::spawn(move || {
        crosstick_ring::pin::pin_current_thread(cpu).expect("one of ours");
        while !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    let measured = doctor::measure::measure(&[cpu], Duration::from_secs(2));
    over.store(true, Ordering::Relaxed);
    rival.join().expect("a rival");
    let row = &measured.jitter[0];
    assert_eq!(row.cpu, cpu);
    assert!(row.max_ns >= 100_000, "the rival's turns: {row:?}");
    assert!(row.lost_ppm >= 10_000, "and their sum: {row:?}");
    assert!(measured.hop_ns.is_none(), "one CPU has nobody to hop to");
    let findings = doctor::measure::findings(&measured);
    let jitter = findings.iter().find(|f| f.check == "jitter").expect("a finding");
    assert!(jitter.verdict >= Verdict::Advice, "{jitter:?}");
}

#[test]
fn a_host_manifest_for_results() {
    let config = Config::bare();
    let quick = doctor::manifest(&config, Duration::ZERO);
    assert!(quick.measured.is_none() && quick.kernel.is_some());
    let watched = doctor::manifest(&config, Duration::from_millis(50));
    assert!(watched.measured.as_ref().is_some_and(|m| m.clock_read_ns > 0.0));
    // It is kept as JSON beside results, and read back.
    let text = serde_json::to_string(&watched).expect("JSON");
    assert_eq!(serde_json::from_str::<Manifest>(&text).expect("a manifest"), watched);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["cpus_usable"], quick.cpus_usable);
    assert!(quick.load_average.is_some_and(|load| load.iter().all(|one| *one >= 0.0)), "{:?}", quick.load_average);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    // A name of two letters may be part of anything.
    assert!(host.len() < 4 || !text.contains(host), "the host's name has no place in it");
}
