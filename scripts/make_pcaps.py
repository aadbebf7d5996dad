"""Make the captures in pcaps/ and the README beside them.

    make_pcaps.py            all of them
    make_pcaps.py NAME...    only these, those of a folder as FOLDER/NAME

Run it as root, with the interpreter that ./scripts/test set up: `sudo .venv/bin/python scripts/make_pcaps.py`. What is
recorded comes from network namespaces that the script makes (captures/hosts.py); nothing passes on the machine's own
interfaces. The crafted captures come out the same each time; the recorded ones differ in times, and in the numbers
that a kernel draws.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from captures import connections, crafted, crafted_connections, recorded

from rawcap.files import create_capture, section_header

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "pcaps"
OPT_COMMENT = 1  # pcapng

INTRODUCTION = """\
# The project's own captures

Made by `scripts/make_pcaps.py`, which also writes this page. Addresses are those set aside for documentation.
Try one:

    ./scripts/rawcap read pcaps/tcp_handshake.pcapng

`labs/` has a recording of each lab, packets and timeline, made by `python -m scripts.captures.labs`:

    ./scripts/rawcap lab --replay pcaps/labs/tcp.pcapng
"""

RECORDED = """\
## Recorded

From real sockets: two network namespaces joined by a veth pair, the client `192.0.2.1`, `2001:db8::1` and the server
`192.0.2.2`, `2001:db8::2`, recorded on the client's side with the kernel's timestamps in nanoseconds. Checksums are
complete, as offloading is turned off.
"""

CRAFTED = """\
## Crafted

What real sockets do not send, composed with scapy. Each packet carries a comment that says what it is.
"""

CONNECTIONS = """\
## Connections recorded

How TCP connections open, fare and close, and datagrams, from real sockets: as above, but over a wire that loses and
delays segments on purpose, and recorded on the client's side unless the line says otherwise.
"""

CRAFTED_CONNECTIONS = """\
## Connections crafted

Connections that break one rule each, as no kernel lets a program do; a few keep a rule that is seldom put to the test.
"""

Capture = recorded.Recorded | crafted.Crafted

SECTIONS: list[tuple[str, Sequence[Capture]]] = [
    (RECORDED, recorded.CAPTURES),
    (CRAFTED, crafted.CAPTURES),
    (CONNECTIONS, connections.CAPTURES),
    (CRAFTED_CONNECTIONS, crafted_connections.CAPTURES),
]


def write(capture: Capture) -> None:
    """Make one capture and write its file."""
    path = FOLDER / f"{capture.name}.pcapng"
    packets = capture()
    path.parent.mkdir(parents=True, exist_ok=True)
    with create_capture(path) as file:
        file.write(section_header(((OPT_COMMENT, capture.summary.encode()),)))
        for packet in packets:
            file.write(packet)
    print(f"{path.relative_to(ROOT)}: {len(packets)} packets, {path.stat().st_size} octets")


def table(captures: Sequence[Capture]) -> str:
    """The list of some captures, in Markdown."""
    rows = "".join(f"| `{each.name}.pcapng` | {each.summary} |\n" for each in captures)
    return f"\n| file | shows |\n|---|---|\n{rows}"


def readme() -> str:
    """The page about all of them."""
    return "\n".join([INTRODUCTION, *(f"{words}{table(captures)}" for words, captures in SECTIONS)])


def main(names: list[str]) -> int:
    """Make the captures called `names`, or all; 0 when done, else 1 and a line that says why not."""
    captures = {each.name: each for _, section in SECTIONS for each in section}
    for name in names:
        if name not in captures:
            print(f"make_pcaps: no capture is called {name}; there are {', '.join(captures)}", file=sys.stderr)
            return 1
    chosen = [captures[name] for name in names] or list(captures.values())
    if os.geteuid() and any(isinstance(capture, recorded.Recorded) for capture in chosen):
        print("make_pcaps: network namespaces need root: run it with sudo", file=sys.stderr)
        return 1
    for capture in chosen:
        write(capture)
    (FOLDER / "README.md").write_text(readme())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
