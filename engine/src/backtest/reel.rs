//! A session's ticks, to be run through more than once: decoded once where they fit into memory, else once a run.

use crosstick_model::{Tick, Universe};

use crate::config::Config;
use crate::data::{Data, Steady};
use crate::doctor::{Root, quota};
use crate::exit::Failure;

/// Ticks between two looks at whether to stop.
const LOOK_TICKS: u32 = 4_096;

/// What a run is fed from.
pub struct Reel<'a> {
    config: &'a Config,
    universe: &'a Universe,
    data: &'a Steady<'a>,
    ticks: Vec<Tick>,
    room: usize,
    whole: bool,
    /// Receive times of the first and the last thing that [`Reel::fill`] read, ns.
    pub span_ns: Option<(u64, u64)>,
}

impl<'a> Reel<'a> {
    /// An empty reel with room for so many ticks; `None`: for what the half of the memory holds that is free now.
    #[must_use]
    pub fn new(config: &'a Config, universe: &'a Universe, data: &'a Steady<'a>, room: Option<usize>) -> Self {
        let half = || usize::try_from(free_bytes(&Root::host()) / 2).unwrap_or(usize::MAX) / size_of::<Tick>();
        let room = room.unwrap_or_else(half);
        Self { config, universe, data, ticks: Vec::new(), room, whole: true, span_ns: None }
    }

    /// Keeps a tick, or gives up on keeping any.
    #[inline]
    pub fn push(&mut self, tick: &Tick) {
        if self.ticks.len() < self.room {
            self.ticks.push(*tick);
        } else if self.whole {
            self.whole = false;
            self.ticks = Vec::new();
            self.room = 0;
        }
    }

    /// Reads everything once. `told` hears bytes read and bytes in all, and says whether to go on.
    ///
    /// # Errors
    /// When the data cannot be read or changed meanwhile, or `told` says no.
    pub fn fill(&mut self, told: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), Failure> {
        let mut data = Data::open(self.config, self.universe, self.data.sources)?;
        let mut left = LOOK_TICKS;
        while let Some(tick) = data.next_tick()? {
            self.push(&tick);
            left -= 1;
            if left == 0 {
                left = LOOK_TICKS;
                let progress = data.progress();
                if !told(progress.read_bytes, progress.total_bytes) {
                    return Err(interrupted());
                }
            }
        }
        self.span_ns = data.span_ns();
        self.data.check()
    }

    /// All ticks, where they fit into memory.
    #[must_use]
    pub fn in_memory(&self) -> Option<&[Tick]> {
        self.whole.then_some(self.ticks.as_slice())
    }

    /// Every tick in order. `go_on` is asked now and then.
    ///
    /// # Errors
    /// When the data cannot be read again or is not what it was, or `go_on` says no.
    pub fn run(&self, go_on: &(dyn Fn() -> bool + Sync), take: &mut dyn FnMut(&Tick)) -> Result<(), Failure> {
        if let Some(ticks) = self.in_memory() {
            for part in ticks.chunks(LOOK_TICKS as usize) {
                if !go_on() {
                    return Err(interrupted());
                }
                part.iter().for_each(&mut *take);
            }
            return Ok(());
        }
        let mut data = Data::open(self.config, self.universe, self.data.sources)?;
        let mut left = LOOK_TICKS;
        while let Some(tick) = data.next_tick()? {
            take(&tick);
            left -= 1;
            if left == 0 {
                left = LOOK_TICKS;
                if !go_on() {
                    return Err(interrupted());
                }
            }
        }
        self.data.check()
    }
}

/// The user asked to stop.
pub fn interrupted() -> Failure {
    Failure::other("interrupted")
}

/// Memory that can be had without swapping and within the limit of the control group, in bytes; a gigabyte where the
/// system does not say.
fn free_bytes(root: &Root) -> u64 {
    let told = root.field("/proc/meminfo", "MemAvailable").ok();
    let kib = told.and_then(|text| text.trim_end_matches("kB").trim().parse::<u64>().ok());
    let free = kib.map_or(1 << 30, |kib| kib << 10);
    quota::free_memory(root).map_or(free, |granted| free.min(granted))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    const MIB: u64 = 1 << 20;
    const EIGHT_GIB: (&str, &str) = ("proc/meminfo", "MemTotal:  16777216 kB\nMemAvailable:    8388608 kB\n");

    #[test]
    fn free_memory_is_what_the_control_group_leaves() {
        let free = |files: &[(&str, &str)]| free_bytes(&Root::below(host(files).path()));
        assert_eq!(free(&[]), 1 << 30, "nothing is told");
        assert_eq!(free(&[EIGHT_GIB]), 8 << 30);
        let version_2 = |limit: &'static str| {
            [
                EIGHT_GIB,
                ("proc/self/cgroup", "0::/pod/engine\n"),
                ("sys/fs/cgroup/pod/memory.max", limit),
                ("sys/fs/cgroup/pod/memory.current", "629145600\n"),
                ("sys/fs/cgroup/pod/memory.stat", "anon 1\ninactive_file 104857600\nactive_file 5\n"),
                ("sys/fs/cgroup/pod/engine/memory.max", "max\n"),
                ("sys/fs/cgroup/pod/engine/memory.current", "524288000\n"),
            ]
        };
        // 1 GiB, of which 600 MiB are in use, 100 of them for files that can be read again.
        assert_eq!(free(&version_2("1073741824\n")), 524 * MIB);
        assert_eq!(free(&version_2("max\n")), 8 << 30);
        assert_eq!(free(&version_2("524288000\n")), 0, "more in use than granted");
        let version_1 = [
            EIGHT_GIB,
            ("proc/self/cgroup", "4:cpu,cpuacct:/x\n7:memory:/box\n"),
            ("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2147483648\n"),
            ("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "1073741824\n"),
            ("sys/fs/cgroup/memory/box/memory.stat", "inactive_file 1\ntotal_inactive_file 536870912\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "5368709120\n"),
        ];
        assert_eq!(free(&version_1), 1536 * MIB);
    }
}
