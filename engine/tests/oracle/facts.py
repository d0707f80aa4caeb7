"""Writes one set of facts twice: as the TOML config that the engine reads, and as the PARAMS.json of the oracle."""

import json
import os

CHOICES = {
    "name": "spread",
    "trade": False,
    "min_edge_bps": "1.5",
    "max_age_ms": 1000,
    "max_lag_ms": 50,
    "max_notional": "500",
}
RISK = {"currency": "USDT", "rates": {"USD": "1"}}
# Wide enough to let a good part of the trades through, tight enough to deny some.
LIMITS = """max_order_notional = "1000"
max_position_notional = "5000"
max_gross_notional = "20000"
max_net_notional = "4000"
max_open_orders = 8
max_orders_per_second = 20
price_collar_bps = "100"
max_daily_loss = "200"
max_drawdown = "300"
"""


def quoted(value):
    """A TOML basic string; nothing that is written here holds more than these two escapes."""
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def inline(table):
    """A TOML inline table of strings."""
    return "{ " + ", ".join("{} = {}".format(key, quoted(value)) for key, value in table.items()) + " }"


def toml(facts, choices, state_dir):
    """The config's text."""
    out = ["[engine]", 'mode = "paper"', "state_dir = " + quoted(state_dir), ""]
    for venue in facts["venues"]:
        fees = {"maker_bps": venue["taker_bps"], "taker_bps": venue["taker_bps"], "asset": venue["fee_asset"]}
        out += ["[[venue]]", "name = " + quoted(venue["name"]), "protocol = " + quoted(venue["protocol"]),
                'environment = "mainnet"', "fees = " + inline(fees), "balances = " + inline(venue["balances"]), ""]
    keys = ("venue", "symbol", "base", "quote", "settle", "kind", "contract_size", "price_step", "quantity_step",
            "min_quantity", "min_notional")
    for instrument in facts["instruments"]:
        out += ["[[instrument]]"] + [key + " = " + quoted(instrument[key]) for key in keys] + [""]
    for market in facts["markets"]:
        out += ["[[market]]", "name = " + quoted(market["name"]), "symbols = " + inline(market["symbols"])]
        for key in ("price_decimals", "quantity_decimals"):
            if market.get(key) is not None:
                out.append("{} = {}".format(key, market[key]))
        out.append("")
    out += ["[strategy]", "name = " + quoted(choices["name"]), "trade = " + str(choices["trade"]).lower(), "",
            "[strategy.spread]", "min_edge_bps = " + quoted(choices["min_edge_bps"])]
    out += ["{} = {}".format(key, choices[key]) for key in ("max_age_ms", "max_lag_ms")]
    out += ["max_notional = " + quoted(choices["max_notional"]), "cooldown_ms = 50", "",
            "[paper]", 'preset = "honest"', "seed = 1", "",
            "[risk]", "currency = " + quoted(RISK["currency"]), "rates = " + inline(RISK["rates"]), LIMITS]
    return "\n".join(out)


def params(facts, choices):
    """The oracle's side."""
    return {"venues": [{key: venue[key] for key in ("name", "protocol", "taker_bps")} for venue in facts["venues"]],
            "instruments": facts["instruments"], "markets": facts["markets"], "strategy": choices, "risk": RISK}


def instrument(venue, symbol, base, kind, contract_size, price_step, quantity_step, min_quantity, min_notional):
    """The facts of one instrument: against USDT, or USD and settled in the base where inverse."""
    quote = "USD" if kind == "inverse" else "USDT"
    return {"venue": venue, "symbol": symbol, "base": base, "quote": quote,
            "settle": base if kind == "inverse" else quote, "kind": kind, "contract_size": contract_size,
            "price_step": price_step, "quantity_step": quantity_step, "min_quantity": min_quantity,
            "min_notional": min_notional}


def write(directory, stem, facts, choices, state_dir=None):
    """Writes STEM.toml and STEM.json into a directory."""
    choices = {**CHOICES, **choices}
    state_dir = os.path.join(os.path.abspath(directory), "state") if state_dir is None else state_dir
    for suffix, content in ((".toml", toml(facts, choices, state_dir)),
                            (".json", json.dumps(params(facts, choices), indent=1) + "\n")):
        with open(os.path.join(directory, stem + suffix), "w", encoding="utf-8", newline="\n") as file:
            file.write(content)


def options(parser):
    """Adds the choices of a config to a command line."""
    parser.add_argument("--edge", default=CHOICES["min_edge_bps"], metavar="BPS", help="min_edge_bps (1.5)")
    parser.add_argument("--lag", type=int, default=CHOICES["max_lag_ms"], metavar="MS", help="max_lag_ms (50); 0: off")
    parser.add_argument("--age", type=int, default=CHOICES["max_age_ms"], metavar="MS", help="max_age_ms (1000)")
    parser.add_argument("--notional", default=CHOICES["max_notional"], metavar="N", help="max_notional (500)")
    parser.add_argument("--strategy", default=CHOICES["name"], choices=("spread", "last-trade"))
    parser.add_argument("--trade", action="store_true", help="trade = true; watch only without it")
    parser.add_argument("--state-dir", help="the engine's state_dir; DIR/state if not said")
    parser.add_argument("--stem", default="config", help="name of the .toml and .json files (config)")


def chosen(given):
    """The choices of a parsed command line."""
    return {"name": given.strategy, "trade": given.trade, "min_edge_bps": given.edge, "max_age_ms": given.age,
            "max_lag_ms": given.lag, "max_notional": given.notional}
