#!/usr/bin/env python3
"""Prints, for every recorded Binance file, how many of its ticks the decoders' fast path took, as a table.

    fast_path.py --binary target/release/crosstick --data DIR

DIR holds recordings: hftbacktest/{spot,usdm,cm}/*.txt*, collect-binancefutures/*, cryptofeed/BINANCE*. Files in
cryptofeed's form (many symbols on one connection, answers and requests among the frames) are written anew as
`receive-time frame` lines first. A tick that the fast path did not take went through simd-json, with the same result;
`refused` is what neither took.
"""

import argparse
import io
import json
import pathlib
import re
import subprocess
import tempfile

RECEIVED = re.compile(r"^(\d+\.\d+): (\{.*\})$")


def text_of(path):
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout.decode()
    return path.read_text()


def plain(path, folder):
    """The file's market-data frames as lines that `replay` reads."""
    out = folder / (path.name.split(".txt")[0] + ".txt")
    with out.open("w") as lines:
        for line in io.StringIO(text_of(path)):
            if match := RECEIVED.match(line.rstrip("\n")):
                seconds, fraction = match[1].split(".")
                lines.write(f"{seconds}{fraction:0<9.9} {match[2]}\n")
    return out


def files(data):
    for folder in ("hftbacktest/spot", "hftbacktest/usdm", "hftbacktest/cm", "collect-binancefutures"):
        for path in sorted((data / folder).glob("*.txt*")):
            yield path, False
    for path in sorted((data / "cryptofeed").glob("BINANCE*")):
        if ".http." not in path.name:
            yield path, True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    given = parser.parse_args()
    print("| file | frames | ticks | fast path | share | refused |\n|---|---:|---:|---:|---:|---|")
    sums = [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for path, foreign in files(given.data):
            source = plain(path, folder) if foreign else path
            report = folder / "report.json"
            report.unlink(missing_ok=True)
            done = subprocess.run(
                [given.binary.resolve(), "replay", source, "--report", report], capture_output=True, text=True, cwd=folder
            )
            name = f"{path.parent.name}/{path.name.split('.txt')[0]}"
            if not report.exists():
                print(f"| {name} | not replayed: {done.stderr.strip().splitlines()[-1]} | | | | |")
                continue
            feed = json.loads(report.read_text())["feeds"][0]
            ticks, fast = feed["trades"] + feed["quotes"], feed["fast_path"]
            share = f"{100 * fast / ticks:.3f} %" if ticks else "-"
            refused = ", ".join(f"{n} {reason}" for reason, n in feed["refused"].items()) or "0"
            print(f"| {name} | {feed['frames']} | {ticks} | {fast} | {share} | {refused} |")
            sums = [a + b for a, b in zip(sums, (feed["frames"], ticks, fast))]
    print(f"| all | {sums[0]} | {sums[1]} | {sums[2]} | {100 * sums[2] / max(sums[1], 1):.3f} % | |")


if __name__ == "__main__":
    main()
