//! The filters, as the venue documents them.

use crosstick_model::{Amount, Kind, Side};

use super::Exchange;
use super::listing::Listing;
use super::reject::{FilterName, Reject};
use super::spec::{PercentPrice, Range};
use super::types::{OrderKind, OrderView, Tif};

const E8: i128 = 100_000_000;

fn require(condition: bool, filter: FilterName) -> Result<(), Reject> {
    if condition { Ok(()) } else { Err(Reject::Filter(filter)) }
}

impl Range {
    fn holds(&self, value: i64) -> bool {
        let step = self.step == 0 || value % self.step == 0;
        value >= self.min && (self.max == 0 || value <= self.max) && step
    }
}

impl PercentPrice {
    fn holds(&self, price: i64, reference: i64) -> bool {
        let (price, reference) = (i128::from(price) * E8, i128::from(reference));
        price <= reference * i128::from(self.up_e8) && price >= reference * i128::from(self.down_e8)
    }
}

impl Exchange {
    /// All filters on a new order, in the order of their names in the documentation.
    pub(super) fn check_filters(&self, now_ns: u64, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
        check_price(now_ns, listing, order)?;
        check_quantity(listing, order)?;
        check_notional(now_ns, listing, order)?;
        self.check_counts(listing, order)?;
        self.check_position(listing, order)
    }

    /// The filters on an amended quantity.
    pub(super) fn check_amend_filters(&self, now_ns: u64, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
        let most = listing.spec.filters.max_amends;
        require(most.is_none_or(|most| order.amends < most), FilterName::MaxNumOrderAmends)?;
        check_quantity(listing, order)?;
        check_notional(now_ns, listing, order)
    }

    /// The filters on a modified price and quantity.
    pub(super) fn check_modify_filters(&self, now_ns: u64, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
        check_price(now_ns, listing, order)?;
        self.check_amend_filters(now_ns, listing, order)
    }

    fn check_counts(&self, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
        let may_rest =
            order.kind.is_stop() || (order.kind != OrderKind::Market && order.tif != Tif::Ioc && order.tif != Tif::Fok);
        if !may_rest {
            return Ok(());
        }
        let algo = |o: &OrderView| o.kind.is_stop();
        let iceberg = |o: &OrderView| o.iceberg_quantity > 0;
        let here =
            |keep: &dyn Fn(&OrderView) -> bool| self.orders.open(order.account, listing.id).filter(|o| keep(o)).count();
        let everywhere = |keep: &dyn Fn(&OrderView) -> bool| {
            let ids = self.listings.iter().map(|l| l.id);
            ids.map(|id| self.orders.open(order.account, id).filter(|o| keep(o)).count()).sum()
        };
        let below = |most: Option<usize>, count: &dyn Fn() -> usize| most.is_none_or(|most| count() < most);
        let (local, global) = (&listing.spec.filters, &self.filters);
        require(below(local.max_orders, &|| here(&|_| true)), FilterName::MaxNumOrders)?;
        require(below(global.max_orders, &|| everywhere(&|_| true)), FilterName::ExchangeMaxNumOrders)?;
        if algo(order) {
            require(below(local.max_algo_orders, &|| here(&algo)), FilterName::MaxNumAlgoOrders)?;
            require(below(global.max_algo_orders, &|| everywhere(&algo)), FilterName::ExchangeMaxNumAlgoOrders)?;
        }
        if iceberg(order) {
            require(below(local.max_iceberg_orders, &|| here(&iceberg)), FilterName::MaxNumIcebergOrders)?;
            let count = || everywhere(&iceberg);
            require(below(global.max_iceberg_orders, &count), FilterName::ExchangeMaxNumIcebergOrders)?;
        }
        Ok(())
    }

    /// MAX_POSITION: what the account has and has open buys for, this order not counted.
    fn check_position(&self, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
        let Some(most) = listing.spec.filters.max_position else { return Ok(()) };
        if order.side == Side::Sell || listing.spec.kind != Kind::Spot {
            return Ok(());
        }
        let balance = self.ledger.balance(order.account, listing.spec.base);
        let buys = self.orders.open(order.account, listing.id).filter(|o| o.side == Side::Buy);
        let open: i128 = buys.map(|o| listing.base(o.open_quantity()).0).sum();
        require(balance.free.0 + balance.locked.0 + open <= most.0, FilterName::MaxPosition)
    }
}

fn check_price(now_ns: u64, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
    let filters = &listing.spec.filters;
    if let Some(range) = filters.price {
        for price in [order.price, order.stop_price].into_iter().filter(|p| *p != 0) {
            require(range.holds(price), FilterName::Price)?;
        }
    }
    if order.price == 0 {
        return Ok(());
    }
    let holds = |percent: &PercentPrice| {
        let reference = listing.filter_price(now_ns, percent.avg_price_mins);
        reference.is_none_or(|reference| percent.holds(order.price, reference))
    };
    require(filters.percent_price.as_ref().is_none_or(holds), FilterName::PercentPrice)?;
    let by_side = filters.percent_price_by_side.as_ref().map(|sides| &sides[order.side as usize]);
    require(by_side.is_none_or(holds), FilterName::PercentPriceBySide)
}

fn check_quantity(listing: &Listing, order: &OrderView) -> Result<(), Reject> {
    if !order.quote_quantity_is_zero() {
        return Ok(());
    }
    let filters = &listing.spec.filters;
    let iceberg = order.iceberg_quantity;
    if let Some(range) = filters.lot {
        require(range.holds(order.quantity) && (iceberg == 0 || range.holds(iceberg)), FilterName::LotSize)?;
    }
    if order.kind == OrderKind::Market {
        require(filters.market_lot.is_none_or(|r| r.holds(order.quantity)), FilterName::MarketLotSize)?;
    }
    if let (Some(most), true) = (filters.iceberg_parts, iceberg > 0) {
        require((order.quantity + iceberg - 1) / iceberg <= most, FilterName::IcebergParts)?;
    }
    Ok(())
}

fn check_notional(now_ns: u64, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
    let market = order.kind.is_market();
    let notional = |minutes: u32| -> Result<Option<Amount>, Reject> {
        if !order.quote_quantity_is_zero() {
            return Ok(Some(order.quote_quantity));
        }
        let price = if market { listing.filter_price(now_ns, minutes) } else { Some(order.price) };
        let value = |price| Amount::notional(price, order.quantity, listing.spec.scale).ok_or(Reject::TooLarge);
        price.map(value).transpose()
    };
    if let Some(rule) = listing.spec.filters.min_notional
        && (!market || rule.apply_to_market)
    {
        let enough = notional(rule.avg_price_mins)?.is_none_or(|n| n >= rule.min);
        require(enough, FilterName::MinNotional)?;
    }
    if let Some(rule) = listing.spec.filters.notional {
        let value = notional(rule.avg_price_mins)?;
        let enough = value.is_none_or(|n| n >= rule.min) || (market && !rule.apply_min_to_market);
        let in_reach = value.is_none_or(|n| n <= rule.max) || (market && !rule.apply_max_to_market);
        require(enough && in_reach, FilterName::Notional)?;
    }
    Ok(())
}
