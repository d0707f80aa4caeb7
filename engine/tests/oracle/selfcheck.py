#!/usr/bin/env python3
"""Checks the oracle itself against cases worked out by hand; exits 1 when one fails.

Each case is a few quotes and the rows that they must give, with the arithmetic beside them. Times are in ms after a
round start unless said otherwise; the fee of `a` is 10 bps, of `b` 5 bps, of the inverse venues `c` and `d` none.
"""

import json
import os
import subprocess
import sys
import tempfile

import counts
import frames
import generate
import opportunities

START = 1_700_000_000_000  # ms
HERE = os.path.dirname(os.path.abspath(__file__))


def instrument(venue, kind="spot", **more):
    facts = {"venue": venue, "symbol": "XUSD" if kind == "inverse" else "XUSDT", "base": "X",
             "quote": "USD" if kind == "inverse" else "USDT", "settle": "X" if kind == "inverse" else "USDT",
             "kind": kind, "contract_size": "10" if kind == "inverse" else "1", "price_step": "0.01",
             "quantity_step": "1" if kind == "inverse" else "0.001",
             "min_quantity": "1" if kind == "inverse" else "0.001", "min_notional": "0"}
    facts.update(more)
    return facts


def params(instruments, more_instruments=(), market=None, **strategy):
    chosen = {"name": "spread", "trade": False, "min_edge_bps": "1", "max_age_ms": 1000, "max_lag_ms": 0,
              "max_notional": "1000000"}
    chosen.update(strategy)
    rates = {"a": ("binance-spot", "10"), "b": ("binance-usdm", "5"), "c": ("binance-coinm", "0"),
             "d": ("binance-coinm", "0")}
    names = [i["venue"] for i in instruments]
    return {"venues": [{"name": n, "protocol": rates[n][0], "taker_bps": rates[n][1]} for n in names],
            "instruments": list(instruments) + list(more_instruments),
            "markets": [{"name": "X-USD", "symbols": {i["venue"]: i["symbol"] for i in instruments}, **(market or {})}],
            "strategy": chosen, "risk": {"currency": "USDT", "rates": {"USD": "1"}}}


def quote(at, symbol, bid, bid_size, ask, ask_size, behind=None):
    """A bookTicker line; `behind` is how many ms the event time lies before the receive time."""
    data = {"u": 1, "s": symbol, "b": bid, "B": bid_size, "a": ask, "A": ask_size}
    if behind is not None:
        data = {"e": "bookTicker", **data, "T": START, "E": START + at - behind}
    return at, {"stream": symbol.lower() + "@bookTicker", "data": data}


def trade(at, symbol, price, quantity, behind=1, **more):
    """A trade line."""
    data = {"e": "trade", "E": START + at - behind, "T": START, "s": symbol, "t": 1, "p": price, "q": quantity,
            "m": False, **more}
    return at, {"stream": symbol.lower() + "@trade", "data": data}


def write(directory, name, entries):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        for at, frame in entries:
            file.write("{} {}\n".format((START + at) * 10**6, json.dumps(frame)))
    return path


def check(name, facts, files, expected, refused=0):
    """Runs the oracle on files given as [(venue, entries)]; expected rows leave out the market and the outcome."""
    with tempfile.TemporaryDirectory() as directory:
        named = [(venue, write(directory, str(place), entries)) for place, (venue, entries) in enumerate(files)]
        oracle, bad = opportunities.run(facts, named)
    rows = []
    for buy, sell, begin, end, *rest in expected:
        end = "" if end is None else str((START + end) * 10**6)
        rows.append(",".join(["X-USD", buy, sell, str((START + begin) * 10**6), end, *map(str, rest), "WATCH_ONLY"]))
    assert oracle.rows() == [opportunities.HEADER, *rows], (
        name + ":\n" + "\n".join(oracle.rows()[1:]) + "\nshould be\n" + "\n".join(rows))
    assert (oracle.refused, bad) == (refused, []), name


A, B = instrument("a"), instrument("b", "linear")


