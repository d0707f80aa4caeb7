"""`python -m crosstick`."""

import json
import os
import subprocess
import sys

import pytest

import crosstick


@pytest.fixture
def run(folder):
    path = os.path.dirname(os.path.dirname(crosstick.__file__))

    def run(*arguments, **options):
        return subprocess.run([sys.executable, "-m", "crosstick", "--folder", str(folder), *arguments], text=True,
                              capture_output=True, timeout=60, env={**os.environ, "PYTHONPATH": path}, **options)

    return run


def test_prices_and_latency_as_a_table(make, run):
    maker = make()
    maker.set("prices", 0, bid=6000001, ask=6000102, quotes=3)
    maker.latency(0, [10, 20])
    got = run()
    assert got.returncode == 0 and not got.stderr
    head, _, title, names, first, second, *_ = got.stdout.splitlines()
    assert head.startswith(f"path {maker.path}  status running  mode paper") and title == "prices: The prices."
    assert names.split() == ["instrument", "bid_quantity", "bid", "ask", "ask_quantity", "quotes"]
    assert first.split() == ["alpha:BTCUSDT", "0.00000", "60000.01", "60001.02", "0.00000", "3"]
    assert second.startswith("beta:PEPEUSDT") and "0.00000000" in second and "E-" not in got.stdout
    assert got.stdout.splitlines()[-1].split() == ["read", "2", "10", "20", "20", "20", "20"]


def test_any_table_and_json(make, run):
    maker = make()
    maker.set("limits", 0, name="loss", decimals=16, used=15 * 10**15)
    maker.set("prices", 0, bid=6000001, flags=1)
    got = run("--table", "limits")
    assert "loss" in got.stdout and "1.5000000000000000" in got.stdout
    got = json.loads(run("--json").stdout)
    assert got["prices"][0]["bid"] == "60000.01" and got["status"] == "running" and got["latency_ns"] == {}
    got = json.loads(run("--table", "prices", "--json", "--values", "raw").stdout)
    assert got["prices"][0]["bid"] == 6000001
    assert run("--table", "histograms").returncode == 0


def test_follow(make, run):
    maker = make()
    for n in range(20):
        maker.push(sum=n, price=5)
    got = run("--follow", "ticks", "--start", "oldest", "--timeout", "0.05", "--json")
    rows = [json.loads(line) for line in got.stdout.splitlines()]
    assert [row["sum"] for row in rows] == list(range(12, 20)) and rows[0]["sequence"] == 12
    assert run("--follow", "ticks", "--start", "oldest", "--timeout", "0.05").stdout.startswith("12  price=0.05")


def test_describe(make, run):
    make()
    got = run("--describe").stdout
    assert "prices: The prices." in got and "    bid [price]: Best bid." in got


@pytest.mark.parametrize("arguments, code, words", [
    (("nobody",), 1, "crosstick: there is no region"), (("a/b",), 1, "is no region name"),
    (("--table", "x"), 2, "there is no table `x`; there are venues"), (("--nonsense",), 2, "usage:"),
    (("--table", "x", "--follow", "y"), 2, "not allowed with")])
def test_errors_are_one_line_and_a_code(make, run, arguments, code, words):
    make()
    got = run(*arguments)
    assert got.returncode == code and words in got.stderr and "Traceback" not in got.stderr


def test_help_teaches(run):
    got = run("--help")
    assert got.returncode == 0 and "examples:" in got.stdout and "--follow" in got.stdout


def test_a_reader_that_has_seen_enough(make, folder):
    maker = make(slots=1024)
    for n in range(1000):
        maker.push(sum=n)
    path = os.path.dirname(os.path.dirname(crosstick.__file__))
    line = (f"{sys.executable} -m crosstick --folder {folder} --follow ticks --start oldest --timeout 1 | head -1; "
            "exit ${PIPESTATUS[0]}")
    got = subprocess.run(["bash", "-c", line], text=True, capture_output=True, timeout=60,
                         env={**os.environ, "PYTHONPATH": path})
    assert got.returncode == 0 and got.stderr == "" and got.stdout.count("\n") == 1
