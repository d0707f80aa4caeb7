#!/usr/bin/env python3
"""Writes seeds for the fuzz target `decode` to feeds/fuzz/corpus/decode: one frame a file.

From the test fixtures always; from recordings (the folder named by CROSSTICK_DATA, or ../shared/data beside the
checkout) where there are any, a few of each kind and length. Needs the `zstd` command for recordings only.
"""

import hashlib
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "tests" / "fixtures"
CORPUS = HERE / "corpus" / "decode"
PER_KIND = 12
MAX_BYTES = 2048


def fixture_frames():
    for path in sorted(FIXTURES.glob("*.txt")):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                yield line.split("\t")[-1]


def recorded_frames():
    root = pathlib.Path(os.environ.get("CROSSTICK_DATA", HERE.parents[2] / "shared" / "data"))
    files = [*root.glob("hftbacktest/*/*.zst"), *root.glob("cryptofeed/BINANCE*.zst"),
             *root.glob("collect-binancefutures/*.zst")]
    for path in sorted(files):
        seen = {}
        text = subprocess.run(["zstd", "-dc", str(path)], check=True, capture_output=True).stdout
        for line in text.decode(errors="replace").splitlines():
            match = re.match(r"[0-9.]+:? ([{\[].*)$", line)
            if not match or len(match[1]) > MAX_BYTES:
                continue
            frame = match[1]
            kind = (re.sub(r"[0-9]+", "0", frame[:60]), len(frame))
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] == 1 and len(seen) <= PER_KIND * 20:
                yield frame


def main():
    CORPUS.mkdir(parents=True, exist_ok=True)
    count = 0
    for frames in (fixture_frames(), recorded_frames()):
        for frame in frames:
            # The first byte picks the protocol, the scale and the time unit.
            for selector in (0, 5, 10):
                data = bytes([selector]) + frame.encode()
                (CORPUS / hashlib.sha1(data).hexdigest()).write_bytes(data)
                count += 1
    print(f"{count} seeds in {CORPUS}")


if __name__ == "__main__":
    main()
