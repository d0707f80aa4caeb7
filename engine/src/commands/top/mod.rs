//! `crosstick top`: a running engine in a terminal, from its shared memory alone.
//!
//! **Thread:** the process's main thread; `ct-keys` reads the keyboard. **Cold** throughout: the engine neither knows
//! nor notices that anybody looks. **Deliberately absent:** any write to the engine's region, and any other source of
//! knowledge than that region; a halt goes the way of `crosstick halt`.
//!
//! Each turn samples the region into a [`scene`](self) of plain data, which is then drawn; keys change the desk (which
//! pane, how sorted, what is asked), which is plain data too. So a frame is a function of region, time, keys and size.

mod canvas;
mod desk;
mod frame;
mod halt;
mod keys;
mod look;
mod panes;
mod sample;
mod scene;
mod table;
pub mod terminal;
mod text;
mod units;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crosstick_ipc::Place;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::cli::TopArgs;
use crate::clock::system_ns;
use crate::exit::{Code, Failure, Outcome};
use crate::out;
use desk::{Ask, Desk, Pane};
use keys::Parser;
use look::Look;
use sample::Sampler;
use scene::Scene;
use terminal::{Input, Screen, Signals};

/// Between the two looks of `--once`: long enough for rates.
const ONCE_APART: Duration = Duration::from_millis(500);
/// Signals and a new size of the terminal are noticed within this, however rarely the region is sampled.
const TURN_MAX: Duration = Duration::from_millis(250);

/// What a key asks of whoever has the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Nothing,
    /// The end.
    Quit,
    /// A frame drawn from scratch.
    Redraw,
    /// To be stopped, as Ctrl-Z does.
    Suspend,
    /// The engine halted, for that reason (may be empty).
    Halt(String),
}

/// The view without its terminal: frames out, keys in.
pub struct Top {
    sampler: Sampler,
    scene: Scene,
    desk: Desk,
    keys: Parser,
    look: Look,
}

impl Top {
    /// A view of the region at `place`, which need not be there. `pane` is a number from 1 or the beginning of a
    /// name; with `colour` false, weight and inversion alone tell things apart.
    ///
    /// # Errors
    /// When there is no such pane.
    pub fn new(place: Place, pane: &str, colour: bool) -> Result<Self, String> {
        let Some(pane) = Pane::named(pane) else {
            let names: Vec<String> =
                Pane::ALL.iter().enumerate().map(|(i, p)| format!("{} {}", i + 1, p.name())).collect();
            return Err(format!("there is no pane {pane:?}; there are {}", names.join(", ")));
        };
        let sampler = Sampler::new(place);
        let scene = Scene { name: sampler.name().to_owned(), ..Scene::default() };
        Ok(Self { sampler, scene, desk: Desk::new(pane), keys: Parser::default(), look: Look { colour } })
    }

    /// Looks at the region; `now_ns` is wall time in ns since the epoch. Paused, the last look stays.
    pub fn sample(&mut self, now_ns: u64) {
        // History is followed while paused too: it is overwritten in time.
        let scene = self.sampler.sample(now_ns);
        if !self.desk.paused {
            self.scene = scene;
        }
    }

    /// Takes what the keyboard sent.
    pub fn press(&mut self, bytes: &[u8]) -> Vec<Wish> {
        let wish = |ask| match ask {
            Ask::Nothing => Wish::Nothing,
            Ask::Quit => Wish::Quit,
            Ask::Redraw => Wish::Redraw,
            Ask::Suspend => Wish::Suspend,
            Ask::Halt(reason) => Wish::Halt(reason),
        };
        self.keys.feed(bytes).into_iter().map(|key| wish(self.desk.key(key))).collect()
    }

    /// Shows a message in place of the keys, until the next key.
    pub fn say(&mut self, message: String) {
        self.desk.message = Some(message);
    }

    /// Draws a frame over the whole buffer.
    pub fn draw(&mut self, buffer: &mut Buffer) {
        let drawn = frame::draw(buffer, self.look, &self.scene, &self.desk);
        self.desk.saw(drawn);
    }

