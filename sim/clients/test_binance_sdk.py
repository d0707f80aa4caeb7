"""Binance's own SDK for spot: REST, the WebSocket API with both kinds of keys, streams, an account's events."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from decimal import Decimal as D

import money
import pytest
from binance_common.errors import BadRequestError, UnauthorizedError
from binance_sdk_spot.spot import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    Spot,
)

SYMBOL = "BTCUSDT"


def by_hmac(venue):
    keys = venue.keys["official"]
    return {"api_key": keys["hmac_key"], "api_secret": keys["hmac_secret"]}


def by_ed25519(venue):
    return {"api_key": venue.keys["official"]["ed25519_key"], "private_key": venue.private_pem("official", "ed25519")}


def by_rsa(venue):
    return {"api_key": venue.keys["official"]["rsa_key"], "private_key": venue.private_pem("official", "rsa")}


def trust(venue):
    return ssl.create_default_context(cafile=venue.ca)


def rest(venue, key):
    config = ConfigurationRestAPI(base_path=venue.rest, https_agent=trust(venue), timeout=30_000, **key)
    return Spot(config_rest_api=config).rest_api


@asynccontextmanager
async def connected(venue, key):
    config = ConfigurationWebSocketAPI(stream_url=venue.ws_api, https_agent=trust(venue), timeout=30_000, **key)
    api = Spot(config_ws_api=config).websocket_api
    # The connection is the API itself, and None when it failed.
    assert await api.create_connection() is not None
    try:
        yield api
    finally:
        await api.close_connection(close_session=True)


def plain(response):
    """An answer's fields by the names of the venue, whatever the SDK calls them."""
    return response.data().model_dump(by_alias=True)


def balances(rest_api):
    return {b["asset"]: (D(b["free"]), D(b["locked"])) for b in plain(rest_api.get_account())["balances"]}


def test_rest_from_market_data_to_balances(venue):
    api = rest(venue, by_hmac(venue))
    info = api.exchange_info(symbol=SYMBOL).data()
    assert [s.symbol for s in info.symbols] == [SYMBOL]
    ticker = api.ticker_book_ticker(symbol=SYMBOL).data().actual_instance
    assert D(ticker.bid_price) < D(ticker.ask_price)
    before = balances(api)
    order = api.new_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.0012)
    told = plain(order)
    fills = [("BUY", D(f["price"]), D(f["qty"]), D(f["commission"])) for f in told["fills"]]
    assert (told["status"], told["executedQty"]) == ("FILLED", "0.00120000")
    assert [paid for *_, paid in fills] == [money.commission(side, p, q, money.TAKER) for side, p, q, _ in fills]
    usdt, btc = money.change(fills)
    after = balances(api)
    assert after["USDT"] == (before["USDT"][0] + usdt, 0) and after["BTC"] == (before["BTC"][0] + btc, 0)
    mine = [t for t in api.my_trades(symbol=SYMBOL).data() if t.order_id == told["orderId"]]
    assert [(t.price, t.qty, t.commission) for t in mine] == [
        (f["price"], f["qty"], f["commission"]) for f in told["fills"]]
    price = float((D(ticker.bid_price) * D("0.9")).quantize(money.PRICE_STEP))
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
    resting = plain(api.new_order(**limit, quantity=0.001, price=price))
    assert [o.order_id for o in api.get_open_orders(symbol=SYMBOL).data()] == [resting["orderId"]]
    assert plain(api.delete_order(symbol=SYMBOL, order_id=resting["orderId"]))["status"] == "CANCELED"
    assert plain(api.get_order(symbol=SYMBOL, order_id=resting["orderId"]))["status"] == "CANCELED"
    assert balances(api) == after
    weights = {(w.interval, w.intervalNum): w.count for w in order.rate_limits}
    assert weights[("MINUTE", 1)] > 0, "the limits are read from the headers"


@pytest.mark.parametrize("key", [by_ed25519, by_rsa])
def test_rest_by_private_keys(venue, key):
    api = rest(venue, key(venue))
    order = plain(api.new_order(symbol=SYMBOL, side="SELL", type="MARKET", quantity=0.0005))
    assert (order["status"], order["executedQty"]) == ("FILLED", "0.00050000")
    assert api.get_account().data().uid == rest(venue, by_hmac(venue)).get_account().data().uid


