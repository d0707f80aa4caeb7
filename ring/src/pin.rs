//! COLD: which cpus there are, and staying on one.

use std::fmt;

use core_affinity::CoreId;

/// Cpu numbers that the kernel's affinity mask has bits for.
const CPUS_MAX: usize = 1024;

/// Why a thread could not be pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinError {
    /// The kernel did not tell which cpus this thread may use.
    Unknown,
    /// The machine has no such cpu, it is offline, or it is outside of this process's cpuset.
    Refused {
        /// The cpu asked for.
        cpu: usize,
    },
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the kernel does not tell which cpus this thread may use"),
            Self::Refused { cpu } => {
                write!(f, "cannot pin to cpu {cpu}: it does not exist, is offline, or is not allowed to this process")
            }
        }
    }
}

impl std::error::Error for PinError {}

/// The cpus that the calling thread may use, ascending. On a pinned thread that is its one cpu, so ask before pinning.
///
/// # Errors
/// [`PinError::Unknown`].
pub fn cpus() -> Result<Vec<usize>, PinError> {
    let cpus = core_affinity::get_core_ids().ok_or(PinError::Unknown)?;
    Ok(cpus.into_iter().map(|cpu| cpu.id).collect())
}

/// Binds the calling thread to `cpu`.
///
/// # Errors
/// [`PinError::Refused`] when the kernel does not allow it; the thread is then bound to what it was before.
pub fn pin_current_thread(cpu: usize) -> Result<(), PinError> {
    if cpu < CPUS_MAX && core_affinity::set_for_current(CoreId { id: cpu }) {
        Ok(())
    } else {
        Err(PinError::Refused { cpu })
    }
}
