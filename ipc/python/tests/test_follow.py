"""Histories: in order, each record once, what was missed is counted."""

import threading
import time

import pytest


def sums(rows):
    return [row.sum for row in rows]


def push(maker, *numbers):
    for n in numbers:
        maker.push(sum=n, instrument=0, price=n * 100)


def test_what_is_written_after_the_call_comes_in_order(make, attach):
    maker = make()
    push(maker, 1, 2)
    region = attach()
    follower = region.follow("ticks")
    assert follower.poll() == []
    push(maker, 3, 4, 5)
    rows = follower.poll()
    assert sums(rows) == [3, 4, 5] and [row.index for row in rows] == [2, 3, 4] and follower.missed == 0
    assert rows[0].instrument == "alpha:BTCUSDT" and str(rows[0].price) == "3.00"
    push(maker, 6)
    assert sums(follower.poll()) == [6] and follower.poll() == []


def test_from_the_oldest_and_from_a_number(make, attach):
    maker = make(slots=8)
    push(maker, *range(5))
    region = attach()
    assert sums(region.follow("ticks", start="oldest").poll()) == [0, 1, 2, 3, 4]
    assert sums(region.follow("ticks", start=3).poll()) == [3, 4]
    assert sums(region.ticks) == [0, 1, 2, 3, 4] and region.ticks.written == 5 and len(region.ticks) == 5
    with pytest.raises(ValueError, match="oldest"):
        region.follow("ticks", start="then")


def test_the_overwritten_are_counted_and_jumped_over(make, attach):
    maker = make(slots=8)
    follower = attach().follow("ticks", start="oldest")
    push(maker, *range(20))
    rows = follower.poll()
    assert sums(rows)[-1] == 19 and sums(rows) == list(range(rows[0].sum, 20))
    assert rows[0].sum >= 12 and follower.missed == rows[0].sum and follower.missed + len(rows) == 20
    # Exactly full is not lapped.
    push(maker, *range(20, 28))
    assert sums(follower.poll()) == list(range(20, 28)) and follower.missed == 20 - len(rows)


def test_a_record_under_way_is_waited_for_not_skipped(make, attach):
    maker = make(slots=8)
    push(maker, *range(8))
    follower = attach().follow("ticks")
    maker.begin("ticks", 0)  # number 8 begins in slot 0
    assert follower.poll() == [] and follower.missed == 0
    maker.words[maker.at("ticks", 0) // 8] -= 1
    push(maker, 8)
    assert sums(follower.poll()) == [8]
    # And the oldest, whose slot is being overwritten, is not shown.
    maker.begin("ticks", 1)
    assert 1 not in sums(attach().ticks)


def test_the_timeout_ends_the_iteration_and_it_can_go_on(make, attach):
    maker = make()
    follower = attach().follow("ticks", timeout=0.05)
    begin = time.monotonic()
    assert list(follower) == []
    assert time.monotonic() - begin >= 0.05
    push(maker, 1)
    assert sums(follower) == [1]


def test_iteration_waits_for_what_comes(make, attach):
    maker = make()
    follower = attach().follow("ticks", timeout=30)
    threading.Timer(0.1, push, (maker, 1, 2)).start()
    assert [next(follower).sum, next(follower).sum] == [1, 2]


def test_polls_are_bounded(make, attach):
    maker = make(slots=8)
    follower = attach().follow("ticks")
    push(maker, *range(7))
    assert sums(follower.poll(3)) == [0, 1, 2] and sums(follower.poll(3)) == [3, 4, 5] and sums(follower.poll(3)) == [6]


def test_a_nonsense_counter_neither_hangs_nor_shows_anything(make, attach):
    maker = make(slots=8)
    push(maker, 1, 2)
    follower = attach().follow("ticks")
    maker.words[maker.places["ticks"]["offset"] // 8] = 2**63
    assert follower.poll() == [] and sums(attach().ticks) == []
