"""Simulated venues in a process of their own, as `crosstick sim` starts them for anybody."""

import asyncio
import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Who trades, an account for each file of tests, so that none sees the others' orders and balances.
ACCOUNTS = ("python-binance", "ccxt", "ccxt-pro", "ccxt-futures", "ccxt-mexc", "ccxt-mexc-pro", "official",
            "other")
START_USDT, START_BTC = "1000000", "10"
# They differ, so that a commission says whether its order rested. In bps, in the config's words.
MAKER_BPS, TAKER_BPS = "8", "10"
# What a loaded machine may take to start a process, in seconds.
PATIENCE_S = 60


class Venues:
    """A running `crosstick sim` with a spot, a USD-M and a MEXC venue, where they are and which keys they know."""

    def __init__(self):
        program = Path(os.environ.get("CROSSTICK_BIN") or ROOT / "target/debug/crosstick").absolute()
        if not program.is_file():
            raise FileNotFoundError(f"{program} is not there; run sim/clients/test, or cargo build -p crosstick-engine")
        self.folder = Path(tempfile.mkdtemp(prefix="crosstick-clients-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.ca = str(self.folder / "ca.pem")
        (self.folder / "sim.toml").write_text(config())
        self.process = subprocess.Popen([program, "sim", "--config", "sim.toml"], cwd=self.folder, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        atexit.register(self.stop)
        overdue = threading.Timer(PATIENCE_S, self.process.kill)
        overdue.start()
        told = []
        for line in self.process.stdout:
            told.append(line)
            if line.startswith("clients must trust"):
                break
        overdue.cancel()
        places = dict(re.findall(r"^(alpha: binance-spot|gamma: binance-usdm|delta: mexc-spot) at "
                                 r"(wss://\S+ and https://\S+)$",
                                 "".join(told), re.MULTILINE))
        if len(places) < 3:
            raise RuntimeError(f"the simulated venues did not start: {''.join(told)}")
        self.stream, self.rest = places["alpha: binance-spot"].split(" and ")
        self.futures_stream, self.futures_rest = places["gamma: binance-usdm"].split(" and ")
        self.mexc_stream, self.mexc_rest = places["delta: mexc-spot"].split(" and ")
        self.control_url = re.search(r"^control API at (http://\S+): ", "".join(told), re.MULTILINE).group(1)
        self.ws_api = re.search(r"WebSocket API at (\S+)", "".join(told)).group(1)
        self.keys = json.loads((self.folder / "keys/keys.json").read_text())
        # Its progress is of no interest, but a full pipe would block it.
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()

    def private_pem(self, account, kind):
        """The file of an account's private key; `kind` is ed25519 or rsa."""
        return str(self.folder / f"keys/{account}-{kind}.pem")

    def control(self, path, body=None, verb=None):
        """Asks the control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control_url + path, data, method=verb)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    @contextmanager
    def still(self, name):
        """Meanwhile the market of a venue stands still, so that client orders alone change what it shows."""
        fault = self.control("/faults", {"venue": name, "kind": "hold"})["id"]
        try:
            yield
        finally:
            self.control(f"/faults/{fault}", verb="DELETE")

    def subscriptions(self, name):
        """What each connection of a venue is subscribed to."""
        return [c["subscriptions"] for c in self.control(f"/connections?venue={name}")]

    def stop(self):
        """Ends it as an operator would, then by force."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def config():
    text = '[sim]\nseed = 7\nca = "ca.pem"\nkeys = "keys"\n'
    for venue in ("alpha", "gamma", "delta"):
        text += f'\n[[venue]]\nname = "{venue}"\nport = 0\n'
    for name in ACCOUNTS:
        text += (f'\n[[account]]\nname = "{name}"\nbalances = {{ USDT = "{START_USDT}", BTC = "{START_BTC}" }}\n'
                 f'maker_bps = "{MAKER_BPS}"\ntaker_bps = "{TAKER_BPS}"\n')
    return text


def levels(book):
    """All levels of a book that ccxt gives."""
    return [[list(level)[:2] for level in book[side]] for side in ("bids", "asks")]


async def is_the_one_of_rest(here, pair):
    """While nothing moves, a book that ccxt keeps from diffs becomes the one of REST, on all its levels."""
    rest = levels(await here.fetch_order_book(pair, 1000))
    assert all(len(side) >= 20 for side in rest) and rest[0][0][0] < rest[1][0][0]
    give_up = time.monotonic() + PATIENCE_S
    while (kept := levels(here.orderbooks[pair].limit())) != rest and time.monotonic() < give_up:
        await asyncio.sleep(0.05)
    assert kept == rest == levels(await here.fetch_order_book(pair, 1000))
