"""Protocol Independent Multicast, version 2: its header, and the datagram inside a register."""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, always, by

TYPES = {
    0: "Hello",
    1: "Register",
    2: "Register-stop",
    3: "Join/Prune",
    4: "Bootstrap",
    5: "Assert",
    6: "Graft",
    7: "Graft-Ack",
    8: "Candidate-RP-Advertisement",
    9: "State-Refresh",
    10: "DF election",
}


class PIM(Header):
    """Protocol Independent Multicast (RFC 7761, 4.9)."""

    name = "pim"
    label = "PIM"
    version = Uint(4, "version")
    type = Uint(4, "message", names=TYPES)
    reserved = Uint(8, "not used, or subtype")
    cksum = Uint(16, "of the message; of a register, the first eight octets", shown=hex)

    follows = {"ip.proto": 103}
    next = by(type)

    def info(self) -> str | None:
        return None if self.type is None else TYPES.get(self.type, f"PIM type {self.type}")


class Register(Header):
    """Register: a datagram on its way to the rendezvous point (RFC 7761, 4.9.3)."""

    name = "pim.register"
    prefix = part_of = "pim"
    register_flag = Uint(
        32,
        "flags",
        shown=hex,
        parts={
            "border": Flag("from the border of the domain"),
            "null_register": Flag("only to keep the route alive"),
            "rest": Uint(30, "not used", name="pim.register_flag.reserved"),
        },
    )

    follows = {"pim.type": 1}
    next = always("ip.version")
