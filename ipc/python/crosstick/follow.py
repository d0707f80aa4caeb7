"""A history as it grows."""

from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING, Deque, List, Optional, Union

from ._attachment import ring_records
from ._decode import Row, decode
from .errors import RegionError

if TYPE_CHECKING:
    from .region import Region


class Follower:
    """Iterates over the records of a history, in order, each once.

    `missed` counts those that were overwritten before they were read, `restarts` how often another engine took over;
    its history is read from its begin. `poll()` gives what is there now, without waiting.
    """

    def __init__(self, region: Region, ring: str, start: Union[str, int], timeout: Optional[float], values: str,
                 interval: float) -> None:
        self.ring = ring
        self.missed = 0
        self.restarts = 0
        self._region = region
        self._timeout = timeout
        self._values = values
        self._interval = interval
        self._pending: Deque[Row] = collections.deque()
        self._attachment = region._attachment
        spec = self._attachment.tables[ring]
        end = self._attachment.word(spec.offset)
        if start == "now":
            self.cursor = end
        elif start == "oldest":
            self.cursor = max(0, end - spec.count)
        elif isinstance(start, int) and start >= 0:
            self.cursor = start
        else:
            raise ValueError(f'start is "now", "oldest" or a sequence number, not {start!r}')

    def __iter__(self) -> Follower:
        return self

    def __next__(self) -> Row:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._pending:
            self._pending.extend(self.poll(1024))
            if self._pending:
                break
            if deadline is not None and time.monotonic() >= deadline:
                raise StopIteration
            time.sleep(self._interval)
        return self._pending.popleft()

    def poll(self, most: int = 1 << 20) -> List[Row]:
        """What was written since, at most so many; doesn't wait."""
        rows = self._drain(most)
        # Only once the old one is read to its end does the next engine's begin.
        if not rows and self._region._current() is not self._attachment:
            self._attachment = self._region._attachment
            self.restarts += 1
            self.cursor = 0
            rows = self._drain(most)
        return rows

    def _drain(self, most: int) -> List[Row]:
        spec = self._attachment.tables.get(self.ring)
        if spec is None or spec.kind != "ring":
            raise RegionError(f"{self._region.path} has no history `{self.ring}` any more: its engine is another build")
        before = self.cursor
        found, self.cursor = ring_records(self._attachment, spec, before, most)
        self.missed += self.cursor - before - len(found)
        return [decode(self._attachment, spec, i, value, self._values) for i, value in found]
