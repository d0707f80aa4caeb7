//! The doctor on made-up hosts: what it says in words and as JSON, how it ends, and what bad files do to it.
//! `BLESS=1 cargo test -p crosstick-engine --test commands doctor_hosts` rewrites the expected texts.

use crate::hosts;
use crate::run as support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crosstick_engine::config::{Config, Overrides};
use crosstick_engine::doctor::{self, CpuSet, Diagnosis, Plan, Root, Verdict, render};
use hosts::Content;
use proptest::prelude::*;
use serde_json::Value;
use support::Rig;

/// Host, config, exit code.
const CASES: &[(&str, &str, i32)] = &[
    ("tuned", "tuned", 0),
    ("laptop", "laptop", 11),
    ("cloud", "cloud", 11),
    ("numa", "numa", 10),
    ("numa", "numa-split", 11),
    ("container", "container", 11),
];

fn rig(host: &str, config: &str) -> Rig {
    let rig = Rig::new();
    hosts::host(&rig.path("host"), host);
    fs::copy(hosts::fixtures().join(format!("{config}.toml")), rig.path("engine.toml")).expect("a config");
    rig
}

fn golden(name: &str, text: &str) {
    let path = hosts::fixtures().join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("an expected text");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{name} is not what the doctor says now; BLESS=1 rewrites it:\n{text}");
}

#[test]
fn made_up_hosts_in_words() {
    for (host, config, code) in CASES {
        let rig = rig(host, config);
        let done = rig.run(["doctor", "--root", "host", "--config", "engine.toml"]).expect(*code);
        golden(&format!("{config}.txt"), &done.out);
        assert_eq!(done.err, "");
    }
}

#[test]
fn made_up_hosts_as_json() {
    for (host, config, code) in CASES {
        let rig = rig(host, config);
        let done = rig.run(["doctor", "--json", "--root", "host", "--config", "engine.toml"]).expect(*code);
        let mut value: Value = serde_json::from_str(&done.out).expect("JSON");
        assert_eq!(value["exit_code"], *code);
        assert!(value["manifest"]["measured"].is_null() && value["not_measured"].is_string());
        // The only things in it that are not the host's.
        assert!(value["manifest"]["build"].as_str().is_some_and(|b| b.starts_with(env!("CARGO_PKG_VERSION"))));
        value["manifest"]["build"] = "VERSION COMMIT".into();
        let compiler = &mut value["manifest"]["compiler"];
        assert!(compiler["rustc"].as_str().is_some_and(|rustc| rustc.starts_with("rustc ")), "{compiler}");
        assert!(compiler["features"].as_str().is_some_and(|list| !list.is_empty()), "{compiler}");
        for field in ["rustc", "target", "opt_level", "features", "rustflags"] {
            compiler[field] = "OF THE BUILD".into();
        }
        compiler["debug_assertions"] = true.into();
        golden(&format!("{config}.json"), &(serde_json::to_string_pretty(&value).expect("JSON") + "\n"));
        // What was written reads back as the same thing.
        let back: Diagnosis = serde_json::from_value(value.clone()).expect("a diagnosis");
        assert_eq!(serde_json::to_value(&back).expect("JSON"), value);
    }
}

#[test]
fn each_finding_says_all_that_it_should() {
    let mut checks = BTreeSet::new();
    for (host, config, _) in CASES {
        let rig = rig(host, config);
        let d = examine(&rig, "host", config);
        for finding in &d.findings {
            checks.insert(finding.check.clone());
            assert!(!finding.found.is_empty(), "{finding:?}");
            let troubled = matches!(finding.verdict, Verdict::Advice | Verdict::WillHurt);
            let full = !finding.wanted.is_empty() && !finding.why.is_empty() && finding.fix.is_some();
            assert_eq!(full, troubled, "{finding:?}");
        }
        let worst = d.findings.iter().map(|f| f.verdict).max();
        assert_eq!(worst, Some(d.verdict));
    }
    let page = fs::read_to_string(format!("{}/../docs/doctor.md", env!("CARGO_MANIFEST_DIR"))).expect("the page");
    checks.extend(["jitter", "clock_read", "syscall", "hop"].map(str::to_owned));
    for check in checks {
        assert!(page.contains(&format!("| `{check}` |")), "docs/doctor.md does not explain {check}");
    }
}

