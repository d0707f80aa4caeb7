"""ccxt on USD-M futures: markets, orders, positions, wallets by REST, and its watch methods by listen key."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from decimal import Decimal as D

import ccxt
import ccxt.pro
import money
import pytest
import venues

PAIR = "BTC/USDT:USDT"
UNIT = money.UNIT


def options(venue, **others):
    keys = venue.keys["ccxt-futures"]
    return {"apiKey": keys["hmac_key"], "secret": keys["hmac_secret"], "options": {
        "defaultType": "swap", "defaultSubType": "linear", "fetchMarkets": {"types": ["linear"]},
        "fetchMargins": False}, **others}


def at_home(here, venue):
    here.has["fetchCurrencies"] = False
    for name in [n for n in here.urls["api"] if n.startswith("fapi")]:
        here.urls["api"][name] = here.urls["api"][name].replace("https://fapi.binance.com", venue.futures_rest)
    if "ws" in here.urls["api"]:
        here.urls["api"]["ws"]["linear"] = f"{venue.futures_stream}/ws"
    return here


@pytest.fixture(scope="module")
def trader(venue):
    return at_home(ccxt.binance(options(venue, requests_trust_env=True)), venue)


@asynccontextmanager
async def watcher(venue):
    here = at_home(ccxt.pro.binance(options(venue, cafile=venue.ca)), venue)
    try:
        await here.load_markets()
        yield here
    finally:
        await here.close()


def wallet(of):
    """What the wallet holds, and what may be used."""
    account = next(a for a in of.fetch_balance()["info"]["assets"] if a["asset"] == "USDT")
    return D(account["walletBalance"]), D(account["availableBalance"])


def trades_of(here, order):
    return [t for t in here.fetch_my_trades(PAIR) if t["order"] == order["id"]]


def test_markets_and_market_data(trader):
    markets = trader.load_markets()
    assert set(markets) == {"BTC/USDT:USDT", "DOGE/USDT:USDT"}
    btc = markets[PAIR]
    assert (btc["id"], btc["linear"], btc["contractSize"], btc["settle"]) == ("BTCUSDT", True, 1, "USDT")
    assert (btc["precision"]["price"], btc["precision"]["amount"]) == (0.1, 0.001)
    book = trader.fetch_order_book(PAIR, 5)
    assert len(book["bids"]) == len(book["asks"]) == 5 and book["bids"][0][0] < book["asks"][0][0]
    give_up = time.monotonic() + 60
    while len(trades := trader.fetch_trades(PAIR, limit=10)) < 10 and time.monotonic() < give_up:
        time.sleep(0.2)
    assert [int(t["id"]) for t in trades] == list(range(int(trades[0]["id"]), int(trades[0]["id"]) + 10))
    again = trader.fetch_trades(PAIR, limit=10, params={"fromId": trades[0]["id"]})
    assert [(t["id"], t["price"], t["amount"], t["side"]) for t in again] == [
        (t["id"], t["price"], t["amount"], t["side"]) for t in trades]
    ticker = trader.fetch_ticker(PAIR)
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    rate = trader.fetch_funding_rate(PAIR)
    assert rate["fundingRate"] == 0 and ticker["low"] * 0.9 < rate["markPrice"] < ticker["high"] * 1.1


def test_a_position_from_opening_to_closing(trader):
    assert trader.set_leverage(10, PAIR)["leverage"] == 10
    before, _ = wallet(trader)
    bought = trader.create_order(PAIR, "market", "buy", 0.010)
    opening = trades_of(trader, bought)
    assert sum(D(t["info"]["qty"]) for t in opening) == D("0.010")
    value = sum(D(t["info"]["quoteQty"]) for t in opening)
    paid = [(D(t["info"]["quoteQty"]) * money.TAKER).quantize(UNIT, "ROUND_DOWN") for t in opening]
    assert [D(t["info"]["commission"]) for t in opening] == paid and {t["fee"]["currency"] for t in opening} == {"USDT"}
    assert wallet(trader)[0] == before - sum(paid)
    [position] = [p for p in trader.fetch_positions([PAIR]) if p["contracts"]]
    assert (position["side"], position["contracts"], position["symbol"]) == ("long", 0.01, PAIR)
    assert position["entryPrice"] == pytest.approx(float(value / D("0.010")), abs=0.1)
    assert position["initialMargin"] == pytest.approx(position["notional"] / 10, rel=1e-4)
    sold = trader.create_order(PAIR, "market", "sell", 0.010, params={"reduceOnly": True})
    closing = trades_of(trader, sold)
    back = sum(D(t["info"]["quoteQty"]) for t in closing)
    realised = sum(D(t["info"]["realizedPnl"]) for t in closing)
    # An entry price has the decimals of the contract's prices or more; what is realised is exact to a unit a fill.
    assert abs(realised - (back - value)) <= UNIT * len(closing)
    charged = sum(D(t["info"]["commission"]) for t in closing)
    after, available = wallet(trader)
    assert after == before - sum(paid) + realised - charged == available
    assert [p for p in trader.fetch_positions([PAIR]) if p["contracts"]] == []


def test_a_limit_order_binds_margin_until_it_is_canceled(trader):
    trader.set_leverage(10, PAIR)
    before = wallet(trader)
    price = float(trader.price_to_precision(PAIR, trader.fetch_ticker(PAIR)["last"] * 0.95))
    order = trader.create_order(PAIR, "limit", "buy", 0.010, price)
    assert (order["status"], order["price"], order["amount"], order["filled"]) == ("open", price, 0.01, 0)
    assert [o["id"] for o in trader.fetch_open_orders(PAIR)] == [order["id"]]
    # Margin is counted at the mark price, which moves.
    account = trader.fetch_balance()["info"]
    margin = D(account["totalOpenOrderInitialMargin"])
    mark = trader.fetch_funding_rate(PAIR)["markPrice"]
    assert float(margin) == pytest.approx(mark * 0.010 / 10, rel=0.01)
    assert (D(account["totalWalletBalance"]), D(account["availableBalance"])) == (before[0], before[1] - margin)
    edited = trader.edit_order(order["id"], PAIR, "limit", "buy", 0.020, price)
    assert (edited["id"], edited["amount"]) == (order["id"], 0.02)
    assert trader.cancel_order(order["id"], PAIR)["status"] == "canceled"
    assert trader.fetch_order(order["id"], PAIR)["status"] == "canceled" and wallet(trader) == before


def test_refusals(trader):
    last = trader.fetch_ticker(PAIR)["last"]
    price = float(trader.price_to_precision(PAIR, last * 0.95))
    # ccxt knows what these codes mean by the venue's address, which is not the real one here.
    for code, call in (
        (-2019, lambda: trader.create_order(PAIR, "limit", "buy", 900, price)),
        (-2011, lambda: trader.cancel_order("999999999", PAIR)),
        (-2013, lambda: trader.fetch_order("999999999", PAIR)),
        (-2022, lambda: trader.create_order(PAIR, "market", "sell", 0.01, params={"reduceOnly": True})),
        (-5022, lambda: trader.create_order(PAIR, "limit", "buy", 0.01, round(last * 1.02, 1), {"postOnly": True})),
    ):
        with pytest.raises(ccxt.ExchangeError):
            call()
        assert json.loads(trader.last_http_response)["code"] == code


def test_a_watched_book_is_the_one_of_rest(venue, run):
    """ccxt checks that each diff follows on the one before, by `pu`."""
    async def session():
        async with watcher(venue) as here:
            for _ in range(30):
                await here.watch_order_book(PAIR)
            with venue.still("gamma"):
                await venues.is_the_one_of_rest(here, PAIR)
            trades = await here.watch_trades(PAIR)
            assert trades[-1]["symbol"] == PAIR and trades[-1]["amount"] > 0

    run(session(), seconds=240)


def test_watched_orders_positions_and_balance(venue, run):
    async def session():
        async with watcher(venue) as here:
            price = float(here.price_to_precision(PAIR, (await here.fetch_ticker(PAIR))["last"] * 0.95))
            watching = asyncio.ensure_future(here.watch_orders(PAIR))
            # A connection that a listen key names hears all from its opening on.
            while not any("listenKey" in url and c.connected.done() for url, c in here.clients.items()):
                await asyncio.sleep(0.01)
            placed = await here.create_order(PAIR, "limit", "buy", 0.010, price)
            told = [(o["id"], o["status"], o["price"], o["amount"]) for o in await watching]
            assert told == [(placed["id"], "open", price, 0.01)]
            watching = asyncio.ensure_future(here.watch_orders(PAIR))
            await asyncio.sleep(0)
            await here.cancel_order(placed["id"], PAIR)
            assert [(o["id"], o["status"]) for o in await watching] == [(placed["id"], "canceled")]
            # ccxt asks REST for what is open first: nothing.
            while not (here.positions or {}).values():
                await asyncio.sleep(0.01)
            positions = asyncio.ensure_future(here.watch_positions([PAIR]))
            balance = asyncio.ensure_future(here.watch_balance())
            await asyncio.sleep(0)
            bought = await here.create_order(PAIR, "market", "buy", 0.010)
            position = (await positions)[-1]
            assert (position["symbol"], position["side"], position["contracts"]) == (PAIR, "long", 0.01)
            wallet = (await balance)["USDT"]["total"]
            asked = await here.fetch_balance()
            assert wallet == float(next(a for a in asked["info"]["assets"] if a["asset"] == "USDT")["walletBalance"])
            await here.create_order(PAIR, "market", "sell", 0.010, params={"reduceOnly": True})
            trades = [t for t in await here.fetch_my_trades(PAIR) if t["order"] == bought["id"]]
            assert sum(D(t["info"]["qty"]) for t in trades) == D("0.010")

    run(session())
