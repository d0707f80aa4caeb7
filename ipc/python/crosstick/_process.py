"""Which process owns a region, told so that a later process with the same number is not taken for it."""

from __future__ import annotations

from typing import Optional


def start_ticks(pid: int) -> Optional[int]:
    """When that process started; nothing if there is none, or only one that waits to be buried."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command, in brackets, may hold blanks and brackets itself.
            fields = file.read().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def boot_id() -> bytes:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return bytes.fromhex(file.read().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)