fn plan(config: &str) -> Plan {
    let path = hosts::fixtures().join(format!("{config}.toml"));
    Plan::of(&Config::load(Some(&path), &Overrides::default()).expect("a config"))
}

fn examine(rig: &Rig, root: &str, config: &str) -> Diagnosis {
    doctor::examine(&Root::below(&rig.path(root)), &plan(config), config, None)
}

#[test]
fn colour_only_where_it_is_wanted() {
    let rig = rig("laptop", "laptop");
    let diagnosis = examine(&rig, "host", "laptop");
    assert!(render::words(&diagnosis, true).contains("\x1b[1;31mWILL HURT\x1b[0m"));
    assert!(!render::words(&diagnosis, false).contains('\x1b'));
    // Written to a file, not to a terminal.
    let done = rig.run(["doctor", "--root", "host", "--config", "engine.toml"]).expect(11);
    assert!(!done.out.contains('\x1b'));
}

#[test]
fn on_a_terminal_colour_stops_with_no_color() {
    let rig = rig("laptop", "laptop");
    let seen = |no_color: Option<&str>| {
        // script(1) gives the command a terminal.
        let line = format!("{} doctor --root host --config engine.toml", env!("CARGO_BIN_EXE_crosstick"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(rig.path("."));
        match no_color {
            Some(value) => command.env("NO_COLOR", value),
            None => command.env_remove("NO_COLOR"),
        };
        let output = command.output().expect("script");
        assert_eq!(output.status.code(), Some(11));
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(seen(None).contains("\x1b[1;31mWILL HURT\x1b[0m"));
    assert!(!seen(Some("1")).contains("\x1b[1;31m"));
    assert!(seen(Some("")).contains("\x1b[1;31m"), "an empty NO_COLOR means nothing");
}

#[test]
fn a_root_that_is_none_is_bad_usage() {
    let rig = Rig::new();
    rig.run(["doctor", "--root", "nowhere"]).fails(2, &["--root", "nowhere", "proc and sys"]);
    rig.write("file", "x");
    rig.run(["doctor", "--root", "file"]).fails(2, &["--root", "file"]);
    rig.run(["doctor", "--config", "nowhere.toml"]).fails(2, &["nowhere.toml"]);
    for seconds in ["0", "3601", "x"] {
        assert_eq!(rig.run(["doctor", "--seconds", seconds]).code, Some(2));
    }
}

#[test]
fn an_empty_host_is_unknown_not_wrong() {
    let rig = Rig::new();
    fs::create_dir(rig.path("host")).expect("a folder");
    let d = examine(&rig, "host", "laptop");
    assert_eq!((d.verdict, d.exit_code), (Verdict::Unknown, 0));
    assert!(d.findings.iter().all(|f| f.verdict == Verdict::Unknown || f.verdict == Verdict::Info), "{d:?}");
    assert!(render::words(&d, false).contains("fine, as far as can be seen"));
}

#[test]
fn bad_files_are_named_and_nothing_breaks() {
    let text = fs::read_to_string(hosts::fixtures().join("numa.host")).expect("a host");
    let files = hosts::files(&text);
    let huge = "7".repeat(16 << 20) + "7";
    let bad: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("binary", b"\x7fELF\x00\xff\xfe"),
        ("huge", huge.as_bytes()),
        ("line", b"\n\n \n"),
        ("words", b"no such thing"),
    ];
    for (kind, bytes) in bad {
        let rig = Rig::new();
        // A huge file at each of hundreds of paths would fill the disk: one file, linked.
        let one = rig.write("one", bytes);
        for (path, content) in &files {
            let full = rig.path("host").join(path.trim_start_matches('/'));
            fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
            if matches!(content, Content::File(_)) {
                fs::hard_link(&one, &full).expect("a link");
            }
        }
        let d = examine(&rig, "host", "numa");
        assert!(d.findings.len() >= 30, "{kind}");
        if kind == "huge" || kind == "binary" {
            let said = |text: &str| d.findings.iter().any(|f| f.verdict == Verdict::Unknown && f.found.contains(text));
            assert!(said(if kind == "huge" { "longer than 16 MiB" } else { "is not text" }), "{kind}: {d:?}");
        }
    }
}

#[test]
fn folders_pipes_and_locked_files_are_named_too() {
    let rig = Rig::new();
    hosts::host(&rig.path("host"), "tuned");
    let at = |path: &str| rig.path("host").join(path);
    let replace = |path: &str| fs::remove_file(at(path)).expect("a file");
    replace("proc/swaps");
    fs::create_dir(at("proc/swaps")).expect("a folder");
    // Whoever opens this to read would wait for ever.
    replace("proc/mounts");
    assert!(Command::new("mkfifo").arg(at("proc/mounts")).status().expect("mkfifo").success());
    fs::set_permissions(at("proc/meminfo"), fs::Permissions::from_mode(0o000)).expect("a mode");
    let d = examine(&rig, "host", "tuned");
    let found = |check: &str| d.findings.iter().find(|f| f.check == check).map(|f| (f.verdict, f.found.clone()));
    assert_eq!(found("swap"), Some((Verdict::Unknown, "/proc/swaps is not a file".into())));
    assert_eq!(found("dev_shm"), Some((Verdict::Unknown, "/proc/mounts is not a file".into())));
    // Root reads it all the same.
    let (verdict, _) = found("huge_pages").expect("a finding");
    assert!(matches!(verdict, Verdict::Unknown | Verdict::Info));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a few files hold, there is an answer, and it is one of the three.
    #[test]
    fn any_bytes_anywhere(
        host in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[0-9,:/N -]{0,40}".prop_map(String::into_bytes),
            "[ -~\n\t]{0,200}".prop_map(String::into_bytes),
        ]), 1..12),
    ) {
        let (host, config, _) = CASES[host];
        let rig = Rig::new();
        let text = fs::read_to_string(hosts::fixtures().join(format!("{host}.host"))).expect("a host");
        let files = hosts::files(&text);
        hosts::build(&rig.path("host"), &files);
        for (index, bytes) in changes {
            let (path, content) = &files[index.index(files.len())];
            if matches!(content, Content::File(_)) {
                fs::write(rig.path("host").join(path.trim_start_matches('/')), bytes).expect("a file");
            }
        }
        let d = examine(&rig, "host", config);
        prop_assert!([0, 10, 11].contains(&d.exit_code));
        prop_assert!(!render::words(&d, false).is_empty());
    }

    /// A list of CPUs reads back from its own words, and a mask names the same CPUs as the list.
    #[test]
    fn lists_and_masks(cpus in prop::collection::btree_set(0..256_usize, 0..40)) {
        let set: CpuSet = cpus.iter().copied().collect();
        prop_assert_eq!(CpuSet::from_list(&set.to_string()), Some(set.clone()));
        let mut groups = [0_u32; 8];
        for cpu in &cpus {
            groups[cpu / 32] |= 1 << (cpu % 32);
        }
        let mask: Vec<String> = groups.iter().rev().map(|group| format!("{group:08x}")).collect();
        prop_assert_eq!(CpuSet::from_mask(&mask.join(",")), Some(set));
    }
}

