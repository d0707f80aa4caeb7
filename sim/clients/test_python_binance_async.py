"""python-binance on sockets: combined streams, the WebSocket API, an account's events."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal as D

import money
import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException

SYMBOL = "BTCUSDT"


@asynccontextmanager
async def client(venue, account="python-binance"):
    class Here(AsyncClient):
        API_URL = f"{venue.rest}/api"
        WS_API_URL = venue.ws_api

    keys = venue.keys[account]
    here = await Here.create(api_key=keys["hmac_key"], api_secret=keys["hmac_secret"])
    try:
        yield here
    finally:
        await here.close_connection()


def sockets(venue, of):
    manager = BinanceSocketManager(of, max_queue_size=1_000_000)
    manager.STREAM_URL = f"{venue.stream}/"
    return manager


def levels(pairs):
    return {D(p): D(q) for p, q in pairs}


def apply(book, diff):
    for side, changes in (("bids", diff["b"]), ("asks", diff["a"])):
        for price, quantity in levels(changes).items():
            if quantity:
                book[side][price] = quantity
            else:
                book[side].pop(price, None)


def test_trades_of_the_stream_are_those_of_rest(venue, run):
    async def session():
        async with client(venue) as here, sockets(venue, here).trade_socket(SYMBOL) as stream:
            told = [await stream.recv() for _ in range(25)]
            rest = await here.get_historical_trades(symbol=SYMBOL, fromId=told[0]["t"], limit=25)
        assert {t["e"] for t in told} == {"trade"} and {t["s"] for t in told} == {SYMBOL}
        assert [t["t"] for t in told] == list(range(told[0]["t"], told[0]["t"] + 25))
        assert all(0 <= t["E"] - t["T"] < 60_000 for t in told)
        assert [(t["t"], t["p"], t["q"], t["T"], t["m"]) for t in told] == [
            (t["id"], t["price"], t["qty"], t["time"], t["isBuyerMaker"]) for t in rest]

    run(session())


def test_a_book_kept_from_diffs_is_the_one_of_rest(venue, run):
    """By the documented steps. A later snapshot lies within a diff, so it may differ in that one's levels alone."""
    async def session():
        async with client(venue) as here:
            names = [f"{SYMBOL.lower()}@depth@100ms", f"{SYMBOL.lower()}@bookTicker"]
            async with sockets(venue, here).multiplex_socket(names) as stream:
                diffs, tops, snapshots = [], {}, []
                while len(snapshots) < 8 or not diffs or diffs[-1]["u"] < snapshots[-1]["lastUpdateId"]:
                    message = await stream.recv()
                    data = message["data"]
                    if message["stream"].endswith("bookTicker"):
                        tops[data["u"]] = data
                    else:
                        assert (data["e"], data["s"]) == ("depthUpdate", SYMBOL)
                        diffs.append(data)
                        # The first one only when diffs are already flowing, as the documentation asks.
                        if len(diffs) % 4 == 2 and len(snapshots) < 8:
                            snapshots.append(await here.get_order_book(symbol=SYMBOL, limit=5000))
        assert all(after["U"] == before["u"] + 1 for before, after in zip(diffs, diffs[1:]))
        start = snapshots[0]
        book = {side: levels(start[side]) for side in ("bids", "asks")}
        later = iter(snapshots[1:])
        snapshot, checked, deepest = next(later), 0, 0
        for diff in (d for d in diffs if d["u"] > start["lastUpdateId"]):
            while snapshot and snapshot["lastUpdateId"] <= diff["u"]:
                touched = {"bids": levels(diff["b"]), "asks": levels(diff["a"])}
                for side in ("bids", "asks"):
                    shown = levels(snapshot[side])
                    assert all(book[side].get(p) == shown.get(p) for p in {*book[side], *shown} - {*touched[side]})
                    deepest = max(deepest, len(shown))
                checked += 1
                snapshot = next(later, None)
            apply(book, diff)
            assert max(book["bids"]) < min(book["asks"])
            top = tops.get(diff["u"])
            if top:
                assert (D(top["b"]), D(top["B"])) == max(book["bids"].items())
                assert (D(top["a"]), D(top["A"])) == min(book["asks"].items())
        assert checked == 7 and deepest >= 10
        assert list(tops) == sorted(tops) and all(D(t["b"]) < D(t["a"]) for t in tops.values())
        shared = [d["u"] for d in diffs if d["u"] in tops]
        assert shared, "no diff ended with a change of the best prices"

    run(session())


