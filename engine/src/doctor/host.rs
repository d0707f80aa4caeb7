//! What every check starts from: the hot threads of a config, where they would run, and the CPUs that there are.

use crosstick_ring::WaitPolicy;
use serde::{Deserialize, Serialize};

use super::cpus::CpuSet;
use super::quota::{self, Quota};
use super::root::{Look, Root, Unread};
use crate::config::{Config, Environment};
use crate::run::topology::{leaves_spare_core, reader_threads};

/// A hot thread of the config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotThread {
    /// What it is called.
    pub name: String,
    /// CPU that it is pinned to; `None`: not pinned.
    pub cpu: Option<usize>,
    /// How the config says it waits.
    pub wait: String,
    /// Whether it spins on this host, `auto` resolved.
    pub spins: bool,
    /// Whether it sleeps when it has nothing to do.
    pub parks: bool,
}

/// The hot threads of a config, before a host is known.
#[derive(Debug, Clone)]
pub struct Plan {
    threads: Vec<(String, Option<usize>, WaitPolicy)>,
    readers: usize,
    network: bool,
}

impl Plan {
    /// What `run` would start with that config.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let pinning = &config.threads;
        let lines: usize = config.venues.iter().map(|v| usize::from(v.lines)).sum();
        let readers = reader_threads(pinning, lines);
        let mut threads = vec![("ct-core".to_owned(), pinning.core_cpu, pinning.core_wait)];
        threads.extend(
            (0..readers).map(|n| (format!("ct-reader-{n}"), pinning.reader_cpus.get(n).copied(), pinning.reader_wait)),
        );
        let local = |url: &str| ["://127.", "://localhost", "://[::1]"].iter().any(|host| url.contains(host));
        let network = config
            .venues
            .iter()
            .any(|venue| venue.environment != Environment::Custom || !venue.stream_url.as_deref().is_some_and(local));
        Self { threads, readers, network }
    }
}

/// A host as the checks see it.
#[derive(Debug)]
pub struct Host<'a> {
    /// Its files.
    pub root: &'a Root,
    /// The hot threads.
    pub threads: Vec<HotThread>,
    /// Whether data comes over a network card.
    pub network: bool,
    /// CPUs that are on.
    pub online: Look<CpuSet>,
    /// CPUs that the scheduler may put this process on.
    pub allowed: Look<CpuSet>,
    /// CPUs that it may be pinned to.
    pub pinnable: Look<CpuSet>,
    /// CPUs that the scheduler leaves alone.
    pub isolated: CpuSet,
    /// CPUs that hot threads are pinned to.
    pub pinned: CpuSet,
    /// CPUs to be judged: those pinned to, else all that the threads may be put on.
    pub hot: CpuSet,
    /// The CPU time that the control group grants.
    pub quota: Look<Option<Quota>>,
    /// CPUs that the process can use at once, as the engine counts them.
    pub cores: usize,
}

impl<'a> Host<'a> {
    /// Looks at the host's CPUs.
    #[must_use]
    pub fn new(root: &'a Root, plan: &Plan) -> Self {
        let online = root.cpus("/sys/devices/system/cpu/online").or_else(|error| from_stat(root).ok_or(error));
        let status = root.field("/proc/self/status", "Cpus_allowed_list");
        let allowed = status
            .and_then(|text| CpuSet::from_list(&text).ok_or_else(|| Unread::Odd("Cpus_allowed_list is no list".into())))
            .or_else(|_| online.clone());
        let boot = boot_cpus(root, "isolcpus", &online);
        let isolated = match root.cpus("/sys/devices/system/cpu/isolated") {
            Ok(cpus) => cpus,
            Err(_) => boot.unwrap_or_default(),
        };
        let pinnable = match quota::cpuset(root) {
            Some(cpus) => Ok(cpus),
            None => allowed.clone().map(|cpus| cpus.or(&isolated)),
        };
        let quota = quota::quota(root);
        let granted = quota.as_ref().ok().and_then(Option::as_ref).map(Quota::whole_cpus);
        let cores = allowed.as_ref().map_or(1, CpuSet::len).min(granted.unwrap_or(usize::MAX)).max(1);
        let spare = leaves_spare_core(cores, plan.readers);
        let threads: Vec<HotThread> = plan.threads.iter().map(|thread| resolve(thread, spare)).collect();
        let pinned: CpuSet = threads.iter().filter_map(|t| t.cpu).collect();
        let hot = if pinned.is_empty() {
            allowed.clone().map(|cpus| cpus.without(&isolated)).unwrap_or_default()
        } else {
            pinned.clone()
        };
        let network = plan.network;
        Self { root, threads, network, online, allowed, pinnable, isolated, pinned, hot, quota, cores }
    }

    /// Whether some hot thread spins.
    #[must_use]
    pub fn spins(&self) -> bool {
        self.threads.iter().any(|t| t.spins)
    }

    /// Whether some hot thread sleeps when idle.
    #[must_use]
    pub fn parks(&self) -> bool {
        self.threads.iter().any(|t| t.parks)
    }

    /// Names of the hot threads on `cpu`; all of them where none is pinned.
    #[must_use]
    pub fn on(&self, cpu: usize) -> String {
        let here = self.threads.iter().filter(|t| t.cpu.is_none_or(|c| c == cpu)).map(|t| t.name.as_str());
        here.collect::<Vec<_>>().join(" and ")
    }