#[test]
fn lists_as_the_kernel_documents_them() {
    let list = |text: &str| CpuSet::from_list(text).map(|set| set.iter().collect::<Vec<_>>());
    // Documentation/admin-guide/kernel-parameters.rst: "1,2,10-20,100-2000:2/25".
    assert_eq!(list("1,2,10-12"), Some(vec![1, 2, 10, 11, 12]));
    assert_eq!(list("100-150:2/25"), Some(vec![100, 101, 125, 126, 150]));
    assert_eq!(list(""), Some(vec![]));
    assert_eq!(list("(null)"), Some(vec![]));
    for wrong in ["3-1", "x", "1-", "1,,2", "0-99999999", "0-4:1/0", "-1"] {
        assert_eq!(list(wrong), None, "{wrong}");
    }
    let boot = |text: &str| CpuSet::from_boot(text, 7).map(|set| set.to_string());
    assert_eq!(boot("managed_irq,domain,2-5").as_deref(), Some("2-5"));
    assert_eq!(boot("4-N").as_deref(), Some("4-7"));
    assert_eq!(boot("all").as_deref(), Some("0-7"));
    assert_eq!(CpuSet::from_mask("3,00000001").map(|set| set.to_string()).as_deref(), Some("0,32-33"));
}

/// The verdicts of some checks on the `numa` host when these CPUs are named.
fn pinned_to(host: &str, core: &str, readers: &str) -> Vec<(String, Verdict)> {
    let rig = rig(host, "numa");
    let text = fs::read_to_string(rig.path("engine.toml")).expect("a config");
    let text = text.replace("cpu = 4", &format!("cpu = {core}")).replace("[6]", readers);
    let path = rig.write("engine.toml", text);
    let plan = Plan::of(&Config::load(Some(&path), &Overrides::default()).expect("a config"));
    let d = doctor::examine(&Root::below(&rig.path("host")), &plan, "", None);
    d.findings.into_iter().map(|f| (f.check, f.verdict)).collect()
}

