"""Starts the venue before the clients are imported: some of them read which CA to trust at that moment."""

import asyncio
import os

import guard
import pytest
import venues


def pytest_configure(config):
    guard.install()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ.pop(name, None)
    try:
        config.venues = venues.Venues()
    except (OSError, RuntimeError) as error:
        raise pytest.UsageError(str(error)) from error
    # OpenSSL and requests read these; where a client has an option of its own for the CA, the test sets that.
    os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = config.venues.ca


def pytest_unconfigure(config):
    if hasattr(config, "venues"):
        config.venues.stop()


@pytest.fixture(scope="session")
def venue(pytestconfig):
    return pytestconfig.venues


@pytest.fixture(autouse=True)
def at_home():
    """No client calls out, not even one that takes the failure silently; and the venue lives on."""
    yield
    strays = guard.STRAYS[:]
    guard.STRAYS.clear()
    assert strays == []


@pytest.fixture
def run():
    """Runs a coroutine to its end within bounds, on asyncio's own loop, whose sockets the guard sees."""
    def to_end(coroutine, seconds=60):
        async def bounded():
            assert type(asyncio.get_running_loop()).__module__.startswith("asyncio."), "the guard would be blind"
            return await asyncio.wait_for(coroutine, seconds)
        loop = asyncio.SelectorEventLoop()
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(bounded())
        finally:
            loop.close()
            asyncio.set_event_loop(None)
    return to_end
