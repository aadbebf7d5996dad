"""IPv6 node information queries: a node's names and addresses by ICMPv6; the answer's data is left as it is."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, Uint
from dissectors.header import Header

QUERIES = {0: "NOOP", 2: "node name", 3: "node addresses", 4: "IPv4 addresses"}


class NodeInformation(Header):
    """Node information query and reply (RFC 4620, 4)."""

    name = "icmpv6.ni"
    part_of = "icmpv6"
    qtype = Uint(16, "what is asked for", names=QUERIES)
    flag = Uint(
        16,
        "flags",
        shown=hex,
        parts={
            "rsv": Uint(10, "not used", shown=hex),
            "g": Flag("global addresses"),
            "s": Flag("site-local addresses"),
            "l": Flag("link-local addresses"),
            "c": Flag("IPv4-compatible addresses"),
            "a": Flag("addresses of all interfaces"),
            "t": Flag("the answer is not complete"),
        },
    )
    nonce = Uint(64, "the same in query and reply", shown=hex)
    data_ = Bytes(None, "subject or answer", name="icmpv6.ni.data")

    follows = {"icmpv6.type": (139, 140)}

    def info(self) -> str | None:
        return f"({QUERIES[self.qtype]})" if self.qtype in QUERIES else None
