"""Filters of pcap-filter(7), which the kernel can run: compiled to classic BPF by libpcap, through cypcap.

Here they are run on packets of a file, with the same answer as the kernel's; `instructions` is what a socket takes.
"""

from __future__ import annotations

import cypcap  # type: ignore[import-untyped]

from dissectors.packet import Packet
from rawcap.filter.errors import FilterError

_LONGEST = 262_144  # octets, for a capture that does not say: what tcpdump takes

# Link types as capture files number them (LINKTYPE_), where libpcap calls them by another number (DLT_) on Linux.
_DLT = {14: 12, 100: 11, 101: 12, 102: 15, 103: 16, 106: 19}


_TRIED = (1, 101, 105, 113)  # Ethernet, raw IP, 802.11, Linux cooked: what some filter means nothing for


class PcapFilter:
    """A filter of pcap-filter(7), compiled once for every link type that it meets.  Made by `pcap_filter`."""

    def __init__(self, text: str, linktype: int, snaplen: int) -> None:
        self.text = text
        self.linktype = linktype
        self.snaplen = snaplen or _LONGEST
        self.impossible: dict[int, str] = {}
        """Link types that were met and that the filter cannot speak of, with libpcap's reason."""
        self._programs: dict[int, cypcap.BpfProgram | None] = {}
        self._program(linktype)

    def matches(self, packet: Packet) -> bool:
        """Whether the filter accepts the packet, as it was on the wire, however much of it was captured.

        It accepts none of a link type that it cannot speak of, which `impossible` then tells.
        """
        program = self._program(packet.interface.linktype)
        if program is None:
            return False
        data = packet.data
        header = cypcap.Pkthdr(ts=0, caplen=len(data), len=max(packet.length, len(data)))
        return bool(program.offline_filter(header, data))

    @property
    def instructions(self) -> list[tuple[int, int, int, int]]:
        """The program for `linktype`: (code, jt, jf, k) of each instruction, as SO_ATTACH_FILTER takes them.

        It returns 0 for a packet that is not wanted, else `snaplen`.  Raises FilterError where there is none.
        """
        program = self._program(self.linktype)
        if program is None:
            raise FilterError(self.impossible[self.linktype], self.text, 0, len(self.text))
        return list(program)

    def _program(self, linktype: int) -> cypcap.BpfProgram | None:
        if linktype not in self._programs:
            self._programs[linktype] = self._compile(linktype)
        return self._programs[linktype]

    def _compile(self, linktype: int) -> cypcap.BpfProgram | None:
        text = self.text
        if "\0" in text:
            raise FilterError("a filter holds no NUL", text, text.index("\0"), text.index("\0") + 1)
        try:
            return cypcap.compile(_DLT.get(linktype, linktype), self.snaplen, text, True, cypcap.NETMASK_UNKNOWN)
        except cypcap.Error as problem:
            reason = problem.msg.removeprefix("can't parse filter expression: ")
            if not any(_compiles(text, other) for other in _TRIED if other != linktype):
                raise FilterError(reason, text, 0, len(text)) from None
            self.impossible[linktype] = reason
            return None

    def __repr__(self) -> str:
        return f"<PcapFilter {self.text!r}>"


def _compiles(text: str, linktype: int) -> bool:
    """Whether a filter means something for a link type."""
    try:
        cypcap.compile(_DLT.get(linktype, linktype), _LONGEST, text, True, cypcap.NETMASK_UNKNOWN)
    except cypcap.Error:
        return False
    return True


def pcap_filter(text: str, linktype: int = 1, snaplen: int = 0) -> PcapFilter:
    """The filter that `text` says, in the language of pcap-filter(7); an empty one lets every packet pass.

    `linktype` is the LINKTYPE_ number of the packets to come first, `snaplen` the octets that the capture keeps of a
    packet, 0 where there is no limit.  Packets of other link types are met by compiling again.  Raises FilterError.
    """
    return PcapFilter(text, linktype, snaplen)
