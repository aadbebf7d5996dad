"""Sockets as a table: a line each, as wide as the terminal, with … where something had to be cut.

    type  state        recv  send  local            remote           process           TCP
    tcp   LISTEN          0     5  127.0.0.1:9000   *                server(77) fd 3
    tcp   ESTABLISHED   100     0  127.0.0.1:9000   127.0.0.1:40312  server(77) fd 4   rtt 0.02 ms, cwnd 10
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dissectors.printable import printable
from rawcap.show import colours
from rawcap.show.colours import Paint
from rawcap.show.columns import columns, cut
from rawcap.stack.sockets import CONNECTED, UNCONNECTED, Entry

_HEADINGS = ("type", "state", "recv", "send", "local", "remote", "process", "TCP")
_RIGHT = (2, 3)
_STATE, _LOCAL, _REMOTE, _PROCESS, _TCP = 1, 4, 5, 6, 7
_NARROWEST = 12
_GAP = "  "
_STATES = {
    "LISTEN": "32",
    "ESTABLISHED": "36",
    CONNECTED: "36",
    UNCONNECTED: colours.DIM,
    "CLOSED": colours.DIM,
    "TIME-WAIT": colours.DIM,
    "CLOSE-WAIT": "33",
    "SYN-SENT": "33",
    "SYN-RECEIVED": "33",
}


def table(entries: Sequence[Entry], paint: Paint, width: int | None = None) -> Iterator[str]:
    """A line of headings, then one for each socket; `width` is that of the terminal, None where nothing is cut.

    Where that is too narrow TCP's column gives way first, then the processes', then the ends. A column that no socket
    has anything in, or that would have no room for a word, is left out.
    """
    names = {entry.inode: entry.name for entry in entries if entry.type == "unix" and entry.name}
    rows = [[printable(cell) for cell in _cells(entry, names)] for entry in entries]
    shown = [place for place in range(len(_HEADINGS)) if place < _PROCESS or any(row[place] for row in rows)]
    widths = {place: max(map(columns, (_HEADINGS[place], *(row[place] for row in rows)))) for place in shown}
    if width is not None:
        _narrow(widths, width)
    yield paint(_line(_HEADINGS, widths, Paint(False), width), colours.BOLD)
    for row in rows:
        yield _line(row, widths, paint, width)


def _cells(entry: Entry, names: dict[int, str]) -> tuple[str, ...]:
    queues = ("" if each is None else str(each) for each in (entry.receive_queue, entry.send_queue))
    return (entry.type, entry.state, *queues, _local(entry), _remote(entry, names), _process(entry), _tcp(entry))


def _local(entry: Entry) -> str:
    if entry.local is not None:
        on = f"%{entry.interface}" if entry.interface else ""
        if entry.type == "raw":
            return f"{entry.local.address}{on} {entry.protocol}"
        return f"{entry.local}{on}"
    if entry.type == "unix":
        return entry.name or f"#{entry.inode}"
    return f"{entry.protocol} {entry.name}".strip() if entry.name else ""


def _remote(entry: Entry, names: dict[int, str]) -> str:
    if entry.remote is not None:
        return entry.remote.address if entry.type == "raw" else str(entry.remote)
    if entry.peer:
        return names.get(entry.peer, f"#{entry.peer}")
    return "*" if entry.local is not None else ""


def _process(entry: Entry) -> str:
    """Who holds it: "nginx(7,8,9) fd 6" where several of a name have it as the same descriptor."""
    alike: dict[tuple[str, int], list[int]] = {}
    for process, fd in entry.owners:
        alike.setdefault((process.name, fd), []).append(process.pid)
    return ", ".join(f"{name}({','.join(map(str, pids))}) fd {fd}" for (name, fd), pids in alike.items())


def _tcp(entry: Entry) -> str:
    """What TCP itself says of a connection: round-trip time, congestion window, what was repeated."""
    tcp = entry.tcp
    if not tcp or entry.state == "LISTEN" or not tcp.get("rtt"):
        return ""
    told = [f"rtt {_milliseconds(tcp['rtt'])} ms", f"cwnd {tcp['snd_cwnd']}"]
    if tcp.get("total_retrans"):
        told.append(f"{tcp['total_retrans']:,} retransmitted")
    if "bytes_acked" in tcp:
        told.append(f"{tcp['bytes_acked']:,} acked")
        told.append(f"{tcp['bytes_received']:,} received")
    if entry.congestion:
        told.append(entry.congestion)
    return ", ".join(told)


def _milliseconds(microseconds: int) -> str:
    """Three figures of it, as long as there are that many."""
    value = microseconds / 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _narrow(widths: dict[int, int], width: int) -> None:
    """Take from the columns that may be cut, until all fit or none is left that could give."""

    def over() -> int:
        return sum(widths.values()) + len(_GAP) * (len(widths) - 1) - width

    if _TCP in widths and over() > 0:
        widths[_TCP] -= over()
        if widths[_TCP] < _NARROWEST:
            del widths[_TCP]
    for places in ((_PROCESS,), (_LOCAL, _REMOTE)):
        while over() > 0:
            widest = max((place for place in places if place in widths), key=lambda place: widths[place], default=None)
            if widest is None or widths[widest] <= _NARROWEST:
                break
            widths[widest] -= 1


def _line(row: Sequence[str], widths: dict[int, int], paint: Paint, width: int | None) -> str:
    parts = []
    for place, wide in widths.items():
        cell = cut(row[place], wide)
        space = " " * (wide - columns(cell))
        if place == _STATE:
            cell = paint(cell, _STATES[cell]) if cell in _STATES else cell
        parts.append(space + cell if place in _RIGHT else cell + space)
    line = _GAP.join(parts).rstrip()
    return line if paint.on else cut(line, width)
