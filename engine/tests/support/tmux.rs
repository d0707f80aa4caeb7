//! A real terminal: a tmux server of the test's own, with one pane.

use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than anything here takes, on however loaded a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a shell in it; it ends with this.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// A terminal of that size; `name` is unique among tests.
    pub fn new(name: &str, (columns, rows): (u16, u16)) -> Self {
        let terminal = Self { socket: format!("crosstick-{name}-{}", std::process::id()) };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        // A plain shell without anybody's settings; the prompt is what tests wait for.
        let shell = "env -u NO_COLOR TERM=xterm-256color PS1='READY> ' ENV= sh -i";
        terminal.good(&["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, shell]);
        terminal.good(&["set-option", "-g", "status", "off"]);
        terminal.until("READY>");
        terminal
    }

    fn tmux(&self, args: &[&str]) -> Output {
        let output = Command::new("tmux").args(["-u", "-L", &self.socket]).args(args).env_remove("TMUX").output();
        output.expect("tmux starts; apt-get install tmux")
    }

    fn good(&self, args: &[&str]) -> String {
        let output = self.tmux(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Keys by tmux's names (`Tab`, `Enter`, `C-c`), or characters.
    pub fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend(keys);
        self.good(&args);
    }

    /// Types a text as it stands.
    pub fn types(&self, text: &str) {
        self.good(&["send-keys", "-l", text]);
    }

    /// Types a command line and Enter.
    pub fn runs(&self, line: &str) {
        self.types(line);
        self.keys(&["Enter"]);
    }

    pub fn resize(&self, (columns, rows): (u16, u16)) {
        self.good(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// The pane's terminal device.
    pub fn device(&self) -> String {
        self.good(&["display-message", "-p", "#{pane_tty}"]).trim().to_owned()
    }

    pub fn screen(&self) -> String {
        self.good(&["capture-pane", "-p"])
    }

    /// What the screen shows with its escape sequences.
    pub fn styled(&self) -> String {
        self.good(&["capture-pane", "-p", "-e"])
    }

    /// Waits until the screen is as wanted, and returns it.
    pub fn when(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "never: {what}\n{screen}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the screen shows that text.
    pub fn until(&self, text: &str) -> String {
        self.when(text, |screen| screen.contains(text))
    }

    /// The terminal goes away, as when its window is closed.
    pub fn close(&self) {
        self.tmux(&["kill-server"]);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Waits until something is so.
pub fn eventually(what: &str, wanted: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processes whose command line contains all of these.
pub fn processes(with: &[&str]) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        // Shells and tmux carry the same words in their own command lines.
        let program = line.split(' ').next().map(Path::new).and_then(Path::file_name);
        if program.is_some_and(|p| p == "crosstick") && with.iter().all(|w| line.contains(w)) {
            found.push(pid);
        }
    }
    found
}
