"""What a socket has to know of a network interface: its number, and how its frames begin.

Asked of the kernel by ioctl (netdevice(7)), in the network namespace that the thread is in; `interfaces.py` tells a
person more.
"""

from __future__ import annotations

import difflib
import fcntl
import socket
import struct
from dataclasses import dataclass

from rawcap.live.errors import LiveError

ANY = "any"
"""The name under which every interface is captured at once."""

LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = 101
LINKTYPE_LINUX_SLL2 = 276

# linux/sockios.h
_SIOCGIFFLAGS = 0x8913
_SIOCGIFHWADDR = 0x8927

# linux/if.h
_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8

_LONGEST_NAME = 15  # IFNAMSIZ, less the zero octet


@dataclass(frozen=True, slots=True)
class Link:
    """How the frames of an interface begin, as a capture file numbers it (LINKTYPE_).

    `cooked` when the kernel is asked for the network layer alone, and a Linux cooked header takes the place of what
    the link layer has, because that is something no file format describes, or differs from frame to frame.
    """

    linktype: int
    title: str
    cooked: bool = False


COOKED = Link(LINKTYPE_LINUX_SLL2, "Linux cooked v2", cooked=True)

# By device type (linux/if_arp.h, ARPHRD_). Interfaces without a link layer begin with the IP header.
_LINKS = {
    1: Link(LINKTYPE_ETHERNET, "Ethernet"),
    772: Link(LINKTYPE_ETHERNET, "Ethernet"),  # the loopback interface: with addresses that are all zero
    801: Link(105, "IEEE 802.11"),
    803: Link(127, "radiotap"),
    519: Link(LINKTYPE_RAW, "raw IP"),
    768: Link(LINKTYPE_RAW, "raw IP"),  # IP in IP
    769: Link(LINKTYPE_RAW, "raw IP"),  # IP in IPv6
    776: Link(LINKTYPE_RAW, "raw IP"),  # IPv6 in IP
    65534: Link(LINKTYPE_RAW, "raw IP"),  # tun, WireGuard
}


def link_of(hardware_type: int) -> Link:
    """How the frames of a device type (ARPHRD_) are captured; cooked where nothing better is known."""
    return _LINKS.get(hardware_type, COOKED)


@dataclass(frozen=True, slots=True)
class Device:
    """A network interface as the kernel knows it."""

    name: str
    index: int
    hardware_type: int
    up: bool
    loopback: bool

    @property
    def link(self) -> Link:
        """How its frames begin."""
        return link_of(self.hardware_type)


def device(name: str) -> Device:
    """The interface of this name.  Raises LiveError, with the names that there are, when there is none."""
    if not 0 < len(name.encode()) <= _LONGEST_NAME or "/" in name or "\0" in name:
        raise _unknown(name)
    request = struct.pack("16s24x", name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        try:
            index = socket.if_nametoindex(name)
            (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
            (hardware_type,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFHWADDR, request), 16)
        except OSError:
            raise _unknown(name) from None
    return Device(name, index, hardware_type, bool(flags & _IFF_UP), bool(flags & _IFF_LOOPBACK))


def working(name: str) -> Device:
    """The interface of this name, which is up.  Raises LiveError when there is none, or nothing passes there."""
    found = device(name)
    if not found.up:
        raise LiveError(f"{name} is down, so nothing passes there: bring it up with `ip link set {name} up`")
    return found


def disappeared(name: str) -> str:
    """What is said when an interface that was captured on is no longer there."""
    return f"{name} has disappeared"


def went_down(name: str) -> str:
    """What is said when an interface that was captured on is not up any more."""
    return f"{name} went down"


def names() -> dict[int, str]:
    """The name of every interface by its number."""
    return dict(socket.if_nameindex())


def loopback() -> int | None:
    """The number of the loopback interface; None in the rare namespace that has none."""
    for name in names().values():
        found = device(name)
        if found.loopback:
            return found.index
    return None


def _unknown(name: str) -> LiveError:
    there = sorted(names().values())
    close = difflib.get_close_matches(name, there, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join([*there, ANY])}"
    return LiveError(f"there is no interface {name!r}{hint}")