def edges():
    # Buy on b at 100, sell on a at 100.20: 0.999 * 100.20 - 1.0005 * 100 = 100.0998 - 100.05 = 0.0498, of 100: 498 ppm.
    # 4.98 bps is the least edge of the second run, 4.9801 that of the third.
    asked = [("a", [quote(0, "XUSDT", "100.20", "2", "100.30", "2")]),
             ("b", [quote(5, "XUSDT", "99.90", "3", "100.00", "1.5", 1)])]
    row = ("b", "a", 5, None, 498, 498, "100", "100.2", "1.5")
    check("an edge", params([A, B]), asked, [row])
    check("exactly the least edge", params([A, B], min_edge_bps="4.98"), asked, [row])
    check("just below the least edge", params([A, B], min_edge_bps="4.9801"), asked, [])
    # Bid 100.21: 0.999 * 100.21 = 100.10979, less 100.05: 0.05979: 597.9, rounded down 597. Then bid 100.19:
    # 100.08981 - 100.05 = 0.03981: 398. It ends at 100.06: 99.95994 < 100.05.
    bids = [quote(at, "XUSDT", bid, "2", "100.30", "2") for at, bid in
            ((0, "100.20"), (10, "100.21"), (20, "100.19"), (30, "100.06"))]
    check("the best edge", params([A, B]), [("a", bids), asked[1]],
          [("b", "a", 5, 30, 498, 597, "100", "100.2", "1.5")])
    # Below zero edges round down: with bid 100.05, 0.999 * 100.05 - 100.05 = -0.10005, of 100 = -1000.5 ppm: -1001.
    oracle = opportunities.Oracle(params([A, B]))
    oracle.min_edge = -10**8
    for place, (_, entries) in enumerate([("a", [quote(0, "XUSDT", "100.05", "2", "100.30", "2")]), asked[1]]):
        for at, frame in entries:
            oracle.take(place, at, *frames.parse(json.dumps(frame).encode()))
    first = {record["route"][1:]: record["first"] for record in oracle.records}
    assert first[1, 0] == -1001, first


def staleness():
    # Both quotes grow stale 1000 ms after their own receive time: b's at 1005, a's at 1000, so that it ends at 1000
    # although the next input comes at 3000. Then at 4000 exactly a's timer (of 3000) ends what began at 3001, and the
    # input of the very same time begins it again.
    a = [quote(at, "XUSDT", "100.20", "2", "100.30", "2") for at in (0, 3000, 4000)]
    b = [quote(at, "XUSDT", "99.90", "3", "100.00", "1.5", 1) for at in (5, 3001)]
    row = [498, 498, "100", "100.2", "1.5"]
    check("stale", params([A, B]), [("a", a), ("b", b)],
          [("b", "a", 5, 1000, *row), ("b", "a", 3001, 4000, *row), ("b", "a", 4000, None, *row)])
    # A last input of a's at 999 keeps it open: nothing grows stale after the last input.
    check("open at the end", params([A, B]), [("a", [a[0], quote(999, "XUSDT", "100.20", "2", "100.30", "2")]),
                                              ("b", b[:1])], [("b", "a", 5, None, *row)])
    # Not even a trade at 1000 may come before the timer of 1000.
    check("a timer first", params([A, B]), [("a", [a[0], trade(1000, "XUSDT", "1", "1")]), ("b", b[:1])],
          [("b", "a", 5, 1000, *row)])


def order():
    # All at the same time. With a's file first, both of its lines come before b's and its 100.20 is gone when b asks
    # 100.00; with b's file first, a's first line begins it and a's second ends it.
    a = [quote(0, "XUSDT", "100.20", "2", "100.30", "2"), quote(0, "XUSDT", "100.00", "2", "100.30", "2")]
    b = [quote(0, "XUSDT", "99.90", "3", "100.00", "1.5", 1)]
    check("files in order", params([A, B]), [("a", a), ("b", b)], [])
    check("files the other way", params([A, B]), [("b", b), ("a", a)],
          [("b", "a", 0, 0, 498, 498, "100", "100.2", "1.5")])
    # Depth frames and unknown symbols are no inputs: no time passes with them.
    more = (5000, {"stream": "xusdt@depth", "data": {"e": "depthUpdate", "E": START, "s": "XUSDT"}})
    check("no input", params([A, B]), [("b", b), ("a", [a[0], more, quote(6000, "YUSDT", "1", "1", "2", "1")])],
          [("b", "a", 0, None, 498, 498, "100", "100.2", "1.5")])


def usable():
    b = ("b", [quote(5, "XUSDT", "99.90", "3", "100.00", "1.5", 1)])
    for bid, bid_size, ask, ask_size in (("100.20", "0", "100.30", "2"), ("100.20", "2", "100.30", "0"),
                                         ("100.30", "2", "100.20", "2"), ("100.20", "2", "100.20", "2"),
                                         ("100.20", "2", "0", "2")):
        check("not usable", params([A, B]), [("a", [quote(0, "XUSDT", bid, bid_size, ask, ask_size)]), b], [])
    # 0.0001 does not fit the scale of 3 decimals; 2.0000 does. A refused quote leaves the last one standing.
    a = [quote(0, "XUSDT", "100.20", "2.0000", "100.30", "2"), quote(1, "XUSDT", "100.00", "0.0001", "100.30", "2")]
    check("refused", params([A, B]), [("a", a), b], [("b", "a", 5, None, 498, 498, "100", "100.2", "1.5")], refused=1)


