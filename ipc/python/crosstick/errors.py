"""Why a region can't be read: each error says what is wrong and what helps."""

from __future__ import annotations


class RegionError(Exception):
    """Why a region can't be read, with the remedy. The base of all errors of this module."""


class UnsupportedPlatform(RegionError):
    """This machine doesn't keep loads in order, or is no Linux."""


class BadName(RegionError):
    """The name is not one that a region can have."""


class NoSharedMemory(RegionError):
    """The folder of the regions is missing."""


class Missing(RegionError):
    """There is no region of that name (yet)."""


class Denied(RegionError):
    """The file system doesn't let us read it."""


class NotARegion(RegionError):
    """The file is something else."""


class WrongByteOrder(NotARegion):
    """Written on a machine of another byte order."""


class WrongLayout(RegionError):
    """Of a layout version that this module doesn't read."""


class Truncated(RegionError):
    """The file is shorter than it says."""


class BadSchema(RegionError):
    """The description inside the region contradicts itself."""


class Unreadable(RegionError):
    """A record is always under way: its writer was killed, or suspended for long, in the middle of a write."""


class NotRunning(RegionError):
    """The engine has stopped, died or stalled."""
