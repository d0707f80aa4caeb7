#!/usr/bin/env python3
"""Counts what files of rows hold, with nothing but the csv, zipfile and decimal modules.

    rows.py FILE...
    rows.py --zip OUT.zip MEMBER...     packs files as data.binance.vision does, deflated

For each file, as JSON: rows of trades and of quotes, the exact sums of quantity and of price x quantity over all
trades, how many takers sold, the sum of all four numbers of all quotes, the first and the last time in ns. The columns
are known by this script alone: by the kind in the file's name, or by the header.

A .zst file needs the `zstd` program.
"""

import csv
import decimal
import io
import json
import subprocess
import sys
import zipfile

EXACT = decimal.Context(prec=80, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])
NS = {10: 10**9, 13: 10**6, 16: 10**3, 19: 1}


def shortest(value):
    return format(value.normalize(EXACT), "f") if value else "0"


def texts(path):
    """(name, text) of each file in a path."""
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name).decode()
    elif path.endswith(".zst"):
        done = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE)
        yield path, done.stdout.decode()
    else:
        with open(path, encoding="utf-8", newline="") as file:
            yield path, file.read()


def columns(name, first):
    """Kind, and the columns of (price, quantity, side) or (bid, its size, ask, its size), and of the time."""
    if first[0].isdigit():
        kind = name.rsplit("/", 1)[-1].split("-")[1]
        places = {
            "trades": ("trade", 1, 2, 5, 4),
            "aggTrades": ("trade", 1, 2, 6, 5),
            "bookTicker": ("quote", 1, 2, 3, 4, 6),
        }
        return places[kind]
    at = {column.strip(): index for index, column in enumerate(first)}
    time = next(at[n] for n in ("recv_ms", "event_time", "transact_time", "time", "time_ms", "timestamp_ms", "ts_us") if n in at)
    pick = lambda *names: next((at[n] for n in names if n in at), None)
    if pick("price") is not None:
        return "trade", at["price"], pick("qty", "quantity"), pick("is_buyer_maker", "taker_side"), time
    bid, ask = pick("bid_price", "best_bid", "best_bid_price"), pick("ask_price", "best_ask", "best_ask_price")
    return "quote", bid, pick("bid_qty", "best_bid_qty"), ask, pick("ask_qty", "best_ask_qty"), time


def count(path):
    trades = quotes = sold = 0
    quantity = notional = book = decimal.Decimal(0)
    times = []
    for name, text in texts(path):
        rows = csv.reader(io.StringIO(text))
        first = next(rows)
        kind, *at = columns(name, first)
        body = rows if not first[0].isdigit() else (row for part in ([first], rows) for row in part)
        for row in body:
            if not row:
                continue
            stamp = row[at[-1]]
            times.append(int(stamp) * NS[len(stamp)])
            if kind == "trade":
                price, size = decimal.Decimal(row[at[0]]), decimal.Decimal(row[at[1]])
                trades += 1
                quantity = EXACT.add(quantity, size)
                notional = EXACT.add(notional, EXACT.multiply(price, size))
                sold += at[2] is not None and row[at[2]].lower() in ("true", "sell")
            else:
                quotes += 1
                for column in at[:4]:
                    book = EXACT.add(book, decimal.Decimal(row[column]))
    return {
        "file": path,
        "trades": trades,
        "quotes": quotes,
        "sold": sold,
        "quantity": shortest(quantity),
        "notional": shortest(notional),
        "book": shortest(book),
        "first_ns": min(times),
        "last_ns": max(times),
    }


def main(arguments):
    if arguments[:1] == ["--zip"]:
        with zipfile.ZipFile(arguments[1], "w", zipfile.ZIP_DEFLATED) as archive:
            for member in arguments[2:]:
                archive.write(member, member.rsplit("/", 1)[-1])
        return
    print(json.dumps([count(path) for path in arguments]))


if __name__ == "__main__":
    main(sys.argv[1:])
