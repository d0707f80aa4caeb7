"""python-binance over REST: what the venue lists, orders, balances to the last unit, refusals."""

import time
from decimal import Decimal as D
from pathlib import Path

import money
import pytest
import venues
from binance.client import Client
from binance.exceptions import BinanceAPIException

SYMBOL = "BTCUSDT"


def client(venue, account, **others):
    class Here(Client):
        API_URL = f"{venue.rest}/api"

    keys = venue.keys[account]
    given = {"api_key": keys["hmac_key"], "api_secret": keys["hmac_secret"], **others}
    return Here(requests_params={"timeout": 30}, **given)


@pytest.fixture(scope="module")
def trader(venue):
    return client(venue, "python-binance")


@pytest.fixture(scope="module")
def other(venue):
    return client(venue, "other")


def balances(of):
    """Free and locked, by asset."""
    return {b["asset"]: (D(b["free"]), D(b["locked"])) for b in of.get_account()["balances"]}


def best(of):
    ticker = of.get_orderbook_ticker(symbol=SYMBOL)
    return D(ticker["bidPrice"]), D(ticker["askPrice"])


def far_bid(of, quantity):
    """A bid that nothing reaches, and what it locks."""
    price = (best(of)[0] * D("0.9")).quantize(money.PRICE_STEP)
    return price, price * quantity


def refusal(call):
    with pytest.raises(BinanceAPIException) as caught:
        call()
    return caught.value.status_code, caught.value.code, caught.value.message


def test_lists_its_symbols_with_their_filters(trader):
    info = trader.get_exchange_info()
    assert [s["symbol"] for s in info["symbols"]] == ["BTCUSDT", "DOGEUSDT", "PEPEUSDT"]
    assert info["timezone"] == "UTC" and abs(info["serverTime"] - trader.get_server_time()["serverTime"]) < 60_000
    limits = {(r["rateLimitType"], r["interval"], r["intervalNum"]): r["limit"] for r in info["rateLimits"]}
    assert limits[("REQUEST_WEIGHT", "MINUTE", 1)] == 6000
    assert limits[("ORDERS", "SECOND", 10)] == 50 and limits[("ORDERS", "DAY", 1)] == 160_000
    symbol = trader.get_symbol_info(SYMBOL)
    assert (symbol["baseAsset"], symbol["quoteAsset"], symbol["status"]) == ("BTC", "USDT", "TRADING")
    assert symbol["permissionSets"] == [["SPOT"]] and "LIMIT_MAKER" in symbol["orderTypes"]
    filters = {f["filterType"]: f for f in symbol["filters"]}
    assert D(filters["PRICE_FILTER"]["tickSize"]) == D("0.01") == D(filters["PRICE_FILTER"]["minPrice"])
    assert D(filters["LOT_SIZE"]["stepSize"]) == D("0.00001") == D(filters["LOT_SIZE"]["minQty"])
    assert D(filters["NOTIONAL"]["minNotional"]) > 0 and filters["NOTIONAL"]["applyMinToMarket"] is True
    pepe = {f["filterType"]: f for f in trader.get_symbol_info("PEPEUSDT")["filters"]}
    assert pepe["PRICE_FILTER"]["tickSize"] == "0.00000001" and D(pepe["LOT_SIZE"]["stepSize"]) == 1
    assert trader.get_symbol_info("NOSUCH") is None


def test_the_book_is_ordered_and_its_top_is_the_book_ticker(venue, trader):
    with venue.still("alpha"):
        before = trader.get_order_book(symbol="PEPEUSDT")
        ticker = trader.get_orderbook_ticker(symbol="PEPEUSDT")
        assert trader.get_order_book(symbol="PEPEUSDT", limit=5)["lastUpdateId"] == before["lastUpdateId"]
    bids, asks = ([(D(p), D(q)) for p, q in before[side]] for side in ("bids", "asks"))
    assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and bids[0][0] < asks[0][0]
    assert len({p for p, _ in bids}) == len(bids) >= 5 and all(q > 0 for _, q in bids + asks)
    assert (D(ticker["bidPrice"]), D(ticker["bidQty"])) == bids[0]
    assert (D(ticker["askPrice"]), D(ticker["askQty"])) == asks[0]


