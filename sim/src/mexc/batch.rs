//! Several orders at once: up to twenty of one symbol, each answered for itself.

use serde_json::{Value, json};

use super::errors::{MexcError, wrong};
use super::read::need;
use super::{Call, MexcVenue};
use crate::api::params::Params;

const ORDERS_MAX: usize = 20;

/// The fields of one order as parameters.
fn params_of(order: &Value) -> Option<Params> {
    let pairs = order.as_object()?.iter().map(|(name, value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        _ => None,
    });
    pairs.collect::<Option<Vec<_>>>().map(Params::from_pairs)
}

impl MexcVenue {
    pub(super) fn place_batch(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let broken = || wrong("batchOrders");
        let list: Vec<Value> = serde_json::from_str(need(call.params, "batchOrders")?).map_err(|_| broken())?;
        if list.is_empty() || list.len() > ORDERS_MAX {
            return Err(broken());
        }
        let orders: Vec<Params> = list.iter().map(|o| params_of(o).ok_or_else(broken)).collect::<Result<_, _>>()?;
        let symbol = orders[0].get("symbol");
        if orders.iter().any(|o| o.get("symbol") != symbol) {
            return Err(wrong("symbol"));
        }
        let answers = orders.iter().map(|params| {
            self.place_one(params, call).unwrap_or_else(|error| {
                json!({ "newClientOrderId": params.get("newClientOrderId"), "msg": error.text, "code": error.code })
            })
        });
        Ok(answers.collect())
    }
}
