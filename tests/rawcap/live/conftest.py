"""The stages of the privileged tests: network namespaces that hold nothing but what a test puts there."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from scripts.captures.hosts import CLIENT, CLIENT6, CLIENT_MAC, Host, Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A client and a server on one wire, shared by the tests that do not change them."""
    made = Lab()
    yield made
    made.close()


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    """Two hosts whose interfaces a test may take down."""
    made = Lab()
    yield made
    made.close()


@pytest.fixture
def host() -> Iterator[Host]:
    """A host on which nobody speaks unasked. What is sent to its UDP ports 9000 and 9001 is taken without an answer."""
    made = Host(CLIENT_MAC, CLIENT, CLIENT6)
    made.sysctl("ipv6/conf/all/disable_ipv6", 1)
    made.sysctl("ipv6/conf/default/disable_ipv6", 1)
    for port in (9000, 9001):
        made.datagrams(socket.AF_INET, "127.0.0.1", port)
    yield made
    made.close()


@pytest.fixture
def wire(host: Host) -> Host:
    """A host with both ends of a wire, `left` and `right`: what is sent into one comes out of the other."""
    _lay(host, "left", "right")
    return host


@pytest.fixture
def two_wires(wire: Host) -> Host:
    """The same with one more wire, from `near` to `far`."""
    _lay(wire, "near", "far")
    return wire


def _lay(host: Host, *ends: str) -> None:
    host.ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    for end in ends:
        host.ip("link", "set", end, "up")
