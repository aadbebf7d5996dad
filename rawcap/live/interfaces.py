"""What there is to capture on, told to a person: the interfaces of a network namespace, as rtnetlink(7) knows them."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from rawcap.live.device import Link, link_of
from rawcap.live.errors import LiveError
from rawcap.live.namespaces import entered

# linux/if.h: the flags of an interface by their bits, but for its state
_FLAGS = {
    1 << 1: "broadcast",
    1 << 3: "loopback",
    1 << 4: "point-to-point",
    1 << 7: "no ARP",
    1 << 8: "promiscuous",
    1 << 9: "all multicast",
    1 << 12: "multicast",
}
_UP, _LOOPBACK, _CARRIER = 1 << 0, 1 << 3, 1 << 16

_TAP = 2  # IFLA_TUN_TYPE is the IFF_TAP of linux/if_tun.h
_RECEIVES_NOTHING = 255  # IPPROTO_RAW: a raw socket for sending alone (raw(7))


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """An interface of the network namespace `netns`, which is None for the one that the program is in."""

    index: int
    name: str
    state: str
    """`up`, `down`, or `no carrier`: it is up, and nothing is connected to it."""
    addresses: tuple[str, ...]
    """IPv4 and IPv6 addresses with the length of their prefix: `192.0.2.1/24`."""
    mac: str | None
    hardware_type: int
    """The device type of its link layer (linux/if_arp.h, ARPHRD_)."""
    mtu: int
    kind: str
    """What it is, by its driver: `veth`, `bridge`, `vlan`, `tun`, `tap`; `loopback`; `adapter` where it is hardware."""
    flags: tuple[str, ...]
    master: str | None
    """The bridge or the like that it is a part of."""
    peer: str | None
    """The other end of a veth pair."""
    parent: str | None
    """The interface that carries it, as a VLAN has one."""
    netns: str | None

    @property
    def link(self) -> Link:
        """How its frames are captured."""
        return link_of(self.hardware_type)


def interfaces(netns: str | None = None) -> list[NetworkInterface]:
    """The interfaces of a network namespace (`entered` says how it is named), in the order of their numbers.

    It takes no privilege but that of entering the namespace. Raises LiveError and NotPermitted.
    """
    from pyroute2 import IPRoute  # takes longer to import than everything else of a command
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with entered(netns), IPRoute() as route:
            links = list(route.get_links())
            addresses = list(route.get_addr())
    except (OSError, NetlinkError) as error:
        raise LiveError(f"the kernel does not tell of its interfaces: {error}") from None
    by_index: dict[int, list[str]] = {}
    for each in addresses:
        # Of a point-to-point link IFA_ADDRESS is the other end, and IFA_LOCAL this one; IPv6 has IFA_LOCAL only there.
        here = each.get_attr("IFA_LOCAL") or each.get_attr("IFA_ADDRESS")
        by_index.setdefault(each["index"], []).append(f"{here}/{each['prefixlen']}")
    names = {link["index"]: str(link.get_attr("IFLA_IFNAME")) for link in links}
    return sorted(
        (_interface(link, names, tuple(by_index.get(link["index"], ())), netns) for link in links),
        key=lambda found: found.index,
    )


def refusals(netns: str | None = None) -> dict[str, str | None]:
    """Which kinds of socket this user may open in a network namespace, by trying, and why not where not.

    The keys are the choices of `--socket`: packet, cooked, ip. Raises LiveError and NotPermitted.
    """
    with entered(netns):
        packet = _refusal(socket.AF_PACKET, 0)
        ip = [_refusal(family, _RECEIVES_NOTHING) for family in (socket.AF_INET, socket.AF_INET6)]
    return {"packet": packet, "cooked": packet, "ip": None if None in ip else ip[0]}


def _refusal(family: int, protocol: int) -> str | None:
    """Why a raw socket cannot be had, None where it can: one that receives nothing is opened and closed."""
    try:
        socket.socket(family, socket.SOCK_RAW, protocol).close()
    except PermissionError:
        return "needs CAP_NET_RAW"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def _interface(link: Any, names: dict[int, str], addresses: tuple[str, ...], netns: str | None) -> NetworkInterface:
    flags = link["flags"]
    kind = _kind(link)
    other = _other(link, names)
    return NetworkInterface(
        index=link["index"],
        name=names[link["index"]],
        state=_state(flags),
        addresses=addresses,
        mac=link.get_attr("IFLA_ADDRESS"),
        hardware_type=link["ifi_type"],
        mtu=link.get_attr("IFLA_MTU"),
        kind=kind,
        flags=tuple(name for bit, name in _FLAGS.items() if flags & bit),
        master=names.get(link.get_attr("IFLA_MASTER")),
        peer=other if kind == "veth" else None,
        parent=other if kind != "veth" else None,
        netns=netns,
    )


def _state(flags: int) -> str:
    if not flags & _UP:
        return "down"
    return "up" if flags & _CARRIER else "no carrier"


def _kind(link: Any) -> str:
    """What an interface is."""
    if link["flags"] & _LOOPBACK:
        return "loopback"
    info = link.get_attr("IFLA_LINKINFO")
    kind = info.get_attr("IFLA_INFO_KIND") if info is not None else None
    if kind is None:
        return "adapter"
    if kind == "tun":
        data = info.get_attr("IFLA_INFO_DATA")
        return "tap" if data is not None and data.get_attr("IFLA_TUN_TYPE") == _TAP else "tun"
    return str(kind)


def _other(link: Any, names: dict[int, str]) -> str | None:
    """The interface that IFLA_LINK leads to, which may be in another namespace and have no name here."""
    index = link.get_attr("IFLA_LINK")
    if link.get_attr("IFLA_LINK_NETNSID") is not None:
        return f"number {index} elsewhere"
    return names.get(index) if index != link["index"] else None
