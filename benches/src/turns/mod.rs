//! Contestants that take turns in one process, so that ratios hold on a machine that is never quite quiet.
//!
//! A [`Contest`] runs its contestants one after the other, in an order that rotates from round to round. What is told
//! is the median over the turns with the least and the most, and the ratio of that median to the named rival's. Where
//! two threads are at work, the way of a cache line between their cores is measured before and after every turn, and
//! turns are told apart by it. [`Session`] collects the rows of a group, prints them and keeps them as JSON: the format
//! is described in [`result`].
//!
//! No row ever fails for its time. A wrong answer panics: each contestant checks its own.

pub mod host;
pub mod placement;
pub mod result;
mod stats;

use std::time::Duration;

pub use placement::Placement;
use placement::Probe;
use result::{Row, Session};
pub use stats::{Clock, percentile, percentiles, time_per_unit};

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// A time, a count of allocations.
    Lower,
    /// A rate.
    Higher,
}

/// A figure that every turn yields.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// What it is, as `p50` or `frame`.
    pub name: &'static str,
    /// Its unit, as `ns` or `M/s`.
    pub unit: &'static str,
    /// Which way it is better.
    pub better: Better,
}

impl Measure {
    /// A time in ns.
    #[must_use]
    pub const fn ns(name: &'static str) -> Self {
        Self { name, unit: "ns", better: Better::Lower }
    }

    /// Millions a second.
    #[must_use]
    pub const fn millions(name: &'static str) -> Self {
        Self { name, unit: "M/s", better: Better::Higher }
    }
}

/// What a target is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The ratio to the rival.
    Ratio,
    /// The figure itself, in its unit.
    Figure,
}

/// What a figure of ours has to reach, and what it should.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is about.
    pub against: Against,
    /// The bound that has to be met.
    pub must: f64,
    /// The bound to aim at.
    pub aim: f64,
}

impl Target {
    /// For the ratio to the rival.
    #[must_use]
    pub const fn ratio(must: f64, aim: f64) -> Self {
        Self { against: Against::Ratio, must, aim }
    }

    /// For the figure itself.
    #[must_use]
    pub const fn figure(must: f64, aim: f64) -> Self {
        Self { against: Against::Figure, must, aim }
    }
}

/// By measure: the target when the cores are near (or one thread is at work), and when they are far apart.
pub type Targets = &'static [[Option<Target>; 2]];

type Turn<'a> = Box<dyn FnMut() -> Vec<f64> + 'a>;

struct Contestant<'a> {
    name: String,
    ours: bool,
    targets: Targets,
    turn: Turn<'a>,
}

/// A question put to several contestants.
pub struct Contest<'a> {
    id: String,
    title: String,
    measures: &'static [Measure],
    two_threads: bool,
    rival: Option<usize>,
    contestants: Vec<Contestant<'a>>,
}

