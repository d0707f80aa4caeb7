"""ccxt's mexc: REST, and the protobuf streams by its own message definitions."""

import asyncio
import json
from contextlib import asynccontextmanager
from decimal import ROUND_DOWN, Decimal as D

import ccxt
import ccxt.pro
import money
import pytest
import venues

PAIR = "BTC/USDT"
# The ledger's unit: MEXC takes commissions to the last decimal that there is.
UNIT = D("0.0000000000000001")


async def no_swaps(params):
    return []


def settings(venue, account):
    keys = venue.keys[account]
    return {"apiKey": keys["hmac_key"], "secret": keys["hmac_secret"], "options": {"defaultType": "spot"}}


def at_home(here, venue):
    # Currencies and swaps are told by other services of the venue, which are not simulated.
    here.has["fetchCurrencies"] = False
    here.fetch_swap_markets = no_swaps if isinstance(here, ccxt.pro.mexc) else lambda params: []
    for name in ("public", "private"):
        here.urls["api"]["spot"][name] = venue.mexc_rest
    return here


def exchange(venue, **other):
    return at_home(ccxt.mexc({**settings(venue, "ccxt-mexc"), "requests_trust_env": True, **other}), venue)


@pytest.fixture(scope="module")
def trader(venue):
    here = exchange(venue)
    here.load_markets()
    return here


def exact(of):
    held = {b["asset"]: (D(b["free"]), D(b["locked"])) for b in of.fetch_balance()["info"]["balances"]}
    return {asset: held.get(asset, (D(0), D(0))) for asset in ("BTC", "USDT")}


def commission(side, price, quantity, rate):
    received = quantity if side == "BUY" else price * quantity
    return (received * rate).quantize(UNIT, ROUND_DOWN)


def below(of):
    return float(of.price_to_precision(PAIR, of.fetch_ticker(PAIR)["last"] * 0.9))


def test_markets_have_steps_and_limits(trader):
    spot = {name: m for name, m in trader.markets.items() if m["spot"]}
    assert set(spot) == {"BTC/USDT", "DOGE/USDT", "PEPE/USDT"}
    btc, pepe = spot[PAIR], spot["PEPE/USDT"]
    assert (btc["id"], btc["base"], btc["quote"], btc["active"], btc["type"]) == (
        "BTCUSDT", "BTC", "USDT", True, "spot")
    assert (btc["precision"]["price"], btc["precision"]["amount"], btc["limits"]["amount"]["min"]) == (
        0.01, 0.00001, 0.00001)
    assert btc["limits"]["cost"]["min"] == 5 and (pepe["precision"]["price"], pepe["precision"]["amount"]) == (1e-8, 1)


def test_market_data_agrees_with_itself(trader):
    ticker = trader.fetch_ticker(PAIR)
    assert 0 < ticker["bid"] < ticker["ask"] and ticker["low"] <= ticker["last"] <= ticker["high"]
    assert set(trader.fetch_tickers([PAIR, "DOGE/USDT"])) == {PAIR, "DOGE/USDT"}
    book = trader.fetch_order_book(PAIR, 20)
    assert len(book["bids"]) == len(book["asks"]) == 20 and book["bids"][0][0] < book["asks"][0][0]
    assert book["bids"] == sorted(book["bids"], reverse=True) and book["asks"] == sorted(book["asks"])
    trades = trader.fetch_trades(PAIR, limit=20)
    assert trades and [t["timestamp"] for t in trades] == sorted(t["timestamp"] for t in trades)
    bars = trader.fetch_ohlcv(PAIR, "1m", limit=5)
    assert all(low <= min(opened, closed) and max(opened, closed) <= high for _, opened, high, low, closed, _ in bars)
    # ccxt 4.5.90 finds none where one symbol alone is asked for.
    assert trader.fetch_bids_asks([PAIR, "DOGE/USDT"])[PAIR]["bid"] > 0
    assert abs(trader.fetch_time() - trader.milliseconds()) < 60_000
    assert trader.fetch_status()["status"] == "ok"


