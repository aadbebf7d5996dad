"""IEEE 802.11: the frame header, which differs by type, and data frames down to what they carry.

What is encrypted, and what management frames say, is data.
"""
from __future__ import annotations

from dissectors.fields import MAC, Derived, Flag, Uint
from dissectors.header import Header, Selector, by

MANAGEMENT, CONTROL, DATA = 0, 1, 2
TO_SYSTEM, FROM_SYSTEM, BETWEEN_SYSTEMS = 1, 2, 3
TYPES = {MANAGEMENT: "management", CONTROL: "control", DATA: "data", 3: "extension"}
NAMES = {
    0x00: "Association Request",
    0x01: "Association Response",
    0x02: "Reassociation Request",
    0x03: "Reassociation Response",
    0x04: "Probe Request",
    0x05: "Probe Response",
    0x08: "Beacon frame",
    0x09: "Announcement traffic indication map",
    0x0A: "Disassociate",
    0x0B: "Authentication",
    0x0C: "Deauthentication",
    0x0D: "Action",
    0x0E: "Action No Ack",
    0x18: "802.11 Block Ack Req",
    0x19: "802.11 Block Ack",
    0x1A: "Power-Save poll",
    0x1B: "Request-to-send",
    0x1C: "Clear-to-send",
    0x1D: "Acknowledgement",
    0x1E: "CF-End",
    0x20: "Data",
    0x24: "Null function (No data)",
    0x28: "QoS Data",
    0x2C: "QoS Null function (No data)",
}


def _frames(type_: int, *subtypes: int) -> tuple[int, ...]:
    """The first octets of frames of this type and these subtypes."""
    return tuple(subtype << 4 | type_ << 2 for subtype in subtypes)


class Frame(Selector):
    """Type and subtype, which say what the header has (IEEE 802.11, 9.2.4.1)."""

    name = "wlan.frame"
    first = Uint(8, "subtype, type and version")

    follows = {"frame.linktype": 105}
    next = by(first, "wlan.frame", default="wlan")


class _Control(Header):
    """Frame control and duration (IEEE 802.11, 9.2.4)."""

    prefix = "wlan"
    label = "802.11"
    subtype = Uint(4, "subtype", name="wlan.fc.subtype")
    type_ = Uint(2, "type", names=TYPES, name="wlan.fc.type")
    version = Uint(2, "version", name="wlan.fc.version")
    order = Flag("HT control is there", name="wlan.fc.order")
    protected = Flag("encrypted", name="wlan.fc.protected")
    moredata = Flag("more is waiting", name="wlan.fc.moredata")
    pwrmgt = Flag("the sender will sleep", name="wlan.fc.pwrmgt")
    retry = Flag("sent again", name="wlan.fc.retry")
    frag = Flag("more fragments", name="wlan.fc.frag")
    ds = Uint(2, "through the distribution system: 1 to it, 2 from it", shown=hex, name="wlan.fc.ds")
    duration = Uint(16, "the medium is taken so long, microseconds; or an association", little=True)
    ra = MAC("receiver")
    type_subtype = Derived(
        Uint(8, "type and subtype", shown=hex, names=NAMES, name="wlan.fc.type_subtype"),
        lambda layer: layer.type_ << 4 | layer.subtype if layer.start < layer.stop else None,
    )

    def info(self) -> str | None:
        return NAMES.get(self.type_subtype, f"type and subtype 0x{self.type_subtype:02x}") if self.whole else None


_DS, _PROTECTED, _ORDER = (_Control.declaration.fields[field] for field in ("ds", "protected", "order"))


class ShortFrame(_Control):
    """IEEE 802.11, one address (IEEE 802.11, 9.3.1)."""

    name = "wlan"

    follows = {"wlan.frame": _frames(CONTROL, 12, 13)}


class ControlFrame(_Control):
    """IEEE 802.11, two addresses (IEEE 802.11, 9.3.1)."""

    name = "wlan"
    ta = MAC("transmitter")

    follows = {"wlan.frame": _frames(CONTROL, 8, 9, 10, 11, 14, 15)}


class ManagementFrame(ControlFrame):
    """IEEE 802.11, management (IEEE 802.11, 9.3.3)."""

    name = "wlan"
    address_3 = MAC("third address, what it is depends on the direction", name="wlan.addr3")
    sequence_control = Uint(16, "sequence and fragment number", little=True, shown=hex)
    da = Derived(MAC("destination"), lambda layer: layer.endpoints[0])
    sa = Derived(MAC("source"), lambda layer: layer.endpoints[1])
    bssid = Derived(MAC("basic service set"), lambda layer: layer.endpoints[2])
    seq = Derived(Uint(16, "sequence number"), lambda layer: layer.sequence_control >> 4 if layer.whole else None)
    fragment_number = Derived(
        Uint(16, "fragment number", name="wlan.frag"),
        lambda layer: layer.sequence_control & 15 if layer.whole else None,
    )

    follows = {"wlan.frame": _frames(MANAGEMENT, *range(16))}
    addresses = ("sa", "da")

    @property
    def endpoints(self) -> tuple[str | None, str | None, str | None]:
        """Destination, source and basic service set, which the direction tells (IEEE 802.11, 9.3.2.1)."""
        first, second, third = self.ra, self.ta, self.address_3
        if self.ds == TO_SYSTEM:
            return third, second, first
        if self.ds == FROM_SYSTEM:
            return first, third, second
        if self.ds == BETWEEN_SYSTEMS:
            return third, getattr(self, "address_4", None), None
        return first, second, third


class NullFrame(ManagementFrame):
    """IEEE 802.11, no data (IEEE 802.11, 9.3.2)."""

    name = "wlan"
    address_4 = MAC("fourth address, between access points", when=_DS.equals(BETWEEN_SYSTEMS), name="wlan.addr4")

    follows = {"wlan.frame": _frames(DATA, 4, 5, 6, 7)}


class DataFrame(NullFrame):
    """IEEE 802.11, data (IEEE 802.11, 9.3.2)."""

    name = "wlan"

    follows = {"wlan.frame": _frames(DATA, 0, 1, 2, 3)}
    next = by(_PROTECTED)


class QoSNullFrame(NullFrame):
    """IEEE 802.11, no data, with quality of service (IEEE 802.11, 9.2.4.5)."""

    name = "wlan"
    qos = Uint(16, "quality of service control", little=True, shown=hex)
    htc = Uint(32, "HT control", little=True, shown=hex, when=_ORDER)

    follows = {"wlan.frame": _frames(DATA, 12, 13, 14, 15)}


class QoSDataFrame(DataFrame):
    """IEEE 802.11, data, with quality of service (IEEE 802.11, 9.2.4.5)."""

    name = "wlan"
    qos = Uint(16, "quality of service control", little=True, shown=hex)
    htc = Uint(32, "HT control", little=True, shown=hex, when=_ORDER)

    follows = {"wlan.frame": _frames(DATA, 8, 9, 10, 11)}