impl<'a> Contest<'a> {
    /// `id` is a path, as `ring/round_trip`; `title` says in a line what is measured. A turn yields the `measures`.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>, measures: &'static [Measure]) -> Self {
        let (id, title) = (id.into(), title.into());
        Self { id, title, measures, two_threads: false, rival: None, contestants: Vec::new() }
    }

    /// Two threads, on the first two cores, are at work: each turn's placement is measured.
    #[must_use]
    pub fn two_threads(mut self) -> Self {
        self.two_threads = true;
        self
    }

    fn with(mut self, name: &str, ours: bool, targets: Targets, turn: impl FnMut() -> Vec<f64> + 'a) -> Self {
        self.contestants.push(Contestant { name: name.into(), ours, targets, turn: Box::new(turn) });
        self
    }

    /// One of ours, with its targets.
    #[must_use]
    pub fn ours(self, name: &str, targets: Targets, turn: impl FnMut() -> Vec<f64> + 'a) -> Self {
        self.with(name, true, targets, turn)
    }

    /// The one that ratios are to.
    #[must_use]
    pub fn rival(mut self, name: &str, turn: impl FnMut() -> Vec<f64> + 'a) -> Self {
        self.rival = Some(self.contestants.len());
        self.with(name, false, &[], turn)
    }

    /// Another one, for comparison.
    #[must_use]
    pub fn other(self, name: &str, turn: impl FnMut() -> Vec<f64> + 'a) -> Self {
        self.with(name, false, &[], turn)
    }

    /// Lets everybody have a turn to warm up and then as many as the session asks for, and adds the rows to it.
    ///
    /// # Panics
    /// When a contestant's answer is wrong or it yields another number of figures than there are measures.
    pub fn run(mut self, session: &mut Session) {
        let turns = session.turns();
        session.begin(&self.id, turns * self.contestants.len());
        let count = self.contestants.len();
        let probe = self.two_threads.then(Probe::start);
        // By contestant: its turns' placements and figures.
        let mut taken: Vec<Vec<(Placement, Vec<f64>)>> = vec![Vec::new(); count];
        let mut probes: Vec<f64> = Vec::new();
        for round in 0..=turns {
            for k in 0..count {
                let who = (round + k) % count;
                let before = probe.as_ref().map(Probe::round_trip_ns);
                let figures = (self.contestants[who].turn)();
                let after = probe.as_ref().map(Probe::round_trip_ns);
                assert_eq!(figures.len(), self.measures.len(), "{} in {}", self.contestants[who].name, self.id);
                if round == 0 {
                    continue;
                }
                probes.extend(before.iter().chain(&after));
                taken[who].push((Placement::of_turn(before, after), figures));
                session.progress();
            }
        }
        if let Some(probe) = probe {
            probe.stop();
        }
        for placement in Placement::ALL {
            let probe_ns = self.two_threads.then(|| placement.of_probes(&probes)).flatten();
            for m in 0..self.measures.len() {
                let of = |who: usize| {
                    let turns = taken[who].iter().filter(|(at, _)| *at == placement);
                    stats::spread(turns.map(|(_, figures)| figures[m]).collect())
                };
                let of_rival =
                    self.rival.filter(|_| placement != Placement::Moved).and_then(of).map(|[median, ..]| median);
                for (who, turns) in taken.iter().enumerate() {
                    let turns = turns.iter().filter(|(at, _)| *at == placement).count();
                    if let Some(figures) = of(who) {
                        session.add(self.row(who, m, placement, probe_ns, turns, figures, of_rival));
                    }
                }
            }
        }
        session.end();
    }

    #[expect(clippy::too_many_arguments, reason = "one call, made of what its caller has at hand")]
    fn row(
        &self,
        who: usize,
        m: usize,
        placement: Placement,
        probe_ns: Option<[f64; 3]>,
        turns: usize,
        [median, min, max]: [f64; 3],
        of_rival: Option<f64>,
    ) -> Row {
        let (contestant, measure) = (&self.contestants[who], &self.measures[m]);
        let target = contestant.targets.get(m).map(|targets| targets[usize::from(placement == Placement::Far)]);
        Row {
            group: self.id.clone(),
            title: self.title.clone(),
            name: contestant.name.clone(),
            ours: contestant.ours,
            measure: measure.name,
            unit: measure.unit,
            better: measure.better,
            placement: self.two_threads.then_some(placement),
            probe_ns,
            turns,
            median,
            min,
            max,
            rival: self.rival.map(|r| self.contestants[r].name.clone()),
            ratio: of_rival.map(|of_rival| median / of_rival),
            target: target.flatten().filter(|_| placement != Placement::Moved),
        }
    }
}

/// How long a contestant's turn should last where it may choose.
pub const TURN: Duration = Duration::from_millis(8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_the_same_number_of_turns_in_a_rotated_order() {
        const MEASURES: &[Measure] = &[Measure::ns("it")];
        const TARGETS: Targets = &[[Some(Target::ratio(0.5, 0.1)), None]];
        let order = std::cell::RefCell::new(Vec::new());
        let turn = |who: usize, figure: f64| {
            let order = &order;
            move || {
                order.borrow_mut().push(who);
                vec![figure]
            }
        };
        let mut session = Session::quiet("test", 4);
        Contest::new("test/one", "a test", MEASURES)
            .rival("slow", turn(0, 10.0))
            .ours("fast", TARGETS, turn(1, 4.0))
            .other("middle", turn(2, 7.0))
            .run(&mut session);
        let order = order.into_inner();
        assert_eq!(order.len(), 3 * 5, "a round to warm up, then four");
        assert_eq!(order[..9], [0, 1, 2, 1, 2, 0, 2, 0, 1]);
        let rows = session.rows();
        assert_eq!(rows.iter().map(|r| r.ratio).collect::<Vec<_>>(), [Some(1.0), Some(0.4), Some(0.7)]);
        assert!(rows.iter().all(|r| r.turns == 4 && r.placement.is_none()));
        assert_eq!(rows[1].verdict(), Some(result::Verdict::Must), "0.4 is within 0.5, and not within 0.1");
    }
}
