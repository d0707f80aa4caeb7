//! `crosstick sweep`: many configs over the same data, on all cores, resumable, with one table and a page. Cold.
//!
//! `space` is what is varied, `plan` checks it all, `run` runs it, `kept` remembers finished points, `walk` compares
//! in-sample with out-of-sample, `tables`, `words` and `page` show it.

mod fingerprint;
mod kept;
pub mod measure;
mod page;
mod plan;
mod run;
pub mod space;
mod tables;
mod walk;
mod words;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use crate::backtest::measure::Measures;
use crate::data::{Data, Source, Steady};
use crate::exit::{Code, Failure, Outcome};
use crate::export::place::{self, Inputs};
use crate::export::staged::Staged;
use crate::signals::Signals;
pub use kept::FILE as POINTS_FILE;
use kept::Kept;
use measure::{Measure, whole};
use plan::Plan;
use walk::Step;

/// What to run and where results go.
#[derive(Debug, Clone)]
pub struct Request {
    /// The config.
    pub config: PathBuf,
    /// `[VENUE=]PATH` arguments, in order.
    pub data: Vec<String>,
    /// `KEY=VALUES` arguments.
    pub set: Vec<String>,
    /// Draw so many points with this seed instead of taking all.
    pub random: Option<(u64, u64)>,
    /// What points are compared by.
    pub measure: Measure,
    /// Steps of a walk-forward; zero: none.
    pub walk: u32,
    /// The folder of results; made if need be.
    pub out: PathBuf,
    /// Rows that are printed.
    pub top: usize,
}

/// A sweep that is over.
pub struct Swept<'a> {
    plan: Plan<'a>,
    measure: Measure,
    /// By point of the plan: the whole session.
    wholes: Vec<Measures>,
    /// By point of the plan: its parts.
    parts: Vec<Vec<Measures>>,
    /// Points of the plan, the best first.
    ranked: Vec<usize>,
    steps: Vec<Step>,
    before: usize,
    in_memory: bool,
}

impl Swept<'_> {
    fn currency(&self) -> &str {
        &self.plan.base.risk.currency
    }
}

/// What a sweep's folder may hold besides its points. Where no sweep was begun none of these may be there: it would be
/// written over, or stand beside results that it does not belong to. So nothing has ever to be removed.
const RESULTS: &[&str] = &[
    "index.html",
    "parts.csv",
    "parts.parquet",
    "sweep.csv",
    "sweep.parquet",
    "walk_forward.csv",
    "walk_forward.parquet",
];

/// Runs a sweep, or what is left of one, and writes its folder. `room`: ticks that are kept in memory at most; `None`:
/// what the half of the free memory holds.
///
/// # Errors
/// When config, keys or data are wrong, data changes meanwhile, results cannot be written or others' files are in their
/// place, or `signals` say to stop.
fn sweep<'a>(
    request: &'a Request,
    sources: &'a [Source],
    room: Option<usize>,
    signals: &Signals,
) -> Result<Swept<'a>, Failure> {
    let inputs = Inputs::of(Some(&request.config), sources);
    inputs.spare_from(&request.out, RESULTS.iter().copied().chain([kept::FILE]))?;
    place::alone(&request.out, &[(crate::backtest::SIGN.file, "backtest")])?;
    kept::allow(&request.out, RESULTS)?;
    let data = Steady::note(sources)?;
    let plan = Plan::new(&request.config, sources, &request.set, request.random, signals)?;
    // What is wrong with the data is said before the folder is touched.
    let mut told = BTreeSet::new();
    for first in &plan.groups {
        let config = plan.config(&plan.points[*first])?;
        for line in Data::open(&config, &plan.universe(&config)?, sources)?.told() {
            // Each group opens the same files.
            if told.insert(line.clone()) {
                crate::out::line(line);
            }
        }
    }
    let go_on = || !signals.stop();
    let fingerprint = fingerprint::fingerprint(&plan.base, sources, request.walk, &go_on)?;
    let staged = Staged::new(&request.out)?;
    let kept = Kept::open(&request.out, &fingerprint)?;
    kept.told().iter().for_each(crate::out::line);
    let results = run::run(&plan, &data, request.walk, &kept, room, signals)?;
    let wholes: Vec<Measures> = results.parts.iter().filter_map(|parts| whole(parts)).collect();
    let mut ranked: Vec<usize> = (0..wholes.len()).collect();
    ranked.sort_by_key(|point| (Reverse(request.measure.score(&wholes[*point])), *point));
    let steps = results.span_ns.map_or_else(Vec::new, |span| walk::steps(&results.parts, request.measure, span));
    let swept = Swept {
        plan,
        measure: request.measure,
        wholes,
        parts: results.parts,
        ranked,
        steps,
        before: results.before,
        in_memory: results.in_memory,
    };
    tables::write(&swept, staged.path(), &go_on)?;
    let index = staged.path().join("index.html");
    std::fs::write(&index, page::page(&swept, &request.data, &go_on)?)
        .map_err(|e| Failure::other(format!("{}: {e}", index.display())))?;
    staged.publish(None)?;
    Ok(swept)
}

