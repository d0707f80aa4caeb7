"""The schema that lies in a region, checked: what can't be true is refused, what is unknown is skipped."""

from __future__ import annotations

import functools
import json
import struct
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

from .errors import BadSchema

HEAD_BYTES = 256
INTS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i8": "b", "i16": "h", "i32": "i", "i64": "q"}


@dataclass(frozen=True)
class Field:
    """What the schema says about a field."""

    name: str
    type: str
    offset: int
    size: int
    length: Optional[int]
    unit: str
    doc: str
    scale: Optional[Mapping[str, Any]]
    enum: Optional[Mapping[int, str]]
    names: Optional[Mapping[int, str]]
    bits: Optional[Mapping[str, int]]
    refers: Optional[str]

    def raw(self, value: bytes) -> Any:
        """The field out of a record's bytes, as the integer, text or tuple of integers that it is."""
        at, size = self.offset, self.size
        if self.type == "text":
            return value[at:at + size].split(b"\0", 1)[0].decode("utf-8", "replace")
        if self.type == "i128":
            many = [int.from_bytes(value[i:i + 16], "little", signed=True) for i in range(at, at + size, 16)]
            return many[0] if self.length is None else tuple(many)
        got = _struct(self.type, self.length).unpack_from(value, at)
        return got[0] if self.length is None else got


@functools.lru_cache(maxsize=None)
def _struct(kind: str, length: Optional[int]) -> struct.Struct:
    return struct.Struct(f"<{1 if length is None else length}{INTS[kind]}")


@dataclass(frozen=True)
class Spec:
    """A table of the schema, checked to lie within the region."""

    name: str
    kind: str
    record: str
    doc: str
    offset: int
    slots: int
    stride: int
    count: int
    value_bytes: int
    fields: Tuple[Field, ...]
    rows: Optional[str]
    entry: Mapping[str, Any]


def parse_schema(path: str, text: bytes) -> Dict[str, Any]:
    try:
        schema = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadSchema(f"{path}: the schema is no JSON ({error}): start the engine again") from None
    if not isinstance(schema, dict) or schema.get("format") != "crosstick-region":
        raise BadSchema(f"{path}: the schema is not one of a crosstick region: start the engine again")
    return schema


def parse_tables(path: str, schema: Mapping[str, Any], region_bytes: int) -> Dict[str, Spec]:
    records, enums, tables = schema.get("records", {}), schema.get("enums", {}), schema.get("tables", [])
    specs: Dict[str, Spec] = {}
    name: Any = "?"
    try:
        names = {key: {int(n): str(word) for n, word in words.items()} for key, words in enums.items()}
        for entry in tables:
            name = entry.get("name")
            if not isinstance(name, str) or entry.get("kind") not in ("seqlock", "ring", "histogram"):
                continue
            spec = _parse_table(entry, records, names)
            if spec is not None:
                _check_table(spec, region_bytes)
                specs[name] = spec
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadSchema(f"{path}: the schema's table `{name}` makes no sense ({error!r}): "
                        f"start the engine again") from None
    return specs


def _parse_table(entry: Mapping[str, Any], records: Mapping[str, Any],
                 enums: Mapping[str, Mapping[int, str]]) -> Optional[Spec]:
    kind, record, fields, size = entry["kind"], str(entry.get("record", "")), [], 0
    if kind == "histogram":
        size = _number(entry["bytes"])
    else:
        found = records.get(record)
        if found is None:
            return None
        size = _number(found["bytes"])
        fields = [f for f in (_parse_field(f, size, enums) for f in found["fields"]) if f is not None]
    if kind == "histogram":
        ends = _number(entry["buckets_offset"]) + 8 * _number(entry["buckets"])
        words_end = 8 + max(_number(entry["max_offset"]), _number(entry["clamped_offset"]))
        if max(ends, words_end) > size or _number(entry["division_bits"]) > 16:
            raise ValueError("its buckets lie outside of it")
    by_row = next((f.scale["table"] for f in fields if f.scale and f.scale.get("by") == "row"), None)
    offset = _number(entry["offset"])
    return Spec(
        name=entry["name"], kind=kind, record=record, doc=str(entry.get("doc", "")), offset=offset,
        slots=_number(entry["slots_offset"]) if kind == "ring" else offset, stride=_number(entry["stride"]),
        count=_number(entry["count"]), value_bytes=size, fields=tuple(fields),
        rows=str(entry.get("rows_of", by_row)) if kind != "ring" and entry.get("rows_of", by_row) else None,
        entry=entry)


def _parse_field(field: Mapping[str, Any], record_bytes: int,
                 enums: Mapping[str, Mapping[int, str]]) -> Optional[Field]:
    kind, length = field["type"], field.get("length")
    if kind == "text":
        size = _number(field["bytes"])
    elif kind == "i128" or kind in INTS:
        size = (16 if kind == "i128" else struct.calcsize(INTS[kind])) * (1 if length is None else _number(length))
    else:
        return None  # a type that a newer engine has: the rest can be read without it
    offset = _number(field["offset"])
    if offset + size > record_bytes:
        raise ValueError(f"field `{field['name']}` ends behind its record")
    scale, bits = field.get("scale"), field.get("bits")
    return Field(
        name=str(field["name"]), type=kind, offset=offset, size=size, length=None if kind == "text" else length,
        unit=str(field.get("unit", "")), doc=str(field.get("doc", "")),
        scale=scale if isinstance(scale, dict) else None,
        enum=enums.get(field.get("enum", "")), names=enums.get(field.get("index", "")),
        bits={str(k): _number(v) for k, v in bits.items()} if isinstance(bits, dict) else None,
        refers=str(field["refers"]) if field.get("refers") else None)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} where a number is wanted")
    return value


def _check_table(spec: Spec, region_bytes: int) -> None:
    record = spec.value_bytes if spec.kind == "histogram" else spec.value_bytes + 8
    first = min(spec.offset, spec.slots)
    if spec.stride < max(record, 8) or (spec.offset | spec.slots | spec.stride) % 8 or first < HEAD_BYTES:
        raise ValueError("its records overlap, or lie askew")
    if spec.slots + spec.stride * spec.count > region_bytes or spec.offset + 8 > region_bytes:
        raise ValueError("it lies outside of the region")
    if spec.kind == "ring" and (spec.count == 0 or spec.count & (spec.count - 1)):
        raise ValueError("a ring's slots are a power of two")
