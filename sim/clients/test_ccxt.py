"""ccxt over REST: markets, books, orders, balances. ccxt computes in floats; exact values come from its `info`."""

import json
import time
from decimal import Decimal as D
from pathlib import Path

import ccxt
import money
import pytest
import venues

PAIR = "BTC/USDT"
# What a float of this size may be off by.
NEAR = 1e-9


def exchange(venue, account="ccxt", key=None, secret=None):
    keys = venue.keys[account]
    here = ccxt.binance({
        "apiKey": key or keys["hmac_key"], "secret": secret or keys["hmac_secret"], "requests_trust_env": True,
        "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchMargins": False},
    })
    # Currencies are told by another service of the venue, which is not simulated.
    here.has["fetchCurrencies"] = False
    for name in ("public", "private", "v1"):
        here.urls["api"][name] = here.urls["api"][name].replace("https://api.binance.com", venue.rest)
    return here


@pytest.fixture(scope="module")
def trader(venue):
    return exchange(venue)


def exact(of):
    return {b["asset"]: (D(b["free"]), D(b["locked"])) for b in of.fetch_balance()["info"]["balances"]}


def far_below(of):
    return float((D(str(of.fetch_ticker(PAIR)["last"])) * D("0.9")).quantize(money.PRICE_STEP))


def test_markets_have_steps_and_limits(trader):
    markets = trader.load_markets()
    assert set(markets) == {"BTC/USDT", "DOGE/USDT", "PEPE/USDT"}
    btc, pepe = markets[PAIR], markets["PEPE/USDT"]
    assert (btc["id"], btc["base"], btc["quote"], btc["active"], btc["type"]) == (
        "BTCUSDT", "BTC", "USDT", True, "spot")
    assert (btc["precision"]["price"], btc["precision"]["amount"]) == (0.01, 0.00001)
    assert (btc["limits"]["amount"]["min"], btc["limits"]["price"]["min"]) == (0.00001, 0.01)
    assert btc["limits"]["cost"]["min"] == 5 and (pepe["precision"]["price"], pepe["precision"]["amount"]) == (1e-8, 1)
    assert trader.price_to_precision(PAIR, 64250.378) == "64250.38"
    assert trader.amount_to_precision(PAIR, 0.123456789) == "0.12345"


def test_market_data_agrees_with_itself(trader):
    ticker = trader.fetch_ticker(PAIR)
    assert ticker["low"] <= ticker["last"] <= ticker["high"] and ticker["bid"] < ticker["ask"]
    assert ticker["change"] == pytest.approx(ticker["last"] - ticker["open"], abs=0.01)
    book = trader.fetch_order_book(PAIR, 10)
    assert len(book["bids"]) == len(book["asks"]) == 10 and book["bids"][0][0] < book["asks"][0][0]
    assert book["bids"] == sorted(book["bids"], reverse=True) and book["asks"] == sorted(book["asks"])
    # The venue has just started, and trades come by and by.
    give_up = time.monotonic() + 60
    while len(trades := trader.fetch_trades(PAIR, limit=20)) < 20 and time.monotonic() < give_up:
        time.sleep(0.2)
    assert [t["timestamp"] for t in trades] == sorted(t["timestamp"] for t in trades) and len(trades) == 20
    assert all(t["cost"] == pytest.approx(t["price"] * t["amount"], rel=NEAR) for t in trades)
    again = trader.fetch_trades(PAIR, limit=20, params={"fromId": trades[0]["id"]})
    assert [(t["id"], t["price"], t["amount"], t["side"]) for t in again] == [
        (t["id"], t["price"], t["amount"], t["side"]) for t in trades]
    bars = trader.fetch_ohlcv(PAIR, "1s", limit=30)
    assert all(after[0] - before[0] == 1_000 for before, after in zip(bars, bars[1:]))
    assert all(low <= min(opened, closed) and max(opened, closed) <= high for _, opened, high, low, closed, _ in bars)
    assert trader.fetch_bids_asks([PAIR])[PAIR]["bid"] > 0
    assert abs(trader.fetch_time() - trader.milliseconds()) < 60_000


