//! What the control group of this process grants: CPU time, CPUs and memory, of either version of control groups.

use super::cpus::CpuSet;
use super::root::{Look, Root, Unread};

/// CPU time granted a period, and how often it ran out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Thousandths of a CPU.
    pub milli_cpus: u64,
    /// Length of a period, µs: what a throttled thread may have to wait.
    pub period_us: u64,
    /// Periods in which the group was stopped since it was made, where told.
    pub throttled: Option<u64>,
}

impl Quota {
    /// Whole CPUs, one at least: what the standard library makes of a quota.
    #[must_use]
    pub fn whole_cpus(&self) -> usize {
        usize::try_from(self.milli_cpus / 1000).unwrap_or(usize::MAX).max(1)
    }
}

/// The tightest quota from the process's group up to the root; `None` where there is no limit.
///
/// # Errors
/// When the groups are not told at all.
pub fn quota(root: &Root) -> Look<Option<Quota>> {
    let folders = folders(root, "cpu")?;
    let all = folders.iter().filter_map(|folder| version_2(root, folder).or_else(|| version_1(root, folder)));
    Ok(all.min_by_key(|quota| quota.milli_cpus))
}

/// The CPUs that the process's group may be pinned to, where told.
#[must_use]
pub fn cpuset(root: &Root) -> Option<CpuSet> {
    let files = ["cpuset.cpus.effective", "cpuset.effective_cpus"];
    let folders = folders(root, "cpuset").ok()?;
    folders
        .iter()
        .find_map(|folder| files.iter().find_map(|file| root.cpus(&format!("{folder}/{file}")).ok()))
        .filter(|cpus| !cpus.is_empty())
}

/// Bytes that the process's group may still take, by the tightest limit from it up to the root; files that are cached
/// and not in use count as free. `None` where nothing limits it, or nothing is told.
#[must_use]
pub fn free_memory(root: &Root) -> Option<u64> {
    /// Files with a limit, the file with what is in use, and what the caches are called.
    const FILES: [(&[&str], &str, &str); 2] = [
        (&["memory.max", "memory.high"], "memory.current", "inactive_file"),
        (&["memory.limit_in_bytes"], "memory.usage_in_bytes", "total_inactive_file"),
    ];
    let number = |path: String| root.number(&path).ok().and_then(|n| u64::try_from(n).ok());
    let free = |folder: &String| {
        FILES.iter().find_map(|(limits, used, cached)| {
            let limit = limits.iter().filter_map(|name| number(format!("{folder}/{name}"))).min()?;
            let used = number(format!("{folder}/{used}"))?;
            let cached = root.field(&format!("{folder}/memory.stat"), cached).ok().and_then(|text| text.parse().ok());
            Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
        })
    };
    folders(root, "memory").ok()?.iter().filter_map(free).min()
}

/// The folders of the process's group for a controller, its own first, the root's last.
fn folders(root: &Root, controller: &str) -> Look<Vec<String>> {
    let text = root.text("/proc/self/cgroup")?;
    let mut found = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let bases: &[&str] = if controllers.is_empty() {
            &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        } else if controllers.split(',').any(|c| c == controller) {
            &["/sys/fs/cgroup/CONTROLLER", "/sys/fs/cgroup/cpu,cpuacct"]
        } else {
            continue;
        };
        for base in bases {
            let base = base.replace("CONTROLLER", controller);
            let mut path = path.trim_end_matches('/');
            // A path with .. comes from outside of this control-group namespace.
            while !path.is_empty() && !path.contains("..") {
                found.push(format!("{base}{path}"));
                path = path.rsplit_once('/').map_or("", |(up, _)| up);
            }
            found.push(base);
        }
    }
    let found: Vec<String> = found.into_iter().filter(|folder| root.has(folder)).collect();
    if found.is_empty() { Err(Unread::Missing("/sys/fs/cgroup".into())) } else { Ok(found) }
}

fn version_2(root: &Root, folder: &str) -> Option<Quota> {
    let text = root.text(&format!("{folder}/cpu.max")).ok()?;
    let (quota, period) = text.split_once(' ')?;
    make(root, folder, quota.parse().ok()?, period.trim().parse().ok()?)
}

fn version_1(root: &Root, folder: &str) -> Option<Quota> {
    let quota = root.number(&format!("{folder}/cpu.cfs_quota_us")).ok()?;
    let period = root.number(&format!("{folder}/cpu.cfs_period_us")).ok()?;
    make(root, folder, u64::try_from(quota).ok()?, u64::try_from(period).ok()?)
}

fn make(root: &Root, folder: &str, quota_us: u64, period_us: u64) -> Option<Quota> {
    let milli_cpus = quota_us.checked_mul(1000)?.checked_div(period_us)?;
    let throttled = root.field(&format!("{folder}/cpu.stat"), "nr_throttled").ok().and_then(|n| n.parse().ok());
    Some(Quota { milli_cpus, period_us, throttled })
}
