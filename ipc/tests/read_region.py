"""Reads a region of crosstick with nothing but Python's standard library, and prints it as JSON.

Usage: read_region.py FILE. Sections are found by name; what this script doesn't know it skips.
"""

import json
import mmap
import struct
import sys

KIND_SEQLOCK, KIND_HISTOGRAM = 0, 1
ATTEMPTS = 1000

# Fields of each record in order: name and a struct format; "text" and "amount" say how bytes are meant.
RECORDS = {
    "identity": [("pid", "Q"), ("start_ticks", "Q"), ("boot_id", "16s"), ("generation", "Q"), ("started_ns", "Q"),
                 ("heartbeat_ns", "Q"), ("state", "I"), ("mode", "I"), ("build", "64s"), ("name", "64s")],
    "engine": [("state", "I"), ("mode", "I"), ("core_ns", "Q"), ("ticks", "Q"), ("opportunities_seen", "Q"),
               ("opportunities_taken", "Q"), ("opportunities_open", "Q"), ("orders_sent", "Q"), ("orders_filled", "Q"),
               ("orders_partly_filled", "Q"), ("orders_rejected", "Q"), ("orders_denied", "Q"), ("halts", "Q"),
               ("lines_lagging", "Q")],
    "risk": [("halted", "I"), ("code", "I"), ("changed_ns", "Q"), ("net", "amount"), ("gross", "amount"),
             ("open_orders", "I"), ("max_open_orders", "I"), ("max_orders_per_second", "Q"),
             ("max_order_notional", "amount"), ("max_position_notional", "amount"), ("max_gross_notional", "amount"),
             ("max_net_notional", "amount"), ("max_daily_loss", "amount"), ("max_drawdown", "amount"),
             ("currency", "16s"), ("reason", "64s")],
    "venues": [("name", "32s"), ("protocol", "24s")],
    "markets": [("name", "32s"), ("price_decimals", "B"), ("quantity_decimals", "B")],
    "instruments": [("symbol", "32s"), ("base", "16s"), ("quote", "16s"), ("settle", "16s"), ("venue", "I"),
                    ("market", "I"), ("kind", "B"), ("price_decimals", "B"), ("quantity_decimals", "B"), ("", "5x"),
                    ("contract_size", "amount"), ("price_step", "q"), ("quantity_step", "q"), ("min_quantity", "q"),
                    ("min_notional", "amount")],
    "prices": [("bid", "q"), ("bid_quantity", "q"), ("ask", "q"), ("ask_quantity", "q"), ("trade_price", "q"),
               ("trade_quantity", "q"), ("quote_recv_ns", "Q"), ("trade_recv_ns", "Q"), ("quote_seq", "Q"),
               ("trade_seq", "Q"), ("exchange_offset_us", "i"), ("flags", "I"), ("quotes", "Q"), ("trades", "Q")],
    "positions": [("quantity", "q"), ("realised", "amount"), ("fees", "amount"), ("unrealised", "amount")],
    "feeds": [("venue", "I"), ("line", "I"), ("connected", "I"), ("", "4x"), ("frames", "Q"), ("bytes", "Q"),
              ("trades", "Q"), ("quotes", "Q"), ("other", "Q"), ("fast_path", "Q"), ("refused", "Q"),
              ("trade_gaps", "Q"), ("trade_duplicates", "Q"), ("connects", "Q"), ("ring_full", "Q"),
              ("last_recv_ns", "Q"), ("lag_us", "q")],
    "stages": [("name", "24s"), ("from", "40s"), ("to", "40s"), ("thread", "24s"), ("buckets", "I"),
               ("division_bits", "I"), ("value_max", "Q")],
}


def decode(fields, value):
    record, at = {}, 0
    for name, kind in fields:
        form = "<" + ("16s" if kind == "amount" else kind)
        got = struct.unpack_from(form, value, at)
        at += struct.calcsize(form)
        if not name:
            continue
        got = got[0]
        if kind == "amount":
            # JSON numbers of other readers end at 53 bits.
            got = str(int.from_bytes(got, "little", signed=True))
        elif name == "boot_id":
            got = got.hex()
        elif kind.endswith("s"):
            got = got.split(b"\0")[0].decode()
        record[name] = got
    return record


def read_cell(memory, offset, length):
    for _ in range(ATTEMPTS):
        before = struct.unpack_from("<Q", memory, offset)[0]
        if before % 2 == 0:
            value = memory[offset + 8:offset + 8 + length]
            if struct.unpack_from("<Q", memory, offset)[0] == before:
                return value
    raise SystemExit(f"the record at {offset} is always under way")


def bucket_end(bucket, bits):
    if bucket < 2 << bits:
        return bucket
    magnitude = (bucket >> bits) - 1
    return ((bucket - (magnitude << bits) + 1) << magnitude) - 1


def read_histogram(memory, offset, stage):
    words = struct.unpack_from(f"<{8 + stage['buckets']}Q", memory, offset)
    counts = [[bucket_end(i, stage["division_bits"]), n] for i, n in enumerate(words[8:]) if n]
    return {"max": words[0], "clamped": words[1], "counts": counts}


def main(path):
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, version, order, header_bytes, count, entry, _, region_bytes, generation = \
        struct.unpack_from("<8sIIIIIIQQ", memory, 0)
    assert magic == b"XTICKSHM" and order == 0x01020304 and version == 1, "not a region"
    assert region_bytes == len(memory)
    out = {"generation": generation}
    sections = {}
    for i in range(count):
        name, *rest = struct.unpack_from("<16sQQQQI", memory, 64 + i * entry)
        sections[name.rstrip(b"\0").decode()] = rest
    for name, fields in RECORDS.items():
        offset, stride, rows, length, kind = sections[name]
        assert kind == KIND_SEQLOCK
        out[name] = [decode(fields, read_cell(memory, offset + i * stride, length)) for i in range(rows)]
    offset, stride, rows, _, kind = sections["histograms"]
    assert kind == KIND_HISTOGRAM
    out["histograms"] = [read_histogram(memory, offset + i * stride, out["stages"][i]) for i in range(rows)]
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
