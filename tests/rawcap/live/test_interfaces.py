"""What the kernel tells of its interfaces, in words."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from rawcap.live import interfaces as module
from rawcap.live.errors import LiveError
from rawcap.live.interfaces import NetworkInterface, interfaces, refusals
from scripts.captures.hosts import Host, Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.close()


@pytest.fixture
def host() -> Iterator[Host]:
    """A host without a wire, whose loopback interface is up."""
    made = Host("00:00:5e:00:53:01", "192.0.2.1", "2001:db8::1")
    yield made
    made.close()


def path(host: Host) -> str:
    return f"/proc/{os.getpid()}/fd/{host.namespace}"


def by_name(host: Host) -> dict[str, NetworkInterface]:
    return {each.name: each for each in interfaces(path(host))}


# -- the kernel's word ------------------------------------------------------------------------------------------------


def test_anybody_may_ask() -> None:
    assert [(each.index, each.name) for each in interfaces()] == sorted(socket.if_nameindex())


@pytest.mark.privileged
def test_the_loopback_interface(host: Host) -> None:
    lo = by_name(host)["lo"]
    assert lo == NetworkInterface(
        index=1,
        name="lo",
        state="up",
        addresses=("127.0.0.1/8", "::1/128"),
        mac="00:00:00:00:00:00",
        hardware_type=772,
        mtu=65536,
        kind="loopback",
        flags=("loopback",),
        master=None,
        peer=None,
        parent=None,
        netns=path(host),
    )
    assert lo.link.title == "Ethernet"


@pytest.mark.privileged
def test_an_interface_has_its_addresses_and_its_link(lab: Lab) -> None:
    eth0 = by_name(lab.client)["eth0"]
    assert (eth0.state, eth0.kind, eth0.mac, eth0.mtu) == ("up", "veth", "00:00:5e:00:53:01", 1500)
    assert eth0.addresses == ("192.0.2.1/24", "2001:db8::1/64", "fe80::200:5eff:fe00:5301/64")
    assert eth0.flags == ("broadcast", "multicast")


@pytest.mark.privileged
def test_a_peer_in_another_namespace_has_a_number_alone(lab: Lab) -> None:
    with lab.server.inside():
        number = socket.if_nametoindex("eth0")
    eth0 = by_name(lab.client)["eth0"]
    assert (eth0.peer, eth0.parent) == (f"number {number} elsewhere", None)


@pytest.mark.privileged
def test_what_belongs_together_says_so(host: Host) -> None:
    host.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    host.ip("link", "add", "br0", "type", "bridge")
    host.ip("link", "set", "right", "master", "br0")
    host.ip("link", "add", "link", "left", "name", "mv0", "type", "macvlan")
    found = by_name(host)
    assert (found["left"].kind, found["left"].peer, found["left"].master) == ("veth", "right", None)
    assert (found["right"].peer, found["right"].master) == ("left", "br0")
    assert (found["br0"].kind, found["br0"].peer, found["br0"].parent) == ("bridge", None, None)
    assert (found["mv0"].kind, found["mv0"].parent, found["mv0"].peer) == ("macvlan", "left", None)


@pytest.mark.privileged
def test_states(host: Host) -> None:
    host.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    assert by_name(host)["left"].state == "down"
    host.ip("link", "set", "left", "up")
    assert by_name(host)["left"].state == "no carrier"
    host.ip("link", "set", "right", "up")
    assert by_name(host)["left"].state == "up"


@pytest.mark.privileged
@pytest.mark.skipif(not os.path.exists("/dev/net/tun"), reason="there is no /dev/net/tun")
def test_tun_and_tap_are_told_apart(host: Host) -> None:
    host.ip("tuntap", "add", "tun0", "mode", "tun")
    host.ip("tuntap", "add", "tap0", "mode", "tap")
    host.ip("address", "add", "192.0.2.1", "peer", "192.0.2.9", "dev", "tun0")
    tun, tap = by_name(host)["tun0"], by_name(host)["tap0"]
    assert (tun.kind, tun.hardware_type, tun.link.title, tun.mac) == ("tun", 65534, "raw IP", None)
    assert (tap.kind, tap.hardware_type, tap.link.title) == ("tap", 1, "Ethernet")
    assert tun.addresses == ("192.0.2.1/32",)  # its own, not the other end's
    assert tun.flags == ("point-to-point", "no ARP", "multicast")


@pytest.mark.privileged
def test_promiscuous_mode_that_was_set_is_told(host: Host) -> None:
    host.ip("link", "set", "lo", "promisc", "on")
    assert by_name(host)["lo"].flags == ("loopback", "promiscuous")


@pytest.mark.privileged
def test_a_namespace_is_left_as_it_was_found(host: Host) -> None:
    before = os.listdir("/proc/self/fd"), os.stat("/proc/thread-self/ns/net").st_ino
    interfaces(path(host))
    assert (os.listdir("/proc/self/fd"), os.stat("/proc/thread-self/ns/net").st_ino) == before


def test_a_namespace_that_is_not_there_is_one_line() -> None:
    with pytest.raises(LiveError, match=r"^there is no network namespace at /no/such/file$"):
        interfaces("/no/such/file")


# -- what may be opened -----------------------------------------------------------------------------------------------


@pytest.mark.privileged
def test_root_may_open_every_kind_of_socket(host: Host) -> None:
    assert refusals(path(host)) == {"packet": None, "cooked": None, "ip": None}


def refuse(monkeypatch: pytest.MonkeyPatch, errors: dict[int, OSError]) -> None:
    """Have sockets of some families refused, and the others be had."""

    class Socket:
        def __init__(self, family: int, *_: int) -> None:
            if family in errors:
                raise errors[family]

        def close(self) -> None:
            pass

    monkeypatch.setattr(module.socket, "socket", Socket)


def test_for_want_of_a_capability_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, dict.fromkeys((socket.AF_PACKET, socket.AF_INET, socket.AF_INET6), PermissionError(1, "")))
    assert refusals() == dict.fromkeys(("packet", "cooked", "ip"), "needs CAP_NET_RAW")


def test_a_family_that_is_barred_is_told_in_the_kernel_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    barred = OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    refuse(monkeypatch, {socket.AF_PACKET: barred, socket.AF_INET6: barred})
    told = "address family not supported by protocol"
    assert refusals() == {"packet": told, "cooked": told, "ip": None}


@pytest.mark.privileged
def test_a_vlan_says_what_carries_it(host: Host) -> None:
    host.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    with host.inside():
        made = subprocess.run(
            ["ip", "link", "add", "link", "left", "name", "left.5", "type", "vlan", "id", "5"], capture_output=True
        )
    if made.returncode:
        pytest.skip("this kernel has no VLAN interfaces")
    vlan = by_name(host)["left.5"]
    assert (vlan.kind, vlan.parent, vlan.peer) == ("vlan", "left", None)
