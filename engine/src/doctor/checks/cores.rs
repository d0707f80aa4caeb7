//! Where the hot threads run, and who else runs there.

use crate::doctor::cpus::CpuSet;
use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;

const GROUP: Group = Group::Cores;

/// Whether each hot thread has a CPU of its own that exists.
pub fn placement(host: &Host<'_>) -> Finding {
    const CHECK: &str = "placement";
    let count = host.threads.len();
    let online = match (&host.online, &host.pinnable) {
        (Ok(online), Ok(pinnable)) => online.and(pinnable),
        (Err(error), _) | (_, Err(error)) => return Finding::unknown(GROUP, CHECK, error),
    };
    let missing = host.pinned.without(&online);
    if !missing.is_empty() {
        return Finding::hurts(GROUP, CHECK, format!("{} cannot be used: off, absent or not granted", missing.words()))
            .wanted(format!("CPUs out of {online}"))
            .why(format!("{} would run unpinned, wherever the scheduler puts them", host.who()))
            .fix("name other CPUs in [threads] core and readers");
    }
    let pinned = host.threads.iter().filter(|t| t.cpu.is_some()).count();
    if pinned > host.pinned.len() {
        return Finding::hurts(GROUP, CHECK, format!("{pinned} hot threads pinned to {}", host.pinned.words()))
            .wanted("a CPU for each hot thread")
            .why("two threads on one CPU take turns of milliseconds, however fast each is")
            .fix("name different CPUs in [threads] core and readers");
    }
    let spinning = host.threads.iter().filter(|t| t.spins).count();
    // Pinned threads may use isolated CPUs, which the scheduler's own count leaves out.
    let usable = if pinned == count { online.len() } else { host.cores };
    if spinning >= usable.max(2) {
        return Finding::hurts(GROUP, CHECK, format!("{spinning} threads spin, {usable} CPUs are usable"))
            .wanted("a CPU more than spinning threads, at least")
            .why("main thread, journal and kernel need a CPU too: they would take it from a spinning thread")
            .fix("set wait = \"auto\" in [threads], or use a host with more CPUs");
    }
    if host.pinned.has(0) && pinned == count {
        return Finding::advice(GROUP, CHECK, format!("{} runs on cpu 0", host.on(0)))
            .wanted("any other CPU")
            .why("the kernel does its own work on cpu 0, timekeeping among it, and no setting takes all of it away")
            .fix("name another CPU in [threads]");
    }
    if pinned == count {
        return Finding::fine(GROUP, CHECK, format!("each hot thread on a CPU of its own: {}", host.pinned));
    }
    unpinned(host, count)
}

fn unpinned(host: &Host<'_>, count: usize) -> Finding {
    const CHECK: &str = "placement";
    let hot = &host.hot;
    let pinned = host.threads.iter().filter(|t| t.cpu.is_some()).count();
    if pinned > 0 {
        return Finding::advice(GROUP, CHECK, format!("{pinned} of {count} hot threads are pinned"))
            .wanted("all of them, or none")
            .why("the scheduler may put an unpinned hot thread beside a pinned one")
            .fix("name a CPU for each in [threads] core and readers");
    }
    if let Some(cpus) = host.suggested(count).filter(|_| host.cores > count) {
        let mut all = cpus.iter();
        let core = all.next().unwrap_or_default();
        let readers: Vec<String> = all.map(|cpu| cpu.to_string()).collect();
        let readers = match readers.as_slice() {
            // One loop does all.
            [] => String::new(),
            cpus => format!(", readers = {{ cpus = [{}], wait = \"spin\" }}", cpus.join(", ")),
        };
        return Finding::advice(GROUP, CHECK, format!("placed automatically: any of {}", hot.words()))
            .wanted("each hot thread pinned to a CPU of its own")
            .why(format!("when the scheduler moves {} the caches are cold and a tick waits", host.who()))
            .fix(format!("[threads] core = {{ cpu = {core}, wait = \"spin\" }}{readers}"));
    }
    Finding::advice(GROUP, CHECK, format!("{count} hot threads on {}, which also run the rest", hot.words()))
        .wanted(format!("{} CPUs or more", count + 1))
        .why(format!("{} sleep when idle here, so each hand-over costs a wake-up", host.who()))
        .fix("a host with more CPUs; on this one leave the threads unpinned and wait = \"auto\"")
}

