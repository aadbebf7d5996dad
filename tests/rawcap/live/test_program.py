"""The filter as the kernel runs it: for the kernel's frame the answer that libpcap has for the one that is shown."""

from __future__ import annotations

import operator
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rawcap
from dissectors.packet import Interface, Packet
from rawcap.filter import FilterError
from rawcap.filter.kernel import pcap_filter
from rawcap.live.errors import LiveError
from rawcap.live.program import (
    COOKED,
    ETHERNET,
    IPV4,
    REFUSE,
    Direction,
    Instruction,
    Layout,
    Number,
    Octets,
    Shape,
    Withheld,
    as_it_is,
    attach,
    ipv6,
    relocate,
    socket_program,
)
from scripts.captures.hosts import Host, Lab, check, libc

ROOT = Path(__file__).parents[3]

# -- the kernel, as far as a program knows it -----------------------------------------------------------------

PROTOCOL, PKTTYPE, IFINDEX, HATYPE, VLAN_TAG, VLAN_TAG_PRESENT, VLAN_TPID = 0, 4, 8, 28, 44, 48, 60
OUTGOING = 4
LO, ETH0 = 1, 2  # interface numbers


@dataclass
class Held:
    """A frame as the kernel holds it: its octets, the numbers beside it, and all octets from a header on."""

    data: bytes
    numbers: dict[int, int] = field(default_factory=dict)
    network: bytes = b""
    link: bytes = b""


OPERATIONS: dict[int, Callable[[int, int], int]] = {
    0x00: operator.add,
    0x10: operator.sub,
    0x20: operator.mul,
    0x30: operator.floordiv,
    0x40: operator.or_,
    0x50: operator.and_,
    0x60: operator.lshift,
    0x70: operator.rshift,
    0x80: lambda a, _: -a,
    0x90: operator.mod,
    0xA0: operator.xor,
}


def run(instructions: Sequence[Instruction], frame: Held) -> int:
    """What the program returns, by Documentation/networking/filter.rst; an instruction that is none is a KeyError."""
    a = x = 0
    cells: dict[int, int] = {}
    at = 0

    def load(offset: int, size: int) -> int | None:
        for area, base in ((frame.network, 0xFFF00000), (frame.link, 0xFFE00000), (frame.data, 0)):
            if offset >= base:
                octets = area[offset - base : offset - base + size]
                return int.from_bytes(octets, "big") if len(octets) == size else None
        raise AssertionError(offset)

    while True:
        code, jt, jf, k = instructions[at]
        assert 0 <= jt < 256 and 0 <= jf < 256 and 0 <= k < 1 << 32
        at += 1
        kind = code & 7
        if kind == 0 and code & 0xE0 in (0x20, 0x40):  # ld [k], ld [x + k]
            if code & 0xE0 == 0x20 and k >= 0xFFFFF000:
                a = frame.numbers[k - 0xFFFFF000]
                continue
            found = load(k if code & 0xE0 == 0x20 else (x + k) & 0xFFFFFFFF, {0: 4, 8: 2, 0x10: 1}[code & 0x18])
            if found is None:
                return 0
            a = found
        elif kind in (0, 1):
            if code & 0xE0 == 0xA0:  # ldx 4 * ([k] & 0xf)
                found = load(k, 1)
                if found is None:
                    return 0
                value = 4 * (found & 0xF)
            elif code & 0xE0 == 0x60:
                value = cells[k]
            else:
                value = {0: k, 0x80: len(frame.data)}[code & 0xE0]
            a, x = (value, x) if kind == 0 else (a, value)
        elif kind in (2, 3):
            cells[k] = a if kind == 2 else x
        elif kind == 4:
            operand = x if code & 8 else k
            if code & 0xF0 in (0x30, 0x90) and not operand:
                return 0
            a = OPERATIONS[code & 0xF0](a, operand) & 0xFFFFFFFF
        elif code == 0x05:
            at += k
        elif kind == 5:
            operand = x if code & 8 else k
            taken = {0x10: a == operand, 0x20: a > operand, 0x30: a >= operand, 0x40: a & operand != 0}[code & 0xF0]
            at += jt if taken else jf
        elif kind == 6:
            return {0: k, 0x10: a}[code & 0x18]
        elif code == 0x07:
            x = a
        else:
            a = {0x87: x}[code]


# -- frames, shown and held -----------------------------------------------------------------------------------


@dataclass
class Both:
    """A frame of some shape, as it is shown and as the kernel holds it."""

    shown: bytes
    held: Held


def numbers(
    protocol: int = 0, kind: int = 0, tag: tuple[int, int] | None = None, interface: int = ETH0
) -> dict[int, int]:
    tpid, tci = tag or (0, 0)
    return {
        PROTOCOL: protocol,
        PKTTYPE: kind,
        IFINDEX: interface,
        HATYPE: 1,
        VLAN_TAG: tci,
        VLAN_TAG_PRESENT: int(tag is not None),
        VLAN_TPID: tpid,
    }


def half(octets: bytes, at: int) -> int:
    return int.from_bytes(octets[at : at + 2], "big")


def ethernet(frame: bytes) -> Both:
    """A frame that came in: the kernel took the outer tag out."""
    if half(frame, 12) in (0x8100, 0x88A8):
        rest = frame[:12] + frame[16:]
        return Both(frame, Held(rest, numbers(half(rest, 12), tag=(half(frame, 12), half(frame, 14)))))
    return Both(frame, Held(frame, numbers(half(frame, 12))))


