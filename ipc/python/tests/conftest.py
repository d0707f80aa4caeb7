import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
if "CROSSTICK_INSTALLED" not in os.environ:
    sys.path.insert(0, str(HERE.parent))

from make_region import Maker  # noqa: E402


@pytest.fixture
def folder():
    """A folder of its own in shared memory."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crosstick-test-", dir=base) as path:
        yield Path(path)


@pytest.fixture
def make(folder):
    """Makes a region named `crosstick` in the folder."""
    makers = []

    def make(name="crosstick", **options):
        makers.append(Maker(str(folder / name), **options))
        return makers[-1]

    yield make
    for maker in makers:
        maker.close()


@pytest.fixture
def attach(folder):
    """Attaches to a region of the folder."""
    import crosstick

    regions = []

    def attach(name="crosstick", wait=None, **options):
        regions.append(crosstick.attach(name, wait, folder=str(folder), **options))
        return regions[-1]

    yield attach
    for region in regions:
        region.close()


@pytest.fixture
def spawn():
    """Starts `make_region.py` as another process and waits until its region is there."""
    children = []

    def spawn(path, kind, seconds, **environment):
        child = subprocess.Popen([sys.executable, str(HERE / "make_region.py"), str(path), kind, str(seconds)],
                                 stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        children.append(child)
        assert child.stdout.readline() == "ready\n"
        return child

    yield spawn
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()
