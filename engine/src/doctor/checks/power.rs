//! How fast the hot CPUs are, and how fast they wake.

use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;
use crate::doctor::root::Look;

const GROUP: Group = Group::Power;
/// A wake-up that takes longer than this is felt beside the kernel's own, µs.
const WAKE_US_MAX: i64 = 10;

/// Whether the hot CPUs run at full speed.
pub fn governor(host: &Host<'_>) -> Finding {
    const CHECK: &str = "governor";
    let mut slow: Vec<(usize, String)> = Vec::new();
    let mut missing = None;
    for cpu in host.hot.iter() {
        match host.root.text(&format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor")) {
            Ok(name) if name == "performance" => {}
            Ok(name) => slow.push((cpu, name)),
            Err(error) => missing = Some(error),
        }
    }
    if let Some((_, name)) = slow.first() {
        let cpus: crate::doctor::cpus::CpuSet = slow.iter().map(|(cpu, _)| *cpu).collect();
        let found = format!("{name} on {}", cpus.words());
        let fix =
            format!("scripts/tune-host --cpus {} --apply, or: sudo cpupower frequency-set -g performance", host.hot);
        let why = format!("{} would run below full speed until the kernel notices load", host.who());
        // schedutil and ondemand follow the load of a spinning thread; powersave may hold the lowest speed.
        let finding = if name == "powersave" || host.parks() {
            Finding::hurts(GROUP, CHECK, found)
        } else {
            Finding::advice(GROUP, CHECK, found)
        };
        return finding.wanted("performance on the CPUs of hot threads").why(why).fix(fix);
    }
    match missing {
        Some(_) if host.root.has("/sys/devices/system/cpu") => {
            Finding::info(GROUP, CHECK, "the kernel does not steer the speed of these CPUs (usual for a guest)")
        }
        Some(error) => Finding::unknown(GROUP, CHECK, error),
        None if host.hot.is_empty() => Finding::unknown(GROUP, CHECK, "no CPU is known"),
        None => Finding::fine(GROUP, CHECK, format!("performance on {}", host.hot.words())),
    }
}

/// Whether CPUs may go above their nominal speed.
pub fn turbo(host: &Host<'_>) -> Finding {
    const CHECK: &str = "turbo";
    let on = is_turbo_on(host);
    match on {
        Ok(true) => Finding::info(
            GROUP,
            CHECK,
            "on: faster, but the speed moves with heat and with what other cores do; off for steadier figures",
        ),
        Ok(false) => Finding::info(GROUP, CHECK, "off: a steady speed, below the fastest that this CPU can"),
        Err(_) if host.root.has("/sys/devices/system/cpu") => {
            Finding::info(GROUP, CHECK, "not in the hands of this kernel")
        }
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}

/// Whether turbo is on.
///
/// # Errors
/// When neither driver tells.
pub fn is_turbo_on(host: &Host<'_>) -> Look<bool> {
    let intel = host.root.number("/sys/devices/system/cpu/intel_pstate/no_turbo").map(|off| off == 0);
    intel.or_else(|_| host.root.number("/sys/devices/system/cpu/cpufreq/boost").map(|on| on == 1))
}

/// Whether the hot CPUs may sleep so deeply that waking takes long.
pub fn c_states(host: &Host<'_>) -> Finding {
    const CHECK: &str = "c_states";
    let mut deepest: Option<(i64, String, usize)> = None;
    let mut seen = false;
    for cpu in host.hot.iter() {
        let folder = format!("/sys/devices/system/cpu/cpu{cpu}/cpuidle");
        for state in host.root.names(&folder).unwrap_or_default() {
            let file = |name: &str| format!("{folder}/{state}/{name}");
            let Ok(latency_us) = host.root.number(&file("latency")) else { continue };
            seen = true;
            if host.root.number(&file("disable")) == Ok(1) {
                continue;
            }
            if deepest.as_ref().is_none_or(|(most, ..)| latency_us > *most) {
                let name = host.root.text(&file("name")).unwrap_or(state);
                deepest = Some((latency_us, name, cpu));
            }
        }
    }
    if host.boot("idle").is_some_and(|idle| idle == "poll") {
        return Finding::fine(GROUP, CHECK, "idle=poll: CPUs never sleep");
    }
    match deepest {
        Some((latency_us, name, cpu)) if latency_us > WAKE_US_MAX => too_deep(host, latency_us, &name, cpu),
        Some((latency_us, name, _)) => {
            Finding::fine(GROUP, CHECK, format!("deepest is {name}, which wakes in {latency_us} µs"))
        }
        None if seen => Finding::fine(GROUP, CHECK, "all are off"),
        None if host.root.has("/sys/devices/system/cpu") => {
            Finding::info(GROUP, CHECK, "the kernel does not steer the sleep of these CPUs (usual for a guest)")
        }
        None => Finding::unknown(GROUP, CHECK, "no /sys/devices/system/cpu"),
    }
}

fn too_deep(host: &Host<'_>, latency_us: i64, name: &str, cpu: usize) -> Finding {
    const CHECK: &str = "c_states";
    let found = format!("cpu {cpu} may sleep in {name}, which takes {latency_us} µs to wake from");
    let (finding, why) = if host.parks() {
        let why = format!("{} sleep when idle: the next tick waits {latency_us} µs for its CPU", host.who());
        (Finding::hurts(GROUP, CHECK, found), why)
    } else {
        let why = "spinning threads keep their own CPUs awake; others' sleep slows what they share, and the start";
        (Finding::advice(GROUP, CHECK, found), why.to_owned())
    };
    finding
        .wanted(format!("no sleep that takes more than {WAKE_US_MAX} µs on the CPUs of hot threads"))
        .why(why)
        .fix(format!("scripts/tune-host --cpus {} --apply, or kernel command line: intel_idle.max_cstate=1", host.hot))
}
