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

/// What a host is. A field that the host does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version and commit of this program.
    pub build: String,
    /// Release of the kernel.
    pub kernel: Option<String>,
    /// Name of the CPU.
    pub cpu: Option<String>,
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
    /// What was measured, where something was.
    pub measured: Option<Measured>,
}

impl Manifest {
    /// Of a host that was looked at.
    #[must_use]
    pub fn of(host: &Host<'_>, measured: Option<Measured>) -> Self {
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
            kernel: text("/proc/sys/kernel/osrelease"),
            cpu: root.field("/proc/cpuinfo", "model name").ok(),
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
            measured,
        }
    }
}

/// This host's, for a result of any kind: its jitter is watched for `watch`, unless that is zero, on the CPUs that
/// `config` would use.
#[must_use]
pub fn manifest(config: &Config, watch: Duration) -> Manifest {
    let root = Root::host();
    let host = Host::new(&root, &Plan::of(config));
    let measured = (!watch.is_zero()).then(|| measure(&host.to_measure(), watch));
    Manifest::of(&host, measured)
}
