//! A session's ticks, to be run through more than once: decoded once where they fit into memory, else once a run.

use crosstick_model::{Tick, Universe};

use crate::config::Config;
use crate::data::{Data, Source};
use crate::exit::Failure;

/// Ticks between two looks at whether to stop.
const LOOK_TICKS: u32 = 4_096;

/// What a run is fed from.
pub struct Reel<'a> {
    config: &'a Config,
    universe: &'a Universe,
    sources: &'a [Source],
    ticks: Vec<Tick>,
    room: usize,
    whole: bool,
    /// Receive times of the first and the last thing that [`Reel::fill`] read, ns.
    pub span_ns: Option<(u64, u64)>,
}

impl<'a> Reel<'a> {
    /// An empty reel with room for the half of the memory that is free now.
    #[must_use]
    pub fn new(config: &'a Config, universe: &'a Universe, sources: &'a [Source]) -> Self {
        let room = usize::try_from(free_bytes() / 2).unwrap_or(usize::MAX) / size_of::<Tick>();
        Self { config, universe, sources, ticks: Vec::new(), room, whole: true, span_ns: None }
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
    /// When the data cannot be read, or `told` says no.
    pub fn fill(&mut self, told: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), Failure> {
        let mut data = Data::open(self.config, self.universe, self.sources)?;
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
        Ok(())
    }

    /// All ticks, where they fit into memory.
    #[must_use]
    pub fn in_memory(&self) -> Option<&[Tick]> {
        self.whole.then_some(self.ticks.as_slice())
    }

    /// Every tick in order. `go_on` is asked now and then.
    ///
    /// # Errors
    /// When the data cannot be read again, or `go_on` says no.
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
        let mut data = Data::open(self.config, self.universe, self.sources)?;
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
        Ok(())
    }
}

/// The user asked to stop.
pub fn interrupted() -> Failure {
    Failure::other("interrupted")
}

/// Memory that can be had without swapping, in bytes; a gigabyte where the system does not say.
fn free_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(1 << 30, |kib| kib << 10)
}
