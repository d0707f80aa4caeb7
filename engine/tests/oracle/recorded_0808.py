#!/usr/bin/env python3
"""Writes config and PARAMS for the recorded BTC and ETH markets of 2024-08-08: spot, USD-M and COIN-M, no fees.

    recorded_0808.py --data DIR --out DIR [--edge BPS] [--lag MS] [--trade] [--stem NAME] ...

--data is the folder that holds spot/, usdm/ and cm/. Written to --out: NAME.toml, NAME.json, and files.txt with one
VENUE=FILE a line, in the order in which both sides must be given them. Exits 3 when a recording is missing.
"""

import argparse
import os
import sys

import facts

VENUES = [
    {"name": "spot", "protocol": "binance-spot", "taker_bps": "0", "fee_asset": "received",
     "balances": {"USDT": "100000", "BTC": "2", "ETH": "40"}},
    {"name": "usdm", "protocol": "binance-usdm", "taker_bps": "0", "fee_asset": "quote",
     "balances": {"USDT": "100000"}},
    {"name": "coinm", "protocol": "binance-coinm", "taker_bps": "0", "fee_asset": "quote",
     "balances": {"BTC": "2", "ETH": "40"}},
]
INSTRUMENTS = [
    facts.instrument("spot", "BTCUSDT", "BTC", "spot", "1", "0.01", "0.00001", "0.00001", "5"),
    facts.instrument("spot", "ETHUSDT", "ETH", "spot", "1", "0.01", "0.0001", "0.0001", "5"),
    facts.instrument("usdm", "BTCUSDT", "BTC", "linear", "1", "0.1", "0.001", "0.001", "100"),
    facts.instrument("usdm", "ETHUSDT", "ETH", "linear", "1", "0.01", "0.001", "0.001", "20"),
    facts.instrument("coinm", "BTCUSD_PERP", "BTC", "inverse", "100", "0.1", "1", "1", "0"),
    facts.instrument("coinm", "ETHUSD_PERP", "ETH", "inverse", "10", "0.01", "1", "1", "0"),
]
MARKETS = [
    {"name": "BTC-USD", "symbols": {"spot": "BTCUSDT", "usdm": "BTCUSDT", "coinm": "BTCUSD_PERP"}},
    {"name": "ETH-USD", "symbols": {"spot": "ETHUSDT", "usdm": "ETHUSDT", "coinm": "ETHUSD_PERP"}},
]
FACTS = {"venues": VENUES, "instruments": INSTRUMENTS, "markets": MARKETS}
FILES = [
    ("spot", "spot/btcusdt_20240808.txt.zst"),
    ("spot", "spot/ethusdt_20240808.txt.zst"),
    ("usdm", "usdm/btcusdt_20240808.txt.zst"),
    ("usdm", "usdm/ethusdt_20240808.txt.zst"),
    ("coinm", "cm/btcusd_perp_20240808.txt.zst"),
    ("coinm", "cm/ethusd_perp_20240808.txt.zst"),
]


def main():
    parser = argparse.ArgumentParser(description="Config and PARAMS for the recorded markets of 2024-08-08.")
    parser.add_argument("--data", required=True, metavar="DIR", help="holds spot/, usdm/ and cm/")
    parser.add_argument("--out", required=True, metavar="DIR")
    facts.options(parser)
    given = parser.parse_args()
    os.makedirs(given.out, exist_ok=True)
    named = []
    for venue, name in FILES:
        # A decompressed file serves as well.
        found = [path for path in (os.path.join(given.data, name), os.path.join(given.data, name[:-4]))
                 if os.path.exists(path)]
        if not found:
            print("recorded_0808: no " + name + " in " + given.data, file=sys.stderr)
            sys.exit(3)
        named.append(venue + "=" + os.path.abspath(found[0]))
    facts.write(given.out, given.stem, FACTS, facts.chosen(given), given.state_dir)
    with open(os.path.join(given.out, "files.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(named) + "\n")


if __name__ == "__main__":
    main()
