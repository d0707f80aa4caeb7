//! `crosstick top` in a real terminal, over the demo: keys sent, screens captured, terminals closed, engines killed.
//!
//! These need tmux, so they are ignored by default; `scripts/test terminal` runs them.

use crate::tmux;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tmux::{Terminal, eventually, processes};

const CROSSTICK: &str = env!("CARGO_BIN_EXE_crosstick");
const SMALL: (u16, u16) = (80, 24);

/// The demo under a name of its own. Killed with this, and what a kill leaves is removed.
struct Demo {
    name: String,
    child: Option<Child>,
    state: tempfile::TempDir,
}

impl Demo {
    fn named(name: &str) -> Self {
        let name = format!("crosstick-test-{name}-{}", std::process::id());
        Self { name, child: None, state: tempfile::tempdir().unwrap() }
    }

    fn start(&mut self) {
        let mut command = Command::new(CROSSTICK);
        command.args(["run", "--duration", "10m"]).env("CROSSTICK_ENGINE__SHM", &self.name);
        command.env("TMPDIR", self.state.path()).env("XDG_STATE_HOME", self.state.path());
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn region(&self) -> PathBuf {
        PathBuf::from("/dev/shm").join(&self.name)
    }

    /// The line that starts the view in a terminal's shell.
    fn top(&self, more: &str) -> String {
        format!("{CROSSTICK} top --shm {} {more}", self.name)
    }

    fn views(&self) -> Vec<u32> {
        processes(&[" top ", &self.name])
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.kill();
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&self.name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The shell is back, its terminal as it was.
fn is_given_back(terminal: &Terminal) {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    terminal.when("a prompt at the end", |screen| screen.trim_end().ends_with("READY>"));
    // Written so that the typed line is not what is waited for, nor an earlier answer.
    terminal.runs(&format!(
        "for m in icanon echo isig opost; do stty -a | grep -qwe -$m && echo OF''F $m; done; echo EN''D{number}"
    ));
    let end = format!("END{number}");
    let screen = terminal.when("what stty says", |screen| screen.lines().any(|l| l.trim_end().ends_with(&end)));
    assert!(!screen.contains("OFF "), "a mode is off\n{screen}");
    assert!(!screen.contains("1 Overview"), "the other screen is gone\n{screen}");
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn panes_sorting_pause_help_and_sizes() {
    let mut demo = Demo::named("panes");
    let terminal = Terminal::new("panes", SMALL);
    terminal.runs(&demo.top(""));
    terminal.until("Waiting for an engine");
    demo.start();
    terminal.until("● running");
    terminal.when("ticks and their rate", |s| s.lines().any(|l| l.starts_with(" ticks") && l.contains("/s")));
    for (key, shows) in [
        ("2", "frames/s"),
        ("3", "Prices by market and venue"),
        ("4", "bps after both takers' fees"),
        ("5", "best bps"),
        ("6", "Orders in flight"),
        ("7", "Positions"),
        ("8", "Limits"),
        ("9", "samples, log scale"),
        ("Tab", "Fullest limits"),
        ("BTab", "samples, log scale"),
    ] {
        terminal.keys(&[key]);
        terminal.until(shows);
    }
    // Sorting: by the first column, then the other way around.
    terminal.keys(&["3"]);
    terminal.until("BTC-USDT");
    terminal.keys(&["s"]);
    terminal.until("market▲");
    terminal.keys(&["r"]);
    let screen = terminal.until("market▼");
    let markets: Vec<&str> =
        screen.lines().filter_map(|l| l.split_whitespace().next()).filter(|w| w.contains("-USDT")).collect();
    assert!(markets.len() > 2 && markets.is_sorted_by(|a, b| a >= b), "{screen}");
    // A pause holds the clock in the head; the engine beats on.
    terminal.keys(&["p"]);
    let still = terminal.until("PAUSED");
    let beats = fs::metadata(demo.region()).unwrap().len();
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert_eq!((terminal.screen(), fs::metadata(demo.region()).unwrap().len()), (still, beats));
    terminal.keys(&["p"]);
    terminal.when("time goes on", |screen| !screen.contains("PAUSED"));
    terminal.keys(&["?"]);
    terminal.until("Any key goes back.");
    terminal.keys(&["x"]);
    terminal.when("help is gone", |screen| !screen.contains("Any key goes back."));
    // Whatever somebody else wrote on the screen goes when it is drawn anew.
    let tty = terminal.device();
    fs::write(&tty, "\x1b[10;1HWRITTEN OVER").unwrap();
    terminal.until("WRITTEN OVER");
    terminal.keys(&["C-l"]);
    terminal.when("a clean screen", |screen| !screen.contains("WRITTEN OVER") && screen.contains("BTC-USDT"));
    // Sizes.
    terminal.resize((132, 43));
    terminal.until("5 Opportunities");
    terminal.resize((60, 20));
    terminal.until("needs 80 columns and 24 rows");
    terminal.resize(SMALL);
    terminal.until("5 Opps");
    assert!(terminal.styled().contains("\x1b[1m\x1b[36m") || terminal.styled().contains("38;5;6"), "colours");
    terminal.keys(&["q"]);
    is_given_back(&terminal);
    eventually("the view has ended", || demo.views().is_empty());
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn an_engine_killed_and_started_again_is_noticed() {
    let mut demo = Demo::named("killed");
    demo.start();
    let terminal = Terminal::new("killed", SMALL);
    terminal.runs(&demo.top("--pane 3"));
    terminal.until("BTC-USDT");
    for round in 1..=2 {
        demo.kill();
        let screen = terminal.until("DEAD: process");
        assert!(screen.contains("● dead") && screen.contains("BTC-USDT"), "{screen}");
        demo.start();
        let restarts = if round == 1 { "1 restart".to_owned() } else { format!("{round} restarts") };
        terminal.when("the next engine", |s| s.contains("● running") && s.contains(&restarts) && !s.contains("DEAD"));
    }
    // In order this time: it says that it stopped.
    let pid = demo.child.as_ref().unwrap().id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    terminal.until("STOPPED in order");
    terminal.keys(&["C-c"]);
    is_given_back(&terminal);
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn a_halt_takes_the_typed_word() {
    let mut demo = Demo::named("halt");
    demo.start();
    let terminal = Terminal::new("halt", SMALL);
    terminal.runs(&demo.top(""));
    terminal.until("● running");
    terminal.keys(&["h"]);
    terminal.until("Halt trading");
    terminal.types("yes");
    terminal.keys(&["Enter"]);
    terminal.when("the line is empty again", |s| s.contains("> █"));
    terminal.keys(&["Escape"]);
    terminal.when("the question is gone", |s| !s.contains("Halt trading"));
    assert!(terminal.screen().contains("● running"));
    terminal.keys(&["h"]);
    terminal.until("Halt trading");
    terminal.types("halt edges look odd");
    terminal.keys(&["Enter"]);
    let screen = terminal.when("the halt", |s| s.contains("● halted"));
    assert!(!screen.contains("NOT halted"), "{screen}");
    let screen = terminal.until("HALTED by");
    assert!(screen.contains("edges look odd"), "its reason is told\n{screen}");
    terminal.keys(&["q"]);
    is_given_back(&terminal);
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn a_terminal_that_goes_away_ends_the_view() {
    let demo = Demo::named("gone");
    // With the hang-up signal, and without it: in a session of its own only reading and writing tell.
    for before in ["", "setsid -w "] {
        let terminal = Terminal::new("gone", SMALL);
        terminal.runs(&format!("{before}{}", demo.top("")));
        terminal.until("Waiting for an engine");
        assert_eq!(demo.views().len(), 1);
        terminal.close();
        eventually("the view has ended", || demo.views().is_empty());
    }
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn signals_and_a_stop_leave_the_terminal_as_it_was() {
    let demo = Demo::named("signals");
    let terminal = Terminal::new("signals", SMALL);
    for signal in ["-TERM", "-INT", "-HUP"] {
        terminal.runs(&demo.top(""));
        terminal.until("Waiting for an engine");
        let pid = demo.views()[0].to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        eventually("the view has ended", || demo.views().is_empty());
        is_given_back(&terminal);
    }
    // Ctrl-Z, and back.
    terminal.runs(&demo.top(""));
    terminal.until("Waiting for an engine");
    terminal.keys(&["C-z"]);
    is_given_back(&terminal);
    terminal.runs("fg");
    terminal.until("Waiting for an engine");
    terminal.keys(&["q"]);
    is_given_back(&terminal);
}

/// Not a test by itself: what [`a_panic_gives_the_terminal_back`] runs in its terminal.
#[test]
#[ignore = "a part of another test"]
fn panics_with_the_terminal_in_its_hands() {
    if std::env::var_os("CROSSTICK_TEST_PANIC").is_none() {
        return;
    }
    let mut screen = crosstick_engine::commands::top::terminal::Screen::enter().unwrap();
    screen.draw(|buffer| buffer.set_string(0, 0, "DRAWN", ratatui::style::Style::new())).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    panic!("as asked for");
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn a_panic_gives_the_terminal_back() {
    let terminal = Terminal::new("panic", SMALL);
    let this = std::env::current_exe().unwrap();
    terminal.runs(&format!(
        "CROSSTICK_TEST_PANIC=1 {} --ignored --exact top_terminal::panics_with_the_terminal_in_its_hands --nocapture",
        this.display()
    ));
    terminal.until("DRAWN");
    let screen = terminal.until("as asked for");
    assert!(!screen.contains("DRAWN"), "told on the shell's screen\n{screen}");
    is_given_back(&terminal);
}

#[test]
#[ignore = "needs tmux; scripts/test terminal runs it"]
fn without_colour_nothing_is_coloured() {
    let mut demo = Demo::named("plain");
    demo.start();
    let terminal = Terminal::new("plain", SMALL);
    terminal.runs(&format!("NO_COLOR=1 {}", demo.top("")));
    terminal.until("● running");
    let styled = terminal.styled();
    // 39 and 49 are the terminal's own colours.
    let is_colour = |code: &str| matches!(code.parse(), Ok(30..=38 | 40..=48 | 90..=107));
    let coloured =
        styled.split("\x1b[").skip(1).any(|rest| rest.split('m').next().unwrap_or("").split(';').any(is_colour));
    assert!(!coloured && styled.contains("\x1b[1m"), "{styled:?}");
    terminal.keys(&["q"]);
    is_given_back(&terminal);
}
