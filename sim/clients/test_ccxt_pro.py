"""ccxt's watch methods: books, trades, bars, and an account's orders, trades and balance."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal as D

import ccxt
import ccxt.pro
import pytest
import venues

PAIR = "BTC/USDT"


@asynccontextmanager
async def exchange(venue):
    keys = venue.keys["ccxt-pro"]
    here = ccxt.pro.binance({
        "apiKey": keys["hmac_key"], "secret": keys["hmac_secret"], "cafile": venue.ca,
        "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchMargins": False},
    })
    here.has["fetchCurrencies"] = False
    for name in ("public", "private", "v1"):
        here.urls["api"][name] = here.urls["api"][name].replace("https://api.binance.com", venue.rest)
    here.urls["api"]["ws"]["spot"] = f"{venue.stream}/ws"
    here.urls["api"]["ws"]["ws-api"]["spot"] = venue.ws_api
    try:
        await here.load_markets()
        yield here
    finally:
        await here.close()


async def far_below(here):
    return float(here.price_to_precision(PAIR, (await here.fetch_ticker(PAIR))["last"] * 0.9))


def test_a_watched_book_is_the_one_of_rest(venue, run):
    """ccxt keeps it from diffs."""
    async def session():
        async with exchange(venue) as here:
            for _ in range(30):
                book = await here.watch_order_book(PAIR)
                assert book["bids"][0][0] < book["asks"][0][0]
            with venue.still("alpha"):
                await venues.is_the_one_of_rest(here, PAIR)

    run(session(), seconds=240)


def test_watched_trades_bars_and_tickers(venue, run):
    async def session():
        async with exchange(venue) as here:
            told = []
            while len(told) < 20:
                told += await here.watch_trades(PAIR)
            rest = await here.fetch_trades(PAIR, limit=1000, params={
                "fetchTradesMethod": "publicGetHistoricalTrades", "fromId": told[0]["id"]})
            by_id = {t["id"]: (t["price"], t["amount"], t["side"], t["timestamp"]) for t in rest}
            for trade in {t["id"]: t for t in told}.values():
                assert by_id[trade["id"]] == (trade["price"], trade["amount"], trade["side"], trade["timestamp"])
            bars = await here.watch_ohlcv(PAIR, "1s")
            assert bars[-1][3] <= bars[-1][4] <= bars[-1][2]
            ticker = await here.watch_ticker(PAIR)
            assert ticker["low"] <= ticker["last"] <= ticker["high"] and ticker["symbol"] == PAIR
            best = (await here.watch_bids_asks([PAIR]))[PAIR]
            assert 0 < best["bid"] < best["ask"] and best["bidVolume"] > 0

    run(session())


def test_watched_orders_trades_and_balance(venue, run):
    async def session():
        async with exchange(venue) as here:
            price = await far_below(here)
            first = asyncio.ensure_future(here.watch_orders(PAIR))
            # The subscription is confirmed before an order is placed.
            while not any(c.subscriptions.get("spot") and not c.futures.get("authenticate:signature:spot")
                          for c in here.clients.values()):
                await asyncio.sleep(0.01)
            placed = await here.create_order(PAIR, "limit", "buy", 0.001, price)
            [order] = [o for o in await first if o["id"] == placed["id"]]
            assert (order["status"], order["price"], order["amount"], order["filled"]) == ("open", price, 0.001, 0)
            watching = asyncio.ensure_future(here.watch_orders(PAIR))
            await asyncio.sleep(0)
            await here.cancel_order(placed["id"], PAIR)
            assert [(o["id"], o["status"]) for o in await watching] == [(placed["id"], "canceled")]
            trades = asyncio.ensure_future(here.watch_my_trades(PAIR))
            balance = asyncio.ensure_future(here.watch_balance())
            await asyncio.sleep(0)
            bought = await here.create_order(PAIR, "market", "buy", 0.0015)
            mine = [t for t in await trades if t["order"] == bought["id"]]
            fills = {f["tradeId"]: f for f in bought["info"]["fills"]}
            while sum(D(str(t["amount"])) for t in mine) < D("0.0015"):
                mine += [t for t in await here.watch_my_trades(PAIR) if t["order"] == bought["id"]]
            for trade in mine:
                fill = fills[int(trade["id"])]
                assert (D(str(trade["price"])), D(str(trade["amount"]))) == (D(fill["price"]), D(fill["qty"]))
                assert D(str(trade["fee"]["cost"])) == D(fill["commission"]) and trade["fee"]["currency"] == "BTC"
                assert trade["takerOrMaker"] == "taker"
            told, asked = await balance, await here.fetch_balance()
            assert (told["BTC"], told["USDT"]) == (asked["BTC"], asked["USDT"])

    run(session())


def test_orders_over_the_websocket_api(venue, run):
    async def session():
        async with exchange(venue) as here:
            price = await far_below(here)
            placed = await here.create_order_ws(PAIR, "limit", "buy", 0.001, price)
            assert (placed["status"], placed["price"]) == ("open", price)
            assert [o["id"] for o in await here.fetch_open_orders_ws(PAIR)] == [placed["id"]]
            # ccxt 4.5.90 makes nothing of spot's balances here, as if they were those of futures.
            told = {b["asset"]: D(b["locked"]) for b in (await here.fetch_balance_ws())["info"]["balances"]}
            assert told["USDT"] == D(str(price)) / 1000
            assert (await here.cancel_order_ws(placed["id"], PAIR))["status"] == "canceled"
            assert (await here.fetch_order_ws(placed["id"], PAIR))["status"] == "canceled"
            assert await here.fetch_open_orders_ws(PAIR) == []
            with pytest.raises(ccxt.InsufficientFunds):
                await here.create_order_ws(PAIR, "limit", "buy", 100, price)
            with pytest.raises(ccxt.OrderNotFound):
                await here.cancel_order_ws("999999999", PAIR)

    run(session())