def test_a_limit_order_from_placing_to_canceling(trader):
    before, price = exact(trader), below(trader)
    order = trader.create_order(PAIR, "limit", "buy", 0.001, price, {"clientOrderId": "by-ccxt"})
    assert order["id"].startswith("C02__") and (order["price"], order["amount"], order["side"]) == (price, 0.001, "buy")
    shown = trader.fetch_order(order["id"], PAIR)
    assert (shown["status"], shown["filled"], shown["clientOrderId"], shown["type"]) == ("open", 0, "by-ccxt", "limit")
    assert [o["id"] for o in trader.fetch_open_orders(PAIR)] == [order["id"]]
    held = exact(trader)
    assert held["USDT"][1] == D(str(price)) / 1000 and sum(held["USDT"]) == sum(before["USDT"])
    assert trader.cancel_order(order["id"], PAIR)["id"] == order["id"]
    assert trader.fetch_order(order["id"], PAIR)["status"] == "canceled"
    assert trader.fetch_open_orders(PAIR) == [] and exact(trader) == before
    assert order["id"] in [o["id"] for o in trader.fetch_canceled_orders(PAIR)]


def test_market_orders_their_fees_and_the_balance(trader):
    before = exact(trader)
    bought = trader.create_market_buy_order_with_cost(PAIR, 100)
    sold = trader.create_order(PAIR, "market", "sell", 0.001)
    usdt = btc = D(0)
    for order, side in ((bought, "buy"), (sold, "sell")):
        mine = [t for t in trader.fetch_my_trades(PAIR) if t["order"] == order["id"]]
        assert mine and {(t["side"], t["takerOrMaker"]) for t in mine} == {(side, "taker")}
        for raw in (t["info"] for t in mine):
            price, quantity, paid = D(raw["price"]), D(raw["qty"]), D(raw["commission"])
            assert D(raw["quoteQty"]) == price * quantity
            assert paid == commission(side.upper(), price, quantity, money.TAKER)
            assert raw["commissionAsset"] == ("BTC" if side == "buy" else "USDT")
            if side == "buy":
                usdt, btc = usdt - price * quantity, btc + quantity - paid
            else:
                usdt, btc = usdt + price * quantity - paid, btc - quantity
        assert trader.fetch_order(order["id"], PAIR)["status"] == "closed"
    assert exact(trader) == {"USDT": (before["USDT"][0] + usdt, 0), "BTC": (before["BTC"][0] + btc, 0)}
    assert -110 < usdt + 100 < 100


def test_immediate_orders_and_canceling_all(trader):
    price = below(trader)
    killed = trader.create_order(PAIR, "limit", "buy", 0.001, price, {"timeInForce": "IOC"})
    assert trader.fetch_order(killed["id"], PAIR)["status"] == "canceled"
    resting = [trader.create_order(PAIR, "limit", "buy", 0.001, price, {"postOnly": True})["id"] for _ in range(2)]
    assert {trader.fetch_order(id, PAIR)["info"]["type"] for id in resting} == {"LIMIT_MAKER"}
    assert {o["id"] for o in trader.cancel_all_orders(PAIR)} == set(resting)
    assert trader.fetch_open_orders(PAIR) == []


def test_its_own_errors_for_ours(venue, trader):
    price = below(trader)
    stranger, forger = exchange(venue, apiKey="mx0nobody"), exchange(venue, secret="wrong")
    for of, error, code, call in (
        (trader, ccxt.InsufficientFunds, 30004, lambda: trader.create_order(PAIR, "limit", "buy", 50, price)),
        (trader, ccxt.InvalidOrder, 30002, lambda: trader.create_order(PAIR, "limit", "buy", 0.00005, price)),
        (trader, ccxt.InvalidOrder, 30010, lambda: trader.create_order(PAIR, "limit", "buy", 0.01, price * 1.3)),
        (trader, ccxt.BadRequest, -2011, lambda: trader.cancel_order("C02__505979017999999999100", PAIR)),
        (stranger, ccxt.BadRequest, 10072, stranger.fetch_balance),
        (forger, ccxt.AuthenticationError, 700002, forger.fetch_balance),
    ):
        with pytest.raises(error):
            call()
        assert json.loads(of.last_http_response)["code"] == code


