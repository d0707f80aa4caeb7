//! Frames of `crosstick top`, character by character, over a region whose every value is fixed.
//! `BLESS=1 cargo test -p crosstick-engine --test commands top_frames` rewrites the expected ones; look at them then.

use crate::engine_region;

use std::fs;
use std::path::Path;

use crosstick_engine::commands::top::{Top, Wish};
use crosstick_ipc::Place;
use engine_region::{EngineRegion, NOW_NS, kill_owner};
use tempfile::TempDir;

const S: u64 = 1_000_000_000;
const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// A region in a folder of its own, and a view of it that has looked twice, a second apart.
struct Watched {
    folder: TempDir,
    place: Place,
    region: Option<EngineRegion>,
}

impl Watched {
    fn nothing() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::in_dir(folder.path(), "crosstick").unwrap();
        Self { folder, place, region: None }
    }

    fn engine() -> Self {
        let mut watched = Self::nothing();
        watched.region = Some(EngineRegion::start(&watched.place));
        watched
    }

    fn view(&mut self, pane: &str) -> Top {
        let mut top = Top::new(self.place.clone(), pane, true).unwrap();
        if let Some(region) = &mut self.region {
            region.publish(1);
            top.sample(NOW_NS - S);
            region.latencies();
            region.history(30);
            region.publish(0);
        }
        top.sample(NOW_NS);
        top
    }

    fn region(&mut self) -> &mut EngineRegion {
        self.region.as_mut().unwrap()
    }
}

/// Compares a frame with the expected one of that name, whatever this process's number and folder.
fn check(name: &str, frame: &str, folder: &Path) {
    let pid = std::process::id();
    let frame = frame
        .replace(&format!("pid {pid:<7}"), "pid 4242   ")
        .replace(&format!("process {pid}"), "process 4242")
        .replace(&folder.display().to_string(), "/dev/shm");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/top").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &frame).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(frame == expected, "{name}: BLESS=1 takes what is now\n--- expected\n{expected}\n--- now\n{frame}");
}

#[test]
fn every_pane_in_a_small_and_in_a_large_terminal() {
    for pane in ["overview", "feeds", "prices", "edges", "opportunities", "orders", "money", "risk", "latency"] {
        let mut watched = Watched::engine();
        let mut top = watched.view(pane);
        check(&format!("{pane}-80x24"), &top.text(SMALL, false), watched.folder.path());
        check(&format!("{pane}-120x40"), &top.text(LARGE, false), watched.folder.path());
    }
}

#[test]
fn a_halt_is_told_with_its_reason_and_its_end() {
    let mut watched = Watched::engine();
    let mut top = watched.view("risk");
    watched.region().halt();
    top.sample(NOW_NS);
    check("halted-80x24", &top.text(SMALL, false), watched.folder.path());
}

#[test]
fn an_engine_that_gives_no_sign_of_life_is_told_from_one_that_is_gone() {
    let mut watched = Watched::engine();
    let mut top = watched.view("overview");
    top.sample(NOW_NS + 95 * S);
    check("stalled-80x24", &top.text(SMALL, false), watched.folder.path());

    kill_owner(&watched.place.path());
    let mut top = Top::new(watched.place.clone(), "prices", true).unwrap();
    top.sample(NOW_NS + 95 * S);
    check("dead-80x24", &top.text(SMALL, false), watched.folder.path());
}

#[test]
fn a_stop_leaves_the_last_values_and_the_next_engine_is_taken_up() {
    let mut watched = Watched::engine();
    let mut top = watched.view("money");
    watched.region = None;
    top.sample(NOW_NS + 3 * S);
    check("stopped-80x24", &top.text(SMALL, false), watched.folder.path());

    let mut next = EngineRegion::start(&watched.place);
    next.publish(0);
    top.sample(NOW_NS);
    let frame = top.text(SMALL, false);
    assert!(frame.contains("● running") && frame.contains("1 restart"), "{frame}");
    assert!(!frame.contains("STOPPED"), "{frame}");
}

#[test]
fn a_view_begins_before_its_engine() {
    let mut watched = Watched::nothing();
    let mut top = watched.view("overview");
    check("waiting-80x24", &top.text(SMALL, false), watched.folder.path());
    let mut region = EngineRegion::start(&watched.place);
    region.publish(0);
    top.sample(NOW_NS);
    let frame = top.text(SMALL, false);
    assert!(frame.contains("● running") && !frame.contains("restart"), "{frame}");
}

#[test]
fn what_is_no_region_is_said_to_be_none() {
    let mut watched = Watched::nothing();
    fs::write(watched.place.path(), "something else").unwrap();
    let mut top = watched.view("overview");
    check("foreign-80x24", &top.text(SMALL, false), watched.folder.path());
    fs::remove_file(watched.place.path()).unwrap();
    let mut region = EngineRegion::start(&watched.place);
    region.publish(0);
    top.sample(NOW_NS);
    assert!(top.text(SMALL, false).contains("● running"));
}

