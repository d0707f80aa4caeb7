"""Against a real engine, the demo: what readers show agrees with its report, and they outlive it."""

import json
import os
import re
import time
from decimal import Decimal

import pytest

import crosstick
from engines import ENGINE, HOW, PATIENCE_S, Demo, python
from test_examples import HAS_READERS, from_python, readers, run  # noqa: F401

pytestmark = pytest.mark.skipif(ENGINE is None, reason=f"the engine is {HOW}")


@pytest.fixture
def demo():
    demo = Demo()
    yield demo
    demo.clear()


def until(what):
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.02)


def both_have_quotes(region):
    return all("has_quote" in row.flags for row in region.prices)


def test_what_readers_show_agrees_with_the_report(demo):
    demo.start("--duration", "6s", "--report", "report.json")
    region = crosstick.attach(demo.name, wait=PATIENCE_S)
    followers = {name: region.follow(name, start="oldest") for name in ("opportunities", "orders", "fills", "ticks")}
    seen = {name: [] for name in followers}
    until(lambda: both_have_quotes(region))
    while region.is_live:
        for name, follower in followers.items():
            seen[name] += follower.poll()
        for row in region.prices:
            assert "has_quote" not in row.flags or 0 < row.bid < row.ask
        time.sleep(0.05)
    for name, follower in followers.items():
        seen[name] += follower.poll()
    demo.finish()
    # The region's file is gone; what this reader has open is what the engine showed last.
    assert region.status == "stopped" and not demo.region.exists()
    report = demo.report()
    prices = {row.instrument: row for row in region.prices}
    for told in report["instruments"]:
        row = prices[f"{told['venue']}:{told['symbol']}"]
        assert (row.quotes, row.trades) == (told["quotes"], told["trades"]), row.instrument
    (engine,) = region.engine.rows()
    assert engine.ticks == report["ticks"] > 0 and engine.mode == "paper"
    assert (engine.opportunities_seen, engine.opportunities_taken) == (
        report["opportunities"]["seen"], report["opportunities"]["taken"])
    assert (engine.orders_sent, engine.orders_filled) == (report["orders"]["sent"], report["orders"]["filled"])
    for told in report["feeds"]:
        row = next(r for r in region.feeds if (r.venue, r.line) == (told["venue"], told["line"]))
        assert (row.frames, row.quotes, row.trades) == (told["frames"], told["quotes"], told["trades"])
    total = sum((row.net for row in region.positions), Decimal(0))
    assert region.risk[0].net == Decimal(report["pnl"]["net"]) == total
    for stage, told in report["latency_ns"].items():
        if stage in region.latency():
            got = region.latency()[stage].summary()
            assert got == {name: told[name] for name in got}, stage
    # The histories tell the same story, unless this reader was too slow for one (it says so).
    if followers["opportunities"].missed == 0:
        begun = [row for row in seen["opportunities"] if row.phase == "begin"]
        assert len(begun) == report["opportunities"]["seen"]
    if followers["fills"].missed == 0:
        assert len(seen["fills"]) == engine.fills
    if followers["ticks"].missed == 0:
        assert len(seen["ticks"]) == report["ticks"]
    print({name: (len(rows), followers[name].missed) for name, rows in seen.items()})


@pytest.mark.skipif(not HAS_READERS, reason="needs gcc, libjansson-dev and nodejs")
def test_all_languages_show_the_same_of_a_running_engine(demo, readers):  # noqa: F811
    demo.start("--duration", "60s")
    region = crosstick.attach(demo.name, wait=PATIENCE_S)
    until(lambda: both_have_quotes(region))

    def agree():
        # Frozen, so that all look at the same moment; if that is the middle of a write, another is tried.
        demo.freeze()
        try:
            mine = from_python(region)
            theirs = [json.loads(run(readers[language], "--json", demo.region).stdout) for language in ("c", "node")]
        finally:
            demo.thaw()
        assert all(got == mine for got in theirs), (mine, theirs)
        return len(mine) == len(region.prices) == 8

    until(agree)
    until(agree)
    assert "alpha:BTCUSDT" in run(readers["c"], demo.region).stdout


WATCH = """
import json, sys, time
import crosstick
name, generations = sys.argv[1], int(sys.argv[2])
region = crosstick.attach(name, 120)
ticks = region.follow("ticks", values="raw")
seen, rows, count = [], 0, 0
print("ready", flush=True)
end = time.monotonic() + 240
while len(seen) < generations and time.monotonic() < end:
    prices = region.prices.rows()
    rows += len(prices)
    assert all(row.bid <= row.ask for row in prices), prices
    count += len(ticks.poll())
    if region.generation not in seen and region.is_live and sum(row.quotes for row in prices) > 0:
        seen.append(region.generation)
    time.sleep(0.002)
print(json.dumps({"generations": seen, "restarts": region.restarts, "rows": rows, "ticks": count}), flush=True)
"""


