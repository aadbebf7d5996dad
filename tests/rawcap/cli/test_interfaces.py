"""`rawcap interfaces`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from click.testing import Result

from rawcap.cli import interfaces as command
from rawcap.live import interfaces as live
from rawcap.live import namespaces
from rawcap.live.errors import NotPermitted
from rawcap.live.interfaces import NetworkInterface
from rawcap.show import colours

Run = Callable[..., Result]

ALL = {"packet": None, "cooked": None, "ip": None}
NONE = dict.fromkeys(ALL, "needs CAP_NET_RAW")


def made(index: int, name: str, **other: object) -> NetworkInterface:
    known: dict[str, object] = {
        "state": "up",
        "addresses": (),
        "mac": "00:00:5e:00:53:01",
        "hardware_type": 1,
        "mtu": 1500,
        "kind": "veth",
        "flags": ("broadcast", "multicast"),
        "master": None,
        "peer": None,
        "parent": None,
        "netns": None,
    }
    return NetworkInterface(index=index, name=name, **{**known, **other})  # type: ignore[arg-type]


LO = made(
    1, "lo", hardware_type=772, mtu=65536, kind="loopback", flags=("loopback",), addresses=("127.0.0.1/8", "::1/128")
)
LEFT = made(2, "left", peer="right", addresses=("192.0.2.1/24", "2001:db8::1/64", "fe80::200:5eff:fe00:5301/64"))
RIGHT = made(3, "right", peer="left", master="br0")
VLAN = made(4, "left.5", kind="vlan", parent="left", state="down", addresses=("198.51.100.1/24",))
TUN = made(5, "tun0", kind="tun", hardware_type=65534, mac=None, state="no carrier", addresses=("203.0.113.1/32",))
ODD = made(6, "odd0", kind="adapter", hardware_type=824, addresses=("203.0.113.2/32",))  # ARPHRD_NETLINK


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives this machine interfaces, and this user sockets."""

    def have(*found: NetworkInterface, refused: dict[str, str | None] = ALL, width: int | None = None) -> None:
        monkeypatch.setattr(live, "interfaces", lambda netns: list(found))
        monkeypatch.setattr(live, "refusals", lambda netns: refused)
        monkeypatch.setattr(command, "width", lambda: width)

    return have


def test_a_line_an_interface_and_one_for_all(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LO, LEFT, RIGHT, VLAN, TUN)
    done = rawcap("interfaces")
    assert done.exit_code == 0
    assert [re.split("  +", line) for line in done.stdout.splitlines()] == [
        ["name", "state", "link", "MTU", "addresses", "sockets"],
        ["lo", "up", "Ethernet, loopback", "65536", "127.0.0.1/8, ::1/128", "packet, cooked, ip"],
        [
            *("left", "up", "Ethernet, veth to right", "1500"),
            *("192.0.2.1/24, 2001:db8::1/64, fe80::200:5eff:fe00:5301/64", "packet, cooked, ip"),
        ],
        ["right", "up", "Ethernet, veth to left in br0", "1500", "packet, cooked"],
        ["left.5", "down", "Ethernet, vlan on left", "1500", "198.51.100.1/24", "none: it is down"],
        ["tun0", "no carrier", "raw IP, tun", "1500", "203.0.113.1/32", "packet, cooked, ip"],
        ["any", "Linux cooked v2, all of them", "cooked, ip"],
    ]


def test_columns_stand_under_each_other(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LO, RIGHT)
    assert rawcap("interfaces").stdout.splitlines() == [
        "name   state  link                           MTU    addresses             sockets",
        "lo     up     Ethernet, loopback             65536  127.0.0.1/8, ::1/128  packet, cooked, ip",
        "right  up     Ethernet, veth to left in br0  1500                         packet, cooked",
        "any           Linux cooked v2, all of them                                cooked, ip",
    ]


def test_on_a_terminal_of_80_columns_no_address_is_broken(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LO, LEFT, TUN, width=80)
    assert rawcap("interfaces").stdout.splitlines() == [
        "name  state    link          MTU    addresses                    sockets",
        "lo    up       Ethernet,     65536  127.0.0.1/8                  packet,",
        "               loopback             ::1/128                      cooked, ip",
        "left  up       Ethernet,     1500   192.0.2.1/24                 packet,",
        "               veth to              2001:db8::1/64               cooked, ip",
        "               right                fe80::200:5eff:fe00:5301/64",
        "tun0  no       raw IP, tun   1500   203.0.113.1/32               packet,",
        "      carrier                                                    cooked, ip",
        "any            Linux cooked                                      cooked, ip",
        "               v2, all of",
        "               them",
    ]


