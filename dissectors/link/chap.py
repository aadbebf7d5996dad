"""The Challenge Handshake Authentication Protocol of PPP."""
from __future__ import annotations

from dissectors.fields import Bytes, Text, Uint
from dissectors.header import Header, by

CODES = {1: "Challenge", 2: "Response", 3: "Success", 4: "Failure"}


class CHAP(Header):
    """Challenge Handshake Authentication Protocol (RFC 1994, 4)."""

    name = "chap"
    label = "PPP CHAP"
    code = Uint(8, "code", names=CODES)
    identifier = Uint(8, "the same in a challenge and what answers it")
    length = Uint(16, "the whole message, octets")

    end = length
    follows = {"ppp.protocol": 0xC223}
    next = by(code)

    def info(self) -> str | None:
        return CODES.get(self.code, f"code {self.code}") if self.whole else None


class CHAPValue(Header):
    """Challenge and response (RFC 1994, 4.1)."""

    name = "chap.exchange"
    prefix = "chap"
    part_of = "chap"
    value_size = Uint(8, "value, octets")
    value = Bytes(value_size, "challenge or response")
    name_ = Text("name of the system that sends")

    follows = {"chap.code": (1, 2)}


class CHAPAnswer(Header):
    """Success and failure (RFC 1994, 4.2)."""

    name = "chap.answer"
    prefix = "chap"
    part_of = "chap"
    message = Text("for a person")

    follows = {"chap.code": (3, 4)}
