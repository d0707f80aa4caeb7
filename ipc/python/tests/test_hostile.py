"""What is not a region, or not any more: a clear error each, never a crash, never a hang."""

import json
import os
import platform
import random
import subprocess
import sys

import pytest

import crosstick
from make_region import HEAD_BYTES

#: Everything takes minutes; a sample of it finds most.
EFFORT = 8 if os.environ.get("CROSSTICK_ALL") else 1


def write(folder, data):
    (folder / "crosstick").write_bytes(data)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/a", ".hidden", "a b", "ä", "a\0b", "a.lock", "a.new",
                                  "x" * 65, "a\n"])
def test_names_cannot_leave_the_folder(name):
    with pytest.raises(crosstick.BadName, match="64 letters"):
        crosstick.attach(name)


def test_nothing_there(folder, attach):
    with pytest.raises(crosstick.Missing, match="start the engine, or wait"):
        attach()
    with pytest.raises(crosstick.NoSharedMemory, match="does not exist: mount it"):
        crosstick.attach("crosstick", folder=str(folder / "shm"))


@pytest.mark.parametrize("machine, system", [("aarch64", "linux"), ("x86_64", "darwin"), ("riscv64", "linux")])
def test_other_machines_are_refused(make, attach, monkeypatch, machine, system):
    make()
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(crosstick.UnsupportedPlatform, match=f"x86-64 only, this is {system} on {machine}"):
        attach()


@pytest.mark.parametrize("change, error, words", [
    ({"layout_version": 3}, crosstick.WrongLayout, "layout 3, this module reads layout 2: use a newer"),
    ({"layout_version": 1}, crosstick.WrongLayout, "layout 1, this module reads layout 2"),
    ({"byte_order": 0x04030201}, crosstick.WrongByteOrder, "another byte order"),
    ({"magic": b"XTICKSHN"}, crosstick.NotARegion, "no magic number"),
    ({"region_bytes": 2**40}, crosstick.Truncated, "1099511627776 bytes are announced"),
    ({"region_bytes": 100}, crosstick.Truncated, "100 bytes are announced"),
    ({"schema_offset": 2**63}, crosstick.BadSchema, "outside"),
    ({"schema_bytes": 2**62}, crosstick.BadSchema, "outside"),
    ({"schema_bytes": 0}, crosstick.BadSchema, "no JSON"),
    ({"schema_offset": 0}, crosstick.BadSchema, "no JSON"),
])
def test_heads_that_are_wrong(make, attach, change, error, words):
    make(change_head=change)
    with pytest.raises(error, match=words):
        attach()


@pytest.mark.parametrize("length", [0, 1, 8, HEAD_BYTES - 1, HEAD_BYTES, 4096])
def test_files_cut_short(make, attach, folder, length):
    make()
    write(folder, (folder / "crosstick").read_bytes()[:length])
    with pytest.raises((crosstick.NotARegion, crosstick.Truncated)):
        attach()


def test_random_bytes(folder, attach):
    chance = random.Random(1)
    for _ in range(50):
        write(folder, chance.randbytes(chance.randrange(20000)))
        with pytest.raises(crosstick.NotARegion):
            attach()


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_files_that_are_none(folder, attach, make, what):
    make("other")
    path = folder / "crosstick"
    {"folder": path.mkdir, "link": lambda: path.symlink_to(folder / "other"), "pipe": lambda: os.mkfifo(path)}[what]()
    with pytest.raises(crosstick.NotARegion):
        attach()


def test_permission_denied(make, folder):
    make()
    os.chmod(folder / "crosstick", 0)
    os.chmod(folder, 0o755)
    code = f"import crosstick; crosstick.attach('crosstick', folder={str(folder)!r})"
    if os.geteuid() == 0:
        # The module first: nobody may not see where it lies.
        code = f"import os, crosstick; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n{code}"
    path = os.path.dirname(os.path.dirname(crosstick.__file__))
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "PYTHONPATH": path})
    assert child.returncode == 1 and "crosstick.errors.Denied: no permission for" in child.stderr, child.stderr