def cooked(frame: bytes) -> Both:
    """The same, on a socket that gives the network layer."""
    held = ethernet(frame).held
    inner = half(held.data, 12)
    tag = frame[14:18] if held.numbers[VLAN_TAG_PRESENT] else b""
    shown = struct.pack("!HHIHBB8s", half(frame, 12), 0, ETH0, 1, 0, 6, frame[6:12]) + tag + held.data[14:]
    return Both(shown, Held(held.data[14:], {**held.numbers, PROTOCOL: inner}))


def cooked_outgoing(frame: bytes) -> Both:
    """A frame that leaves with the tag in it: only the link layer's header, which is out of reach, has it."""
    if half(frame, 12) not in (0x8100, 0x88A8):
        return Both(
            struct.pack("!HHIHBB8s", half(frame, 12), 0, ETH0, 1, OUTGOING, 6, frame[6:12]) + frame[14:],
            Held(frame[14:], numbers(half(frame, 12), OUTGOING), link=frame),
        )
    shown = struct.pack("!HHIHBB8s", half(frame, 12), 0, ETH0, 1, OUTGOING, 6, frame[6:12]) + frame[14:]
    return Both(shown, Held(frame[18:], numbers(half(frame, 12), OUTGOING), link=frame))


def datagram(frame: bytes) -> Both | None:
    """What a raw IPv6 socket gets, if the frame has a datagram without extension headers."""
    if half(frame, 12) != 0x86DD or len(frame) < 54:
        return None
    data = frame[54 : 54 + half(frame, 18)]
    shown = frame[14:18] + struct.pack("!H", len(data)) + frame[20:54] + data
    return Both(shown, Held(data, numbers(0x86DD), network=frame[14:54] + data, link=frame))


def tagged(frame: bytes, *tags: tuple[int, int]) -> bytes:
    return frame[:12] + b"".join(struct.pack("!HH", *tag) for tag in tags) + frame[12:]


def recorded() -> Iterator[bytes]:
    """Ethernet frames of the project's captures, whole ones."""
    for path in sorted((ROOT / "pcaps").glob("*.pcapng")):
        for packet in rawcap.read(path):
            if packet.interface.linktype == 1 and not packet.truncated and len(packet.data) >= 14:
                yield packet.data


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    """Frames without tags, and with: few octets, two tags, the tags of a provider, every second with a priority."""
    plain = list(dict.fromkeys(recorded()))
    made = list(plain)
    for index, frame in enumerate(plain[::3]):
        tci = (5, 0x6005, 100, 5 | 1 << 12)[index % 4]
        made.append(tagged(frame, (0x8100, tci)))
        made.append(tagged(frame, (0x88A8, 7), (0x8100, tci)))
    made += [bytes(14), plain[0][:13], tagged(bytes(12) + b"\x08\x00", (0x8100, 5)), plain[0] + bytes(9000)]
    return made


FILTERS = [
    "",
    "tcp",
    "tcp port 443",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[tcp[12] >> 2 & 0x3c:1] = 0x16",
    "udp",
    "udp port 53",
    "udp[8:4] = 0x68656c6c",
    "icmp or icmp6",
    "icmp6[0] = 135",
    "ip",
    "ip6",
    "not ip",
    "arp",
    "host 192.0.2.1",
    "net 192.0.2.0/24 and not tcp",
    "ip6 host 2001:db8::1",
    "src net 2001:db8::/32",
    "ip proto 6",
    "ip6 proto 17",
    "ip[6:2] & 0x1fff != 0",
    "ip[0] & 0xf > 5",
    "ip[ip[0] & 0xf] = 1",
    "ip6[6] = 58",
    "ip6[40] = 128",
    "ip multicast",
    "len > 90",
    "greater 64",
    "less 64",
    "len & 1 = 0",
    "len = ip[2:2] + 14",
    "portrange 1-1023",
    "dst port 80 or src port 80",
    "sctp",
    "tcp and len > 100 and not port 80",
    "ip[len - 100] = 0",
    "udp[4:2] > 40 and udp[4:2] < 200",
    "inbound",
    "outbound",
]

ON_ETHERNET = [
    "ether proto 0x8100",
    "ether proto 0x88a8",
    "vlan",
    "vlan 5",
    "vlan 5 and tcp port 443",
    "vlan 5 and ip6",
    "vlan and vlan 5",
    "vlan 7 and vlan 5 and udp",
    "not vlan",
    "vlan and not tcp",
    "vlan or tcp",
    "ether broadcast",
    "ether multicast",
    "ether src 00:00:5e:00:53:01",
    "ether host 00:00:5e:00:53:02 and tcp",
    "ether[12:2] = 0x8100",
    "ether[13] = 0",
    "ether[14] & 0xf = 0",
    "ether[11:2] & 0xff = 0x81",
    "ether[10:4] & 0xffff = 0x8100",
    "ether[13:4] != 0",
    "ether[14:4] = 0x00050800",
    "ether[15:2] = 0x0508",
    "ether[14:2] & 0xfff = 5",
    "ether[ether[5]] = 0",
    "ether[ether[5] + 10] = 0x81",
    "ether[ether[5] + 10:2] = 0x8100",
    "ether[ether[5] + 9:4] != 0",
    "ether[len - 1] = 0",
    "ether[len - 2:4] = 0",
    "ether[ether[0:4]] = 1",
    "ether[0 - ether[5]] = 1",
    "mpls",
    "pppoes",
    "llc",
]

