//! scripts/tune-host on made-up hosts (never on this one), and scripts/crosstick.service read as systemd reads it.

use crate::hosts;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(name)
}

/// A made-up host, and what the script did to it.
struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new(host: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        hosts::host(&dir.path().join("host"), host);
        let bench = Self { dir };
        bench.put("proc/sys/kernel/random/boot_id", "11111111-2222\n");
        bench.put("sys/devices/virtual/workqueue/cpumask", "ffff\n");
        bench
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("host")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("host.tune-host.state")
    }

    fn put(&self, path: &str, text: &str) {
        let full = self.root().join(path);
        fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
        fs::write(full, text).expect("a file");
    }

    fn get(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).expect("a file")
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let output =
            Command::new(script("tune-host")).arg("--root").arg(self.root()).args(arguments).output().expect("bash");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        text
    }
}

#[test]
fn nothing_changes_unless_asked() {
    let bench = Bench::new("numa");
    let before = hosts::tree(bench.dir.path());
    let said = bench.run(&[], 0);
    assert_eq!(hosts::tree(bench.dir.path()), before);
    for line in [
        "would set /sys/devices/system/cpu/cpu4/cpufreq/scaling_governor: schedutil -> performance",
        "would set /sys/devices/system/cpu/cpu12/cpuidle/state1/disable: 0 -> 1",
        "would set /proc/irq/default_smp_affinity: 0000ffff -> 0000efaf",
        "would set /sys/devices/virtual/workqueue/cpumask: ffff -> efaf",
        "would set /sys/kernel/mm/transparent_hugepage/enabled: always -> madvise",
        "would set /proc/sys/vm/swappiness: 60 -> 1",
        "nothing was changed",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    // The isolated CPUs are what is tuned when none are named; the others are left alone.
    assert!(!said.contains("cpu5/"), "{said}");
    assert!(!said.contains("kernel command line"), "it has isolcpus already: {said}");
}

#[test]
fn applied_and_undone_the_host_is_as_it_was() {
    for (host, cpus) in [("numa", "4,6"), ("laptop", "2-3"), ("cloud", "1-2"), ("tuned", "4-6")] {
        let bench = Bench::new(host);
        for number in [40, 44, 24, 25] {
            bench.put(&format!("proc/irq/{number}/smp_affinity_list"), "0-7\n");
        }
        let before = hosts::tree(bench.dir.path());
        let said = bench.run(&["--cpus", cpus, "--apply"], 0);
        assert_ne!(hosts::tree(&bench.root()), before, "{host}");
        let again = bench.run(&["--cpus", cpus], 0);
        assert!(again.contains("nothing to change"), "{host}: {again}");
        // A second time keeps the first one's former values.
        let state = fs::read(bench.state()).expect("a state");
        bench.run(&["--cpus", cpus, "--apply"], 0);
        assert_eq!(fs::read(bench.state()).expect("a state"), state);
        bench.run(&["--undo"], 0);
        let after = hosts::tree(bench.dir.path());
        assert!(after == before, "{host} differs after:\n{said}");
        bench.run(&["--undo"], 1);
    }
}

#[test]
fn what_is_applied_stands_in_the_files() {
    let bench = Bench::new("laptop");
    bench.put("proc/irq/120/smp_affinity_list", "0-7\n");
    bench.put("proc/irq/121/smp_affinity_list", "0,4\n");
    let said = bench.run(&["--cpus", "3,2", "--smt-off", "--apply"], 0);
    assert_eq!(bench.get("sys/kernel/mm/transparent_hugepage/enabled"), "always [madvise] never\n");
    assert_eq!(bench.get("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor"), "performance\n");
    assert_eq!(bench.get("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor"), "powersave\n");
    assert_eq!(bench.get("sys/devices/system/cpu/cpu3/cpuidle/state2/disable"), "1\n");
    assert_eq!(bench.get("sys/devices/system/cpu/cpu3/cpuidle/state1/disable"), "0\n", "it wakes in 1 µs");
    assert_eq!(bench.get("proc/irq/120/smp_affinity_list"), "0-1,4-7\n");
    assert_eq!(bench.get("proc/irq/121/smp_affinity_list"), "0,4\n", "away already: as somebody chose it");
    assert_eq!(bench.get("proc/irq/default_smp_affinity"), "f3\n");
    assert_eq!(bench.get("proc/sys/kernel/nmi_watchdog"), "0\n");
    assert!(said.contains("kernel command line isolcpus=managed_irq,domain,2-3 nohz_full=2-3 rcu_nocbs=2-3"), "{said}");
    // Siblings of 2 and 3 have no `online` file on this host: what is not there is not made.
    assert!(!bench.root().join("sys/devices/system/cpu/cpu6/online").exists());
}

#[test]
fn a_value_that_the_kernel_refuses_is_told_and_undo_still_ends_well() {
    let bench = Bench::new("laptop");
    // A folder in its place cannot be written, by root neither.
    let file = "sys/devices/system/cpu/cpu2/cpufreq/scaling_governor";
    bench.run(&["--cpus", "2", "--apply"], 0);
    fs::remove_file(bench.root().join(file)).expect("a file");
    fs::create_dir(bench.root().join(file)).expect("a folder");
    let said = bench.run(&["--undo"], 1);
    assert!(said.contains("could not be set back to powersave"), "{said}");
    let left = fs::read_to_string(bench.state()).expect("what is left to undo");
    assert_eq!(left.lines().count(), 2, "{left}");
    fs::remove_dir(bench.root().join(file)).expect("a folder");
    bench.put(file, "performance\n");
    bench.run(&["--undo"], 0);
    assert_eq!(bench.get(file), "powersave\n");
    assert!(!bench.state().exists());
}

#[test]
fn all_cpus_leave_nowhere_to_move_interrupts_to() {
    let bench = Bench::new("laptop");
    bench.put("proc/irq/120/smp_affinity_list", "0-7\n");
    let said = bench.run(&["--cpus", "0-7", "--apply"], 0);
    assert_eq!(bench.get("proc/irq/120/smp_affinity_list"), "0-7\n");
    assert_eq!(bench.get("proc/irq/default_smp_affinity"), "ff\n");
    assert_eq!(bench.get("sys/devices/system/cpu/cpu7/cpufreq/scaling_governor"), "performance\n");
    assert!(said.contains("all CPUs that there are") && !said.contains("isolcpus"), "{said}");
}

#[test]
fn a_file_that_takes_no_value_is_told_when_applied() {
    let bench = Bench::new("laptop");
    let file = bench.root().join("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor");
    fs::remove_file(&file).expect("a file");
    // It can be read, and whoever writes to it is told no, root too.
    std::os::unix::fs::symlink("/proc/version", &file).expect("a link");
    let said = bench.run(&["--cpus", "2", "--apply"], 1);
    assert!(said.contains("scaling_governor: the kernel does not take performance"), "{said}");
    assert_eq!(bench.get("proc/sys/vm/swappiness"), "1\n", "the rest is done");
    bench.run(&["--undo"], 0);
    assert_eq!(bench.get("proc/sys/vm/swappiness"), "60\n");
}

#[test]
fn after_a_reboot_there_is_nothing_to_undo() {
    let bench = Bench::new("laptop");
    bench.run(&["--cpus", "2", "--apply"], 0);
    bench.put("proc/sys/kernel/random/boot_id", "99999999-2222\n");
    bench.put("proc/sys/vm/swappiness", "33\n");
    let said = bench.run(&["--undo"], 0);
    assert!(said.contains("started again"), "{said}");
    assert_eq!(bench.get("proc/sys/vm/swappiness"), "33\n", "what is there now is somebody else's choice");
}

#[test]
fn bad_arguments_and_bad_states_are_refused() {
    let bench = Bench::new("laptop");
    let before = hosts::tree(&bench.root());
    for arguments in [
        &["--cpus", "9"][..],
        &["--cpus", "x"],
        &["--cpus", "3-1"],
        &["--cpus"],
        &["--apply", "--undo"],
        &["--frobnicate"],
        &["--wake-us", "soon"],
        &[],
    ] {
        bench.run(arguments, 2);
    }
    assert!(bench.run(&["--help"], 0).contains("--undo"));
    for state in [
        "",
        "something else\n",
        "tune-host 1 11111111-2222\n/etc/passwd\tx\n",
        "tune-host 1 11111111-2222\n/proc/../etc/x\ty\n",
    ] {
        fs::write(bench.state(), state).expect("a state");
        let said = bench.run(&["--undo"], 1);
        assert!(said.contains("not"), "{said}");
    }
    assert_eq!(hosts::tree(&bench.root()), before);
    let nowhere = Command::new(script("tune-host")).args(["--root", "/no/such/place"]).output().expect("bash");
    assert_eq!(nowhere.status.code(), Some(2));
}

#[test]
fn what_the_doctor_advised_is_gone_after_it() {
    use crosstick_engine::config::{Config, Overrides};
    use crosstick_engine::doctor::{Plan, Root, Verdict, examine};
    let bench = Bench::new("numa");
    let config = Config::load(Some(&hosts::fixtures().join("numa.toml")), &Overrides::default()).expect("a config");
    let advised = || {
        let d = examine(&Root::below(&bench.root()), &Plan::of(&config), "numa", None);
        let bad = d.findings.into_iter().filter(|f| f.verdict >= Verdict::Advice);
        bad.map(|f| f.check).collect::<Vec<_>>()
    };
    bench.put("proc/irq/44/smp_affinity_list", "0-15\n");
    fs::remove_file(bench.root().join("proc/irq/44/effective_affinity_list")).expect("a file");
    let before = advised();
    bench.run(&["--cpus", "4,6", "--apply"], 0);
    let after = advised();
    let gone: Vec<&str> = before.iter().filter(|c| !after.contains(c)).map(String::as_str).collect();
    let wanted = [
        "numa_balancing",
        "governor",
        "c_states",
        "default_irq_affinity",
        "irq_affinity",
        "nmi_watchdog",
        "transparent_huge_pages",
    ];
    assert_eq!(gone, wanted);
    assert_eq!(after, ["clock_sync", "nic_node"], "what no script can do");
}

/// Sections, keys and values as systemd.syntax(7) has them; lines in the order of the file.
fn unit() -> BTreeMap<String, Vec<(String, String)>> {
    let text = fs::read_to_string(script("crosstick.service")).expect("the unit");
    let mut sections: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut section = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = Some(name.to_owned());
            assert!(sections.insert(name.to_owned(), Vec::new()).is_none(), "[{name}] stands twice");
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("line {}: {line}", number + 1));
        assert!(
            key.starts_with(|c: char| c.is_ascii_uppercase()) && key.chars().all(|c| c.is_ascii_alphanumeric()),
            "{key}"
        );
        let section = section.as_ref().expect("a section before the first key");
        sections.get_mut(section).expect("the section").push((key.to_owned(), value.to_owned()));
    }
    sections
}

