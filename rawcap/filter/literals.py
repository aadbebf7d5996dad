"""Literals: from how a user writes a value to the value.

Each function takes the literal without its quotes and gives None for what it cannot be.  Numbers are of bounded
length, so that none takes long to read.
"""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime, timedelta, timezone

_NUMBER = re.compile(r"(-?)(?:0[xX]([0-9A-Fa-f]{1,16})|0[bB]([01]{1,64})|0([0-7]{1,22})|(0|[1-9][0-9]{0,19}))")
_SECONDS = re.compile(r"(-?)([0-9]{1,12})?(?:\.([0-9]{1,9}))?")
_CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
_ZONE = r"\s*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:[T ]\s*{_CLOCK})?{_ZONE}")
_LEGACY = re.compile(rf"([A-Z][a-z]{{2}}) +([0-9]{{1,2}}), *([0-9]{{4}}) +{_CLOCK}{_ZONE}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OCTETS = re.compile(r"(?:[0-9A-Fa-f]{1,2}|[0-9A-Fa-f]{4})(?:[:.-](?:[0-9A-Fa-f]{1,2}|[0-9A-Fa-f]{4}))*")
_TRUTH = {"true": True, "set": True, "false": False, "not set": False}


def number(text: str) -> int | None:
    """A whole number: decimal, `0x` hexadecimal, `0b` binary, or octal when it begins with 0."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    for digits, base in zip(match.groups()[1:], (16, 2, 8, 10), strict=True):
        if digits is not None:
            return int(match[1] + digits, base)
    return None


def truth(text: str) -> int | None:
    """True or False in any case, "set" or "not set", or a number, of which only 0 is False."""
    known = _TRUTH.get(text.lower())
    if known is not None:
        return known
    value = number(text)
    return None if value is None else value != 0


def time(text: str) -> int | None:
    """Nanoseconds: of seconds written as a decimal fraction, or since the epoch of a date.

    A date is ISO 8601 (`2026-11-23T10:00:00Z`, with a space for the T, or without the clock) or in the older form
    `Nov 23, 2026 10:00:00 UTC`.  Without a zone it is local time.
    """
    match = _SECONDS.fullmatch(text)
    if match is not None and (match[2] or match[3]):
        nanoseconds = int(match[2] or 0) * 1_000_000_000 + int((match[3] or "").ljust(9, "0"))
        return -nanoseconds if match[1] else nanoseconds
    if match := _ISO.fullmatch(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif (match := _LEGACY.fullmatch(text)) and match[1] in _MONTHS:
        year, month, day = int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2])
    else:
        return None
    hour, minute, second, fraction, zone = match.groups()[3:]
    try:
        moment = datetime(year, month, day, int(hour or 0), int(minute or 0), int(second or 0), tzinfo=_zone(zone))
        since = moment.astimezone(UTC) - _EPOCH
    except (ValueError, OverflowError):  # a day or an hour that does not exist, or a year that zones leave
        return None
    return (since.days * 86400 + since.seconds) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def _zone(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written in ("Z", "UTC"):
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)


def octets(text: str) -> bytes | None:
    """Octets in hexadecimal: one or two digits each, or four for two, between `:`, `.` or `-`; or `0x` and two."""
    if re.fullmatch("0x[0-9A-Fa-f]{2}", text):
        return bytes([int(text, 16)])
    if re.fullmatch("(?:[0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text)
    if _OCTETS.fullmatch(text):
        return b"".join(bytes.fromhex(part.rjust(2, "0")) for part in re.split("[:.-]", text))
    return None


def ether(text: str) -> bytes | None:
    """A MAC address, written as octets are."""
    found = octets(text)
    return found if found is not None and len(found) == 6 else None


def eui64(text: str) -> bytes | None:
    """An EUI-64 address, written as octets are."""
    found = octets(text)
    return found if found is not None and len(found) == 8 else None


def ipv4(text: str) -> bytes | None:
    """An IPv4 address of four decimal numbers."""
    return _address(socket.AF_INET, text)


def ipv6(text: str) -> bytes | None:
    """An IPv6 address (RFC 4291, 2.2), without a zone."""
    return _address(socket.AF_INET6, text)


def _address(family: socket.AddressFamily, text: str) -> bytes | None:
    try:
        return socket.inet_pton(family, text)
    except (OSError, ValueError):  # the second for what cannot be a C string
        return None
