//! HOT: core thread. The proof that risk said yes.

use crosstick_model::Order;

/// An order that risk approved: what a gateway takes, once.
///
/// Only this crate can make one, and it is neither `Clone` nor `Copy`: whoever sends it gives it away.
/// One that cannot be sent after all goes back through [`Risk::withdraw`](crate::Risk::withdraw).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an approved order holds reservations until it is sent or withdrawn"]
pub struct Approved(Order);

impl Approved {
    pub(crate) const fn new(order: Order) -> Self {
        Self(order)
    }

    /// What was approved, to record or to write to a venue.
    #[inline]
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.0
    }
}
