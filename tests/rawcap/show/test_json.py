"""One JSON object a packet."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Interface, Packet
from rawcap.show.json import JsonView

ETHERNET = Interface()


def line(packet: Packet) -> str:
    written: list[str] = []
    JsonView(written.append).show(packet)
    return "".join(written)


def layer(packet: Packet, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in json.loads(line(packet))["layers"] if each["layer"] == name)
    return found


def test_the_frame(frames: dict[str, bytes]) -> None:
    shown = json.loads(line(Packet(frames["udp"], ETHERNET, 1_700_000_000_000_000_001, -1, 3)))
    assert list(shown) == ["number", "time", "time_ns", "layers"]
    assert shown["number"] == 3
    assert shown["time_ns"] == 1_700_000_000_000_000_001
    assert shown["time"] == "2023-11-14T22:13:20.000000001Z"
    assert [each["layer"] for each in shown["layers"]] == ["frame", "eth", "ip", "udp", "data"]
    assert shown["layers"][0]["frame.len"] == 47


def test_values_have_types(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["udp"], ETHERNET, 1_700_000_000_000_000_001)
    ip = layer(packet, "ip")
    assert ip["octets"] == [14, 34]
    assert ip["ip.src"] == "192.0.2.1"
    assert ip["ip.id"] == 0x1234
    assert ip["ip.flags.df"] is True
    assert ip["ip.flags.mf"] is False
    assert layer(packet, "data")["data.data"] == "68656c6c6f"
    assert layer(packet, "frame")["frame.time_epoch"] == "1700000000.000000001"


def test_options_are_nested(frames: dict[str, bytes]) -> None:
    (options,) = layer(Packet(frames["synack"], ETHERNET), "tcp")["groups"]
    assert (options["title"], options["octets"]) == ("options", [54, 62])
    size = options["groups"][0]
    assert (size["title"], size["octets"], size["tcp.option_kind"]) == ("Maximum segment size", [54, 58], 2)
    assert size["tcp.options.mss_val"] == 1460


def test_a_field_that_repeats_by_its_declaration_is_a_list_even_when_there_is_one() -> None:
    # An IGMPv3 query of group 233.252.0.1 for the source 192.0.2.1 (RFC 3376, 4.1).
    query = bytes.fromhex("1100 0000 e9fc0001 0000 0001 c0000201")
    header = bytes.fromhex("4500 0024 0000 0000 0102 0000 c0000209 e9fc0001")
    (version,) = layer(Packet(header + query, Interface(linktype=101)), "igmp")["groups"]
    assert version["groups"][0]["igmp.saddr"] == ["192.0.2.1"]


def test_a_row_of_several_fields_is_a_group(frames: dict[str, bytes]) -> None:
    # An acknowledgement with a SACK block from 7001 to 8001 (RFC 2018): 10 octets of option behind two NOPs.
    ip = frames["ack"][14:34].replace(bytes.fromhex("45000028"), bytes.fromhex("45000034"))
    tcp = frames["ack"][34:46] + b"\x80" + frames["ack"][47:54]
    sack = bytes.fromhex("0101 050a 00001b59 00001f41")
    (options,) = layer(Packet(frames["ack"][:14] + ip + tcp + sack, ETHERNET), "tcp")["groups"]
    (block,) = options["groups"][2]["groups"]
    assert block["octets"] == [58, 66]
    assert (block["tcp.options.sack_le"], block["tcp.options.sack_re"]) == (7001, 8001)


def test_trouble_is_there_only_when_there_is_some(frames: dict[str, bytes]) -> None:
    whole = layer(Packet(frames["ack"], ETHERNET), "ip")
    assert not {"truncated", "malformed", "quoted"} & set(whole)
    short = frames["ack"][:14] + b"\x44" + frames["ack"][15:]
    assert layer(Packet(short, ETHERNET), "ip")["malformed"] == "IPv4 gives its header fewer than 20 octets"
    assert layer(Packet(frames["ack"][:50], ETHERNET, None, 54), "tcp")["truncated"] is True


def test_a_packet_without_a_time_has_null() -> None:
    shown = json.loads(line(Packet(b"", ETHERNET)))
    assert (shown["time"], shown["time_ns"]) == (None, None)


def test_a_time_that_no_calendar_reaches_is_exact_in_nanoseconds() -> None:
    shown = json.loads(line(Packet(b"", ETHERNET, 2**100)))
    assert (shown["time"], shown["time_ns"]) == (None, 2**100)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@given(st.binary(max_size=200), st.sampled_from([0, 1, 101, 113, 276, 65000]))
def test_any_octets_make_one_line_of_ascii_that_parses(octets: bytes, linktype: int) -> None:
    shown = line(Packet(octets, Interface(linktype=linktype, name="\ud800\n"), 0, -1, 1))
    assert shown.count("\n") == 1
    assert shown.isascii()
    json.loads(shown, parse_constant=_refuse)
