"""The columns of a table for which nobody named any."""

from __future__ import annotations

COLUMNS = (
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "eth.src",
    "eth.dst",
    "eth.type",
    "vlan.id",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ip.ttl",
    "ip.len",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.nxt",
    "ipv6.hlim",
    "icmp.type",
    "icmpv6.type",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    "tcp.window_size_value",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
)
"""Who sent what to whom, as the headers up to TCP and UDP say it.

Every one of them stands on the wire or in the record, so that the compiled walker gathers it: what takes dissecting
(`frame.protocols`, application fields) or the packets before (`tcp.stream`) is for who asks for it.
"""
