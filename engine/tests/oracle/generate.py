#!/usr/bin/env python3
"""Makes a session of three venues in the layout of recorded frames, with the config and PARAMS that go with it.

    generate.py --seed N --out DIR [--seconds N] [--edge BPS] [--lag MS] [--age MS] [--trade] [--strategy NAME] ...

Written to DIR: the frames, config.toml, config.json (PARAMS), and files.txt with one VENUE=FILE a line in the order in
which both sides must be given them. The same seed and choices give the same bytes with any Python: all numbers are
integers, and the generator of random numbers is written out below.

Even seeds: spot, USD-M, COIN-M. Odd seeds: USD-M and two COIN-M venues, so that both legs can be inverse. In both: a
coin of five-digit price, one of four digits (odd seeds: at a scale that the config states), one of a price near 0.0002
whose quantities are whole, and one of no market. Gaps open and close within milliseconds; instruments fall silent for
longer than max_age, half of them to speak again at exactly the nanosecond at which their quote grows stale; venue times
lag for a while, some by exactly max_lag above the least lag; some trades are off-market; some quotes are empty,
crossed, below every minimum, or the same as before; a quote pair stands at exactly the least edge. In the first half
receive times are whole multiples of 100 us, so that many are equal within a file and across files.
"""

import argparse
import os

import facts

MS = 10**6
START = 1_754_000_000_000 * MS
CLOCK_AHEAD = 1272 * MS  # the venues' clocks are ahead of the recorder's
MID_UNIT = 10**12  # common prices are integers at 1e-12