#[track_caller]
fn verdict(all: &[(String, Verdict)], check: &str) -> Verdict {
    all.iter().find(|(name, _)| name == check).unwrap_or_else(|| panic!("{check}")).1
}

#[test]
fn cpus_badly_chosen() {
    let zero = pinned_to("numa", "0", "[1]");
    assert_eq!(verdict(&zero, "placement"), Verdict::Advice, "cpu 0 is the kernel's");
    assert_eq!(verdict(&zero, "isolation"), Verdict::Advice);
    let absent = pinned_to("numa", "99", "[6]");
    assert_eq!(verdict(&absent, "placement"), Verdict::WillHurt);
    let siblings = pinned_to("cloud", "2", "[3]");
    assert_eq!(verdict(&siblings, "smt"), Verdict::WillHurt, "2 and 3 are one core there");
    // Nothing can be moved away from all CPUs, and nobody is advised to try.
    let all = pinned_to("container", "0", "[1]");
    assert_eq!(verdict(&all, "placement"), Verdict::WillHurt);
    for check in ["nohz_full", "isolation", "rcu_nocbs"] {
        assert!(verdict(&all, check) < Verdict::Advice, "{check}");
    }
}

/// The inline topology has one hot thread: it needs one CPU and one to spare, and nobody is told to pin readers.
#[test]
fn inline_is_one_hot_thread() {
    let rig = rig("numa", "numa");
    let text = fs::read_to_string(rig.path("engine.toml")).expect("a config");
    for (core, expected) in [("core = { cpu = 4, wait = \"spin\" }", Some(4)), ("", None)] {
        let threads = format!("topology = \"inline\"\n{core}\n");
        let (head, tail) = text.split_once("[threads]").expect("threads");
        let (_, venues) = tail.split_once("[[venue]]").expect("a venue");
        let path = rig.write("inline.toml", format!("{head}[threads]\n{threads}\n[[venue]]{venues}"));
        let plan = Plan::of(&Config::load(Some(&path), &Overrides::default()).expect("a config"));
        let d = doctor::examine(&Root::below(&rig.path("host")), &plan, "", None);
        let names: Vec<_> = d.threads.iter().map(|t| (t.name.as_str(), t.cpu, t.spins)).collect();
        assert_eq!(names, [("ct-core", expected, true)]);
        let placement = d.findings.iter().find(|f| f.check == "placement").expect("a check");
        assert!(!placement.fix.as_deref().unwrap_or_default().contains("readers ="), "{placement:?}");
    }
}

#[test]
fn readers_and_spare_cores_are_counted_as_run_does() {
    use crosstick_engine::run::topology::{leaves_spare_core, reader_count};
    assert_eq!([reader_count(0, 3), reader_count(2, 3), reader_count(5, 3), reader_count(2, 0)], [1, 2, 3, 1]);
    assert!(leaves_spare_core(3, 1) && !leaves_spare_core(2, 1) && !leaves_spare_core(1, 1));
}
