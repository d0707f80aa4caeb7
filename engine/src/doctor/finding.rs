//! What a check says.

use serde::{Deserialize, Serialize};

/// How bad it is, ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As wanted.
    Fine,
    /// Worth knowing; neither good nor bad.
    Info,
    /// The system does not tell.
    Unknown,
    /// Costs latency now and then.
    Advice,
    /// Costs latency all the time, or much of it at once, or keeps the engine from running.
    WillHurt,
}

impl Verdict {
    /// As printed.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Info => "info",
            Self::Unknown => "unknown",
            Self::Advice => "ADVICE",
            Self::WillHurt => "WILL HURT",
        }
    }
}

/// What findings are about, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Where the hot threads run.
    Cores,
    /// How fast those CPUs are, and how fast they wake.
    Power,
    /// What interrupts them.
    Interrupts,
    /// Time.
    Clocks,
    /// Memory.
    Memory,
    /// Sockets, cards and the way to memory.
    Network,
    /// What the system lets this process have.
    Limits,
    /// What was measured.
    Measured,
}

impl Group {
    /// As printed.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cores => "Cores",
            Self::Power => "Power",
            Self::Interrupts => "Interrupts",
            Self::Clocks => "Clocks",
            Self::Memory => "Memory",
            Self::Network => "Network",
            Self::Limits => "Limits",
            Self::Measured => "Measured",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub group: Group,
    /// Name of the check.
    pub check: String,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What is wanted; empty where nothing is.
    pub wanted: String,
    /// Why it matters for the threads of this config; empty where it is fine.
    pub why: String,
    /// The command that fixes it, or what to do where no command can.
    pub fix: Option<String>,
}

impl Finding {
    fn new(group: Group, check: &str, verdict: Verdict, found: impl Into<String>) -> Self {
        let (found, wanted, why) = (found.into(), String::new(), String::new());
        Self { group, check: check.to_owned(), verdict, found, wanted, why, fix: None }
    }

    /// As wanted.
    pub fn fine(group: Group, check: &str, found: impl Into<String>) -> Self {
        Self::new(group, check, Verdict::Fine, found)
    }

    /// Worth knowing.
    pub fn info(group: Group, check: &str, found: impl Into<String>) -> Self {
        Self::new(group, check, Verdict::Info, found)
    }

    /// Not known.
    pub fn unknown(group: Group, check: &str, why: impl std::fmt::Display) -> Self {
        Self::new(group, check, Verdict::Unknown, why.to_string())
    }

    /// Costs latency now and then.
    pub fn advice(group: Group, check: &str, found: impl Into<String>) -> Self {
        Self::new(group, check, Verdict::Advice, found)
    }

    /// Costs latency all the time.
    pub fn hurts(group: Group, check: &str, found: impl Into<String>) -> Self {
        Self::new(group, check, Verdict::WillHurt, found)
    }

    /// What is wanted instead.
    #[must_use]
    pub fn wanted(mut self, wanted: impl Into<String>) -> Self {
        self.wanted = wanted.into();
        self
    }

    /// Why it matters.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// What fixes it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}
