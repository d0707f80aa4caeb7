"""What a look costs: python ipc/python/tests/bench_read.py. Prints the best and the median of 15 turns, in µs."""

import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import crosstick  # noqa: E402
from make_region import Maker  # noqa: E402

SLOTS = 1024


def main():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        maker = Maker(os.path.join(folder, "crosstick"), slots=SLOTS)
        for row in range(3):
            maker.set("prices", row, bid=6000001, bid_quantity=5, ask=7, flags=5)
        for n in range(SLOTS):
            maker.push(sum=n, price=5)
        region = crosstick.attach(folder=folder)
        attachment = region._attachment
        looks = {
            "a whole copy of a row, as bytes": (2000, 1, lambda: attachment.cell(attachment.tables["prices"], 0)),
            "a row of 8 fields, raw": (2000, 1, lambda: region.prices.row(0, values="raw")),
            "a row of 8 fields, exact": (2000, 1, lambda: region.prices.row(0)),
            "a history record, raw": (5, SLOTS, lambda: region.follow("ticks", start=0, values="raw").poll()),
        }
        turns = {name: [] for name in looks}
        for _ in range(15):
            for name, (times, records, look) in looks.items():
                begin = time.perf_counter()
                for _ in range(times):
                    look()
                turns[name].append((time.perf_counter() - begin) / times / records * 1e6)
        for name, got in turns.items():
            print(f"{name}: best {min(got):.1f}, median {statistics.median(got):.1f}")
        maker.close()


if __name__ == "__main__":
    main()
