//! A host in a few lines, to be kept with every figure that was measured on it. No name of the host, no address.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checks::power;
use super::cpus::CpuSet;
use super::host::{Host, Plan};
use super::measure::{Measured, measure};
use super::root::Root;
use crate::config::Config;
use crate::report::Build;

/// How this program was built. Of link-time optimisation a program is not told: it stands in the profiles of
/// `Cargo.toml` at the manifest's commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiler {
    /// The compiler: `rustc 1.95.0 (...)`; empty: not known.
    pub rustc: String,
    /// What it was built for.
    pub target: String,
    /// The level of optimisation: 0 to 3, s or z.
    pub opt_level: String,
    /// Whether debug assertions are in.
    pub debug_assertions: bool,
    /// Features of the processor that the compiler might use everywhere, such as `fxsr,sse,sse2`: more than these with
    /// `target-cpu=native`.
    pub features: String,
    /// Flags given to the compiler besides; empty: none.
    pub rustflags: String,
}

impl Compiler {
    /// This program's.
    #[must_use]
    pub fn of_this() -> Self {
        Self {
            rustc: env!("CROSSTICK_RUSTC").to_owned(),
            target: env!("CROSSTICK_TARGET").to_owned(),
            opt_level: env!("CROSSTICK_OPT_LEVEL").to_owned(),
            debug_assertions: cfg!(debug_assertions),
            features: env!("CROSSTICK_FEATURES").to_owned(),
            rustflags: env!("CROSSTICK_RUSTFLAGS").to_owned(),
        }
    }
}

/// What a host is. A field that the host does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version and commit of this program.
    pub build: String,
    /// How it was built.
    pub compiler: Compiler,
    /// Release of the kernel.
    pub kernel: Option<String>,
    /// Name of the CPU.
    pub cpu: Option<String>,
    /// Revision of the CPU's microcode.
    pub microcode: Option<String>,
    /// CPUs that are on, such as `0-3`.
    pub cpus_online: Option<String>,
    /// CPUs that this process may use at once.
    pub cpus_usable: usize,
    /// Memory nodes, such as `0-1`.
    pub nodes: Option<String>,
    /// Memory, KiB.
    pub memory_kib: Option<u64>,
    /// Governors of the judged CPUs, each once.
    pub governors: Vec<String>,
    /// Whether turbo is on.
    pub turbo: Option<bool>,
    /// State of simultaneous multithreading: on, off, forceoff, notsupported.
    pub smt: Option<String>,
    /// CPUs that the scheduler leaves alone; empty: none.
    pub isolated: String,
    /// CPUs without timer tick; empty: none.
    pub nohz_full: String,
    /// CPUs without deferred kernel work; empty: none.
    pub rcu_nocbs: String,
    /// What the kernel's clock reads.
    pub clock_source: Option<String>,
    /// Transparent huge pages: always, madvise, never.
    pub transparent_huge_pages: Option<String>,
    /// The kernel's `mitigations=`; `None`: its default.
    pub mitigations: Option<String>,
    /// Whether a hypervisor runs below.
    pub virtual_machine: Option<bool>,
    /// Thousandths of a CPU that the control group grants; `None`: no limit, or not told.
    pub quota_milli_cpus: Option<u64>,
    /// Driver of the card that the default route leads to.
    pub nic_driver: Option<String>,
    /// Threads that ran or wanted to, on average over the last 1, 5 and 15 minutes, before anything was measured.
    pub load_average: Option<[f64; 3]>,
    /// What was measured, where something was.
    pub measured: Option<Measured>,
}

impl Manifest {
    /// Of a host that was looked at. `load_average` is asked for apart, since measuring raises it.
    #[must_use]
    pub fn of(host: &Host<'_>, load_average: Option<[f64; 3]>, measured: Option<Measured>) -> Self {
        let root = host.root;
        let text = |path: &str| root.text(path).ok();
        let list = |cpus: Option<CpuSet>| cpus.unwrap_or_default().to_string();
        let mut governors: Vec<String> = host
            .hot
            .iter()
            .filter_map(|cpu| text(&format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor")))
            .collect();
        governors.sort();
        governors.dedup();
        let memory = root.field("/proc/meminfo", "MemTotal").ok();
        let nohz = root.cpus("/sys/devices/system/cpu/nohz_full").ok().or_else(|| host.boot_cpus("nohz_full"));
        let flags = root.field("/proc/cpuinfo", "flags").ok();
        Self {
            build: format!("{} {}", Build::THIS.version, Build::THIS.commit).trim_end().to_owned(),
            compiler: Compiler::of_this(),
            kernel: text("/proc/sys/kernel/osrelease"),
            cpu: root.field("/proc/cpuinfo", "model name").ok(),
            microcode: root.field("/proc/cpuinfo", "microcode").ok(),
            cpus_online: host.online.as_ref().ok().map(CpuSet::to_string),
            cpus_usable: host.cores,
            nodes: root.cpus("/sys/devices/system/node/online").ok().map(|nodes| nodes.to_string()),
            memory_kib: memory.and_then(|text| text.split(' ').next()?.parse().ok()),
            governors,
            turbo: power::is_turbo_on(host).ok(),
            smt: text("/sys/devices/system/cpu/smt/control"),
            isolated: host.isolated.to_string(),
            nohz_full: list(nohz),
            rcu_nocbs: list(host.boot_cpus("rcu_nocbs")),
            clock_source: text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            transparent_huge_pages: root.chosen("/sys/kernel/mm/transparent_hugepage/enabled").ok(),
            mitigations: host.boot("mitigations"),
            virtual_machine: flags.map(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor")),
            quota_milli_cpus: host.quota.as_ref().ok().and_then(|q| q.as_ref().map(|q| q.milli_cpus)),
            nic_driver: host
                .nic()
                .and_then(|name| root.link_name(&format!("/sys/class/net/{name}/device/driver")).ok()),
            load_average,
            measured,
        }
    }
}

/// How busy the host is; `None` where it does not tell.
#[must_use]
pub fn load_average(root: &Root) -> Option<[f64; 3]> {
    let text = root.text("/proc/loadavg").ok()?;
    let mut all = text.split(' ').map_while(|word| word.parse::<f64>().ok());
    Some([all.next()?, all.next()?, all.next()?])
}

/// This host's, for a result of any kind: its jitter is watched for `watch`, unless that is zero, on the CPUs that
/// `config` would use.
#[must_use]
pub fn manifest(config: &Config, watch: Duration) -> Manifest {
    let root = Root::host();
    let host = Host::new(&root, &Plan::of(config));
    let load = load_average(&root);
    let measured = (!watch.is_zero()).then(|| measure(&host.to_measure(), watch));
    Manifest::of(&host, load, measured)
}
