//! The terminal: taken over, drawn on, and given back whatever happens.

use std::io::{self, BufWriter, IsTerminal, Read, Stdout, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Once};
use std::thread;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP};

/// Room for a whole frame, so that it reaches the terminal in one write.
const FRAME_BYTES: usize = 256 * 1024;
/// Bytes taken from the keyboard at once.
const INPUT_BYTES: usize = 1024;

/// A terminal that is ours until this is dropped; a panic gives it back as well.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// What the system says, such as that there is no terminal.
    pub fn enter() -> io::Result<Self> {
        give_back_on_panic();
        take()?;
        let writer = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        match Terminal::new(CrosstermBackend::new(writer)) {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws a frame, of which only what changed is sent.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, mut frame: impl FnMut(&mut Buffer)) -> io::Result<()> {
        // Terminals that know it show the frame at once; others ignore it.
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|f| frame(f.buffer_mut()))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what the terminal shows: the next frame is drawn whole.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn redraw(&mut self) -> io::Result<()> {
        // Not by clear(), which asks the terminal for its cursor and would wait for an answer that the keyboard thread
        // gets.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Gives the terminal back, stops this process as Ctrl-Z does, and takes the terminal again when it goes on.
    ///
    /// # Errors
    /// When the terminal is gone meanwhile.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::raise(SIGSTOP)?;
        take()?;
        self.redraw()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, Hide)
}

/// Gives the terminal back, once: a second time would put the cursor over what was printed since, such as a panic's
/// message. Nothing can be done about a failure: then the terminal is gone.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(io::stdout(), EndSynchronizedUpdate, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = io::stdout().flush();
}

fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

/// Standard input and output are both a terminal.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// What comes from the keyboard.
pub enum Input {
    /// What was typed.
    Bytes(Vec<u8>),
    /// There is no terminal any more.
    Gone,
}

/// Reads the keyboard on a thread of its own, which ends with the terminal or the process.
///
/// # Errors
/// When the system has no thread for it.
pub fn keyboard() -> io::Result<Receiver<Input>> {
    let (send, inputs) = channel();
    thread::Builder::new().name("ct-keys".into()).spawn(move || {
        let mut bytes = [0; INPUT_BYTES];
        loop {
            let input = match io::stdin().lock().read(&mut bytes) {
                Ok(0) => Input::Gone,
                Ok(n) => Input::Bytes(bytes[..n].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Input::Gone,
            };
            let last = matches!(input, Input::Gone);
            if send.send(input).is_err() || last {
                return;
            }
        }
    })?;
    Ok(inputs)
}

/// Signals, as flags that are looked at between frames.
pub struct Signals {
    end: Arc<AtomicBool>,
    suspend: Arc<AtomicBool>,
    resumed: Arc<AtomicBool>,
}

impl Signals {
    /// Takes over the signals that would leave the terminal in disorder.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn install() -> io::Result<Self> {
        let flag = || Arc::new(AtomicBool::new(false));
        let signals = Self { end: flag(), suspend: flag(), resumed: flag() };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::clone(&signals.end))?;
        }
        signal_hook::flag::register(SIGTSTP, Arc::clone(&signals.suspend))?;
        signal_hook::flag::register(SIGCONT, Arc::clone(&signals.resumed))?;
        Ok(signals)
    }

    /// Somebody asked this process to end.
    #[must_use]
    pub fn end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Somebody asked this process to stop for now.
    #[must_use]
    pub fn take_suspend(&self) -> bool {
        self.suspend.swap(false, Ordering::Relaxed)
    }

    /// The process went on after a stop, whoever stopped it: somebody else may have drawn on the terminal.
    #[must_use]
    pub fn take_resumed(&self) -> bool {
        self.resumed.swap(false, Ordering::Relaxed)
    }
}
