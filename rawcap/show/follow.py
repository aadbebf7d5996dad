"""What the two sides of a conversation said, as text, as octets in hexadecimal, or as it is.

As text each line begins with who said it, so that no line of a stream looks like one of rawcap's own:

    tcp 0: client 192.0.2.1:49152, server 192.0.2.2:7

    > hello
    < hello
    [1460 octets of the server missing]

In hexadecimal each side has its own offsets, and the server stands further in, as Wireshark shows it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Protocol

from dissectors.printable import printable
from rawcap.show.colours import BAD, DIM, Paint

CLIENT_COLOUR = "31"
SERVER_COLOUR = "34"

_COLUMNS = 16
_INDENT = "    "
_CHARACTERS = "".join(chr(each) if 0x20 <= each < 0x7F else "." for each in range(256))


class Follower(Protocol):
    """Shows a conversation as it goes on."""

    def open(self, title: str) -> None:
        """Begin, with a line that names both sides."""

    def octets(self, from_client: bool, start: int, octets: bytes) -> None:
        """One side says this; `start` is the place in what it says."""

    def gap(self, from_client: bool, start: int, length: int) -> None:
        """One side said something that the capture lacks."""

    def remark(self, text: str) -> None:
        """Something that is to be known at the end."""

    def close(self) -> None:
        """The conversation is over."""


def side(from_client: bool) -> str:
    """What a side is called."""
    return "client" if from_client else "server"


def missing(from_client: bool, length: int) -> str:
    """The words for a gap."""
    return f"{length} {'octet' if length == 1 else 'octets'} of the {side(from_client)} missing"


class AsText:
    """Text: each line of it behind "> " where the client says it, behind "< " where the server does.

    Text is UTF-8; octets that are none, and characters that would move a terminal, are escapes: `\\xff`, `\\x1b`. Tabs
    pass, and carriage returns that end a line are left out. With `messages` what comes at once is a message, and ends
    its line.
    """

    def __init__(self, write: Callable[[str], object], paint: Paint, *, messages: bool = False) -> None:
        self._write = write
        self._paint = paint
        self._messages = messages
        self._speaker: bool | None = None
        self._in_line = False
        self._decoders = {True: _decoder(), False: _decoder()}
        self._returns = {True: False, False: False}  # a carriage return waits for what is behind it

    def open(self, title: str) -> None:
        """Begin, with a line that names both sides."""
        self._write(self._paint(printable(title), DIM) + "\n\n")

    def octets(self, from_client: bool, start: int, octets: bytes) -> None:
        """Show what one side says."""
        self._say(from_client, self._decoders[from_client].decode(octets))
        if self._messages:
            self.close()

    def gap(self, from_client: bool, start: int, length: int) -> None:
        """Show that something is missing, in a line of its own."""
        self._finish(from_client)
        self._remark(missing(from_client, length))

    def remark(self, text: str) -> None:
        """Show a line of rawcap's own."""
        self.close()
        self._remark(text)

    def close(self) -> None:
        """Show what waited for more, and end the line."""
        for from_client in (True, False):
            self._finish(from_client)
        self._end_line()

    def _remark(self, text: str) -> None:
        self._end_line()
        self._write(self._paint(f"[{text}]", BAD) + "\n")

    def _finish(self, from_client: bool) -> None:
        """Show what of a side waits for what will not come."""
        self._say(from_client, self._decoders[from_client].decode(b"", True))
        if self._returns[from_client]:
            self._returns[from_client] = False
            self._show(from_client, "\\r")

    def _say(self, from_client: bool, text: str) -> None:
        if not text:
            return
        if self._returns[from_client]:
            text = "\r" + text
        self._returns[from_client] = text.endswith("\r")
        lines = text.removesuffix("\r").split("\n")
        for line in lines[:-1]:
            self._show(from_client, _safe(line.removesuffix("\r")))
            self._end_line()
        if lines[-1]:
            self._show(from_client, _safe(lines[-1]))

    def _show(self, from_client: bool, text: str) -> None:
        """Write text on the line of a side, on a new one where there is none."""
        if self._speaker is not from_client:
            self._end_line()
            self._speaker = from_client
        colour = CLIENT_COLOUR if from_client else SERVER_COLOUR
        if not self._in_line:
            text = ("> " if from_client else "< ") + text
            self._in_line = True
        self._write(self._paint(text, colour))

    def _end_line(self) -> None:
        if self._in_line:
            self._write("\n")
            self._in_line = False


class AsHex:
    """Offset, octets and characters; the offsets are those of each side, and a segment begins a new line."""

    def __init__(self, write: Callable[[str], object], paint: Paint) -> None:
        self._write = write
        self._paint = paint

    def open(self, title: str) -> None:
        """Begin, with a line that names both sides."""
        self._write(self._paint(printable(title), DIM) + "\n\n")

    def octets(self, from_client: bool, start: int, octets: bytes) -> None:
        """Show what one side says."""
        indent, colour = ("", CLIENT_COLOUR) if from_client else (_INDENT, SERVER_COLOUR)
        for at in range(0, len(octets), _COLUMNS):
            row = octets[at : at + _COLUMNS]
            numbers = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
            text = row.decode("latin-1").translate(_CHARACTERS)
            self._write(indent + self._paint(f"{start + at:08X}  {numbers:<48}  {text}", colour) + "\n")

    def gap(self, from_client: bool, start: int, length: int) -> None:
        """Show that something is missing."""
        indent = "" if from_client else _INDENT
        self._write(f"{indent}{start:08X}  {self._paint(f'[{missing(from_client, length)}]', BAD)}\n")

    def remark(self, text: str) -> None:
        """Show a line of rawcap's own."""
        self._write(self._paint(f"[{text}]", BAD) + "\n")

    def close(self) -> None:
        """Nothing waits."""


class AsItIs:
    """The octets and nothing else: what else is to be known goes to `tell`, gaps added up at the end."""

    def __init__(self, write: Callable[[bytes], object], tell: Callable[[str], object]) -> None:
        self._write = write
        self._tell = tell
        self._missing = {True: 0, False: 0}

    def open(self, title: str) -> None:
        """Nothing is written that nobody said."""

    def octets(self, from_client: bool, start: int, octets: bytes) -> None:
        """Write what one side says."""
        self._write(octets)

    def gap(self, from_client: bool, start: int, length: int) -> None:
        """Add up what is missing."""
        self._missing[from_client] += length

    def remark(self, text: str) -> None:
        """Tell something beside the octets."""
        self._tell(text)

    def close(self) -> None:
        """Tell what is missing."""
        for from_client, length in self._missing.items():
            if length:
                self._tell(missing(from_client, length))


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("backslashreplace")


def _safe(line: str) -> str:
    """A line, or part of one, safe to print; tabs pass."""
    return line if line.isprintable() else "\t".join(map(printable, line.split("\t")))
