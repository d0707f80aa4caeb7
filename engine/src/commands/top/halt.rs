//! Halting an engine from the view: the way that `crosstick halt` goes.

/// Halts the engine of that name, and says what came of it.
///
/// # Errors
/// Why it was not halted.
pub fn halt_engine(_name: &str, _reason: &str) -> Result<String, String> {
    Err("this build has no way to halt a running engine".into())
}
