"""Chosen fields in columns. The expected cells are those of tshark 4.0 with the same options."""

from __future__ import annotations

import pytest

from dissectors.graph import graph
from dissectors.packet import Interface, Packet
from rawcap.show.fields import FieldsView, Style, style
from rawcap.tcp.tracker import Tracker

ETHERNET = Interface()

# 192.0.2.9 tells 192.0.2.1 that port 40000 of 192.0.2.2 is unreachable: two IPv4 headers, one of them quoted.
UNREACHABLE = bytes.fromhex(
    "4500003d 00004000 4001b68b c0000209 c0000201  03030000 00000000"
    "45000021 12344000 4011a494 c0000201 c0000202  13889c40 000d8835 68656c6c6f"
)


def rows(packet: Packet, *columns: str, **settings: str) -> list[str]:
    written: list[str] = []
    chosen = style([f"{name}={value}" for name, value in settings.items()])
    FieldsView(written.append, columns, graph, chosen).show(packet)
    return "".join(written).splitlines()


def row(packet: Packet, *columns: str, **settings: str) -> str:
    (only,) = rows(packet, *columns, **settings)
    return only


def test_columns_stand_in_the_order_asked_for_with_a_tab_between(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["ack"], ETHERNET)
    assert row(packet, "tcp.dstport", "ip.src", "eth.type") == "443\t192.0.2.1\t0x0800"


def test_values_are_written_as_tshark_writes_them(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["syn"], ETHERNET, 1_700_000_000_000_000_001, -1, 5)
    columns = ["frame.number", "frame.time_epoch", "eth.src", "ip.flags.df", "ip.flags.mf", "tcp.flags", "tcp.len"]
    assert row(packet, *columns) == "5\t1700000000.000000001\t02:00:00:00:00:01\t1\t0\t0x0002\t0"


def test_what_is_not_there_is_empty(frames: dict[str, bytes]) -> None:
    assert row(Packet(frames["udp"], ETHERNET), "tcp.srcport", "udp.srcport", "tcp.dstport") == "\t5000\t"


def test_a_field_that_was_cut_off_is_empty(frames: dict[str, bytes]) -> None:
    assert row(Packet(frames["udp"][:37], ETHERNET, None, 47), "udp.srcport", "udp.dstport") == "5000\t"


def test_the_same_column_twice(frames: dict[str, bytes]) -> None:
    assert row(Packet(frames["udp"], ETHERNET), "ip.src", "ip.src") == "192.0.2.1\t192.0.2.1"


def test_several_values_are_joined_and_those_of_a_quoted_packet_count() -> None:
    packet = Packet(UNREACHABLE, Interface(linktype=101))
    assert row(packet, "ip.src", "ip.ttl") == "192.0.2.9,192.0.2.1\t64,64"
    assert row(packet, "ip.src", aggregator="/s") == "192.0.2.9 192.0.2.1"
    assert row(packet, "ip.src", aggregator=";") == "192.0.2.9;192.0.2.1"
    assert row(packet, "ip.src", occurrence="f") == "192.0.2.9"
    assert row(packet, "ip.src", occurrence="l") == "192.0.2.1"


def test_one_name_for_two_fields_gives_both(frames: dict[str, bytes]) -> None:
    assert row(Packet(frames["ack"], ETHERNET), "tcp.port") == "49152,443"


def test_fields_of_options(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["syn"], ETHERNET)
    assert row(packet, "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.option_kind") == "1460\t7\t2,4,8,1,3"


def test_fields_that_need_more_than_one_packet_come_from_notes(frames: dict[str, bytes]) -> None:
    packet = Tracker().note(Packet(frames["syn"], ETHERNET))
    assert row(packet, "tcp.stream", "tcp.seq", "tcp.seq_raw") == "0\t0\t1000"


def test_a_protocol_shows_its_title(frames: dict[str, bytes]) -> None:
    assert row(Packet(frames["ack"], ETHERNET), "udp", "tcp") == "\tTransmission Control Protocol"


def test_the_columns_of_the_text_view(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["udp"], ETHERNET)
    assert row(packet, "_ws.col.protocol", "_ws.col.info") == "UDP\t5000 → 40000 Len=5"
    assert row(packet, "_ws.col.Protocol", "_ws.col.def_src", "_ws.col.def_dst") == "UDP\t192.0.2.1\t192.0.2.2"


def test_the_header_line(frames: dict[str, bytes]) -> None:
    assert rows(Packet(frames["udp"], ETHERNET), "ip.src", "udp.length", header="y", separator=",") == [
        "ip.src,udp.length",
        "192.0.2.1,13",
    ]


def test_quotes_stand_around_cells_that_are_there(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["udp"], ETHERNET)
    assert row(packet, "tcp.len", "ip.src", quote="d") == '\t"192.0.2.1"'
    assert row(packet, "tcp.len", "ip.src", quote="s") == "\t'192.0.2.1'"


def test_the_byte_order_mark(frames: dict[str, bytes]) -> None:
    assert row(Packet(frames["udp"], ETHERNET), "ip.src", bom="y") == "\ufeff192.0.2.1"


def test_control_characters_are_escaped_unless_that_is_turned_off() -> None:
    packet = Packet(b"", Interface(name="a\tb\x1b[31m"))
    assert row(packet, "frame.interface_name") == "a\\tb\\x1b[31m"
    assert row(packet, "frame.interface_name", escape="n") == "a\tb\x1b[31m"


def test_an_unknown_field_is_told_with_the_nearest_names() -> None:
    with pytest.raises(KeyError) as told:
        FieldsView(print, ["tcp.srcprt"], graph)
    assert told.value.args[0].startswith("no field 'tcp.srcprt'; did you mean tcp.srcport")


@pytest.mark.parametrize(
    ("setting", "chosen"),
    [
        ("separator=/t", Style(separator="\t")),
        ("separator=/s", Style(separator=" ")),
        ("separator=,", Style(separator=",")),
        ("separator=;x", Style(separator=";")),
        ("aggregator=/s", Style(aggregator=" ")),
        ("header=y", Style(header=True)),
        ("header=n", Style(header=False)),
        ("occurrence=f", Style(occurrence="f")),
        ("quote=n", Style(quote="")),
    ],
)
def test_settings(setting: str, chosen: Style) -> None:
    assert style([setting]) == chosen


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (
            "colour=y",
            "there is no setting 'colour'; there are header, bom, separator, occurrence, aggregator, quote, escape",
        ),
        (
            "quote=x",
            "'quote=x' is not understood; quote is d, s or n: double quotes, single quotes or none around a cell",
        ),
        ("separator", "'separator' is not understood; separator is /t, /s or a character: what stands between columns"),
    ],
)
def test_a_setting_that_there_is_not(setting: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        style([setting])
    assert str(error.value) == told


def test_the_columns_of_the_text_view_go_by_wiresharks_names() -> None:
    written: list[str] = []
    columns = ["_ws.col.No.", "_ws.col.Time", "_ws.col.Source", "_ws.col.Protocol", "_ws.col.Length"]
    view = FieldsView(written.append, columns, graph)
    datagram = bytes.fromhex("4500001c000100004011f6ca0a0000010a000002" "1388138900080000")
    packet = Packet(datagram, Interface(101))
    packet.number = 7
    packet.notes = {"frame.time_relative": 1_500_000_000}
    view.show(packet)
    assert written == ["7\t1.500000000\t10.0.0.1\tUDP\t28\n"]
