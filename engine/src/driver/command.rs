//! Commands among the driver's inputs.

use crosstick_model::{Command, CommandOutcome};
use crosstick_strategy::Strategy;

use super::{Desk, Listener, PaperDriver};

impl<S: Strategy> PaperDriver<S> {
    /// Takes an operator's command, after all that is due before it. A halt that is stamped with [`Self::halt_ns`]
    /// comes before every wake-up that core time has not reached, so no order of theirs goes out before it.
    pub fn command(&mut self, command: &Command, listener: &mut impl Listener) -> CommandOutcome {
        self.wake_until(self.core.now_ns().max(command.at_ns), listener);
        listener.command(command);
        let mut desk = Desk { paper: &mut self.paper, states: &mut self.states, listener };
        self.core.on_command(command, &mut desk)
    }

    /// The stamp of a halt that is taken now: core time, or `clock_ns` before the first input.
    #[must_use]
    pub const fn halt_ns(&self, clock_ns: u64) -> u64 {
        match self.core.now_ns() {
            0 => clock_ns,
            now_ns => now_ns,
        }
    }
}
