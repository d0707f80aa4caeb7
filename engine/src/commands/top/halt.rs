//! Halting an engine from the view: by the very command, `crosstick halt`, so that there is one way only.

use std::process::{Command, Stdio};

use super::sample::clean;

/// This program as it was started, even if another build lies in its place by now.
const THIS: &str = "/proc/self/exe";
const NO_REASON: &str = "halted in crosstick top, without a reason";

/// Halts the engine of that name, and says in a line what came of it. Takes as long as the command: seconds at most.
///
/// # Errors
/// Why it is not certain that trading is halted.
pub fn halt_engine(name: &str, reason: &str) -> Result<String, String> {
    let reason = if reason.is_empty() { NO_REASON } else { reason };
    // In one piece: a reason may begin with a dash.
    let output = Command::new(THIS)
        .args(["halt", "--shm", name, &format!("--reason={reason}")])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("crosstick halt could not be started ({e}); SIGUSR1 to the engine halts it too"))?;
    if output.status.success() { Ok(first_line(&output.stdout)) } else { Err(first_line(&output.stderr)) }
}

fn first_line(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let line = said.lines().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
    clean(line.trim_start_matches("crosstick: "))
}
