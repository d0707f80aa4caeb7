//! Every benchmark says in its head what its numbers are about, and the scripts run what they say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

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

/// What a script of this repository says, with that program in the place of cargo.
fn said(script: &str, arguments: &[&str], cargo: &str, variables: &[(&str, &Path)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("cargo");
    fs::write(&program, format!("#!/bin/sh\n{cargo}\n")).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("a PATH"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(script);
    let output = Command::new(script).args(arguments).env("PATH", path).envs(variables.iter().copied()).output();
    let output = output.expect("the script runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn what_is_counted_is_the_plain_release_build() {
    let one = Path::new("1");
    let others = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
        "CARGO_PROFILE_RELEASE_LTO",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL",
    ];
    let variables: Vec<_> = others.iter().map(|name| (*name, one)).chain([("CARGO_PROFILE_DEV_LTO", one)]).collect();
    let seen = said("instructions", &[], "env", &variables);
    let has = |name: &str| seen.lines().any(|line| line.starts_with(&format!("{name}=")));
    assert!(has("CARGO_PROFILE_DEV_LTO"), "what does not matter stays: {seen}");
    for name in others {
        assert!(!has(name), "{name} changes the build");
    }
}

#[test]
fn the_peers_run_wherever_they_are_built() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("target");
    let cargo = "if [ \"$1\" = metadata ]; then echo '{\"packages\":[]}'; else echo \"cargo $*\"; fi";
    let seen = said("bench", &["peers"], cargo, &[("CARGO_TARGET_DIR", &target)]);
    let result = target.join("crosstick-bench/peers.json");
    let wanted = format!("--manifest-path benches/peers/Cargo.toml -- --json {}", result.display());
    assert!(seen.lines().any(|line| line.starts_with("cargo run ") && line.ends_with(&wanted)), "{seen}");
}
