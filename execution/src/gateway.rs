//! HOT: core thread. What every gateway can do.

use crosstick_model::OrderId;
use crosstick_risk::Approved;

/// Takes approved orders; reports come back through the gateway's own driver.
pub trait Gateway {
    /// Sends an order, at core time `now_ns`. An order is sent at most once: it is given away here.
    ///
    /// # Errors
    /// The order comes back, unsent, when the gateway has no room for it: withdraw it from risk.
    fn send(&mut self, now_ns: u64, order: Approved) -> Result<(), Approved>;

    /// Asks for an order's end, at core time `now_ns`. The answer is a report; an order that has ended gives none.
    fn cancel(&mut self, now_ns: u64, order: OrderId);
}