def lag():
    # b's least lag is 2 ms (the quote at 5); a trade of Y at 20 is 52 ms behind, 50 more than the least: not lagging.
    # At 30 it is 53 behind: 51 more, all of b is unusable, at once. At 40 it is 51: usable again, with the old quote.
    # At 50 a trade 20 ms ahead makes the least -20; at 60 a lag of 31 is 51 more than that.
    other = instrument("b", "linear", symbol="YUSDT")
    b = [quote(5, "XUSDT", "99.90", "3", "100.00", "1.5", 2)]
    b += [trade(at, "YUSDT", "1", "1", behind) for at, behind in ((20, 52), (30, 53), (40, 51), (50, -20), (60, 31))]
    a = [quote(0, "XUSDT", "100.20", "2", "100.30", "2")]
    row = [498, 498, "100", "100.2", "1.5"]
    check("lag", params([A, B], [other], max_lag_ms=50), [("a", a), ("b", b)],
          [("b", "a", 5, 30, *row), ("b", "a", 40, 60, *row)])
    check("lag off", params([A, B], [other]), [("a", a), ("b", b)], [("b", "a", 5, None, *row)])
    # The offset is rounded down to whole us: received 0.5 us after the venue's ms it is -1 us, a lag of 1 us.
    oracle = opportunities.Oracle(params([A, B], max_lag_ms=50))
    oracle.lag(1, START * 10**6, START * 1000)
    assert oracle.least_lag[1] == 0
    assert not oracle.lag(1, (START + 50) * 10**6, START * 1000) and not oracle.lagging
    assert oracle.lag(1, (START + 50) * 10**6 + 500, START * 1000) and oracle.lagging == {1}


def sizes():
    b = ("b", [quote(5, "XUSDT", "99.90", "3", "100.00", "1.5", 1)])
    a = ("a", [quote(0, "XUSDT", "100.20", "2", "100.30", "2")])
    # 70 / 100 = 0.7 at most; 77.777 / 100 = 0.77777, at the scale 0.777, on b's step of 0.01: 0.77.
    check("max_notional", params([A, B], max_notional="70"), [a, b],
          [("b", "a", 5, None, 498, 498, "100", "100.2", "0.7")])
    coarse = instrument("b", "linear", quantity_step="0.01")
    check("the coarser step", params([A, coarse], max_notional="77.777"), [a, b],
          [("b", "a", 5, None, 498, 498, "100", "100.2", "0.77")])
    # A multiple of 0.004 and of 0.006 is one of 0.012: 1.5 down to 125 * 0.012 = 1.5; 1.49 to 124 * 0.012 = 1.488.
    steps = [instrument("a", quantity_step="0.004"), instrument("b", "linear", quantity_step="0.006")]
    check("steps that do not nest", params(steps, max_notional="149"), [a, b],
          [("b", "a", 5, None, 498, 498, "100", "100.2", "1.488")])
    # 1.5 * 100 = 150 on the buying leg, 1.5 * 100.2 = 150.3 on the selling one.
    for venue, least, good in (("b", "150", True), ("b", "150.01", False),
                               ("a", "150.3", True), ("a", "150.31", False)):
        legs = [instrument("a"), instrument("b", "linear")]
        legs["ab".index(venue)]["min_notional"] = least
        check("min_notional", params(legs), [a, b], [("b", "a", 5, None, 498, 498, "100", "100.2", "1.5")] * good)
    for least, good in (("1.5", True), ("1.501", False)):
        check("min_quantity", params([instrument("a", min_quantity=least), B]), [a, b],
              [("b", "a", 5, None, 498, 498, "100", "100.2", "1.5")] * good)
    # The rate of the quote asset: both in EUR at 2 USDT each, 70 USDT are 35 EUR: 0.35.
    legs = [instrument("a", quote="EUR"), instrument("b", "linear", quote="EUR")]
    facts = params(legs, max_notional="70")
    facts["risk"]["rates"] = {"EUR": "2"}
    check("a rate", facts, [a, b], [("b", "a", 5, None, 498, 498, "100", "100.2", "0.35")])


