"""The C and the Node reader: the same prices as Python's, and an error instead of a crash."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HAS_JANSSON = shutil.which("cc") and subprocess.run(
    ["cc", "-fsyntax-only", "-x", "c", "-"], input="#include <jansson.h>\n", text=True,
    stderr=subprocess.DEVNULL).returncode == 0

HAS_READERS = bool(HAS_JANSSON and shutil.which("node"))

pytestmark = pytest.mark.skipif(not HAS_READERS, reason="needs gcc, libjansson-dev and nodejs")


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    program = tmp_path_factory.mktemp("c") / "top_prices"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program),
                    str(EXAMPLES / "c/top_prices.c"), "-ljansson"], check=True)
    return {"c": [str(program)], "node": ["node", str(EXAMPLES / "node/prices.mjs")]}


def run(command, *arguments):
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def from_python(region):
    names = ("instrument", "bid_quantity", "bid", "ask", "ask_quantity")
    return [{n: row[n] if n == "instrument" else format(row[n], "f") for n in names} for row in region.prices]


@pytest.mark.parametrize("language", ["c", "node"])
def test_the_same_prices_in_every_language(make, attach, readers, language):
    maker = make()
    maker.set("prices", 0, bid=6000001, bid_quantity=150000, ask=-5, ask_quantity=2**63 - 1)
    maker.set("prices", 1, bid=1234, bid_quantity=7, ask=-(2**63))
    got = run(readers[language], "--json", maker.path)
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout) == from_python(attach())
    table = run(readers[language], maker.path).stdout
    assert "alpha:BTCUSDT" in table and "60000.01" in table and "beta:PEPEUSDT" in table and "0.00001234" in table


@pytest.mark.parametrize("language", ["c", "node"])
@pytest.mark.parametrize("change, words", [
    ({"layout_version": 3}, "layout"), ({"byte_order": 0x04030201}, "byte order"), ({"magic": b"MAGIC   "}, "not a re"),
    ({"region_bytes": 2**40}, "cut short"), ({"schema_offset": 2**50}, "schema outside"), ({"schema_bytes": 0}, "JSON")])
def test_what_is_wrong_is_said(make, readers, language, change, words):
    got = run(readers[language], make(change_head=change).path)
    assert got.returncode == 1 and words in got.stderr, got


@pytest.mark.parametrize("language", ["c", "node"])
def test_files_that_are_no_region(folder, readers, language):
    for length in (0, 10, 300):
        (folder / "crosstick").write_bytes(b"\1" * length)
        assert run(readers[language], folder / "crosstick").returncode == 1
    for path in (folder, folder / "nothing"):
        got = run(readers[language], path)
        assert got.returncode == 1 and got.stderr.count("\n") == 1, got


@pytest.mark.parametrize("language", ["c", "node"])
def test_a_row_that_is_always_under_way_is_left_out(make, readers, language):
    maker = make()
    maker.begin("prices", 1)
    got = json.loads(run(readers[language], "--json", maker.path).stdout)
    assert [row["instrument"] for row in got] == ["alpha:BTCUSDT", "beta:BTCUSD_PERP"]