def test_bars_sums_and_trades_tell_one_story(trader):
    """A bar of one second against the sums of that second, and those against single trades."""
    bars, give_up = [], time.monotonic() + venues.PATIENCE_S
    # The venue has just started, and trades come by and by.
    while not bars:
        assert time.monotonic() < give_up, "no second had two trades"
        now = trader.get_server_time()["serverTime"]
        bars = [b for b in trader.get_klines(symbol=SYMBOL, interval="1s", limit=10) if b[6] < now and b[8] > 1]
    start, opened, high, low, closed, volume, end, quote_volume, count, taker_base, taker_quote, _ = bars[-1]
    assert end == start + 999
    sums = trader.get_aggregate_trades(symbol=SYMBOL, startTime=start, endTime=end, limit=1000)
    prices = [D(s["p"]) for s in sums]
    assert [D(opened), D(high), D(low), D(closed)] == [prices[0], max(prices), min(prices), prices[-1]]
    assert D(volume) == sum(D(s["q"]) for s in sums)
    assert D(quote_volume) == sum(D(s["q"]) * D(s["p"]) for s in sums)
    assert D(taker_base) == sum(D(s["q"]) for s in sums if not s["m"])
    assert D(taker_quote) == sum(D(s["q"]) * D(s["p"]) for s in sums if not s["m"])
    assert count == sum(s["l"] - s["f"] + 1 for s in sums)
    trades = trader.get_historical_trades(symbol=SYMBOL, fromId=sums[0]["f"], limit=1000)
    trades = [t for t in trades if t["id"] <= sums[-1]["l"]]
    assert [t["id"] for t in trades] == list(range(sums[0]["f"], sums[-1]["l"] + 1))
    assert all(start <= t["time"] <= end for t in trades)
    assert all(D(t["quoteQty"]) == D(t["price"]) * D(t["qty"]) for t in trades)
    for one in sums:
        parts = [t for t in trades if one["f"] <= t["id"] <= one["l"]]
        assert sum(D(t["qty"]) for t in parts) == D(one["q"])
        assert {D(t["price"]) for t in parts} == {D(one["p"])} and {t["isBuyerMaker"] for t in parts} == {one["m"]}


def test_tickers_agree_with_each_other(trader):
    day = trader.get_ticker(symbol=SYMBOL)
    assert D(day["lowPrice"]) <= D(day["lastPrice"]) <= D(day["highPrice"])
    assert D(day["priceChange"]) == D(day["lastPrice"]) - D(day["openPrice"])
    assert day["count"] == day["lastId"] - day["firstId"] + 1
    average = trader.get_avg_price(symbol=SYMBOL)
    assert average["mins"] == 5 and D(day["lowPrice"]) * D("0.9") < D(average["price"]) < D(day["highPrice"]) * D("1.1")
    assert {t["symbol"] for t in trader.get_all_tickers()} == {"BTCUSDT", "DOGEUSDT", "PEPEUSDT"}


def test_a_market_order_moves_balances_to_the_last_unit(trader):
    before = balances(trader)
    trader.create_test_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.00123")
    assert balances(trader) == before
    bought = trader.order_market_buy(symbol=SYMBOL, quantity="0.00123", newClientOrderId="first-buy")
    sold = trader.order_market_sell(symbol=SYMBOL, quantity="0.00077")
    fills = []
    for order, side, quantity in ((bought, "BUY", "0.00123"), (sold, "SELL", "0.00077")):
        assert (order["status"], D(order["executedQty"]), order["side"]) == ("FILLED", D(quantity), side)
        parts = [(side, D(f["price"]), D(f["qty"]), D(f["commission"])) for f in order["fills"]]
        assert sum(q for _, _, q, _ in parts) == D(quantity)
        assert sum(p * q for _, p, q, _ in parts) == D(order["cummulativeQuoteQty"])
        assert [paid for *_, paid in parts] == [money.commission(side, p, q, money.TAKER) for _, p, q, _ in parts]
        assert {f["commissionAsset"] for f in order["fills"]} == {"BTC" if side == "BUY" else "USDT"}
        fills += parts
    assert bought["clientOrderId"] == "first-buy" and sold["clientOrderId"] and sold["orderId"] > bought["orderId"]
    usdt, btc = money.change(fills)
    after = balances(trader)
    assert after["USDT"] == (before["USDT"][0] + usdt, 0) and after["BTC"] == (before["BTC"][0] + btc, 0)
    mine = [t for t in trader.get_my_trades(symbol=SYMBOL) if t["orderId"] in (bought["orderId"], sold["orderId"])]
    assert [("BUY" if t["isBuyer"] else "SELL", D(t["price"]), D(t["qty"]), D(t["commission"])) for t in mine] == fills
    assert not any(t["isMaker"] for t in mine)


