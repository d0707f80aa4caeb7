"""Real engines for the tests that need one: the demo, in folders of its own, on loopback."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import crosstick

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(crosstick.__file__).resolve().parents[1]
PATIENCE_S = 120


def built(variable, path):
    """A program of this workspace: named in the environment, or where cargo puts it; None if it isn't built."""
    program = Path(os.environ.get(variable) or ROOT / "target/debug" / path)
    return program if program.is_file() else None


ENGINE = built("CROSSTICK_BIN", "crosstick")
HAMMER = built("CROSSTICK_HAMMER", "examples/hammer")
HOW = "not built: cargo build -p crosstick-engine -p crosstick-ipc --bins --examples"


def python(code, *arguments):
    """Another Python that can import the module."""
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": str(PACKAGE)})


class Demo:
    """Demos of one region name, one after the other; nothing of them outlives it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="crosstick-test-")
        self.path = Path(self.folder.name)
        self.name = f"python-test-{os.getpid()}-{self.path.name[-8:]}"
        self.region = Path("/dev/shm") / self.name
        self.running = None
        self.children = []

    def child(self, process):
        """Ends with the test, whatever comes."""
        self.children.append(process)
        return process

    def start(self, *arguments):
        environment = {**os.environ, "CROSSTICK_ENGINE__SHM": self.name, "TMPDIR": self.folder.name,
                       "CROSSTICK_ENGINE__STATE_DIR": str(self.path / "state")}
        self.log = open(self.path / "log", "a+")
        self.running = subprocess.Popen([str(ENGINE), "run", *arguments], cwd=self.path, stdout=self.log,
                                        stderr=self.log, env=environment)
        return self.running

    def kill(self):
        self.running.kill()
        self.running.wait()
        self.log.close()

    def finish(self):
        code = self.running.wait(PATIENCE_S)
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        assert code == 0, text
        return text

    def report(self):
        return json.loads((self.path / "report.json").read_text())

    def freeze(self):
        """Stops every thread of the engine where it is."""
        os.kill(self.running.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.running.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self):
        os.kill(self.running.pid, signal.SIGCONT)

    def clear(self):
        for child in self.children:
            child.kill()
            child.wait()
            child.stdout.close()
        if self.running is not None and self.running.poll() is None:
            self.kill()
        for path in Path("/dev/shm").glob(self.name + "*"):
            path.unlink()
        self.folder.cleanup()
