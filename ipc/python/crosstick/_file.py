"""The bytes of a region's file."""

from __future__ import annotations

import errno
import os
import stat
from .errors import Denied, Missing, NoSharedMemory, NotARegion, RegionError, Truncated


class Source:
    """The bytes of a region's file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.reads = 0
        self.fd = _open(path)
        try:
            meta = os.fstat(self.fd)
            if not stat.S_ISREG(meta.st_mode):
                raise NotARegion(f"{path} is not a plain file: name another region")
            self.file_id = (meta.st_dev, meta.st_ino)
            self.length = meta.st_size
        except BaseException:
            self.close()
            raise

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, or `Truncated`."""
        self.reads += 1
        if self.fd < 0:
            raise RegionError(f"{self.path} was closed: attach again")
        got = os.pread(self.fd, length, offset)
        if len(got) < length:
            raise Truncated(f"{self.path} was cut short: it ends before byte {offset + length}; start the engine again")
        return got

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __del__(self) -> None:
        if getattr(self, "fd", -1) >= 0:
            self.close()


def _open(path: str) -> int:
    # No link is followed, and a pipe of that name doesn't block.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except OSError as error:
        folder = os.path.dirname(path)
        if error.errno == errno.ENOENT and not os.path.isdir(folder):
            raise NoSharedMemory(f"{folder} does not exist: mount it (mount -t tmpfs tmpfs {folder})") from None
        if error.errno == errno.ENOENT:
            raise Missing(f"there is no region {path}: start the engine, or wait for it (wait=SECONDS)") from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise Denied(f"no permission for {path}: run as the user who owns it, or in its group") from None
        if error.errno == errno.ELOOP:
            raise NotARegion(f"{path} is a symbolic link: name another region") from None
        raise RegionError(f"cannot open {path}: {error.strerror}") from None
