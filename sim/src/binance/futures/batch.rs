//! Several orders in one request: each is done or refused on its own, in the order of the list.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Call, FuturesVenue};
use crate::api::errors::ApiError;
use crate::api::params::Params;
use crate::exchange::{OrderId, OrderRef};

/// Most orders of a request to place or modify, and to cancel.
const ORDERS_MAX: usize = 5;
const CANCELS_MAX: usize = 10;

fn too_many(name: &str, most: usize) -> ApiError {
    ApiError::new(-1130, format!("Data sent for parameter '{name}' is not valid: 1 to {most} are taken."))
}

/// The parameters of each order.
fn read_batch(params: &Params) -> Result<Vec<Result<Params, ApiError>>, ApiError> {
    let text = params.need("batchOrders")?;
    let list: Vec<Box<RawValue>> = serde_json::from_str(text).map_err(|_| ApiError::invalid("batchOrders"))?;
    if !(1..=ORDERS_MAX).contains(&list.len()) {
        return Err(too_many("batchOrders", ORDERS_MAX));
    }
    Ok(list.iter().map(|raw| Params::from_json(Some(raw))).collect())
}

fn told(result: Result<Value, ApiError>) -> Value {
    result.unwrap_or_else(|error| error.body())
}

impl FuturesVenue {
    pub(super) fn place_batch(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let list = self.admit_batch(call)?;
        let one = |params: Result<Params, ApiError>| told(params.and_then(|p| self.place_one(&p, call)));
        Ok(list.into_iter().map(one).collect())
    }

    pub(super) fn modify_batch(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let list = self.admit_batch(call)?;
        let one = |params: Result<Params, ApiError>| told(params.and_then(|p| self.modify_one(&p, call)));
        Ok(list.into_iter().map(one).collect())
    }

    /// A batch counts as five orders in ten seconds and as one in a minute.
    fn admit_batch(&mut self, call: &Call<'_>) -> Result<Vec<Result<Params, ApiError>>, ApiError> {
        let list = read_batch(call.params)?;
        let account = call.account()?.index();
        self.limits.check_order_counts(account, [5, 1], call.now)?;
        self.limits.add_orders(account, [5, 1], call.now);
        Ok(list)
    }

    pub(super) fn cancel_batch(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call.params)?;
        let ids = call.params.text("orderIdList")?;
        let names = call.params.text("origClientOrderIdList")?;
        let orders: Vec<OrderRef> = match (ids, names) {
            (Some(ids), _) => {
                let ids: Vec<u64> = serde_json::from_str(ids).map_err(|_| ApiError::invalid("orderIdList"))?;
                ids.into_iter().map(|id| OrderRef::Id(OrderId(id))).collect()
            }
            (None, Some(names)) => {
                let names: Vec<String> =
                    serde_json::from_str(names).map_err(|_| ApiError::invalid("origClientOrderIdList"))?;
                names.into_iter().map(OrderRef::Client).collect()
            }
            (None, None) => return Err(ApiError::either("orderIdList", "origClientOrderIdList")),
        };
        if !(1..=CANCELS_MAX).contains(&orders.len()) {
            return Err(too_many("orderIdList", CANCELS_MAX));
        }
        Ok(orders.iter().map(|which| told(self.cancel_one(instrument, which, call))).collect())
    }
}
