//! What time costs, and whether it is right.

use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;

const GROUP: Group = Group::Clocks;
const FOLDER: &str = "/sys/devices/system/clocksource/clocksource0";

/// What the kernel's clock reads.
pub fn source(host: &Host<'_>) -> Finding {
    const CHECK: &str = "clock_source";
    let current = match host.root.text(&format!("{FOLDER}/current_clocksource")) {
        Ok(name) => name,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let available = host.root.text(&format!("{FOLDER}/available_clocksource")).unwrap_or_default();
    let has_tsc = available.split_whitespace().any(|name| name == "tsc");
    let fix = if has_tsc {
        format!("echo tsc | sudo tee {FOLDER}/current_clocksource")
    } else {
        "kernel command line: tsc=reliable, where the host's maker says so; else another host".to_owned()
    };
    match current.as_str() {
        "tsc" => Finding::fine(GROUP, CHECK, "tsc"),
        "kvm-clock" | "hyperv_clocksource_tsc_page" | "xen" if has_tsc => {
            Finding::advice(GROUP, CHECK, format!("{current}, and tsc is there"))
                .wanted("tsc")
                .why("the engine stamps with the TSC; a system clock on another counter drifts against it")
                .fix(fix)
        }
        "kvm-clock" | "hyperv_clocksource_tsc_page" | "xen" => {
            Finding::info(GROUP, CHECK, format!("{current}: the hypervisor's own, read without a system call"))
        }
        other => Finding::hurts(GROUP, CHECK, format!("{other}; the kernel does not trust the TSC"))
            .wanted("tsc")
            .why("hot threads stamp with the TSC: where it is not steady, ages and latencies are wrong")
            .fix(fix),
    }
}

/// Whether the time-stamp counter ticks at one rate, always.
pub fn tsc(host: &Host<'_>) -> Finding {
    const CHECK: &str = "tsc";
    let flags = match host.root.field("/proc/cpuinfo", "flags") {
        Ok(flags) => flags,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let has = |flag: &str| flags.split_whitespace().any(|f| f == flag);
    match (has("constant_tsc"), has("nonstop_tsc")) {
        (true, true) => Finding::fine(GROUP, CHECK, "constant_tsc and nonstop_tsc"),
        (constant, _) => {
            let missing = if constant { "nonstop_tsc" } else { "constant_tsc" };
            Finding::hurts(GROUP, CHECK, format!("the CPU lacks {missing}"))
                .wanted("constant_tsc and nonstop_tsc")
                .why(format!("{} stamp each tick: without them each stamp asks the system clock", host.who()))
                .fix("another host; in a virtual machine let the hypervisor pass an invariant TSC")
        }
    }
}

/// What the kernel says of its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelClock {
    /// Whether something keeps it in step.
    pub synchronised: bool,
    /// Greatest error that is thought possible, µs.
    pub max_error_us: i64,
}

/// Whether something keeps the clock right. `kernel` is `None` for a made-up host.
pub fn sync(host: &Host<'_>, kernel: Option<KernelClock>) -> Finding {
    const CHECK: &str = "clock_sync";
    const DAEMONS: &[(&str, &str)] = &[
        ("/run/chrony/chronyd.pid", "chrony"),
        ("/run/chrony/chronyd.sock", "chrony"),
        ("/run/systemd/timesync/synchronized", "systemd-timesyncd"),
        ("/run/ntpd.pid", "ntpd"),
        ("/run/ptp4l", "ptp4l"),
        ("/run/phc2sys", "phc2sys"),
    ];
    let daemon = DAEMONS.iter().find(|(file, _)| host.root.has(file)).map(|(_, name)| *name);
    let by = daemon.map_or_else(String::new, |name| format!(" by {name}"));
    match (kernel, daemon) {
        (Some(KernelClock { synchronised: true, max_error_us }), _) => {
            Finding::fine(GROUP, CHECK, format!("kept in step{by}, at most {max_error_us} µs off"))
        }
        (None, Some(name)) => Finding::fine(GROUP, CHECK, format!("{name} is there")),
        (None, None) if !host.root.has("/run") => Finding::unknown(GROUP, CHECK, "no /run"),
        (kernel, _) => {
            let found = if kernel.is_some() {
                format!(
                    "the kernel says that nothing keeps its clock in step{}",
                    if by.is_empty() { "" } else { " yet" }
                )
            } else {
                "nothing seems to keep the clock in step".to_owned()
            };
            Finding::advice(GROUP, CHECK, found)
                .wanted("chrony, ntpd or ptp4l at work, less than a few ms off")
                .why("venues refuse signed requests of a wrong time, and venue latencies are wrong by its error")
                .fix("sudo apt-get install chrony")
        }
    }
}
