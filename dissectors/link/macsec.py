"""MACsec: Ethernet frames with their integrity, and mostly their privacy, protected."""
from __future__ import annotations

from dissectors.fields import MAC, Flag, Uint
from dissectors.header import Header, by
from dissectors.link.ethernet import ETHERTYPES


class MACsec(Header):
    """Security tag (IEEE 802.1AE, 9.3)."""

    name = "macsec"
    label = "MACsec"
    v = Flag("version, zero", name="macsec.TCI.V")
    es = Flag("the source address is the system", name="macsec.TCI.ES")
    sc = Flag("a channel identifier is there", name="macsec.TCI.SC")
    scb = Flag("single copy broadcast", name="macsec.TCI.SCB")
    e = Flag("encrypted", name="macsec.TCI.E")
    c = Flag("what is carried was changed", name="macsec.TCI.C")
    an = Uint(2, "association", name="macsec.AN")
    sl = Uint(8, "octets carried where fewer than 48, else 0", name="macsec.SL")
    pn = Uint(32, "packet number", name="macsec.PN")
    sci_system = MAC("channel identifier: system", when=sc, name="macsec.SCI.system_identifier")
    sci_port = Uint(16, "channel identifier: port", when=sc, name="macsec.SCI.port_identifier")

    follows = {"eth.type": 0x88E5}
    next = by(e, "macsec.encrypted")


class MACsecType(Header):
    """The frame's own type, in the clear (IEEE 802.1AE, 9.3)."""

    name = "macsec.clear"
    prefix = "macsec"
    part_of = "macsec"
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"macsec.encrypted": 0}
    next = by(etype, "eth.type")
