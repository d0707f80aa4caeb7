//! Whether and when to try again.

use super::{Connection, EventKind, Phase, SECOND_NS};
use crate::error::{ConnectError, Reason, Remedy};

/// The status by which a venue bans an address.
pub(super) const BANNED: u16 = 418;

impl Connection {
    /// What needs a person stops a line at its start. One that was live once was configured well, and what is wrong may
    /// heal (a deployment, a proxy, a certificate); then only a refusal of ourselves is final.
    pub(super) fn is_final(&self, reason: &Reason) -> bool {
        match reason {
            Reason::Connect(ConnectError::Http { status: 401 | BANNED | 451, .. }) => true,
            _ => !self.was_live && reason.remedy() != Remedy::Retry,
        }
    }

    pub(super) fn stop(&mut self, reason: Reason) {
        self.phase = Phase::Stopped;
        self.events.push_back(EventKind::Stopped { reason });
    }

    /// A ban of our address, whichever line learnt of it.
    pub(super) fn ban(&self, now_ns: u64) -> Option<Reason> {
        let left_ns = self.attempts.banned(now_ns)?;
        // A ban that states no end lasts as long as the run.
        let retry_after_s = Some(left_ns.div_ceil(SECOND_NS)).filter(|s| *s < 100 * 86_400);
        Some(ConnectError::Http { host: self.endpoint.host().into(), status: BANNED, retry_after_s }.into())
    }

    pub(super) fn wait_ns(&mut self, reason: &Reason, healthy: bool) -> u64 {
        match reason {
            Reason::Connect(ConnectError::Http { status: 429, retry_after_s, .. }) => {
                let asked = retry_after_s.unwrap_or(0).saturating_mul(SECOND_NS);
                asked.max(self.rules.too_many_ns).saturating_add(self.backoff.next_ns())
            }
            // A planned end after a healthy time: back at once. Before that it may be a loop, so it waits as others do.
            Reason::ServerShutdown | Reason::Lifetime | Reason::Closed { code: Some(1001 | 1012), .. } if healthy => {
                self.backoff.prompt_ns()
            }
            _ if reason.remedy() != Remedy::Retry => self.backoff.longest_ns(),
            _ => self.backoff.next_ns(),
        }
    }
}
