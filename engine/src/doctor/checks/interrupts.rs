//! What interrupts the hot CPUs.

use std::collections::BTreeMap;

use crate::doctor::cpus::CpuSet;
use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;
use crate::doctor::root::Root;

const GROUP: Group = Group::Interrupts;
/// Interrupts named in a finding; more are counted.
const NAMED: usize = 4;

/// Where interrupts of new devices go.
pub fn default_affinity(host: &Host<'_>) -> Finding {
    const CHECK: &str = "default_irq_affinity";
    const FILE: &str = "/proc/irq/default_smp_affinity";
    let text = match host.root.text(FILE) {
        Ok(text) => text,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let Some(cpus) = CpuSet::from_mask(&text) else {
        return Finding::unknown(GROUP, CHECK, format!("{FILE} holds no mask"));
    };
    if host.pinned.is_empty() {
        return Finding::info(GROUP, CHECK, format!("{}; no thread is pinned", cpus.words()));
    }
    if host.others().is_empty() {
        return Finding::info(GROUP, CHECK, format!("{}; hot threads are pinned to all CPUs there are", cpus.words()));
    }
    let hot = cpus.and(&host.pinned);
    if hot.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("{}, none of them hot", cpus.words()));
    }
    Finding::advice(GROUP, CHECK, format!("interrupts of new devices may go to {}", hot.words()))
        .wanted(format!("{} alone", host.others().words()))
        .why("a device that comes up later would interrupt a hot thread")
        .fix(format!("scripts/tune-host --cpus {} --apply", host.pinned))
}

struct Irq {
    number: String,
    name: String,
    count: u64,
}

/// Which interrupts may go to hot CPUs.
pub fn affinity(host: &Host<'_>) -> Finding {
    const CHECK: &str = "irq_affinity";
    let numbers = match host.root.names("/proc/irq") {
        Ok(names) => names,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    if host.pinned.is_empty() {
        return Finding::info(GROUP, CHECK, "no thread is pinned; interrupts may go anywhere");
    }
    if host.others().is_empty() {
        return Finding::info(GROUP, CHECK, "hot threads are pinned to all CPUs there are: nowhere else to go");
    }
    let fired = fired(host.root, &host.pinned);
    let (mut hot, mut readable) = (Vec::new(), 0);
    for number in numbers.into_iter().filter(|n| n.parse::<u32>().is_ok()) {
        let file = |name: &str| host.root.cpus(&format!("/proc/irq/{number}/{name}"));
        // Where it goes counts, not where it might: with several CPUs allowed the kernel picks one.
        let effective = file("effective_affinity_list").ok().filter(|cpus| !cpus.is_empty());
        let Some(cpus) = effective.or_else(|| file("smp_affinity_list").ok()) else { continue };
        readable += 1;
        if !cpus.and(&host.pinned).is_empty() {
            let (name, count) = fired.get(&number).cloned().unwrap_or_default();
            hot.push(Irq { number, name, count });
        }
    }
    let active = hot.iter().filter(|irq| irq.count > 0).count();
    if readable == 0 {
        return Finding::unknown(GROUP, CHECK, "no interrupt tells its CPUs");
    }
    if hot.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("none of {readable} interrupts goes to {}", host.pinned.words()));
    }
    hot.sort_by_key(|irq| std::cmp::Reverse(irq.count));
    let named: Vec<String> = hot.iter().take(NAMED).map(words).collect();
    let more = if hot.len() > NAMED { format!(" and {} more", hot.len() - NAMED) } else { String::new() };
    let found =
        format!("{} of {readable} interrupts go to {}: {}{more}", hot.len(), host.pinned.words(), named.join(", "));
    if active == 0 {
        return Finding::info(GROUP, CHECK, format!("{found}; none has come there since the start"));
    }
    let balanced = if host.root.has("/run/irqbalance") || host.root.has("/run/irqbalance.pid") {
        "sudo systemctl stop irqbalance (it moves them back); "
    } else {
        ""
    };
    Finding::advice(GROUP, CHECK, found)
        .wanted(format!("all of them on {}", host.others().words()))
        .why("each takes a hot thread's CPU for some microseconds, and its handler's data takes the caches")
        .fix(format!("{balanced}scripts/tune-host --cpus {} --apply", host.pinned))
}

fn words(irq: &Irq) -> String {
    let name = if irq.name.is_empty() { "unnamed" } else { &irq.name };
    format!("{} ({name}, {} so far)", irq.number, irq.count)
}

/// Names of interrupts, and how often each came on `cpus`.
fn fired(root: &Root, cpus: &CpuSet) -> BTreeMap<String, (String, u64)> {
    let Ok(text) = root.text("/proc/interrupts") else { return BTreeMap::new() };
    let mut lines = text.lines();
    let columns: Vec<Option<usize>> = lines
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|head| head.strip_prefix("CPU").and_then(|n| n.parse().ok()))
        .collect();
    let row = |line: &str| {
        let (number, rest) = line.trim_start().split_once(':')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let counted = columns.iter().zip(&fields).filter(|(cpu, _)| cpu.is_some_and(|cpu| cpus.has(cpu)));
        let count = counted.filter_map(|(_, n)| n.parse::<u64>().ok()).fold(0, u64::saturating_add);
        let name = fields.get(columns.len()..).and_then(<[&str]>::last).copied().unwrap_or_default();
        Some((number.to_owned(), (name.to_owned(), count)))
    };
    lines.filter_map(row).collect()
}

/// Whether the kernel's lock-up watchdog interrupts hot CPUs.
pub fn watchdog(host: &Host<'_>) -> Finding {
    const CHECK: &str = "nmi_watchdog";
    match host.root.number("/proc/sys/kernel/nmi_watchdog") {
        Ok(0) => Finding::fine(GROUP, CHECK, "off"),
        Ok(_) if !host.spins() => Finding::info(GROUP, CHECK, "on; no thread spins here, so it costs next to nothing"),
        Ok(_) => Finding::advice(GROUP, CHECK, "on")
            .wanted("off")
            .why(format!("it interrupts {} every few seconds and keeps a performance counter busy", host.who()))
            .fix("sudo sysctl kernel.nmi_watchdog=0"),
        Err(error) if error.is_missing() && host.root.has("/proc/sys/kernel") => {
            Finding::fine(GROUP, CHECK, "this kernel has none")
        }
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}