def inverse():
    # Buy on c (contracts of 10 USD, no fee) at 30.00, sell on a at 30.10: 0.999 * 30.1 - 30 = 0.0699: 2330 ppm.
    # c asks 7 contracts: 70 / 30 = 2.3333, at the scale 2.333. a bids 2. So 2: 2 * 30 / 10 = 6 contracts, worth
    # 60 / 30 = 2. With a's 1.9: 5.7, 5 contracts, 50 / 30 = 1.666. With a's 9: 2.333 * 30 / 10 = 6.999, 6 contracts: 2.
    c = instrument("c", "inverse")
    asks = ("c", [quote(0, "XUSD", "29.90", "9", "30.00", "7", 1)])
    for have, size in (("2", "2"), ("1.9", "1.666"), ("9", "2")):
        check("buying inverse", params([A, c]), [("a", [quote(1, "XUSDT", "30.10", have, "30.20", "1")]), asks],
              [("c", "a", 1, None, 2330, 2330, "30", "30.1", size)])
    # The step of the other leg comes last: 1.666 on 0.01 is 1.66. The contracts stay 5, worth 50: enough for 50.
    for least, good in (("50", True), ("50.01", False)):
        legs = [instrument("a", quantity_step="0.01", min_quantity="0.01"),
                instrument("c", "inverse", min_notional=least)]
        check("the order of steps", params(legs, market={"quantity_decimals": 3}),
              [("a", [quote(1, "XUSDT", "30.10", "1.9", "30.20", "1")]), asks],
              [("c", "a", 1, None, 2330, 2330, "30", "30.1", "1.66")] * good)
    # Three contracts a step: 5.7 is 3, worth 30 / 30 = 1. At least 4 contracts: none.
    for least, rows in (("3", 1), ("4", 0)):
        legs = [A, instrument("c", "inverse", quantity_step="3", min_quantity=least)]
        check("a step of contracts", params(legs), [("a", [quote(1, "XUSDT", "30.10", "1.9", "30.20", "1")]), asks],
              [("c", "a", 1, None, 2330, 2330, "30", "30.1", "1")] * rows)
    # Less than one contract: 0.333 * 30 / 10 = 0.999.
    check("no whole contract", params([A, c]), [("a", [quote(1, "XUSDT", "30.10", "0.333", "30.20", "1")]), asks], [])
    # Selling on c at 30.00, buying on a at 29.90: 30 - 1.001 * 29.9 = 0.0701: of 29.9 2344.48: 2344. c bids 9: 3.
    check("selling inverse", params([A, c]),
          [("a", [quote(0, "XUSDT", "29.80", "5", "29.90", "5")]),
           ("c", [quote(1, "XUSD", "30.00", "9", "30.10", "7", 1)])],
          [("a", "c", 1, None, 2344, 2344, "29.9", "30", "3")])
    # Both inverse, quantities at 0.001 by the config. Buy on c at 30 (7 contracts of 10: 2.333), sell on d at 31 (2
    # contracts of 30: 60 / 31 = 1.935). 1.935 * 30 / 10 = 5.805: 5 on c, 50 / 30 = 1.666. 1.666 * 31 / 30 = 1.72: 1 on
    # d, 30 / 31 = 0.967. (With d first: 1 on d, 0.967; 2.9: 2 on c, 0.666.) Edge: 1 / 30: 33333.
    legs = [c, instrument("d", "inverse", contract_size="30")]
    check("both inverse", params(legs, market={"quantity_decimals": 3}),
          [asks, ("d", [quote(1, "XUSD", "31.00", "2", "31.10", "2", 1)])],
          [("c", "d", 1, None, 33333, 33333, "30", "31", "0.967")])


def last_trade():
    # Bid and ask are the last trade: 498 ppm as in edges(), size min(2, 1.5). The off-market trade at 10 changes
    # nothing, and neither does a quote. At 20 a trades at 100.00.
    a = [trade(0, "XUSDT", "100.20", "2"), trade(10, "XUSDT", "90.00", "2", X="INSURANCE_FUND"),
         quote(11, "XUSDT", "90.00", "2", "90.10", "2"), trade(20, "XUSDT", "100.00", "2", X="MARKET")]
    b = [trade(5, "XUSDT", "100.00", "1.5")]
    check("last trade", params([A, B], name="last-trade"), [("a", a), ("b", b)],
          [("b", "a", 5, 20, 498, 498, "100", "100.2", "1.5")])