def test_rest_refusals(venue):
    api = rest(venue, by_hmac(venue))
    for call, code, text in (
        (lambda: api.delete_order(symbol=SYMBOL, order_id=999_999_999), -2011, "Unknown order sent."),
        (lambda: api.ticker_price(symbol="NOSUCH"), -1121, "Invalid symbol."),
        (lambda: api.new_order(symbol=SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC", quantity=0.001, price=1.0),
         -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ):
        with pytest.raises(BadRequestError) as caught:
            call()
        assert (caught.value.status_code, caught.value.error_message) == (code, text)
    with pytest.raises(UnauthorizedError) as caught:
        rest(venue, {**by_hmac(venue), "api_key": "a" * 64}).get_account()
    assert caught.value.status_code == -2015


def test_a_logged_on_session_needs_no_more_signatures(venue, run):
    async def session():
        async with connected(venue, by_ed25519(venue)) as api:
            status = plain(await api.session_status())["result"]
            assert (status["apiKey"], status["authorizedSince"]) == (None, None)
            await api.session_logon()
            status = plain(await api.session_status())["result"]
            assert status["apiKey"] == venue.keys["official"]["ed25519_key"] and status["authorizedSince"] > 0
            order = plain(await api.order_place(symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.001))
            assert order["status"] == 200 and order["result"]["status"] == "FILLED"
            state = plain(await api.order_status(symbol=SYMBOL, order_id=order["result"]["orderId"]))["result"]
            assert state["executedQty"] == "0.00100000"
            await api.session_logout()
            assert plain(await api.session_status())["result"]["apiKey"] is None

    run(session())


def test_logging_on_is_for_ed25519_alone(venue, run):
    async def session():
        async with connected(venue, by_hmac(venue)) as api:
            refused = (await api.session_logon()).data()["error"]
            assert (refused["code"], refused["msg"]) == (-1022, "Signature for this request is not valid.")
            assert plain(await api.session_status())["result"]["apiKey"] is None
            order = plain(await api.order_place(symbol=SYMBOL, side="SELL", type="MARKET", quantity=0.0005))
            assert order["result"]["status"] == "FILLED", "each request signed by itself is fine"

    run(session())


@pytest.mark.parametrize("key", [by_ed25519, by_hmac])
def test_events_of_an_account(venue, run, key):
    """By `userDataStream.subscribe` where the session is logged on, else by the signed way."""
    async def session():
        async with connected(venue, key(venue)) as api:
            if key is by_ed25519:
                await api.session_logon()
                subscription = await api.user_data_stream_subscribe()
            else:
                subscription = await api.user_data_stream_subscribe_signature()
            told = []
            subscription.stream.on("message", lambda event: told.append(event.actual_instance))
            book = plain(await api.depth(symbol=SYMBOL, limit=5))["result"]
            price = float((D(book["bids"][0][0]) * D("0.9")).quantize(money.PRICE_STEP))
            placed = plain(await api.order_place(symbol=SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC",
                                                 quantity=0.001, price=price))["result"]
            await api.order_cancel(symbol=SYMBOL, order_id=placed["orderId"])
            bought = plain(await api.order_place(symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.001))["result"]
            names = []
            while len(names) < 6 or names[-1] != "OutboundAccountPosition":
                await asyncio.sleep(0.01)
                names = [type(event).__name__ for event in told]
            account = {b["asset"]: b for b in plain(await api.account_status())["result"]["balances"]}
        fills = bought["fills"]
        assert names == ["ExecutionReport", "OutboundAccountPosition", "ExecutionReport", "OutboundAccountPosition",
                         "ExecutionReport", *["ExecutionReport"] * len(fills), "OutboundAccountPosition"]
        reports = [e.model_dump(by_alias=True) for e in told if type(e).__name__ == "ExecutionReport"]
        assert [(r["x"], r["i"]) for r in reports] == [
            ("NEW", placed["orderId"]), ("CANCELED", placed["orderId"]), ("NEW", bought["orderId"]),
            *[("TRADE", bought["orderId"])] * len(fills)]
        assert [(r["t"], r["L"], r["l"], r["n"]) for r in reports[3:]] == [
            (f["tradeId"], f["price"], f["qty"], f["commission"]) for f in fills]
        locked = {b.a: (b.f, b.l) for b in told[1].B}
        assert D(locked["USDT"][1]) == D(str(price)) / 1000
        last = {b.a: (b.f, b.l) for b in told[-1].B}
        assert last["BTC"] == (account["BTC"]["free"], account["BTC"]["locked"])
        assert last["USDT"] == (account["USDT"]["free"], account["USDT"]["locked"])

    run(session())


def test_streams(venue, run):
    async def session():
        config = ConfigurationWebSocketStreams(stream_url=f"{venue.stream}/stream", https_agent=trust(venue))
        streams = Spot(config_ws_streams=config).websocket_streams
        assert await streams.create_connection() is not None
        told = {"trade": [], "book_ticker": [], "kline": [], "depth": []}
        try:
            for name, stream in (
                ("trade", await streams.trade(symbol="btcusdt")),
                ("book_ticker", await streams.book_ticker(symbol="btcusdt")),
                ("kline", await streams.kline(symbol="btcusdt", interval="1s")),
                ("depth", await streams.diff_book_depth(symbol="btcusdt", update_speed="100ms")),
            ):
                stream.on("message", told[name].append)
            listed = await streams.list_subscribe()
            while not all(told.values()) or len(told["trade"]) < 10:
                await asyncio.sleep(0.01)
        finally:
            await streams.close_connection(close_session=True)
        assert set(listed["result"]) == {
            "btcusdt@trade", "btcusdt@bookTicker", "btcusdt@kline_1s", "btcusdt@depth@100ms"}
        first = told["trade"][0]
        trades = rest(venue, by_hmac(venue)).historical_trades(symbol=SYMBOL, from_id=first.t, limit=10).data()
        assert [(t.t, t.p, t.q, t.m) for t in told["trade"][:10]] == [
            (t.id, t.price, t.qty, t.is_buyer_maker) for t in trades]
        assert all(D(q.b) < D(q.a) and q.s == SYMBOL for q in told["book_ticker"])
        ids = [q.u for q in told["book_ticker"]]
        assert ids == sorted(set(ids))
        assert all(after.U == before.u + 1 for before, after in zip(told["depth"], told["depth"][1:]))
        assert all(D(k.k.l) <= D(k.k.c) <= D(k.k.h) for k in told["kline"])

    run(session())
