"""What a region holds: tables of current values, histories, latency histograms."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Tuple, Union

from . import _frames
from ._attachment import Attachment, ring_records
from ._decode import Row, decode
from ._histogram import Histogram
from ._schema import Field, Spec
from .errors import RegionError, Unreadable

if TYPE_CHECKING:
    from .region import Region


class _Records:
    """What tables and histories have in common."""

    def __init__(self, region: Region, name: str) -> None:
        self._region = region
        self.name = name

    def _now(self) -> Tuple[Attachment, Spec]:
        attachment = self._region._current()
        spec = attachment.tables.get(self.name)
        if spec is None:
            raise RegionError(f"{self._region.path} has no table `{self.name}` any more: its engine is another build")
        return attachment, spec

    @property
    def doc(self) -> str:
        """What the table holds, in a sentence."""
        return self._now()[1].doc

    @property
    def fields(self) -> Dict[str, Field]:
        """The fields by name: type, unit, scale, a sentence."""
        return {field.name: field for field in self._now()[1].fields}

    def __repr__(self) -> str:
        spec = self._now()[1]
        return f"<crosstick.{type(self).__name__} {self.name}: {spec.count} x {', '.join(f.name for f in spec.fields)}>"

    def _read(self) -> Tuple[Attachment, Spec, List[Tuple[int, bytes]]]:
        raise NotImplementedError

    def rows(self, *, values: str = "exact") -> List[Row]:
        """All records. Those that can't be read now are left out (`Row.index` tells which are there).

        `values`: "exact" gives scaled numbers as Decimal, numbers of things by their names, references as the name
        of what they refer to; "float" the same with floats; "raw" integers as they lie there.
        """
        attachment, spec, found = self._read()
        return [decode(attachment, spec, index, value, values) for index, value in found]

    def numpy(self) -> Any:
        """A structured array of raw records: a whole copy of each, as memory that changes under you is no value.

        The first field is the row's `index`; a 128-bit number is a pair of fields, `lo` and `hi`.
        """
        _, spec, found = self._read()
        return _frames.numpy_array(spec, found)

    def to_pandas(self, *, values: str = "exact") -> Any:
        """A pandas DataFrame, one row a record; times become timestamps (UTC), a time of 0 becomes NaT."""
        return _frames.pandas_frame(self._now()[1], self.rows(values=values), values)

    def to_polars(self, *, values: str = "exact") -> Any:
        """A polars DataFrame, one row a record; exact values are polars Decimals, times UTC, a time of 0 is null."""
        return _frames.polars_frame(self._now()[1], self.rows(values=values), values)


class Table(_Records):
    """A table of current values: `table[0]`, `table["binance:BTCUSDT"]`, `len(table)`, iteration, `rows()`."""

    def __len__(self) -> int:
        return self._now()[1].count

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows())

    def __getitem__(self, key: Union[int, str]) -> Row:
        return self.row(key)

    def row(self, key: Union[int, str], *, values: str = "exact") -> Row:
        """One row by its number or its name; `Unreadable` if it is always under way."""
        attachment, spec = self._now()
        if isinstance(key, str):
            names = [attachment.label(spec.rows or self.name, i) for i in range(spec.count)]
            if key not in names:
                raise KeyError(f"`{self.name}` has no row `{key}`; it has {', '.join(map(str, names))}")
            index = names.index(key)
        else:
            index = key + spec.count if key < 0 else key
        if not 0 <= index < spec.count:
            raise IndexError(f"`{self.name}` has {spec.count} rows, not a row {key}")
        value = attachment.cell(spec, index)[1]
        if value is None:
            raise Unreadable(f"row {index} of `{self.name}` is always under way: its writer was killed or suspended in "
                             f"the middle of a write; look again, or start the engine again")
        return decode(attachment, spec, index, value, values)

    def _read(self) -> Tuple[Attachment, Spec, List[Tuple[int, bytes]]]:
        attachment, spec = self._now()
        rows = attachment.rows(spec)
        return attachment, spec, [(i, value) for i, (_, value) in enumerate(rows) if value is not None]


class Ring(_Records):
    """A history: the newest records, overwritten when full. `region.follow(name)` reads it as it grows."""

    def __len__(self) -> int:
        return len(self._read()[2])

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows())

    @property
    def written(self) -> int:
        """Records ever written by this engine."""
        attachment, spec = self._now()
        return attachment.word(spec.offset)

    def _read(self) -> Tuple[Attachment, Spec, List[Tuple[int, bytes]]]:
        attachment, spec = self._now()
        end = attachment.word(spec.offset)
        return attachment, spec, ring_records(attachment, spec, max(0, end - spec.count), spec.count)[0]


class HistogramTable(_Records):
    """The latency histograms, one a stage and thread; `region.latency()` takes the threads of a stage together."""

    def __len__(self) -> int:
        return self._now()[1].count

    def __iter__(self) -> Iterator[Histogram]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Histogram:
        attachment, spec = self._now()
        index = index + spec.count if index < 0 else index
        if not 0 <= index < spec.count:
            raise IndexError(f"`{self.name}` has {spec.count} histograms")
        entry = spec.entry
        # Counters need no version: each is whole, and as of some moment.
        raw = attachment.source.read(spec.offset + index * spec.stride, spec.value_bytes)
        buckets = struct.unpack_from(f"<{entry['buckets']}Q", raw, entry["buckets_offset"])
        longest, clamped = (struct.unpack_from("<Q", raw, entry[word])[0] for word in ("max_offset", "clamped_offset"))
        facts: Mapping[str, Any] = {"name": f"{self.name}[{index}]"}
        if spec.rows in attachment.tables:
            stages = attachment.tables[spec.rows]
            there = index < stages.count and stages.kind == "seqlock"
            value = attachment.cell(stages, index)[1] if there else None
            facts = decode(attachment, stages, index, value, "raw") if value is not None else facts
        counts = {i: n for i, n in enumerate(buckets) if n}
        return Histogram(facts, counts, longest, clamped, entry["division_bits"])
