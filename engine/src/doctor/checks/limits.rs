//! What the system lets this process have: CPU time, CPUs, priority; and what virtualisation takes.

use crate::doctor::checks::memory::limit;
use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;
use crate::doctor::root::Look;

const GROUP: Group = Group::Limits;

/// Whether a control group stops the process when it has used its share.
pub fn quota(host: &Host<'_>) -> Finding {
    const CHECK: &str = "cpu_quota";
    let quota = match &host.quota {
        Ok(Some(quota)) => quota,
        Ok(None) => return Finding::fine(GROUP, CHECK, "none"),
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let cpus = format!("{}.{:02}", quota.milli_cpus / 1000, quota.milli_cpus % 1000 / 10);
    let stopped = quota.throttled.map_or_else(String::new, |n| format!(", stopped {n} times so far"));
    let found = format!("{cpus} CPUs in each {} ms{stopped}", quota.period_us / 1000);
    let spinning = host.threads.iter().filter(|t| t.spins).count() as u64;
    let finding = if spinning > 0 || quota.throttled.is_some_and(|n| n > 0) {
        Finding::hurts(GROUP, CHECK, found)
    } else {
        Finding::advice(GROUP, CHECK, found)
    };
    finding
        .wanted("no quota: whole CPUs instead (cpuset)")
        .why(format!(
            "when the share is used up {} stand still for the rest of {} ms",
            host.who(),
            quota.period_us / 1000
        ))
        .fix("systemd: CPUQuota= left out; docker: --cpuset-cpus instead of --cpus; kubernetes: static CPU manager")
}

/// Whether the process may use all CPUs.
pub fn cpuset(host: &Host<'_>) -> Finding {
    const CHECK: &str = "cpuset";
    let (online, pinnable) = match (&host.online, &host.pinnable) {
        (Ok(online), Ok(pinnable)) => (online, pinnable),
        (Err(error), _) | (_, Err(error)) => return Finding::unknown(GROUP, CHECK, error),
    };
    let kept = online.without(pinnable);
    if kept.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("all of {} may be used", online.words()));
    }
    Finding::info(GROUP, CHECK, format!("{} of {} may be used", pinnable.words(), online.words()))
}

/// Whether threads could ask for real-time priority.
pub fn real_time(host: &Host<'_>) -> Finding {
    const CHECK: &str = "rtprio";
    match limit(host, "Max realtime priority") {
        Ok(text) if text == "0" => Finding::info(GROUP, CHECK, "not granted; the engine asks for none"),
        Ok(text) => Finding::info(GROUP, CHECK, format!("up to {text} granted; the engine asks for none")),
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}

/// Whether real-time threads that spin are stopped for a share of each second.
pub fn real_time_throttling(host: &Host<'_>) -> Finding {
    const CHECK: &str = "rt_throttling";
    let runtime = match host.root.number("/proc/sys/kernel/sched_rt_runtime_us") {
        Ok(us) => us,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let period = host.root.number("/proc/sys/kernel/sched_rt_period_us").unwrap_or(1_000_000);
    if runtime < 0 || runtime >= period {
        return Finding::fine(GROUP, CHECK, "off");
    }
    let pause_ms = (period - runtime) / 1000;
    match is_real_time(host) {
        Ok(true) if host.spins() => Finding::hurts(GROUP, CHECK, format!("on: {pause_ms} ms of each second are kept"))
            .wanted("off, since this process runs with real-time priority")
            .why(format!("a real-time thread that spins stands still for {pause_ms} ms each second"))
            .fix("sudo sysctl kernel.sched_rt_runtime_us=-1, or run without chrt and CPUSchedulingPolicy="),
        Ok(_) => Finding::info(GROUP, CHECK, "on, for real-time threads alone; the engine's are none"),
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}

/// Whether this process was started with a real-time policy, which its threads inherit.
fn is_real_time(host: &Host<'_>) -> Look<bool> {
    let text = host.root.text("/proc/self/stat")?;
    // The name, in parentheses, may hold anything; the policy is field 41.
    let policy = text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(41 - 3));
    let policy = policy.and_then(|field| field.parse::<u32>().ok());
    policy
        .map(|policy| matches!(policy, 1 | 2 | 6))
        .ok_or_else(|| crate::doctor::root::Unread::Odd("/proc/self/stat holds no policy".into()))
}

/// Whether this is a virtual machine or a container.
pub fn virtualisation(host: &Host<'_>) -> Finding {
    const CHECK: &str = "virtualisation";
    let vendor = ["sys_vendor", "product_name"].map(|name| host.root.text(&format!("/sys/class/dmi/id/{name}")));
    let vendor: Vec<String> = vendor.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let vendor = if vendor.is_empty() { String::new() } else { format!(" ({})", vendor.join(", ")) };
    let container = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"].iter().any(|f| host.root.has(f));
    let inside = if container { ", inside a container" } else { "" };
    match host.root.field("/proc/cpuinfo", "flags") {
        Ok(flags) if flags.split_whitespace().any(|flag| flag == "hypervisor") => {
            let found =
                format!("a virtual machine{vendor}{inside}: its host may take CPUs away; jitter shows how often");
            Finding::info(GROUP, CHECK, found)
        }
        Ok(_) => Finding::fine(GROUP, CHECK, format!("bare metal{vendor}{inside}")),
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}

/// How much time the hypervisor gave to others.
pub fn steal(host: &Host<'_>) -> Finding {
    const CHECK: &str = "steal";
    let text = match host.root.text("/proc/stat") {
        Ok(text) => text,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let fields: Vec<u64> = text
        .lines()
        .find_map(|line| line.strip_prefix("cpu "))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; guest time is part of user time.
    let (total, Some(stolen)) = (fields.iter().take(8).fold(0, |a: u64, n| a.saturating_add(*n)), fields.get(7)) else {
        return Finding::unknown(GROUP, CHECK, "/proc/stat does not tell");
    };
    let ppm = u64::try_from(u128::from(*stolen) * 1_000_000 / u128::from(total.max(1))).unwrap_or(u64::MAX);
    let found = format!("{}.{:04} % of the time since the start", ppm / 10_000, ppm % 10_000);
    let why = "while the hypervisor runs somebody else all of this machine's threads on that CPU stand still";
    let fix = "a host with CPUs of its own (dedicated, metal)";
    match ppm {
        0..1_000 => Finding::fine(GROUP, CHECK, found),
        1_000..10_000 => Finding::advice(GROUP, CHECK, found).wanted("below 0.1 %").why(why).fix(fix),
        _ => Finding::hurts(GROUP, CHECK, found).wanted("below 0.1 %").why(why).fix(fix),
    }
}

/// What the kernel does against flaws of the CPU, which makes system calls dearer.
pub fn mitigations(host: &Host<'_>) -> Finding {
    const CHECK: &str = "mitigations";
    const FOLDER: &str = "/sys/devices/system/cpu/vulnerabilities";
    let names = match host.root.names(FOLDER) {
        Ok(names) => names,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let states: Vec<String> = names.iter().filter_map(|n| host.root.text(&format!("{FOLDER}/{n}")).ok()).collect();
    let count = |word: &str| states.iter().filter(|state| state.starts_with(word)).count();
    let boot = host.boot("mitigations").map_or_else(String::new, |word| format!(", mitigations={word}"));
    let (active, open) = (count("Mitigation"), count("Vulnerable"));
    let found =
        format!("{active} at work, {open} flaws open, of {} known{boot}; they make system calls dearer", states.len());
    Finding::info(GROUP, CHECK, found)
}
