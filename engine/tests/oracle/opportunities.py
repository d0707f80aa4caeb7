#!/usr/bin/env python3
"""Recomputes the opportunity file from recorded frames by brute force, in whole numbers, as the design defines it.

    opportunities.py --params PARAMS.json [VENUE=]FILE... --out FILE.csv [--last-trade]

It shares no line and no idea with the engine: Python's unbounded integers count units of 1e-16 of whatever is meant
(prices, sizes, contracts, notional), so that a product of two is in 1e-32, and at each input all routes of the markets
that it may touch are worked out from scratch. What it takes and leaves:

- Inputs are trade, aggTrade and bookTicker frames of the instruments in PARAMS; everything else is passed over. Files
  merge by receive time, then file order, then line. VENUE= may be left out where PARAMS has one venue only.
- A number that does not fit the market's scale refuses its frame; refused frames are counted on standard error.
- A quote (or, with last-trade, the last trade that is not off-market, its price and quantity on both sides) grows stale
  at exactly receive time + max_age_ms, before any input of that time or later. After the last input nothing does.
- Lag is per venue: floor((event time - receive time) in us), negated; more than max_lag_ms above its least so far makes
  all quotes of the venue unusable until the venue's next frame with an event time says otherwise.
- The outcome is WATCH_ONLY throughout: what is traded is not this script's business.

PARAMS.json holds the same facts as the TOML config, numbers as decimal strings, times as integers:

    {"venues":      [{"name", "protocol", "taker_bps"}],                     in the config's order
     "instruments": [{"venue", "symbol", "base", "quote", "settle", "kind", "contract_size", "price_step",
                      "quantity_step", "min_quantity", "min_notional"}],
     "markets":     [{"name", "symbols": {VENUE: SYMBOL}, "price_decimals", "quantity_decimals"}],   decimals: or null
     "strategy":    {"name", "trade", "min_edge_bps", "max_age_ms", "max_lag_ms", "max_notional"},
     "risk":        {"currency", "rates": {ASSET: RATE}}}
"""

import argparse
import heapq
import json
import math
import sys
from fractions import Fraction

import frames

HEADER = ("market,buy_venue,sell_venue,begin_ns,end_ns,first_edge_ppm,best_edge_ppm,"
          "buy_price,sell_price,quantity,outcome")
ONE = 10**8  # fee and edge rates are integers at 1e-8
UNIT = 10**16  # one of anything
BID, BID_SIZE, ASK, ASK_SIZE, RECEIVED = range(5)


class Refused(Exception):
    """A number that does not fit its scale."""


def units(shown):
    """Decimal text as a count of 1e-16."""
    value = Fraction(shown) * UNIT
    if value.denominator != 1:
        raise ValueError("more than 16 decimals: " + shown)
    return value.numerator


def text(value):
    """A count of 1e-16 as the shortest exact decimal text."""
    whole, rest = divmod(abs(value), UNIT)
    digits = str(rest).zfill(16).rstrip("0")
    return ("-" if value < 0 else "") + str(whole) + ("." + digits if digits else "")


def decimals(step):
    """How many decimals a step needs."""
    return len(text(units(step)).partition(".")[2])


def down(value, unit):
    """The largest multiple of unit that is not above value."""
    return value // unit * unit


def common(*steps):
    """The least number that is a multiple of all steps."""
    least = 1
    for step in steps:
        least = least * step // math.gcd(least, step)
    return least


def rate_e8(bps):
    """Basis points as an integer at 1e-8."""
    value = Fraction(bps) * 10**4
    if value.denominator != 1:
        raise ValueError("more than four decimals: " + bps)
    return value.numerator


