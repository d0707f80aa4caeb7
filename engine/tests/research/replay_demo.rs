//! The demo's flow and config through `crosstick replay`: it trades from beginning to end and never halts itself.
//!
//! Ten minutes of four seeds; `CROSSTICK_DEMO=SEEDSxSECONDS` asks for others, such as `20x600`.

use crate::support;

use std::fs::{self, File};
use std::io::BufWriter;

use crosstick_model::DenyCode;
use crosstick_sim::{Flow, FlowSpec};
use support::{Replayed, demo, replay};

const START_NS: u64 = 1_754_000_000_000_000_000;
const SECOND: u64 = 1_000_000_000;

struct Ran {
    replayed: Replayed,
    csv: String,
}

fn run(seed: u64, seconds: u64) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let spec = FlowSpec::demo();
    fs::write(folder.path().join("config.toml"), demo::config_text()).unwrap();
    let open = |name: &str| BufWriter::new(File::create(folder.path().join(name)).unwrap());
    let mut sinks: Vec<_> = spec.venues.iter().map(|v| open(&v.name)).collect();
    let flow = Flow::new(seed, &spec).unwrap();
    flow.write_session(START_NS, seconds * SECOND, &mut sinks).unwrap();
    drop(sinks);
    let files = spec.venues.iter().map(|v| format!("{0}={0}", v.name));
    let fixed = ["--config", "config.toml", "--opportunities", "opportunities.csv"].map(str::to_owned);
    let replayed = replay(folder.path(), fixed.into_iter().chain(files));
    let csv = fs::read_to_string(folder.path().join("opportunities.csv")).unwrap();
    Ran { replayed, csv }
}

impl Ran {
    /// Second of its begin and outcome of each opportunity.
    fn opportunities(&self) -> impl Iterator<Item = (u64, &str)> {
        self.csv.lines().skip(1).map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            ((cells[3].parse::<u64>().unwrap() - START_NS) / SECOND, cells[10])
        })
    }

    fn taken_between(&self, from: u64, to: u64) -> usize {
        self.opportunities().filter(|(at, outcome)| (from..to).contains(at) && *outcome == "taken").count()
    }

    fn denied_within(&self, seconds: u64) -> usize {
        let denied = |outcome: &str| DenyCode::ALL.iter().any(|code| code.code() == outcome);
        self.opportunities().filter(|(at, outcome)| *at < seconds && denied(outcome)).count()
    }
}

#[test]
fn it_trades_throughout_and_does_not_halt() {
    let asked = std::env::var("CROSSTICK_DEMO").unwrap_or_else(|_| "4x600".into());
    let (seeds, seconds) = asked.split_once('x').unwrap();
    let (seeds, seconds): (u64, u64) = (seeds.parse().unwrap(), seconds.parse().unwrap());
    for seed in 1..=seeds {
        let ran = run(seed, seconds);
        let report = &ran.replayed.report;
        let orders = &report["orders"];
        println!(
            "seed {seed}: exit {:?}, net {}, fees {}, seen {}, taken {}, denied in 20 s {}, orders {orders}, pairs {}",
            ran.replayed.code(),
            report["pnl"]["net"],
            report["pnl"]["fees"],
            report["opportunities"]["seen"],
            report["opportunities"]["taken"],
            ran.denied_within(20),
            report["pairs"],
        );
        assert!(report.get("halt").is_none() && ran.replayed.code() == Some(0), "seed {seed}: {report:#}");
        assert_eq!(report["pairs"]["unhedged"], 0, "seed {seed}: {report:#}");
        for feed in report["feeds"].as_array().unwrap() {
            assert!(feed["refused"].as_object().unwrap().is_empty(), "seed {seed}: {feed:#}");
            assert_eq!((&feed["trade_gaps"], &feed["trade_duplicates"]), (&0.into(), &0.into()), "seed {seed}");
            assert_eq!(feed["fast_path"].as_u64(), Some(feed["frames"].as_u64().unwrap()), "seed {seed}: {feed:#}");
        }
        for from in (0..seconds).step_by(20) {
            let taken = ran.taken_between(from, from + 20);
            assert!(taken >= 3, "seed {seed}: {taken} taken in the 20 s from second {from}");
        }
    }
}
