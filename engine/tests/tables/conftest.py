"""A journalled run of the demo, its tables in all formats, and what `journal cat` prints of it."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

BINARY = os.environ["CROSSTICK_BIN"]


def crosstick(*arguments, environment=None, codes=(0,)):
    """Runs the binary and returns its standard output."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(environment or {})})
    assert done.returncode in codes, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def session():
    """A folder with the session's journal in `journal`, halted and resumed on the way."""
    with tempfile.TemporaryDirectory(prefix="crosstick-tables-") as path:
        folder = Path(path)
        name = f"crosstick-tables-{os.getpid()}"
        environment = {"CROSSTICK_JOURNAL__DIR": str(folder / "journal"), "CROSSTICK_ENGINE__SHM": name,
                       "CROSSTICK_STRATEGY__SPREAD__MIN_EDGE_BPS": "0.5"}
        run = subprocess.Popen([BINARY, "run", "--duration", "9s"], env={**os.environ, **environment},
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            # Once it ticks, a halt with a reason that CSV has to quote, and its end.
            for line in run.stdout:
                if "ticks" in line and not re.search(r"ticks 0 ", line):
                    break
            crosstick("halt", "--shm", name, "--reason", 'to "see", in CSV')
            crosstick("resume", "--shm", name, "--reason", "seen")
            run.stdout.read()
            assert run.wait(timeout=60) == 0
        finally:
            if run.poll() is None:
                run.kill()
                run.wait()
        for form in ("parquet", "arrow", "csv"):
            crosstick("journal", "export", folder / "journal", "--format", form, "--out", folder / form)
        yield folder


@pytest.fixture(scope="session")
def lines(session):
    """What `journal cat` prints, by record number: kind, and the rest."""
    found = {}
    for line in crosstick("journal", "cat", session / "journal").splitlines():
        number, kind, rest = re.match(r"(\d+) (\S+)\s+(.*)", line).groups()
        found[int(number)] = (kind, rest)
    return found
