//! What no flow would do: a trade with one order out of its turn, so that a fault can time it.

use super::Exchange;
use super::plan::{Act, Step};
use super::reject::Reject;
use super::types::{OrderId, OrderView};

impl Exchange {
    /// The house takes up to `quantity` of one resting order at its price, whatever stands before it; what it took. A
    /// stop order that waits gives nothing.
    ///
    /// # Errors
    /// [`Reject::UnknownOrder`], also where it is no longer open.
    pub fn take_resting(&mut self, now_ns: u64, order: OrderId, quantity: i64) -> Result<i64, Reject> {
        self.tick(now_ns);
        let view = self.orders.get(order).map(|r| r.view.clone()).filter(|v| v.status.is_open());
        let OrderView { instrument, side, price, .. } = view.ok_or(Reject::UnknownOrder)?;
        let taker = self.house_order();
        let mut taken = 0;
        while taken < quantity {
            let book = &mut self.listings[instrument.index()].book;
            let shown = book.shown(side, price, order);
            if shown <= 0 {
                break;
            }
            book.bring_forward(side, price, order);
            let traded = shown.min(quantity - taken);
            let step = Step { maker: order, price, act: Act::Trade(traded) };
            self.trade(instrument, taker, side.opposite(), &step, traded, false);
            taken += traded;
        }
        self.finish(instrument);
        Ok(taken)
    }

    /// All orders of all accounts that are known, the oldest first.
    pub fn every_order(&self) -> Vec<&OrderView> {
        let accounts = self.accounts();
        let all = accounts.flat_map(|account| self.listings.iter().map(move |l| (account, l.id)));
        let desks = all.filter_map(|(account, instrument)| self.orders.desk(account, instrument));
        let mut views: Vec<&OrderView> =
            desks.flat_map(|d| d.all.iter()).filter_map(|id| self.orders.get(*id)).map(|r| &r.view).collect();
        views.sort_by_key(|v| v.id);
        views
    }
}