@asynccontextmanager
async def watcher(venue):
    here = at_home(ccxt.pro.mexc({**settings(venue, "ccxt-mexc-pro"), "cafile": venue.ca}), venue)
    here.urls["api"]["ws"]["spot"] = f"{venue.mexc_stream}/ws"
    try:
        await here.load_markets()
        yield here
    finally:
        await here.close()


def test_watched_deals_are_those_of_rest(venue, run):
    async def session():
        async with watcher(venue) as here:
            told = []
            while len(told) < 10:
                told += await here.watch_trades(PAIR)
            rest = {(t["timestamp"], t["price"], t["amount"], t["side"])
                    for t in await here.fetch_trades(PAIR, limit=1000, params={"method": "spotPublicGetTrades"})}
            assert {(t["timestamp"], t["price"], t["amount"], t["side"]) for t in told} <= rest

    run(session())


def test_a_watched_ticker(venue, run):
    async def session():
        async with watcher(venue) as here:
            quote = await here.watch_ticker(PAIR)
            assert 0 < quote["bid"] < quote["ask"] and quote["bidVolume"] > 0

    run(session())


def test_a_watched_book_is_the_one_of_rest(venue, run):
    """ccxt 4.5.90 drops a push that begins before its snapshot of REST and ends behind it. So here the snapshot is
    taken at the first push, which an order of ours brings about, and nothing else moves until it is there."""
    async def session():
        async with watcher(venue) as here:
            here.options["watchOrderBook"]["snapshotDelay"] = 0
            price = float(here.price_to_precision(PAIR, (await here.fetch_ticker(PAIR))["last"] * 0.9))
            with venue.still("delta"):
                first = asyncio.ensure_future(here.watch_order_book(PAIR))
                while not any("aggre.depth" in name for of in venue.subscriptions("delta") for name in of):
                    await asyncio.sleep(0.05)
                order = await here.create_order(PAIR, "limit", "buy", 0.001, price)
                await first
                await venues.is_the_one_of_rest(here, PAIR)
            for _ in range(30):
                await here.watch_order_book(PAIR)
            with venue.still("delta"):
                await here.cancel_order(order["id"], PAIR)
                await venues.is_the_one_of_rest(here, PAIR)

    run(session(), seconds=240)


def test_watched_bars(venue, run):
    async def session():
        async with watcher(venue) as here:
            volume = 0
            # A bar that has just begun stands at the price before it.
            while not volume:
                _, opened, high, low, closed, volume = (await here.watch_ohlcv(PAIR, "1m"))[-1]
                assert low <= min(opened, closed) and max(opened, closed) <= high

    run(session())


def test_watched_orders_deals_and_balance(venue, run):
    async def session():
        async with watcher(venue) as here:
            watching = [asyncio.ensure_future(watch()) for watch in (
                lambda: here.watch_orders(PAIR), lambda: here.watch_my_trades(PAIR), here.watch_balance)]
            # All three share one listen key and one connection.
            while not any(sum("private" in name for name in of) == 3 for of in venue.subscriptions("delta")):
                await asyncio.sleep(0.05)
            assert any("listenKey" in url and len(c.subscriptions) == 3 for url, c in here.clients.items())
            bought = await here.create_market_buy_order_with_cost(PAIR, 50)
            orders, trades, balance = [await asyncio.wait_for(w, 20) for w in watching]
            assert bought["id"] in {o["id"] for o in orders}
            rest = {t["id"]: t for t in await here.fetch_my_trades(PAIR) if t["order"] == bought["id"]}
            for trade in (t for t in trades if t["order"] == bought["id"]):
                same = rest[trade["id"]]
                assert (trade["price"], trade["amount"], trade["side"]) == (same["price"], same["amount"], "buy")
                assert trade["info"]["feeAmount"] == same["info"]["commission"]
            assert 0 < balance["USDT"]["free"] <= float(venues.START_USDT)
            while (order := (await here.fetch_order(bought["id"], PAIR)))["status"] != "closed":
                await asyncio.sleep(0.2)
            # What is told of its last fill may come behind REST's answer.
            while [o for o in here.orders if o["id"] == bought["id"]][-1]["filled"] != order["filled"]:
                await asyncio.sleep(0.05)

    run(session())