#[test]
fn a_region_cut_off_under_the_view_is_said_to_be() {
    let mut watched = Watched::engine();
    let mut top = watched.view("overview");
    fs::OpenOptions::new().write(true).open(watched.place.path()).unwrap().set_len(100).unwrap();
    top.sample(NOW_NS);
    let frame = top.text(SMALL, false);
    assert!(frame.contains("not readable") && frame.contains("cut off"), "{frame}");
}

#[test]
fn below_80_by_24_there_is_a_clear_message_and_nothing_else() {
    let mut watched = Watched::engine();
    let mut top = watched.view("overview");
    check("small-60x10", &top.text((60, 10), false), watched.folder.path());
    // Whatever the size, nothing is drawn outside of it and nothing fails.
    for (columns, rows) in [(1, 1), (79, 24), (80, 23), (80, 25), (81, 24), (300, 24), (80, 200), (500, 300)] {
        for pane in 1..=9 {
            assert!(top.press(pane.to_string().as_bytes()).iter().all(|wish| *wish == Wish::Nothing));
            let lines: Vec<String> = top.text((columns, rows), false).lines().map(str::to_owned).collect();
            assert_eq!(lines.len(), usize::from(rows));
            assert!(lines.iter().all(|l| l.chars().count() <= usize::from(columns)), "{columns}x{rows} {lines:#?}");
        }
    }
}

#[test]
fn help_and_the_question_before_a_halt_lie_above_the_pane() {
    let mut watched = Watched::engine();
    let mut top = watched.view("prices");
    top.press(b"?");
    check("help-80x24", &top.text(SMALL, false), watched.folder.path());
    top.press(b"xhhalt edges look");
    check("halt-80x24", &top.text(SMALL, false), watched.folder.path());
    assert_eq!(top.press(b" odd\r").pop(), Some(Wish::Halt("edges look odd".into())));
}

#[test]
fn sorting_scrolling_and_a_pause_are_seen() {
    let mut watched = Watched::engine();
    let mut top = watched.view("opportunities");
    top.text(SMALL, false);
    top.press(b"\x1b[B\x1b[B\x1b[6~");
    check("scrolled-80x24", &top.text(SMALL, false), watched.folder.path());
    top.press(b"3");
    top.text(SMALL, false);
    top.press(b"sss\x72p");
    watched.region().writer.owner.beat(NOW_NS + 60 * S);
    top.sample(NOW_NS + 60 * S);
    check("sorted-paused-80x24", &top.text(SMALL, false), watched.folder.path());
    top.press(b"p");
    top.sample(NOW_NS + 60 * S);
    let frame = top.text(SMALL, false);
    assert!(!frame.contains("PAUSED") && frame.contains("22:14:20Z"), "{frame}");
}

#[test]
fn colours_say_more_but_nothing_is_said_by_colour_alone() {
    let mut watched = Watched::engine();
    let mut coloured = watched.view("overview");
    watched.region().halt();
    coloured.sample(NOW_NS);
    let mut plain = Top::new(watched.place.clone(), "overview", false).unwrap();
    plain.sample(NOW_NS - S);
    plain.sample(NOW_NS);
    let colour = |text: &str| text.contains(";3") || text.contains("[3");
    let (with, without) = (coloured.text(SMALL, true), plain.text(SMALL, true));
    assert!(colour(&with) && !colour(&without), "{without:?}");
    assert!(without.contains("\x1b[0;1;7m"), "inverted and bold remain");
    check("halted-overview-styled", &with, watched.folder.path());
    for word in ["HALTED by DAILY_LOSS", "● halted", "down"] {
        assert!(coloured.text(SMALL, false).contains(word), "{word}");
    }
}

#[test]
fn texts_of_a_hostile_region_cannot_move_the_cursor() {
    let mut watched = Watched::engine();
    let mut top = watched.view("risk");
    let mut row = crosstick_ipc::layout::RiskRow {
        halted: 1,
        code: 4_000_000_000,
        reason: crosstick_ipc::layout::fixed_text("\x1b[2J\x1b]0;pwned\x07 \r\n\u{202e}\u{200b}wide 漢字"),
        ..crosstick_ipc::layout::RiskRow::ZERO
    };
    row.currency = crosstick_ipc::layout::fixed_text("\x1b[31m");
    watched.region().writer.core.risk(&row);
    top.sample(NOW_NS);
    for pane in 1..=9 {
        top.press(pane.to_string().as_bytes());
        let frame = top.text(SMALL, false);
        assert!(frame.chars().all(|c| c == '\n' || !c.is_control()), "{frame:?}");
    }
    assert!(top.text(SMALL, false).contains("HALTED by an unknown code"));
}