/// Whether a hot thread shares its core with another hardware thread.
pub fn smt(host: &Host<'_>) -> Finding {
    const CHECK: &str = "smt";
    if host.hot.is_empty() {
        return Finding::unknown(GROUP, CHECK, "no CPU is known");
    }
    let mut idle_pairs = CpuSet::default();
    let mut hot_pairs = Vec::new();
    for cpu in host.hot.iter() {
        let siblings = match host.siblings(cpu) {
            Ok(siblings) => siblings.without(&[cpu].into_iter().collect()),
            Err(error) => return Finding::unknown(GROUP, CHECK, error),
        };
        let hot = siblings.and(&host.hot);
        hot_pairs.extend(hot.iter().filter(|other| *other > cpu).map(|other| format!("{cpu} and {other}")));
        idle_pairs = idle_pairs.or(&siblings.without(&host.hot));
    }
    let idle_pairs = host.online.as_ref().map(|online| idle_pairs.and(online)).unwrap_or(idle_pairs);
    let off = "echo off | sudo tee /sys/devices/system/cpu/smt/control";
    if !hot_pairs.is_empty() && !host.pinned.is_empty() {
        return Finding::hurts(GROUP, CHECK, format!("hot threads share a core: cpus {}", hot_pairs.join(", ")))
            .wanted("a core for each hot thread")
            .why("two threads that spin on one core halve each other's speed")
            .fix("name CPUs of different cores in [threads]");
    }
    if !hot_pairs.is_empty() {
        return Finding::advice(GROUP, CHECK, format!("on; cores are shared: cpus {}", hot_pairs.join(", ")))
            .wanted("off, or hot threads pinned to different cores")
            .why(format!("the scheduler may put {} on one core", host.who()))
            .fix(off);
    }
    if !idle_pairs.is_empty() {
        return Finding::advice(GROUP, CHECK, format!("on; {} share the cores of hot threads", idle_pairs.words()))
            .wanted("nothing else on the cores of hot threads")
            .why("work on the other half of a core takes its caches and execution units")
            .fix(off);
    }
    Finding::fine(GROUP, CHECK, format!("{} share their cores with nothing", host.hot.words()))
}

/// What is said of the checks that only make sense for pinned threads, and where others have a CPU left.
fn not_pinned(host: &Host<'_>, check: &str, what: &str) -> Option<Finding> {
    if host.pinned.is_empty() {
        return Some(Finding::info(GROUP, check, format!("no thread is pinned; {what}")));
    }
    let all = host.online.is_ok() && host.others().is_empty();
    all.then(|| Finding::info(GROUP, check, "hot threads are pinned to all CPUs there are; see placement"))
}

/// The words for the kernel's command line that give hot threads their CPUs alone.
fn boot_words(host: &Host<'_>) -> String {
    let cpus = &host.pinned;
    format!("kernel command line: isolcpus=managed_irq,domain,{cpus} nohz_full={cpus} rcu_nocbs={cpus}, then reboot")
}

/// Whether the scheduler keeps other threads off the hot CPUs.
pub fn isolation(host: &Host<'_>) -> Finding {
    const CHECK: &str = "isolation";
    if let Err(error) = host.root.cpus("/sys/devices/system/cpu/isolated")
        && host.boot("isolcpus").is_none()
        && host.root.text("/proc/cmdline").is_err()
    {
        return Finding::unknown(GROUP, CHECK, error);
    }
    let isolated = &host.isolated;
    if host.pinned.is_empty() && !isolated.is_empty() {
        return Finding::advice(
            GROUP,
            CHECK,
            format!("{} are isolated, and no hot thread uses them", isolated.words()),
        )
        .wanted("hot threads on the isolated CPUs")
        .why("the scheduler never puts an unpinned thread there: the best CPUs of this host are idle")
        .fix("name them in [threads] core and readers");
    }
    if let Some(finding) = not_pinned(host, CHECK, "isolation would only take CPUs away from it") {
        return finding;
    }
    let open = host.pinned.without(isolated);
    if open.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("{} isolated", isolated.words()));
    }
    Finding::advice(GROUP, CHECK, format!("{} not isolated", open.words()))
        .wanted("no other thread on the CPUs of hot threads")
        .why(format!("any process may take a CPU from {} for some milliseconds", names_on(host, &open)))
        .fix(boot_words(host))
}

