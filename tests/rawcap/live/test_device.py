"""What a socket has to know of an interface."""

from __future__ import annotations

import socket

import pytest

from rawcap.live.device import Device, Link, device, link_of, loopback, names
from rawcap.live.errors import LiveError


def test_the_loopback_interface_is_there() -> None:
    found = device("lo")
    assert (found.name, found.index) == ("lo", socket.if_nametoindex("lo"))
    assert (found.hardware_type, found.loopback) == (772, True)
    assert loopback() == found.index
    assert names()[found.index] == "lo"


@pytest.mark.parametrize("name", ["", "nothere", "a name far longer than any", "l/o", "lo\0", "any"])
def test_an_interface_that_is_not_there_is_one_line_with_those_that_are(name: str) -> None:
    with pytest.raises(LiveError, match=r"^there is no interface .*; (did you mean|there are) ") as raised:
        device(name)
    assert "\n" not in str(raised.value)


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(LiveError, match=r"^there is no interface 'lo0'; did you mean lo\?$"):
        device("lo0")


@pytest.mark.parametrize(
    ("hardware_type", "link"),
    [
        (1, Link(1, "Ethernet")),
        (772, Link(1, "Ethernet")),
        (65534, Link(101, "raw IP")),
        (776, Link(101, "raw IP")),
        (803, Link(127, "radiotap")),
        (32, Link(276, "Linux cooked v2", cooked=True)),  # InfiniBand
        (280, Link(276, "Linux cooked v2", cooked=True)),  # CAN
    ],
)
def test_a_kind_of_device_has_a_link_type(hardware_type: int, link: Link) -> None:
    assert link_of(hardware_type) == link
    assert Device("x0", 7, hardware_type, True, False).link == link
