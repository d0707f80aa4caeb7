"""The hunt for torn reads: a writer at full speed whose fields all follow from one number, and readers that check."""

import json
import os
import subprocess
import sys

import pytest

import crosstick
from engines import HAMMER, HOW, PACKAGE

SECONDS = 60.0 if os.environ.get("CROSSTICK_ALL") else 3.0

READER = """
import json, sys, time
import crosstick
name, folder = sys.argv[1:]
region = crosstick.attach(name, 60, folder=folder)
follower = region.follow("ticks", values="raw")
torn = rows = ticks = 0
print("ready", flush=True)
while region.status != "stopped":
    for _ in range(200):
        try:
            row = region.prices.row(1, values="raw")
        except crosstick.Unreadable:
            continue  # the writer lost its processor in the middle of a write, on a busy machine
        n = row.bid
        rows += 1
        torn += dict(row) != dict(bid=n, bid_quantity=3 * n, ask=n + 1, ask_quantity=-n, quote_recv_ns=n * 7,
                                  exchange_offset_us=n, flags=n & 13, quotes=n * 5)
    for tick in follower.poll():
        n = tick.index % 4096
        ticks += 1
        torn += (tick.sum, tick.quantity, tick.recv_ns) != (4 * n + n * n, n * 2e-5, n * n) if False else \\
            (tick.sum, tick.recv_ns) != (4 * n + n * n, n * n)
print(json.dumps({"rows": rows, "ticks": ticks, "missed": follower.missed, "torn": torn, **region.counters()}))
"""


def test_no_reader_ever_sees_a_torn_record(folder, spawn):
    writer = spawn(folder / "crosstick", "hammer", SECONDS)
    path = os.path.dirname(os.path.dirname(crosstick.__file__))
    readers = [subprocess.Popen([sys.executable, "-c", READER, "crosstick", str(folder)],
                                stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
               for _ in range(4)]
    total = {}
    for reader in readers:
        out = reader.communicate(timeout=SECONDS + 120)[0]
        assert reader.returncode == 0
        for key, value in json.loads(out.splitlines()[-1]).items():
            total[key] = total.get(key, 0) + value
    writes = int(writer.stdout.readline())
    print(f"{SECONDS:.0f} s: {writes} writes, 4 readers: {total}")
    assert total["torn"] == 0 and total["rows"] > 0 and total["ticks"] > 0


GENERIC = r"""
import json, sys
import crosstick
name, folder = sys.argv[1:]
region = crosstick.attach(name, 60, folder=folder)
followers = [region.follow(ring, values="raw") for ring in ("ticks", "opportunities")]
COUNTER = {"prices": "flags", "risk": "code", "ticks": "exchange_offset_us", "opportunities": "market"}

def expected(field, n):
    # Numbers of 8, 16 and 32 bits are n cut off, wider ones n repeated; see ipc/examples/hammer.rs.
    size = field.size // (field.length or 1)
    if field.type == "text":
        return bytes([n & 255] * size).split(b"\0")[0].decode("utf-8", "replace")
    return int.from_bytes((n.to_bytes(4, "little") * 4)[:size], "little", signed=field.type[0] == "i")

def torn(table, row, fields):
    n = row[COUNTER[table]] & 0xffffffff
    return any(row[name] != expected(field, n) for name, field in fields)

fields = {name: list(region.tables[name].fields.items()) for name in COUNTER}
counted = dict(rows=0, records=0, torn=0, given_up=0)
print("ready", flush=True)
while region.status != "stopped":
    for _ in range(50):
        for table in ("prices", "risk"):
            try:
                row = region.tables[table].row(0, values="raw")
            except crosstick.Unreadable:
                counted["given_up"] += 1  # the writer lost its processor in the middle of a write
                continue
            counted["rows"] += 1
            counted["torn"] += torn(table, row, fields[table])
    for follower in followers:
        for row in follower.poll(500):
            counted["records"] += 1
            counted["torn"] += torn(follower.ring, row, fields[follower.ring])
print(json.dumps({**counted, "missed": sum(f.missed for f in followers), **region.counters()}))
"""


@pytest.mark.skipif(HAMMER is None, reason=f"the writer is {HOW}")
def test_four_python_and_two_rust_readers_against_a_writer_at_full_speed(folder):
    """A minute with CROSSTICK_ALL set, else seconds; the records and rings of a real region."""
    seconds = int(SECONDS)
    children = []

    def start(*command):
        children.append(subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True,
                                         env={**os.environ, "PYTHONPATH": str(PACKAGE)}))
        return children[-1]

    try:
        writer = start(HAMMER, "write", folder, seconds)
        assert writer.stdout.readline() == "ready\n"
        readers = [start(sys.executable, "-c", GENERIC, "hammer", folder) for _ in range(4)]
        readers += [start(HAMMER, "read", folder), start(HAMMER, "read", folder, "--map")]
        total = {"python": {}, "rust": {}}
        for reader in readers:
            out = reader.communicate(timeout=seconds + 120)[0]
            assert reader.returncode == 0, out
            kind = total["rust" if reader.args[0] == str(HAMMER) else "python"]
            for key, value in json.loads(out.splitlines()[-1]).items():
                kind[key] = kind.get(key, 0) + value
        writes = json.loads(writer.communicate(timeout=60)[0])["writes"]
    finally:
        for child in children:
            child.kill()
            child.wait()
            child.stdout.close()
    print(f"{seconds} s: {writes} writes; {total}")
    for kind in total.values():
        assert kind["torn"] == 0 and kind["rows"] > 100 and kind["records"] > 100