/// Whether the periodic timer tick is off on hot CPUs.
pub fn nohz_full(host: &Host<'_>) -> Finding {
    const CHECK: &str = "nohz_full";
    if let Some(finding) = not_pinned(host, CHECK, "the timer tick stays") {
        return finding;
    }
    let found = host.root.cpus("/sys/devices/system/cpu/nohz_full");
    let set = match (found, host.boot_cpus("nohz_full")) {
        (Ok(cpus), _) => cpus,
        (Err(_), Some(cpus)) => cpus,
        (Err(error), None) if host.root.text("/proc/cmdline").is_err() => {
            return Finding::unknown(GROUP, CHECK, error);
        }
        (Err(_), None) => CpuSet::default(),
    };
    let open = host.pinned.without(&set);
    if open.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("no timer tick on {}", host.pinned.words()));
    }
    Finding::advice(GROUP, CHECK, format!("the timer ticks on {}", open.words()))
        .wanted("nohz_full for the CPUs of hot threads")
        .why(format!("the tick stops {} for some microseconds, 100 to 1000 times a second", names_on(host, &open)))
        .fix(boot_words(host))
}

/// Whether the kernel's deferred work runs elsewhere.
pub fn rcu_nocbs(host: &Host<'_>) -> Finding {
    const CHECK: &str = "rcu_nocbs";
    if let Some(finding) = not_pinned(host, CHECK, "deferred kernel work runs where it arises") {
        return finding;
    }
    if let Err(error) = host.root.text("/proc/cmdline") {
        return Finding::unknown(GROUP, CHECK, error);
    }
    // A CPU without tick gets its callbacks taken away, too.
    let nohz = host.boot_cpus("nohz_full").unwrap_or_default();
    let set = host.boot_cpus("rcu_nocbs").unwrap_or_default().or(&nohz);
    let open = host.pinned.without(&set);
    if open.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("deferred kernel work stays off {}", host.pinned.words()));
    }
    Finding::advice(GROUP, CHECK, format!("deferred kernel work may run on {}", open.words()))
        .wanted("rcu_nocbs for the CPUs of hot threads")
        .why(format!("callbacks of other processes' memory and sockets run in the time of {}", names_on(host, &open)))
        .fix(boot_words(host))
}

fn names_on(host: &Host<'_>, cpus: &CpuSet) -> String {
    let here = host.threads.iter().filter(|t| t.cpu.is_some_and(|cpu| cpus.has(cpu)));
    here.map(|t| t.name.as_str()).collect::<Vec<_>>().join(" and ")
}

/// Whether the hot threads share a memory node.
pub fn numa(host: &Host<'_>) -> Finding {
    const CHECK: &str = "numa";
    let nodes = match host.root.cpus("/sys/devices/system/node/online") {
        Ok(nodes) => nodes,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    if nodes.len() <= 1 {
        return Finding::fine(GROUP, CHECK, "one memory node");
    }
    let used: Vec<String> = nodes
        .iter()
        .filter_map(|node| {
            let here = host.node_cpus(node)?.and(&host.hot);
            (!here.is_empty()).then(|| format!("node {node}: {}", here.words()))
        })
        .collect();
    if used.len() == 1 {
        return Finding::fine(GROUP, CHECK, format!("of {} memory nodes one is used, {}", nodes.len(), used[0]));
    }
    let why = "each tick and each order crosses the link between sockets, and so does every shared cache line";
    let fix = "name CPUs of one node in [threads], the card's node best";
    if host.pinned.is_empty() {
        return Finding::advice(GROUP, CHECK, format!("hot threads may be put on several nodes: {}", used.join("; ")))
            .wanted("hot threads on one memory node")
            .why(why)
            .fix(fix);
    }
    Finding::hurts(GROUP, CHECK, format!("hot threads lie on {} nodes: {}", used.len(), used.join("; ")))
        .wanted("hot threads on one memory node")
        .why(why)
        .fix(fix)
}

/// Whether the kernel moves memory between nodes behind the threads' backs.
pub fn numa_balancing(host: &Host<'_>) -> Finding {
    const CHECK: &str = "numa_balancing";
    match host.root.number("/proc/sys/kernel/numa_balancing") {
        Ok(0) => Finding::fine(GROUP, CHECK, "off"),
        Ok(_) if host.root.cpus("/sys/devices/system/node/online").is_ok_and(|nodes| nodes.len() <= 1) => {
            Finding::fine(GROUP, CHECK, "on, with a single memory node: nothing to balance")
        }
        Ok(_) => Finding::advice(GROUP, CHECK, "on")
            .wanted("off")
            .why(format!("it makes pages of {} fault on purpose, to see who uses them", host.who()))
            .fix("sudo sysctl kernel.numa_balancing=0"),
        Err(error) if error.is_missing() && host.root.has("/proc/sys/kernel") => {
            Finding::fine(GROUP, CHECK, "this kernel has none")
        }
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}
