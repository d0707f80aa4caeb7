"""An engine's region, over its restarts."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from typing import Any, Dict, List, Mapping, Optional, Union

from ._attachment import HEARTBEAT_AT, Attachment
from ._histogram import Histogram
from .errors import (
    BadName, BadSchema, Missing, NoSharedMemory, NotARegion, NotRunning, RegionError, Truncated, UnsupportedPlatform,
    WrongLayout,
)
from .follow import Follower
from .tables import HistogramTable, Ring, Table

FOLDER = "/dev/shm"
#: A heartbeat older than this is no sign of life; engines beat at least once a second.
STALLED_AFTER_S = 5.0

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z")
_KINDS = {"seqlock": Table, "ring": Ring, "histogram": HistogramTable}
AnyTable = Union[Table, Ring, HistogramTable]


class Region:
    """An engine's region. Tables are attributes (`region.prices`) and `region.tables["prices"]`.

    Follows restarts: when another engine has taken the name, the next read is of its region, and `restarts` counts it.
    What an engine has left when it stopped or died stays readable until then; `status` says how it is.
    """

    def __init__(self, path: str, follow_restarts: bool = True) -> None:
        self.path = path
        self.restarts = 0
        self._follow_restarts = follow_restarts
        self._attachment = Attachment(path)

    def __enter__(self) -> Region:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        a = self._attachment
        return f"<crosstick.Region {self.path} generation {a.generation}, pid {a.pid}, {', '.join(a.tables)}>"

    def __dir__(self) -> List[str]:
        return [*super().__dir__(), *self._attachment.tables]

    def __getattr__(self, name: str) -> AnyTable:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._table(name)
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def _table(self, name: str) -> AnyTable:
        spec = self._current().tables.get(name)
        if spec is None:
            raise KeyError(f"{self.path} has no table `{name}`; it has {', '.join(self._attachment.tables)}")
        kind: Any = _KINDS[spec.kind]
        table: AnyTable = kind(self, name)
        return table

    def _current(self) -> Attachment:
        """The attachment to read from: another owner's, once there is one."""
        if self._follow_restarts:
            try:
                meta = os.stat(self.path, follow_symlinks=False)
            except OSError:
                return self._attachment  # removed: what was left can still be read
            if (meta.st_dev, meta.st_ino) != self._attachment.source.file_id:
                try:
                    self._attachment = Attachment(self.path)
                except Missing:
                    return self._attachment
                self.restarts += 1
        return self._attachment

    @property
    def tables(self) -> Mapping[str, AnyTable]:
        """All tables by name."""
        return {name: self._table(name) for name in self._current().tables}

    @property
    def schema(self) -> Mapping[str, Any]:
        """The schema as it lies in the region."""
        return self._current().schema

    @property
    def generation(self) -> int:
        """Counts the owners of this name, from 1."""
        return int(self._current().generation)

    @property
    def pid(self) -> int:
        """Process id of the engine."""
        return int(self._current().pid)

    @property
    def started_ns(self) -> int:
        """Wall time of the engine's start, ns since the epoch."""
        return int(self._current().started_ns)

    @property
    def heartbeat_age_s(self) -> float:
        """Seconds since the engine's last sign of life."""
        return max(0.0, (time.time_ns() - self._current().word(HEARTBEAT_AT)) / 1e9)

    @property
    def status(self) -> str:
        """`starting`, `running`, `halted`, `stopped`; `dead`: killed; `stalled`: alive without a heartbeat for 5 s.

        Whether the process lives is told by its pid, its start time and the boot, so a pid that another process got
        is not taken for it. The reader must see the engine's process (the same PID name space).
        """
        now = self._current()
        state = now.state()
        if state == "stopped":
            return state
        if not now.owner_lives():
            # It may have ended in order between the two looks.
            return "stopped" if now.state() == "stopped" else "dead"
        return "stalled" if self.heartbeat_age_s > STALLED_AFTER_S else state

    @property
    def is_live(self) -> bool:
        """Whether an engine is at work behind this region."""
        return self.status not in ("stopped", "dead", "stalled")

    def check(self) -> None:
        """Raises `NotRunning` unless an engine is at work."""
        status = self.status
        if status in ("stopped", "dead", "stalled"):
            raise NotRunning(f"the engine of {self.path} (pid {self.pid}) is {status}: start it again, or wait for it")

    def wait(self, seconds: float) -> Region:
        """Waits until an engine is at work; `NotRunning` if none is after that time."""
        deadline = time.monotonic() + seconds
        while not self.is_live:
            if time.monotonic() >= deadline:
                self.check()
                break
            time.sleep(0.02)
        return self

    def follow(self, ring: str, *, start: Union[str, int] = "now", timeout: Optional[float] = None,
               values: str = "exact", interval: float = 0.005) -> Follower:
        """Iterates over a history as it grows; see `Follower`.

        `start`: "now", "oldest", or a sequence number. `timeout`: ends after so many seconds without a record; without
        it, it waits for ever, also for the next engine. `interval`: seconds between two looks.
        """
        table = self._table(ring)
        if not isinstance(table, Ring):
            raise RegionError(f"`{ring}` is no history that can be followed: read its rows")
        return Follower(self, ring, start, timeout, values, interval)

    def latency(self) -> Dict[str, Histogram]:
        """The latency of every stage by name, the threads of each taken together, in ns."""
        merged: Dict[str, Histogram] = {}
        for table in self.tables.values():
            for histogram in table if isinstance(table, HistogramTable) else ():
                known = merged.get(histogram.name)
                merged[histogram.name] = known.merged(histogram) if known else histogram
        return merged

    def counters(self) -> Dict[str, int]:
        """What this reader did: reads of the file, rows read again, rows given up; of the current generation."""
        a = self._attachment
        return {"reads": a.source.reads, "retries": a.retries, "unreadable": a.unreadable}

    def close(self) -> None:
        """Lets go of the file. The region can't be read any more."""
        self._attachment.source.close()


def attach(name: str = "crosstick", wait: Optional[float] = None, *, folder: str = FOLDER,
           follow_restarts: bool = True) -> Region:
    """Opens an engine's region.

    Without `wait`, opens what is there, also what a dead engine has left; with it, waits up to so many seconds until an
    engine is at work. `folder` is where regions lie; `follow_restarts`: see `Region`. Raises a `RegionError` that says what is wrong and what helps.
    """
    if platform.machine().lower() not in ("x86_64", "amd64") or not sys.platform.startswith("linux"):
        raise UnsupportedPlatform(
            f"regions are read on Linux on x86-64 only, this is {sys.platform} on {platform.machine()}: the versions "
            f"that make reads whole rely on a processor that keeps loads in order")
    if not _NAME.match(name) or name.endswith((".lock", ".new")):
        raise BadName(f"`{name}` is no region name: use 1 to 64 letters, digits, `-`, `_` or `.`, not `.` first, not "
                      f"`.lock` or `.new` last")
    path = os.path.join(folder, name)
    deadline = None if wait is None else time.monotonic() + wait
    while True:
        try:
            region = Region(path, follow_restarts)
            if deadline is None or region.is_live:
                return region
            if time.monotonic() >= deadline:
                region.check()
            region.close()
        except (Missing, NoSharedMemory, Truncated, NotARegion, WrongLayout, BadSchema):
            # What an engine that is yet to start will replace.
            if deadline is None or time.monotonic() >= deadline:
                raise
        time.sleep(0.02)


_OVERVIEW = ("instrument", "bid_quantity", "bid", "ask", "ask_quantity", "trade_price", "quotes", "trades")
