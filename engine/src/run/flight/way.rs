//! An input under way: raw stamps, and what they belong to. Hot.

use crosstick_model::DenyCode;
use crosstick_strategy::outbox::LEGS_MAX;

/// The input at hand.
#[derive(Debug, Default)]
pub struct Way {
    /// When it was read, ns since the epoch, and the number of its reader; `None` for what is no tick of a market.
    pub tick: Option<(u64, u16)>,
    /// The group of intents at hand.
    pub group: Group,
    /// The first group that the input led to, once it is settled.
    pub first: Option<Group>,
    /// When that group's last stage was reached, ns since the epoch.
    pub last_ns: u64,
}

impl Way {
    /// Another input begins.
    #[inline]
    pub fn begin(&mut self, tick: Option<(u64, u16)>) {
        self.tick = tick;
        self.first = None;
        self.last_ns = 0;
    }
}

/// A group of intents: raw stamps, 0 where a stage was not reached.
#[derive(Debug, Clone, Copy, Default)]
pub struct Group {
    /// The strategy's intents are out.
    pub decided: u64,
    /// Risk has answered.
    pub gated: u64,
    /// A gateway has the orders.
    pub sent: u64,
    /// Why risk denied them.
    pub denied: Option<DenyCode>,
    orders: [u64; LEGS_MAX],
    count: u8,
}

impl Group {
    /// Intents that came out at this raw stamp.
    #[inline]
    pub fn decided_at(decided: u64) -> Self {
        Self { decided, ..Self::default() }
    }

    /// A gateway has taken an order of it.
    #[inline]
    pub fn sent_order(&mut self, order: u64) {
        if let Some(place) = self.orders.get_mut(usize::from(self.count)) {
            *place = order;
            self.count += 1;
        }
    }

    /// The orders that a gateway has taken.
    #[inline]
    pub fn orders(&self) -> &[u64] {
        self.orders.get(..usize::from(self.count)).unwrap_or(&[])
    }
}

/// How many orders are remembered until their first report; risk rarely lets that many be open.
const AWAITED: usize = 256;

/// Orders whose first report is awaited, and the raw stamp of when they were sent.
#[derive(Debug)]
pub struct Awaited(Box<[(u64, u64); AWAITED]>);

impl Awaited {
    pub fn new() -> Self {
        Self(Box::new([(0, 0); AWAITED]))
    }

    /// An order was sent. One that is that many orders older and still awaited is forgotten.
    #[inline]
    pub fn put(&mut self, order: u64, sent: u64) {
        self.0[order as usize % AWAITED] = (order, sent);
    }

    /// A report of an order: when it was sent, if this is the first.
    #[inline]
    pub fn take(&mut self, order: u64) -> Option<u64> {
        let place = &mut self.0[order as usize % AWAITED];
        (place.0 == order && place.1 != 0).then(|| std::mem::take(&mut place.1))
    }
}