class Random:
    """A linear congruential generator modulo 2^64, upper 31 bits."""

    def __init__(self, seed):
        self.state = (seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64
        for _ in range(4):
            self.below(2)

    def below(self, bound):
        """0 <= result < bound, for bounds up to 2^31."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) * bound >> 31

    def between(self, low, high):
        """low <= result <= high."""
        return low + self.below(high - low + 1)

    def chance(self, numerator, denominator):
        """True that often."""
        return self.below(denominator) < numerator


def venue(name, kind, bps, asset):
    protocol = "binance-" + {"spot": "spot", "linear": "usdm", "inverse": "coinm"}[kind]
    coins = {"BTC": "2", "ETH": "40", "TINY": "100000000"}
    balances = coins if kind == "inverse" else {"USDT": "100000", **(coins if kind == "spot" else {})}
    return {"name": name, "protocol": protocol, "taker_bps": bps, "fee_asset": asset, "balances": balances,
            "kind": kind}


def layout(seed):
    """The facts of a session."""
    make = facts.instrument
    if seed % 2 == 0:
        venues = [venue("alpha", "spot", "7.5", "received"), venue("beta", "linear", "4.5", "quote"),
                  venue("gamma", "inverse", "5", "quote")]
        instruments = [
            make("alpha", "BTCUSDT", "BTC", "spot", "1", "0.01", "0.00001", "0.00001", "5"),
            make("alpha", "ETHUSDT", "ETH", "spot", "1", "0.01", "0.0001", "0.0001", "5"),
            make("alpha", "TINYUSDT", "TINY", "spot", "1", "0.00000001", "1", "1", "1"),
            make("alpha", "SOLUSDT", "SOL", "spot", "1", "0.01", "0.001", "0.001", "5"),
            make("beta", "BTCUSDT", "BTC", "linear", "1", "0.1", "0.001", "0.001", "100"),
            make("beta", "ETHUSDT", "ETH", "linear", "1", "0.01", "0.001", "0.001", "20"),
            make("beta", "TINYUSDT", "TINY", "linear", "1", "0.00000001", "1000", "1000", "5"),
            make("gamma", "BTCUSD_PERP", "BTC", "inverse", "100", "0.1", "1", "1", "0"),
            make("gamma", "ETHUSD_PERP", "ETH", "inverse", "10", "0.01", "1", "1", "0"),
            make("gamma", "TINYUSD_PERP", "TINY", "inverse", "10", "0.00000001", "1", "1", "0"),
        ]
        scale = {}
    else:
        venues = [venue("beta", "linear", "4.5", "quote"), venue("gamma", "inverse", "5", "quote"),
                  venue("delta", "inverse", "2.2525", "quote")]
        instruments = [
            make("beta", "BTCUSDT", "BTC", "linear", "1", "0.1", "0.001", "0.001", "100"),
            make("beta", "ETHUSDT", "ETH", "linear", "1", "0.01", "0.001", "0.001", "20"),
            make("beta", "TINYUSDT", "TINY", "linear", "1", "0.00000001", "1", "1", "5"),
            make("beta", "SOLUSDT", "SOL", "linear", "1", "0.001", "0.01", "0.01", "5"),
            make("gamma", "BTCUSD_PERP", "BTC", "inverse", "100", "0.1", "1", "1", "0"),
            make("gamma", "ETHUSD_PERP", "ETH", "inverse", "10", "0.01", "1", "1", "0"),
            make("gamma", "TINYUSD_PERP", "TINY", "inverse", "10", "0.00000001", "1", "1", "0"),
            make("delta", "BTCUSD_PERP", "BTC", "inverse", "100", "0.01", "2", "2", "200"),
            make("delta", "ETHUSD_PERP", "ETH", "inverse", "10", "0.05", "1", "3", "0"),
            make("delta", "TINYUSD_PERP", "TINY", "inverse", "1", "0.00000001", "5", "5", "10"),
        ]
        scale = {"ETH": (4, 6), "BTC": (2, 8)}
    markets = []
    for base in ("BTC", "ETH", "TINY"):
        market = {"name": base + "-USD", "symbols": {i["venue"]: i["symbol"] for i in instruments if i["base"] == base}}
        if base in scale:
            market["price_decimals"], market["quantity_decimals"] = scale[base]
        markets.append(market)
    return {"venues": venues, "instruments": instruments, "markets": markets}


def scaled(step):
    """(mantissa, decimals) of a step."""
    whole, _, part = step.partition(".")
    return int(whole + part), len(part)


def shown(value, decimals, places):
    """A mantissa with that many decimals as text with `places` of them."""
    value *= 10 ** (places - decimals)
    if places == 0:
        return str(value)
    digits = str(value).zfill(places + 1)
    return digits[:-places] + "." + digits[-places:]


class Source:
    """One instrument's stream of events: [time, file, number, kind, source, values]; venue time comes later."""

    def __init__(self, random, facts_of, venue_of, file, mids, span, age):
        self.random, self.facts, self.venue, self.file = random, facts_of, venue_of, file
        self.mids, self.span, self.age = mids, span, age
        self.events = []
        self.price_step, self.price_decimals = scaled(facts_of["price_step"])
        self.quantity_step, self.quantity_decimals = scaled(facts_of["quantity_step"])
        self.step = self.price_step * MID_UNIT // 10**self.price_decimals
        self.update = random.between(10**9, 2 * 10**9)
        self.trade = random.between(10**6, 10**9)
        self.aggregated = self.venue["kind"] == "linear" and facts_of["base"] != "ETH"
        self.windows = [self.window() for _ in range(span // (400 * MS))]
        self.last = None

    def window(self):
        """(begin, end, hundredths of a bps): a gap."""
        begin = self.random.below(self.span // 1000) * 1000
        length = self.random.between(5, 80) * MS if self.random.chance(9, 10) else self.random.between(1, 3) * 1000 * MS
        return begin, begin + length, self.random.between(300, 4500) * (1 if self.random.chance(1, 2) else -1)

    def when(self, at):
        """On the grid in the first half."""
        return at - at % (100_000 if at < self.span // 2 else 1)

    def size(self):
        """A quantity in steps, now and then too small for anything, worth some thousands at most otherwise."""
        if self.facts["kind"] == "inverse":
            steps = self.random.between(1, 4) if self.random.chance(1, 8) else self.random.between(1, 400)
            return steps * self.quantity_step
        # What 1 to 4000 quote units are worth, to the step.
        worth = self.random.between(1, 30) if self.random.chance(1, 8) else self.random.between(30, 4000)
        steps = worth * MID_UNIT * 10**self.quantity_decimals // self.mids[0] // self.quantity_step
        return max(1, steps) * self.quantity_step

    def make_quote(self, at):
        """(bid, bid size, ask, ask size), prices in steps."""
        random = self.random
        if self.last is not None and random.chance(1, 10):
            return self.last
        mid = self.mids[min(at // (10 * MS), len(self.mids) - 1)]
        shift = sum(bps for begin, end, bps in self.windows if begin <= at < end)
        mid += mid * (shift + random.between(-60, 60)) // 10**6
        bid = mid // self.step
        ask = bid + random.between(1, 3)
        sizes = [self.size(), self.size()]
        if random.chance(1, 150):
            sizes[random.below(2)] = 0
        if random.chance(1, 200):
            bid, ask = ask, bid if random.chance(1, 2) else ask
        return bid, sizes[0], ask, sizes[1]

    def put(self, at, kind, values):
        self.events.append((at, self.file, len(self.events), kind, self, values))

    def quote(self, at, values):
        self.update += self.random.between(1, 9)
        self.last = values
        self.put(at, "quote", (self.update, *values))

    def quotes(self):
        """All quotes, with the silences."""
        random, at = self.random, random_start(self.random)
        edges = sorted(t + random.between(0, 3000) * 1000 for w in self.windows for t in w[:2])
        silent = sorted(random.below(self.span // MS) * MS for _ in range(max(1, self.span // (12_000 * MS))))
        while at < self.span:
            time = self.when(at)
            self.quote(time, self.make_quote(time))
            if silent and silent[0] <= at:
                silent.pop(0)
                # Half of the silences end at the nanosecond at which the quote grows stale, some just before it.
                pause = self.age + (0, 0, -1, random.between(1, 1500) * MS)[random.below(4)]
                self.quote(time + pause, self.make_quote(time + pause))
                at = time + pause
            following = at + random.between(200, 60_000) * 1000
            while edges and edges[0] <= at:
                edges.pop(0)
            at = min([following, *edges[:1]]) if edges and edges[0] > at else following

    def trades(self):
        """All trades: at the touch of the time, in runs, some off-market; and a depth frame now and then."""
        random, at = self.random, random_start(self.random)
        quotes = [(event[0], event[5]) for event in self.events]
        place = 0
        while at < self.span:
            time = self.when(at)
            while place + 1 < len(quotes) and quotes[place + 1][0] <= time:
                place += 1
            _, bid, _, ask, _ = quotes[place][1]
            sold = random.chance(1, 2)
            for _ in range(random.between(1, 4) if random.chance(1, 5) else 1):
                self.trade += 1
                price, off = (bid if sold else ask), False
                if self.venue["kind"] != "spot" and not self.aggregated and random.chance(1, 60):
                    price, off = price * random.between(96, 104) // 100 + 1, True
                self.put(time, "trade", (self.trade, price, max(self.size(), 1), sold, off))
            if random.chance(1, 8):
                self.put(time, "depth", (self.update + 1, bid, self.size()))
            at += random.between(1000, 160_000) * 1000

    def prices(self, steps, places):
        return shown(steps * self.price_step, self.price_decimals, places)

    def frame(self, kind, values, now):
        """The frame's text in the venue's layout; `now` is the venue's time in ms."""
        market, symbol = self.venue["kind"], self.facts["symbol"]
        # Spot shows eight decimals always; USD-M shows two at least; COIN-M shows what the step needs.
        prices = {"spot": 8, "linear": max(2, self.price_decimals), "inverse": self.price_decimals}[market]
        sizes = {"spot": 8, "linear": self.quantity_decimals, "inverse": 0}[market]
        named = '{"stream":"' + symbol.lower() + "@"
        if kind == "quote":
            update, bid, bid_size, ask, ask_size = values
            book = '"b":"{}","B":"{}","a":"{}","A":"{}"'.format(
                self.prices(bid, prices), shown(bid_size, self.quantity_decimals, sizes),
                self.prices(ask, prices), shown(ask_size, self.quantity_decimals, sizes))
            head, times = '"u":{},"s":"{}",'.format(update, symbol), ',"T":{},"E":{}'.format(now, now)
            if market == "spot":
                times = ""
            elif market == "linear":
                head = '"e":"bookTicker",' + head
            else:
                head = '"u":{},"e":"bookTicker","s":"{}","ps":"{}",'.format(update, symbol, symbol[:-5])
            return named + 'bookTicker","data":{' + head + book + times + "}}"
        if kind == "depth":
            update, price, size = values
            level = '[["{}","{}"]]'.format(self.prices(price, prices), shown(size, self.quantity_decimals, sizes))
            times = '"E":{},'.format(now) + ("" if market == "spot" else '"T":{},'.format(now))
            pair = '"ps":"{}",'.format(symbol[:-5]) if market == "inverse" else ""
            former = "" if market == "spot" else ',"pu":{}'.format(update - 1)
            layout_of = 'depth@100ms","data":{{"e":"depthUpdate",{}"s":"{}",{}"U":{},"u":{}{},"b":{},"a":[]}}}}'
            return named + layout_of.format(
                times, symbol, pair, update, update, former, level)
        number, price, size, sold, off = values
        sums = '"p":"{}","q":"{}"'.format(self.prices(price, prices), shown(size, self.quantity_decimals, sizes))
        side = "true" if sold else "false"
        if self.aggregated:
            layout_of = 'aggTrade","data":{{"e":"aggTrade","E":{},"a":{},"s":"{}",{},"f":{},"l":{},"T":{},"m":{}}}}}'
            return named + layout_of.format(
                now, number, symbol, sums, number * 2, number * 2 + 1, now, side)
        if market == "spot":
            return named + 'trade","data":{{"e":"trade","E":{},"s":"{}","t":{},{},"T":{},"m":{},"M":true}}}}'.format(
                now, symbol, number, sums, now, side)
        return named + 'trade","data":{{"e":"trade","E":{},"T":{},"s":"{}","t":{},{},"X":"{}","m":{}}}}}'.format(
            now, now, symbol, number, sums, "INSURANCE_FUND" if off else "MARKET", side)


def random_start(random):
    return random.between(0, 200) * MS


def walk(random, base, span):
    """The common price every 10 ms."""
    price = {"BTC": 61_800, "ETH": 2_682, "SOL": 155}.get(base, 0) * MID_UNIT or MID_UNIT // 5000
    path = []
    for _ in range(span // (10 * MS) + 1):
        path.append(price)
        price += price * random.between(-25, 25) // 10**6
    return path


def at_threshold(sources, choices, span):
    """Quotes of the tiny coin whose edge is exactly the least one, and one price step less, turn about."""
    # 4 decimals of a bps are integers at 1e-8.
    rate = {s.venue["name"]: rate_e8(s.venue["taker_bps"]) for s in sources}
    for buy in sources:
        for sell in sources:
            top = 10**8 + rate[buy.venue["name"]] + rate_e8(choices["min_edge_bps"])
            bottom = 10**8 - rate[sell.venue["name"]]
            a, b = top, bottom
            while b:
                a, b = b, a % b
            bid, ask = top // a, bottom // a
            if buy is sell or ask > 4 * buy.mids[0] // buy.step:
                continue
            times = max(1, buy.mids[0] // buy.step // ask)
            size, sold = (300 if s.facts["kind"] == "inverse" else 5_000_000 for s in (buy, sell))
            for turn in range(6):
                at = span + (turn * 30 + 5) * MS
                buy.quote(at, (ask * times - 5, size, ask * times, size))
                sell.quote(at + 7 * MS, (bid * times - turn % 2, sold, bid * times + 5, sold))
            span += 400 * MS


def rate_e8(bps):
    whole, _, part = bps.partition(".")
    return int(whole + part.ljust(4, "0"))


def venue_times(random, events, span, max_lag_ms, new_least):
    """Yields (event, venue time in ms) in the order of the merge: lag of 2 to 8 ms, and spikes."""
    spikes = []
    for _ in range(max(2, span // (4_000 * MS))):
        begin = random.below(span // MS) * MS
        spikes.append((begin, begin + random.between(5, 250) * MS, random.between(30, 150) * MS))
    least = None
    for event in events:
        at = START + event[0]
        late = random.between(2000, 8000) * 1000
        late += sum(more for begin, end, more in spikes if begin <= event[0] < end)
        if new_least is not None and event[0] >= new_least:
            late, new_least = -60 * MS, None
        now = (at + CLOCK_AHEAD - late) // MS
        if least is not None and random.chance(1, 40):
            # At the limit: in the first half a tenth of these lag by exactly max_lag more than the least so far.
            now = (at - least - max_lag_ms * MS) // MS + random.below(2)
        if event[3] == "trade" or (event[3] == "quote" and event[4].venue["kind"] != "spot"):
            lag = at - now * MS
            least = lag if least is None else min(least, lag)
        yield event, now


def session(seed, seconds, choices):
    """(facts, [(venue, file name, lines)])."""
    random, span = Random(seed), seconds * 1000 * MS
    known = layout(seed)
    mids = {base: walk(random, base, span) for base in ("BTC", "ETH", "TINY", "SOL")}
    files, sources = [], []
    for number, at_venue in enumerate(known["venues"]):
        for instrument in known["instruments"]:
            if instrument["venue"] != at_venue["name"]:
                continue
            # The second venue writes one file, the others one for the first coin and one for the rest.
            name = at_venue["name"] + ("" if number == 1 else "_btc" if instrument["base"] == "BTC" else "_rest")
            if (at_venue["name"], name) not in files:
                files.append((at_venue["name"], name))
            sources.append(Source(random, instrument, at_venue, files.index((at_venue["name"], name)),
                                  mids[instrument["base"]], span, choices["max_age_ms"] * MS))
    for source in sources:
        source.quotes()
        source.trades()
    at_threshold([s for s in sources if s.facts["base"] == "TINY"], choices, span + 3_000 * MS)
    written = {file: [] for file in range(len(files))}
    for number, at_venue in enumerate(known["venues"]):
        events = [event for source in sources if source.venue is at_venue for event in source.events]
        # Within a file, events of one time keep the order of their instruments.
        events.sort(key=lambda event: (event[0], event[1]))
        least_at = span * 9 // 10 if seed % 3 == 0 and number == 2 else None
        for event, now in venue_times(random, events, span, choices["max_lag_ms"], least_at):
            written[event[1]].append("{} {}\n".format(START + event[0], event[4].frame(event[3], event[5], now)))
    return known, [(venue_name, name + ".txt", written[i]) for i, (venue_name, name) in enumerate(files)]


def write(directory, seed, seconds, choices, stem="config", state_dir=None):
    """Writes a session; returns its [(venue, path)]."""
    choices = {**facts.CHOICES, **choices}
    os.makedirs(directory, exist_ok=True)
    known, files = session(seed, seconds, choices)
    named = []
    for venue_name, name, lines in files:
        path = os.path.join(os.path.abspath(directory), name)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        named.append((venue_name, path))
    facts.write(directory, stem, known, choices, state_dir)
    with open(os.path.join(directory, "files.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.writelines("{}={}\n".format(*pair) for pair in named)
    return named


def main():
    parser = argparse.ArgumentParser(description="Makes a session of three venues.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--seconds", type=int, default=60)
    facts.options(parser)
    given = parser.parse_args()
    write(given.out, given.seed, given.seconds, facts.chosen(given), given.stem, given.state_dir)


if __name__ == "__main__":
    main()