COOKED_ONLY = ["link[0:2] = 0x8100", "link[0:4] = 0x08000000", "link[10] = 4", "link[8:2] = 1", "link[20] & 0xf = 5",
               "link[1:2] = 0", "link[2:4] = 0", "ifindex 2", "ifindex 3", "link[4:4] = 2", "link[7:4] = 0x02000100",
               "link[20:4] = 0x00050800"]  # fmt: skip

ON_RAW = [
    "ip6[0:4] = 0x60000000",
    "ip6[0:2] & 0xff0 = 0",
    "ip6[1] = 0",
    "ip6[3:2] != 0",
    "ip6[4:2] = 28",
    "ip6[4:4] & 0xff00 = 0x1100",
    "ip6[5:2] & 0xff = 6",
    "ip6[5:4] & 0xff = 0x20",
    "ip6[7] = 64",
    "ip6[7] = 255",
    "ip6[38:4] & 0xffff = 53",
    "ip6[39:2] = 0x0200",
    "ip6[ip6[5]] = 0",
    "ip6[ip6[7] - 30:4] != 0",
    "link[link[5] & 0x3f:2] != 0",
    "ip[0] & 0xf0 = 0x60",
]


def shown(frame: bytes, linktype: int) -> Packet:
    return Packet(frame, Interface(linktype))


def wrong(shape: Shape, filters: Sequence[str], frames: Sequence[Both]) -> list[tuple[str, str]]:
    """Filters and frames about which the kernel's program and libpcap's do not agree."""
    found = []
    for text in filters:
        wanted = pcap_filter(text, shape.linktype)
        if wanted.impossible:  # as `arp` of raw IP; what is said of these has a test of its own
            continue
        made = socket_program(wanted, shape=shape)
        for each in frames:
            if bool(run(made, each.held)) != wanted.matches(shown(each.shown, shape.linktype)):
                found.append((text, each.shown[:60].hex(" ", 2)))
    return found


# What only the kernel knows, libpcap does not know of a file.
DIRECTIONS = {"inbound", "outbound"}


def test_ethernet(frames: list[bytes]) -> None:
    filters = [text for text in FILTERS + ON_ETHERNET if text not in DIRECTIONS]
    assert wrong(ETHERNET, filters, list(map(ethernet, frames))) == []


def test_cooked(frames: list[bytes]) -> None:
    assert wrong(COOKED, FILTERS + COOKED_ONLY, [cooked(frame) for frame in frames if len(frame) >= 14]) == []


def test_cooked_with_the_tag_in_the_frame_that_leaves(frames: list[bytes]) -> None:
    assert wrong(COOKED, FILTERS + COOKED_ONLY, [cooked_outgoing(frame) for frame in frames if len(frame) >= 14]) == []


@pytest.mark.parametrize("protocol", [6, 17, 58])
def test_ipv6_socket(frames: list[bytes], protocol: int) -> None:
    datagrams = [each for frame in frames if (each := datagram(frame)) and each.shown[6] == protocol]
    assert datagrams
    assert wrong(ipv6(protocol), [text for text in FILTERS + ON_RAW if text not in DIRECTIONS], datagrams) == []


# -- whatever a filter says -----------------------------------------------------------------------------------


def expressions(name: str, last: int) -> st.SearchStrategy[str]:
    """Octets of a header at a fixed place or at one that other octets tell, compared with a number."""
    sizes = st.sampled_from(["", ":1", ":2", ":4"])
    fixed = st.integers(0, last).map(str)
    small = st.builds(lambda at, mask, plus: f"({name}[{at}] & {mask}) + {plus}", fixed, st.integers(0, 63), fixed)
    wild = st.builds(lambda at, size, minus: f"{name}[{at}{size}] - {minus}", fixed, sizes, fixed)
    places = fixed | small | wild
    return st.builds(
        lambda at, size, mask, relation, value: f"{name}[{at}{size}] & {mask} {relation} {value}",
        places,
        sizes,
        st.sampled_from([0xFF, 0xFFFF, 0xFFFFFFFF, 0x0F]),
        st.sampled_from(["=", "!=", ">", "<", ">=", "<="]),
        st.sampled_from([0, 1, 5, 6, 0x08, 0x0800, 0x8100, 0x81000005]),
    )


