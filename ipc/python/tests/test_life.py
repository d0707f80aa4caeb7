"""An engine's life: not there yet, there, restarted, stopped, killed, hanging."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import crosstick
from make_region import Maker, start_ticks

PATIENCE_S = 60


def until(what):
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)


def test_states_are_words(make, attach):
    maker = make()
    region = attach()
    for number, word in ((0, "starting"), (1, "running"), (2, "halted"), (3, "stopped"), (77, "state 77")):
        maker.state(number)
        assert region.status == word
    maker.state(3)
    assert not region.is_live
    with pytest.raises(crosstick.NotRunning, match="is stopped: start it again"):
        region.check()
    assert region.pid == os.getpid() and region.generation == 1 and region.started_ns > 10**18


def test_a_heartbeat_that_is_old(make, attach):
    maker = make()
    region = attach()
    assert region.is_live and region.heartbeat_age_s < 5
    maker.beat(time.time_ns() - 6 * 10**9)
    assert region.status == "stalled" and region.heartbeat_age_s >= 6
    maker.beat(time.time_ns() + 10**12)
    assert region.status == "running" and region.heartbeat_age_s == 0, "a clock that was set back"


def test_a_process_of_the_same_number_is_another_one(make, attach):
    make(change_head={"start_ticks": start_ticks(os.getpid()) + 1})
    assert attach().status == "dead"
    make("boot", change_head={"boot_id": b"\1" * 16})
    assert attach("boot").status == "dead"
    make("nobody", change_head={"pid": 0})
    assert attach("nobody").status == "dead"
    make("far", change_head={"pid": 2**63})
    assert attach("far").status == "dead"


def test_a_killed_engine_is_dead_at_once_and_its_last_values_stay(folder, attach, spawn):
    child = spawn(folder / "crosstick", "sit", 300)
    region = attach()
    assert region.status == "running" and region.prices.row(0, values="raw").bid == child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert region.status == "dead" and region.prices.row(0, values="raw").bid == child.pid
    with pytest.raises(crosstick.NotRunning, match="is dead"):
        attach(wait=0.05)
    assert attach().status == "dead", "without waiting, what is left can be looked at"


def test_a_zombie_is_dead(folder, attach, spawn):
    child = spawn(folder / "crosstick", "sit", 300)
    region = attach()
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: not region.is_live)
    assert child.poll() is not None and region.status == "dead"


def test_waiting_for_an_engine_that_is_not_there_yet(folder, attach):
    begin = time.monotonic()
    with pytest.raises(crosstick.Missing):
        attach(wait=0.1)
    assert time.monotonic() - begin >= 0.1
    makers = []
    threading.Timer(0.1, lambda: makers.append(Maker(str(folder / "crosstick")))).start()
    assert attach(wait=PATIENCE_S).status == "running"
    makers[0].close()


def test_waiting_goes_past_what_is_old_or_foreign(make, attach, folder):
    (folder / "crosstick").write_bytes(b"junk")
    old = threading.Timer(0.1, lambda: make(change_head={"layout_version": 1}))
    new = threading.Timer(0.3, lambda: make(generation=5))
    old.start(), new.start()
    assert attach(wait=PATIENCE_S).generation == 5


def test_a_restart_is_followed_by_itself(make, attach):
    first = make()
    first.set("prices", 0, bid=100)
    first.push(sum=1)
    region = attach()
    follower = region.follow("ticks", start="oldest")
    assert region.prices[0].bid == 1 and [r.sum for r in follower.poll()] == [1]
    first.push(sum=2)
    second = make(generation=2)
    second.set("prices", 0, bid=200)
    second.push(sum=10)
    second.push(sum=11)
    assert region.prices[0].bid == 2 and region.generation == 2 and region.restarts == 1
    # The last of the first, then all of the second: nothing is lost in between.
    assert [r.sum for r in follower.poll()] == [2] and follower.restarts == 0
    assert [r.sum for r in follower.poll()] == [10, 11] and follower.restarts == 1 and follower.missed == 0
    assert region.latency()["read"].count == 0


def test_a_reader_that_does_not_follow_restarts_stays(make, attach):
    make().set("prices", 0, bid=100)
    region = attach(follow_restarts=False)
    make(generation=2).set("prices", 0, bid=200)
    assert region.prices[0].bid == 1 and region.generation == 1 and region.restarts == 0


def test_another_build_may_lack_a_table(make, attach):
    def without(schema, _):
        schema["tables"] = [t for t in schema["tables"] if t["name"] not in ("limits", "ticks")]

    make()
    region = attach()
    limits, follower = region.limits, region.follow("ticks")
    make(generation=2, change_schema=without)
    with pytest.raises(crosstick.RegionError, match="no table `limits` any more"):
        limits.rows()
    with pytest.raises(crosstick.RegionError, match="no history `ticks` any more"):
        follower.poll()
    assert len(region.prices) == 3


def test_kill_9_again_and_again_with_readers_attached(folder, attach, spawn):
    path = folder / "crosstick"
    region = follower = None
    for generation in range(1, 6):
        child = spawn(path, "sit", 300, GENERATION=str(generation))
        if region is None:
            region = attach(wait=PATIENCE_S)
            follower = region.follow("ticks", start="oldest", timeout=PATIENCE_S)
        region.wait(PATIENCE_S)
        assert region.generation == generation
        assert region.prices.row(0, values="raw").bid == child.pid and next(follower).sum == child.pid
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert region.status == "dead"
        with pytest.raises(crosstick.NotRunning):
            region.wait(0.02)
    assert region.restarts == follower.restarts == 4 and follower.missed == 0
    # Nothing leaks: one file, whatever was attached.
    open_files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                  if os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}")]
    assert sum(str(path) in name for name in open_files) <= 3


def test_a_reader_stopped_in_the_middle_changes_nothing(folder, make):
    maker = make()
    code = f"""
import crosstick
region = crosstick.attach("crosstick", folder={str(folder)!r})
print("reading", flush=True)
while True:
    region.prices.rows()
"""
    path = os.path.dirname(os.path.dirname(crosstick.__file__))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                             env={**os.environ, "PYTHONPATH": path})
    try:
        assert child.stdout.readline() == b"reading\n"
        os.kill(child.pid, signal.SIGSTOP)
        before = (folder / "crosstick").read_bytes()
        maker.set("prices", 0, bid=1)
        changed = [i for i, (a, b) in enumerate(zip(before, (folder / "crosstick").read_bytes())) if a != b]
        at = maker.at("prices", 0)
        assert changed and all(at <= i < at + 64 for i in changed), "only what the writer wrote"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
