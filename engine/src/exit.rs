//! How a command ends: the exit codes of the command line, and one line of cause and remedy.

use std::fmt;
use std::process::ExitCode;

/// Exit codes, as documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Done.
    Done = 0,
    /// Any other failure.
    Failure = 1,
    /// Bad usage or config.
    Usage = 2,
    /// Halted by risk.
    Halted = 3,
    /// A venue refused us: keys, ban.
    Refused = 4,
    /// The doctor has advice.
    Advice = 10,
    /// The doctor found what will hurt.
    WillHurt = 11,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// A command's failure: what to print, and the code to end with.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub code: Code,
    text: String,
}

impl Failure {
    /// A failure with that code; `text` is cause and remedy.
    pub fn new(code: Code, text: impl fmt::Display) -> Self {
        Self { code, text: text.to_string() }
    }

    /// Any other failure.
    pub fn other(text: impl fmt::Display) -> Self {
        Self::new(Code::Failure, text)
    }

    /// Bad usage or config.
    pub fn usage(text: impl fmt::Display) -> Self {
        Self::new(Code::Usage, text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// How a command ends.
pub type Outcome = Result<Code, Failure>;
