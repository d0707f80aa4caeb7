//! How often clients may ask: weight in ten seconds, of each endpoint by itself, of the address and of an account.
//!
//! Every client comes from loopback, so there is one address. Windows begin at full ten seconds and full seconds.

use std::collections::BTreeMap;

use super::errors::{MexcError, banned, too_many};
use super::methods::{Method, Op};
use crate::api::Limits;
use crate::rules::SECOND_NS;

const WINDOW_NS: u64 = 10 * SECOND_NS;
const BAN_FIRST_NS: u64 = 120 * SECOND_NS;
const BAN_MAX_NS: u64 = 3 * 86_400 * SECOND_NS;

/// How much of a window is used.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    start_ns: u64,
    count: u32,
}

impl Used {
    /// Adds to the window that `now` lies in; when that ends, where it is more than `limit` then.
    fn add(&mut self, more: u32, limit: u32, span_ns: u64, now: u64) -> Option<u64> {
        let start_ns = now - now % span_ns;
        if self.start_ns != start_ns {
            *self = Self { start_ns, count: 0 };
        }
        self.count = self.count.saturating_add(more);
        (self.count > limit).then_some(start_ns + span_ns)
    }
}

/// The counters of a venue.
#[derive(Debug)]
pub(super) struct Meter {
    limit: u32,
    refusals_to_ban: u32,
    /// By endpoint; of the address, or of an account.
    weight: BTreeMap<(Op, Option<usize>), Used>,
    seconds: BTreeMap<(Op, usize), Used>,
    refusals: Used,
    bans: u32,
    banned_until_ns: u64,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.weight_per_ten_seconds.unwrap_or(u32::MAX),
            refusals_to_ban: limits.refusals_to_ban,
            weight: BTreeMap::new(),
            seconds: BTreeMap::new(),
            refusals: Used::default(),
            bans: 0,
            banned_until_ns: 0,
        }
    }

    /// Counts a request of the address, or refuses it.
    pub(super) fn charge(&mut self, method: &Method, weight: u32, now: u64) -> Result<(), MexcError> {
        if now < self.banned_until_ns {
            return Err(banned(self.banned_until_ns));
        }
        let over = self.weight.entry((method.op, None)).or_default().add(weight, self.limit, WINDOW_NS, now);
        over.map_or(Ok(()), |until| Err(self.refuse(until, now)))
    }

    /// Counts it of its account as well, where that has limits of its own.
    pub(super) fn charge_account(
        &mut self,
        method: &Method,
        weight: u32,
        account: usize,
        now: u64,
    ) -> Result<(), MexcError> {
        if !method.by_account {
            return Ok(());
        }
        let own = self.weight.entry((method.op, Some(account))).or_default().add(weight, self.limit, WINDOW_NS, now);
        let second = self.seconds.entry((method.op, account)).or_default();
        let second = method.per_second.and_then(|limit| second.add(1, limit, SECOND_NS, now));
        own.or(second).map_or(Ok(()), |until| Err(self.refuse(until, now)))
    }

    fn refuse(&mut self, until_ns: u64, now: u64) -> MexcError {
        if self.refusals.add(1, self.refusals_to_ban, WINDOW_NS, now).is_none() {
            return too_many(until_ns);
        }
        let length = BAN_FIRST_NS.saturating_mul(1 << self.bans.min(20)).min(BAN_MAX_NS);
        self.bans += 1;
        self.banned_until_ns = now.saturating_add(length);
        self.refusals = Used::default();
        banned(self.banned_until_ns)
    }
}
