"""The page and the types keep what they promise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import crosstick
from engines import ENGINE, HOW, PATIENCE_S, ROOT, Demo

PAGE = ROOT / "docs/python.md"


@pytest.mark.skipif(ENGINE is None, reason=f"the engine is {HOW}")
def test_the_example_of_the_page_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    demo = Demo()
    try:
        demo.start("--duration", "4s")
        crosstick.attach(demo.name, PATIENCE_S).wait(PATIENCE_S)
        for page, here in (('"crosstick"', repr(demo.name)), ("binance:", "alpha:"), ("timeout=10", "timeout=1")):
            assert page in example
            example = example.replace(page, here)
        exec(compile(example, str(PAGE), "exec"), {})
    finally:
        demo.clear()
    assert "alpha:BTCUSDT" in capsys.readouterr().out


def test_the_page_names_every_error_and_table_method():
    page = PAGE.read_text()
    for name in crosstick.__all__:
        if isinstance(getattr(crosstick, name), type) and issubclass(getattr(crosstick, name), crosstick.RegionError):
            assert f"`{name}`" in page, name


def test_everything_public_has_a_docstring():
    for name in crosstick.__all__:
        thing = getattr(crosstick, name)
        if not isinstance(thing, (str, int)):
            assert thing.__doc__, name
            for attribute, value in vars(thing).items() if isinstance(thing, type) else ():
                if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert value.__doc__, f"{name}.{attribute}"


def test_the_types_hold():
    pytest.importorskip("mypy")
    # The sources, not an installed copy: beside other packages mypy would look at those too.
    got = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir=/dev/null",
                          "ipc/python/crosstick"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert got.returncode == 0, got.stdout + got.stderr
    assert (Path(crosstick.__file__).parent / "py.typed").exists()