def test_windows_and_bars_arrive(venue, run):
    async def session():
        names = ["btcusdt@miniTicker", "btcusdt@ticker", "btcusdt@kline_1s", "btcusdt@aggTrade", "btcusdt@depth5@100ms"]
        told = {}
        async with client(venue) as here, sockets(venue, here).multiplex_socket(names) as stream:
            while len(told) < len(names) or not told["btcusdt@kline_1s"]["k"]["x"]:
                message = await stream.recv()
                told[message["stream"]] = message["data"]
            bar = told["btcusdt@kline_1s"]["k"]
            [rest] = await here.get_klines(symbol=SYMBOL, interval="1s", startTime=bar["t"], endTime=bar["T"], limit=1)
        assert [bar[k] for k in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")] == rest[:11]
        window, small = told["btcusdt@ticker"], told["btcusdt@miniTicker"]
        assert (window["e"], small["e"]) == ("24hrTicker", "24hrMiniTicker")
        assert D(window["p"]) == D(window["c"]) - D(window["o"]) and window["n"] == window["L"] - window["F"] + 1
        assert D(small["l"]) <= D(small["c"]) <= D(small["h"])
        part = told["btcusdt@depth5@100ms"]
        assert len(part["bids"]) == len(part["asks"]) == 5 and D(part["bids"][0][0]) < D(part["asks"][0][0])

    run(session())


def test_orders_over_the_websocket_api(venue, run):
    async def session():
        async with client(venue) as here:
            assert [s["symbol"] for s in (await here.ws_get_exchange_info(symbol=SYMBOL))["symbols"]] == [SYMBOL]
            book = await here.ws_get_order_book(symbol=SYMBOL, limit=5)
            price = (D(book["bids"][0][0]) * D("0.9")).quantize(money.PRICE_STEP)
            order = await here.ws_create_order(symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC",
                                               quantity="0.00200", price=str(price))
            assert order["status"] == "NEW" and D(order["origQty"]) == D("0.00200")
            shown = await here.ws_get_open_orders(symbol=SYMBOL)
            assert [o["orderId"] for o in shown] == [order["orderId"]]
            account = {b["asset"]: D(b["locked"]) for b in (await here.ws_get_account())["balances"]}
            assert account["USDT"] == price * D("0.00200")
            ended = await here.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"])
            assert ended["status"] == "CANCELED"
            state = await here.ws_get_order(symbol=SYMBOL, orderId=order["orderId"])
            assert (state["status"], D(state["executedQty"])) == ("CANCELED", 0)
            with pytest.raises(BinanceAPIException) as caught:
                await here.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"])
            assert (caught.value.code, caught.value.message) == (-2011, "Unknown order sent.")

    run(session())


def test_events_of_an_account_come_in_order(venue, run):
    """Those of one resting order and of one that takes; balances in events are those of REST."""
    async def session():
        async with client(venue) as here, sockets(venue, here).user_socket() as events:
            bid = D((await here.get_orderbook_ticker(symbol=SYMBOL))["bidPrice"])
            price = (bid * D("0.9")).quantize(money.PRICE_STEP)
            resting = await here.create_order(symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC",
                                              quantity="0.00100", price=str(price), newClientOrderId="told-1")
            await here.cancel_order(symbol=SYMBOL, orderId=resting["orderId"], newClientOrderId="told-2")
            bought = await here.create_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.00100")
            told = []
            while not (told and told[-1]["e"] == "outboundAccountPosition" and any(
                    e.get("i") == bought["orderId"] and e["X"] == "FILLED" for e in told)):
                told.append(await events.recv())
            account = {b["asset"]: b for b in (await here.get_account())["balances"]}
        kinds = [(e["x"], e["X"], e["i"]) if e["e"] == "executionReport" else e["e"] for e in told]
        fills = bought["fills"]
        first, taken, position = resting["orderId"], bought["orderId"], "outboundAccountPosition"
        partial = ("TRADE", "PARTIALLY_FILLED", taken)
        # Balances are told after the last report of what changed them.
        assert [k for k in kinds if k != position] == [
            ("NEW", "NEW", first), ("CANCELED", "CANCELED", first), ("NEW", "NEW", taken),
            *[partial] * (len(fills) - 1), ("TRADE", "FILLED", taken)]
        assert kinds[1] == kinds[3] == kinds[-1] == position
        locked = {b["a"]: (D(b["f"]), D(b["l"])) for b in told[1]["B"]}
        freed = {b["a"]: (D(b["f"]), D(b["l"])) for b in told[3]["B"]}
        assert locked["USDT"] == (freed["USDT"][0] - price / 1000, price / 1000) and freed["USDT"][1] == 0
        assert (told[2]["c"], told[2]["C"]) == ("told-2", "told-1")
        trades = [e for e in told if e.get("x") == "TRADE"]
        assert [(e["t"], e["L"], e["l"], e["n"], e["N"], e["m"]) for e in trades] == [
            (f["tradeId"], f["price"], f["qty"], f["commission"], f["commissionAsset"], False) for f in fills]
        assert all(D(e["Y"]) == D(e["L"]) * D(e["l"]) for e in trades) and trades[-1]["z"] == bought["executedQty"]
        reports = [e["I"] for e in told if e["e"] == "executionReport"]
        assert reports == sorted(set(reports)) and [e["E"] for e in told] == sorted(e["E"] for e in told)
        for balance in told[-1]["B"]:
            assert (balance["f"], balance["l"]) == (account[balance["a"]]["free"], account[balance["a"]]["locked"])
        assert {b["a"] for b in told[-1]["B"]} >= {"BTC", "USDT"}

    run(session())


def test_the_guard_keeps_clients_at_home(run):
    """Without a base URL of ours the client wants to reach the real venue, and the guard of these tests sees that."""
    import guard

    async def session():
        with pytest.raises(Exception) as caught:
            await asyncio.wait_for(AsyncClient.create(), 30)
        return caught.value

    run(session())
    assert guard.STRAYS and "binance.com" in guard.STRAYS[0]
    guard.STRAYS.clear()