def test_kill_9_again_and_again_with_readers_attached(demo):
    turns = 8 if os.environ.get("CROSSTICK_ALL") else 3
    demo.start()
    watchers = [demo.child(python(WATCH, demo.name, turns + 1)) for _ in range(2)]
    own = crosstick.attach(demo.name, PATIENCE_S)
    for watcher in watchers:
        assert watcher.stdout.readline() == "ready\n"
    for turn in range(turns):
        own.wait(PATIENCE_S)
        until(lambda: own.engine[0].ticks > 200)
        assert own.generation == turn + 1
        # Long enough for the others to have seen this one too.
        time.sleep(0.5)
        demo.kill()
        assert own.status == "dead" and own.engine[0].ticks > 200, "what it left can be read"
        demo.start()
    for watcher in watchers:
        out = watcher.communicate(timeout=PATIENCE_S)[0]
        assert watcher.returncode == 0, out
        got = json.loads(out)
        print(got)
        assert got["generations"] == list(range(1, turns + 2)) and got["restarts"] == turns
    assert own.wait(PATIENCE_S).generation == turns + 1


def test_every_table_decodes_and_describes_itself(demo):
    demo.start("--duration", "60s")
    region = crosstick.attach(demo.name, wait=PATIENCE_S)
    until(lambda: region.engine[0].ticks > 500)
    for name, table in region.tables.items():
        assert table.doc, name
        if isinstance(table, crosstick.HistogramTable):
            continue
        for values in ("exact", "float", "raw"):
            for row in table.rows(values=values):
                assert set(table.fields) <= set(row)
        assert all(field.doc for field in table.fields.values()), name
        for row in table:
            # A time is one of this century, or not yet.
            for field in table.fields.values():
                if field.unit.startswith("ns since"):
                    assert row[field.name] == 0 or row[field.name] > 1_600_000_000 * 10**9, (name, field.name)
    assert {"engine", "prices", "positions", "feeds", "ticks", "opportunities"} <= set(region.tables)
    assert re.match(r"\d+\.\d+\.\d+", region.schema["engine"]["build"])


def test_the_frames_of_a_running_engine(demo):
    pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    demo.start("--duration", "60s")
    region = crosstick.attach(demo.name, wait=PATIENCE_S)
    until(lambda: both_have_quotes(region) and region.engine[0].ticks > 500)
    for name, table in region.tables.items():
        if isinstance(table, crosstick.HistogramTable):
            continue
        array = table.numpy()
        for values in ("exact", "float", "raw"):
            frame, other = table.to_pandas(values=values), table.to_polars(values=values)
            assert set(table.fields) <= set(frame.columns) and set(table.fields) <= set(other.columns)
        if not isinstance(table, crosstick.Ring):
            assert len(array) == len(frame) == other.height == len(table)
    edges = region.prices.to_polars().filter(polars.col("bid") > 0)
    assert edges.height == 8 and edges.select((polars.col("ask") > polars.col("bid")).all()).item()


def test_a_newer_engines_additions_in_a_real_region(demo, tmp_path):
    """A field in reserved bytes, a wider record, a table and a kind that are not known: the rest reads as before."""
    demo.start("--duration", "60s")
    region = crosstick.attach(demo.name, wait=PATIENCE_S)
    until(lambda: both_have_quotes(region))
    demo.freeze()
    try:
        data = bytearray(demo.region.read_bytes())
    finally:
        demo.thaw()
    schema = json.loads(json.dumps(region.schema))
    (prices,) = (t for t in schema["tables"] if t["name"] == "prices")
    record = schema["records"][prices["record"]]
    free = max(f["offset"] for f in record["fields"]) + 8
    assert free + 8 <= record["bytes"], "bytes are reserved for fields to come"
    record["fields"].insert(0, {"name": "mood", "type": "u64", "offset": free, "doc": "Added.", "unit": "smiles"})
    record["fields"].append({"name": "aura", "type": "colour", "offset": 0, "doc": "Of a type to come."})
    schema["tables"].insert(0, {"name": "moods", "kind": "heap", "record": "Mood", "offset": 1, "count": 1, "stride": 1})
    schema["tables"].append({**prices, "name": "prices_too", "doc": "The same again."})
    schema["to come"] = True
    for row in range(prices["count"]):
        at = prices["offset"] + row * prices["stride"] + 8 + free
        data[at:at + 8] = (row + 70).to_bytes(8, "little")
    text = json.dumps(schema).encode()
    data[32:40], data[40:48] = len(data).to_bytes(8, "little"), len(text).to_bytes(8, "little")
    data += text + bytes(-len(text) % 8)
    data[24:32] = len(data).to_bytes(8, "little")
    (tmp_path / "new").write_bytes(data)
    reader = crosstick.attach("new", folder=str(tmp_path))
    assert [row.mood for row in reader.prices] == [70 + i for i in range(len(reader.prices))]
    assert "moods" not in reader.tables and "aura" not in reader.prices[0]
    assert [row.bid for row in reader.prices_too] == [row.bid for row in reader.prices]
    assert set(region.tables) <= set(reader.tables)
    assert all(0 < row.bid < row.ask for row in reader.prices)
