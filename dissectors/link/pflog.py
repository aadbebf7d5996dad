"""The packet filter's log of BSD: what a rule did, ahead of the datagram."""
from __future__ import annotations

from dissectors.fields import Bytes, Int, Text, Uint
from dissectors.header import Header, by

ACTIONS = {0: "pass", 1: "drop", 2: "scrub", 4: "nat", 6: "binat", 8: "rdr", 10: "synproxy drop"}
REASONS = {0: "match", 1: "bad-offset", 2: "fragment", 3: "short", 4: "normalize", 5: "memory", 6: "bad-timestamp"}
DIRECTIONS = {0: "in and out", 1: "in", 2: "out"}


class PFLOG(Header):
    """Packet filter log (pcap link type PFLOG)."""

    name = "pflog"
    label = "PFLOG"
    length = Uint(8, "header without padding, octets")
    af = Uint(8, "address family")
    action = Uint(8, "what was done", names=ACTIONS)
    reason = Uint(8, "why", names=REASONS)
    ifname = Text("interface", 16)
    ruleset = Text("anchor", 16)
    rulenr = Int(32, "rule")
    subrulenr = Int(32, "rule of the anchor")
    uid = Uint(32, "user")
    pid = Int(32, "process")
    rule_uid = Uint(32, "user that loaded the rule")
    rule_pid = Int(32, "process that loaded the rule")
    dir = Uint(8, "direction", names=DIRECTIONS)
    rest = Bytes(None, "what later versions added, and padding", name="pflog.pad")

    header_length = length.padded(4)
    follows = {"frame.linktype": 117}
    next = by(af, "pflog.af")
