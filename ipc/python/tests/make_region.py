"""Makes regions up, byte by byte after the page of the region's layout; shares no code with the reader.

`python make_region.py PATH KIND [SECONDS]` writes at full speed for the tests that need another process.
"""

import copy
import json
import mmap
import os
import struct
import sys
import time

HEAD_BYTES = 256
FORMATS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i8": "<b", "i16": "<h", "i32": "<i", "i64": "<q"}


def price(by="row", table="instruments"):
    return {"unit": "price", "scale": {"table": table, "field": "price_decimals", "by": by}}


def quantity(by="row"):
    return {"unit": "quantity", "scale": {"table": "instruments", "field": "quantity_decimals", "by": by}}


def field(name, kind, offset, doc="", **more):
    return {"name": name, "type": kind, "offset": offset, "doc": doc, **more}


RECORDS = {
    "Venue": {"bytes": 56, "doc": "A venue.", "fields": [field("name", "text", 0, bytes=32),
                                                         field("protocol", "text", 32, bytes=24)]},
    "Instrument": {"bytes": 56, "doc": "Facts.", "fields": [
        field("symbol", "text", 0, bytes=32), field("venue", "u32", 32, refers="venues"),
        field("kind", "u8", 36, enum="instrument_kind"), field("price_decimals", "u8", 37),
        field("quantity_decimals", "u8", 38),
        field("min_notional", "i128", 40, scale={"decimals": 16}, unit="quote")]},
    "Price": {"bytes": 56, "doc": "Newest prices.", "fields": [
        field("bid", "i64", 0, "Best bid.", **price()), field("bid_quantity", "i64", 8, **quantity()),
        field("ask", "i64", 16, "Best ask.", **price()), field("ask_quantity", "i64", 24, **quantity()),
        field("quote_recv_ns", "u64", 32, unit="ns since epoch"), field("exchange_offset_us", "i32", 40, unit="us"),
        field("flags", "u32", 44, bits={"has_quote": 1, "usable": 4, "lagging": 8}), field("quotes", "u64", 48)]},
    "Limit": {"bytes": 56, "doc": "A limit.", "fields": [
        field("name", "text", 0, bytes=16), field("decimals", "u32", 16), field("code", "u32", 20, enum="deny_code"),
        field("used", "i128", 24, scale={"table": "limits", "field": "decimals", "by": "row"})]},
    "Denied": {"bytes": 24, "doc": "Denials.", "fields": [field("counts", "u64", 0, length=3, index="deny_code")]},
    "Stage": {"bytes": 56, "doc": "A stage.", "fields": [
        field("name", "text", 0, bytes=16), field("from", "text", 16, bytes=16), field("to", "text", 32, bytes=16)]},
    "TickEvent": {"bytes": 56, "doc": "A tick.", "fields": [
        field("price", "i64", 0, **price("instrument")), field("quantity", "i64", 8, **quantity("instrument")),
        field("recv_ns", "u64", 16, unit="ns since epoch"), field("instrument", "u16", 24, refers="instruments"),
        field("kind", "u8", 26, enum="tick_kind"), field("sum", "u64", 32)]},
}
ENUMS = {"instrument_kind": {"0": "spot", "1": "linear", "2": "inverse"}, "tick_kind": {"0": "quote", "1": "trade"},
         "deny_code": {"0": "COOLDOWN", "1": "COLLAR"}}
HISTOGRAM = {"bytes": 64 + 8 * 3840, "unit": "ns", "max_offset": 0, "clamped_offset": 8, "buckets_offset": 64,
             "buckets": 3840, "division_bits": 7, "value_max": (1 << 36) - 1, "rows_of": "stages"}
TABLES = [("venues", "Venue", 2), ("instruments", "Instrument", 3), ("prices", "Price", 3), ("limits", "Limit", 2),
          ("denied", "Denied", 1), ("stages", "Stage", 2)]


def start_ticks(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[19])


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return bytes.fromhex(file.read().strip().replace("-", ""))


