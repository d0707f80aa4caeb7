"""Percentiles against the samples themselves, by the definition of a percentile."""

import math
import random

import pytest

import crosstick


def test_percentiles_are_the_ends_of_the_right_buckets(make, attach):
    random.seed(7)
    samples = sorted(int(2 ** random.uniform(0, 30)) for _ in range(5000))
    make().latency(0, samples)
    got = attach().latency()["read"]
    assert got.count == 5000 and got.max == samples[-1] and got.clamped == 0
    for p in (0, 1, 50, 90, 99, 99.9, 100):
        exact = samples[max(1, math.ceil(5000 * p / 100 - 1e-9)) - 1]
        assert exact <= got.percentile(p) <= exact * (1 + 1 / 128), p
    for low, high, count in got.buckets():
        assert count == sum(low <= s <= high for s in samples)


def test_small_values_are_exact_and_round_percentages_are_not_rounded_up(make, attach):
    make().latency(1, range(1000))
    got = attach().latency()["decided"]
    # 99.9 % of 1000 samples are 999 samples, the largest of which is 998; its bucket ends at 999.
    assert got.summary() == {"count": 1000, "p50": 499, "p90": 899, "p99": 991, "p999": 999, "max": 999}
    assert got.facts["from"] == "socket" and "p99 991" in repr(got)
    make("few").latency(0, [3, 5])
    assert [attach("few").latency()["read"].percentile(p) for p in (0, 50, 51, 100)] == [3, 3, 5, 5]


def test_threads_of_a_stage_are_taken_together(make, attach):
    maker = make()
    maker.set("stages", 1, name="read")
    maker.latency(0, [10] * 3)
    maker.latency(1, [200])
    region = attach()
    assert list(region.latency()) == ["read"]
    assert region.latency()["read"].summary()["count"] == 4 and region.latency()["read"].max == 200
    assert [h.count for h in region.histograms] == [3, 1] and region.histograms[-1].max == 200


def test_no_samples(make, attach):
    make()
    got = attach().latency()["read"]
    assert got.count == 0 and got.percentile(99) == 0 and got.buckets() == []
    with pytest.raises(ValueError):
        got.percentile(101)
    with pytest.raises(IndexError):
        attach().histograms[2]
    assert isinstance(attach().histograms, crosstick.HistogramTable)