def test_a_market_order_its_fee_and_the_balance(trader):
    before = exact(trader)
    order = trader.create_order(PAIR, "market", "buy", 0.00150)
    assert (order["status"], order["filled"], order["remaining"], order["side"]) == ("closed", 0.0015, 0, "buy")
    assert order["cost"] == pytest.approx(order["average"] * 0.0015, rel=NEAR)
    fills = [("BUY", D(f["price"]), D(f["qty"]), D(f["commission"])) for f in order["info"]["fills"]]
    paid = sum(money.commission(side, price, quantity, money.TAKER) for side, price, quantity, _ in fills)
    assert order["fee"]["currency"] == "BTC" and order["fee"]["cost"] == pytest.approx(float(paid), abs=1e-12)
    mine = [t for t in trader.fetch_my_trades(PAIR) if t["order"] == order["id"]]
    assert sum(t["amount"] for t in mine) == pytest.approx(0.0015, abs=1e-12)
    assert {t["takerOrMaker"] for t in mine} == {"taker"} and {t["fee"]["currency"] for t in mine} == {"BTC"}
    assert sum(D(t["info"]["commission"]) for t in mine) == paid
    usdt, btc = money.change(fills)
    after = exact(trader)
    assert after["USDT"] == (before["USDT"][0] + usdt, 0) and after["BTC"] == (before["BTC"][0] + btc, 0)
    free = trader.fetch_balance()
    assert free["BTC"]["total"] == pytest.approx(float(after["BTC"][0]), abs=1e-9) and free["USDT"]["used"] == 0


def test_a_limit_order_from_placing_to_canceling(trader):
    before = exact(trader)
    price = far_below(trader)
    order = trader.create_order(PAIR, "limit", "buy", 0.001, price)
    assert (order["status"], order["price"], order["filled"], order["timeInForce"]) == ("open", price, 0, "GTC")
    assert [(o["id"], o["status"]) for o in trader.fetch_open_orders(PAIR)] == [(order["id"], "open")]
    used = trader.fetch_balance()["USDT"]["used"]
    assert used == pytest.approx(price * 0.001, rel=NEAR)
    edited = trader.edit_order(order["id"], PAIR, "limit", "buy", 0.002, price)
    assert edited["amount"] == 0.002 and edited["id"] != order["id"]
    assert trader.fetch_order(order["id"], PAIR)["status"] == "canceled"
    assert trader.cancel_order(edited["id"], PAIR)["status"] == "canceled"
    assert trader.fetch_open_orders(PAIR) == [] and exact(trader) == before
    states = {o["id"]: o["status"] for o in trader.fetch_orders(PAIR)}
    assert states[order["id"]] == states[edited["id"]] == "canceled"


def test_post_only_stops_and_canceling_all(trader):
    price = far_below(trader)
    resting = trader.create_order(PAIR, "limit", "sell", 0.001, round(price * 1.3, 2), {"postOnly": True})
    assert (resting["type"], resting["postOnly"], resting["status"]) == ("limit", True, "open")
    stop = trader.create_order(PAIR, "market", "sell", 0.001, None, {"stopLossPrice": price})
    shown = trader.fetch_order(stop["id"], PAIR)
    assert (shown["status"], shown["triggerPrice"], shown["info"]["type"]) == ("open", price, "STOP_LOSS")
    assert {o["id"] for o in trader.cancel_all_orders(PAIR)} == {resting["id"], stop["id"]}
    assert trader.fetch_open_orders(PAIR) == []
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        trader.create_order(PAIR, "limit", "buy", 0.001, round(price * 1.2, 2), {"postOnly": True})


def test_its_own_errors_for_ours(venue, trader):
    price = far_below(trader)
    stranger, forger = exchange(venue, key="a" * 64), exchange(venue, secret="wrong")
    for of, error, code, call in (
        (trader, ccxt.InsufficientFunds, -2010, lambda: trader.create_order(PAIR, "limit", "buy", 100, price)),
        (trader, ccxt.OrderNotFound, -2011, lambda: trader.cancel_order("999999999", PAIR)),
        (trader, ccxt.OrderNotFound, -2013, lambda: trader.fetch_order("999999999", PAIR)),
        (trader, ccxt.BadRequest, -1013, lambda: trader.create_order(PAIR, "limit", "buy", 0.00005, price)),
        (stranger, ccxt.AuthenticationError, -2015, stranger.fetch_balance),
        (forger, ccxt.AuthenticationError, -1022, forger.fetch_balance),
    ):
        with pytest.raises(error):
            call()
        assert json.loads(of.last_http_response)["code"] == code


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_private_keys(venue, trader, kind):
    pem = Path(venue.private_pem("ccxt", kind)).read_text()
    by_key = exchange(venue, key=venue.keys["ccxt"][f"{kind}_key"], secret=pem)
    assert exact(by_key) == exact(trader)
    order = by_key.create_order(PAIR, "market", "sell", 0.0005)
    assert trader.fetch_order(order["id"], PAIR)["filled"] == 0.0005


def test_rates_of_the_account(trader):
    account = trader.fetch_balance()["info"]
    rates = account["commissionRates"]
    assert (D(rates["maker"]), D(rates["taker"])) == (money.MAKER, money.TAKER)
    assert D(venues.START_USDT) - 1_000 < sum(exact(trader)["USDT"]) < D(venues.START_USDT) + 1_000