def test_a_market_order_by_quote_spends_no_more(trader):
    order = trader.order_market_buy(symbol=SYMBOL, quoteOrderQty="50")
    step = D("0.00001")
    spent, last = D(order["cummulativeQuoteQty"]), D(order["fills"][-1]["price"])
    assert order["status"] == "FILLED" and spent <= 50 < spent + step * last
    assert D(order["origQuoteOrderQty"]) == 50 and D(order["executedQty"]) % step == 0


def test_a_resting_order_locks_and_releases(trader):
    quantity = D("0.00200")
    before = balances(trader)
    price, locked = far_bid(trader, quantity)
    order = trader.order_limit_buy(symbol=SYMBOL, quantity=str(quantity), price=str(price), newClientOrderId="rests")
    assert (order["status"], D(order["price"]), order["fills"]) == ("NEW", price, [])
    assert balances(trader)["USDT"] == (before["USDT"][0] - locked, locked)
    shown = trader.get_open_orders(symbol=SYMBOL)
    assert [(o["orderId"], o["clientOrderId"], o["isWorking"]) for o in shown] == [(order["orderId"], "rests", True)]
    replaced = trader.cancel_replace_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.00100", price=str(price),
        cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=order["orderId"])
    assert (replaced["cancelResult"], replaced["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    newer = replaced["newOrderResponse"]["orderId"]
    assert balances(trader)["USDT"] == (before["USDT"][0] - locked / 2, locked / 2)
    canceled = trader.cancel_order(symbol=SYMBOL, orderId=newer)
    assert (canceled["status"], D(canceled["executedQty"])) == ("CANCELED", 0)
    assert balances(trader) == before and trader.get_open_orders(symbol=SYMBOL) == []
    states = {o["orderId"]: o["status"] for o in trader.get_all_orders(symbol=SYMBOL)}
    assert states[order["orderId"]] == states[newer] == "CANCELED"
    assert trader.get_order(symbol=SYMBOL, origClientOrderId="rests")["status"] == "CANCELED"


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_an_order_that_rested_pays_as_maker(venue, trader, other, side):
    """It stands in front of the whole book, and whoever comes next takes it."""
    quantity = "0.00050"
    before = balances(trader)
    with venue.still("alpha"):
        bid, ask = best(trader)
        price = ask - money.PRICE_STEP if side == "BUY" else bid + money.PRICE_STEP
        order = trader.create_order(symbol=SYMBOL, side=side, type="LIMIT_MAKER", quantity=quantity, price=str(price))
        assert order["orderId"] and best(trader)[0 if side == "BUY" else 1] == price
        other.create_order(symbol=SYMBOL, side="SELL" if side == "BUY" else "BUY", type="MARKET", quantity=quantity)
    assert trader.get_order(symbol=SYMBOL, orderId=order["orderId"])["status"] == "FILLED"
    mine = [t for t in trader.get_my_trades(symbol=SYMBOL) if t["orderId"] == order["orderId"]]
    assert [(D(t["price"]), D(t["qty"]), t["isMaker"]) for t in mine] == [(price, D(quantity), True)]
    fills = [(side, D(t["price"]), D(t["qty"]), D(t["commission"])) for t in mine]
    assert [paid for *_, paid in fills] == [money.commission(side, p, q, money.MAKER) for _, p, q, _ in fills]
    usdt, btc = money.change(fills)
    after = balances(trader)
    assert after["USDT"] == (before["USDT"][0] + usdt, 0) and after["BTC"] == (before["BTC"][0] + btc, 0)


def test_times_in_force(trader):
    bid, ask = best(trader)
    high, low = str((ask * D("1.01")).quantize(money.PRICE_STEP)), str((bid * D("0.9")).quantize(money.PRICE_STEP))
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "quantity": "0.00100"}
    assert trader.create_order(**limit, timeInForce="IOC", price=high)["status"] == "FILLED"
    assert trader.create_order(**limit, timeInForce="IOC", price=low)["status"] == "EXPIRED"
    assert trader.create_order(**limit, timeInForce="FOK", price=low)["status"] == "EXPIRED"
    stop = trader.create_order(symbol=SYMBOL, side="SELL", type="STOP_LOSS_LIMIT", timeInForce="GTC",
                               quantity="0.00100", price=low, stopPrice=low)
    assert trader.get_order(symbol=SYMBOL, orderId=stop["orderId"])["isWorking"] is False
    assert trader.cancel_order(symbol=SYMBOL, orderId=stop["orderId"])["status"] == "CANCELED"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_private_keys_speak_for_the_same_account(venue, trader, kind):
    pem = Path(venue.private_pem("python-binance", kind)).read_bytes()
    by_key = client(venue, "python-binance", api_key=venue.keys["python-binance"][f"{kind}_key"], api_secret=None,
                    private_key=pem)
    assert balances(by_key) == balances(trader) and by_key.get_account()["uid"] == trader.get_account()["uid"]
    order = by_key.order_market_sell(symbol=SYMBOL, quantity="0.00050")
    assert trader.get_order(symbol=SYMBOL, orderId=order["orderId"])["status"] == "FILLED"


def test_fees_and_order_counts_are_told(trader):
    account = trader.get_account()
    rates = account["commissionRates"]
    assert (D(rates["maker"]), D(rates["taker"])) == (money.MAKER, money.TAKER) and account["canTrade"] is True

    def unfilled():
        return next(c["count"] for c in trader.get_current_order_count() if c["interval"] == "DAY")

    before = unfilled()
    # An order that takes is taken off the count again, one that rests stays on it, even when it is canceled.
    trader.order_market_buy(symbol=SYMBOL, quantity="0.00050")
    assert unfilled() == before
    price, _ = far_bid(trader, 1)
    order = trader.order_limit_buy(symbol=SYMBOL, quantity="0.00050", price=str(price))
    assert int(trader.response.headers["x-mbx-order-count-1d"]) == before + 1 == unfilled()
    trader.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert unfilled() == before + 1


def test_every_answer_tells_the_weight_used(trader):
    def used():
        return int(trader.response.headers["x-mbx-used-weight-1m"])

    for _ in range(3):
        trader.get_account()
        first = used()
        trader.get_account()
        if used() > first:
            break
    # Unless a minute began in between, which starts the count again.
    assert used() == first + 20


def test_refusals_come_with_the_documented_codes(trader):
    price, _ = far_bid(trader, D(1))
    limit = {"symbol": SYMBOL, "price": str(price)}

    def buy(**fields):
        return lambda: trader.order_limit_buy(**{**limit, **fields})

    assert refusal(buy(quantity="0.00001")) == (400, -1013, "Filter failure: NOTIONAL")
    assert refusal(buy(quantity="0.000015")) == (400, -1013, "Filter failure: LOT_SIZE")
    assert refusal(buy(quantity="0.001", price=f"{price}1")) == (400, -1013, "Filter failure: PRICE_FILTER")
    assert refusal(buy(quantity="0.01", price="1000")) == (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    poor = "Account has insufficient balance for requested action."
    assert refusal(buy(quantity="100")) == (400, -2010, poor)
    assert refusal(buy(quantity="0.001", symbol="NOSUCH")) == (400, -1121, "Invalid symbol.")
    assert refusal(buy(quantity="x"))[:2] == (400, -1100)
    assert refusal(lambda: trader.cancel_order(symbol=SYMBOL, orderId=999_999_999)) == (
        400, -2011, "Unknown order sent.")
    assert refusal(lambda: trader.get_order(symbol=SYMBOL, orderId=999_999_999)) == (
        400, -2013, "Order does not exist.")
    assert refusal(lambda: trader.create_order(symbol=SYMBOL, side="BUY", type="LIMIT", quantity="0.001"))[:2] == (
        400, -1102)


def test_strangers_are_kept_out(venue, trader):
    keys = venue.keys["python-binance"]
    wrong_secret = client(venue, "python-binance", api_secret=keys["hmac_secret"][::-1])
    assert refusal(wrong_secret.get_account) == (400, -1022, "Signature for this request is not valid.")
    unknown = client(venue, "python-binance", api_key="a" * 64)
    assert refusal(unknown.get_account) == (401, -2015, "Invalid API-key, IP, or permissions for action.")
    broken = client(venue, "python-binance", api_key="short")
    assert refusal(broken.get_account) == (401, -2014, "API-key format invalid.")
    late = client(venue, "python-binance")
    late.timestamp_offset = -10_000
    assert refusal(late.get_account) == (400, -1021, "Timestamp for this request is outside of the recvWindow.")
    late.timestamp_offset = 10_000
    assert refusal(late.get_account) == (
        400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    assert D(trader.get_asset_balance(asset="BTC")["free"]) > 9