def test_on_a_wide_terminal_only_addresses_take_more_than_a_line(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LO, width=120)
    assert rawcap("interfaces").stdout.splitlines() == [
        "name  state  link                          MTU    addresses    sockets",
        "lo    up     Ethernet, loopback            65536  127.0.0.1/8  packet, cooked, ip",
        "                                                  ::1/128",
        "any          Linux cooked v2, all of them                      cooked, ip",
    ]


def last_cells(output: str) -> list[str]:
    return [line.split("  ")[-1].strip() for line in output.splitlines()[1:]]


def test_without_privilege_the_capability_is_named_and_all_else_is_there(
    rawcap: Run, machine: Callable[..., None]
) -> None:
    machine(LO, VLAN, refused=NONE)
    done = rawcap("interfaces")
    assert done.exit_code == 0
    assert last_cells(done.stdout) == ["none: needs CAP_NET_RAW", "none: it is down", "none: needs CAP_NET_RAW"]
    assert "127.0.0.1/8, ::1/128" in done.stdout


def test_a_socket_that_can_be_had_is_told_though_another_cannot(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LO, refused={"packet": "not supported", "cooked": "not supported", "ip": None})
    assert last_cells(rawcap("interfaces").stdout) == ["ip", "ip"]


def test_a_link_that_no_file_describes_comes_cooked(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(ODD)
    assert last_cells(rawcap("interfaces").stdout) == ["cooked, ip", "cooked, ip"]


def test_the_heading_is_bold_where_colours_are_wanted(
    rawcap: Run, machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(LO)
    monkeypatch.setattr(colours, "wanted", lambda *_: False)
    plain = rawcap("interfaces").stdout
    monkeypatch.setattr(colours, "wanted", lambda *_: True)
    heading, _, rest = plain.partition("\n")
    assert rawcap("interfaces").stdout == f"\x1b[1m{heading}\x1b[0m\n{rest}"


def test_json_is_an_object_a_line(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LEFT, VLAN)
    left, vlan, every = map(json.loads, rawcap("interfaces", "-T", "json").stdout.splitlines())
    assert left == {
        "name": "left",
        "index": 2,
        "netns": None,
        "state": "up",
        "kind": "veth",
        "master": None,
        "peer": "right",
        "parent": None,
        "linktype": 1,
        "link": "Ethernet",
        "hardware_type": 1,
        "mac": "00:00:5e:00:53:01",
        "mtu": 1500,
        "flags": ["broadcast", "multicast"],
        "addresses": ["192.0.2.1/24", "2001:db8::1/64", "fe80::200:5eff:fe00:5301/64"],
        "sockets": ["packet", "cooked", "ip"],
        "refused": None,
    }
    assert (vlan["sockets"], vlan["refused"]) == ([], "it is down")
    assert every == {
        "name": "any",
        "linktype": 276,
        "link": "Linux cooked v2",
        "sockets": ["cooked", "ip"],
        "refused": None,
    }


def test_no_such_namespace_is_one_line_and_status_1(rawcap: Run) -> None:
    done = rawcap("interfaces", "--netns", "/no/such/file")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "rawcap: there is no network namespace at /no/such/file\n"


def test_a_namespace_that_may_not_be_entered_is_one_line_and_status_3(
    rawcap: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(netns: str | None) -> None:
        raise NotPermitted(f"entering {netns} needs CAP_SYS_ADMIN")

    monkeypatch.setattr(namespaces, "join_owner", lambda netns: None)
    monkeypatch.setattr(live, "interfaces", refuse)
    done = rawcap("interfaces", "--netns", "red")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == "rawcap: entering red needs CAP_SYS_ADMIN\n"


def test_this_machine_has_interfaces(rawcap: Run) -> None:
    done = rawcap("interfaces")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split() == ["name", "state", "link", "MTU", "addresses", "sockets"]
    assert done.stdout.splitlines()[-1].split()[0] == "any"
