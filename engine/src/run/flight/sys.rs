//! The unsafe of the flight recorder: how often the kernel took the processor away from this thread.

#![allow(unsafe_code)]

/// Involuntary context switches of the calling thread so far; 0 where the kernel does not tell. A system call of some
/// hundred ns: never on an input's way.
#[must_use]
pub fn preemptions() -> u64 {
    // SAFETY: all-zero bytes are a valid `rusage`, a plain struct of integers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live `rusage` of ours, which the call fills and does not keep.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    if result < 0 { 0 } else { u64::try_from(usage.ru_nivcsw).unwrap_or(0) }
}
