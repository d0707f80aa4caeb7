"""The hunt for torn reads: a writer at full speed whose fields all follow from one number, and readers that check."""

import json
import os
import subprocess
import sys

import crosstick

SECONDS = 60.0 if os.environ.get("CROSSTICK_ALL") else 3.0

READER = """
import json, sys, time
import crosstick
name, folder, mapped = sys.argv[1], sys.argv[2], sys.argv[3] == "True"
region = crosstick.attach(name, 60, folder=folder, mapped=mapped)
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
    readers = [subprocess.Popen([sys.executable, "-c", READER, "crosstick", str(folder), str(mapped)],
                                stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
               for mapped in (False, False, True, True)]
    total = {}
    for reader in readers:
        out = reader.communicate(timeout=SECONDS + 120)[0]
        assert reader.returncode == 0
        for key, value in json.loads(out.splitlines()[-1]).items():
            total[key] = total.get(key, 0) + value
    writes = int(writer.stdout.readline())
    print(f"{SECONDS:.0f} s: {writes} writes, 4 readers: {total}")
    assert total["torn"] == 0 and total["rows"] > 0 and total["ticks"] > 0
