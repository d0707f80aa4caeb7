//! What an operator's command does to the core. Rare, and still of the core: it allocates nothing and reads no clock.

use crosstick_model::{Command, CommandKind, CommandOutcome, CommandSource, Decision, DenyCode, Reason, TimeInForce};
use crosstick_risk::Risk;
use crosstick_strategy::{Strategy, View};

use super::{Core, Outside};

impl<S: Strategy> Core<S> {
    /// Takes an operator's command: an input like any other, in order with the ticks.
    ///
    /// A halt stops opening and closing from the next intent on, and asks for the end of every order that rests or
    /// could come to rest; orders that end by themselves are left to it. The first cause of a halt stays: a halt by
    /// command after one by a limit only takes away what could still be closed.
    pub fn on_command(&mut self, command: &Command, outside: &mut impl Outside) -> CommandOutcome {
        self.now_ns = self.now_ns.max(command.at_ns);
        match command.kind {
            CommandKind::Halt => {
                let code = match command.source {
                    CommandSource::Journal => DenyCode::Journal,
                    CommandSource::Signal | CommandSource::Control | CommandSource::File => DenyCode::Operator,
                };
                self.halt(code, &command.reason, outside)
            }
            CommandKind::Resume => self.resume(outside),
        }
    }

    fn halt(&mut self, code: DenyCode, reason: &Reason, outside: &mut impl Outside) -> CommandOutcome {
        let at_ns = self.now_ns;
        let closed_until_now = self.risk.halted().is_some_and(|halt| halt.closes);
        let outcome = match self.risk.halt(at_ns, code) {
            Some(breach) => {
                self.halt_reason = *reason;
                self.halted(breach, outside);
                CommandOutcome::Halted
            }
            None => {
                if closed_until_now {
                    self.record(&Decision::Halt { at_ns, code }, outside);
                }
                CommandOutcome::AlreadyHalted
            }
        };
        cancel_resting(&self.risk, at_ns, outside);
        outcome
    }

    fn resume(&mut self, outside: &mut impl Outside) -> CommandOutcome {
        if self.risk.halted().is_none() {
            return CommandOutcome::NotHalted;
        }
        let at_ns = self.now_ns;
        self.risk.resume(at_ns);
        self.halt_reason = Reason::NONE;
        self.record(&Decision::Resume { at_ns }, outside);
        let view = View { now_ns: at_ns, cache: &self.cache };
        self.strategy.on_resume(view, &mut self.outbox);
        self.drain(outside);
        CommandOutcome::Resumed
    }

    /// Why trading is halted: what the operator told, or the sentence of the limit. `None` while it is not halted.
    #[must_use]
    pub fn halt_reason(&self) -> Option<&str> {
        let halt = self.risk.halted()?;
        Some(if self.halt_reason.is_empty() { halt.code.sentence() } else { self.halt_reason.text() })
    }
}

fn cancel_resting(risk: &Risk, now_ns: u64, outside: &mut impl Outside) {
    for (order, _) in risk.open_orders() {
        match order.intent.time_in_force {
            TimeInForce::Gtc => outside.cancel(now_ns, order.id),
            TimeInForce::Ioc => {}
        }
    }
}
