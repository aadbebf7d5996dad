"""Colours: when they are wanted, and which. Written as ANSI sequences (ECMA-48, 8.3.117), from the sixteen that
every terminal has, so that the user's own palette decides what they look like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

DIM = "2"
BOLD = "1"
BAD = "1;31"
VALUE = "36"
CALL = "32"

_OTHER = "37"
_PROTOCOLS = {
    "eth": "37",
    "sll": "37",
    "arp": "33",
    "ip": "37",
    "ipv6": "37",
    "icmp": "95",
    "icmpv6": "95",
    "igmp": "95",
    "tcp": "36",
    "udp": "34",
    "sctp": "36",
    "dccp": "36",
    "dns": "94",
    "dhcp": "94",
    "dhcpv6": "94",
    "ntp": "94",
    "http": "32",
    "tls": "35",
    "ssh": "35",
}


def wanted(choice: str, stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`: `choice` is "always", "never" or "auto".

    With "auto" NO_COLOR (no-color.org) forbids it, FORCE_COLOR asks for it, and else a terminal gets it.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def of_protocol(name: str) -> str:
    """The colour of a protocol, by its filter name."""
    return _PROTOCOLS.get(name, _OTHER)


class Paint:
    """Puts text in colour, or leaves it alone when `on` is false."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.on and text else text