def many():
    # Three venues at one time: rows in the order of the markets' venues, buying first.
    third = instrument("c", "inverse")
    check("three venues", params([A, B, third], max_notional="100"),
          [("a", [quote(0, "XUSDT", "110.00", "9", "110.10", "9")]),
           ("b", [quote(0, "XUSDT", "99.00", "9", "100.00", "9", 1)]),
           ("c", [quote(1, "XUSD", "104.00", "90", "105.00", "90", 1)])],
          # b to a: 0.999 * 110 - 100.05 = 9.84: 98400; 100 / 100 = 1. b to c: 104 - 100.05 = 3.95: 39500; 1 * 104 / 10
          # = 10.4: 10 contracts, 100 / 104 = 0.961. c to a: 109.89 - 105 = 4.89, of 105: 46571.4; 100 / 105 = 0.952;
          # 0.952 * 105 / 10 = 9.996: 9 contracts, 90 / 105 = 0.857.
          [("b", "a", 0, None, 98400, 98400, "100", "110", "1"),
           ("b", "c", 1, None, 39500, 39500, "100", "104", "0.961"),
           ("c", "a", 1, None, 46571, 46571, "105", "110", "0.857")])


def counting():
    lines = [
        b'1700000000000000 {"stream":"x@trade","data":{"e":"trade","E":1,"s":"X","t":5,"p":"0.10","q":"3"}}',
        b'1700000000000001 {"e":"trade","E":1,"s":"X","t":8,"p":"0.0000000000000001","q":"0.5","X":"ADL"}',
        b'1700000000000002 {"e":"trade","E":1,"s":"X","t":8,"p":"1","q":"1","X":"MARKET"}',
        b'1700000000000002 {"e":"aggTrade","E":1,"s":"X","a":1,"p":"1","q":"1"}',
        b'1700000000000001 {"u":1,"s":"X","b":"1","B":"1","a":"2","A":"1"}',
        b'1700000000000002 {"stream":"x@depth","data":{"e":"depthUpdate","s":"X"}}',
        b'1700000000000002 {"lastUpdateId":1}',
        b'1700000000000002 {"e":"trade","E":1,"s":"X","t":9,"p":"1e3","q":"1"}',
        b'1700000000000002 {"e":"trade","E":1,"s":"X","t":9,"p":"1","q":NaN}',
        b"17000000 {}", b"", b"1700000000000002 {",
    ]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "frames.txt")
        with open(path, "wb") as file:
            file.write(b"\n".join(lines))
        result = counts.count(path)
    assert (result["lines"], result["malformed"], result["other"], result["backward_steps"]) == (12, 5, 2, 1), result
    # Quantity: 3 + 0.5 + 1 + 1. Notional: 0.3 + 0.00000000000000005 + 1 + 1.
    assert result["symbols"] == {"X": {
        "trades": 3, "agg_trades": 1, "off_market": 1, "quotes": 1, "trade_gaps": 1, "missing_ids": 2,
        "trade_duplicates": 1, "quantity": "5.5", "notional": "2.30000000000000005"}}, result


def generating():
    # The same twice; all of it good; and enough of everything to be worth comparing.
    for seed in (1, 2):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            named = generate.write(first, seed, 15, {})
            other = generate.write(second, seed, 15, {})
            for (venue, path), (again, copy) in zip(named, other):
                with open(path, "rb") as x, open(copy, "rb") as y:
                    assert venue == again and x.read() == y.read(), path
                result = counts.count(path)
                assert result["malformed"] == result["backward_steps"] == 0, result
                assert all(s["trade_gaps"] == s["trade_duplicates"] == 0 for s in result["symbols"].values()), result
            with open(os.path.join(first, "config.json"), encoding="utf-8") as file:
                facts = json.load(file)
            oracle, bad = opportunities.run(facts, named)
            assert oracle.refused == 0 and not bad
            routes = {record["route"] for record in oracle.records}
            assert len(oracle.records) > 300 and len(routes) == 18, (len(oracle.records), len(routes))


def comparing():
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, name) for name in ("a", "b")]
        for path, outcome in zip(paths, ("taken", "COOLDOWN")):
            with open(path, "w", encoding="utf-8") as file:
                file.write("market,outcome\nX,{}\n".format(outcome))
        program = [sys.executable, os.path.join(HERE, "compare.py"), *paths]
        differs = subprocess.run(program, stdout=subprocess.PIPE, check=False)
        same = subprocess.run([*program, "--ignore", "outcome"], stdout=subprocess.PIPE, check=False)
    assert differs.returncode == 1 and b"outcome: taken | COOLDOWN" in differs.stdout, differs
    assert same.returncode == 0 and same.stdout == b"same: 1 records\n", same


def main():
    cases = (edges, staleness, order, usable, lag, sizes, inverse, last_trade, many, counting, generating, comparing)
    failed = 0
    for case in cases:
        try:
            case()
        except AssertionError as error:
            failed += 1
            print("{} failed: {}".format(case.__name__, error))
    print("{} of {} groups of cases good".format(len(cases) - failed, len(cases)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