#[test]
fn the_unit_says_what_it_should() {
    let unit = unit();
    assert_eq!(unit.keys().map(String::as_str).collect::<Vec<_>>(), ["Install", "Service", "Unit"]);
    let service = &unit["Service"];
    let get = |key: &str| service.iter().filter(|(k, _)| k == key).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
    for (key, value) in [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("LimitMEMLOCK", "infinity"),
        ("StateDirectory", "crosstick"),
        ("Environment", "CROSSTICK_ENGINE__STATE_DIR=%S/crosstick"),
        ("User", "crosstick"),
        ("CapabilityBoundingSet", ""),
        // 2 bad config, 3 halted by risk, 4 refused by a venue: none gets better by trying again.
        ("RestartPreventExitStatus", "2 3 4"),
        ("SystemCallFilter", "@system-service"),
    ] {
        assert_eq!(get(key), [value], "{key}");
    }
    let seconds = |key: &str| get(key)[0].parse::<u64>().expect("seconds");
    assert!(seconds("TimeoutStopSec") >= 10, "readers may take 5 s and the core 2");
    assert!(seconds("WatchdogSec") >= 5);
    // Nothing in it keeps the region from other processes.
    for key in ["PrivateIPC", "RootDirectory", "TemporaryFileSystem", "InaccessiblePaths", "DynamicUser"] {
        assert!(get(key).is_empty(), "{key}");
    }
    assert_eq!(get("RemoveIPC"), ["no"]);
    let text = fs::read_to_string(script("crosstick.service")).expect("the unit");
    assert!(
        text.contains("\n#LoadCredential=") && text.contains("\n#CPUAffinity="),
        "both are shown, and chosen by nobody"
    );
}

#[test]
fn the_unit_runs_a_command_that_there_is() {
    use clap::Parser;
    use crosstick_engine::cli::{Cli, Command};
    let service = &unit()["Service"];
    let start = service.iter().find(|(key, _)| key == "ExecStart").map(|(_, value)| value.clone()).expect("ExecStart");
    assert!(start.starts_with('/'), "systemd wants a whole path");
    let cli = Cli::try_parse_from(start.split(' ')).expect("a command line");
    let Some(Command::Run(run)) = cli.command else { panic!("it runs the engine") };
    assert!(run.config.is_some(), "not the demo");
}
