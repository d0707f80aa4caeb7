//! Standard output for people. Cold.
//!
//! Whoever read along may have left (`| head -1`): that is no reason to stop, let alone to panic.

use std::fmt::Display;
use std::io::Write;

/// Prints text as it stands.
pub fn text(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line.
pub fn line(text: impl Display) {
    self::text(format_args!("{text}\n"));
}
