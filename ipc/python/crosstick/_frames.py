"""Rows as arrays and frames; numpy, pandas and polars are imported here, when they are asked for."""

from __future__ import annotations

import struct
from typing import Any, Sequence, Tuple

from ._decode import Row, labelled
from ._schema import INTS, Field, Spec


_INDEX_BYTES = 8


def numpy_array(spec: Spec, found: Sequence[Tuple[int, bytes]]) -> Any:
    """A structured array of raw records behind their index."""
    import numpy

    dtype = numpy.dtype({
        "names": ["index", *(f.name for f in spec.fields)],
        "formats": ["<u8", *(_numpy_format(f) for f in spec.fields)],
        "offsets": [0, *(_INDEX_BYTES + f.offset for f in spec.fields)],
        "itemsize": _INDEX_BYTES + spec.value_bytes,
    })
    return numpy.frombuffer(b"".join(struct.pack("<Q", i) + value for i, value in found), dtype=dtype)


def pandas_frame(spec: Spec, rows: Sequence[Row], values: str) -> Any:
    """A pandas DataFrame of decoded rows."""
    import pandas

    index = pandas.Index([row.index for row in rows], name="index", dtype="uint64")
    names = [*(["instrument"] if labelled(spec) and values != "raw" else []), *(f.name for f in spec.fields)]
    columns = {}
    for name in names:
        column = [row[name] for row in rows]
        columns[name] = pandas.Series(column, index=index, dtype=None if column else object)
    for field in spec.fields if values != "raw" else ():
        if _is_time(field):
            times = pandas.Series([row[field.name] or None for row in rows], index=index, dtype="Int64")
            columns[field.name] = pandas.to_datetime(times, unit="ns", utc=True)
    return pandas.DataFrame(columns, index=index)


def polars_frame(spec: Spec, rows: Sequence[Row], values: str) -> Any:
    """A polars DataFrame of decoded rows."""
    import polars

    series = [polars.Series("index", [row.index for row in rows], dtype=polars.UInt64)]
    if labelled(spec) and values != "raw":
        series.append(polars.Series("instrument", [row["instrument"] for row in rows], dtype=polars.String))
    for field in spec.fields:
        series.append(_polars_series(polars, field, [row[field.name] for row in rows], values))
    return polars.DataFrame(series)


def _is_time(field: Field) -> bool:
    return field.unit.startswith("ns since") and field.type == "u64" and field.length is None


def _numpy_format(field: Field) -> Any:
    if field.type == "text":
        return f"S{field.size}"
    base: Any = [("lo", "<u8"), ("hi", "<i8")] if field.type == "i128" else "<" + field.type[0] + str(
        int(field.type[1:]) // 8)
    return base if field.length is None else (base, (field.length,))


def _polars_series(polars: Any, field: Field, column: Sequence[Any], values: str) -> Any:
    if _is_time(field) and values != "raw":
        return polars.Series(field.name, [v or None for v in column], dtype=polars.Datetime("ns", "UTC"))
    if field.scale is not None and values == "exact" and field.length is None:
        scale = max((-v.as_tuple().exponent for v in column if v is not None), default=0)
        return polars.Series(field.name, column, dtype=polars.Decimal(38, min(max(scale, 0), 38)))
    if field.scale is not None and values == "float" and field.length is None:
        return polars.Series(field.name, column, dtype=polars.Float64)
    if field.type == "i128" and field.length is None:
        return polars.Series(field.name, column, dtype=polars.Int128)
    if field.type in INTS and field.length is None and all(isinstance(v, int) for v in column):
        kind = ("UInt" if field.type[0] == "u" else "Int") + field.type[1:]
        return polars.Series(field.name, column, dtype=getattr(polars, kind))
    return polars.Series(field.name, column)
