"""Latencies in buckets."""

from __future__ import annotations

import collections
import decimal
from decimal import Decimal
from typing import Any, Dict, List, Mapping, Tuple, Union


class Histogram:
    """Latencies counted in buckets of two digits: a percentile is the upper end of its bucket, at most 0.8 % more."""

    def __init__(self, facts: Mapping[str, Any], counts: Mapping[int, int], longest: int, clamped: int,
                 division_bits: int) -> None:
        self.facts = dict(facts)
        #: The stage.
        self.name = str(self.facts.get("name", ""))
        #: The longest, exact, ns.
        self.max = longest
        #: How many were too long for a bucket of their own.
        self.clamped = clamped
        self._counts = dict(sorted(counts.items()))
        self._bits = division_bits

    def __repr__(self) -> str:
        s = self.summary()
        return f"<crosstick.Histogram {self.name}: " + ", ".join(f"{k} {v}" for k, v in s.items()) + ">"

    @property
    def count(self) -> int:
        """Samples."""
        return sum(self._counts.values())

    def buckets(self) -> List[Tuple[int, int, int]]:
        """Buckets with samples: smallest and largest value (ns), and how many."""
        return [(_bucket_end(i - 1, self._bits) + 1 if i else 0, _bucket_end(i, self._bits), n)
                for i, n in self._counts.items()]

    def percentile(self, p: Union[int, float, Decimal]) -> int:
        """The latency, in ns, that `p` % of the samples don't exceed; 0 without samples."""
        total = self.count
        # In exact decimals: 99.9 % of 1000 are 999 samples, not 1000.
        wanted = max(1, int((Decimal(str(p)) * total / 100).to_integral_value(decimal.ROUND_CEILING)))
        if not 0 <= p <= 100:
            raise ValueError(f"a percentile is from 0 to 100, not {p}")
        for i, n in self._counts.items():
            wanted -= n
            if wanted <= 0:
                # A copy taken while samples come in may hold a count whose maximum is not there yet.
                return min(_bucket_end(i, self._bits), self.max) if self.max else _bucket_end(i, self._bits)
        return self.max if total else 0

    def summary(self) -> Dict[str, int]:
        """Count, percentiles and the longest, as in the engine's report; ns."""
        return {"count": self.count, "p50": self.percentile(50), "p90": self.percentile(90),
                "p99": self.percentile(99), "p999": self.percentile(Decimal("99.9")), "max": self.max}

    def merged(self, other: "Histogram") -> "Histogram":
        """This and what another thread counted of the same stage."""
        counts = collections.Counter(self._counts)
        counts.update(other._counts)
        return Histogram(self.facts, counts, max(self.max, other.max), self.clamped + other.clamped, self._bits)


def _bucket_end(bucket: int, bits: int) -> int:
    if bucket < 2 << bits:
        return bucket
    magnitude = (bucket >> bits) - 1
    return ((bucket - (magnitude << bits) + 1) << magnitude) - 1