/// The command.
///
/// # Errors
/// When config, keys or data are wrong, results cannot be written, or the user stops it.
pub fn command(request: &Request) -> Outcome {
    let signals = Signals::install().map_err(Failure::other)?;
    let started = Instant::now();
    let sources: Vec<Source> = request.data.iter().map(|d| Source::parse(d)).collect();
    let swept = sweep(request, &sources, None, &signals).map_err(|failure| {
        if signals.stop() {
            Failure::other("interrupted; finished points are kept: the same command goes on from here")
        } else {
            failure
        }
    })?;
    crate::out::text(words::words(&swept, request.top));
    let ran = swept.wholes.len() - swept.before;
    let seconds = started.elapsed().as_secs_f64().max(1e-9);
    let ticks: u64 = swept.wholes.iter().map(|m| m.ticks).sum::<u64>() / swept.wholes.len().max(1) as u64;
    crate::out::line(format_args!(
        "{ran} points run in {seconds:.1} s, {} taken over from before; {ticks} ticks each, {:.0} ticks a second",
        swept.before,
        ran as f64 * ticks as f64 / seconds
    ));
    if !swept.in_memory {
        crate::out::line("the ticks do not fit into half of the free memory: each point decoded the data again");
    }
    crate::out::line(format_args!("open {}", request.out.join("index.html").display()));
    Ok(Code::Done)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::backtest::reel::interrupted;
    use crate::record::format::made;

    const CONFIG: &str = r#"
[[venue]]
name = "a"
protocol = "binance-spot"
fees = { maker_bps = "1", taker_bps = "1", asset = "quote" }
balances = { USDT = "100000", BTC = "10" }

[[venue]]
name = "b"
protocol = "binance-spot"
fees = { maker_bps = "1", taker_bps = "1", asset = "quote" }
balances = { USDT = "100000", BTC = "10" }

[[instrument]]
venue = "a"
symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"

[[instrument]]
venue = "b"
symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"

[[market]]
name = "BTC"
symbols = { a = "BTCUSDT", b = "BTCUSDT" }

[strategy]
trade = true

[strategy.spread]
min_edge_bps = "1"
max_notional = "500"
cooldown_ms = 0

[risk]
currency = "USDT"
max_order_notional = "1000"
max_position_notional = "100000"
max_gross_notional = "200000"
max_net_notional = "100000"
"#;

    /// Quotes of both venues every 10 ms, the second venue's now and then above or below the first's by 12 bps.
    fn session(folder: &Path) -> Request {
        let frame = |n: u64, above: u64| {
            let (at, bid) = (1_700_000_000_000_000 + n * 10_000, 60_000 + n % 7 + above);
            format!(
                "{at} {{\"u\":{n},\"s\":\"BTCUSDT\",\"b\":\"{bid}.00\",\"B\":\"2.00000\",\
                 \"a\":\"{bid}.50\",\"A\":\"2.00000\"}}\n"
            )
        };
        let of = |venue: u64| (1..2_000).map(|n| frame(2 * n + venue, venue * 72 * (n / 9 % 2))).collect::<String>();
        fs::write(folder.join("config.toml"), CONFIG).unwrap();
        fs::write(folder.join("a.txt"), of(0)).unwrap();
        fs::write(folder.join("b.txt"), of(1)).unwrap();
        Request {
            config: folder.join("config.toml"),
            data: ["a", "b"]
                .map(|venue| format!("{venue}={}", folder.join(venue).with_extension("txt").display()))
                .into(),
            set: ["strategy.spread.min_edge_bps=0.5:12.5:4", "paper.latency_us=100,4000,200000"]
                .map(str::to_owned)
                .into(),
            random: None,
            measure: Measure::Net,
            walk: 0,
            out: folder.join("out"),
            top: 5,
        }
    }

    fn sources(request: &Request) -> Vec<Source> {
        request.data.iter().map(|d| Source::parse(d)).collect()
    }

    #[test]
    fn data_that_does_not_fit_into_memory_gives_the_same() {
        let folder = tempfile::tempdir().unwrap();
        for walk in [0, 3] {
            let request = |out: &str| Request { walk, out: folder.path().join(out), ..session(folder.path()) };
            let run = |request: &Request, room: Option<usize>| {
                let sources = sources(request);
                let swept = sweep(request, &sources, room, &Signals::unconnected()).unwrap_or_else(|e| panic!("{e}"));
                let pairs: u64 = swept.wholes.iter().map(|m| m.pairs).sum();
                assert!(pairs > 50 && swept.wholes.len() == 12, "a session worth testing with: {pairs} pairs");
                swept.in_memory
            };
            let (kept, decoded) = (request(&format!("kept-{walk}")), request(&format!("decoded-{walk}")));
            assert!(run(&kept, None));
            assert!(!run(&decoded, Some(1_000)), "more ticks than there is room for");
            for name in RESULTS.iter().filter(|name| walk > 0 || !name.starts_with(['p', 'w'])) {
                let read =
                    |request: &Request| fs::read(request.out.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert!(read(&kept) == read(&decoded), "{name} of {walk}");
            }
        }
    }

    #[test]
    fn data_that_changes_under_a_sweep_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let request = session(folder.path());
        let sources = sources(&request);
        let data = Steady::note(&sources).unwrap_or_else(|e| panic!("{e}"));
        let signals = Signals::unconnected();
        let plan = Plan::new(&request.config, &sources, &request.set, None, &signals).unwrap_or_else(|e| panic!("{e}"));
        fs::create_dir(&request.out).unwrap();
        let kept =
            Kept::open(&request.out, &fingerprint::Fingerprint::of(Vec::new())).unwrap_or_else(|e| panic!("{e}"));
        let more = fs::read_to_string(folder.path().join("b.txt")).unwrap();
        fs::write(folder.path().join("b.txt"), more + "1700000100000000 {}\n").unwrap();
        for room in [None, Some(10)] {
            let failure = run::run(&plan, &data, 0, &kept, room, &signals).err().expect("other data than was noted");
            assert!(failure.to_string().contains("b.txt: it went from"), "{failure}");
        }
        let lines = fs::read_to_string(request.out.join("points.jsonl")).unwrap().lines().count();
        assert_eq!(lines, 1, "no point of it is kept");
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_of_others_are_neither_removed_nor_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let request = |walk| Request { walk, set: vec!["paper.latency_us=100,4000".into()], ..session(folder.path()) };
        let (walked, plain) = (request(2), request(0));
        let (out, sources) = (&plain.out, sources(&plain));
        let run = |request: &Request| sweep(request, &sources, None, &Signals::unconnected()).map(|swept| swept.before);
        let refused = |request: &Request, named: &[&str]| {
            let before = names(out);
            let failure = run(request).expect_err("files of others");
            let said = failure.to_string();
            assert!(failure.code == Code::Usage && said.contains("another --out"), "{said}");
            assert!(named.iter().all(|name| said.contains(name)), "{said}");
            assert_eq!(names(out), before, "nothing was made or removed");
        };
        let write = |name: &str| fs::write(out.join(name), "mine").unwrap();
        let mine = |name: &str| fs::read_to_string(out.join(name)).unwrap() == "mine";

        fs::create_dir(out).unwrap();
        ["index.html", "parts.csv", "mine.csv"].into_iter().for_each(write);
        refused(&plain, &["index.html", "parts.csv"]);
        // A file that only begins like ours is no sweep that was there before.
        fs::write(out.join("points.jsonl"), "{\"sweep\"").unwrap();
        refused(&plain, &["index.html", "parts.csv"]);
        assert!(["index.html", "parts.csv", "mine.csv"].iter().all(|name| mine(name)));
        let remove = |names: &[&str]| names.iter().for_each(|name| fs::remove_file(out.join(name)).unwrap());
        remove(&["index.html", "parts.csv", "points.jsonl"]);

        let both = |others: &[&'static str]| {
            let mut all = [others, &["mine.csv", "points.jsonl"]].concat();
            all.sort_unstable();
            all
        };
        assert_eq!(run(&walked).unwrap_or_else(|e| panic!("{e}")), 0);
        assert_eq!(names(out), both(RESULTS));
        assert_eq!(run(&walked).unwrap_or_else(|e| panic!("{e}")), 2, "over its own results it goes on");
        refused(&plain, &["points.jsonl", "the walk-forward", "results beside it"]);
        // Without its points nothing tells that they are a sweep's: none of them is left beside those of another.
        remove(&["points.jsonl"]);
        refused(&plain, RESULTS);
        remove(RESULTS);
        assert_eq!(run(&plain).unwrap_or_else(|e| panic!("{e}")), 0);
        assert_eq!(names(out), both(&["index.html", "sweep.csv", "sweep.parquet"]));
        // What came since then, and is none of its results, stays.
        write("parts.csv");
        assert_eq!(run(&plain).unwrap_or_else(|e| panic!("{e}")), 2);
        assert!(mine("parts.csv") && mine("mine.csv"));
    }

    #[test]
    fn results_may_lie_below_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let request = session(folder.path());
        let rec = folder.path().join("rec");
        let frames = fs::read_to_string(folder.path().join("b.txt")).unwrap();
        made::recording(&rec, &[], &[&[(&frames, b"")]]);
        let about = rec.join("recording.json");
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&about).unwrap()).unwrap();
        json["facts"] = serde_json::json!({});
        fs::write(about, json.to_string()).unwrap();
        fs::write(&request.config, CONFIG.replace("\"b\"", "\"spot\"").replace("b =", "spot =")).unwrap();
        // What is below a folder and is no file is nobody's data.
        let _socket = std::os::unix::net::UnixListener::bind(rec.join("socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(rec.join("pipe")).status().unwrap().success());
        std::os::unix::fs::symlink("nowhere", rec.join("dangling")).unwrap();
        std::os::unix::fs::symlink(".", rec.join("loop")).unwrap();
        let data = [format!("a={}", folder.path().join("a.txt").display()), rec.display().to_string()];
        let set = vec!["paper.latency_us=100,4000".into()];
        for (out, room) in [(rec.join("deep/results"), None), (rec.join("more"), Some(10)), (rec.clone(), None)] {
            let request = Request { data: data.clone().into(), set: set.clone(), out, ..request.clone() };
            let sources = sources(&request);
            for before in [0, 2] {
                let swept = sweep(&request, &sources, room, &Signals::unconnected()).unwrap_or_else(|e| panic!("{e}"));
                assert_eq!(swept.before, before, "{}", request.out.display());
                assert!(swept.wholes.iter().all(|m| m.pairs > 10), "a session worth testing with");
            }
        }
    }

    #[test]
    fn tables_and_page_listen_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let request = session(folder.path());
        let sources = sources(&request);
        let swept = sweep(&request, &sources, None, &Signals::unconnected()).unwrap_or_else(|e| panic!("{e}"));
        let stopped = |result: Result<(), Failure>| result.expect_err("stopped").to_string();
        let never = || false;
        assert_eq!(stopped(tables::write(&swept, folder.path(), &never)), interrupted().to_string());
        assert_eq!(stopped(page::page(&swept, &request.data, &never).map(drop)), interrupted().to_string());
    }
}
