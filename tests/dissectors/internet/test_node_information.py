"""IPv6 node information queries (RFC 4620)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]



def test_query(carry6: Carry) -> None:
    packet = carry6(58, "8b00 0000 0003 0002 0102030405060708 20010db8000000000000000000000002")
    icmpv6 = packet.icmpv6
    assert (icmpv6.qtype, icmpv6.flag, icmpv6.nonce) == (3, 2, 0x0102030405060708)
    assert (packet["icmpv6.ni.flag.a"], packet["icmpv6.ni.flag.t"]) == (True, False)
    assert icmpv6.info() == "Node Information Query (node addresses)"
