"""Filters: which packets a user wants.  `display_filter` speaks Wireshark's language, `kernel` that of pcap-filter(7).

    wanted = display_filter("tcp.port == 443 && ip.src == 10.0.0.0/8")
    [packet for packet in packets if wanted(packet)]

The language is that of wireshark-filter(4).  What a newcomer to it should know, for it holds for every filter:

- A field may have several values in a packet (`ip.addr` has two).  A comparison is true when any of them makes it
  true: `==`, `<`, `contains`, `in` and the rest.  `!=` alone asks all of them, so that it is what `==` is not;
  `~=` and `!==` are true when any value differs, `===` when all are equal.  `any` or `all` before a comparison
  says which is meant: `all tcp.port > 1023`.
- A comparison with a field that the packet does not have is false, whichever it is; `not` makes it true.
- A name alone asks whether it is there: `tcp.flags.syn` is true of every TCP segment, `tcp.flags.syn == 1` of
  those that open a connection.
- A protocol's value are the octets of its header; `contains` and `matches` search what it carries as well.
- `matches` takes the regular expressions of Python's `re`, and takes no account of case unless they begin
  with `(?-i)`.
- `&` binds tighter than comparisons; `{ }` group arithmetic, `( )` tests.

A filter goes through these files: parse.py makes text a tree (syntax.py), check.py gives names and literals their
types by the parse graph, on_packet.py makes the tree a function of a packet and on_columns.py an answer for many
packets at once.  Nothing here opens a file or a socket.
"""

from __future__ import annotations

from rawcap.filter.display import DisplayFilter, display_filter
from rawcap.filter.errors import FilterError

__all__ = ["DisplayFilter", "FilterError", "display_filter"]