class Instrument:
    """One leg's facts."""

    def __init__(self, facts, venue, fee):
        self.venue = venue
        self.fee = fee
        self.inverse = facts["kind"] == "inverse"
        self.contract = units(facts["contract_size"])
        self.price_step = facts["price_step"]
        self.quantity_step = facts["quantity_step"]
        self.step = units(facts["quantity_step"])
        self.min_quantity = units(facts["min_quantity"])
        self.min_notional = units(facts["min_notional"])
        self.quote_asset = facts["quote"]
        # A market, if there is one, sets units of its own.
        self.price_unit = UNIT // 10 ** decimals(self.price_step)
        self.quantity_unit = UNIT // 10 ** decimals(self.quantity_step)
        self.market = None
        self.quote = None

    def contracts(self, size, price):
        """Whole contracts, on the step, that `size` base units are worth at `price`."""
        return down(size * price // (self.contract * UNIT) * UNIT, common(self.step, UNIT))

    def base(self, contracts, price, unit):
        """The base units that `contracts` are worth at `price`, rounded down to `unit`."""
        return contracts * self.contract // (price * unit) * unit


class Market:
    """The same pair on several venues."""

    def __init__(self, index, facts, legs, risk, notional):
        self.index = index
        self.name = facts["name"]
        self.legs = legs
        prices = [decimals(leg.price_step) for leg in legs]
        quantities = [decimals(leg.quantity_step) for leg in legs]
        price_decimals, quantity_decimals = facts.get("price_decimals"), facts.get("quantity_decimals")
        price_decimals = max(prices) if price_decimals is None else price_decimals
        quantity_decimals = max(quantities) if quantity_decimals is None else quantity_decimals
        if price_decimals + quantity_decimals > 16:
            raise ValueError("scale of " + self.name + " is too fine")
        rates = set()
        for leg in legs:
            leg.market = self
            leg.price_unit = UNIT // 10**price_decimals
            leg.quantity_unit = UNIT // 10**quantity_decimals
            rates.add(Fraction(1) if leg.quote_asset == risk["currency"] else Fraction(risk["rates"][leg.quote_asset]))
        if len(rates) != 1:
            raise ValueError("quote assets of " + self.name + " are worth different sums")
        self.unit = UNIT // 10**quantity_decimals
        self.max_notional = notional / rates.pop()  # a fraction, in the quote asset

    def size(self, buy, sell):
        """The size in base units of buying on one leg and selling on the other; None when it is not enough."""
        ask, bid = buy.quote[ASK], sell.quote[BID]
        have = []
        for leg, price, size in ((buy, ask, buy.quote[ASK_SIZE]), (sell, bid, sell.quote[BID_SIZE])):
            have.append(leg.base(size, price, self.unit) if leg.inverse else size)
        most = self.max_notional
        most = most.numerator * UNIT * UNIT // (most.denominator * ask * self.unit) * self.unit
        size = min(*have, most)
        ordered = {}
        for leg, price in ((buy, ask), (sell, bid)):
            if leg.inverse:
                ordered[leg] = leg.contracts(size, price)
                size = leg.base(ordered[leg], price, self.unit)
        steps = [leg.step for leg in (buy, sell) if not leg.inverse]
        if steps:
            size = down(size, common(*steps))
        if size <= 0:
            return None
        for leg, price in ((buy, ask), (sell, bid)):
            quantity = ordered.get(leg, size)
            worth = quantity * leg.contract if leg.inverse else quantity * price
            if quantity <= 0 or quantity < leg.min_quantity or worth < leg.min_notional * UNIT:
                return None
        return size


class Oracle:
    """All state: quotes, lags, opportunities."""

    def __init__(self, params, last_trade=None):
        strategy = params["strategy"]
        self.last_trade = strategy["name"] == "last-trade" if last_trade is None else last_trade
        self.min_edge = rate_e8(strategy["min_edge_bps"])
        self.max_age = strategy["max_age_ms"] * 10**6
        self.max_lag_us = strategy["max_lag_ms"] * 1000
        self.venues = [venue["name"] for venue in params["venues"]]
        fees = [rate_e8(venue["taker_bps"]) for venue in params["venues"]]
        self.instruments = {}
        for facts in params["instruments"]:
            venue = self.venues.index(facts["venue"])
            self.instruments[venue, facts["symbol"]] = Instrument(facts, venue, fees[venue])
        self.markets = []
        for facts in params["markets"]:
            places = sorted((self.venues.index(venue), name) for venue, name in facts["symbols"].items())
            legs = [self.instruments[place] for place in places]
            notional = Fraction(strategy["max_notional"])
            self.markets.append(Market(len(self.markets), facts, legs, params["risk"], notional))
        self.core = 0
        self.wake_ups = []  # (due, market index)
        self.least_lag = {}
        self.lagging = set()
        self.open = {}
        self.records = []
        self.inputs = self.refused = 0
        self.numbers = {}

    def usable(self, leg):
        """Whether a leg's quote may be traded on."""
        if leg.quote is None or leg.venue in self.lagging:
            return False
        bid, bid_size, ask, ask_size, received = leg.quote
        if self.core >= received + self.max_age:
            return False
        in_order = 0 < bid == ask if self.last_trade else 0 < bid < ask
        return in_order and bid_size > 0 and ask_size > 0

    def evaluate(self, market):
        """Works out all routes of a market at the present core time."""
        usable = [leg for leg in market.legs if self.usable(leg)]
        for buy in market.legs:
            for sell in market.legs:
                if buy is not sell:
                    found = self.found(market, buy, sell) if buy in usable and sell in usable else None
                    self.note(market, buy, sell, found)

    def found(self, market, buy, sell):
        """(edge in ppm, size) where the route is an opportunity now, else None."""
        ask, bid = buy.quote[ASK], sell.quote[BID]
        gain = (ONE - sell.fee) * bid - (ONE + buy.fee) * ask
        if gain < self.min_edge * ask:
            return None
        size = market.size(buy, sell)
        return None if size is None else (gain // (100 * ask), size)

    def note(self, market, buy, sell, found):
        """Begins, goes on with, or ends the record of a route."""
        route = (market.index, buy.venue, sell.venue)
        record = self.open.get(route)
        if found is None:
            if record is not None:
                record["end"] = self.core
                del self.open[route]
            return
        edge, size = found
        if record is not None:
            record["best"] = max(record["best"], edge)
            return
        record = {"route": route, "begin": self.core, "end": None, "first": edge, "best": edge,
                  "buy": buy.quote[ASK], "sell": sell.quote[BID], "size": size}
        self.open[route] = record
        self.records.append(record)

    def wake(self, until):
        """Delivers every wake-up due by `until`, each at its own time."""
        while self.wake_ups and self.wake_ups[0][0] <= until:
            due, index = heapq.heappop(self.wake_ups)
            self.core = max(self.core, due)
            self.evaluate(self.markets[index])

    def number(self, shown, unit):
        """The count of 1e-16 that a text stands for, when it is a multiple of the unit and the multiple fits an i64."""
        key = (shown, unit)
        value = self.numbers.get(key)
        if value is None:
            value = Fraction(shown) * UNIT
            if value % unit != 0 or not -(2**63) <= value // unit < 2**63:
                raise Refused(shown)
            value = self.numbers[key] = int(value)
        return value

    def take(self, venue, received, kind, data):
        """One frame."""
        if kind not in ("trade", "aggTrade", "bookTicker"):
            return
        leg = self.instruments.get((venue, frames.symbol(data)))
        if leg is None:
            return
        names = ("b", "B", "a", "A") if kind == "bookTicker" else ("p", "q", "p", "q")
        fits = (leg.price_unit, leg.quantity_unit) * 2
        try:
            values = [self.number(frames.decimal_text(data, name), unit) for name, unit in zip(names, fits)]
        except Refused:
            self.refused += 1
            return
        exchange_us = frames.venue_time_us(data)
        self.inputs += 1
        self.wake(max(self.core, received))
        self.core = max(self.core, received)
        affected = set()
        if exchange_us is not None and self.lag(venue, received, exchange_us):
            affected.update(m.index for m in self.markets if any(leg.venue == venue for leg in m.legs))
        if (kind != "bookTicker") == self.last_trade and not frames.off_market(data):
            leg.quote = (*values, received)
            if leg.market is not None:
                heapq.heappush(self.wake_ups, (received + self.max_age, leg.market.index))
                affected.add(leg.market.index)
        for index in sorted(affected):
            self.evaluate(self.markets[index])

    def lag(self, venue, received, exchange_us):
        """Takes a venue's sample of lag; True when the venue begins or ceases to lag."""
        offset = (exchange_us * 1000 - received) // 1000
        lag = -min(max(offset, 1 - 2**31), 2**31 - 1)
        least = self.least_lag[venue] = min(lag, self.least_lag.get(venue, lag))
        before = venue in self.lagging
        if self.max_lag_us > 0 and lag - least > self.max_lag_us:
            self.lagging.add(venue)
        else:
            self.lagging.discard(venue)
        return before != (venue in self.lagging)

    def rows(self):
        """The lines of the file, without line ends."""
        shown = [HEADER]
        # Sorting is stable: records that begin at the same time on one route stay in the order in which they began.
        for record in sorted(self.records, key=lambda r: (r["begin"], *r["route"])):
            market, buy, sell = record["route"]
            shown.append(",".join([
                self.markets[market].name, self.venues[buy], self.venues[sell],
                str(record["begin"]), "" if record["end"] is None else str(record["end"]),
                str(record["first"]), str(record["best"]),
                text(record["buy"]), text(record["sell"]), text(record["size"]), "WATCH_ONLY"]))
        return shown


def events(order, venue, path, bad):
    """(receive time, file order, line, venue, kind, data) of each line of a file, good for anything or not: where
    receive times step back, every line holds up those behind it."""
    for number, line in enumerate(frames.lines(path)):
        kind = data = None
        try:
            received, frame = frames.split(line)
        except frames.Malformed:
            bad.append((path, number + 1))
            continue
        try:
            kind, data = frames.parse(frame)
        except frames.Malformed:
            bad.append((path, number + 1))
        yield received, order, number, venue, kind, data


def run(params, files, last_trade=None):
    """The oracle after all files, and the malformed lines; `files` is a list of (venue name or None, path)."""
    oracle, bad, sources = Oracle(params, last_trade), [], []
    for order, (venue, path) in enumerate(files):
        if venue is None and len(oracle.venues) != 1:
            raise ValueError("say which venue " + str(path) + " is: VENUE=FILE")
        place = 0 if venue is None else oracle.venues.index(venue)
        sources.append(events(order, place, path, bad))
    # The three leading numbers are unique, so that nothing behind them is ever compared.
    for received, _, _, venue, kind, data in heapq.merge(*sources):
        try:
            oracle.take(venue, received, kind, data)
        except frames.Malformed:
            oracle.refused += 1
    return oracle, bad


def named(argument):
    """(venue or None, path) of an argument."""
    venue, equals, path = argument.partition("=")
    return (venue, path) if equals and "/" not in venue else (None, argument)


def main():
    parser = argparse.ArgumentParser(description="Recomputes the opportunity file by brute force.")
    parser.add_argument("--params", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--last-trade", action="store_true", default=None, help="whatever PARAMS says")
    parser.add_argument("files", nargs="+", metavar="[VENUE=]FILE")
    given = parser.parse_args()
    with open(given.params, encoding="utf-8") as file:
        params = json.load(file)
    try:
        oracle, bad = run(params, [named(argument) for argument in given.files], given.last_trade)
    except (frames.NoZstd, OSError, ValueError) as error:
        sys.exit("opportunities: " + str(error))
    with open(given.out, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(oracle.rows()) + "\n")
    print("{} inputs, {} records, {} refused, {} malformed".format(
        oracle.inputs, len(oracle.records), oracle.refused, len(bad)), file=sys.stderr)


if __name__ == "__main__":
    main()
