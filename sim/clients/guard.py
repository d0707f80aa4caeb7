"""Keeps this process on loopback: whoever looks up a name or connects elsewhere fails, and so does the run."""

import ipaddress
import sys

# What somebody tried, oldest first.
STRAYS = []


class Stray(OSError):
    """Somebody wanted to leave this machine."""


def is_here(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def check(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    if not is_here(host):
        STRAYS.append(f"{event} {host}")
        raise Stray(f"a client wants to reach {host}, but these tests stay on this machine")


def install():
    """For good: an audit hook cannot be taken away. It sees the sockets of Python, not those of uvloop."""
    sys.addaudithook(check)
