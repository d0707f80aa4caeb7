//! What an account has: wallets, margins, positions; its leverage and position mode.

use crosstick_model::{Amount, AssetId, InstrumentId};
use serde_json::{Map, Value, json};

use super::render::{About, put, refusal, worth};
use super::setup::{PRICE_MAX, QUANTITY_MAX};
use super::{Call, FuturesVenue, amount_text, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{AccountId, LEVERAGE_MAX, PositionSide, PositionView};

/// What an account has of an asset that positions are settled in.
#[derive(Debug, Clone, Copy, Default)]
struct Margins {
    wallet: i128,
    unrealised: i128,
    /// Of positions and open orders together, and of positions alone.
    initial: i128,
    positions: i128,
}

impl Margins {
    const fn equity(&self) -> i128 {
        self.wallet + self.unrealised
    }

    fn available(&self) -> i128 {
        (self.equity() - self.initial).max(0)
    }

    fn put(&self, body: &mut Map<String, Value>, names: &[(&str, i128)]) {
        let own = [
            ("initialMargin", self.initial),
            ("maintMargin", 0),
            ("positionInitialMargin", self.positions),
            ("openOrderInitialMargin", self.initial - self.positions),
            ("crossWalletBalance", self.wallet),
            ("crossUnPnl", self.unrealised),
            ("availableBalance", self.available()),
            ("maxWithdrawAmount", self.available().min(self.wallet).max(0)),
        ];
        for (name, amount) in names.iter().chain(&own) {
            put(body, name, amount_text(Amount(*amount)));
        }
    }
}

impl FuturesVenue {
    /// All positions that an account's mode has, flat ones included.
    fn positions(&self, account: AccountId) -> Vec<PositionView> {
        let sides: &[PositionSide] = if self.exchange.hedge_mode(account) {
            &[PositionSide::Long, PositionSide::Short]
        } else {
            &[PositionSide::Both]
        };
        let each = self.exchange.instruments().flat_map(|(id, _)| sides.iter().map(move |side| (id, *side)));
        each.filter_map(|(id, side)| self.exchange.position(account, id, side)).collect()
    }

    /// What a position is worth at the mark price, below zero where short.
    fn notional(&self, position: &PositionView) -> i128 {
        let mark = self.mark(position.instrument).unwrap_or(0);
        let worth = worth(self.spec(position.instrument), mark, position.quantity.abs()).0;
        if position.quantity < 0 { -worth } else { worth }
    }

    fn position_margin(&self, position: &PositionView) -> i128 {
        let leverage = i128::from(position.leverage.max(1));
        (self.notional(position).abs() + leverage - 1) / leverage
    }

    fn margins(&self, account: AccountId, asset: AssetId) -> Margins {
        let wallet = self.wallet(account, asset).0;
        let of_asset = |p: &&PositionView| self.spec(p.instrument).settle == asset;
        let positions: i128 = self.positions(account).iter().filter(of_asset).map(|p| self.position_margin(p)).sum();
        let initial = self.exchange.initial_margin(account, asset).0;
        Margins {
            wallet,
            unrealised: self.exchange.equity(account, asset).0 - wallet,
            initial,
            positions: positions.min(initial),
        }
    }

    /// Assets that positions are settled in, and others that the account has.
    fn assets_of(&self, account: AccountId) -> Vec<AssetId> {
        let settles = |asset: AssetId| self.exchange.instruments().any(|(_, s)| s.settle == asset);
        let all = self.exchange.balances(account).map(|(asset, _)| asset);
        all.filter(|a| settles(*a) || self.wallet(account, *a) != Amount::ZERO).collect()
    }

    pub(super) fn account_json(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?;
        let list: Vec<(AssetId, Margins)> =
            self.assets_of(account).into_iter().map(|a| (a, self.margins(account, a))).collect();
        let assets: Vec<Value> = list.iter().map(|(asset, m)| self.asset_json(*asset, m, call)).collect();
        let shown = |p: &&PositionView| call.version < 3 || self.is_coin() || p.quantity != 0;
        let positions = self.positions(account);
        let positions: Vec<Value> = positions.iter().filter(shown).map(|p| self.account_position(account, p)).collect();
        let mut body = Map::new();
        if self.is_coin() || call.version < 3 {
            put(&mut body, "canDeposit", true);
            put(&mut body, "canTrade", self.exchange.account_spec(account).can_trade);
            put(&mut body, "canWithdraw", true);
            put(&mut body, "feeTier", 0);
            put(&mut body, "updateTime", 0);
        }
        if !self.is_coin() {
            let settles = |asset: AssetId| self.exchange.instruments().any(|(_, s)| s.settle == asset);
            let sum = |of: fn(&Margins) -> i128| {
                let all = list.iter().filter(|(asset, _)| settles(*asset)).map(|(_, m)| of(m));
                amount_text(Amount(all.fold(0, i128::saturating_add)))
            };
            put(&mut body, "totalInitialMargin", sum(|m| m.initial));
            put(&mut body, "totalMaintMargin", sum(|_| 0));
            put(&mut body, "totalWalletBalance", sum(|m| m.wallet));
            put(&mut body, "totalUnrealizedProfit", sum(|m| m.unrealised));
            put(&mut body, "totalMarginBalance", sum(Margins::equity));
            put(&mut body, "totalPositionInitialMargin", sum(|m| m.positions));
            put(&mut body, "totalOpenOrderInitialMargin", sum(|m| m.initial - m.positions));
            put(&mut body, "totalCrossWalletBalance", sum(|m| m.wallet));
            put(&mut body, "totalCrossUnPnl", sum(|m| m.unrealised));
            put(&mut body, "availableBalance", sum(Margins::available));
            put(&mut body, "maxWithdrawAmount", sum(|m| m.available().min(m.wallet).max(0)));
        }
        put(&mut body, "assets", assets);
        put(&mut body, "positions", positions);
        Ok(Value::Object(body))
    }

    fn asset_json(&self, asset: AssetId, margins: &Margins, call: &Call<'_>) -> Value {
        let mut body = Map::new();
        put(&mut body, "asset", self.asset_name(asset));
        let names = [
            ("walletBalance", margins.wallet),
            ("unrealizedProfit", margins.unrealised),
            ("marginBalance", margins.equity()),
        ];
        margins.put(&mut body, &names);
        put(&mut body, "updateTime", self.stamp(call.now));
        Value::Object(body)
    }

    fn account_position(&self, account: AccountId, p: &PositionView) -> Value {
        let spec = self.spec(p.instrument);
        let mut body = Map::new();
        put(&mut body, "symbol", spec.symbol.as_str());
        put(&mut body, "positionSide", p.side.name());
        put(&mut body, "positionAmt", quantity_text(spec.scale, p.quantity));
        put(&mut body, "entryPrice", price_text(spec.scale, p.entry_price));
        put(&mut body, "unrealizedProfit", amount_text(p.unrealised));
        put(&mut body, "isolated", false);
        put(&mut body, "leverage", p.leverage.to_string());
        put(&mut body, "notional", amount_text(Amount(self.notional(p))));
        put(&mut body, "isolatedWallet", "0");
        put(&mut body, "initialMargin", amount_text(Amount(self.position_margin(p))));
        put(&mut body, "maintMargin", amount_text(Amount::ZERO));
        put(&mut body, "updateTime", self.position_time(account, p));
        Value::Object(body)
    }

    fn position_time(&self, account: AccountId, p: &PositionView) -> u64 {
        self.updated_ns.get(&(account, p.instrument, p.side)).map_or(0, |at| self.stamp(*at))
    }

    pub(super) fn balance_json(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?;
        let one = |asset: AssetId| {
            let margins = self.margins(account, asset);
            let free = margins.available().min(margins.wallet).max(0);
            let text = |amount: i128| amount_text(Amount(amount));
            let mut body = Map::new();
            put(&mut body, "accountAlias", format!("account-{}", account.0));
            put(&mut body, "asset", self.asset_name(asset));
            put(&mut body, "balance", text(margins.wallet));
            if self.is_coin() {
                put(&mut body, "withdrawAvailable", text(free));
            }
            put(&mut body, "crossWalletBalance", text(margins.wallet));
            put(&mut body, "crossUnPnl", text(margins.unrealised));
            put(&mut body, "availableBalance", text(margins.available()));
            if !self.is_coin() {
                put(&mut body, "maxWithdrawAmount", text(free));
                put(&mut body, "marginAvailable", true);
            }
            put(&mut body, "updateTime", self.stamp(call.now));
            Value::Object(body)
        };
        Ok(self.assets_of(account).into_iter().map(one).collect())
    }

    pub(super) fn position_risk(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?;
        let (instruments, _) = self.chosen(call.params)?;
        // The third version tells what is open alone.
        let brief = !self.is_coin() && call.version >= 3;
        let shown = |p: &&PositionView| instruments.contains(&p.instrument) && (!brief || self.is_busy(account, p));
        Ok(self.positions(account).iter().filter(shown).map(|p| self.risk_json(account, p, brief)).collect())
    }

    fn is_busy(&self, account: AccountId, p: &PositionView) -> bool {
        p.quantity != 0 || !self.exchange.open_orders(account, Some(p.instrument)).is_empty()
    }

    fn risk_json(&self, account: AccountId, p: &PositionView, brief: bool) -> Value {
        let spec = self.spec(p.instrument);
        let entry = price_text(spec.scale, p.entry_price);
        let mut body = Map::new();
        put(&mut body, "symbol", spec.symbol.as_str());
        put(&mut body, "positionSide", p.side.name());
        put(&mut body, "positionAmt", quantity_text(spec.scale, p.quantity));
        put(&mut body, "entryPrice", entry.as_str());
        put(&mut body, "breakEvenPrice", entry);
        put(&mut body, "markPrice", price_text(spec.scale, self.mark(p.instrument).unwrap_or(0)));
        put(&mut body, "unRealizedProfit", amount_text(p.unrealised));
        put(&mut body, "liquidationPrice", "0");
        put(&mut body, "isolatedMargin", "0");
        let notional = if self.is_coin() { "notionalValue" } else { "notional" };
        put(&mut body, notional, amount_text(Amount(self.notional(p))));
        if brief {
            put(&mut body, "marginAsset", self.asset_name(spec.settle));
            put(&mut body, "isolatedWallet", "0");
            put(&mut body, "initialMargin", amount_text(Amount(self.position_margin(p))));
            put(&mut body, "maintMargin", "0");
        } else {
            put(&mut body, "leverage", p.leverage.to_string());
            put(&mut body, "marginType", "cross");
            put(&mut body, "isAutoAddMargin", "false");
            put(&mut body, "isolatedWallet", "0");
        }
        put(&mut body, "updateTime", self.position_time(account, p));
        Value::Object(body)
    }

    pub(super) fn set_leverage(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument: InstrumentId = self.instrument_of(call.params)?;
        let leverage = call.params.need_integer("leverage")?;
        let wanted = u32::try_from(leverage).unwrap_or(u32::MAX);
        let set = self.exchange.set_leverage(call.account()?, instrument, wanted);
        set.map_err(|r| refusal(r, About::NewOrder))?;
        // There are no brackets here: the bounds of one order are the only ones.
        let (name, most) = if self.is_coin() {
            ("maxQty", i128::from(QUANTITY_MAX))
        } else {
            ("maxNotionalValue", i128::from(QUANTITY_MAX) * i128::from(PRICE_MAX))
        };
        let mut body = Map::new();
        put(&mut body, "leverage", leverage);
        put(&mut body, name, most.to_string());
        put(&mut body, "symbol", self.spec(instrument).symbol.as_str());
        Ok(Value::Object(body))
    }

    /// One bracket a symbol, as there are no others here: any size at any leverage, and nothing to maintain.
    pub(super) fn leverage_brackets(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        call.account()?;
        let (instruments, single) = self.chosen(call.params)?;
        let unit = if self.is_coin() { "qty" } else { "notional" };
        let most = i128::from(QUANTITY_MAX) * if self.is_coin() { 1 } else { i128::from(PRICE_MAX) };
        let one = |id: &InstrumentId| {
            let mut bracket = Map::new();
            put(&mut bracket, "bracket", 1);
            put(&mut bracket, "initialLeverage", LEVERAGE_MAX);
            put(&mut bracket, &format!("{unit}Cap"), u64::try_from(most).unwrap_or(u64::MAX));
            put(&mut bracket, &format!("{unit}Floor"), 0);
            put(&mut bracket, "maintMarginRatio", 0);
            put(&mut bracket, "cum", 0);
            json!({ "symbol": self.spec(*id).symbol, "notionalCoef": 1, "brackets": [bracket] })
        };
        // Asked for one symbol, USD-M answers with an object, COIN-M with a list.
        match instruments.as_slice() {
            [id] if single && !self.is_coin() => Ok(one(id)),
            all => Ok(all.iter().map(one).collect()),
        }
    }

    pub(super) fn set_dual(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        call.params.need("dualSidePosition")?;
        let hedge = call.params.boolean("dualSidePosition")?.unwrap_or(false);
        self.exchange.set_hedge_mode(call.account()?, hedge).map_err(|r| refusal(r, About::Mode))?;
        Ok(json!({ "code": 200, "msg": "success" }))
    }

    pub(super) fn get_dual(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        Ok(json!({ "dualSidePosition": self.exchange.hedge_mode(call.account()?) }))
    }
}
