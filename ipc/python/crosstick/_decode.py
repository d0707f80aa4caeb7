"""From a record's bytes to values: exact decimals, names of numbers, names of what is referred to."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any, Dict, Optional

from ._attachment import Attachment
from ._schema import Field, Spec

# Enough digits for any 128-bit mantissa at any scale: nothing is ever rounded.
_EXACT = decimal.Context(prec=60, Emin=-999_999, Emax=999_999, traps=[decimal.InvalidOperation, decimal.Inexact])
_DECIMALS_MAX = 64


class Row(Dict[str, Any]):
    """One record: a dict whose keys are attributes too. `index` is its row, or its sequence number in a history."""

    __slots__ = ("index",)
    index: int

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this record has no field `{name}`; it has {', '.join(self)}") from None


def labelled(spec: Spec) -> bool:
    return spec.rows == "instruments" and all(f.name != "instrument" for f in spec.fields)


def decode(attachment: Attachment, spec: Spec, index: int, value: bytes, values: str) -> Row:
    row = Row()
    row.index = index
    if values == "raw":
        for field in spec.fields:
            row[field.name] = field.raw(value)
        return row
    if values not in ("exact", "float"):
        raise ValueError(f'values are "exact", "float" or "raw", not {values!r}')
    if labelled(spec):
        row["instrument"] = attachment.label("instruments", index)
    for field in spec.fields:
        got = field.raw(value)
        if field.scale is not None:
            got = _scaled(got, _decimals(attachment, spec, field, index, value), values == "float")
        elif field.enum is not None and isinstance(got, int):
            got = field.enum.get(got, got)
        elif field.names is not None and isinstance(got, tuple):
            got = {field.names.get(i, str(i)): n for i, n in enumerate(got)}
        elif field.bits is not None and isinstance(got, int):
            got = tuple(name for name, mask in field.bits.items() if mask and got & mask == mask)
        elif field.refers is not None and isinstance(got, int):
            got = attachment.label(field.refers, got)
        row[field.name] = got
    return row


def _decimals(attachment: Attachment, spec: Spec, field: Field, index: int, value: bytes) -> Optional[int]:
    """The power of ten below a field's numbers; nothing where it can't be told (a row that refers to none)."""
    scale = field.scale or {}
    if isinstance(scale.get("decimals"), int):
        return int(scale["decimals"]) if 0 <= scale["decimals"] <= _DECIMALS_MAX else None
    by, own = scale.get("by"), scale.get("table") == spec.name
    if by == "row" and own:
        source = next((f for f in spec.fields if f.name == scale.get("field")), None)
        found = source.raw(value) if source is not None else None
        return found if isinstance(found, int) and 0 <= found <= _DECIMALS_MAX else None
    if by != "row":
        source = next((f for f in spec.fields if f.name == by), None)
        index = source.raw(value) if source is not None else -1
    column = attachment.column(str(scale.get("table")), str(scale.get("field")))
    found = column[index] if isinstance(index, int) and 0 <= index < len(column) else None
    return found if isinstance(found, int) and 0 <= found <= _DECIMALS_MAX else None


def _scaled(number: Any, decimals: Optional[int], as_float: bool) -> Any:
    if isinstance(number, tuple):
        return tuple(_scaled(n, decimals, as_float) for n in number)
    if decimals is None or not isinstance(number, int):
        return None
    exact = _EXACT.scaleb(Decimal(number), -decimals)
    return float(exact) if as_float else exact
