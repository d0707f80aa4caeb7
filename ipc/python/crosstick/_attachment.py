"""One generation of a region: its head, its schema, and whole copies of its records."""

from __future__ import annotations

import struct
import time
from typing import Any, Dict, List, Optional, Tuple

from ._file import Source
from ._process import boot_id, start_ticks
from ._schema import HEAD_BYTES, Spec, parse_schema, parse_tables
from .errors import BadSchema, NotARegion, Truncated, WrongByteOrder, WrongLayout

LAYOUT_VERSION = 2
HEARTBEAT_AT, STATE_AT = 128, 136

_MAGIC = b"XTICKSHM"
_BYTE_ORDER = 0x01020304
_HEAD = struct.Struct("<8sIIIIQQQQQQQ16sQ")
_STATES = {0: "starting", 1: "running", 2: "halted", 3: "stopped"}
_SCHEMA_BYTES_MAX = 16 << 20
_CHUNK_BYTES = 64 << 10
_U64 = struct.Struct("<Q")
# Tight tries first: a write takes well under a microsecond. Then naps, for a writer that lost its processor.
_ATTEMPTS = 64
_NAP_S = 0.0005
_PATIENCE_S = 0.2


class Attachment:
    """One generation of a region: its head, its schema, its bytes."""

    def __init__(self, path: str) -> None:
        self.source = Source(path)
        self.unreadable = 0
        self.retries = 0
        self._columns: Dict[Tuple[str, str], Tuple[Any, ...]] = {}
        try:
            head = self._head(path)
            (_, _, _, _, _, self.region_bytes, schema_at, schema_bytes, self.generation, _, self.pid,
             self.start_ticks, self.boot_id, self.started_ns) = head
            if schema_bytes > _SCHEMA_BYTES_MAX or schema_at + schema_bytes > self.region_bytes:
                raise BadSchema(f"{path}: the schema lies outside of the region")
            self.schema = parse_schema(path, self.source.read(schema_at, schema_bytes))
            self.tables = parse_tables(path, self.schema, self.region_bytes)
        except BaseException:
            self.source.close()
            raise

    def _head(self, path: str) -> Tuple[Any, ...]:
        if self.source.length < HEAD_BYTES:
            raise NotARegion(f"{path} is shorter than a region's head: name another region, or start the engine again")
        head = _HEAD.unpack(self.source.read(0, _HEAD.size))
        if head[0] != _MAGIC:
            raise NotARegion(f"{path} is not a region of crosstick (no magic number): name another")
        # The byte order comes first: in another one the version would not be what it seems.
        if head[2] != _BYTE_ORDER:
            raise WrongByteOrder(f"{path} was written in another byte order: read it on the machine that wrote it")
        if head[1] != LAYOUT_VERSION:
            newer = "a newer crosstick.py" if head[1] > LAYOUT_VERSION else "the crosstick.py of that engine"
            raise WrongLayout(f"{path} has layout {head[1]}, this module reads layout {LAYOUT_VERSION}: use {newer}")
        if head[5] < HEAD_BYTES or head[5] > self.source.length:
            raise Truncated(f"{path} was cut short: {head[5]} bytes are announced, {self.source.length} are there")
        return head

    def word(self, offset: int) -> int:
        return int(_U64.unpack(self.source.read(offset, 8))[0])

    def cells(self, offset: int, stride: int, value_bytes: int, count: int) -> List[Tuple[int, Optional[bytes]]]:
        """Version and value of `count` neighbours; `None` for a value that was being written."""
        out: List[Tuple[int, Optional[bytes]]] = []
        chunk = max(1, _CHUNK_BYTES // stride)
        for first in range(0, count, chunk):
            n = min(chunk, count - first)
            span = ((n - 1) * stride + 8 + value_bytes)
            before, copy, after = (self.source.read(offset + first * stride, span) for _ in range(3))
            for at in range(0, n * stride, stride):
                version = after[at:at + 8]
                whole = before[at:at + 8] == version == copy[at:at + 8] and not version[0] & 1
                out.append((_U64.unpack(version)[0], copy[at + 8:at + 8 + value_bytes] if whole else None))
        return out

    def rows(self, spec: Spec) -> List[Tuple[int, Optional[bytes]]]:
        """All rows of a table; `None` for those that stay unreadable. The patience is one for all of them."""
        rows = self.cells(spec.offset, spec.stride, spec.value_bytes, spec.count)
        deadline: Optional[float] = None
        for i, (_, value) in enumerate(rows):
            if value is None:
                deadline = deadline or time.monotonic() + _PATIENCE_S
                rows[i] = self.cell(spec, i, deadline)
        return rows

    def cell(self, spec: Spec, index: int, deadline: Optional[float] = None) -> Tuple[int, Optional[bytes]]:
        deadline = deadline or time.monotonic() + _PATIENCE_S
        tries = 0
        while True:
            got = self.cells(spec.offset + index * spec.stride, spec.stride, spec.value_bytes, 1)[0]
            if got[1] is not None:
                return got
            self.retries += 1
            tries += 1
            if tries >= _ATTEMPTS:
                if time.monotonic() >= deadline:
                    self.unreadable += 1
                    return got
                time.sleep(_NAP_S)

    def column(self, table: str, field: str) -> Tuple[Any, ...]:
        """One field of all rows, raw. Kept once all rows are there: facts are written once."""
        found = self._columns.get((table, field))
        if found is not None:
            return found
        spec = self.tables.get(table)
        known = next((f for f in spec.fields if f.name == field), None) if spec and spec.kind == "seqlock" else None
        if spec is None or known is None:
            return ()
        rows = self.rows(spec)
        column = tuple(None if value is None else known.raw(value) for _, value in rows)
        if all(version and value is not None for version, value in rows):
            self._columns[table, field] = column
        return column

    def label(self, table: str, index: Optional[int], with_venue: bool = True) -> Optional[str]:
        """What a row of a table is called: its first text, with the venue before it where it has one."""
        spec = self.tables.get(table)
        if spec is None or index is None or not 0 <= index < spec.count or spec.kind != "seqlock":
            return None
        text = next((f.name for f in spec.fields if f.type == "text"), None)
        name = self.column(table, text)[index] if text else None
        up = next((f for f in spec.fields if f.refers and f.name == "venue"), None) if with_venue else None
        venue = self.label(str(up.refers), self.column(table, up.name)[index], False) if up and name else None
        return f"{venue}:{name}" if venue else name

    def state(self) -> str:
        number = self.word(STATE_AT)
        return _STATES.get(number, f"state {number}")

    def owner_lives(self) -> bool:
        return bool(self.pid) and self.boot_id == boot_id() and start_ticks(self.pid) == self.start_ticks


def ring_records(attachment: Attachment, spec: Spec, cursor: int,
                  most: int) -> Tuple[List[Tuple[int, bytes]], int]:
    """The records from `cursor` on, at most so many, and the cursor behind them; lapped ones are jumped over."""
    found: List[Tuple[int, bytes]] = []
    end = attachment.word(spec.offset)
    if end > cursor + spec.count:
        cursor = end - spec.count + (spec.count >> 3)
    for _ in range(_ATTEMPTS):
        if cursor >= end or len(found) >= most:
            break
        slot = cursor % spec.count
        n = min(end - cursor, spec.count - slot, most - len(found))
        for version, value in attachment.cells(spec.slots + slot * spec.stride, spec.stride, spec.value_bytes, n):
            if version > 2 * cursor + 2:
                attachment.retries += 1
                # Overwritten meanwhile. The next ones soon will be: leave the writer some room.
                newest = attachment.word(spec.offset)
                cursor = max(cursor + 1, newest - spec.count + (spec.count >> 3))
                end = max(end, newest)
                break
            if version < 2 * cursor + 2:
                return found, cursor
            if value is None:
                attachment.retries += 1
                break  # changed while it was copied: look again
            found.append((cursor, value))
            cursor += 1
    return found, cursor
