//! Several orders at once: up to twenty of one symbol, each answered for itself.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::errors::{MexcError, wrong};
use super::read::need;
use super::{Call, MexcVenue};
use crate::api::params::Params;

const ORDERS_MAX: usize = 20;

/// The fields of one order as parameters: texts, and numbers digit by digit as they came.
fn params_of(order: &RawValue) -> Option<Params> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(order.get()).ok()?;
    let pairs = fields.into_iter().map(|(name, value)| match value.get().as_bytes().first() {
        Some(b'"') => Some((name, serde_json::from_str(value.get()).ok()?)),
        Some(b'-' | b'0'..=b'9') => Some((name, value.get().to_owned())),
        _ => None,
    });
    pairs.collect::<Option<Vec<_>>>().map(Params::from_pairs)
}

impl MexcVenue {
    pub(super) fn place_batch(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let broken = || wrong("batchOrders");
        let list: Vec<&RawValue> = serde_json::from_str(need(call.params, "batchOrders")?).map_err(|_| broken())?;
        if list.is_empty() || list.len() > ORDERS_MAX {
            return Err(broken());
        }
        let orders: Vec<Params> =
            list.into_iter().map(|o| params_of(o).ok_or_else(broken)).collect::<Result<_, _>>()?;
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
