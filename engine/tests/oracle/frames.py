"""Reads recorded frames: lines of `receive-time frame`, plain or zstd.

16 digits of receive time are microseconds, 19 are nanoseconds. A frame is a JSON object, either bare or in the
combined form `{"stream": ..., "data": {...}}`. Only the json module decodes it: slow, and right.

A .zst file is read through the `zstd` program. Where that is missing, decompress it elsewhere and pass the plain file.
"""

import json
import re
import shutil
import subprocess

# What a price or a quantity may look like: no exponent, no plus sign, no blank.
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
RECEIVED = re.compile(rb"([0-9]{19}|[0-9]{16}) ")
# A depth frame is known by its whole head, so that nothing that matters is skipped unparsed: the stream's name cannot
# be left early (no quote, no backslash in it) and the event type is the first key of the data.
DEPTH = re.compile(rb'\{"stream":"[^"\\]*@depth[^"\\]*","data":\{"e":"depthUpdate",')


class NoZstd(Exception):
    """A .zst file was given and there is no `zstd` program."""


class Malformed(Exception):
    """A line that is no receive time and good frame."""


def lines(path):
    """The lines of a file as bytes, without their line ends."""
    path = str(path)
    if not path.endswith(".zst"):
        with open(path, "rb") as file:
            for line in file:
                yield line.rstrip(b"\r\n")
        return
    program = shutil.which("zstd")
    if program is None:
        raise NoZstd("no `zstd` program to read " + path + " with; decompress it and pass the plain file")
    with subprocess.Popen([program, "-dcq", "--", path], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            yield line.rstrip(b"\r\n")
    if process.returncode != 0:
        raise OSError("zstd failed on " + path)


def split(line):
    """(receive time in ns, frame bytes) of a line."""
    match = RECEIVED.match(line)
    if match is None:
        raise Malformed("no receive time")
    digits = match.group(1)
    return int(digits) * (1000 if len(digits) == 16 else 1), line[match.end():]


def refuse_constant(name):
    raise ValueError("not JSON: " + name)


def parse(frame):
    """(kind, data) of a frame; kind is trade, aggTrade, bookTicker, or the name of something else."""
    if DEPTH.match(frame) and frame.endswith(b"}}"):
        return "depthUpdate", None
    try:
        whole = json.loads(frame.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    if not isinstance(whole, dict):
        raise Malformed("not an object")
    stream, data = "", whole
    if "stream" in whole and "data" in whole:
        stream, data = whole["stream"], whole["data"]
        if not isinstance(stream, str) or not isinstance(data, dict):
            raise Malformed("not a combined frame")
    kind = data.get("e")
    if kind is None:
        # The spot bookTicker names no event: its stream or its keys tell.
        ticker = stream.endswith("@bookTicker") or {"u", "s", "b", "B", "a", "A"} <= data.keys()
        kind = "bookTicker" if ticker else ("snapshot" if "lastUpdateId" in data else "unnamed")
    if not isinstance(kind, str):
        raise Malformed("event type is no string")
    return kind, data


def decimal_text(data, key):
    """The decimal text under a key."""
    text = data.get(key)
    if not isinstance(text, str) or not DECIMAL.match(text):
        raise Malformed("no decimal text in " + key)
    return text


def integer(data, key):
    """The integer under a key, at least zero."""
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed("no integer in " + key)
    return value


def symbol(data):
    """The symbol of a tick frame."""
    text = data.get("s")
    if not isinstance(text, str) or not text:
        raise Malformed("no symbol")
    return text


def off_market(data):
    """Whether a trade says that it did not print in the market."""
    return "X" in data and data["X"] != "MARKET"


def trade_id(kind, data):
    """The id that counts up by one: the trade's, or the aggregate's."""
    return integer(data, "a" if kind == "aggTrade" else "t")


def venue_time_us(data):
    """The event time in µs, or None; 16 digits are µs already, 13 are ms."""
    if "E" not in data:
        return None
    value = integer(data, "E")
    return value if value >= 10**15 else value * 1000
