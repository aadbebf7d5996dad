"""Make the captures in pcaps/ and the README beside them.

    make_pcaps.py            all of them
    make_pcaps.py NAME...    only these

Run it as root, with the interpreter that ./scripts/test set up: `sudo .venv/bin/python scripts/make_pcaps.py`. What is
recorded comes from network namespaces that the script makes (captures/hosts.py); nothing passes on the machine's own
interfaces. The crafted captures come out the same each time; the recorded ones differ in times, and in the numbers
that a kernel draws.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from captures import crafted, recorded

from rawcap.files import create_capture, section_header

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "pcaps"
OPT_COMMENT = 1  # pcapng

INTRODUCTION = """\
# The project's own captures

Made by `scripts/make_pcaps.py`, which also writes this page. Addresses are those set aside for documentation.
Try one:

    ./scripts/rawcap read pcaps/tcp_handshake.pcapng
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

Capture = recorded.Recorded | crafted.Crafted


def write(capture: Capture) -> None:
    """Make one capture and write its file."""
    path = FOLDER / f"{capture.name}.pcapng"
    packets = capture()
    with create_capture(path) as file:
        file.write(section_header(((OPT_COMMENT, capture.summary.encode()),)))
        for packet in packets:
            file.write(packet)
    print(f"{path.relative_to(ROOT)}: {len(packets)} packets, {path.stat().st_size} octets")


def table(captures: list[recorded.Recorded] | list[crafted.Crafted]) -> str:
    """The list of some captures, in Markdown."""
    rows = "".join(f"| `{each.name}.pcapng` | {each.summary} |\n" for each in captures)
    return f"\n| file | shows |\n|---|---|\n{rows}"


def readme() -> str:
    """The page about all of them."""
    return f"{INTRODUCTION}\n{RECORDED}{table(recorded.CAPTURES)}\n{CRAFTED}{table(crafted.CAPTURES)}"


def main(names: list[str]) -> int:
    """Make the captures called `names`, or all; 0 when done, else 1 and a line that says why not."""
    captures: dict[str, Capture] = {each.name: each for each in (*recorded.CAPTURES, *crafted.CAPTURES)}
    for name in names:
        if name not in captures:
            print(f"make_pcaps: no capture is called {name}; there are {', '.join(captures)}", file=sys.stderr)
            return 1
    chosen = [captures[name] for name in names] or list(captures.values())
    if os.geteuid() and any(isinstance(capture, recorded.Recorded) for capture in chosen):
        print("make_pcaps: network namespaces need root: run it with sudo", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for capture in chosen:
        write(capture)
    (FOLDER / "README.md").write_text(readme())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
