"""Lists in columns."""

from __future__ import annotations

from rawcap.show.table import table


def test_columns_are_as_wide_as_their_widest_cell_and_two_spaces_apart() -> None:
    assert list(table([["ip.src", "ipv4", "source"], ["tcp", "uint16", ""]])) == [
        "ip.src  ipv4    source",
        "tcp     uint16",
    ]


def test_on_a_terminal_the_widest_columns_give_way_and_cells_are_wrapped() -> None:
    rows = [["ip.src", "the address that it comes from", "Internet Protocol version 4"], ["tcp", "short", "TCP"]]
    assert list(table(rows, 40)) == [
        "ip.src  the address      Internet",
        "        that it comes    Protocol",
        "        from             version 4",
        "tcp     short            TCP",
    ]


def test_the_first_column_is_never_broken() -> None:
    assert list(table([["tcp.window_size_value", "receive window"], ["udp.length", "octets"]], 30)) == [
        "tcp.window_size_value",
        "              receive window",
        "udp.length    octets",
    ]


def test_nothing_makes_no_line() -> None:
    assert list(table([])) == []


def test_cells_are_made_printable() -> None:
    assert list(table([["\x1b[2J", "x"]])) == ["\\x1b[2J  x"]