@pytest.mark.parametrize("length", [0, HEAD_BYTES, 600, 5000])
def test_cut_short_while_attached(make, folder, length):
    """In a process of its own: under a bare mapping this would be a SIGBUS."""
    make(slots=64)
    code = f"""
import crosstick, os
region = crosstick.attach("crosstick", folder={str(folder)!r})
follower = region.follow("ticks")
os.truncate({str(folder / "crosstick")!r}, {length})
for look in (lambda: region.prices.rows(), follower.poll, region.latency, lambda: region.ticks.rows(), region.check):
    try:
        look()
        print("read")
    except crosstick.Truncated as error:
        print("Truncated")
"""
    path = os.path.dirname(os.path.dirname(crosstick.__file__))
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "PYTHONPATH": path})
    assert child.returncode == 0, child
    words = child.stdout.split()
    # What still lies within the file can be read.
    assert len(words) == 5 and words.count("Truncated") >= (2 if length else 5), words


def test_swapped_for_something_else_while_attached(make, attach, folder):
    make().set("prices", 0, bid=100)
    region = attach()
    write(folder, b"")  # the same file, emptied: cut short
    with pytest.raises(crosstick.Truncated):
        region.prices[0]
    os.remove(folder / "crosstick")
    write(folder, b"something else")
    with pytest.raises(crosstick.NotARegion):
        region.prices[0]
    make(generation=2).set("prices", 0, bid=200)
    assert region.prices[0].bid == 2 and region.restarts == 1


NONSENSE = [None, True, -1, 2**70, 1.5, "x", [], {}, [[]], {"a": {}}, "prices", "row", 0]


def paths(node, at=()):
    """Every place in the schema."""
    yield at
    if isinstance(node, (dict, list)):
        for key, child in (node.items() if isinstance(node, dict) else enumerate(node)):
            yield from paths(child, (*at, key))


def look_everywhere(region):
    for name, table in region.tables.items():
        if isinstance(table, crosstick.HistogramTable):
            [h.summary() for h in table]
        else:
            for values in ("exact", "float", "raw"):
                table.rows(values=values)
            table.fields, table.doc, repr(table)
        if isinstance(table, crosstick.Ring):
            region.follow(name, start="oldest").poll()
    region.latency(), repr(region), region.status


def test_schemas_that_make_no_sense(make, attach):
    """Every value of the schema in turn replaced by nonsense: an error of ours, or the rest is read."""
    original = {}
    make("model", change_schema=lambda schema, _: original.update(json.loads(json.dumps(schema))))
    chance = random.Random(2)
    places = [path for path in paths(original) if path]
    refused = read = 0
    for path in chance.sample(places, min(len(places), 120 * EFFORT)):
        for value in chance.sample(NONSENSE, 4):
            schema = json.loads(json.dumps(original))
            node = schema
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
            text = json.dumps(schema).encode()
            maker = make("bad")
            at = maker.places["ticks"]["slots_offset"] + 64 * 8
            maker.map[at:at + len(text)] = text
            maker.words[40 // 8] = len(text)
            maker.push(sum=1)
            try:
                look_everywhere(attach("bad"))
                read += 1
            except crosstick.RegionError:
                refused += 1
    assert refused > 50 and read > 50, (refused, read)


def test_schemas_with_random_bytes_in_them(make, attach):
    chance = random.Random(3)
    for _ in range(200 * EFFORT):
        maker = make("bad")
        start, length = maker.words[4], maker.words[5]
        for _ in range(chance.choice((1, 3, 30))):
            maker.map[start + chance.randrange(length)] = chance.randrange(256)
        try:
            look_everywhere(attach("bad"))
        except crosstick.RegionError:
            pass


def test_tables_with_random_bytes_in_them(make, attach):
    """Values can be anything; a reader shows them or leaves them out."""
    chance = random.Random(4)
    for _ in range(15 * EFFORT):
        maker = make("bad")
        for _ in range(500):
            maker.map[chance.randrange(512, maker.words[4])] = chance.randrange(256)
        try:
            look_everywhere(attach("bad"))
        except crosstick.RegionError:
            pass


def test_a_deep_schema(make, attach, folder):
    maker = make()
    text = b"[" * 15000
    at = maker.words[4]
    maker.map[at:at + len(text)] = text[:maker.bytes - at]
    maker.words[5] = min(len(text), maker.bytes - at)
    with pytest.raises(crosstick.BadSchema):
        attach()
