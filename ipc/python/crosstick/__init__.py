"""Reads what a running crosstick engine publishes in shared memory. It never writes, and the engine never notices.

    import crosstick

    region = crosstick.attach("crosstick", wait=30)      # waits up to 30 s for an engine
    region.prices[0].bid                                 # Decimal('60000.01'): exact, at the market's scale
    region.prices.to_pandas()                            # or .to_polars(), .numpy(), .rows(values="raw")
    for opportunity in region.follow("opportunities"):   # a history ring, with a cursor of its own
        print(opportunity.outcome, opportunity.best_edge_ppm)
    region.latency()["tick_to_order"].percentile(99)     # ns

Tables, fields, types, scales and units come from the schema that lies in the region: nothing here counts offsets, so a
newer engine's added fields and tables show up by themselves, and what a reader doesn't know is skipped.

How a read is whole: each record has a version, odd while it is being written. A copy counts only if the version was
even and the same before, in and after it; else it is read again, a bounded number of times. This needs a processor that
keeps loads and stores in order, so this module reads on x86-64 only and refuses elsewhere.

Why `pread` and not a mapping: a file that somebody cuts short under a mapping kills the process that looks at it
(SIGBUS), which Python cannot catch; a `pread` of it just comes back short, and you get `Truncated`. A mapping whose
size is checked before every look was measured too, and was no faster: the check is a system call like the read.

Only the standard library is needed (Python 3.9 or later, Linux); numpy, pandas and polars are imported when asked for.
One `Region` belongs to one thread; attach once more for another.
"""

from __future__ import annotations

from ._attachment import LAYOUT_VERSION
from ._decode import Row
from ._histogram import Histogram
from ._schema import Field
from .errors import (
    BadName, BadSchema, Denied, Missing, NoSharedMemory, NotARegion, NotRunning, RegionError, Truncated, Unreadable,
    UnsupportedPlatform, WrongByteOrder, WrongLayout,
)
from .follow import Follower
from .region import FOLDER, Region, attach
from .tables import HistogramTable, Ring, Table

__version__ = "0.1.0"
__all__ = [
    "FOLDER", "LAYOUT_VERSION",
    "BadName", "BadSchema", "Denied", "Field", "Follower", "Histogram", "HistogramTable", "Missing", "NoSharedMemory",
    "NotARegion", "NotRunning", "Region", "RegionError", "Ring", "Row", "Table", "Truncated", "Unreadable",
    "UnsupportedPlatform", "WrongByteOrder", "WrongLayout", "attach",
]