    /// A frame of that many columns and rows as text, with escape sequences where `styled`.
    pub fn text(&mut self, (columns, rows): (u16, u16), styled: bool) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        self.draw(&mut buffer);
        text::of(&buffer, styled)
    }
}

/// Shows the engine until told to quit, or once.
///
/// # Errors
/// When name or pane are wrong, or there is no terminal.
pub fn command(arguments: &TopArgs) -> Outcome {
    let place = Place::new(&arguments.shm).map_err(Failure::usage)?;
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let mut top = Top::new(place, &arguments.pane, wanted).map_err(Failure::usage)?;
    if arguments.once {
        once(&mut top, arguments.size, wanted);
        return Ok(Code::Done);
    }
    if !terminal::is_there() {
        return Err(Failure::usage(
            "top needs a terminal on standard input and output; crosstick top --once prints one frame without",
        ));
    }
    live(&mut top, &arguments.shm, arguments.interval)
        .map_err(|e| Failure::other(format!("the terminal is gone ({e}); the engine goes on")))
}

fn once(top: &mut Top, size: Option<(u16, u16)>, colour_wanted: bool) {
    let terminal = io::stdout().is_terminal();
    let own_size = || ratatui::crossterm::terminal::size().ok().filter(|_| terminal);
    let size = size.or_else(own_size).unwrap_or(frame::LEAST);
    top.sample(system_ns());
    if top.scene.link.has_values() {
        thread::sleep(ONCE_APART);
        top.sample(system_ns());
    }
    out::text(top.text(size, terminal && colour_wanted));
}

fn live(top: &mut Top, name: &str, interval: Duration) -> io::Result<Code> {
    let signals = Signals::install()?;
    let inputs = terminal::keyboard()?;
    let (tell, told) = channel();
    let mut screen = Screen::enter()?;
    let mut next = Instant::now();
    loop {
        if signals.end() {
            return Ok(Code::Done);
        }
        if signals.take_suspend() {
            screen.suspend()?;
        }
        if signals.take_resumed() {
            screen.redraw()?;
        }
        if Instant::now() >= next {
            top.sample(system_ns());
            next = Instant::now() + interval;
        }
        if let Ok(message) = told.try_recv() {
            top.say(message);
        }
        screen.draw(|buffer| top.draw(buffer))?;
        let wait = next.saturating_duration_since(Instant::now()).min(TURN_MAX);
        for wish in wishes(top, &inputs, wait)? {
            match wish {
                Wish::Nothing => {}
                Wish::Quit => return Ok(Code::Done),
                Wish::Redraw => screen.redraw()?,
                Wish::Suspend => screen.suspend()?,
                Wish::Halt(reason) => {
                    top.say(format!("asking {name} to halt …"));
                    ask_halt(name, reason, tell.clone())?;
                }
            }
        }
    }
}

/// What keys ask for within `wait`; returns with the first that comes, and all that came with it.
fn wishes(top: &mut Top, inputs: &Receiver<Input>, wait: Duration) -> io::Result<Vec<Wish>> {
    let gone = || io::Error::other("nothing can be read from it");
    let mut wishes = Vec::new();
    let mut wait = wait;
    loop {
        match inputs.recv_timeout(wait) {
            Ok(Input::Bytes(bytes)) => wishes.extend(top.press(&bytes)),
            Ok(Input::Gone) | Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            Err(RecvTimeoutError::Timeout) => return Ok(wishes),
        }
        wait = Duration::ZERO;
    }
}

/// Asks on a thread of its own, since the answer takes its time.
fn ask_halt(name: &str, reason: String, tell: Sender<String>) -> io::Result<()> {
    let name = name.to_owned();
    thread::Builder::new().name("ct-halt".into()).spawn(move || {
        let said = match halt::halt_engine(&name, &reason) {
            Ok(said) => said,
            Err(why) => format!("NOT halted: {why}"),
        };
        // Whoever asked may have quit.
        let _ = tell.send(said);
    })?;
    Ok(())
}