def filters(primitives: Sequence[str], *drawn: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Some of each, joined and negated."""
    return st.recursive(
        st.one_of(st.sampled_from(primitives), *drawn),
        lambda inner: st.builds(
            lambda no, left, word, right: f"{no}({left} {word} {right})",
            st.sampled_from(["", "not "]),
            inner,
            st.sampled_from(["and", "or"]),
            inner,
        ),
        max_leaves=5,
    )


PRIMITIVES = ["tcp", "udp", "ip", "ip6", "arp", "icmp", "port 443", "host 192.0.2.1", "greater 80", "len < 70"]


def agreed(shape: Shape, text: str, frames: Sequence[Both]) -> None:
    try:
        assert wrong(shape, [text], frames) == []
    except FilterError as problem:
        # libpcap finds that it always or never matches, or divides by zero: there is nothing to compare.
        assert str(problem) in ("expression rejects all packets", "the filter asks for the link-layer address, which "
                                "the kernel does not tell a program")  # fmt: skip


@given(text=filters([*PRIMITIVES, "vlan", "vlan 5"], expressions("ether", 30), expressions("ip", 24)))
def test_whatever_an_ethernet_filter_says(frames: list[bytes], text: str) -> None:
    agreed(ETHERNET, text, list(map(ethernet, frames[::7] + frames[-40:])))


@given(text=filters(PRIMITIVES, expressions("link", 28), expressions("ip", 24)))
def test_whatever_a_cooked_filter_says(frames: list[bytes], text: str) -> None:
    some = [frame for frame in frames[::7] + frames[-40:] if len(frame) >= 14]
    agreed(COOKED, text, [cooked(frame) for frame in some] + [cooked_outgoing(frame) for frame in some])


@given(text=filters(PRIMITIVES, expressions("link", 50), expressions("ip6", 50)))
def test_whatever_a_filter_of_a_raw_ipv6_socket_says(frames: list[bytes], text: str) -> None:
    datagrams = [each for frame in frames if (each := datagram(frame)) and each.shown[6] == 17]
    agreed(ipv6(17), text, datagrams)


# -- one instruction after the other --------------------------------------------------------------------------

LD_W, LD_H, LD_B, LD_LEN, LD_MEM = 0x20, 0x28, 0x30, 0x80, 0x60
LD_H_IND = 0x48
LDX_IMM, LDX_LEN, LDX_MSH, LDX_MEM = 0x01, 0x81, 0xB1, 0x61
ST, STX, ADD, AND, LSH, RSH, OR_X, TAX, TXA = 0x02, 0x03, 0x04, 0x54, 0x64, 0x74, 0x4C, 0x07, 0x87
JA, JEQ, JGE, JGT, JSET, RET, RET_A = 0x05, 0x15, 0x35, 0x25, 0x45, 0x06, 0x16

VLAN = ETHERNET.special[0][2]
WITH_TAG = Held(bytes(range(12)) + b"\x08\x00\x45" + bytes(range(100, 140)), numbers(tag=(0x8100, 0x1234)))


def returned(*instructions: Instruction, layout: Layout = VLAN, frame: Held = WITH_TAG) -> int:
    """What A is after some instructions have been moved into a layout; 0 when the frame was refused on the way."""
    return run(relocate([*instructions, (RET_A, 0, 0, 0)], layout), frame)


def test_a_load_moves_with_the_octets() -> None:
    assert relocate([(LD_B, 0, 0, 27), (JEQ, 0, 1, 6), (RET, 0, 0, 96), (RET, 0, 0, 0)], VLAN) == [
        (LD_B, 0, 0, 23),
        (JEQ, 0, 1, 6),
        (RET, 0, 0, 92),
        (RET, 0, 0, 0),
        (RET, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("load", "value"),
    [
        ((LD_W, 0, 0, 8), 0x08090A0B),
        ((LD_H, 0, 0, 12), 0x8100),
        ((LD_B, 0, 0, 12), 0x81),
        ((LD_B, 0, 0, 13), 0x00),
        ((LD_H, 0, 0, 14), 0x1234),
        ((LD_B, 0, 0, 14), 0x12),
        ((LD_B, 0, 0, 15), 0x34),
        ((LD_H, 0, 0, 16), 0x0800),
        ((LD_W, 0, 0, 12), 0x81001234),
        ((LD_W, 0, 0, 9), 0x090A0B81),
        ((LD_W, 0, 0, 10), 0x0A0B8100),
        ((LD_W, 0, 0, 11), 0x0B810012),
        ((LD_H, 0, 0, 13), 0x0012),
        ((LD_W, 0, 0, 15), 0x34080045),
        ((LD_LEN, 0, 0, 0), 12 + 4 + 2 + 1 + 40),
    ],
)
def test_what_a_load_finds_in_a_frame_whose_tag_is_elsewhere(load: Instruction, value: int) -> None:
    assert returned(load) == value


@pytest.mark.parametrize(("x", "value"), [(0, 0x0B81), (1, 0x8100), (2, 0x0012), (3, 0x1234), (4, 0x3408), (5, 0x0800)])
def test_a_load_that_x_moves_finds_what_is_there(x: int, value: int) -> None:
    assert returned((LDX_IMM, 0, 0, x), (LD_H_IND, 0, 0, 11)) == value


@pytest.mark.parametrize("x", [0xFFFFFFFF, 0xFFFFFFF0, 0xFFF00000, 0xFFFFF030, 0x7FFFFFFF, 100])
def test_nothing_is_at_a_place_beyond_the_frame(x: int) -> None:
    """The kernel by itself would count from the end of its numbers, or answer with something else."""
    assert returned((LDX_IMM, 0, 0, x), (LD_H_IND, 0, 0, 14)) == 0
    plain = ETHERNET.layout
    assert returned((LDX_IMM, 0, 0, x), (LD_H_IND, 0, 0, 14), layout=plain) == 0


@pytest.mark.parametrize("k", [0xFFF00000, 0xFFE00000, 0x80000000, 1 << 20, 0xFFFFEFFF, 58])
def test_nothing_is_at_a_fixed_place_beyond_the_frame(k: int) -> None:
    frame = Held(WITH_TAG.data, WITH_TAG.numbers, network=WITH_TAG.data, link=WITH_TAG.data)
    assert returned((LD_H, 0, 0, k), frame=frame) == 0
    assert returned((LDX_MSH, 0, 0, k + 1), (LD_LEN, 0, 0, 0), frame=frame) == 0


def test_what_the_kernel_answers_stays_the_question() -> None:
    assert returned((LD_H, 0, 0, 0xFFFFF000 + VLAN_TAG)) == 0x1234


def test_the_length_of_an_ip_header_is_read_where_it_is() -> None:
    assert relocate([(LDX_MSH, 0, 0, 18), (RET, 0, 0, 1)], VLAN)[0] == (LDX_MSH, 0, 0, 14)
    assert returned((LDX_MSH, 0, 0, 18), (TXA, 0, 0, 0)) == 20


def test_the_length_of_an_ip_header_may_be_where_the_tag_was() -> None:
    assert returned((LDX_MSH, 0, 0, 15), (TXA, 0, 0, 0)) == 16
    assert returned((LD_B, 0, 0, 18), (LDX_MSH, 0, 0, 15)) == 0x45


def test_the_length_in_x_counts_the_tag_and_leaves_a() -> None:
    assert returned((LD_B, 0, 0, 18), (LDX_LEN, 0, 0, 0), (TXA, 0, 0, 0)) == 59
    assert returned((LD_B, 0, 0, 18), (LDX_LEN, 0, 0, 0)) == 0x45


def test_x_survives_a_load_in_parts() -> None:
    assert returned((LDX_IMM, 0, 0, 7), (LD_W, 0, 0, 10), (TXA, 0, 0, 0)) == 7


def test_words_of_memory_that_the_filter_uses_are_not_taken() -> None:
    kept = [(0, 0, 0, 3), (ST, 0, 0, 0), (ST, 0, 0, 2)]
    assert returned(*kept, (LD_W, 0, 0, 10), (LD_MEM, 0, 0, 0)) == 3
    made = relocate([*kept, (LDX_LEN, 0, 0, 0), (LD_W, 0, 0, 10), (RET, 0, 0, 1)], VLAN)
    assert [k for code, _, _, k in made if code in (ST, STX)] == [0, 2, 1, 3]


def test_a_filter_that_uses_all_memory_is_refused_where_it_needs_more() -> None:
    full = [(ST, 0, 0, cell) for cell in range(16)]
    assert len(relocate([*full, (LD_H, 0, 0, 12), (RET, 0, 0, 1)], VLAN)) == 19
    with pytest.raises(FilterError, match="leaves no room in the memory that the kernel gives to a program"):
        relocate([*full, (LD_W, 0, 0, 12), (RET, 0, 0, 1)], VLAN)


def test_what_the_layout_decides_is_not_asked() -> None:
    """The type of a tag is not that of IPv4: nothing is left of a filter that asks for more."""
    asked = [(LD_H, 0, 0, 12), (JEQ, 0, 2, 0x800), (LD_B, 0, 0, 23), (JEQ, 1, 0, 6), (RET, 0, 0, 0), (RET, 0, 0, 1)]
    assert relocate(asked, VLAN) == [
        (LD_W, 0, 0, 0xFFFFF000 + VLAN_TPID),
        (JA, 0, 0, 0),
        (RET, 0, 0, 0),
        (RET, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("test", "undecided"),
    [
        ((JEQ, 0x8100), True),
        ((JEQ, 0x800), False),
        ((JGT, 0x8100), True),
        ((JGT, 0x88A8), False),
        ((JGE, 0x88A8), True),
        ((JGE, 0x8100), False),
        ((JSET, 0x0800), True),
        ((JSET, 0x8000), False),
    ],
)
def test_what_two_kinds_of_tag_leave_open(test: tuple[int, int], undecided: bool) -> None:
    code, k = test
    made = relocate([(LD_H, 0, 0, 12), (code, 0, 1, k), (RET, 0, 0, 1), (RET, 0, 0, 0)], VLAN)
    assert ((code, 0, 1, k) in made) == undecided


def test_what_is_known_is_forgotten_where_ways_meet() -> None:
    """Behind the first test A is 0x8100 or what stands at 20: it may be 0x0800 after all."""
    asked = [
        (LD_H, 0, 0, 12),
        (JEQ, 0, 1, 0x88A8),
        (LD_H, 0, 0, 20),
        (JEQ, 0, 1, 0x800),
        (RET, 0, 0, 1),
        (RET, 0, 0, 0),
    ]
    assert (JEQ, 0, 1, 0x800) in relocate(asked, VLAN)


def test_what_is_withheld_is_said() -> None:
    with pytest.raises(FilterError) as caught:
        socket_program(pcap_filter("link[11] = 6", 276), shape=COOKED)
    assert str(caught.value) == "the filter asks for the link-layer address, which the kernel does not tell a program"
    assert caught.value.render() == "link[11] = 6\n^~~~~~~~~~~~"


def test_places_are_found_by_their_beginning() -> None:
    layout = Layout(((0, Number((0, 0, 0, 9), 1)), (1, Withheld("that")), (2, Octets(5))))
    assert layout.at(0) == (0, 1, Number((0, 0, 0, 9), 1))
    assert layout.at(1) == (1, 2, Withheld("that"))
    assert layout.at(77) == (2, 1 << 32, Octets(5))
    assert layout.added == -3


# -- far jumps ------------------------------------------------------------------------------------------------


ACROSS: list[Instruction] = [(LD_W, 0, 0, 10)] * 50
"""Every one becomes seven instructions: no conditional jump reaches over them all."""


@pytest.mark.parametrize(
    ("tests", "moved"),
    [
        ([(JEQ, 51, 0, 1)], [(JEQ, 0, 1, 1), (JA, 0, 0, 351)]),
        ([(JEQ, 0, 51, 1)], [(JEQ, 1, 0, 1), (JA, 0, 0, 351)]),
        (
            [(JEQ, 1, 0, 2), (JEQ, 51, 52, 1)],
            [(JEQ, 3, 0, 2), (JEQ, 0, 1, 1), (JA, 0, 0, 352), (JA, 0, 0, 352)],
        ),
    ],
)
def test_a_jump_too_far_for_one_instruction_takes_two(tests: list[Instruction], moved: list[Instruction]) -> None:
    asked = [(LD_B, 0, 0, 0), *tests, *ACROSS, (RET, 0, 0, 7), (RET, 0, 0, 8), (RET, 0, 0, 9)]
    made = relocate(asked, VLAN)
    assert made[1 : 1 + len(moved)] == moved
    for first in range(4):
        shown_frame = bytes([first]) + bytes(11) + bytes.fromhex("81001234") + bytes(40)
        held = Held(bytes([first]) + bytes(51), numbers(tag=(0x8100, 0x1234)))
        assert run(made, held) == run(asked, Held(shown_frame))


def test_a_long_filter_jumps_as_it_did(frames: list[bytes]) -> None:
    hosts = " or ".join(f"host 198.51.100.{number} or ip6 host 2001:db8::{number:x}" for number in range(3, 60))
    texts = [f"{hosts} or tcp port 443", f"vlan and not ({hosts} or udp)", f"not ({hosts}) and ether[ether[5]] = 0"]
    assert wrong(ETHERNET, texts, list(map(ethernet, frames[::5] + frames[-40:]))) == []
    for text in texts:
        assert any(code == JA and k > 255 for code, _, _, k in socket_program(pcap_filter(text), shape=ETHERNET))


def test_a_filter_of_addresses_is_hardly_longer_for_two_kinds_of_frames() -> None:
    compiled = pcap_filter(" or ".join(f"src host 192.0.2.{number}" for number in range(100)))
    assert len(compiled.instructions) > 100
    assert len(socket_program(compiled, shape=ETHERNET)) < len(compiled.instructions) + 16


def test_too_long_a_program_is_refused() -> None:
    assert len(relocate([(LD_H, 0, 0, 12)] * 4094 + [(RET, 0, 0, 1)], VLAN)) == 4096
    with pytest.raises(FilterError) as caught:
        relocate([(LD_H, 0, 0, 12)] * 4095 + [(RET, 0, 0, 1)], VLAN)
    assert str(caught.value) == "the filter is too long for the kernel: 4097 instructions, of which it takes 4096"


def test_a_chain_of_headers_is_refused() -> None:
    with pytest.raises(FilterError) as caught:
        socket_program(pcap_filter("ip6 protochain 6"), shape=ETHERNET)
    assert str(caught.value) == "the filter follows a chain of headers, for which the kernel runs no program"


def test_what_a_filter_cannot_speak_of_is_said_by_libpcap() -> None:
    with pytest.raises(FilterError, match=r"^no VLAN support for Linux cooked v2$"):
        socket_program(pcap_filter("vlan 5"), shape=COOKED)


# -- all that a socket runs -----------------------------------------------------------------------------------


def test_without_a_filter_everything_is_taken() -> None:
    assert run(socket_program(None, shape=ETHERNET), Held(b"", numbers())) == 0x7FFFFFFF
    assert socket_program(None, shape=as_it_is(101)) == [(RET, 0, 0, 0x7FFFFFFF), (RET, 0, 0, 0)]


@pytest.mark.parametrize(
    ("shape", "tag", "snaplen", "octets"),
    [
        (ETHERNET, None, 96, 96),
        (ETHERNET, None, 1, 1),
        (ETHERNET, (0x8100, 5), 96, 92),
        (ETHERNET, (0x8100, 5), 17, 13),
        (ETHERNET, (0x8100, 5), 16, 12),
        (ETHERNET, (0x8100, 5), 13, 12),
        (ETHERNET, (0x8100, 5), 4, 4),
        (COOKED, None, 96, 76),
        (COOKED, None, 20, 1),
        (COOKED, None, 4, 1),
        (COOKED, (0x8100, 5), 96, 72),
        (COOKED, (0x8100, 5), 24, 1),
        (as_it_is(101), None, 96, 96),
        (IPV4, None, 96, 0x7FFFFFFF),
        (ipv6(6), None, 96, 0x7FFFFFFF - 40),
    ],
)
def test_the_kernel_keeps_what_the_shown_octets_need(
    shape: Shape, tag: tuple[int, int] | None, snaplen: int, octets: int
) -> None:
    frame = Held(bytes(200), numbers(0x0800, tag=tag), network=bytes(200))
    assert run(socket_program(None, shape=shape, snaplen=snaplen), frame) == octets
    wanted = pcap_filter("len > 10", shape.linktype)
    assert run(socket_program(wanted, shape=shape, snaplen=snaplen), frame) == octets


@pytest.mark.parametrize(
    ("direction", "loopback", "taken"),
    [
        ("inout", None, "lo in, lo out, eth0 in, eth0 out"),
        ("inout", LO, "lo in, eth0 in, eth0 out"),
        ("in", LO, "lo in, eth0 in"),
        ("in", None, "lo in, eth0 in"),
        ("out", LO, "lo out, eth0 out"),
        ("out", None, "lo out, eth0 out"),
    ],
)
@pytest.mark.parametrize("shape", [ETHERNET, COOKED])
@pytest.mark.parametrize("text", [None, "len > 1"])
def test_directions(text: str | None, shape: Shape, direction: Direction, loopback: int | None, taken: str) -> None:
    wanted = pcap_filter(text, shape.linktype) if text else None
    made = socket_program(wanted, shape=shape, direction=direction, loopback=loopback)
    passing = [
        f"{name} {way}"
        for name, interface in (("lo", LO), ("eth0", ETH0))
        for way, kind in (("in", 0), ("out", OUTGOING))
        if run(made, Held(bytes(60), numbers(0x0800, kind, interface=interface)))
    ]
    assert ", ".join(passing) == taken


def test_a_frame_for_another_host_came_in() -> None:
    made = socket_program(None, shape=ETHERNET, direction="in")
    assert run(made, Held(bytes(60), numbers(kind=3))) == 0x7FFFFFFF


def test_nothing_passes_the_program_that_refuses() -> None:
    assert run(REFUSE, Held(bytes(60), numbers())) == 0


# -- in the kernel --------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    """A socket for datagrams on the loopback interface: anybody may attach a filter to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(5)
        yield made


def test_the_kernel_takes_every_program(receiver: socket.socket) -> None:
    for shape, special in ((ETHERNET, ON_ETHERNET), (COOKED, COOKED_ONLY), (ipv6(17), ON_RAW)):
        for text in FILTERS + special:
            wanted = pcap_filter(text, shape.linktype)
            if not wanted.impossible:
                attach(receiver, socket_program(wanted, shape=shape, direction="in", loopback=LO))


def test_the_kernel_takes_the_longest_program(receiver: socket.socket) -> None:
    attach(receiver, [*[(0, 0, 0, 1)] * 4095, (RET, 0, 0, 1)])


def test_an_attached_program_is_run(receiver: socket.socket) -> None:
    attach(receiver, [(LD_B, 0, 0, 8), (JEQ, 0, 1, ord("y")), (RET, 0, 0, 0xFFFF), (RET, 0, 0, 0)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (b"no", b"yes", b"nor this", b"y"):
            sender.sendto(data, receiver.getsockname())
    assert [receiver.recv(100), receiver.recv(100)] == [b"yes", b"y"]


def test_another_program_takes_the_place_of_the_first(receiver: socket.socket) -> None:
    attach(receiver, REFUSE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"before", receiver.getsockname())
        attach(receiver, socket_program(None, shape=IPV4))
        sender.sendto(b"after", receiver.getsockname())
    assert receiver.recv(100) == b"after"


def test_a_program_that_the_kernel_refuses_is_one_line(receiver: socket.socket) -> None:
    with pytest.raises(LiveError, match=r"^the kernel does not take the filter: Invalid argument$"):
        attach(receiver, [(LD_B, 0, 0, 0)])


# -- in the kernel, on frames ---------------------------------------------------------------------------------

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID = 1 << 4
IPV6_AUTOFLOWLABEL = 70  # linux/in6.h
SENDER = bytes.fromhex("020000000099")  # of nobody, to nobody: no host of the lab answers
NOBODY = bytes.fromhex("020000000098")
FLUSH = NOBODY + SENDER + b"\x88\xb5" + b"that was all"  # an EtherType for experiments (IEEE 802)
LINKTYPES = {socket.SOCK_RAW: 1, socket.SOCK_DGRAM: 276}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.close()


class Tap:
    """A packet socket on `eth0` of a host, with a program; `index` is the interface's number."""

    def __init__(self, host: Host, kind: int, instructions: Sequence[Instruction]) -> None:
        self.kind = kind
        with host.inside():
            self.index = socket.if_nametoindex("eth0")
        self.socket = host.socket(socket.AF_PACKET, kind, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        attach(self.socket, instructions)
        self.socket.bind(("eth0", ETH_P_ALL))

    def frame(self) -> tuple[bytes, bytes]:
        """The next frame, as it is shown, and the link-layer address that sent it."""
        data, ancillary, _, (_, protocol, kind, hardware, address) = self.socket.recvmsg(1 << 16, 64)
        status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", ancillary[0][2])
        tag = struct.pack("!HH", tpid, tci) if status & TP_STATUS_VLAN_VALID else b""
        if self.kind == socket.SOCK_RAW:
            return data[:12] + tag + data[12:], address
        first, tag = (tag[:2], tag[2:] + struct.pack("!H", protocol)) if tag else (struct.pack("!H", protocol), b"")
        return first + struct.pack("!HIHBB8s", 0, self.index, hardware, kind, 6, address) + tag + data, address

    def until_flush(self) -> list[bytes]:
        """The frames of SENDER up to the second FLUSH: by the time it comes every socket has what was before."""
        found: list[bytes] = []
        while sum(frame.endswith(FLUSH[14:]) for frame in found) < 2:
            frame, sender = self.frame()
            found += [frame] if sender == SENDER else []
        return found[:-2]

    def queued(self) -> list[bytes]:
        """The frames of SENDER that are there, but for the FLUSH."""
        found = []
        self.socket.setblocking(False)
        while True:
            try:
                frame, sender = self.frame()
            except BlockingIOError:
                return found
            if sender == SENDER and not frame.endswith(FLUSH[14:]):
                found.append(frame)


def sent(frames: list[bytes]) -> list[bytes]:
    """Some of the frames, to go from nobody to nobody, with a tag and without; the kernel drops a tag with nothing."""
    short = [NOBODY + SENDER + frame[12:] for frame in frames if 20 <= len(frame) <= 1000]
    with_tag = [frame for frame in short if half(frame, 12) in (0x8100, 0x88A8)]
    return short[::9] + with_tag[::4]


@pytest.mark.privileged
@pytest.mark.parametrize("kind", [socket.SOCK_RAW, socket.SOCK_DGRAM])
@pytest.mark.parametrize("place", ["server", "client"])
def test_the_kernel_agrees_with_libpcap(lab: Lab, frames: list[bytes], kind: int, place: str) -> None:
    """Where they come in the kernel has taken the tags out; where they leave they are as they were made."""
    shape = ETHERNET if kind == socket.SOCK_RAW else COOKED
    host = lab.server if place == "server" else lab.client
    everything = Tap(host, kind, socket_program(None, shape=shape))
    texts = FILTERS + (ON_ETHERNET if kind == socket.SOCK_RAW else COOKED_ONLY)
    texts = [text for text in texts if kind == socket.SOCK_DGRAM or text not in DIRECTIONS]
    wanted = {text: pcap_filter(text, shape.linktype) for text in texts}
    taps = {text: Tap(host, kind, socket_program(each, shape=shape)) for text, each in wanted.items()}
    wire = lab.client.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("eth0", 0))
    for frame in [*sent(frames), FLUSH, FLUSH]:
        wire.send(frame)
    passed = everything.until_flush()
    assert len(passed) == len(sent(frames))
    for text, tap in taps.items():
        matching = [frame for frame in passed if wanted[text].matches(shown(frame, shape.linktype))]
        assert (text, tap.queued()) == (text, matching)


@pytest.mark.privileged
def test_the_kernel_keeps_what_is_asked_for(lab: Lab) -> None:
    tap = Tap(lab.server, socket.SOCK_RAW, socket_program(None, shape=ETHERNET, snaplen=20))
    wire = lab.client.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("eth0", 0))
    frame = NOBODY + SENDER + b"\x88\xb5" + bytes(range(50))
    for each in (frame, tagged(frame, (0x8100, 5))):
        wire.send(each)
    found: list[bytes] = []
    while len(found) < 2:
        octets, sender = tap.frame()
        found += [octets] if sender == SENDER else []
    assert found == [frame[:20], tagged(frame, (0x8100, 5))[:20]]


@pytest.mark.privileged
@pytest.mark.parametrize("kind", [socket.SOCK_RAW, socket.SOCK_DGRAM])
@pytest.mark.parametrize("interface", [LO, 0])  # 0 is every interface
@pytest.mark.parametrize(("direction", "way"), [("in", 0), ("inout", 0), ("out", OUTGOING)])
def test_a_frame_on_the_loopback_interface_is_seen_once(
    lab: Lab, kind: int, interface: int, direction: Direction, way: int
) -> None:
    shape = ETHERNET if kind == socket.SOCK_RAW else COOKED
    wanted = pcap_filter("udp port 9 and host 127.0.0.1", shape.linktype)
    tap = lab.client.socket(socket.AF_PACKET, kind, 0)
    attach(tap, socket_program(wanted, shape=shape, direction=direction, loopback=LO))
    address = struct.pack("=HHi12x", socket.AF_PACKET, socket.htons(ETH_P_ALL), interface)  # struct sockaddr_ll
    check(libc.bind(tap.fileno(), address, len(address)))
    sender = lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for data in (b"1", b"2", b"3"):
        sender.sendto(data, ("127.0.0.1", 9))
    seen = [tap.recvfrom(1 << 16) for _ in range(3)]
    assert [(data[-1:], where[2]) for data, where in seen] == [(b"1", way), (b"2", way), (b"3", way)]


@pytest.mark.privileged
def test_the_kernel_agrees_with_libpcap_about_a_raw_ipv6_socket(lab: Lab) -> None:
    protocol = 253  # for experiments (RFC 3692)

    def listener(text: str) -> socket.socket:
        made = lab.client.socket(socket.AF_INET6, socket.SOCK_RAW, protocol)
        attach(made, socket_program(pcap_filter(text, 101), shape=ipv6(protocol)))
        return made

    texts = [text for text in FILTERS + ON_RAW if text not in DIRECTIONS | {"arp"}]
    texts += ["ip6 proto 253", "ip6[6] = 253", "ip6[40:4] = 0x000001bb", "len = 47", "ip6 host ::1", "ip6[4:2] = 9"]
    taps = {text: listener(text) for text in texts}
    everything = listener("")
    sender = lab.client.socket(socket.AF_INET6, socket.SOCK_RAW, protocol)
    sender.setsockopt(socket.IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0)
    datagrams = []
    for hops in (1, 64, 255):
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        for size in (0, 1, 7, 9, 28, 500):
            data = (b"\x00\x00\x01\xbb" + bytes(range(256)) * 2)[:size]
            sender.sendto(data, ("::1", 0))
            loopback = socket.inet_pton(socket.AF_INET6, "::1")
            datagrams.append(struct.pack("!IHBB", 6 << 28, size, protocol, hops) + 2 * loopback + data)
    assert [everything.recv(1 << 16) for _ in datagrams] == [datagram[40:] for datagram in datagrams]
    for text, tap in taps.items():
        wanted = pcap_filter(text, 101)
        tap.setblocking(False)
        for datagram in datagrams:
            if wanted.matches(shown(datagram, 101)):
                assert (text, tap.recv(1 << 16)) == (text, datagram[40:])
        with pytest.raises(BlockingIOError):
            tap.recv(1 << 16)


@pytest.mark.privileged
def test_a_raw_socket_still_knows_how_long_a_datagram_was(lab: Lab) -> None:
    tap = lab.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    attach(tap, socket_program(pcap_filter("udp port 9", 101), shape=IPV4, snaplen=20))
    lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(100), ("127.0.0.1", 9))
    assert len(tap.recv(1 << 16)) == 128
