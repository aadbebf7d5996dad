"""The Password Authentication Protocol of PPP: name and password in the clear."""
from __future__ import annotations

from dissectors.fields import Text, Uint
from dissectors.header import Header, always, by

CODES = {1: "Authenticate-Request", 2: "Authenticate-Ack", 3: "Authenticate-Nak"}


class PAP(Header):
    """Password Authentication Protocol (RFC 1334, 2.2)."""

    name = "pap"
    label = "PPP PAP"
    code = Uint(8, "code", names=CODES)
    identifier = Uint(8, "the same in a request and what answers it")
    length = Uint(16, "the whole message, octets")

    end = length
    follows = {"ppp.protocol": 0xC023}
    next = by(code)

    def info(self) -> str | None:
        return CODES.get(self.code, f"code {self.code}") if self.whole else None


class PAPPassword(Header):
    """Password (RFC 1334, 2.2.1)."""

    name = "pap.password"
    prefix = "pap"
    part_of = "pap"
    password_length = Uint(8, "password, octets", name="pap.password.length")
    password = Text("password", password_length, name="pap.password")


class PAPPeer(Header):
    """Who asks (RFC 1334, 2.2.1)."""

    name = "pap.request"
    prefix = "pap"
    part_of = "pap"
    peer_id_length = Uint(8, "name, octets", name="pap.peer_id.length")
    peer_id = Text("name of the peer", peer_id_length)

    follows = {"pap.code": 1}
    next = always(PAPPassword)


class PAPAnswer(Header):
    """Acknowledgement or refusal (RFC 1334, 2.2.2)."""

    name = "pap.answer"
    prefix = "pap"
    part_of = "pap"
    message_length = Uint(8, "message, octets", name="pap.message.length")
    message = Text("for a person", message_length)

    follows = {"pap.code": (2, 3)}
