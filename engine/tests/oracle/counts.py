#!/usr/bin/env python3
"""Counts what recorded files hold, with nothing but the json and decimal modules.

    counts.py FILE... [--json]

For each file and symbol: trade and aggTrade frames, how many of them are off-market, bookTicker frames (quotes), gaps
and duplicates of trade ids, and the exact sums of quantity and of price x quantity over all trades, off-market ones
too. For each file: other good frames by kind, malformed lines, steps backwards of the receive time.

A gap is one place where ids are left out (`missing_ids` says how many); a duplicate is an id not above the highest so
far. Ids of trade and aggTrade count apart. For an inverse contract the quantity is in contracts, and so is the sum of
price x quantity: it says whether all was read, it is nobody's money.

A .zst file needs the `zstd` program; without it, pass the decompressed file.
"""

import argparse
import decimal
import json
import sys

import frames

EXACT = decimal.Context(prec=60, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])


def shortest(value):
    """The shortest exact text of a Decimal."""
    return format(value.normalize(EXACT), "f") if value else "0"


class Symbol:
    """What one symbol of a file adds up to."""

    def __init__(self):
        self.frames = {"trade": 0, "aggTrade": 0, "bookTicker": 0}
        self.off_market = 0
        self.gaps = self.missing = self.duplicates = 0
        self.last = {}
        self.quantity = self.notional = decimal.Decimal(0)

    def quote(self, data):
        for key in "bBaA":
            frames.decimal_text(data, key)
        frames.integer(data, "u")
        self.frames["bookTicker"] += 1

    def trade(self, kind, data):
        price = decimal.Decimal(frames.decimal_text(data, "p"))
        quantity = decimal.Decimal(frames.decimal_text(data, "q"))
        number = frames.trade_id(kind, data)
        frames.integer(data, "E")
        self.frames[kind] += 1
        self.off_market += frames.off_market(data)
        self.quantity = EXACT.add(self.quantity, quantity)
        self.notional = EXACT.add(self.notional, EXACT.multiply(price, quantity))
        last = self.last.get(kind)
        if last is not None and number > last + 1:
            self.gaps += 1
            self.missing += number - last - 1
        if last is not None and number <= last:
            self.duplicates += 1
        else:
            self.last[kind] = number

    def result(self):
        return {
            "trades": self.frames["trade"],
            "agg_trades": self.frames["aggTrade"],
            "off_market": self.off_market,
            "quotes": self.frames["bookTicker"],
            "trade_gaps": self.gaps,
            "missing_ids": self.missing,
            "trade_duplicates": self.duplicates,
            "quantity": shortest(self.quantity),
            "notional": shortest(self.notional),
        }


def count(path):
    """All counts of one file."""
    symbols, other = {}, {}
    total = malformed = backwards = before = 0
    for line in frames.lines(path):
        total += 1
        try:
            received, frame = frames.split(line)
            kind, data = frames.parse(frame)
            if kind in ("trade", "aggTrade", "bookTicker"):
                name = frames.symbol(data)
                entry = symbols.get(name) or Symbol()
                entry.quote(data) if kind == "bookTicker" else entry.trade(kind, data)
                symbols[name] = entry
            else:
                other[kind] = other.get(kind, 0) + 1
        except frames.Malformed:
            malformed += 1
            continue
        backwards += received < before
        before = received
    return {
        "file": str(path),
        "lines": total,
        "malformed": malformed,
        "backward_steps": backwards,
        "other": sum(other.values()),
        "other_kinds": dict(sorted(other.items())),
        "symbols": {name: symbols[name].result() for name in sorted(symbols)},
    }


def main():
    parser = argparse.ArgumentParser(description="Counts what recorded files hold.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="a JSON array instead of words")
    given = parser.parse_args()
    try:
        results = [count(path) for path in given.files]
    except (frames.NoZstd, OSError) as error:
        sys.exit("counts: " + str(error))
    if given.json:
        json.dump(results, sys.stdout, indent=1)
        print()
        return
    for result in results:
        kinds = " ".join("{} {}".format(k, n) for k, n in result["other_kinds"].items())
        print("{file}: {lines} lines, {other} other ({0}), {malformed} malformed, "
              "{backward_steps} steps backwards".format(kinds, **result))
        for name, entry in result["symbols"].items():
            print("  " + name + ": " + ", ".join("{} {}".format(k, v) for k, v in entry.items()))


if __name__ == "__main__":
    main()
