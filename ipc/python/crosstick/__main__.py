"""`python -m crosstick`: prints a table."""

from __future__ import annotations

import argparse
import json
import os
import sys
from decimal import Decimal
from typing import Any, Dict, Mapping, Optional, Sequence

from .errors import RegionError
from .region import FOLDER, Region, attach
from .tables import HistogramTable


_OVERVIEW = ("instrument", "bid_quantity", "bid", "ask", "ask_quantity", "trade_price", "quotes", "trades")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return " ".join(f"{k}={v}" for k, v in value.items() if v) or "-"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _grid(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Columns under their names: text to the left, numbers to the right."""
    cells = [[_text(row.get(name)) for name in columns] for row in rows]
    left = [all(isinstance(row.get(name), (str, dict, tuple, type(None))) for row in rows) for name in columns]
    widths = [max([len(name), *(len(line[i]) for line in cells)]) for i, name in enumerate(columns)]
    lines = [[*columns], *cells]
    pad = [str.ljust if to_left else str.rjust for to_left in left]
    return "\n".join("  ".join(pad[i](c, widths[i]) for i, c in enumerate(line)).rstrip() for line in lines)


def _head_of(region: Region) -> Dict[str, Any]:
    engine = region.schema.get("engine", {})
    return {"path": region.path, "status": region.status, "mode": engine.get("mode"), "build": engine.get("build"),
            "pid": region.pid, "generation": region.generation, "heartbeat_age_s": round(region.heartbeat_age_s, 3)}


def _say(region: Region, arguments: argparse.Namespace) -> None:
    names = [arguments.table] if arguments.table else ["prices"] if "prices" in region.tables else []
    found = {name: region._table(name) for name in names}
    latency = {name: h.summary() for name, h in region.latency().items() if h.count}
    if arguments.json:
        tables = {name: latency if isinstance(t, HistogramTable) else t.rows(values=arguments.values)
                  for name, t in found.items()}
        print(_json({**_head_of(region), **tables, **({} if arguments.table else {"latency_ns": latency})}))
        return
    print("  ".join(f"{name} {value}" for name, value in _head_of(region).items()))
    for name, table in found.items():
        print(f"\n{name}: {table.doc}")
        if not isinstance(table, HistogramTable):
            rows = table.rows(values=arguments.values)
            some = [c for c in _OVERVIEW if rows and c in rows[0]] if not arguments.table else []
            columns = some or [*(["instrument"] if rows and "instrument" in rows[0] else []),
                               *(f for f in table.fields if f != "instrument")]
            print(_grid(columns, rows))
    if latency and (not arguments.table or isinstance(found.get(arguments.table), HistogramTable)):
        print("\nlatency, ns:")
        print(_grid(["stage", *next(iter(latency.values()))], [{"stage": n, **s} for n, s in latency.items()]))


def _follow(region: Region, arguments: argparse.Namespace) -> None:
    follower = region.follow(arguments.follow, start=arguments.start, timeout=arguments.timeout,
                             values=arguments.values)
    missed = 0
    for row in follower:
        if follower.missed != missed:
            print(f"crosstick: {follower.missed - missed} records were overwritten before they were read",
                  file=sys.stderr)
            missed = follower.missed
        print(_json({"sequence": row.index, **row}) if arguments.json
              else f"{row.index}  " + "  ".join(f"{k}={_text(v)}" for k, v in row.items()), flush=True)


def _describe(region: Region) -> None:
    for name, table in region.tables.items():
        print(f"{name}: {table.doc}")
        for field in table.fields.values():
            unit = f" [{field.unit}]" if field.unit else ""
            print(f"    {field.name}{unit}: {field.doc}")


def _json(value: Any) -> str:
    # Decimals as strings: JSON's numbers would round them.
    return json.dumps(value, default=lambda v: format(v, "f") if isinstance(v, Decimal) else str(v))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """`python -m crosstick`: prints a table. 0 done, 1 the region can't be read, 2 bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m crosstick", description="Prints what a crosstick engine publishes in shared memory.",
        epilog="examples: python -m crosstick --wait 30; python -m crosstick --table positions --json; "
               "python -m crosstick --follow opportunities --timeout 60")
    parser.add_argument("name", nargs="?", default="crosstick", help="name of the region ([engine] shm; %(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--table", metavar="TABLE", help="print this table whole instead of prices and latency")
    what.add_argument("--follow", metavar="TABLE", help="print a history as it grows, a line a record")
    what.add_argument("--describe", action="store_true", help="print all tables and fields with what they mean")
    parser.add_argument("--json", action="store_true", help="print JSON; exact numbers are strings")
    parser.add_argument("--values", choices=("exact", "float", "raw"), default="exact",
                        help="scaled decimals, floats, or the integers as they lie there (%(default)s)")
    parser.add_argument("--start", choices=("now", "oldest"), default="now", help="where --follow begins (%(default)s)")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="end --follow after so long without a record")
    parser.add_argument("--wait", type=float, metavar="SECONDS", help="wait so long for an engine (left out: don't)")
    parser.add_argument("--folder", default=FOLDER, help="where regions lie (%(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        region = attach(chosen.name, chosen.wait, folder=chosen.folder)
        for name in filter(None, (chosen.table, chosen.follow)):
            if name not in region.tables:
                parser.error(f"there is no table `{name}`; there are {', '.join(region.tables)}")
        if chosen.describe:
            _describe(region)
        elif chosen.follow:
            _follow(region, chosen)
        else:
            _say(region, chosen)
        sys.stdout.flush()
    except RegionError as error:
        print(f"crosstick: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever reads us has seen enough; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
