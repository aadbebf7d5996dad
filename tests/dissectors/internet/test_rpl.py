"""RPL control messages (RFC 6550, 6)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


DODAG = "20010db8000000000000000000000001"


def test_the_code_says_which_message(carry6: Carry) -> None:
    assert carry6(58, "9b00 0000 00 00")["icmpv6.rpl.dis.flags"] == 0
    assert carry6(58, "9b01 0000 1e 02 0100 88 f0 00 00" + DODAG)["icmpv6.rpl.dio.rank"] == 256
    assert carry6(58, "9b02 0000 1e c0 00 05" + DODAG)["icmpv6.rpl.dao.sequence"] == 5
    assert carry6(58, "9b03 0000 1e 00 05 80")["icmpv6.rpl.daoack.status"] == 128


def test_information_object(carry6: Carry) -> None:
    packet = carry6(58, "9b01 0000 1e 02 0100 88 f0 00 00" + DODAG + "04 0e 0102030405060708090a0b0c0d0e")
    icmpv6 = packet.icmpv6
    assert (icmpv6.instance, icmpv6.version, icmpv6.dtsn, icmpv6.dagid) == (0x1E, 2, 0xF0, "2001:db8::1")
    assert (packet["icmpv6.rpl.dio.flag.g"], packet["icmpv6.rpl.dio.flag.mop"]) == (True, 1)
    assert packet["icmpv6.rpl.opt.type"] == 4
    assert icmpv6.info() == "RPL Control (DODAG Information Object)"


def test_the_dodag_is_there_when_a_bit_says_so(carry6: Carry) -> None:
    assert carry6(58, "9b02 0000 1e 40 00 05" + DODAG)["icmpv6.rpl.dao.dodagid"] == "2001:db8::1"
    packet = carry6(58, "9b02 0000 1e 00 00 05 00 01 02 0000")
    assert packet["icmpv6.rpl.dao.dodagid"] is None
    assert packet.values("icmpv6.rpl.opt.type") == [0, 1]
