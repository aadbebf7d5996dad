"""Several threads dissect at once, each its own packets."""

import struct
import threading

import pytest

from dissectors.packet import Packet
from dissectors.transport.tcp import TCP


def segment(options):
    options += bytes(-len(options) % 4)
    tcp = struct.pack(">HHIIBBHHH", 1000, 80, 1, 0, (20 + len(options)) // 4 << 4, 0x10, 100, 0, 0) + options
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    return b"\2" * 6 + b"\4" * 6 + b"\x08\0" + ip + tcp


# Times, a segment size, and selective acknowledgements that say they are longer than the header has room for.
LONG = segment(bytes.fromhex("080a0000000100000002 020405b4 053001010101"))
SHORT = segment(b"")[:20]


def told(packet):
    return [(type(option), option.start, option.stop, option.status) for option in packet.tcp.options]


@pytest.mark.parametrize("in_a_thread", [False, True])
def test_options_stay_those_of_their_frame_while_another_is_dissected(in_a_thread, monkeypatch):
    expected = told(Packet.of(LONG))
    unfinished = TCP.unfinished.fget
    seen = []

    def dissects_another(layer):
        """As when, in between, the turn is another thread's."""
        work = lambda: seen.append(len(Packet.of(SHORT).layers))  # noqa: E731
        thread = threading.Thread(target=work)
        thread.start() if in_a_thread else work()
        if in_a_thread:
            thread.join()
        return unfinished(layer)

    monkeypatch.setattr(TCP, "unfinished", property(dissects_another))
    assert told(Packet.of(LONG)) == expected
    assert seen == [2]