    /// The hot threads in words, as the subject of a sentence.
    #[must_use]
    pub fn who(&self) -> String {
        let names: Vec<&str> = self.threads.iter().map(|t| t.name.as_str()).collect();
        match names.as_slice() {
            [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
            _ => names.concat(),
        }
    }

    /// CPUs left to everything else.
    #[must_use]
    pub fn others(&self) -> CpuSet {
        self.online.as_ref().map(|cpus| cpus.without(&self.hot)).unwrap_or_default()
    }

    /// The value of a word on the kernel's command line, such as `isolcpus`.
    #[must_use]
    pub fn boot(&self, word: &str) -> Option<String> {
        boot(self.root, word)
    }

    /// The CPUs that a word of the kernel's command line names.
    #[must_use]
    pub fn boot_cpus(&self, word: &str) -> Option<CpuSet> {
        boot_cpus(self.root, word, &self.online)
    }

    /// CPUs fit for `count` hot threads, each on a core of its own, isolated ones first, cpu 0 never.
    #[must_use]
    pub fn suggested(&self, count: usize) -> Option<CpuSet> {
        let pinnable = self.pinnable.as_ref().ok()?;
        let online = self.online.as_ref().ok()?;
        let all = pinnable.and(online);
        let isolated = all.and(&self.isolated);
        let from = if isolated.len() >= count { isolated } else { all };
        let node = self.nic_node().and_then(|n| self.node_cpus(n)).unwrap_or_default();
        let near = from.and(&node);
        self.pick(&near, count).or_else(|| self.pick(&from, count))
    }

    /// The CPUs to measure: those pinned to, else as many as there are hot threads, the best of them.
    #[must_use]
    pub fn to_measure(&self) -> Vec<usize> {
        if !self.pinned.is_empty() {
            return self.pinned.iter().collect();
        }
        let count = self.threads.len();
        match self.suggested(count) {
            Some(cpus) => cpus.iter().collect(),
            None => self.hot.iter().take(count).collect(),
        }
    }

    fn pick(&self, from: &CpuSet, count: usize) -> Option<CpuSet> {
        let mut taken = Vec::new();
        let mut shared = CpuSet::default();
        // The kernel's own work gathers on low numbers.
        for cpu in from.iter().rev().filter(|cpu| *cpu != 0) {
            if taken.len() < count && !shared.has(cpu) {
                shared = shared.or(&self.siblings(cpu).unwrap_or_default());
                taken.push(cpu);
            }
        }
        (taken.len() == count).then(|| taken.into_iter().collect())
    }

    /// The hardware threads of the core of `cpu`, itself among them.
    ///
    /// # Errors
    /// When the topology is not told.
    pub fn siblings(&self, cpu: usize) -> Look<CpuSet> {
        self.root.cpus(&format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"))
    }

    /// The card that the default route leads to.
    #[must_use]
    pub fn nic(&self) -> Option<String> {
        let v4 = self.root.text("/proc/net/route").ok().and_then(|text| {
            let default = |line: &str| {
                let mut fields = line.split_whitespace();
                let (name, destination) = (fields.next()?, fields.next()?);
                (destination == "00000000" && is_name(name)).then(|| name.to_owned())
            };
            text.lines().skip(1).find_map(default)
        });
        v4.or_else(|| {
            let text = self.root.text("/proc/net/ipv6_route").ok()?;
            let default = |line: &str| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let name = fields.last()?;
                let zero = fields.first()?.bytes().all(|b| b == b'0') && fields.get(1) == Some(&"00");
                (zero && is_name(name) && *name != "lo").then(|| (*name).to_owned())
            };
            text.lines().find_map(default)
        })
    }

    /// The memory node that the card hangs on.
    #[must_use]
    pub fn nic_node(&self) -> Option<usize> {
        let node = self.root.number(&format!("/sys/class/net/{}/device/numa_node", self.nic()?)).ok()?;
        usize::try_from(node).ok()
    }

    /// The CPUs of a memory node.
    #[must_use]
    pub fn node_cpus(&self, node: usize) -> Option<CpuSet> {
        self.root.cpus(&format!("/sys/devices/system/node/node{node}/cpulist")).ok()
    }
}

fn resolve((name, cpu, wait): &(String, Option<usize>, WaitPolicy), spare: bool) -> HotThread {
    let spins = *wait == WaitPolicy::Spin || (*wait == WaitPolicy::Auto && spare);
    let parks = *wait == WaitPolicy::Park || (*wait == WaitPolicy::Auto && !spare);
    HotThread { name: name.clone(), cpu: *cpu, wait: wait.name().to_owned(), spins, parks }
}

/// A name of a card that can stand in a path.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/')
}

fn from_stat(root: &Root) -> Option<CpuSet> {
    let text = root.text("/proc/stat").ok()?;
    let number = |line: &str| line.strip_prefix("cpu")?.split(' ').next()?.parse::<usize>().ok();
    let cpus: CpuSet = text.lines().filter_map(number).collect();
    (!cpus.is_empty()).then_some(cpus)
}

fn boot(root: &Root, word: &str) -> Option<String> {
    let line = root.text("/proc/cmdline").ok()?;
    // The last one counts, as for most of the kernel's words.
    line.split_whitespace().rev().find_map(|part| {
        let rest = part.strip_prefix(word)?;
        if rest.is_empty() { Some(String::new()) } else { rest.strip_prefix('=').map(str::to_owned) }
    })
}

fn boot_cpus(root: &Root, word: &str, online: &Look<CpuSet>) -> Option<CpuSet> {
    let last = online.as_ref().ok()?.iter().next_back()?;
    CpuSet::from_boot(&boot(root, word)?, last)
}
