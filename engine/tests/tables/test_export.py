"""Every row of every table against the line of `journal cat` with its number; every format against the others."""

import re
from decimal import Decimal

import pandas
import polars
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

TABLES = ("ticks", "opportunities", "intents", "verdicts", "orders", "reports", "fills", "commands", "halts")


def rows(session, name):
    return pyarrow.parquet.read_table(session / "parquet" / f"{name}.parquet").to_pylist()


def plain(number):
    """A decimal as ours are printed: no zeros at its end, no exponent."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def test_ticks(session, lines):
    ticks = rows(session, "ticks")
    assert len(ticks) > 1000
    for row in ticks:
        kind, rest = lines[row["seq"]]
        assert kind == row["kind"]
        if kind == "line":
            state = "live" if row["live"] else "down"
            assert rest == f"{row['recv_ns']} {row['venue']} line {row['line']} is {state}"
        elif kind == "quote":
            told = " / ".join(f"{plain(row[side])} x {plain(row[side + '_quantity'])}" for side in ("bid", "ask"))
            assert rest == f"{row['recv_ns']} {row['venue']} {row['symbol']} {told}, id {row['venue_seq']}"
            assert row["price"] is None and row["taker_side"] is None
        else:
            told = f"{plain(row['price'])} x {plain(row['quantity'])}"
            assert rest == f"{row['recv_ns']} {row['venue']} {row['symbol']} {told}, id {row['venue_seq']}"
            assert row["taker_side"] in ("buy", "sell") and row["bid"] is None
    assert len(ticks) == sum(kind in ("quote", "trade", "line") for kind, _ in lines.values())


def test_reports_and_fills(session, lines):
    reports = rows(session, "reports")
    told = {seq: rest for seq, (kind, rest) in lines.items() if kind == "report"}
    assert len(reports) == len(told) > 50
    for row in reports:
        start = f"{row['at_ns']} order {row['order']} "
        rest = told[row["seq"]]
        if row["kind"] == "filled":
            assert rest == (f"{start}filled {plain(row['quantity'])} at {plain(row['price'])}, "
                            f"fee {plain(row['fee'])} {row['fee_asset']}")
        else:
            assert rest.startswith(start + row["kind"])
    fills = {row["seq"]: row for row in rows(session, "fills")}
    assert sorted(fills) == [row["seq"] for row in reports if row["kind"] == "filled"]
    orders = {row["order"]: row for row in rows(session, "orders")}
    for row in reports:
        if row["kind"] != "filled":
            continue
        fill, order = fills[row["seq"]], orders[row["order"]]
        for column in ("at_ns", "order", "venue", "symbol", "price", "quantity", "fee", "fee_asset", "liquidity"):
            assert fill[column] == row[column]
        for column in ("group", "leg", "opportunity", "market", "side", "purpose"):
            assert fill[column] == order[column]
        # Spot and linear, in the demo.
        assert fill["notional"] == fill["price"] * fill["quantity"] and fill["base_quantity"] == fill["quantity"]


def test_orders(session, lines):
    orders = rows(session, "orders")
    told = {seq: rest for seq, (kind, rest) in lines.items() if kind == "decision" and re.match(r"\d+ order ", rest)}
    assert len(orders) == len(told) > 20
    fills = rows(session, "fills")
    for row in orders:
        where = f"{row['side']} {plain(row['quantity'])} {row['venue']} {row['symbol']} at {plain(row['price'])}"
        how = f"({row['time_in_force'].capitalize()}, {row['purpose'].capitalize()})"
        start = f"{row['decided_ns']} order {row['order']}: group {row['group']} leg {row['leg']}: "
        assert told[row["seq"]] == f"{start}{where} {how}"
        mine = [fill for fill in fills if fill["order"] == row["order"]]
        assert row["filled"] == sum((fill["quantity"] for fill in mine), Decimal(0))
        assert row["notional"] == sum((fill["notional"] for fill in mine), Decimal(0))
        assert (row["state"] == "filled") == (row["filled"] == row["quantity"])


def test_intents_verdicts_and_edges(session, lines):
    intents, verdicts = rows(session, "intents"), rows(session, "verdicts")
    decisions = {seq: rest for seq, (kind, rest) in lines.items() if kind == "decision"}
    assert len(intents) == sum(" intent " in rest for rest in decisions.values())
    for row in verdicts:
        rest = decisions[row["seq"]]
        if row["approved"]:
            assert rest == f"{row['at_ns']} group {row['group']} approved"
        else:
            start = f"{row['at_ns']} group {row['group']} denied at leg {row['denied_leg']}: {row['code']} ("
            assert rest.startswith(start)
    assert len(verdicts) == len({row["group"] for row in intents})
    # The edge, from the two prices and the fees of the demo's config, in integers.
    fee = {"alpha": 20000, "beta": 30000, "gamma": 40000}
    edges = {row["group"]: row for row in verdicts if row["edge_ppm"] is not None}
    assert len(edges) > 10
    for group, verdict in edges.items():
        buy, = (row for row in intents if row["group"] == group and row["side"] == "buy")
        sell, = (row for row in intents if row["group"] == group and row["side"] == "sell")
        ask, bid = (int(row["price"].scaleb(16)) for row in (buy, sell))
        gain = (10**8 - fee[sell["venue"]]) * bid - (10**8 + fee[buy["venue"]]) * ask
        assert verdict["edge_ppm"] == gain // (100 * ask)


def test_opportunities(session, lines):
    found = rows(session, "opportunities")
    ends = {}
    for kind, rest in lines.values():
        match = re.match(r"(\d+) opportunity (\d+) ends: (?:declined )?(\S+), best edge (-?\d+) ppm", rest)
        if kind == "decision" and match:
            at, number, outcome, edge = match.groups()
            ends[int(number)] = (int(at), outcome, int(edge))
    assert [row["opportunity"] for row in found] == list(range(1, len(found) + 1))
    assert len(found) > 10
    for row in found:
        rest = lines[row["seq"]][1]
        assert rest == (f"{row['begin_ns']} opportunity {row['opportunity']} begins: {row['market']}, buy on "
                        f"{row['buy_venue']}, sell on {row['sell_venue']}, {row['first_edge_ppm']} ppm, buy at "
                        f"{plain(row['buy_price'])}, sell at {plain(row['sell_price'])}, quantity "
                        f"{plain(row['quantity'])}")
        end = ends.get(row["opportunity"], (None, None, None))
        assert (row["end_ns"], row["outcome"], row["best_edge_ppm"]) == end
    # Every order's opportunity was open when it was decided.
    spans = {row["opportunity"]: (row["begin_ns"], row["end_ns"]) for row in found}
    for order in rows(session, "orders"):
        if order["purpose"] == "open":
            begin, end = spans[order["opportunity"]]
            assert begin <= order["decided_ns"] and (end is None or order["decided_ns"] <= end)


def test_commands_and_halts(session, lines):
    commands = rows(session, "commands")
    assert [(row["command"], row["source"], row["reason"]) for row in commands] == [
        ("halt", "command", 'to "see", in CSV'), ("resume", "command", "seen")]
    assert [(row["decision"], row["code"]) for row in rows(session, "halts")] == [
        ("halt", "OPERATOR"), ("resume", None)]
    for row in commands:
        assert lines[row["seq"]][0] == "command"


@pytest.mark.parametrize("name", TABLES)
def test_formats_agree(session, name):
    parquet = pyarrow.parquet.read_table(session / "parquet" / f"{name}.parquet")
    arrow = pyarrow.feather.read_table(session / "arrow" / f"{name}.arrow")
    assert arrow.equals(parquet)
    assert parquet.column_names[0] == "seq"
    types = pyarrow.csv.ConvertOptions(column_types=parquet.schema, strings_can_be_null=True,
                                       quoted_strings_can_be_null=False)
    text = pyarrow.csv.read_csv(session / "csv" / f"{name}.csv", convert_options=types)
    assert text.equals(parquet), name


def test_pandas_and_polars_read_exactly(session):
    path = session / "parquet" / "fills.parquet"
    exact = pyarrow.parquet.read_table(path).to_pylist()
    frame = pandas.read_parquet(path)
    assert [Decimal(price) for price in frame["price"]] == [row["price"] for row in exact]
    assert frame["at_ns"].tolist() == [row["at_ns"] for row in exact]
    times = pandas.to_datetime(frame["at_ns"], utc=True)
    assert times.astype("int64").tolist() == [row["at_ns"] for row in exact]
    paid = polars.read_parquet(path).with_columns((polars.col("price") * polars.col("quantity")).alias("product"))
    assert paid["fee"].to_list() == [row["fee"] for row in exact]
    assert paid["price"].dtype == polars.Decimal(38, 16)


def test_an_export_replaces_whole_tables(session):
    names = sorted(path.name for path in (session / "csv").iterdir())
    assert names == sorted(["export.json", *(f"{name}.csv" for name in TABLES)]), "nothing unfinished is left"
