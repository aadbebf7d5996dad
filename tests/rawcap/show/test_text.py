"""One line a packet."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from dissectors.packet import Interface, Packet
from rawcap.show.clock import clock
from rawcap.show.colours import Paint
from rawcap.show.text import TextView

ETHERNET = Interface()


def lines(*packets: Packet, colour: bool = False, names: Mapping[str, str] | None = None, at_once: bool = False) -> str:
    written: list[str] = []
    view = TextView(
        written.append, clock=clock("e"), paint=Paint(colour), names=lambda: names or {}, at_once=at_once
    )
    for packet in packets:
        view.show(packet)
    view.flush()
    return "".join(written)


def test_columns(frames: dict[str, bytes]) -> None:
    first = Packet(frames["udp"], ETHERNET, 1_500_000_000, -1, 1)
    assert lines(first) == "    1   1.500000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5\n"


def test_columns_agree_among_the_first_packets(frames: dict[str, bytes]) -> None:
    ipv6 = bytes.fromhex(
        "020000000002020000000001 86dd 6000000000081140 20010db8000000000000000000000001"
        "20010db8000000000000000000000002 13889c40 0008 f5a2"
    )
    shown = lines(Packet(frames["udp"], ETHERNET, 0, -1, 1), Packet(ipv6, ETHERNET, 0, -1, 2))
    assert shown.splitlines()[0].startswith("    1   0.000000    192.0.2.1 → 192.0.2.2    UDP   5000 → 40000 Len=5")
    assert shown.splitlines()[1].startswith("    2   0.000000  2001:db8::1 → 2001:db8::2  UDP   5000 → 40000 Len=0")


def test_a_line_that_is_wanted_at_once_is_written_at_once(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    packet = Packet(frames["udp"], ETHERNET, 0, -1, 1)
    TextView(written.append, clock=clock("e"), paint=Paint(False), at_once=True).show(packet)
    assert written == ["    1   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5\n"]


def on(interface: str, frame: bytes, number: int) -> Packet:
    return Packet(frame, Interface(name=interface), 0, -1, number)


def test_packets_of_one_interface_do_not_name_it(frames: dict[str, bytes]) -> None:
    shown = lines(on("eth0", frames["udp"], 1), on("", frames["udp"], 2), on("eth0", frames["udp"], 3))
    assert shown.splitlines()[0] == "    1   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5"
    assert shown.splitlines()[1] == "    2   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5"


def test_packets_of_several_interfaces_name_them_from_the_first_line_on(frames: dict[str, bytes]) -> None:
    shown = lines(on("lo", frames["udp"], 1), on("eth0", frames["udp"], 2), on("", frames["udp"], 3))
    assert shown.splitlines() == [
        "    1   0.000000  lo    192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5",
        "    2   0.000000  eth0  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5",
        "    3   0.000000        192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5",
    ]


def test_interfaces_are_named_from_the_second_on_when_lines_do_not_wait(frames: dict[str, bytes]) -> None:
    packets = [on("eth0", frames["udp"], 1), on("lo", frames["udp"], 2), on("eth0", frames["udp"], 3)]
    assert lines(*packets, at_once=True).splitlines() == [
        "    1   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5",
        "    2   0.000000  lo    192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5",
        "    3   0.000000  eth0  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5",
    ]


def test_the_only_interface_is_named_where_that_is_asked_for(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    view = TextView(written.append, clock=clock("e"), paint=Paint(False), at_once=True, interfaces=True)
    view.show(on("eth0", frames["udp"], 1))
    assert written == ["    1   0.000000  eth0  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5\n"]


def test_the_name_of_an_interface_cannot_reach_the_terminal_as_a_command(frames: dict[str, bytes]) -> None:
    shown = lines(on("a", frames["udp"], 1), on("\x1b[2J", frames["udp"], 2))
    assert "\x1b" not in shown


def test_a_line_is_cut_where_the_terminal_ends(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    view = TextView(written.append, clock=clock("e"), paint=Paint(True), at_once=True, width=60)
    view.show(Packet(frames["udp"], ETHERNET, 0, -1, 1))
    view.show(Packet(frames["udp"][:44], ETHERNET, 0, 47, 2))
    view.show(Packet(frames["syn"], ETHERNET, 0, -1, 3))
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in written] == [
        "    1   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000…\n",
        "    2   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000…\n",
        "    3   0.000000  192.0.2.1 → 192.0.2.2  TCP   49152 → 443 …\n",
    ]


def test_trouble_is_cut_where_the_terminal_ends(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    view = TextView(written.append, clock=clock("e"), paint=Paint(False), at_once=True, width=72)
    view.show(Packet(frames["udp"][:44], ETHERNET, 0, 47, 2))
    assert written == ["    2   0.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5 [trun…\n"]


def test_lines_wait_for_a_hundred_packets_and_no_longer(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    view = TextView(written.append, clock=clock("e"), paint=Paint(False))
    packet = Packet(frames["udp"], ETHERNET, 0, -1, 1)
    for _ in range(99):
        view.show(packet)
    assert written == []
    view.show(packet)
    assert len(written) == 100
    view.show(packet)
    assert len(written) == 101


def test_trouble_stands_at_the_end(frames: dict[str, bytes]) -> None:
    cut = Packet(frames["udp"][:44], ETHERNET, 0, 47, 1)
    assert lines(cut).endswith("UDP   5000 → 40000 Len=5 [truncated 44 of 47]\n")


def test_names_stand_in_for_addresses(frames: dict[str, bytes]) -> None:
    shown = lines(Packet(frames["udp"], ETHERNET, 0, -1, 1), names={"192.0.2.2": "server.example"})
    assert "192.0.2.1 → server.example  UDP" in shown


def test_a_name_cannot_reach_the_terminal_as_a_command(frames: dict[str, bytes]) -> None:
    shown = lines(Packet(frames["udp"], ETHERNET, 0, -1, 1), names={"192.0.2.2": "\x1b[2Jserver"})
    assert "192.0.2.1 → \\x1b[2Jserver  UDP" in shown


def test_colours_are_taken_from_the_protocol(frames: dict[str, bytes]) -> None:
    assert lines(Packet(frames["udp"], ETHERNET, 0, -1, 1), colour=True) == (
        "\x1b[2m    1   0.000000\x1b[0m  192.0.2.1 → 192.0.2.2  \x1b[34mUDP \x1b[0m  5000 → 40000 Len=5\n"
    )


def test_a_reset_stands_out(frames: dict[str, bytes]) -> None:
    shown = lines(Packet(frames["rst"], ETHERNET, 0, -1, 1), colour=True)
    assert "\x1b[1;31m443 → 49152 [RST, ACK]" in shown


def test_trouble_stands_out(frames: dict[str, bytes]) -> None:
    shown = lines(Packet(frames["udp"][:44], ETHERNET, 0, 47, 1), colour=True)
    assert shown.endswith(" \x1b[1;31m[truncated 44 of 47]\x1b[0m\n")


@pytest.mark.parametrize("linktype", [1, 101, 113, 65000])
@pytest.mark.parametrize("octets", [b"", b"\xff", b"\x45" * 60, b"\x1b[31m" * 20])
def test_any_octets_make_one_printable_line(linktype: int, octets: bytes) -> None:
    shown = lines(Packet(octets, Interface(linktype=linktype), 0, -1, 1))
    assert shown.endswith("\n")
    assert shown[:-1].isprintable()
