"""What PPP's own protocols have in common: a code, an identifier, a length, and options for some codes.

One file each declares the protocols: lcp.py, ipcp.py, ipv6cp.py, pap.py, chap.py.
"""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header

CODES = {
    1: "Configuration Request",
    2: "Configuration Ack",
    3: "Configuration Nak",
    4: "Configuration Reject",
    5: "Termination Request",
    6: "Termination Ack",
    7: "Code Reject",
    8: "Protocol Reject",
    9: "Echo Request",
    10: "Echo Reply",
    11: "Discard Request",
    12: "Identification",
    13: "Time Remaining",
}
CONFIGURE = (1, 2, 3, 4)


class ControlProtocol(Header):
    """Common header of PPP's control protocols (RFC 1661, 5)."""

    prefix = "ppp"
    code = Uint(8, "code", names=CODES)
    identifier = Uint(8, "the same in a request and what answers it")
    length = Uint(16, "the whole message, octets")

    end = length

    def info(self) -> str | None:
        return CODES.get(self.code, f"code {self.code}") if self.whole else None


CODE = ControlProtocol.declaration.fields["code"]