class Maker:
    """A region of 2 venues, 3 instruments of different scales, and a history of `slots` ticks."""

    def __init__(self, path, generation=1, slots=8, pid=None, change_schema=None, change_head=None, fill=True):
        self.path = path
        self.fields = {}
        self.places = {}
        self.next = 0
        tables, end = self._layout(slots)
        schema = {"format": "crosstick-region", "layout_version": 2, "byte_order": "little",
                  "engine": {"build": "0.1.0 made up", "name": os.path.basename(path), "mode": "paper"},
                  "enums": copy.deepcopy(ENUMS), "records": copy.deepcopy(RECORDS), "tables": tables}
        if change_schema:
            end = change_schema(schema, end) or end
        for table in schema["tables"]:
            self.places[table["name"]] = table
            if table.get("record") in schema["records"]:
                self.fields[table["name"]] = {f["name"]: f for f in schema["records"][table["record"]]["fields"]}
        for _ in range(3):  # its own size is told inside
            text = json.dumps({**schema, "region_bytes": (end + 4095 + 16384) // 4096 * 4096}).encode()
        self.bytes = (end + 4095 + 16384) // 4096 * 4096
        assert end + len(text) <= self.bytes
        self.pid = pid or os.getpid()
        head = {"magic": b"XTICKSHM", "layout_version": 2, "byte_order": 0x01020304, "head_bytes": HEAD_BYTES,
                "region_bytes": self.bytes, "schema_offset": end, "schema_bytes": len(text), "generation": generation,
                "pid": self.pid, "start_ticks": start_ticks(self.pid), "boot_id": boot_id(),
                "started_ns": time.time_ns()}
        head.update(change_head or {})
        with open(path + ".new", "wb") as file:
            file.truncate(self.bytes)
            file.seek(end)
            file.write(text)
            file.seek(0)
            file.write(struct.pack("<8sIIIIQQQQQQQ16sQ", head["magic"], head["layout_version"], head["byte_order"],
                                   head["head_bytes"], 0, head["region_bytes"], head["schema_offset"],
                                   head["schema_bytes"], head["generation"], 0, head["pid"], head["start_ticks"],
                                   head["boot_id"], head["started_ns"]))
        with open(path + ".new", "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.words = memoryview(self.map).cast("Q")
        self.beat()
        self.state(1)
        if fill:
            self._facts()
        os.rename(path + ".new", path)

    def _layout(self, slots):
        tables, at = [], 512
        for name, record, count in TABLES:
            tables.append({"name": name, "record": record, "kind": "seqlock", "offset": at, "stride": 64,
                           "count": count, "doc": f"The {name}."})
            at += 64 * count
        tables.append({"name": "histograms", "kind": "histogram", "offset": at, "stride": HISTOGRAM["bytes"],
                       "count": 2, "doc": "Latencies.", **HISTOGRAM})
        at += 2 * HISTOGRAM["bytes"]
        tables.append({"name": "ticks", "record": "TickEvent", "kind": "ring", "offset": at, "slots_offset": at + 128,
                       "stride": 64, "count": slots, "doc": "Ticks."})
        return tables, at + 128 + 64 * slots

    def _facts(self):
        for i, name in enumerate(("alpha", "beta")):
            self.set("venues", i, name=name, protocol="binance-spot")
        for i, (symbol, venue, kind, decimals) in enumerate((("BTCUSDT", 0, 0, (2, 5)), ("PEPEUSDT", 1, 0, (8, 0)),
                                                             ("BTCUSD_PERP", 1, 2, (1, 0)))):
            self.set("instruments", i, symbol=symbol, venue=venue, kind=kind, price_decimals=decimals[0],
                     quantity_decimals=decimals[1], min_notional=5 * 10**16)
        for i, name in enumerate(("read", "decided")):
            self.set("stages", i, name=name, **{"from": "socket", "to": "order"})

    def beat(self, ns=None):
        self.words[128 // 8] = time.time_ns() if ns is None else ns

    def state(self, number):
        self.words[136 // 8] = number

    def value(self, table, **values):
        """A record's bytes; fields that aren't named are 0."""
        record = next(t["record"] for t in self.places.values() if t["name"] == table)
        out = bytearray(self.record_bytes(table, record))
        for name, value in values.items():
            spec = self.fields[table][name]
            self._pack(out, spec, value)
        return bytes(out)

    def record_bytes(self, table, record):
        return max(f["offset"] + self._size(f) for f in self.fields[table].values()) + 7 & ~7

    @staticmethod
    def _size(spec):
        size = spec.get("bytes") or (16 if spec["type"] == "i128" else struct.calcsize(FORMATS.get(spec["type"], "<Q")))
        return size * spec.get("length", 1)

    @staticmethod
    def _pack(out, spec, value):
        at = spec["offset"]
        if spec["type"] == "text":
            got = value.encode()
            out[at:at + len(got)] = got
        elif spec["type"] == "i128":
            out[at:at + 16] = value.to_bytes(16, "little", signed=True)
        else:
            for i, one in enumerate(value if isinstance(value, (list, tuple)) else [value]):
                form = FORMATS[spec["type"]]
                struct.pack_into(form, out, at + i * struct.calcsize(form), one)

    def at(self, table, row=0):
        place = self.places[table]
        return place.get("slots_offset", place["offset"]) + row * place["stride"]

    def write(self, at, value, version=None):
        """A record under its version: odd, the value, even."""
        words, word = self.words, at // 8
        words[word] = words[word] + 1 if version is None else version + 1
        self.map[at + 8:at + 8 + len(value)] = value
        words[word] += 1

    def set(self, table, row, **values):
        self.write(self.at(table, row), self.value(table, **values))

    def begin(self, table, row):
        """As if the writer died in the middle of a write."""
        self.words[self.at(table, row) // 8] += 1

    def push(self, value=None, table="ticks", **values):
        place = self.places[table]
        self.write(self.at(table, self.next % place["count"]), value or self.value(table, **values), 2 * self.next)
        self.next += 1
        self.words[place["offset"] // 8] = self.next

    def latency(self, stage, samples):
        """Counts samples by the buckets' definition, told in words in histogram.rs: 128 a power of two from 256 up."""
        at = self.at("histograms", stage) // 8
        for ns in samples:
            bucket = ns
            if ns >= 256:
                power = ns.bit_length() - 8
                bucket = 128 * power + (ns >> power)
            self.words[at + 8 + bucket] += 1
            self.words[at] = max(self.words[at], ns)

    def close(self):
        self.words.release()
        self.map.close()


def hammer(path, seconds):
    """Writes rows and ticks whose fields all follow from one number, as fast as Python can."""
    maker = Maker(path, slots=4096)
    rows = []
    for n in range(4096):
        rows.append((maker.value("prices", bid=n, bid_quantity=3 * n, ask=n + 1, ask_quantity=-n, quote_recv_ns=n * 7,
                                 exchange_offset_us=n, flags=n & 13, quotes=n * 5),
                     maker.value("ticks", price=n, quantity=2 * n, recv_ns=n * n, instrument=n % 3, kind=n % 2,
                                 sum=4 * n + n * n)))
    end, at = time.monotonic() + seconds, maker.at("prices", 1)
    print("ready", flush=True)
    writes = 0
    while time.monotonic() < end:
        for price_row, tick in rows:
            maker.write(at, price_row)
            maker.push(tick)
        writes += 2 * len(rows)
        maker.beat()
    maker.state(3)
    print(writes, flush=True)


def sit(path, seconds):
    """An engine that does nothing but live."""
    maker = Maker(path, generation=int(os.environ.get("GENERATION", "1")))
    maker.set("prices", 0, bid=maker.pid)
    maker.push(sum=maker.pid)
    print("ready", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        maker.beat()
        time.sleep(0.05)


if __name__ == "__main__":
    {"hammer": hammer, "sit": sit}[sys.argv[2]](sys.argv[1], float(sys.argv[3]))
