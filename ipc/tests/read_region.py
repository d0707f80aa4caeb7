"""Reads a region of crosstick with nothing but Python's standard library and the schema inside it; prints JSON.

Usage: read_region.py FILE. It knows no table and no field by name; 128-bit numbers are printed as strings, since JSON
numbers of other readers end at 53 bits.
"""

import json
import struct
import sys

CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i8": "b", "i16": "h", "i32": "i", "i64": "q"}
ATTEMPTS = 1000


def value_of(field, data):
    kind, at = field["type"], field["offset"]
    if kind == "text":
        return data[at:at + field["bytes"]].split(b"\0")[0].decode()
    if kind == "i128":
        return str(int.from_bytes(data[at:at + 16], "little", signed=True))
    got = struct.unpack_from(f"<{field.get('length', 1)}{CODES[kind]}", data, at)
    return list(got) if "length" in field else got[0]


def record_of(record, data):
    return {field["name"]: value_of(field, data) for field in record["fields"]}


def word(file, at):
    file.seek(at)
    return struct.unpack("<Q", file.read(8))[0]


def read_cell(file, at, record, wanted=None):
    """The record behind the version at `at`; `None` if a ring's slot holds another than the one wanted."""
    for _ in range(ATTEMPTS):
        before = word(file, at)
        if wanted is not None and before != wanted:
            return None
        if before % 2 == 0:
            data = file.read(record["bytes"])
            if word(file, at) == before:
                return record_of(record, data)
    raise SystemExit(f"the record at {at} is always under way")


def read_ring(file, table, record):
    end, count = word(file, table["offset"]), table["count"]
    slots = ((n, table["slots_offset"] + n % count * table["stride"]) for n in range(max(0, end - count), end))
    return [read_cell(file, at, record, 2 * n + 2) for n, at in slots]


def bucket_end(bucket, bits):
    if bucket < 2 << bits:
        return bucket
    magnitude = (bucket >> bits) - 1
    return ((bucket - (magnitude << bits) + 1) << magnitude) - 1


def read_histogram(file, at, table):
    file.seek(at)
    data = file.read(table["bytes"])
    counts = struct.unpack_from(f"<{table['buckets']}Q", data, table["buckets_offset"])
    return {
        "max": struct.unpack_from("<Q", data, table["max_offset"])[0],
        "clamped": struct.unpack_from("<Q", data, table["clamped_offset"])[0],
        "counts": [[bucket_end(i, table["division_bits"]), n] for i, n in enumerate(counts) if n],
    }


def read_table(file, table, schema):
    rows = (table["offset"] + i * table["stride"] for i in range(table["count"]))
    if table["kind"] == "histogram":
        return [read_histogram(file, at, table) for at in rows]
    record = schema["records"][table["record"]]
    if table["kind"] == "ring":
        return read_ring(file, table, record)
    return [read_cell(file, at, record) for at in rows]


def main(path):
    with open(path, "rb", buffering=0) as file:
        head = file.read(256)
        magic, version, order = struct.unpack_from("<8sII", head)
        assert magic == b"XTICKSHM" and order == 0x01020304 and version == 2, "not a region"
        offset, length = struct.unpack_from("<QQ", head, 32)
        file.seek(offset)
        schema = json.loads(file.read(length))
        out = {"schema": schema, "head": record_of(schema["records"]["Head"], head)}
        out["tables"] = {table["name"]: read_table(file, table, schema) for table in schema["tables"]}
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
